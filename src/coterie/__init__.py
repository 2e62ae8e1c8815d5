"""Coterie: customer segments that are proven on later behaviour, explained and stable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coterie.errors import (
    CoterieError,
    DataError,
    MissingExtraError,
    NotReadyError,
    ParameterError,
)

if TYPE_CHECKING:
    from coterie.api import Project, Run, Segmenter, segment

__version__ = "0.1.0"

__all__ = [
    "CoterieError",
    "DataError",
    "MissingExtraError",
    "NotReadyError",
    "ParameterError",
    "Project",
    "Run",
    "Segmenter",
    "__version__",
    "segment",
]


def __getattr__(name: str) -> Any:
    """Load the heavy libraries behind the public names when one is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'coterie' has no attribute {name!r}")
    from coterie import api

    return getattr(api, name)
