"""Two segmentations side by side: how far they agree, what each tells, and what differed.

Agreement is told twice: by the ids, and by the adjusted Rand index, which asks only who is
together with whom and so also compares segmentations that share no id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coterie.profiling.crossing import Crossing, crossing
from coterie.profiling.migration import ABSENT, MIGRATION
from coterie.store.results import Run

MEASURES = ("P", "S_w", "S_min", "D")
_NOWHERE = ("none", ABSENT)


@dataclass(frozen=True)
class Comparison:
    """What two runs made of the same customers.

    Parameters
    ----------
    sides : tuple of two mappings
        Of each run: run_id, as_of, model_id, customers, k, algorithm, features, verdict,
        P, ci, S_w, S_min, D; unknown is None.
    overlap : Crossing
        Customers of both runs, by the segment of the one and of the other.
    customers : int
        How many both runs placed in a segment.
    same : float or None
        Share of them who have the same segment id in both.
    ari : float or None
        Adjusted Rand index; None without customers.
    jaccard : mapping of str to float
        For each id of both runs, the overlap of its members.
    changed : tuple of str
        What the runs were given that differs, in words.
    """

    sides: tuple[Mapping[str, Any], Mapping[str, Any]]
    overlap: Crossing
    customers: int
    same: float | None
    ari: float | None
    jaccard: Mapping[str, float]
    changed: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "sides": list(self.sides),
            "customers": self.customers,
            "same": self.same,
            "ari": self.ari,
            "jaccard": dict(self.jaccard),
            "changed": list(self.changed),
            "overlap": self.overlap.to_dict(),
        }


def compare(one: Run, other: Run) -> Comparison:
    """Compare two runs of a project.

    Parameters
    ----------
    one, other : Run
        The earlier is best given first.

    Returns
    -------
    Comparison
        Of the customers that both place in a segment.
    """
    joined = _places(one).join(_places(other), "customer_id", right_suffix="_other")
    pairs = joined.group_by(["segment_id", "segment_id_other"]).aggregate(
        [("customer_id", "count")]
    )
    rows = [
        {
            "from_id": row["segment_id"],
            "via_id": None,
            "to_id": row["segment_id_other"],
            "cause": "stayed",
            "customers": row["customer_id_count"],
        }
        for row in pairs.to_pylist()
        if row["segment_id_other"] is not None
    ]
    order = [*(s["id"] for s in other.segments), *(s["id"] for s in one.segments)]
    found = crossing(pa.Table.from_pylist(rows, schema=MIGRATION), order=list(dict.fromkeys(order)))
    counts, n = found.counts, int(found.counts.sum())
    together = {
        name: int(counts[i, found.columns.index(name)])
        for i, name in enumerate(found.rows)
        if name in found.columns
    }
    jaccard = {}
    for name, shared in together.items():
        union = counts[found.rows.index(name)].sum() + counts[:, found.columns.index(name)].sum()
        jaccard[name] = shared / max(int(union) - shared, 1)
    return Comparison(
        sides=(_side(one), _side(other)),
        overlap=found,
        customers=n,
        same=sum(together.values()) / n if n else None,
        ari=adjusted_rand(counts),
        jaccard=jaccard,
        changed=_changed(one.manifest, other.manifest),
    )


def adjusted_rand(counts: NDArray[np.int64]) -> float | None:
    """Return the adjusted Rand index of a table of customers by two segmentations.

    Parameters
    ----------
    counts : int64 array, shape (n_segments, n_other_segments)
        Customers.

    Returns
    -------
    float or None
        1 if the same customers are together in both, about 0 by chance; None for fewer
        than two customers.

    References
    ----------
    Hubert & Arabie (1985), Comparing partitions.

    Examples
    --------
    >>> adjusted_rand(np.array([[3, 0], [0, 4]]))
    1.0
    >>> round(adjusted_rand(np.array([[1, 1], [1, 1]])), 9)
    -0.5
    """
    n = float(counts.sum())
    if n < 2:
        return None
    both, rows, columns = map(_pairs, (counts, counts.sum(axis=1), counts.sum(axis=0)))
    by_chance = rows * columns / (n * (n - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == by_chance else (both - by_chance) / (most - by_chance)


def _pairs(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1.0) / 2).sum())


def _places(run: Run) -> pa.Table:
    table = run.table("assignments").select(["customer_id", "segment_id"])
    return table.filter(pc.invert(pc.is_in(table.column("segment_id"), pa.array(_NOWHERE))))


def _side(run: Run) -> dict[str, Any]:
    rows: list[dict[str, Any]] = run.table("candidates").to_pylist()
    chosen = next((row for row in rows if row["chosen"]), {})
    return {
        "run_id": run.id,
        "as_of": run.as_of,
        "model_id": run.manifest["model_id"],
        "customers": _places(run).num_rows,
        "k": len(run.segments),
        "verdict": run.choice.get("verdict"),
        **{name: chosen.get(name) for name in ("algorithm", "features", *MEASURES, "ci")},
        **_after_refit(run.changes),
    }


def _after_refit(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return P as it was measured at a routine refit, which makes no candidates of its own."""
    if changes.get("refit") and changes.get("p_new") is not None:
        return {"P": changes["p_new"], "ci": None}
    return {}


def _changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    found = [
        f"{words}: {one[name]} → {other[name]}"
        for name, words in (("as_of", "date"), ("version", "Coterie"), ("model_id", "model"))
        if one.get(name) != other.get(name)
    ]
    if one.get("inputs") != other.get("inputs"):
        found.append("the data")
    before, after = _flat(one.get("settings", {})), _flat(other.get("settings", {}))
    found += [
        f"{name}: {before.get(name)} → {after.get(name)}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return tuple(found)


def _flat(settings: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    """Return nested settings by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{start}{name}.")
        else:
            found[f"{start}{name}"] = value
    return found
