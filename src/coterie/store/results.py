"""A finished run as people and programs read it, without loading what made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.errors import NotReadyError, ParameterError
from coterie.store.home import Home
from coterie.store.runs import check_run, read_json


class Run:
    """A finished run: what is known of every customer, and the segments.

    Parameters
    ----------
    folder : Path
        A run folder; its files are checked against their hashes.
    names : mapping of str to str, optional
        Segment id to the name that a user gave it, perhaps after the run.

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

    def __init__(self, folder: Path, names: Mapping[str, str] | None = None) -> None:
        self.folder = Path(folder)
        self.manifest = check_run(self.folder)
        self._names = dict(names or {})

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
        """The segments, by value falling: the objects of ``segments.json``.

        A segment that was renamed since has its new name; descriptions and the report get
        it with the next run.
        """
        found: list[dict[str, Any]] = read_json(self.folder / "segments.json")
        for segment in found:
            given = self._names.get(segment["id"])
            if given and given != segment["name"]:
                segment.update(name=given, name_source="user")
        return found

    @property
    def changes(self) -> dict[str, Any]:
        """What became of the segments of the model before: born, ended, splits, merges, churn.

        Empty for the first model of a project.
        """
        return dict(read_json(self.folder / "model.json").get("changes") or {})

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
    return find_run(folder, LATEST)


LATEST, PREVIOUS = "latest", "previous"


def find_run(folder: Path, name: str) -> Run:
    """Return a run of a project by its id, the beginning of it, or a word.

    Parameters
    ----------
    folder : Path
        The project folder.
    name : str
        ``latest``, the published run; ``previous``, the run before it; or an id.

    Raises
    ------
    NotReadyError
        If there is no such run.
    ParameterError
        If several ids begin so.
    """
    home = Home(folder)
    row, rows, names = None, [], {}
    if home.has_registry:
        with home.registry() as registry:
            row, rows, names = registry.published(), registry.runs(), registry.names()
    if row is None:
        raise NotReadyError(
            f"There is no run in {folder.resolve()} yet.", hint="Make one: coterie run"
        )
    run_id = _run_id(name, str(row["run_id"]), row["parent_run"], rows)
    home.has_run(run_id)
    return Run(home.runs / run_id, names)


def _run_id(name: str, latest: str, parent: str | None, rows: Sequence[Mapping[str, Any]]) -> str:
    if name == LATEST:
        return latest
    if name == PREVIOUS:
        if parent is None:
            raise NotReadyError(
                f"Run {latest} is the first of the project; there is none before it."
            )
        return parent
    known = [str(row["run_id"]) for row in rows]
    found = [run_id for run_id in known if name and run_id.startswith(name)]
    if len(found) > 1 and name not in found:
        raise ParameterError(f"{len(found)} runs begin with {name!r}.", hint="Give more of the id.")
    if not found:
        raise NotReadyError(
            f"There is no run {name!r}.",
            allowed=f"Known, newest first: {', '.join([LATEST, PREVIOUS, *known[:8]])}.",
            where="run",
        )
    return name if name in found else found[0]
