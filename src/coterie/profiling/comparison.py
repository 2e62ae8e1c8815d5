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

from coterie.privacy.disclosure import suppress
from coterie.profiling.crossing import Crossing, crossing
from coterie.profiling.migration import ABSENT, MIGRATION
from coterie.profiling.publication import few, find_hiding
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
    sizes : tuple of two mappings
        Of each run the customers of its segments.
    """

    sides: tuple[Mapping[str, Any], Mapping[str, Any]]
    overlap: Crossing
    customers: int
    same: float | None
    ari: float | None
    jaccard: Mapping[str, float]
    changed: tuple[str, ...]
    sizes: tuple[Mapping[str, int], Mapping[str, int]]

    def to_dict(self, floor: int | None = None) -> dict[str, Any]:
        """Return it as JSON.

        Parameters
        ----------
        floor : int, optional
            Least customers of a number that may leave; others are None, and with them what
            would tell them. None: all is told.

        Returns
        -------
        dict
            sides, customers, same, ari, jaccard, changed, overlap, and ``suppressed``, with
            ``hidden_reason``.
        """
        told = _Told(self, floor)
        return {
            "sides": [{**side, "customers": told.number(side["customers"])} for side in self.sides],
            "customers": told.whole,
            "same": self.same if "same" not in told.hidden else None,
            "ari": told.ari,
            "jaccard": {name: told.jaccard(name) for name in self.jaccard},
            "changed": list(self.changed),
            "overlap": told.overlap,
            "suppressed": bool(told.hidden),
            **({"hidden_reason": few(floor)} if told.hidden and floor else {}),
        }


class _Told:
    """What may be told of a comparison: the overlap, its sums, and who has the same segment."""

    def __init__(self, found: Comparison, floor: int | None) -> None:
        self._found, self._floor = found, floor
        self.hidden: frozenset[Any] = frozenset() if floor is None else self._hide(floor)

    def _hide(self, floor: int) -> frozenset[Any]:
        overlap = self._found.overlap
        cells = {
            (a, b): int(n)
            for a, line in zip(overlap.rows, overlap.counts, strict=True)
            for b, n in zip(overlap.columns, line, strict=True)
        }
        sums: dict[Any, list[Any]] = {"all": list(cells)}
        for a, b in cells:
            sums.setdefault(("row", a), []).append((a, b))
            sums.setdefault(("column", b), []).append((a, b))
            sums.setdefault("same" if a == b else "moved", []).append((a, b))
        counts: dict[Any, int] = dict(cells)
        counts |= {key: sum(cells[part] for part in parts) for key, parts in sums.items()}
        told = []
        for kind, sizes in zip(("row", "column"), self._found.sizes, strict=True):
            known = {name: n for name, n in sizes.items() if (kind, name) in sums}
            hiding = find_hiding(known, {}, floor)
            for name, n in known.items():  # who is in one run alone follows from its size
                counts["size", kind, name] = n
                counts["alone", kind, name] = n - counts[kind, name]
                sums["size", kind, name] = [(kind, name), ("alone", kind, name)]
                told += [("size", kind, name)] if name not in hiding.sizes else []
        return suppress(counts, list(sums.items()), floor, said=told)

    def number(self, n: int) -> int | None:
        """Return a number of customers, if it is not small."""
        return n if self._floor is None or n >= self._floor else None

    @property
    def whole(self) -> int | None:
        """Customers in both."""
        return None if "all" in self.hidden else self._found.customers

    @property
    def ari(self) -> float | None:
        """The Rand index: to two digits of many customers, or it would tell what is hidden."""
        found = self._found
        if not self.hidden or self._floor is None or found.ari is None:
            return found.ari
        return round(found.ari, 2) if found.customers >= 100 * self._floor else None

    def jaccard(self, name: str) -> float | None:
        """Return the overlap of members, if cell and sums of it are told."""
        keys = {(name, name), ("row", name), ("column", name)}
        return None if keys & self.hidden else self._found.jaccard[name]

    @property
    def overlap(self) -> dict[str, Any]:
        """The matrix as JSON."""
        matrix = self._found.overlap
        cells = [[(a, b) in self.hidden for b in matrix.columns] for a in matrix.rows]
        rows = np.array([("row", a) in self.hidden for a in matrix.rows], bool)
        return matrix.to_dict(np.array(cells, bool).reshape(matrix.counts.shape), rows)


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
        sizes=(_sizes(one), _sizes(other)),
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


def _sizes(run: Run) -> dict[str, int]:
    return {str(segment["id"]): int(segment["n"]) for segment in run.segments}


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
