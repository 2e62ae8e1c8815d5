"""Answers of other commands as a viewer may see them: what counts a few is unknown.

Coarser than ``disclosure``: what is told of a group goes with its number, so that nothing has
to be known of how an answer is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.privacy.disclosure import FEW, hide_parts

_WHOSE = frozenset({"n", "customers", "treated", "control", "planned", "contacts", "orders"})
"""Numbers of the people, or orders, that an object is about."""
_COUNTS = _WHOSE | {"eligible", "waits", "guarded", "lapsing", "with_habit", "answered"}
"""Numbers of people."""
_KEPT = frozenset({"rank", "slot", "capacity", "days", "horizon_days", "number"})
"""Numbers that tell of nobody."""
_PARTS = frozenset({"without", "guards"})
"""Objects of counts that add up with others."""


def hide_few(data: Any, floor: int) -> Any:
    """Return an answer without what is told of few people.

    Parameters
    ----------
    data : JSON
        Objects whose counts have the usual names.
    floor : int
        Least people.

    Returns
    -------
    JSON
        Counts under the floor are None, with ``reason_hidden`` beside them. If they say of how
        many an object tells, all its other numbers are None, too. Numbers of ``without`` and
        ``guards``, which add up with others, are hidden as parts of a known sum.

    Examples
    --------
    >>> hide_few({"name": "Gold", "n": 7, "spend": 91.0}, 25)["spend"] is None
    True
    >>> hide_few({"n": 300, "lapsing": 3, "spend": 91.0}, 25)["spend"]
    91.0
    """
    if isinstance(data, list | tuple):
        return [hide_few(one, floor) for one in data]
    if not isinstance(data, Mapping):
        return data
    small = {name for name in _COUNTS & data.keys() if _is_few(data[name], floor)}
    gone = set(small)
    if small & _WHOSE:
        gone |= {name for name, one in data.items() if _is_number(one) and name not in _KEPT}
    found = {name: None if name in gone else _part(name, one, floor) for name, one in data.items()}
    return found | ({"reason_hidden": FEW.format(floor=floor)} if gone else {})


def _part(name: str, data: Any, floor: int) -> Any:
    if name in _PARTS and isinstance(data, Mapping):
        known = {one: n for one, n in data.items() if n is not None}
        hidden = dict(zip(known, hide_parts(list(known.values()), floor), strict=True))
        return {one: None if hidden.get(one, True) else n for one, n in data.items()}
    return hide_few(data, floor)


def _is_number(one: Any) -> bool:
    return isinstance(one, int | float) and not isinstance(one, bool)


def _is_few(one: Any, floor: int) -> bool:
    return isinstance(one, int) and not isinstance(one, bool) and one < floor
