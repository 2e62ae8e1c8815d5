"""The columns that a model reads, of the customers of a run: from its tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import NotReadyError
from coterie.features.lenses import frame_sql
from coterie.validation.moment import see_people


def read_known(folder: Path, data: Path, sources: Sequence[str], day: int | None) -> pa.Table:
    """Read some columns of the customers of a run that can be segmented.

    Parameters
    ----------
    folder : Path
        The run.
    data : Path
        Its canonical tables.
    sources : sequence of str
        Features, or columns of customers.
    day : int or None
        The day of the run.

    Returns
    -------
    pyarrow.Table
        customer_id and the columns, by id.

    Raises
    ------
    NotReadyError
        If the canonical tables are gone and needed.
    """
    with DuckDB(threads=1) as db:
        written = literal(str(folder / "features.parquet"))
        db.create("features", f"SELECT * FROM read_parquet({written})")
        if not set(sources) <= set(db.columns("features")):
            people = data / "customers" / "*.parquet"
            if not people.parent.is_dir():
                raise NotReadyError(
                    "The customer table of this run is gone.", hint="Make it again: coterie run"
                )
            db.view("customers", f"SELECT * FROM read_parquet({literal(str(people))})")
            see_people(db, day)
        names = ", ".join(identifier(name) for name in ("customer_id", *sources))
        return db.query(
            f"SELECT {names} FROM ({frame_sql(db, sources)}) WHERE status = 'ok' "
            "ORDER BY customer_id"
        )
