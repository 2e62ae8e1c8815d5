"""An engine that computes nothing: what it is told to make becomes a step of one statement.

So the SQL that leaves Coterie is written by the very code that computes inside it.
"""

from __future__ import annotations

import pyarrow as pa

from coterie.engine.sql import identifier, translate
from coterie.errors import NotReadyError, ParameterError

DIALECTS = ("duckdb", "postgres", "spark", "bigquery", "snowflake")
"""Dialects that a statement can be written in. The first three are run in our tests; the
other two are only parsed there."""
_MATERIALIZED = frozenset({"postgres"})
"""Where a step must be worked out once: PostgreSQL would repeat it wherever it is named."""


class Statement:
    r"""Named steps in the order in which they were made.

    Examples
    --------
    >>> statement = Statement()
    >>> statement.create("twice", "SELECT 2 * a AS b FROM t")
    >>> statement.sql("SELECT b FROM twice", "duckdb")
    'WITH "twice" AS (SELECT 2 * a AS b FROM t)\nSELECT b FROM twice'
    """

    dialect = "duckdb"

    def __init__(self) -> None:
        self._steps: dict[str, str] = {}

    def create(self, name: str, select: str) -> None:
        """Add a step of this name."""
        self._steps[name] = select

    def drop(self, name: str) -> None:
        """Do nothing: a step takes no room."""

    def load(self, name: str, data: pa.Table | pa.RecordBatchReader) -> None:
        """Refuse data: a statement holds none."""
        raise NotReadyError(f"A statement cannot hold {data.schema.names} of {name}.")

    def query(self, select: str) -> pa.Table:
        """Refuse a question: a statement is not run here."""
        raise NotReadyError(f"A statement cannot be asked: {select[:80]}")

    def columns(self, name: str) -> tuple[str, ...]:
        """Refuse a question: a statement knows no columns."""
        raise NotReadyError(f"A statement does not know the columns of {name}.")

    def sql(self, last: str, dialect: str) -> str:
        """Return all steps and a last SELECT as one statement.

        Parameters
        ----------
        last : str
            SELECT in the portable subset; it may read the steps.
        dialect : str
            One of ``DIALECTS``.

        Returns
        -------
        str
            A step a line.

        Raises
        ------
        ParameterError
            If the dialect is not known.
        """
        if dialect not in DIALECTS:
            raise ParameterError.unknown("sql", dialect, DIALECTS)
        kept = "AS MATERIALIZED" if dialect in _MATERIALIZED else "AS"
        steps = [
            f"{translate_name(name, dialect)} {kept} ({translate(select, dialect)})"
            for name, select in self._steps.items()
        ]
        start = f"WITH {f',{chr(10)}'.join(steps)}\n" if steps else ""
        return start + translate(last, dialect)


def translate_name(name: str, dialect: str) -> str:
    """Quote a name as a dialect does.

    Examples
    --------
    >>> translate_name("net sales", "spark")
    '`net sales`'
    """
    quoted = identifier(name)
    return translate(f"SELECT {quoted}", dialect).removeprefix("SELECT ")
