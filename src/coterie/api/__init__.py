"""The public names: ``segment`` for one call, ``Project`` and ``Run`` for what lasts."""

from __future__ import annotations

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
