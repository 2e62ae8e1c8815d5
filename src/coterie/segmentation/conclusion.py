"""What may be said of the segments that are published, and of each of them.

The candidate was proven on a sample; the published segments are fitted on all customers.
So they are looked at once more, against the same bootstraps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coterie.features.matrix import Matrix
from coterie.segmentation.algorithms import algorithm
from coterie.segmentation.base import Labels, Model, as_groups
from coterie.segmentation.candidates import Selection
from coterie.segmentation.describability import Describability
from coterie.segmentation.evidence import Today
from coterie.segmentation.gates import RELAXED
from coterie.segmentation.proofs import Prover
from coterie.segmentation.stability import Stability
from coterie.segmentation.structure import Structure, evenness
from coterie.segmentation.verdict import stand_in, verdict

LEAST_CUSTOMERS = 50
"""Below this there is nothing to judge: all customers are in one segment."""


def conclude(
    selection: Selection, prover: Prover, today: Today, matrix: Matrix, model: Model
) -> dict[str, Any]:
    """Judge the published segments.

    Parameters
    ----------
    selection : Selection
        How they were chosen.
    prover : Prover
        Who proved the candidates.
    today : Today
        The sampled customers.
    matrix, model : Matrix and Model
        By which everybody is placed.

    Returns
    -------
    dict
        Plain JSON: verdict, continuum, sentences, do_not_read_as, structure, stability,
        described, and for each segment number its stability and how rules tell it. What
        was not looked at is None.
    """
    winner = selection.winner
    if selection.method == "profile":
        return {"verdict": None, "sentences": [], "do_not_read_as": ""}
    if winner is None or winner.reference:
        said = stand_in(model.n_segments).to_dict()
        return said | {"structure": None, "stability": None, "described": None, "segments": []}
    by, asked = algorithm(winner.algorithm), winner.asked
    labels = as_groups(model.assign(matrix.transform(today.frame)))
    back = prover.returning(by, winner.features, asked, labels)
    told = prover.described(winner.features, labels)
    found = prover.structure(by, winner.features, asked, labels)
    return {
        **verdict(found, back).to_dict(),
        "structure": _structure(found, labels),
        "stability": {"S_w": back.weighted, "S_min": back.least, "samples": back.n},
        "described": told.accuracy,
        "segments": _segments(labels, back, told, model.n_segments),
    }


def doubt(said: dict[str, Any]) -> str:
    """Say which gate the published segments miss, if the candidate had passed it; else ""."""
    back = said.get("stability")
    if not back or (back["S_w"] >= RELAXED[0] and back["S_min"] >= RELAXED[1]):
        return ""
    return (
        "Fitted on all customers, a segment comes back less than the gates ask: "
        f"{back['S_w']:.0%} on average, {back['S_min']:.0%} at least."
    )


def _structure(found: Structure, labels: Labels) -> dict[str, Any]:
    return {
        "prediction_strength": found.strength,
        "gap_z": found.gap_z,
        "dip_share": found.dip_share,
        "evenness": evenness(labels),
        "customers": found.n,
    }


def _segments(
    labels: Labels, back: Stability, told: Describability, n_segments: int
) -> list[dict[str, Any]]:
    """Return by number of the segment what is known of it; nothing if the sample misses it."""
    rows: list[dict[str, Any]] = [{} for _ in range(n_segments)]
    seen: Sequence[int] = np.unique(labels).tolist()
    if len(seen) != len(back.segments):
        return rows
    for number, returning, described in zip(seen, back.segments, told.segments, strict=True):
        if number < n_segments:
            rows[number] = {
                "stability": {
                    "mean": returning.mean,
                    "low": returning.low,
                    "high": returning.high,
                },
                "recall": described.recall,
                "precision": described.precision,
            }
    return rows
