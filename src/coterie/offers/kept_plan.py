"""A finished plan of offers, or a report on what they brought, as people and programs read it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.errors import NotReadyError
from coterie.store.predictions import Kept

SUITS = "suits.parquet"
"""Whom each offer suits: a row for each customer, a bit for each offer of the catalogue."""


class Planned(Kept):
    """A finished plan, or a finished report on what offers brought.

    ``summary`` tells who gets what and why, how much room is used, and what is known of each
    offer; ``report`` is the page for people.
    """

    @property
    def table(self) -> pa.Table:
        """A row for each planned customer: offer, channel, arm, chances, expectation, reason.

        Raises
        ------
        NotReadyError
            If this is a report, which plans nothing.
        """
        path = self.folder / "plan.parquet"
        if not path.is_file():
            raise NotReadyError("A report plans nothing.", hint="Plan: coterie offers plan")
        return pq.read_table(path)

    @property
    def touches(self) -> pa.Table:
        """The table with ``treated`` beside ``arm``: with times and answers it is feedback."""
        table = self.table
        return table.add_column(5, "treated", pc.equal(table["arm"], "treated"))

    def offered(self, customer_id: str) -> list[dict[str, Any]] | None:
        """Return which offers suit a customer, in the order of the catalogue.

        Parameters
        ----------
        customer_id : str
            As in the data.

        Returns
        -------
        list of dict or None
            offer_id, name, and ``now``: "may" (she may be contacted), "waits" (she was contacted
            lately) or "guarded" (kept from more debt). None of a plan that does not say so.
        """
        path = self.folder / SUITS
        if not path.is_file():
            return None
        rows = pq.read_table(path, filters=[("customer_id", "=", customer_id)]).to_pylist()
        return [
            {"offer_id": offer["id"], "name": offer["name"], "now": now}
            for number, offer in enumerate(self.summary["offers"])
            for now in ("may", "waits", "guarded")
            if rows and rows[0][now] >> number & 1
        ]
