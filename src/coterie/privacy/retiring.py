"""Models in which somebody who was erased can be told: they are fitted anew, and their runs go.

Means of many stay. The centre of a segment of fewer than ten customers says something of each.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.privacy.person import ID, Person
from coterie.privacy.scope import Scope
from coterie.store.revisions import finished
from coterie.store.runs import MANIFEST, read_json

FLOOR = 10
"""Customers behind a centre that may stay."""


def unfit_models(scope: Scope, person: Person) -> set[str]:
    """Return the models of runs whose segment of hers is so small that its centre tells of her."""
    found = set()
    for folder in finished(scope.home.runs):
        placed = pq.read_table(folder / "assignments.parquet", columns=[ID, "segment_id"])
        mine = placed.filter(pc.is_in(placed[ID], pa.array(person.ids)))["segment_id"].to_pylist()
        sizes = [pc.sum(pc.equal(placed["segment_id"], one)).as_py() for one in mine if one]
        if any(size < FLOOR for size in sizes):
            found.add(str(read_json(folder / MANIFEST)["model_id"]))
    return found


def retire(scope: Scope, models: Collection[str]) -> None:
    """Let the next run fit anew, and drop the former runs of such models."""
    if models:
        scope.registry.retire(models)
        drop_retired(scope)


def drop_retired(scope: Scope) -> None:
    """Remove the folders of retired runs."""
    for run_id in scope.registry.retired():
        scope.home.drop(run_id)
