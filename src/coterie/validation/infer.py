"""Work out what a file holds: which of the five tables it is and which column is which.

A wrong guess costs more than a question, so doubtful pairs are marked ``check`` or
``guess`` and what cannot be told (day or month first, the currency) is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.schema import INPUT_TABLES
from coterie.sources.base import TableName
from coterie.validation.infer_attributes import attribute_proposals, outcome_columns
from coterie.validation.infer_columns import NAMED, Match, match_columns, proposed
from coterie.validation.infer_facts import Facts, TableFacts, table_facts
from coterie.validation.infer_orders import currency, dirt, service_codes
from coterie.validation.infer_words import name_score, other_concept
from coterie.validation.proposal import Missing, Proposal
from coterie.validation.protected import protected_reason

LEAST_TABLE = 0.35
"""Score below which a file is none of the five tables."""
UNIQUE_BONUS = 0.35
"""What being unique adds to the confidence of a customer key."""
NEARLY_UNIQUE = 0.99
_HALLMARK: dict[str, str] = {"events": "type", "texts": "text", "touches": "offer_id"}
"""The column that makes a table of its own kind; it counts twice."""
_ORDER_SIGNS = ("order_id", "line_id", "product_id", "product_name", "quantity", "unit_price")
_PARTS = re.compile(r"\d{1,2}([-/.])\d{1,2}([-/.])(\d{4}|\d{2})(.*)")
_NAMES: tuple[TableName, ...] = ("orders", "events", "texts", "touches", "customers")
"""In order of preference on a tie: in few rows any column is unique, so customers come last."""


@dataclass(frozen=True)
class _Candidate:
    table: TableName
    score: float
    matches: Mapping[str, Match]
    why: str


def propose(db: DuckDB, relation: str) -> Proposal:
    """Propose what a raw table is and how its columns map to ours.

    Parameters
    ----------
    db : DuckDB
        Where the table lies.
    relation : str
        Name of the table; its columns carry the user's names and may all be text.

    Returns
    -------
    Proposal
        The table with a confidence and a reason, the mapping, and what the data
        say about service codes, currency, returns, repeats and attributes.

    Examples
    --------
    >>> import pyarrow as pa
    >>> with DuckDB() as db:
    ...     db.load("t", pa.table({"CUST_ID": ["a", "b"], "BALANCE": ["1.5", "2"]}))
    ...     found = propose(db, "t")
    >>> found.table, found.mapping()
    ('customers', {'customer_id': 'CUST_ID'})
    """
    facts = table_facts(db, relation)
    candidates = [_candidate(table, facts) for table in _NAMES]
    best = max(candidates, key=lambda candidate: candidate.score)
    if best.score < LEAST_TABLE:
        return _nothing(facts)
    proposal = _proposal(best, facts)
    return _with_findings(db, proposal, best, facts)


def _candidate(table: TableName, facts: TableFacts) -> _Candidate:
    if table == "customers":
        return _customers(facts)
    matches = match_columns(table, facts.columns)
    score = {name: match.score for name, match in matches.items()}
    who = max(score.get("customer_id", 0.0), score.get("visitor_id", 0.0))
    when, money = score.get("timestamp", 0.0), _money(score)
    if table == "orders":
        signs = sum(name in matches for name in _ORDER_SIGNS)
        total = 0.75 * (who + when + money) / 3 + 0.25 * min(1.0, signs / 2)
        complete = who and when and money
        why = f"customer, time and money, and {signs} more columns of an order"
        return _Candidate(table, total if complete else total / 2, matches, why)
    hallmark = score.get(_HALLMARK[table], 0.0)
    total = (who + when + 2 * hallmark) / 4 if hallmark else 0.0
    total *= 1.0 if who and when else 0.9
    why = f"it has a column for {_HALLMARK[table]}"
    named_money = _money({n: m.score for n, m in match_columns("orders", facts.columns).items()})
    return _Candidate(table, total * (0.8 if named_money >= NAMED else 1.0), matches, why)


def _money(score: Mapping[str, float]) -> float:
    """Return the confidence that a row has money: an amount, or quantity and price."""
    return max(
        score.get("amount", 0.0), min(score.get("quantity", 0.0), score.get("unit_price", 0.0))
    )


def _customers(facts: TableFacts) -> _Candidate:
    """Judge the file as one row per customer: all hangs on the key."""
    matches = match_columns("customers", facts.columns)
    matches.pop("customer_id", None)
    history = "valid_from" in matches
    keys = [_key(column, history=history) for column in facts.columns.values()]
    best = max(keys, key=lambda key: key.score, default=None)
    if best is None or not best.score:
        return _Candidate("customers", 0.0, matches, "")
    named = name_score("customer_id", best.facts.name)
    if not named and any(c.unique and other_concept(c.name) for c in facts.columns.values()):
        return _Candidate("customers", 0.1, matches, "a list of something else")
    # A sure customer column whose values repeat makes every other unique column a row id.
    repeats = any(
        name_score("customer_id", c.name) >= NAMED and c.distinct < NEARLY_UNIQUE * c.present
        for c in facts.columns.values()
    )
    orders = match_columns("orders", facts.columns)
    named_order = "timestamp" in orders and orders["timestamp"].score >= NAMED
    named_order &= _money({name: match.score for name, match in orders.items()}) >= 0.8
    doubt = 0.2 if (repeats and not history) or named_order else 1.0
    why = f"one row per value of {best.facts.name!r}"
    return _Candidate("customers", best.score * doubt, matches | {"customer_id": best}, why)


def _key(facts: Facts, *, history: bool) -> Match:
    named = name_score("customer_id", facts.name)
    share = facts.distinct / max(facts.present, 1)
    nearly = share >= NEARLY_UNIQUE and facts.missing <= (1 - NEARLY_UNIQUE) * facts.rows
    plausible = facts.fraction == 0 and facts.dates < 0.5 and facts.words < 3
    if not plausible or not (nearly or (history and named >= NAMED)):
        return Match("customer_id", facts, 0.0, "")
    if other_concept(facts.name) and named < NAMED:
        return Match("customer_id", facts, 0.1, "unique, but the id of something else")
    if not named and protected_reason(facts.name):
        return Match("customer_id", facts, 0.0, "")
    if facts.unique:
        why = f"{facts.distinct:,} rows, {facts.distinct:,} different values"
        return Match("customer_id", facts, min(1.0, (named or 0.05) + UNIQUE_BONUS), why)
    why = f"{facts.present - facts.distinct:,} values come again"
    return Match("customer_id", facts, named * 0.8, why)


def _proposal(best: _Candidate, facts: TableFacts) -> Proposal:
    columns = proposed(best.table, best.matches)
    taken = {column.user_column for column in columns}
    missing = tuple(_missing(best.table, set(best.matches)))
    confidence = round(best.score, 2)
    notes: tuple[str, ...] = ()
    if facts.looked_at < facts.rows:
        notes = (f"judged by {facts.looked_at:,} of {facts.rows:,} rows",)
    return Proposal(
        table=best.table,
        confidence=confidence,
        why=best.why,
        rows=facts.rows,
        columns=columns,
        missing=missing,
        unused=tuple(name for name in facts.columns if name not in taken),
        notes=notes,
    )


def _missing(table: TableName, found: set[str]) -> list[Missing]:
    needed = INPUT_TABLES[table]
    missing = [
        Missing(column.name, f"no column for {column.name} ({column.meaning}), which {table} need")
        for column in needed.columns
        if column.required and column.name not in found
    ]
    if table == "orders" and not ("amount" in found or {"quantity", "unit_price"} <= found):
        why = "no column for amount, nor for both quantity and unit_price"
        missing.append(Missing("amount", why))
    if table == "events" and not found & {"customer_id", "visitor_id"}:
        why = "no column for customer_id or visitor_id; events need one of them"
        missing.append(Missing("customer_id", why))
    return missing


def _with_findings(db: DuckDB, proposal: Proposal, best: _Candidate, facts: TableFacts) -> Proposal:
    time = best.matches.get("timestamp") or best.matches.get("valid_from")
    if time and time.facts.ambiguous:
        question = f"day or month first? All values of {time.facts.name!r} can be read both ways"
        formats = _formats(time.facts.examples[0])
        proposal = replace(proposal, time_question=question, time_formats=formats)
    if proposal.table != "texts":
        code, reason = currency(db, facts, best.matches)
        proposal = replace(proposal, currency=code, currency_why=reason)
    if proposal.table == "customers":
        rest = [facts.columns[name] for name in proposal.unused]
        ambiguous = tuple(
            f"day or month first in {c.name!r}? All its values can be read both ways"
            for c in rest
            if c.dates >= NEARLY_UNIQUE and c.ambiguous
        )
        return replace(
            proposal,
            attributes=attribute_proposals(rest),
            outcomes=outcome_columns(rest),
            notes=proposal.notes + ambiguous,
        )
    if proposal.table != "orders":
        return proposal
    codes, codes_why = service_codes(db, facts, best.matches)
    found = dirt(db, facts, best.matches)
    return replace(
        proposal,
        service_codes=codes,
        service_why=codes_why,
        returns_why=found["returns"],
        duplicates_why=found["duplicates"],
        free_why=found["free"],
        notes=proposal.notes + ((found["guests"],) if found["guests"] else ()),
    )


def _formats(example: str) -> tuple[str, ...]:
    """Return the two strptime formats of a date whose day and month cannot be told apart."""
    found = _PARTS.match(example)
    if found is None:
        return ()
    mark, second_mark, year, time = found.groups()
    clock = ("", " %H:%M", " %H:%M:%S")[min(time.count(":"), 2)] if time else ""
    end = f"{second_mark}{'%Y' if len(year) == 4 else '%y'}{clock}"
    return f"%d{mark}%m{end}", f"%m{mark}%d{end}"


def _nothing(facts: TableFacts) -> Proposal:
    names = ", ".join(identifier(name) for name in facts.columns)
    return Proposal(
        table=None,
        confidence=0.0,
        why=f"none of {', '.join(_NAMES)} fits the columns {names}",
        rows=facts.rows,
        columns=(),
        missing=(Missing("customer_id", "neither a key of customers nor orders of customers"),),
        unused=tuple(facts.columns),
    )
