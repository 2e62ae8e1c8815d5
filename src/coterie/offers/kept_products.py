"""The product lists that were made from a run, as people and programs read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.errors import ParameterError
from coterie.offers.history import places
from coterie.offers.products import Track
from coterie.offers.tables import ALL, NONE, POPULAR
from coterie.store.predictions import Kept, rows_of

TRACKS = ("again", "new")


class Products(Kept):
    """What to show whom, what sells together, and how much of it.

    Parameters
    ----------
    folder : Path
        Where the files lie.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from coterie.api import Project
    >>> from coterie.config import make_settings
    >>> from coterie.sources.shop import SCHEMAS, write_shop
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     shop = write_shop(Path(folder), customers=300, days=200, tables=["orders"])
    ...     columns = {name: name for name in SCHEMAS["orders"].names}
    ...     orders = {"file": str(shop.paths["orders"]), "columns": columns}
    ...     project = Project(folder, make_settings(
    ...         {"sources": {"orders": orders}, "segmentation": {"k": 2}}))
    ...     run = project.run()
    ...     project.products().recommend("nobody", n=3)["known"]
    False
    """

    def table(
        self,
        name: Literal["recommendations", "popular", "pairs", "demand", "forecasts", "sellers"],
    ) -> pa.Table:
        """Return one of the tables.

        Parameters
        ----------
        name : str
            One of those listed.

        Returns
        -------
        pyarrow.Table
            As it was written.
        """
        return pq.read_table(self.folder / f"{name}.parquet")

    def lists(self, *, n: int = 10, track: Track | None = None) -> pa.Table:
        """Return the lists of all customers.

        Parameters
        ----------
        n : int, default 10
            Products a customer, 1 to 10.
        track : {"again", "new"}, optional
            Of this track alone; else of both in one order.

        Returns
        -------
        pyarrow.Table
            customer_id, rank, product_id, product_name, track, score, reason; by customer.
        """
        return _first(self.table("recommendations"), _checked(n), track)

    def recommend(
        self, customer_id: str, *, n: int = 10, track: Track | None = None
    ) -> dict[str, Any]:
        """Return products for a customer.

        Parameters
        ----------
        customer_id : str
            As in the data; of whom nothing is known, gets what sells best now.
        n : int, default 10
            How many, 1 to 10.
        track : {"again", "new"}, optional
            What she bought before, or what is new to her; else both in one order.

        Returns
        -------
        dict
            customer_id, known (whether she has bought any product), note (why not), and items
            of rank, product_id, product_name, track, score, reason.

        Raises
        ------
        ParameterError
            If ``n`` or ``track`` is not one of those.
        """
        rows = rows_of(self.folder / "recommendations.parquet", customer_id)
        known, note = True, ""
        if not rows.num_rows:
            known = False
            note = f"Nothing is known of {customer_id!r}; this is what sells best to all now."
            everybody = self.table("popular")
            everybody = everybody.filter(pc.equal(everybody["segment_id"], ALL))
            texts = {"track": "popular", "reason": POPULAR}
            for name, text in texts.items():
                column = pa.array([text] * everybody.num_rows, pa.string())
                everybody = everybody.append_column(name, column)
            rows = everybody.drop_columns(["segment_id"])
        elif rows["track"][0].as_py() == "popular":
            known = False
            note = "She has bought no product yet; this is what sells best in her segment now."
        if not known and track == "again":
            rows, note = (
                rows.slice(0, 0),
                "She has bought no product, so there is none to buy again.",
            )
        elif known:
            rows = _first(rows, _checked(n), track)
        rows = rows.slice(0, _checked(n))
        order = ("rank", "product_id", "product_name", "track", "score", "reason")
        items = [{name: row[name] for name in order} for row in rows.to_pylist()]
        return {"customer_id": customer_id, "known": known, "note": note, "items": items}

    def segment(self, segment: str = "", *, n: int = 10) -> dict[str, Any]:
        """Return what a segment buys, or all customers and guests: now and next month.

        Parameters
        ----------
        segment : str, optional
            Id or name; empty for all.
        n : int, default 10
            Products of each list.

        Returns
        -------
        dict
            segment (id and name), what new products are told by and the method of the
            forecast, both also in words, the next month, and lists of dicts:
            products (by forecast), rising, falling, sellers (by lift; none for all), pairs.

        Raises
        ------
        ParameterError
            If there is no such segment.
        """
        one = self._segment(segment)
        mine = {name: self._of(name, one["id"]) for name in ("forecasts", "sellers", "pairs")}
        moved = [row for row in mine["forecasts"] if row["trend"] in {"rising", "falling"}]
        moved.sort(key=lambda row: -row["expected"])
        return {
            "segment": one,
            "learner": self.summary["learner"],
            "learner_words": self.summary["learner_words"],
            "method": self.summary["method"],
            "method_words": self.summary["method_words"],
            "next_month": self.summary["months"][-1],
            "products": mine["forecasts"][:n],
            "rising": [row for row in moved if row["trend"] == "rising"][:n],
            "falling": [row for row in moved if row["trend"] == "falling"][:n],
            "sellers": mine["sellers"][:n],
            "pairs": mine["pairs"][:n],
        }

    def _segment(self, wanted: str) -> Mapping[str, str]:
        everybody = {"id": ALL, "name": "All customers and guests"}
        known: list[dict[str, str]] = [
            everybody,
            *self.summary["segments"],
            {"id": NONE, "name": "No segment"},
        ]
        for one in known:
            if wanted in one.values() or (not wanted and one is everybody):
                return one
        raise ParameterError.unknown("segment", wanted, [v for one in known for v in one.values()])

    def _of(self, table: str, segment: str) -> list[dict[str, Any]]:
        path = self.folder / f"{table}.parquet"
        rows = pq.read_table(path, filters=[("segment_id", "=", segment)]).drop_columns(
            ["segment_id"]
        )
        found: list[dict[str, Any]] = rows.to_pylist()
        return found


def _checked(n: int) -> int:
    if not 1 <= n <= 10:
        raise ParameterError(f"n={n}.", allowed="n is 1 to 10.", where="n")
    return n


def _first(rows: pa.Table, n: int, track: Track | None) -> pa.Table:
    """Return the first rows of each customer, of one track or of both; ranks count anew."""
    if track is not None and track not in TRACKS:
        raise ParameterError.unknown("track", track, TRACKS)
    if track is not None:
        cold = pc.and_(pc.equal(rows["track"], "popular"), track == "new")
        rows = rows.filter(pc.or_(pc.equal(rows["track"], track), cold))
    ids = rows["customer_id"].combine_chunks().dictionary_encode()
    place = places(ids.indices.to_numpy())
    rows = rows.set_column(1, "rank", pa.array((place + 1).astype("int32")))
    return rows.filter(pa.array(place < n))
