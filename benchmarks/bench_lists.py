"""How soon a page of a million customers is there, in any order, from any place."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.figures import Outcome, at_most, figure
from benchmarks.timing import wall_seconds
from coterie.store.database import Database
from coterie.store.listing import SORTS, Place, Wanted
from coterie.store.members import NOBODY, Members

CUSTOMERS = int(os.environ.get("COTERIE_BENCH_CUSTOMERS") or 1_000_000)
SHARES = {"seg-001": 0.3, "seg-002": 0.25, "seg-003": 0.2, "seg-004": 0.1, "seg-005": 0.08}
SHARES |= {"seg-006": 0.04, "seg-007": 0.02, NOBODY: 0.01}
RUN, LIMIT, TURNS, BAR = "r000000000001", 50, 12, 100


@figure("S14")
def lists() -> Outcome:
    """Time pages of the customers of a run that is loaded into SQLite."""
    with tempfile.TemporaryDirectory() as work:
        folder = write_run(Path(work) / "run")
        database = Database(Path(work) / "coterie.db")
        members = Members(database, "")
        began = time.process_time()
        wall = wall_seconds(lambda: members.load(RUN, folder))
        cpu = time.process_time() - began
        size = sum(file.stat().st_size for file in Path(work).glob("coterie.db*")) / 1e6
        took = {name: timed(ask) for name, ask in questions(members)}
        database.close()
    told = (
        f"{CUSTOMERS:,} customers in SQLite, pages of {LIMIT}, {TURNS} times each; "
        f"loaded in {wall:.0f} s, {cpu:.0f} CPU seconds, {size:.0f} MB"
    )
    return Outcome(
        told,
        tuple(
            at_most(f"{name}: p95", p95, BAR, unit="ms", interval=(low, p95))
            for name, (low, p95) in took.items()
        ),
    )


def write_run(folder: Path) -> Path:
    """Write what is loaded of a run: ids that all begin alike, segments cut by value."""
    random = np.random.default_rng(0)
    ids = np.sort(random.choice(900_000_000, CUSTOMERS, replace=False) + 100_000_000)
    names = pc.binary_join_element_wise("c", pa.array(ids).cast(pa.string()), "")
    value = random.lognormal(4.0, 1.3, CUSTOMERS)
    edges = np.quantile(value, np.cumsum(list(SHARES.values()))[:-1])
    segment = np.searchsorted(edges, value)
    placed = {
        "customer_id": names,
        "segment_id": pa.array(list(SHARES)).take(pa.array(segment)),
        "second_id": pa.array(list(SHARES)).take(pa.array((segment + 1) % len(SHARES))),
        "margin": random.random(CUSTOMERS),
        "status": pa.array(["ok"] * CUSTOMERS),
    }
    known = {
        "customer_id": placed["customer_id"],
        "recency": np.floor(random.exponential(90, CUSTOMERS)),
        "frequency": 1.0 + random.poisson(3.0, CUSTOMERS),
        "monetary": np.round(random.lognormal(5.0, 1.2, CUSTOMERS), 2),
        "clv": pa.array(value, mask=random.random(CUSTOMERS) < 0.03),
    }
    folder.mkdir()
    pq.write_table(pa.table(placed), folder / "assignments.parquet")
    pq.write_table(pa.table(known), folder / "features.parquet")
    return folder


def questions(members: Members) -> Iterator[tuple[str, list[Callable[[], object]]]]:
    """Yield what is asked, each in every order and both directions."""
    orders = list(product(SORTS, (False, True)))

    def every(
        segment: str = "", search: str = "", *, middle: bool = False
    ) -> list[Callable[[], object]]:
        asked: list[Callable[[], object]] = []
        for sort, falling in orders:
            wanted = Wanted(segment, search, sort, falling)
            place = middle_of(members, wanted) if middle else None
            asked.append(Ask(members, wanted, place))
        return asked

    yield "first page", every()
    yield "page in the middle", every(middle=True)
    for name in ("seg-001", "seg-007"):
        yield f"segment of {SHARES[name]:.0%}", every(name)
        yield f"segment of {SHARES[name]:.0%}, in the middle", every(name, middle=True)
    for search in ("c", "c5", "c567", "c56781"):
        yield f"search of {len(search)} characters", every(search=search)
    yield "search in a segment", every("seg-002", "c56")


class Ask:
    """A page that is asked for."""

    def __init__(self, members: Members, wanted: Wanted, place: Place | None) -> None:
        self.members, self.wanted, self.place = members, wanted, place

    def __call__(self) -> object:
        """Ask."""
        return self.members.page(RUN, self.wanted, after=self.place, limit=LIMIT)


def middle_of(members: Members, wanted: Wanted) -> Place:
    """Return a place about half through a list."""
    row = members.page(RUN, Wanted(search="c55", segment_id=wanted.segment_id), limit=1).rows[0]
    median = {"value": 54.6, "monetary": 148.4, "recency": 62.0, "margin": 0.5}
    return median.get(wanted.sort, row["customer_id"]), row["customer_id"]


def timed(asked: list[Callable[[], object]]) -> tuple[float, float]:
    """Return the least and the 95th percentile of the milliseconds."""
    took = [1000 * wall_seconds(ask) for _ in range(TURNS) for ask in asked]
    return min(took), statistics.quantiles(took, n=20)[-1]
