"""The segment object of the contract, made from a profile and what other stages know.

What is unknown is None, and a sibling ``<field>_reason`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.profiling.describe import strongest
from coterie.profiling.profile import Profile, SegmentProfile

TOP_DRIVERS = 13

_LATER = {
    "stability": "Stability was not measured in this run.",
    "verdict": "The verdict on structure was not worked out in this run.",
    "rule": "No rule was made in this run.",
    "next": "What segments did after this date is not known.",
}


def segment_objects(
    profile: Profile, known: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Return the segments as the contract's objects.

    Parameters
    ----------
    profile : Profile
        Named (``names.name_segments``).
    known : mapping of str to mapping, optional
        By segment id, any of ``stability``, ``verdict``, ``rule``, ``next`` and their
        ``…_reason``, as later stages work them out.

    Returns
    -------
    list of dict
        In the order of the profile: by value falling, or by size.
    """
    return [
        _object(profile, segment, (known or {}).get(segment.id, {})) for segment in profile.segments
    ]


def _object(profile: Profile, segment: SegmentProfile, known: Mapping[str, Any]) -> dict[str, Any]:
    identity, value = segment.identity, segment.value
    ci = [value.low, value.high] if value and value.low is not None else None
    found: dict[str, Any] = {
        "id": identity.id,
        "slot": identity.slot,
        "name": identity.name,
        "name_source": identity.name_source,
        "description": segment.description,
        "n": segment.n,
        "share": segment.share,
        "value_share": value.share if value else None,
        "value_share_ci": ci,
        "stability": None,
        "verdict": None,
        "born_run": identity.born_run,
        "parents": list(identity.parents),
        "status": identity.status,
        "drivers": [
            {
                "feature": c.feature,
                "label": c.label,
                "median": c.median,
                "rest": c.rest,
                "effect": c.effect,
                "p": c.p,
            }
            for c in strongest(profile, segment.contrasts)[:TOP_DRIVERS]
        ],
        "rule": None,
        "next": None,
        "top_products": [
            {"product_id": b.key, "name": b.name, "lift": b.lift, "n": b.n}
            for b in segment.products
        ],
        "suppressed": False,
    }
    if found["value_share"] is None:
        found["value_share_reason"] = found["value_share_ci_reason"] = profile.value_reason
    if identity.born_run is None:
        found["born_run_reason"] = "The segment is not registered yet."
    for field, reason in _LATER.items():
        found[field] = known.get(field)
        if found[field] is None:
            found[f"{field}_reason"] = known.get(f"{field}_reason", reason)
    return found
