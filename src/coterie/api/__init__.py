"""The public names: ``segment`` for one call, ``Project`` and ``Run`` for what lasts.

What a name needs is loaded when the name is first used: scikit-learn, SciPy's statistics and
Altair take seconds, so the functions of the package import them where they use them, and a
run loads them all while it reads (``pipeline.run``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coterie.api.lists import list_algorithms, list_features
    from coterie.api.project import Project
    from coterie.api.segmenting import inspect, segment
    from coterie.pipeline.explained import Run
    from coterie.segmentation.estimator import Segmenter

__all__ = [
    "Project",
    "Run",
    "Segmenter",
    "inspect",
    "list_algorithms",
    "list_features",
    "segment",
]

_HOMES = {
    "Project": "coterie.api.project",
    "Run": "coterie.pipeline.explained",
    "Segmenter": "coterie.segmentation.estimator",
    "inspect": "coterie.api.segmenting",
    "list_algorithms": "coterie.api.lists",
    "list_features": "coterie.api.lists",
    "segment": "coterie.api.segmenting",
}


def __getattr__(name: str) -> Any:
    """Load what a public name needs when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'coterie.api' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
