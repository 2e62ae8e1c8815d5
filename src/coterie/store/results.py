"""A finished run as people and programs read it, without loading what made it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.errors import NotReadyError
from coterie.store.home import Home
from coterie.store.runs import check_run, read_json


class Run:
    """A finished run: what is known of every customer, and the segments.

    Parameters
    ----------
    folder : Path
        A run folder; its files are checked against their hashes.

    Raises
    ------
    NotReadyError
        If there is no run.
    DataError
        If a file is missing or was changed.

    Examples
    --------
    >>> import coterie
    >>> number = list(range(60))
    >>> cards = {"customer_id": number, "spend": [n % 7 for n in number], "visits": [1, 9] * 30}
    >>> run = coterie.segment(pa.table(cards), k=2)
    >>> run.as_of is None, run.table("assignments").num_rows, run.customer("7")["status"]
    (True, 60, 'ok')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.manifest = check_run(self.folder)

    def __repr__(self) -> str:
        return f"<Run {self.id} as of {self.as_of}, {len(self.segments)} segments>"

    @property
    def id(self) -> str:
        """Hash of all that determined the result."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> str | None:
        """The day before which all rows lie, as YYYY-MM-DD; None without dates."""
        found: str | None = self.manifest["as_of"]
        return found

    @cached_property
    def segments(self) -> list[dict[str, Any]]:
        """The segments, by value falling: the objects of ``segments.json``."""
        found: list[dict[str, Any]] = read_json(self.folder / "segments.json")
        return found

    @cached_property
    def quality(self) -> dict[str, Any]:
        """The account of every row that came in."""
        found: dict[str, Any] = read_json(self.folder / "quality.json")
        return found

    @property
    def choice(self) -> dict[str, Any]:
        """How the segmentation was chosen: method, verdict, note, ceiling."""
        found: dict[str, Any] = read_json(self.folder / "model.json")["choice"]
        return found

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    def table(
        self,
        name: Literal["assignments", "candidates", "features", "migration", "quarantine", "state"],
    ) -> pa.Table:
        """Return one of the run's tables; its columns are those of the contract.

        Parameters
        ----------
        name : str
            One of those listed.

        Returns
        -------
        pyarrow.Table
            In the order in which it was written: by customer id, where it has one.
        """
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            raise NotReadyError(f"This run has no table {name}; it needs orders.")
        return pq.read_table(path)

    def customer(self, customer_id: str) -> dict[str, Any]:
        """Return what is known of one customer.

        Parameters
        ----------
        customer_id : str
            As in the data.

        Returns
        -------
        dict
            Ids and names of the segment and of the next nearest, margin, status, value, features;
            unknown is None.

        Raises
        ------
        NotReadyError
            If no such customer is in the run.
        """
        place = self._row("assignments", customer_id)
        if place is None:
            example = self.table("assignments").column("customer_id")[:1].to_pylist()
            raise NotReadyError(
                f"No customer has the id {customer_id!r}.",
                hint=f"Ids here look like {example[0]!r}." if example else "",
                where="customer_id",
            )
        features = self._row("features", customer_id) or {}
        for name in ("customer_id", "status"):
            features.pop(name, None)
        names = {segment["id"]: segment["name"] for segment in self.segments}
        found = {
            "customer_id": customer_id,
            "segment_id": place["segment_id"],
            "segment_name": names.get(place["segment_id"]),
            "second_id": place["second_id"],
            "second_name": names.get(place["second_id"]),
            "margin": place["margin"],
            "status": place["status"],
            "value": features.get("clv"),
            "features": features,
        }
        if found["value"] is None:
            found["value_reason"] = "No value model, or no orders."
        return found

    def _row(self, name: str, customer_id: str) -> dict[str, Any] | None:
        path = self.folder / f"{name}.parquet"
        rows = pq.read_table(path, filters=[("customer_id", "=", customer_id)]).to_pylist()
        return rows[0] if rows else None


def published_run(folder: Path) -> Run:
    """Return the published run of a project.

    Raises
    ------
    NotReadyError
        If nothing was published yet.
    """
    home = Home(folder)
    row = None
    if (home.path / "coterie.db").is_file():
        with home.registry() as registry:
            row = registry.published()
    if row is None:
        raise NotReadyError(
            f"There is no run in {folder.resolve()} yet.", hint="Make one: coterie run"
        )
    return Run(home.runs / str(row["run_id"]))
