"""Who is in a segment: the levels of categories, flags and coded numbers.

The joined table that profiles read names its columns by number, because the names of
attributes are the user's and may be any text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.profiling.contrasts import FeatureInfo
from coterie.profiling.words import readable
from coterie.schema import Attribute

MAX_LEVELS = 12
"""Levels of a category that are told apart; the rest is ``other``."""

OTHER = "other"


@dataclass(frozen=True)
class Level:
    """One level of a category in one segment; shares are of customers whose level is known."""

    segment: int
    attribute: str
    level: str
    n: int
    share: float
    share_all: float
    lift: float


@dataclass(frozen=True)
class Columns:
    """What the joined table holds: numbers in ``x0`` …, categories in ``c0`` …."""

    numbers: tuple[FeatureInfo, ...]
    categories: tuple[Attribute, ...]
    n_features: int
    """How many of ``numbers``, from the start, are features and not attributes."""
    protected: tuple[str, ...] = ()
    """Names of protected attributes."""


def choose_columns(features: Sequence[FeatureInfo], attributes: Sequence[Attribute]) -> Columns:
    """Sort attributes into numbers and categories; one that is a feature too is not doubled.

    Coded numbers with words for their codes are categories.
    """
    taken = {info.name for info in features}
    numbers, categories = list(features), []
    for attribute in attributes:
        if attribute.kind in ("key", "ignore"):
            continue
        if attribute.kind in ("category", "flag") or attribute.labels:
            label = readable(attribute.label or attribute.name)
            categories.append(replace(attribute, label=label))
        elif attribute.name not in taken:
            label = readable(attribute.label or attribute.name)
            unit = "date" if attribute.kind == "date" else attribute.unit
            numbers.append(FeatureInfo(attribute.name, label, unit))
    protected = tuple(attribute.name for attribute in attributes if attribute.protected)
    return Columns(tuple(numbers), tuple(categories), len(features), protected)


def _as_text(attribute: Attribute) -> str:
    column = f"c.{identifier(attribute.name)}"
    if attribute.kind in ("category", "flag", "date"):
        return f"CAST({column} AS VARCHAR)"
    whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"  # 1.0 is the code "1"
    return (
        f"CASE WHEN NOT isfinite({column}) THEN NULL WHEN {column} = FLOOR({column}) "
        f"AND ABS({column}) < 1e15 THEN {whole} ELSE CAST({column} AS VARCHAR) END"
    )


def join_columns(db: DuckDB, placed: str, out: str, columns: Columns) -> None:
    """Make table ``out``: customer_id, segment, x0 …, c0 …, one row a placed customer.

    Attributes are those of ``people``, which has one row a customer.

    Parameters
    ----------
    db : DuckDB
        Holds ``placed``, ``features`` and, with attributes, ``people``.
    placed : str
        Table with customer_id and segment (number, from 0).
    out : str
        Name of the table to make.
    columns : Columns
        What the joined table holds.
    """
    inner = columns.numbers[: columns.n_features]
    outer = columns.numbers[columns.n_features :]
    picked = [f"CAST(f.{identifier(info.name)} AS DOUBLE) AS x{i}" for i, info in enumerate(inner)]
    picked += [
        f"CAST(c.{identifier(info.name)} AS DOUBLE) AS x{i}"
        for i, info in enumerate(outer, start=len(inner))
    ]
    picked += [f"{_as_text(a)} AS c{i}" for i, a in enumerate(columns.categories)]
    attributes = ""
    if outer or columns.categories:
        attributes = "LEFT JOIN people c ON c.customer_id = p.customer_id"
    db.create(
        out,
        f"SELECT p.customer_id, p.segment{''.join(', ' + item for item in picked)} FROM {placed} p "
        f"LEFT JOIN features f ON f.customer_id = p.customer_id {attributes}",
    )


def wording(attribute: Attribute, level: str) -> str:
    """Return the words for a level: the user's label, yes and no for flags, else as it is."""
    words = dict(attribute.labels)
    if level in words:
        return words[level]
    return {"true": "yes", "false": "no"}.get(level, level) if attribute.kind == "flag" else level


def compose(db: DuckDB, joined: str, columns: Columns) -> list[Level]:
    """Return the levels of every category in every segment.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    joined : str
        The table that ``join_columns`` made.
    columns : Columns
        What the joined table holds.

    Returns
    -------
    list of Level
        By attribute in the order of ``columns``, segment, n falling, then level. Levels
        beyond the 12 most frequent are joined as ``other``.
    """
    found = []
    for number, attribute in enumerate(columns.categories):
        rows = db.rows(
            f"""WITH frequent AS (SELECT c{number} AS level FROM {joined}
                WHERE c{number} IS NOT NULL GROUP BY 1
                ORDER BY COUNT(*) DESC, 1 LIMIT {MAX_LEVELS}),
            named AS (SELECT segment, CASE WHEN c{number} IN (SELECT level FROM frequent)
                THEN c{number} ELSE '{OTHER}' END AS level
                FROM {joined} WHERE c{number} IS NOT NULL)
            SELECT segment, level, COUNT(*) AS n, SUM(COUNT(*)) OVER (PARTITION BY segment)::BIGINT,
                SUM(COUNT(*)) OVER (PARTITION BY level)::BIGINT, SUM(COUNT(*)) OVER ()::BIGINT
            FROM named GROUP BY segment, level ORDER BY segment, n DESC, level"""
        )
        found += [
            Level(
                int(segment),
                attribute.name,
                wording(attribute, level),
                n,
                round(n / size, 6),
                round(n_level / total, 6),
                round(n * total / (size * n_level), 6),
            )
            for segment, level, n, size, n_level, total in rows
        ]
    return found
