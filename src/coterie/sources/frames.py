"""Data frames handed over in Python, as a source like any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import CoterieError, DataError
from coterie.sources.base import Raw, TableName
from coterie.sources.names import column_names, name_notes
from coterie.sources.parts import flat_select, rejected_table
from coterie.store.runs import whole_file

_ARROW = ("__arrow_c_stream__", "__arrow_c_array__")
"""What data frames of every library can be asked for: their rows as Arrow."""


def load_frame(db: DuckDB, name: str, table: pa.Table, *, input_table: TableName) -> Raw:
    """Put an Arrow table into ``raw__<name>``, in the order of its rows.

    Parameters
    ----------
    db : DuckDB
        The working database.
    name : str
        Name of the source.
    table : pa.Table
        The rows; their types are kept, nested columns become JSON text.
    input_table : str
        The input table the rows belong to.

    Returns
    -------
    Raw
        The table; no row is ever rejected.

    Raises
    ------
    DataError
        If there is no row, or a column has no name, a double name or an unknown type.

    Examples
    --------
    >>> with DuckDB() as db:
    ...     load_frame(db, "a", pa.table({"id": [1, 2]}), input_table="customers").rows
    2
    """
    columns = column_names(table.column_names, f"The data frame {name!r}")
    if not table.num_rows:
        raise DataError(f"The data frame {name!r} has no rows.", where=name)
    relation, given = f"raw__{name}", f"raw__{name}__given"
    named = table.rename_columns(list(columns))
    empty = [field.name for field in named.schema if pa.types.is_null(field.type)]
    for column in empty:
        at = named.schema.get_field_index(column)
        named = named.set_column(at, column, named[column].cast(pa.string()))
    try:
        db.load(given, named)
        db.create(relation, flat_select(db, identifier(given)))
    except CoterieError:
        raise
    except Exception as error:
        raise DataError(
            f"The data frame {name!r} cannot be read: {str(error).splitlines()[0]}", where=name
        ) from error
    finally:
        db.drop(given)
    return Raw(
        name,
        input_table,
        relation,
        columns,
        table.num_rows,
        rejected_table([]),
        name_notes(table.column_names),
    )


def write_frame(data: Any, folder: Path) -> Path:
    """Keep a data frame as Parquet in the project folder.

    Parameters
    ----------
    data : pandas, polars or Arrow table
        Whatever hands out its rows as Arrow.
    folder : Path
        The project folder.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If it is no table, or holds what Parquet cannot.
    """
    kind, allowed = type(data).__name__, "Give a path, or a pandas, polars or Arrow table."
    hint = "Columns must hold one kind of value each."
    if not (isinstance(data, Mapping) or any(hasattr(data, name) for name in _ARROW)):
        raise DataError(f"{kind} is no table.", allowed=allowed)
    path = folder / "data.parquet"
    try:
        table = data if isinstance(data, pa.Table) else pa.table(data)
    except (TypeError, ValueError, OverflowError, pa.ArrowException) as error:
        said = "; ".join(map(str, error.args))
        raise DataError(f"{kind} is no table: {said}.", allowed=allowed, hint=hint) from error
    try:
        with whole_file(path) as partial:
            pq.write_table(table, partial)
    except pa.ArrowException as error:
        raise DataError(f"{kind} cannot be kept as Parquet: {error}.", hint=hint) from error
    return path
