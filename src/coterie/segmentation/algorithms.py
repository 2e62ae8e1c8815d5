"""Every algorithm and every kind of model by name: ours and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from coterie import plugins
from coterie.errors import DataError, ParameterError
from coterie.segmentation.base import BUILT_IN, GROUP, Algorithm, Model
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.rules import RulesModel

_WITHOUT_ALGORITHM: tuple[type[Model], ...] = (RfmGridModel, RulesModel)
"""Models that nothing in the list of algorithms finds: they are written, not learned."""


def algorithm(name: str) -> Algorithm:
    """Return the algorithm of this name.

    Parameters
    ----------
    name : str
        As ``coterie algorithms`` lists it.

    Returns
    -------
    Algorithm
        Ready to fit.

    Raises
    ------
    ParameterError
        If the name is not known, or the package that has it is broken.
    MissingExtraError
        If it needs an extra that is not installed.

    Examples
    --------
    >>> algorithm("ward").traits.suits
    'groups within groups, of similar spread'
    """
    made: Any = plugins.load("algorithm", name, GROUP, BUILT_IN)()
    lacks = [part for part in ("name", "traits", "models", "fit") if not hasattr(made, part)]
    if lacks or made.name != name:
        said = f"lacks {', '.join(lacks)}" if lacks else f"calls itself {made.name!r}"
        raise ParameterError(
            f"The algorithm {name!r} does not keep the contract: it {said}.",
            hint="Its author can check it with coterie.testing.check_algorithm.",
            where="algorithm",
        )
    return cast("Algorithm", made)


def names() -> tuple[str, ...]:
    """Return the names of all algorithms: ours in order of the list, then plug-ins.

    Examples
    --------
    >>> names()[0]
    'kmeans'
    """
    return tuple(plugins.known(GROUP, BUILT_IN))


def model_from_dict(data: Mapping[str, Any]) -> Model:
    """Return the model of any kind that ``to_dict`` wrote.

    Parameters
    ----------
    data : mapping
        Plain JSON with its ``kind``.

    Returns
    -------
    Model
        Ready to place customers. Plug-ins are asked only for kinds that are not ours.

    Raises
    ------
    DataError
        If no kind of model has this name.

    Examples
    --------
    >>> model_from_dict({"kind": "kmeans", "centroids": [[0.0]]}).n_segments
    1
    """
    kind = str(data["kind"])
    for model in _WITHOUT_ALGORITHM:
        if model.kind == kind:
            return model.from_dict(data)
    for name in (*BUILT_IN, *(name for name in names() if name not in BUILT_IN)):
        for model in algorithm(name).models:
            if model.kind == kind:
                return model.from_dict(data)
    raise DataError(
        f"The model is of kind {kind!r}, which nothing here can read.",
        hint="Install the package that brought its algorithm, or a newer version.",
    )
