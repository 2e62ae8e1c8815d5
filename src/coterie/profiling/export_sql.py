"""The assignment of customers, or their rules, as one SQL statement for a warehouse.

The steps are those of a run, written by the same definitions: canonical lines, level 1,
measures, features, customer value, matrix, nearest segment. Nothing is fitted in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence

from coterie.engine.sql import identifier, literal
from coterie.engine.statement import Statement
from coterie.errors import NotReadyError
from coterie.features.asof import SCORES, Sources, build_features
from coterie.features.attributes import NUMERIC_KINDS
from coterie.features.lenses import create_attribute_features
from coterie.features.windows import to_date
from coterie.profiling.rules import Rules
from coterie.schema import Attribute
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.placing import NONE, UNLIKE_ANY
from coterie.segmentation.released import Released

_KEEP = ("customer_id", "status")


def assignment_sql(released: Released, dialect: str, *, as_of: int | None) -> str:
    """Return the statement that places every customer as the model does.

    Parameters
    ----------
    released : Released
        The model.
    dialect : str
        duckdb, postgres, spark, bigquery or snowflake.
    as_of : int or None
        Rows on or after this day are not read; None without orders.

    Returns
    -------
    str
        One SELECT of customer_id, segment_id, status and, for centres, second_id and margin.
        It reads the canonical tables ``lines`` (and ``events``, ``customers``) of the warehouse.

    Raises
    ------
    ParameterError
        If the dialect is not known, or the model cannot be written as SQL.
    """
    statement = _features(released, as_of, released.matrix.sources)
    names = [f"m{i}" for i in range(len(released.matrix.columns))]
    columns = ", ".join(
        f"{expr} AS {identifier(name)}"
        for name, (_, expr) in zip(names, released.matrix.sql(), strict=True)
    )
    statement.create("matrix", f"SELECT customer_id, status, {columns} FROM frame")
    more = ""
    if isinstance(released.model, KMeansModel):
        placed = released.model.sql_select("matrix", names, _KEEP)
        other = f"CASE WHEN second <> segment THEN {_names(released.ids, 'second')} END"
        more = (
            f", CASE WHEN status = 'ok' THEN {other} END AS second_id"
            ", CASE WHEN status = 'ok' THEN margin END AS margin"
        )
    else:
        label = released.model.sql(names)
        placed = f"SELECT customer_id, status, {label} AS segment FROM matrix"
    statement.create("placed", placed)
    own = f"COALESCE({_names(released.ids, 'segment')}, {literal(NONE)})"
    segment = f"CASE WHEN status = 'ok' THEN {own} ELSE {literal(NONE)} END AS segment_id"
    status = f"CASE WHEN status = 'ok' AND segment < 0 THEN {literal(UNLIKE_ANY)} ELSE status END"
    last = f"SELECT customer_id, {segment}{more}, {status} AS status FROM placed"
    return _head("segment of every customer", released, as_of) + statement.sql(last, dialect)


def rules_sql(released: Released, rules: Rules | None, dialect: str, *, as_of: int | None) -> str:
    """Return the statement that places every customer by the rules, which only approximate.

    Parameters
    ----------
    released : Released
        The model that the rules describe.
    rules : Rules or None
        As made for it.
    dialect : str
        duckdb, postgres, spark, bigquery or snowflake.
    as_of : int or None
        Rows on or after this day are not read; None without orders.

    Returns
    -------
    str
        One SELECT of customer_id, segment_id and status.

    Raises
    ------
    NotReadyError
        If the run has no rules.
    ParameterError
        If the dialect is not known.
    """
    if rules is None:
        raise NotReadyError("This run has no rules: it has a single segment.")
    sources = tuple(dict.fromkeys(asked.column.source for asked in rules.asked))
    statement = _features(released, as_of, sources)
    names = [f"r{i}" for i in range(len(rules.asked))]
    columns = ", ".join(
        f"{asked.sql()} AS {identifier(name)}"
        for name, asked in zip(names, rules.asked, strict=True)
    )
    statement.create("asked", f"SELECT customer_id, status, {columns} FROM frame")
    label = rules.tree.sql(names)
    statement.create("told", f"SELECT customer_id, status, {label} AS segment FROM asked")
    own = _names(rules.ids, "segment")
    segment = f"CASE WHEN status = 'ok' THEN {own} ELSE {literal(NONE)} END AS segment_id"
    what = f"segment by rules, right for {100 * rules.fidelity:.0f} in 100 customers"
    last = f"SELECT customer_id, {segment}, status FROM told"
    return _head(what, released, as_of) + statement.sql(last, dialect)


def _features(released: Released, as_of: int | None, sources: Sequence[str]) -> Statement:
    """Return the steps up to ``frame``: the columns wanted of every customer."""
    statement = Statement()
    model = released.features
    if released.attributes:
        statement.create("people", _people(released.attributes, as_of))
    if model is not None and as_of is not None:
        spoken = {name for name, _ in model.catalogue.state.vocabularies}
        people = "people" if released.attributes else ""
        events = "events" if "event" in spoken else ""
        build_features(
            statement, model, as_of=as_of, sources=Sources(events=events, customers=people)
        )
        known = {feature.name for feature in model.features} | set(SCORES if model.rfm else ())
    else:
        create_attribute_features(statement, released.attributes)
        known = {a.name for a in released.attributes if a.kind in NUMERIC_KINDS}
    attributes = [name for name in sources if name not in known]
    columns = [f"{'f' if name in known else 'c'}.{identifier(name)}" for name in sources]
    join = " LEFT JOIN people AS c ON c.customer_id = f.customer_id" if attributes else ""
    listed = ", ".join(["f.customer_id", "f.status", *columns])
    statement.create("frame", f"SELECT {listed} FROM features AS f{join}")
    return statement


def _people(attributes: Sequence[Attribute], as_of: int | None) -> str:
    """Return one row a customer: of several the last that was valid before the day."""
    named = [a.name for a in attributes if a.kind not in {"key", "ignore"}]
    columns = ", ".join(identifier(name) for name in ("customer_id", *named))
    known = f" WHERE valid_from IS NULL OR valid_from < {as_of}" if as_of is not None else ""
    return (
        f"SELECT {columns} FROM (SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY customer_id "
        f"ORDER BY valid_from DESC NULLS LAST) AS place FROM customers{known}) AS seen "
        "WHERE place = 1"
    )


def _names(ids: Sequence[str], column: str) -> str:
    whens = " ".join(f"WHEN {i} THEN {literal(name)}" for i, name in enumerate(ids))
    return f"CASE {column} {whens} END"


def _head(what: str, released: Released, as_of: int | None) -> str:
    """Say in comments what the statement gives and which tables it reads."""
    when = f" as of {to_date(as_of).isoformat()} (exclusive)" if as_of is not None else ""
    found = [("lines", released.features), ("customers", released.attributes)]
    tables = " and ".join(name for name, there in found if there)
    return (
        f"-- Coterie: {what}{when}, model {released.model_id}.\n"
        f"-- Reads the canonical tables ({tables}): day counts from 1970-01-01, money is micros.\n"
    )
