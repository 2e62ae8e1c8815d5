"""What is known: the features of a project, and the ways to find segments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coterie.errors import NotReadyError
from coterie.features.catalogue import BOOSTED, CLV, Catalogue, Feature
from coterie.features.level1 import Rules
from coterie.features.measures import StateSpec
from coterie.segmentation.algorithms import described
from coterie.segmentation.released import published

_FITTED = {
    CLV.name: "BG/NBD x Gamma-Gamma, fitted",
    BOOSTED.name: "geometric mean of clv and boosted trees, fitted",
}


def list_features(folder: str | Path = ".") -> list[dict[str, str]]:
    """Return name, label, unit and definition of every feature of a project's published run.

    Without a run, the catalogue that every project with orders has.
    """
    try:
        released = published(Path(folder))
    except NotReadyError:
        plain = Catalogue.build(StateSpec(Rules())).features
        return [_feature_row(feature) for feature in (*plain, CLV)]
    if released.features is not None:
        return [_feature_row(feature) for feature in released.features.features]
    return [
        {"name": a.name, "label": a.label or a.name, "unit": a.unit, "expr": f"column ({a.kind})"}
        for a in released.attributes
    ]


def _feature_row(feature: Feature) -> dict[str, str]:
    expr = feature.expr or _FITTED[feature.name]
    return {"name": feature.name, "label": feature.label, "unit": feature.unit, "expr": expr}


def list_algorithms() -> list[dict[str, Any]]:
    """Return what to know of every way to find segments, a row each."""
    return described()
