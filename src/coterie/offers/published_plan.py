"""A plan of offers as a viewer may see it: which of its numbers would tell of a few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.privacy.disclosure import FEW, suppress
from coterie.privacy.few import hide_few

_WHOLE = ""
"""Stands for all segments or offers: no id is empty."""
_Key = tuple[str, str, str]


def published_plan(summary: Mapping[str, Any], floor: int) -> dict[str, Any]:
    """Return the summary of a plan without what tells of few customers.

    Parameters
    ----------
    summary : mapping
        ``summary.json`` of a plan, or of a report on offers.
    floor : int
        Least customers.

    Returns
    -------
    dict
        Who is planned, contacted and kept back, by segment and offer, is hidden by the law of
        ``disclosure.suppress`` with all its sums; all else as ``few.hide_few`` does.
    """
    counts, sums = _table(summary)
    hidden = suppress(counts, sums, floor) if counts else frozenset()
    found = dict(summary)
    if counts:
        found["segments"] = [_segment(one, hidden) for one in summary["segments"]]
        found["offers"] = [_offer(one, hidden) for one in summary["offers"]]
        for name in ("planned", "contacts", "control"):
            found[name] = _told(found[name], (name, _WHOLE, _WHOLE), hidden)
    why = {"reason_hidden": FEW.format(floor=floor)} if hidden else {}
    told: dict[str, Any] = hide_few(found, floor)
    return told | why


def _table(
    summary: Mapping[str, Any],
) -> tuple[dict[_Key, int], list[tuple[_Key, list[_Key]]]]:
    """Return all numbers of a plan, and which are sums of which."""
    counts: dict[_Key, int] = {}
    parts: dict[_Key, list[_Key]] = {}
    offers = [one["id"] for one in summary["offers"]]
    for segment in summary.get("segments", ()) if "planned" in summary else ():
        mine = {one["offer_id"]: one for one in segment["offers"]}
        where = str(segment["id"])
        for offer in offers:
            one = mine.get(offer, {"planned": 0, "contacts": 0})
            cells = {"contacts": one["contacts"], "control": one["planned"] - one["contacts"]}
            for name, n in cells.items():
                counts[name, where, offer] = n
                parts.setdefault(("planned", where, offer), []).append((name, where, offer))
                parts.setdefault((name, _WHOLE, offer), []).append((name, where, offer))
                parts.setdefault((name, _WHOLE, _WHOLE), []).append((name, where, offer))
            parts.setdefault(("planned", where, _WHOLE), []).append(("planned", where, offer))
            parts.setdefault(("planned", _WHOLE, offer), []).append(("planned", where, offer))
            parts.setdefault(("planned", _WHOLE, _WHOLE), []).append(("planned", where, offer))
        for why, n in segment["without"].items():
            counts["without", where, why] = n
            parts.setdefault(("n", where, _WHOLE), []).append(("without", where, why))
        parts.setdefault(("n", where, _WHOLE), []).append(("planned", where, _WHOLE))

    def count(key: _Key) -> int:
        return counts[key] if key in counts else sum(count(part) for part in parts[key])

    return counts | {key: count(key) for key in parts}, list(parts.items())


def _told(n: Any, key: _Key, hidden: frozenset[_Key]) -> Any:
    return None if key in hidden else n


def _segment(one: Mapping[str, Any], hidden: frozenset[_Key]) -> dict[str, Any]:
    where = str(one["id"])
    offers = []
    for row in one["offers"]:
        told = {
            name: _told(row[name], (name, where, row["offer_id"]), hidden)
            for name in ("planned", "contacts")
        }
        size = ("n", where, _WHOLE) in hidden
        share = None if told["planned"] is None or size else row["share"]
        offers.append({**row, **told, "share": share})
    without = {why: _told(n, ("without", where, why), hidden) for why, n in one["without"].items()}
    return {
        **one,
        "n": _told(one["n"], ("n", where, _WHOLE), hidden),
        "planned": _told(one["planned"], ("planned", where, _WHOLE), hidden),
        "offers": offers,
        "without": without,
    }


def _offer(one: Mapping[str, Any], hidden: frozenset[_Key]) -> dict[str, Any]:
    names = ("planned", "contacts", "control")
    told = {name: _told(one[name], (name, _WHOLE, str(one["id"])), hidden) for name in names}
    few = None in told.values()
    return {
        **one,
        **told,
        "propensity": None if few else one["propensity"],
        "cost": None if few else one["cost"],
    }
