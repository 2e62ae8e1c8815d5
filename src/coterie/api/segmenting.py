"""Segments in one call, of a file or a data frame whose columns are worked out."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, Literal

from coterie.api.project import Project
from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.pipeline.explained import Run
from coterie.sources.base import Source
from coterie.sources.frames import write_frame
from coterie.sources.read import read
from coterie.validation.infer import propose
from coterie.validation.proposal import Proposal


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
