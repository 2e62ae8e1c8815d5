"""What a run depends on: nothing to do, score by the published model, or fit."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coterie.config import Settings
from coterie.features.windows import to_date
from coterie.segmentation.released import (
    Released,
    load_released,
)
from coterie.store.runs import (
    FORMAT_VERSION,
    hash_of,
)
from coterie.validation.ingest import Ingested

if TYPE_CHECKING:
    from coterie.pipeline.run import Places

Tell = Callable[[str, float, str], None]
"""Told the stage, how much of it is done (0 to 1), and what is being done."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    run_id: str
    folder: Path
    fresh: bool
    """False if the run was there already and nothing had to be done."""


@dataclass(frozen=True)
class Plan:
    """What a run depends on, and what it will be called."""

    run_id: str
    input_hash: str
    settings_hash: str
    as_of: int | None
    parent: Released | None
    parent_run: str | None
    fits: bool
    inputs: Mapping[str, Any]
    segments_given: int
    """Segment ids that were given before."""


def make_plan(
    settings: Settings,
    ingested: Ingested,
    as_of: int | None,
    places: Places,
    *,
    refit: bool,
) -> Plan | Outcome:
    """Decide what to do: nothing, score by the published model, or fit.

    Parameters
    ----------
    settings : Settings
        Of the project.
    ingested : Ingested
        What the sources held.
    as_of : int or None
        Day that ends what may be seen; None without orders.
    places : Places
        Where the runs so far lie, and whether this one is published.
    refit : bool
        Fit even if a published model fits the settings.

    Returns
    -------
    Plan or Outcome
        The outcome of the same run if it was made before.
    """
    registry, home = places.registry, places.home
    inputs = {
        "format_version": FORMAT_VERSION,
        "settings": settings.result_bearing,
        "inputs": ingested.fingerprints,
        "tombstones": list(ingested.tombstones),
        "names": registry.names(),
        "as_of": to_date(as_of).isoformat() if as_of is not None else None,
        "seed": settings.segmentation.seed,
        "version": importlib.metadata.version("coterie"),
    }
    input_hash, settings_hash = hash_of(inputs), hash_of(settings.model_bearing)
    row = home.published(registry)
    fits = refit or row is None or row["settings_hash"] != settings_hash
    if row and not fits:
        same = registry.find(input_hash=input_hash, model_id=row["model_id"])
        if same and home.has_run(same["run_id"]):
            home.keep(same["run_id"])
            if places.publish:
                registry.publish(same)  # the data may be as it was before the last run
            return Outcome(same["run_id"], home.runs / same["run_id"], fresh=False)
    parent_run = row["run_id"] if row else None
    parent = load_released(home.runs / parent_run) if parent_run else None
    given = registry.segments(input_hash, parent_run)
    continued = {"fits": fits, "run": parent_run, "segments": given}
    run_id = "r" + hash_of({"inputs": inputs, "continues": continued})
    return Plan(run_id, input_hash, settings_hash, as_of, parent, parent_run, fits, inputs, given)
