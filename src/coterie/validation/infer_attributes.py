"""What to say of the attribute columns of a customer table.

Only what the values alone do not tell is proposed: orders among codes, units and
limits in a name, columns without information. All else is left to the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from coterie.validation.infer_facts import Facts
from coterie.validation.infer_words import tokens
from coterie.validation.proposal import AttributeProposal
from coterie.validation.protected import protected_reason

MAX_LEVELS = 12
_ORDERED = frozenset(
    {
        "education", "level", "tier", "grade", "rank", "class", "size", "band", "satisfaction",
        "likelihood", "agreement", "tenure", "score", "rating", "nps", "stufe", "bildung",
        "niveau", "taille", "nivel", "tamano",
    }
)  # fmt: skip
"""Words in a name by which small whole numbers have an order."""
_CODED = frozenset(
    {
        "occupation", "job", "profession", "region", "segment", "type", "status", "group",
        "department", "beruf", "metier", "profesion",
    }
)  # fmt: skip
"""Words in a name by which small whole numbers are codes without an order."""
_OUTCOMES = frozenset({"churn", "churned", "response", "responded", "converted", "target",
                       "exited", "attrition", "default", "label", "outcome"})  # fmt: skip
_KEYS = frozenset({"email", "emailaddress", "mail", "phone", "phonenumber", "telephone", "mobile",
                   "telefon", "telefono", "loyaltyid", "cardnumber"})  # fmt: skip
_UNIT_WORDS = {"tenure": "months"}
_RANGE = re.compile(r"(-?\d+)\s*(?:-|–|to|bis)\s*(-?\d+)")


def attribute_proposals(columns: Iterable[Facts]) -> tuple[AttributeProposal, ...]:
    """Propose settings or remarks for attribute columns.

    Parameters
    ----------
    columns : iterable of Facts
        The columns that are neither the key nor ``valid_from``, in their order.

    Returns
    -------
    tuple of AttributeProposal
        Only the columns of which there is something to say.
    """
    return tuple(found for facts in columns if (found := _attribute(facts)) is not None)


def outcome_columns(columns: Iterable[Facts]) -> tuple[str, ...]:
    """Return the names of columns that look like something to separate (``Churn``)."""
    return tuple(
        facts.name
        for facts in columns
        if "".join(tokens(facts.name)) in _OUTCOMES and 2 <= facts.distinct <= MAX_LEVELS
    )


def _attribute(facts: Facts) -> AttributeProposal | None:
    name, key = facts.name, "".join(tokens(facts.name))
    if facts.constant:
        why = "every row has the same value" if facts.distinct else "every value is missing"
        return AttributeProposal(name, why, kind="ignore")
    if key in _KEYS:
        return AttributeProposal(name, "an address or number of one person", kind="key")
    if reason := protected_reason(name, facts.levels):
        return AttributeProposal(
            name,
            f"protected, {reason}: left out of clustering unless you include it",
            protected=reason,
        )
    if facts.unique and facts.number < 0.5:
        return AttributeProposal(name, "a different text in every row", "check", kind="ignore")
    if not name or (facts.unique and _is_row_number(facts)):
        return AttributeProposal(name, "it only numbers the rows", "check", kind="ignore")
    return _measured(facts)


def _is_row_number(facts: Facts) -> bool:
    return facts.integer == 1.0 and (facts.high or 0) - (facts.low or 0) == facts.rows - 1


def _measured(facts: Facts) -> AttributeProposal | None:
    """Say what name and values tell of a number: its order, its unit, its limits."""
    bracket = re.search(r"[(\[]([^()\[\]]{1,20})[)\]]\s*$", facts.name)
    inside = bracket.group(1).strip() if bracket else ""
    limits = _RANGE.fullmatch(inside)
    if facts.number < 1.0 or facts.low is None or facts.high is None:
        return None
    if limits:
        low, high = float(limits[1]), float(limits[2])
        if low <= facts.low and facts.high <= high:
            return AttributeProposal(facts.name, "the name gives its limits", min=low, max=high)
    elif inside:
        return AttributeProposal(facts.name, "the name gives its unit", "check", unit=inside)
    return _ordered(facts)


def _ordered(facts: Facts) -> AttributeProposal | None:
    words = set(tokens(facts.name))
    low, high = facts.low or 0.0, facts.high or 0.0
    levels = f"{facts.distinct} whole numbers, {low:.0f} to {high:.0f}"
    whole = facts.integer == 1.0 and 3 <= facts.distinct <= MAX_LEVELS
    if not whole or high - low >= MAX_LEVELS:
        return None
    if words & _ORDERED:
        unit = next((_UNIT_WORDS[w] for w in words if w in _UNIT_WORDS), "")
        why = f"{levels}, and the name speaks of an order"
        why += "; the unit is a guess" if unit else ""
        return AttributeProposal(facts.name, why, "check", kind="ordinal", unit=unit)
    if words & _CODED:
        why = f'{levels}: perhaps codes of groups; then say kind = "category" and give labels'
        return AttributeProposal(facts.name, why, "guess")
    return None
