"""Every algorithm and every kind of model by name: ours and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from coterie import plugins
from coterie.errors import CoterieError, DataError, ParameterError
from coterie.segmentation.base import BUILT_IN, GROUP, Algorithm, Model, Traits
from coterie.segmentation.grid import RfmGridModel
from coterie.segmentation.rules import Rules, RulesModel

_WITHOUT_ALGORITHM: tuple[type[Model], ...] = (RfmGridModel, RulesModel)
"""Models that nothing in the list of algorithms finds: they are written, not learned."""
_CELLS = "Every combination of the three scores; a reference."
_BESIDE = (
    (Rules.name, Rules.__doc__ or "", Rules.traits),
    ("rfm-grid", RfmGridModel.__doc__ or "", Traits("comparison: what is popular", sql=True)),
    ("rfm-cells", _CELLS, Traits("comparison: as fine as scores can be")),
)


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


def to_try(
    asked: str | Sequence[str], *, one_k: bool, timeline: bool, words: bool
) -> list[Algorithm]:
    """Return the algorithms of a search, the one whose elbow is shown first.

    Parameters
    ----------
    asked : str or sequence of str
        ``auto``, a name, or several.
    one_k : bool
        Whether the user fixed the number of segments.
    timeline : bool
        Whether later behaviour decides. Else a table without dates is clustered once for
        every feature left out, and fewer algorithms are tried.
    words : bool
        Whether categories are clustered by.

    Returns
    -------
    list of Algorithm
        For ``auto`` k-means; beside it a Gaussian mixture where k is
        open and there is a timeline, and latent classes where there are categories.

    Examples
    --------
    >>> [one.name for one in to_try("auto", one_k=False, timeline=True, words=False)]
    ['kmeans', 'gaussian-mixture']
    """
    if asked != "auto":
        return [algorithm(name) for name in ([asked] if isinstance(asked, str) else asked)]
    beside = ["gaussian-mixture"] if timeline and not one_k else []
    if words:
        beside.append("latent-class")
    return [algorithm(name) for name in ("kmeans", *beside)]


def names() -> tuple[str, ...]:
    """Return the names of all algorithms: ours in order of the list, then plug-ins.

    Examples
    --------
    >>> names()[0]
    'kmeans'
    """
    return tuple(plugins.known(GROUP, BUILT_IN))


def described() -> list[dict[str, Any]]:
    """Return what to know of every algorithm, ours and those that only stand beside.

    Returns
    -------
    list of dict
        ``name``, ``meaning``, ``suits``, whether its models are ``soft``, have ``sql`` and
        know ``noise``, and the ``extra`` it needs. A plug-in that cannot be loaded says why.

    Examples
    --------
    >>> described()[0]["name"], described()[-1]["name"]
    ('kmeans', 'rfm-cells')
    """
    rows = []
    for name in names():
        try:
            made = algorithm(name)
            rows.append(_row(name, type(made).__doc__ or "", made.traits))
        except CoterieError as error:
            rows.append(_row(name, "", Traits(str(error))))
    return rows + [_row(name, meaning, traits) for name, meaning, traits in _BESIDE]


def _row(name: str, meaning: str, traits: Traits) -> dict[str, Any]:
    said = {**asdict(traits), "name": name, "meaning": meaning.partition("\n")[0]}
    return {key: said[key] for key in ("name", "meaning", "suits", "soft", "sql", "noise", "extra")}


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
