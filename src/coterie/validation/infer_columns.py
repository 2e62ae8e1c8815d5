"""Which of the user's columns holds which of ours, judged by name and by values.

The values have a veto: a column that is called ``date`` but holds words is no
timestamp. They never make an id on their own, because any number can look like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from coterie.schema import INPUT_TABLES, InputColumn
from coterie.validation.infer_facts import Facts
from coterie.validation.infer_words import name_score
from coterie.validation.proposal import ColumnProposal

LEAST = 0.4
"""Confidence below which a column is not proposed."""
NAMED = 0.9
"""Name score from which the name alone settles what a column means."""
TIME_UNNAMED = 0.45
"""Confidence of a column of dates whose name says nothing."""
TEXT_UNNAMED = 0.5
MOSTLY = 0.8
NEARLY_ALL = 0.98
WORDS = 5
"""Mean words from which a text without a telling name is something a customer wrote."""


@dataclass(frozen=True)
class Match:
    """A possible pair: one of our columns, one of the user's."""

    column: str
    facts: Facts
    score: float
    why: str


def match_columns(table: str, columns: Mapping[str, Facts]) -> dict[str, Match]:
    """Pair the columns of one input table with the user's columns.

    Parameters
    ----------
    table : str
        Name of the input table.
    columns : mapping of str to Facts
        The user's columns in their order.

    Returns
    -------
    dict of str to Match
        Best pairs, each user column used once at most. Ties go to the column
        that comes first, in our order and then in the user's.
    """
    pairs = [
        match
        for ours in INPUT_TABLES[table].columns
        for facts in columns.values()
        if (match := _match(ours, facts)).score >= LEAST
    ]
    chosen: dict[str, Match] = {}
    taken: set[str] = set()
    for match in sorted(pairs, key=lambda pair: -pair.score):
        if match.column not in chosen and match.facts.name not in taken:
            chosen[match.column] = match
            taken.add(match.facts.name)
    return _one_money(chosen) if table == "orders" else chosen


def _match(ours: InputColumn, facts: Facts) -> Match:
    named = name_score(ours.name, facts.name)
    fit, why = _FITS[ours.type](ours, facts, named)
    if named == 0:
        unnamed = {"timestamp": TIME_UNNAMED, "text": TEXT_UNNAMED}.get(ours.name, 0.0)
        speaks = facts.dates if ours.type == "time" else float(facts.words >= WORDS)
        named = unnamed if speaks >= MOSTLY else 0.0
        why = f"nothing in the name, but {why}"
    elif named < NAMED:
        why = f"the name may mean it, and {why}"
    else:
        why = f"named so, and {why}"
    score = named * fit if facts.present else 0.0
    return Match(ours.name, facts, score, why)


def _fits_time(_: InputColumn, facts: Facts, named: float) -> tuple[float, str]:
    if facts.epoch >= NEARLY_ALL and named >= NAMED:
        return 1.0, "the values are seconds or milliseconds since 1970"
    share = facts.dates
    if share >= NEARLY_ALL:
        return 1.0, "the values are dates"
    return (share if share >= MOSTLY else 0.0), f"{share:.0%} of the values are dates"


def _fits_number(ours: InputColumn, facts: Facts, named: float) -> tuple[float, str]:
    if facts.dates >= MOSTLY and named < NAMED:
        return 0.0, "the values are dates"
    if ours.name == "discount" and facts.fraction and (facts.high or 0) <= 1:
        return 0.6, "no value is above 1: is it money, or a rate?"
    share = facts.number
    if share >= NEARLY_ALL:
        return 1.0, "the values are numbers"
    return (share if share >= MOSTLY else 0.0), f"{share:.0%} of the values are numbers"


def _fits_flag(_: InputColumn, facts: Facts, _named: float) -> tuple[float, str]:
    fits = facts.distinct <= 2 and facts.flag >= NEARLY_ALL
    return float(fits), "the values are yes or no" if fits else "the values are not yes or no"


def _fits_text(ours: InputColumn, facts: Facts, named: float) -> tuple[float, str]:
    values = f"{facts.distinct:,} different values"
    if ours.name.endswith("_id"):
        if facts.dates >= MOSTLY and named < NAMED:
            return 0.0, "the values are dates"
        if facts.fraction > 1 - NEARLY_ALL or facts.words > WORDS:
            return 0.2, "the values do not look like ids"
        missing = f", {facts.missing / facts.rows:.1%} missing" if facts.missing else ""
        return 1.0, f"{values}{missing}"
    if ours.name == "text":
        if facts.number >= MOSTLY or facts.dates >= MOSTLY:
            return 0.0, "the values are no words"
        return (1.0 if facts.words >= WORDS else 0.6), f"{facts.words:.0f} words a value"
    if ours.name == "product_name" and facts.number >= MOSTLY:
        return 0.3, "the values are numbers"
    if facts.dates >= MOSTLY:
        return 0.0, "the values are dates"
    return 1.0, values


_FITS = {"time": _fits_time, "number": _fits_number, "flag": _fits_flag, "text": _fits_text}


def _one_money(chosen: dict[str, Match]) -> dict[str, Match]:
    """Settle what a lone price means: with a quantity it is for one piece, else the amount.

    Where an amount is mapped beside quantity and price, it stands: the price would be
    a second word on the same money.
    """
    price = chosen.get("unit_price")
    if price is None:
        return chosen
    if "amount" in chosen:
        return {name: match for name, match in chosen.items() if name != "unit_price"}
    if "quantity" in chosen:
        return chosen
    why = "there is no quantity, so a price is the money of the whole row"
    amount = replace(price, column="amount", score=min(price.score, 0.8), why=why)
    return {**{n: m for n, m in chosen.items() if n != "unit_price"}, "amount": amount}


def proposed(table: str, matches: Mapping[str, Match]) -> tuple[ColumnProposal, ...]:
    """Return the pairs as proposals, in the order of the input table.

    Examples are given for times and numbers alone, so that no name, id or address
    of a person gets into the text of a project file.
    """
    return tuple(
        ColumnProposal(
            column=ours.name,
            user_column=match.facts.name,
            confidence=round(match.score, 2),
            why=match.why,
            examples=match.facts.examples if ours.type in ("time", "number") else (),
        )
        for ours in INPUT_TABLES[table].columns
        if (match := matches.get(ours.name)) is not None
    )
