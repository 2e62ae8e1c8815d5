"""What to show whom, what sells together, and how much of it: made from the published run.

Segments are those of today, also for what their customers bought long ago.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import NotReadyError
from coterie.features.windows import to_date, to_day
from coterie.offers.demand import WORDS, month_starts
from coterie.offers.history import best, segment_popularity
from coterie.offers.kept_products import Products
from coterie.offers.products import EASE_PRODUCTS, Recommender, learner
from coterie.offers.products_page import Facts, products_page
from coterie.offers.proof import prove
from coterie.offers.purchases import PRODUCTS, Purchases, count_products, read_purchases
from coterie.offers.sales import read_baskets, read_sales
from coterie.offers.tables import (
    ALL,
    POPULAR,
    RECOMMENDED,
    demand_rows,
    forecast_rows,
    list_rows,
    pair_rows,
)
from coterie.pipeline.plan import Tell
from coterie.profiling.counted import count_lines, number_customers
from coterie.profiling.products import lifts
from coterie.segmentation.parallel import at_most
from coterie.store.home import Home
from coterie.store.predictions import PAGE, SUMMARY, kept, kept_in
from coterie.store.results import Run, published_run
from coterie.store.runs import FolderWriter
from coterie.validation.moment import has_rows

LISTED = 10
"""Products of each track that are kept for a customer."""
_KIND = "products"
_PLACED, _CUSTOMERS, _COUNTED = "placed", "placed_codes", "counted_lines"
_AT_ONCE = 50_000
"""Customers whose lists are in memory at a time."""


def find_products(settings: Settings, folder: Path, *, tell: Tell | None = None) -> Products:
    """Return the product lists of the published run; make them if they are not there.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Products
        As kept in ``.coterie/predictions``.

    Raises
    ------
    NotReadyError
        If nothing is published, there are no orders, or their lines name no product.
    """
    run, home = published_run(folder), Home(folder)
    lines = home.data / str(run.manifest.get("data", "")) / "lines"
    if run.as_of is None:
        raise NotReadyError(
            "Products need orders, and this project has none.", hint="Add [sources.orders]."
        )
    names = {segment["id"]: segment["name"] for segment in run.segments}
    key = {"run": run.id, "names": names, "listed": LISTED, "ease_products": EASE_PRODUCTS}
    make = partial(_make, settings, run, home, lines, tell or (lambda *_: None))
    made = kept_in(home, _KIND, key).is_dir()  # then only they are read
    if not made and not lines.is_dir():
        raise NotReadyError("The lines of this run are gone.", hint="Read them: coterie run")
    with nullcontext() if made else home.alone(), at_most(settings.threads):
        return Products(kept(home, _KIND, key, make))


def _make(
    settings: Settings, run: Run, home: Home, lines: Path, tell: Tell, writer: FolderWriter
) -> None:
    as_of = to_day(date.fromisoformat(str(run.as_of)))
    limit = settings.memory_limit or None
    with (
        tempfile.TemporaryDirectory() as work,
        DuckDB(Path(work), threads=settings.threads, memory_limit=limit) as db,
    ):
        db.view("lines", f"SELECT * FROM read_parquet({literal(str(lines / '*.parquet'))})")
        ids = _place(db, run)
        db.lock([home.path])
        if not has_rows(db, "lines"):
            raise NotReadyError("Products need orders, and this project has none.")
        ((first,),) = db.rows(f"SELECT MIN(day) FROM lines WHERE day < {as_of}")
        tell("measure", 0.0, "how good lists of products would have been")
        model, seed = learner(count_products(db, as_of)), int(run.manifest["seed"])
        proof = prove(db, int(first), as_of, model=model, seed=seed)
        known = read_purchases(db, as_of)
        tell("measure", 0.3, "what is bought together, and how much of it")
        starts = month_starts(int(first), as_of)
        sales = read_sales(db, _PLACED, starts)
        pairs = pair_rows(read_baskets(db, _PLACED, as_of, known.history.n_products), ids, known)
        forecasts, method, right = forecast_rows(sales, ids, known, len(starts) - 1)
        demand = demand_rows(sales, ids, known, starts)
        sellers = _sellers(db, as_of, ids)
        tell("profile", 0.0, "listing products for every customer")
        segment = _segment_of(db, known)
        popular = _popular(known, segment, ids)
        rest = _without_history(db, popular)
        batches = _lists(Recommender(known.history, model, n=LISTED), known, rest, tell)
        writer.table(
            "recommendations.parquet", pa.RecordBatchReader.from_batches(RECOMMENDED, batches)
        )
    for name, table in (
        ("popular", popular),
        ("pairs", pairs),
        ("demand", demand),
        ("forecasts", forecasts),
        ("sellers", sellers),
    ):
        writer.table(f"{name}.parquet", table)
    summary = {
        "as_of": run.as_of,
        "segments": [{"id": s["id"], "name": s["name"]} for s in run.segments],
        "customers": known.history.n_customers,
        "products": known.history.n_products,
        "learner": model.name,
        "learner_words": model.words,
        "months": [to_date(day).isoformat() for day in starts],
        "method": method,
        "method_words": WORDS[method],
        "range_held": None if right is None else round(right, 6),
        "proof": proof.to_dict(),
    }
    writer.json(SUMMARY, summary)
    facts = Facts(
        run.manifest["settings"]["project"]["name"], summary, sellers, pairs, demand, forecasts
    )
    writer.text(PAGE, products_page(facts))


def _place(db: DuckDB, run: Run) -> list[str]:
    """Make the table of customers and the numbers of their segments; return the segments' ids."""
    ids = [segment["id"] for segment in run.segments]
    file = literal(str(run.folder / "assignments.parquet"))
    listed = f"[{', '.join(literal(name) for name in ids)}]"
    db.create(
        _PLACED,
        f"SELECT customer_id, segment_id, list_position({listed}::VARCHAR[], segment_id) - 1 "
        f"AS segment FROM read_parquet({file}) WHERE segment >= 0",
    )
    return ids


def _sellers(db: DuckDB, as_of: int, ids: Sequence[str]) -> pa.Table:
    """Return what each segment buys more than all do, as the report of the run does."""
    number_customers(db, _PLACED, _CUSTOMERS)
    count_lines(db, _COUNTED, as_of, customers=_CUSTOMERS, products=PRODUCTS)
    found = lifts(db, _COUNTED, customers=_CUSTOMERS, products=PRODUCTS, top=LISTED)
    db.drop(_COUNTED)
    rows = [{**asdict(one), "segment_id": ids[one.segment]} for one in found]
    return pa.table(
        {
            name: pa.array([row[key] for row in rows], kind)
            for name, key, kind in (
                ("segment_id", "segment_id", pa.string()),
                ("product_id", "key", pa.string()),
                ("product_name", "name", pa.string()),
                ("customers", "n", pa.int64()),
                ("share", "share", pa.float64()),
                ("share_all", "share_all", pa.float64()),
                ("lift", "lift", pa.float64()),
            )
        }
    )


def _segment_of(db: DuckDB, known: Purchases) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the segment of every customer with purchases; −1 without."""
    db.load("known", pa.table({"customer_id": known.customers}))
    rows = db.query(
        f"""SELECT COALESCE(segment, -1)::INTEGER AS segment FROM known
        LEFT JOIN {_PLACED} USING (customer_id) ORDER BY customer_id"""
    )
    found: np.ndarray[Any, np.dtype[np.int32]] = rows.column(0).to_numpy()
    return found


def _popular(
    known: Purchases, segment: np.ndarray[Any, np.dtype[np.int32]], ids: Sequence[str]
) -> pa.Table:
    """List what sells best of late, in each segment and to all."""
    shares = segment_popularity(known.history, segment, len(ids))
    parts = []
    for name, row in zip([*ids, ALL], shares, strict=True):
        codes = best(row, LISTED)
        product = pa.array(codes)
        parts.append(
            pa.table(
                {
                    "segment_id": pa.array([name] * len(codes), pa.string()),
                    "rank": pa.array(np.arange(1, len(codes) + 1, dtype=np.int32)),
                    "product_id": known.products.take(product),
                    "product_name": known.names.take(product),
                    "score": pa.array(np.round(row[codes], 6)),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()


def _lists(
    maker: Recommender, known: Purchases, rest: pa.Table, tell: Tell
) -> Iterator[pa.RecordBatch]:
    """Make the lists of all customers, some at a time; last of those without any purchase."""
    n = known.history.n_customers
    for start in range(0, n, _AT_ONCE):
        tell("profile", start / n, "listing products for every customer")
        yield list_rows(maker.lists(start, start + _AT_ONCE), known)
    yield from rest.to_batches()


def _without_history(db: DuckDB, popular: pa.Table) -> pa.Table:
    """Give customers with a segment and no purchases of products what sells in the segment."""
    db.load("popular", popular)
    return db.query(
        f"""SELECT c.customer_id, p.rank, p.product_id, p.product_name,
            'popular' AS track, p.score, {literal(POPULAR)} AS reason
        FROM {_PLACED} c JOIN popular p USING (segment_id)
        WHERE c.customer_id NOT IN (SELECT customer_id FROM known)
        ORDER BY c.customer_id, p.rank"""
    ).cast(RECOMMENDED)
