"""Guards of credit: who is not offered more debt, whatever the catalogue's conditions say.

They find their columns by name and lean to caution: where a value is unknown the customer
counts as guarded. A guard whose columns the project lacks cannot be checked, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import get_args

from coterie.engine.sql import identifier
from coterie.offers.catalogue import CREDIT, Guard, Offer
from coterie.validation.protected import words_of

_ROLES: dict[str, tuple[frozenset[str], ...]] = {
    "cash_advance": (frozenset({"cash", "advance"}), frozenset({"cash", "advances"})),
    "cash_advance_frequency": (frozenset({"cash", "advance", "frequency"}),),
    "purchases": (frozenset({"purchases"}), frozenset({"purchase", "amount"})),
    "balance": (frozenset({"balance"}), frozenset({"outstanding"})),
    "credit_limit": (frozenset({"credit", "limit"}),),
    "payments": (frozenset({"payments"}), frozenset({"paid"})),
    "minimum_payments": (
        frozenset({"minimum", "payments"}),
        frozenset({"minimum", "payment"}),
        frozenset({"min", "payment"}),
    ),
}
"""What a guard asks about -> words that are the whole name of its column."""

TENTH, QUARTER, HALF = 0.1, 0.25, 0.5


@dataclass(frozen=True)
class Check:
    """A guard that can be checked in this project.

    Parameters
    ----------
    name : str
        Its name in ``allow``.
    sql : str
        Portable SQL that is true for whoever is guarded, and where that is unknown.
    """

    name: str
    sql: str


WORDS: dict[str, str] = {
    "cash_advance": "draws cash often, or much beside what she buys or her limit",
    "utilisation": "has used more than half of her credit limit",
    "payments": "pays less than the minimum that is due",
}
"""Whom each guard keeps from more debt."""

_NEEDS: dict[str, tuple[str, ...]] = {
    "cash_advance": ("cash_advance", "purchases"),
    "utilisation": ("balance", "credit_limit"),
    "payments": ("payments", "minimum_payments"),
}


def find_roles(columns: Iterable[str]) -> dict[str, str]:
    """Return which column holds what the guards ask about.

    Parameters
    ----------
    columns : iterable of str
        Names of columns that hold numbers.

    Returns
    -------
    dict of str to str
        Only what was found; of several columns the first.

    Examples
    --------
    >>> find_roles(["CASH_ADVANCE", "CASH_ADVANCE_TRX", "credit limit"])
    {'cash_advance': 'CASH_ADVANCE', 'credit_limit': 'credit limit'}
    """
    found: dict[str, str] = {}
    for column in columns:
        words = frozenset(words_of(column))
        for role, names in _ROLES.items():
            if words in names and role not in found:
                found[role] = column
    return {role: found[role] for role in _ROLES if role in found}


def guards_of(offer: Offer, columns: Iterable[str]) -> tuple[list[Check], list[str]]:
    """Return the guards that hold for an offer, and the names of those that cannot be checked.

    Parameters
    ----------
    offer : Offer
        Only offers of credit are guarded, and not by what they ``allow``.
    columns : iterable of str
        Columns of the project that hold numbers.

    Returns
    -------
    (list of Check, list of str)
        In the order of the guards' names in the documentation.

    Examples
    --------
    >>> loan = Offer(id="loan", kind="credit", allow=["payments"])
    >>> checks, unknown = guards_of(loan, ["BALANCE", "CREDIT_LIMIT"])
    >>> checks[0].sql, unknown
    ('NOT COALESCE("BALANCE" <= 0.5 * "CREDIT_LIMIT", FALSE)', ['cash_advance'])
    """
    if offer.kind != CREDIT:
        return [], []
    roles = find_roles(columns)
    checks, unknown = [], []
    for name in get_args(Guard):
        if name in offer.allow:
            continue
        if set(_NEEDS[name]) <= roles.keys():
            sql = f"NOT COALESCE({_safe(name, roles)}, FALSE)"
            checks.append(Check(name, sql))
        else:
            unknown.append(name)
    return checks, unknown


def _safe(name: str, roles: Mapping[str, str]) -> str:
    """Return SQL that is true for whom nothing speaks against more debt."""
    one, other = (identifier(roles[role]) for role in _NEEDS[name])
    if name == "cash_advance":
        often = roles.get("cash_advance_frequency")
        seldom = f" AND {identifier(often)} < {QUARTER}" if often else ""
        limit = roles.get("credit_limit")
        little = f" AND {one} <= {TENTH} * {identifier(limit)}" if limit else ""
        return f"{one} <= {QUARTER} * {other}{seldom}{little}"
    if name == "utilisation":
        return f"{one} <= {HALF} * {other}"
    return f"{one} >= {other}"
