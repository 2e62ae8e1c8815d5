"""How the segments of a run relate to protected attributes, though these were left out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from coterie.features.column import to_floats
from coterie.features.windows import to_day
from coterie.pipeline.known import read_known
from coterie.privacy.disclosure import FLOOR
from coterie.privacy.fairness import ALARM, FOUR_FIFTHS, Audit, audit, banded, parity
from coterie.profiling.publication import floor_of
from coterie.segmentation.released import load_released
from coterie.store.home import Home
from coterie.store.predictions import find_kept
from coterie.store.results import Run

NONE = "This data has no protected attributes; there is nothing to compare."


def fairness(run: Run, *, floor: int = FLOOR, seed: int = 0) -> dict[str, Any]:
    """Compare the make-up of the segments of a run by each protected attribute.

    Parameters
    ----------
    run : Run
        Any.
    floor : int, default 25
        Least customers of a group, and of a number that is told.
    seed : int, default 0
        Of the folds.

    Returns
    -------
    dict
        run_id, as_of, floor, alarm, least_ratio, plan (the newest that was made from the run)
        and ``attributes``: of each name, label, why it is protected, n, unknown, pooled,
        cramers_v, proxy, text, told, cells and offers (who is chosen by the plan, the control
        included); ``note`` where there are none.

    Raises
    ------
    NotReadyError
        If the customer table of the run is gone.
    """
    released = load_released(run.folder)
    wanted = {a.name: a for a in released.attributes if a.protected}
    plan = find_kept(Home(run.folder.parents[2]), "offers", run=run.id)
    found, chosen = [], {}
    if wanted:
        data = run.folder.parents[1] / "data" / str(run.manifest.get("data", ""))
        day = to_day(date.fromisoformat(run.as_of)) if run.as_of else None
        frame = read_known(run.folder, data, tuple(wanted), day)
        placed = dict(zip(*(run.table("assignments")[c].to_pylist() for c in _PLACED), strict=True))
        segments = [placed[one] for one in frame["customer_id"].to_pylist()]
        if plan is not None:
            chosen = _chosen(plan, frame["customer_id"])
        for name, attribute in wanted.items():
            labels = dict(attribute.labels)
            groups = [
                None if value is None else str(labels.get(value, value))
                for value in _groups(frame[name])
            ]
            made = audit(name, groups, segments, floor=floor, seed=seed)
            if made is not None:
                why = {"label": attribute.label or name, "protected": attribute.protected}
                rates = [
                    asdict(one)
                    for offer, who in chosen.items()
                    if (one := parity(offer, groups, who, floor=floor, seed=seed)) is not None
                ]
                said = {"text": _said(made, attribute.label or name), "offers": rates}
                found.append({**asdict(made), **why, **said})
    return {
        "run_id": run.id,
        "as_of": run.as_of,
        "floor": floor,
        "alarm": ALARM,
        "least_ratio": FOUR_FIFTHS,
        "plan": plan.name if plan else None,
        "attributes": found,
        "note": "" if found else NONE,
    }


class Fair(Run):
    """The part of a run that compares groups of customers.

    Parameters
    ----------
    folder : Path
        A run folder; its files are checked against their hashes.
    names : mapping of str to str, optional
        Segment id to the name that a user gave it, perhaps after the run.
    """

    def fairness(self) -> dict[str, Any]:
        """Return whether segments stand in for protected attributes, as ``fairness`` finds it."""
        return fairness(self, floor=floor_of(self.manifest), seed=int(self.manifest["seed"]))


_PLACED = ("customer_id", "segment_id")


def _chosen(plan: Path, customers: pa.ChunkedArray) -> dict[str, NDArray[np.bool_]]:
    """Return for each offer of a plan who was chosen."""
    table = pq.read_table(plan / "plan.parquet", columns=["customer_id", "offer_id"])
    found = {}
    for offer in sorted(set(table["offer_id"].to_pylist())):
        mine = table.filter(pc.equal(table["offer_id"], offer))["customer_id"]
        found[offer] = pc.is_in(customers, mine.combine_chunks()).to_numpy()
    return found


def _groups(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_floating(column.type) and len(column.unique()) > _MANY:
        return banded(to_floats(column))
    if pa.types.is_floating(column.type):
        return [None if v is None or v != v else f"{v:g}" for v in column.to_pylist()]
    return list(column.to_pylist())


_MANY = 10
"""Different numbers above which they are cut into bands."""


def _said(made: Audit, label: str) -> str:
    best = made.told[0]
    if made.proxy:
        return (
            f"Segments may stand in for {label}: by the segment alone, who is {best.group} is "
            f"told from the others {100 * best.auc:.0f} in 100 times (50 is chance)."
        )
    return (
        f"Segments hardly tell {label}: who is {best.group} is told from the others "
        f"{100 * best.auc:.0f} in 100 times (50 is chance)."
    )
