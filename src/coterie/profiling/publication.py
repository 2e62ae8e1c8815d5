"""Segments as they may leave: what would tell of few people is unknown, with the reason.

A run folder stays whole; these are copies. Names stay: they say what a group is called and not
how large it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.privacy.disclosure import (
    DIFFERENCE,
    DOMINATED,
    FEW,
    FLOOR,
    dominated,
    hide_money,
    suppress,
)
from coterie.profiling.format import without_shares
from coterie.store.results import Run

_ALL = ""
"""Key of the sum of all: no id of a segment."""
_FIGURES = ("n", "share", "value_share", "value_share_ci", "stability", "rule", "next")
_MONEY = ("value_share", "value_share_ci")
_SIZES = ("n", "share")


def floor_of(manifest: Mapping[str, Any]) -> int:
    """Return the floor with which a run was made.

    Examples
    --------
    >>> floor_of({"settings": {}}), floor_of({"settings": {"privacy": {"floor": 50}}})
    (25, 50)
    """
    return int(manifest.get("settings", {}).get("privacy", {}).get("floor", FLOOR))


def few(floor: int) -> str:
    """Say why a number is hidden."""
    return FEW.format(floor=floor)


@dataclass(frozen=True)
class Hiding:
    """What of the segments is hidden, by their ids.

    Parameters
    ----------
    floor : int
        Least customers.
    none : frozenset of str
        Of these nothing is told but the name.
    sizes : frozenset of str
        How many these are, ``none`` among them.
    money : frozenset of str
        What these have spent.
    changed : frozenset of str
        Sums over these: so few came or went since another run was shown that the difference
        would tell of them.
    whole : bool
        How many all are.
    """

    floor: int = FLOOR
    none: frozenset[str] = frozenset()
    sizes: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    whole: bool = False

    @property
    def why(self) -> str:
        """Why numbers of customers are hidden."""
        return few(self.floor)

    @property
    def since(self) -> str:
        """Why sums of segments that hardly changed are hidden."""
        return DIFFERENCE.format(floor=self.floor)


def find_hiding(
    sizes: Mapping[str, int],
    shares: Mapping[str, float],
    floor: int = FLOOR,
    *,
    dominated_ids: Collection[str] = (),
    changed: Collection[str] = (),
) -> Hiding:
    """Return what must be hidden of segments.

    Parameters
    ----------
    sizes : mapping of str to int
        Segment id to customers.
    shares : mapping of str to float
        Segment id to share of value; those unknown are left out.
    floor : int, default 25
        Of a segment of fewer customers nothing is told; the size of another is hidden with it.
    dominated_ids : collection of str, optional
        Segments of whose money one or two customers have most.
    changed : collection of str, optional
        Segments of which no sum may be told, such as those of ``changed_since``.

    Returns
    -------
    Hiding
        Sizes that are told, and their sum, tell of none that is hidden.

    Examples
    --------
    >>> sorted(find_hiding({"a": 300, "b": 40, "c": 7}, {}).sizes)
    ['b', 'c']
    """
    none = {name for name, n in sizes.items() if n < floor}
    hidden = suppress({**sizes, _ALL: sum(sizes.values())}, [(_ALL, tuple(sizes))], floor)
    must = [name in none or name in dominated_ids or name in changed for name in shares]
    poor = hide_money(list(shares.values()), must)
    return Hiding(
        floor,
        frozenset(none),
        frozenset(hidden - {_ALL}),
        frozenset(name for name, hides in zip(shares, poor, strict=True) if hides),
        frozenset(changed),
        _ALL in hidden,
    )


def published_segments(run: Run, *, changed: Collection[str] = ()) -> list[dict[str, Any]]:
    """Return the segments of a run as they may leave.

    Parameters
    ----------
    run : Run
        Any.
    changed : collection of str, optional
        Ids of segments of which no sum may be told (``changed_since``).

    Returns
    -------
    list of dict
        As ``hide_segments`` gives them.
    """
    return hide_segments(run.segments, hiding_of(run, changed=changed))


def hiding_of(run: Run, *, changed: Collection[str] = ()) -> Hiding:
    """Return what must be hidden of the segments of a run, as ``find_hiding`` finds it."""
    segments = run.segments
    shares = {
        s["id"]: float(s["value_share"]) for s in segments if s.get("value_share") is not None
    }
    return find_hiding(
        {str(segment["id"]): int(segment["n"]) for segment in segments},
        shares,
        floor_of(run.manifest),
        dominated_ids=_dominated(run) if shares else (),
        changed=changed,
    )


def hidden_sizes(segments: Sequence[Mapping[str, Any]], floor: int) -> Hiding:
    """Return what must be hidden of the sizes of segments alone."""
    return find_hiding({str(one["id"]): int(one["n"]) for one in segments}, {}, floor)


def changed_since(run: Run, shown: Mapping[str, Collection[str]], runs: Sequence[Run]) -> set[str]:
    """Return the segments of which both a run and one shown before would tell of a few.

    Parameters
    ----------
    run : Run
        About to be shown.
    shown : mapping of str to collection of str
        Run id to the segments whose sums were shown.
    runs : sequence of Run
        Those of them that are still there.

    Returns
    -------
    set of str
        Segments that fewer customers than the floor, but some, are in by one of the two alone.
    """
    floor = floor_of(run.manifest)
    found: set[str] = set()
    for other in runs:
        if other.id != run.id:
            apart = differences(run.table("assignments"), other.table("assignments"))
            few_of = {name for name, n in apart.items() if n < floor}
            found |= few_of & set(shown.get(other.id, ()))
    return found - set(shown.get(run.id, ()))


def differences(one: pa.Table, other: pa.Table) -> dict[str, int]:
    """Return how many customers are in each segment by one of two assignments alone.

    Parameters
    ----------
    one, other : pyarrow.Table
        customer_id and segment_id.

    Returns
    -------
    dict of str to int
        Segments of the same customers are left out.

    Examples
    --------
    >>> then = pa.table({"customer_id": ["1", "2"], "segment_id": ["a", "b"]})
    >>> now = pa.table({"customer_id": ["1", "2"], "segment_id": ["a", "c"]})
    >>> differences(then, now)
    {'b': 1, 'c': 1}
    """
    pair = ["customer_id", "segment_id"]
    both = pa.concat_tables([one.select(pair), other.select(pair)])
    counts = both.group_by(pair).aggregate([([], "count_all")])
    apart = counts.filter(pc.equal(counts["count_all"], 1))
    found = apart.group_by("segment_id").aggregate([([], "count_all")]).to_pylist()
    return {row["segment_id"]: row["count_all"] for row in sorted(found, key=str)}


def _dominated(run: Run) -> frozenset[str]:
    features = run.table("features")
    if "monetary" not in features.column_names:
        return frozenset()
    placed = run.table("assignments").select(["customer_id", "segment_id"])
    money = features.select(["customer_id", "monetary"]).filter(pc.is_valid(features["monetary"]))
    both = placed.join(money, "customer_id", join_type="inner")
    return dominated_groups(both["segment_id"], both["monetary"])


def dominated_groups(groups: pa.ChunkedArray, money: pa.ChunkedArray) -> frozenset[str]:
    """Return the groups of whose money one or two customers have most.

    Parameters
    ----------
    groups : pyarrow array of str, shape (n_customers,)
        Group of each customer.
    money : pyarrow array of float, shape (n_customers,)
        Her money.

    Returns
    -------
    frozenset of str
        See ``disclosure.dominated``.

    Examples
    --------
    >>> of, spent = pa.chunked_array([["a", "a", "b", "b"]]), pa.chunked_array([[9.0, 1.0, 2, 2]])
    >>> sorted(dominated_groups(of, spent))
    ['a', 'b']
    """
    table = pa.table({"group": groups, "money": money})
    order = pc.sort_indices(table, sort_keys=[("group", "ascending"), ("money", "descending")])
    table = table.take(order)
    named = table["group"].to_numpy()
    amounts = np.nan_to_num(table["money"].to_numpy().astype(np.float64))
    if not len(named):
        return frozenset()
    starts = np.flatnonzero(np.append(True, named[1:] != named[:-1]))
    found = []
    for start, part in zip(starts, np.split(amounts, starts[1:]), strict=True):
        whole = float(part.sum())
        most = (part[0] / whole, part[:2].sum() / whole) if whole > 0 else (None, None)
        if dominated(*most):
            found.append(str(named[start]))
    return frozenset(found)


def hide_segments(segments: Sequence[Mapping[str, Any]], hiding: Hiding) -> list[dict[str, Any]]:
    """Return the contract's segments without what is hidden.

    Parameters
    ----------
    segments : sequence of mapping
        As ``segments.json`` has them.
    hiding : Hiding
        What must not be told.

    Returns
    -------
    list of dict
        In the same order; ``suppressed`` where a figure of the segment is None for it.
    """
    told = _told_buyers(segments, hiding.floor)
    return [_published(segment, hiding, told) for segment in segments]


def _published(segment: Mapping[str, Any], hiding: Hiding, told: Collection[str]) -> dict[str, Any]:
    found, name, why = dict(segment), segment["id"], hiding.why
    if name in hiding.none:
        found |= _unknown([one for one in _FIGURES if one in segment], why)
        found |= {"drivers": [], "drivers_reason": why, "top_products": []}
        return found | {"description": why, "suppressed": True}
    if name in hiding.sizes:
        found |= _unknown(_SIZES, why)
    if name in hiding.money:
        found |= _unknown(_MONEY, DOMINATED)
    if name in hiding.changed:
        found |= _unknown([one for one in (*_MONEY, "next") if one in segment], hiding.since)
    if name in hiding.sizes | hiding.money | hiding.changed:
        found |= {"description": without_shares(segment["description"]), "suppressed": True}
    found["top_products"] = [
        item
        if item["product_id"] in told and name not in hiding.sizes | hiding.changed
        else {**item, **_unknown(["n"], why), "lift": round(item["lift"], 1)}
        for item in segment.get("top_products") or ()
    ]
    return found


def _unknown(names: Sequence[str], why: str) -> dict[str, Any]:
    return dict.fromkeys(names) | {f"{name}_reason": why for name in names}


def _told_buyers(segments: Sequence[Mapping[str, Any]], floor: int) -> set[str]:
    """Return the products whose buyers may be counted in all segments that list them.

    Who knows the buyers and their lift in one segment knows those in all.
    """
    customers = sum(int(segment["n"]) for segment in segments)
    buyers: dict[str, dict[str, int]] = {}
    whole: dict[str, int] = {}
    for segment in segments:
        for item in segment.get("top_products") or ():
            buyers.setdefault(item["product_id"], {})[segment["id"]] = item["n"]
            all_buyers = item["n"] * customers / (segment["n"] * item["lift"])
            whole[item["product_id"]] = round(all_buyers)
    return {
        product
        for product, mine in buyers.items()
        if min([*mine.values(), whole[product] - sum(mine.values())]) >= floor
    }
