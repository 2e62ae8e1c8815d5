"""Whom a list for activation leaves out: the customers of a run who did not agree."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.features.windows import to_day
from coterie.privacy.consent import find_consent
from coterie.store.results import Run
from coterie.validation.moment import see_people


def held_back(run: Run, wanted: str = "") -> pa.Array:
    """Return the customers of a run who may not be written to.

    Parameters
    ----------
    run : Run
        Its checked tables tell who agreed as of its day.
    wanted : str, optional
        As ``[privacy] consent`` has it.

    Returns
    -------
    pyarrow.Array
        Their ids, by id; none without a column of consent.

    Raises
    ------
    ParameterError
        If there is no column of the wanted name.
    """
    none = pa.array([], pa.string())
    data = run.folder.parents[1] / "data" / str(run.manifest.get("data", "")) / "customers"
    with DuckDB(threads=1) as db:
        if not any(data.glob("*.parquet")):
            return none
        db.view("customers", f"SELECT * FROM read_parquet({literal(str(data / '*.parquet'))})")
        consent = find_consent(
            [name for name in db.columns("customers") if name not in {"customer_id", "valid_from"}],
            wanted,
        )
        if consent is None:
            return none
        see_people(db, to_day(date.fromisoformat(run.as_of)) if run.as_of else None)
        placed = literal(str(run.folder / "assignments.parquet"))
        agreed = f"SELECT customer_id FROM people WHERE {consent.sql}"
        found = db.query(
            f"SELECT customer_id FROM read_parquet({placed}) "
            f"WHERE customer_id NOT IN ({agreed}) ORDER BY customer_id"
        )
    held: pa.Array = found["customer_id"].combine_chunks()
    return held


def without(table: pa.Table, held: pa.Array) -> pa.Table:
    """Return the rows of a table of customers who are not held back."""
    return table.filter(pa.compute.invert(pa.compute.is_in(table["customer_id"], held)))
