"""Rows of a file placed by the published model, with nothing stored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.asof import Sources
from coterie.pipeline.people import not_known
from coterie.segmentation.placing import FRAME, place
from coterie.segmentation.reasons import reasons
from coterie.segmentation.released import (
    prepare,
    published,
)
from coterie.sources.read import read
from coterie.validation.build import build_tables
from coterie.validation.moment import find_as_of, has_rows, see_people


def assign(
    settings: Settings,
    folder: Path,
    file: Path,
    *,
    as_of: date | None = None,
    warn: Callable[[str], None] | None = None,
) -> pa.Table:
    """Place the customers of a file by the published model, and store nothing.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    file : Path
        Rows like those of the project: orders if it has orders, else customers.
    as_of : date, optional
        Default: the day after the last one in the file.
    warn : callable, optional
        Told of each column of a file of customers that nothing knows.

    Returns
    -------
    pa.Table
        customer_id, segment_id, second_id, margin, status, reasons, ordered by customer_id.

    Raises
    ------
    NotReadyError
        If nothing is published.
    DataError
        If the file cannot be read, or has lost a column that the model needs.
    """
    released = published(folder)
    table = "customers" if released.features is None else "orders"
    name = next((name for name in settings.sources if settings.table_of(name) == table), "")
    if not name:
        raise NotReadyError(f"The model needs {table}, and the project has no such source.")
    reading = {"file": str(file.resolve()), "database": "", "relation": "", "query": ""}
    source = settings.sources[name].model_copy(update=reading | {"format": ""})
    with tempfile.TemporaryDirectory() as work, DuckDB(Path(work)) as db:
        raw = read(db, name, source, folder)
        if warn and table == "customers":
            known = (*source.mapping().values(), *(one.name for one in released.attributes))
            for note in not_known(raw.columns, known):
                warn(note)
        raws, zone = {name: (raw, source)}, settings.project.timezone
        tables = build_tables(db, raws, released.params(raw.columns), timezone=zone)
        db.lock([])
        moment = find_as_of(db, as_of)
        see_people(db, moment)
        try:
            prepare(db, released, tables.attributes, as_of=moment, sources=Sources())
        except ParameterError as error:
            lacks = f"{file.name} lacks what the model needs: {error.message}"
            raise DataError(lacks, hint=error.hint) from error
        place(db, released.matrix, released.model, released.ids)
        if not has_rows(db, "assignments"):
            raise DataError(f"{file.name} holds no customer.", hint="Rows of guests have no id.")
        placed = db.query("SELECT * FROM assignments ORDER BY customer_id")
        frame = db.query(f"SELECT * FROM {FRAME} ORDER BY customer_id")
    said = reasons(frame, released.matrix, released.model, released.words)
    status = placed["status"].to_pylist()
    why = [phrases if ok == "ok" else [] for phrases, ok in zip(said, status, strict=True)]
    return placed.append_column("reasons", pa.array(why, pa.list_(pa.string())))
