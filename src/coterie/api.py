"""The public names: ``segment`` for one call, ``Project`` and ``Run`` for what lasts."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from coterie.config import Settings, load_settings, make_settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.catalogue import CLV, Catalogue, Feature
from coterie.features.level1 import Rules
from coterie.features.measures import StateSpec
from coterie.features.windows import to_date
from coterie.pipeline.explained import Run
from coterie.pipeline.flows import flows_between_days, flows_between_runs
from coterie.pipeline.naming import publish_run, rename_segment
from coterie.pipeline.plan import Tell
from coterie.pipeline.run import run as run_pipeline
from coterie.pipeline.score import assign as assign_file
from coterie.profiling.comparison import Comparison, compare
from coterie.profiling.migration import Flows
from coterie.segmentation.algorithms import described
from coterie.segmentation.estimator import Segmenter
from coterie.segmentation.released import published
from coterie.sources.base import Source
from coterie.sources.frames import write_frame
from coterie.sources.read import read
from coterie.store.home import Home
from coterie.store.results import find_run, published_run
from coterie.validation.infer import propose
from coterie.validation.proposal import Proposal

__all__ = ["Project", "Run", "Segmenter", "segment"]


class Project:
    r"""A folder with a ``coterie.toml``; its runs lie in ``.coterie``.

    Parameters
    ----------
    folder : path
        The project folder.
    settings : Settings, optional
        Instead of those in ``coterie.toml``.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = [f"{number},{number % 7},{number % 3}" for number in range(60)]
    ...     _ = Path(folder, "cards.csv").write_text("\n".join(["id,spend,visits", *rows]))
    ...     _ = Path(folder, "coterie.toml").write_text(
    ...         '[sources.customers]\nfile = "cards.csv"\nkey = "id"\n[segmentation]\nk = 2'
    ...     )
    ...     run = Project(folder).run()
    ...     sum(group["n"] for group in run.segments), Project(folder).run().id == run.id
    (60, True)
    """

    def __init__(self, folder: str | Path = ".", settings: Settings | None = None) -> None:
        self.folder = Path(folder)
        self.settings = settings or load_settings(self.folder)

    def run(
        self,
        *,
        as_of: date | None = None,
        refit: bool = False,
        tell: Tell | None = None,
    ) -> Run:
        """Read, score with the published model (or fit the first), report and publish.

        Parameters
        ----------
        as_of : date, optional
            Rows on or after this day are not read. Default: the day after the last one.
        refit : bool, default False
            Fit again even if the published model fits the settings.
        tell : callable, optional
            Told the stage, the share of it that is done, and what is being done.

        Returns
        -------
        Run
            The new run, or the one that is there already for the same input and model.
        """
        day = _day(as_of)
        done = run_pipeline(self.settings, self.folder, as_of=day, refit=refit, tell=tell)
        return Run(done.folder)

    def train(self, *, as_of: date | None = None, tell: Tell | None = None) -> Run:
        """Refit: with the same settings from the published model on, else all is chosen anew.

        Parameters
        ----------
        as_of : date, optional
            As for ``run``.
        tell : callable, optional
            As for ``run``.

        Returns
        -------
        Run
            The new run; its model is published.
        """
        return self.run(as_of=as_of, refit=True, tell=tell)

    @property
    def latest(self) -> Run:
        """The published run.

        Raises
        ------
        NotReadyError
            If there is none.
        """
        return Run.of(published_run(self.folder))

    def runs(self) -> list[dict[str, Any]]:
        """Return id, date, model and parent of every run, newest first."""
        home = Home(self.folder)
        if not home.path.is_dir():
            return []
        with home.registry() as registry:
            rows = registry.runs()
        for row in rows:
            row["as_of"] = to_date(row["as_of"]).isoformat() if row["as_of"] is not None else None
        return rows

    def find_run(self, name: str) -> Run:
        """Return a run.

        Parameters
        ----------
        name : str
            Its id, the beginning of it, ``latest`` or ``previous``.

        Returns
        -------
        Run
            Its tables and segments.
        """
        return Run.of(find_run(self.folder, name))

    def flows(self, start: str | date, end: str | date) -> Flows:
        """Return who moved between two dates or two runs, and why.

        Parameters
        ----------
        start, end : date, or str
            Two dates, as of which the published model places everybody; or two runs, as for
            ``find_run``.

        Returns
        -------
        Flows
            ``moves`` holds every customer with her cause; ``entered`` and ``left`` list them.
        """
        if isinstance(start, date) and isinstance(end, date):
            days = _day(start), _day(end)
            return flows_between_days(self.settings, self.folder, *(d for d in days if d))
        if isinstance(start, str) and isinstance(end, str):
            runs = self.find_run(start), self.find_run(end)
            return flows_between_runs(self.settings, self.folder, *runs)
        raise ParameterError(f"start={start!r}, end={end!r}.", allowed="Two dates, or two runs.")

    def compare(self, one: str, other: str) -> Comparison:
        """Return how far two runs agree, and what each tells.

        Parameters
        ----------
        one, other : str
            As for ``find_run``.

        Returns
        -------
        Comparison
            Of the customers that both place in a segment.
        """
        return compare(self.find_run(one), self.find_run(other))

    def rename(self, segment_id: str, name: str) -> None:
        """Give a segment a name that stays with its id, also through refits.

        Parameters
        ----------
        segment_id : str
            Of a segment of the published run.
        name : str
            One to four words that no other segment has. Empty gives the naming back.
        """
        rename_segment(self.folder, segment_id, name)

    def publish(self, name: str) -> Run:
        """Let the model of an earlier run score again.

        Parameters
        ----------
        name : str
            A run, as for ``find_run``.

        Returns
        -------
        Run
            The published run.
        """
        return Run(publish_run(self.folder, name).folder)

    def assign(self, file: str | Path, *, as_of: date | None = None) -> pa.Table:
        """Place the customers of a file by the published model, and store nothing.

        Parameters
        ----------
        file : path
            Rows like those of the project.
        as_of : date, optional
            Rows on or after this day are not read. Default: the day after the last one.

        Returns
        -------
        pyarrow.Table
            customer_id, segment_id, second_id, margin, status and the reasons in words, ordered
            by customer_id.
        """
        return assign_file(self.settings, self.folder, Path(file), as_of=_day(as_of))


def _day(as_of: date | None) -> date | None:
    """Return a day as given, or that of a datetime (a pandas Timestamp is one)."""
    if not isinstance(as_of, date | None):
        allowed = "Give a datetime.date."
        raise ParameterError(f"as_of={as_of!r}.", allowed=allowed, where="as_of")
    return as_of.date() if isinstance(as_of, datetime) else as_of


def list_features(folder: str | Path = ".") -> list[dict[str, str]]:
    """Return name, label, unit and definition of every feature of a project's published run.

    Without a run, the catalogue that every project with orders has.
    """
    try:
        released = published(Path(folder))
    except NotReadyError:
        plain = Catalogue.build(StateSpec(Rules())).features
        return [_feature_row(feature) for feature in (*plain, CLV)]
    if released.features is not None:
        return [_feature_row(feature) for feature in released.features.features]
    return [
        {"name": a.name, "label": a.label or a.name, "unit": a.unit, "expr": f"column ({a.kind})"}
        for a in released.attributes
    ]


def _feature_row(feature: Feature) -> dict[str, str]:
    expr = feature.expr or "BG/NBD x Gamma-Gamma, fitted"
    return {"name": feature.name, "label": feature.label, "unit": feature.unit, "expr": expr}


def list_algorithms() -> list[dict[str, Any]]:
    """Return what to know of every way to find segments, a row each."""
    return described()


def inspect(files: Sequence[Path], folder: Path) -> list[tuple[Source, Proposal]]:
    """Read files of unknown content and propose what they are.

    Parameters
    ----------
    files : sequence of Path
        What to look at.
    folder : Path
        The project folder; files inside it are named relative to it.

    Returns
    -------
    list of (Source, Proposal)
        In the order of ``files``: how to read each, and what its columns seem to mean.

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    found = []
    for file in files:
        if "\0" in str(file):
            raise DataError(f"There is no file {str(file)!r}.")
        full = file.resolve()
        inside = full.is_relative_to(folder.resolve())
        name = full.relative_to(folder.resolve()).as_posix() if inside else full.as_posix()
        source = Source(file=name, table="customers")
        with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as db:
            raw = read(db, "look", source, folder)
            found.append((source.model_copy(update={"table": None}), propose(db, raw.relation)))
    return found


def segment(
    data: Any,
    *,
    columns: Mapping[str, str] | None = None,
    k: Literal["auto"] | int | tuple[int, int] = "auto",
    lens: str = "auto",
    as_of: date | None = None,
    folder: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Run:
    """Segment the customers of a file or a data frame in one call.

    Parameters
    ----------
    data : path, or pandas, polars or Arrow table
        Order lines, or one row a customer. What each column means is worked out
        from names and values.
    columns : mapping of str to str, optional
        Our name for a column -> yours, where the proposal would be wrong.
    k : "auto", int or (int, int), default "auto"
        Number of segments, or the range to choose from.
    lens : str, default "auto"
        value, behaviour, demographic, geographic or custom.
    as_of : date, optional
        Rows on or after this day are not read. Default: the day after the last one.
    folder : path, optional
        Project folder to write to. Default: a temporary one that goes with the result.
    settings : mapping, optional
        Further settings, nested like ``coterie.toml``; they win.

    Returns
    -------
    Run
        With ``segments``, ``table("assignments")``, ``report``.

    Raises
    ------
    DataError
        If the data cannot be read, or lacks a column that is needed.
    ParameterError
        If a setting is not accepted.

    Examples
    --------
    >>> import pandas as pd
    >>> ages = pd.DataFrame({"customer_id": range(60), "income": range(60), "visits": [1, 9] * 30})
    >>> run = segment(ages, k=2)
    >>> sum(group["n"] for group in run.segments)
    60
    """
    for name, given in (("columns", columns), ("settings", settings)):
        if not isinstance(given, Mapping | None):
            allowed = "Give a mapping, such as a dict."
            raise ParameterError(f"{name}={given!r}.", allowed=allowed, where=name)
    with ExitStack() as undo:
        if folder is None:
            folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="coterie-"))
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        file = Path(data) if isinstance(data, str | Path) else write_frame(data, place)
        ((source, proposal),) = inspect([file], place)
        table, mapping = _mapping(proposal, columns or {}, file.name)
        found = {
            "project": {"name": file.stem.split(".")[0], "currency": proposal.currency},
            "sources": {
                table: {
                    **source.model_dump(exclude={"table"}, exclude_defaults=True),
                    "columns": mapping,
                    "service_codes": proposal.service_codes,
                }
            },
            "columns": {a.user_column: a.settings for a in proposal.attributes if a.settings},
            "segmentation": {"k": k, "lens": lens},
        }
        run = Project(place, make_settings(found, settings)).run(as_of=as_of)
        # From here on the temporary folder lives as long as the run that reads from it.
        weakref.finalize(run, undo.pop_all().close)
    return run


def _mapping(
    proposal: Proposal, columns: Mapping[str, str], name: str
) -> tuple[str, dict[str, str]]:
    """Return the input table and the mapping, after what the user said of the columns."""
    mapping = {**proposal.mapping(), **columns}
    missing = [gap for gap in proposal.missing if gap.column not in columns]
    if proposal.table is None or missing:
        gaps = "; ".join(f"{gap.column}: {gap.why}" for gap in missing) or proposal.why
        raise DataError(
            f"{name} does not look like orders or customers ({gaps}).",
            hint='Say which column is which: columns={"customer_id": "…"}.',
            where=name,
        )
    return proposal.table, mapping
