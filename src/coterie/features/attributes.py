"""Which attributes of a customer are clustered by, and which columns say the same twice.

A protected attribute enters only by its line in ``include_protected``; naming it
as a feature is not enough, so that the decision is on record.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError, ParameterError
from coterie.schema import Attribute

Floats = NDArray[np.float64]

LENSES = ("value", "behaviour", "demographic", "geographic", "custom")
GEOGRAPHY = "geography"
NUMERIC_KINDS = frozenset({"number", "ordinal", "flag", "date"})
"""Kinds of attributes that are numbers; all others hold words."""
CORRELATED = 0.95
"""Absolute correlation above which two columns count as one (METHODS 3)."""
LEAST_ROWS = 3
"""Any two columns of two rows correlate perfectly."""
_LEFT_OUT = frozenset({"key", "ignore"})


def attribute_columns(
    attributes: Sequence[Attribute],
    *,
    include_protected: Collection[str] = (),
    features: Collection[str] = (),
    lens: str = "custom",
    outcome: str = "",
) -> tuple[Attribute, ...]:
    """Choose the attributes that enter clustering.

    Keys and ignored columns never do. Columns with one value are left to the
    matrix, which sees the values and says what it dropped.

    Parameters
    ----------
    attributes : sequence of Attribute
        The columns of the customer table in their order.
    include_protected : collection of str
        Names of protected attributes that may be used all the same.
    features : collection of str
        The user's own choice; it takes the place of the lens. Empty: the lens chooses.
    lens : str, default "custom"
        ``value`` and ``behaviour`` take none, because an attribute of today would
        leak into the past; ``geographic`` takes places, ``demographic`` all but
        places, ``custom`` all.
    outcome : str
        The column that the segments should separate; it is not clustered by.

    Returns
    -------
    tuple of Attribute
        In the order of ``features`` if given, else of ``attributes``.

    Raises
    ------
    ParameterError
        If a name is not known, or ``features`` holds a key, an ignored column, the
        outcome, or a protected attribute that ``include_protected`` does not name.

    Examples
    --------
    >>> table = [Attribute("income", "number"), Attribute("age", "number", protected="age"),
    ...          Attribute("region", "category", role="geography")]
    >>> [a.name for a in attribute_columns(table)]
    ['income', 'region']
    >>> [a.name for a in attribute_columns(table, include_protected=["age"], lens="demographic")]
    ['income', 'age']
    """
    if lens not in LENSES:
        raise ParameterError.unknown("lens", lens, LENSES)
    known = {attribute.name: attribute for attribute in attributes}
    for name in include_protected:
        if name not in known:
            raise ParameterError.unknown("include_protected", name, known)
    if features:
        return tuple(
            _asked_for(name, known, include_protected, outcome) for name in dict.fromkeys(features)
        )
    return tuple(
        attribute
        for attribute in attributes
        if attribute.kind not in _LEFT_OUT
        and attribute.name != outcome
        and (not attribute.protected or attribute.name in include_protected)
        and _in_lens(attribute, lens)
    )


def _asked_for(
    name: str, known: dict[str, Attribute], include_protected: Collection[str], outcome: str
) -> Attribute:
    if name not in known:
        raise ParameterError.unknown("features", name, known)
    attribute = known[name]
    if attribute.protected and name not in include_protected:
        raise ParameterError(
            f"{name!r} is a protected attribute: {attribute.protected}.",
            hint=f'To cluster by it, put "{name}" into include_protected under [segmentation].',
            where=name,
        )
    if attribute.kind in _LEFT_OUT or name == outcome:
        what = "the outcome" if name == outcome else f"of kind {attribute.kind!r}"
        raise ParameterError(
            f"{name!r} is {what} and cannot be clustered by.",
            hint="Leave it out of features, or change what is said of it.",
            where=name,
        )
    return attribute


def _in_lens(attribute: Attribute, lens: str) -> bool:
    place = attribute.role == GEOGRAPHY
    return {"custom": True, "geographic": place, "demographic": not place}.get(lens, False)


@dataclass(frozen=True)
class CorrelatedGroup:
    """Columns that say the same: the first is kept, the others are left out."""

    kept: str
    others: tuple[tuple[str, float], ...]
    """(name, correlation with the kept one), in their order."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of the columns that are not kept."""
        return tuple(name for name, _ in self.others)


def correlated_groups(
    matrix: Floats,
    names: Sequence[str],
    *,
    sources: Sequence[str] | None = None,
    threshold: float = CORRELATED,
) -> tuple[CorrelatedGroup, ...]:
    """Group what is correlated so highly that it would outvote the rest.

    The correlation is Pearson's on the transformed matrix, because distances there
    are what the clustering sees: two columns with r near 1 are one axis counted
    twice. Spearman's would also group columns that share only their order, such as
    a capped and an uncapped spend, between which distances differ.

    Everything is compared with the kept columns before it, never along a chain, so
    that each column that is left out is close to the one that stands for it.

    Parameters
    ----------
    matrix : float64 array, shape (n_customers, n_columns)
        The transformed matrix, without gaps.
    names : sequence of str
        Names of its columns.
    sources : sequence of str, optional
        What each column was made from; a category makes several columns. A source
        is left out only if each of its columns is close to one column of the kept
        source. By default every column is its own source.
    threshold : float, default 0.95
        Absolute correlation above which two columns are close, 0 to 1.

    Returns
    -------
    tuple of CorrelatedGroup
        Groups of two and more sources, in the order of the kept ones. Columns
        without spread and matrices under 3 rows have no groups.

    Raises
    ------
    DataError
        If the matrix holds NaN or infinity.
    ParameterError
        If the lengths do not agree or ``threshold`` is outside 0 to 1.

    Examples
    --------
    >>> spend = np.array([1.0, 2.0, 4.0, 8.0])
    >>> matrix = np.column_stack([spend, [3.0, 1.0, 2.0, 1.0], 2 * spend + 1])
    >>> correlated_groups(matrix, ["spend", "visits", "spend in cents"])
    (CorrelatedGroup(kept='spend', others=(('spend in cents', 1.0),)),)
    """
    made_from = list(names if sources is None else sources)
    _check(matrix, names, made_from, threshold)
    if matrix.shape[0] < LEAST_ROWS:
        return ()
    columns: dict[str, list[int]] = {}
    for index, source in enumerate(made_from):
        columns.setdefault(source, []).append(index)
    correlation = _pearson(matrix)
    groups: dict[str, list[tuple[str, float]]] = {}
    for source, mine in columns.items():
        # Who is not near my first column is not near all of mine; thousands need not be asked.
        near = {made_from[i] for i in np.flatnonzero(np.abs(correlation[mine[0]]) > threshold)}
        close = ((k, _weakest(correlation, mine, columns[k])) for k in groups if k in near)
        kept, r = next(((k, r) for k, r in close if abs(r) > threshold), ("", 0.0))
        if kept:
            groups[kept].append((source, round(r, 4)))
        else:
            groups[source] = []
    return tuple(CorrelatedGroup(kept, tuple(rest)) for kept, rest in groups.items() if rest)


def _check(matrix: Floats, names: Sequence[str], sources: Sequence[str], threshold: float) -> None:
    if not 0 <= threshold <= 1:
        raise ParameterError(f"threshold={threshold}.", allowed="It is 0 to 1.")
    if matrix.ndim != 2 or not matrix.shape[1] == len(names) == len(sources):
        raise ParameterError(
            f"A matrix of shape {matrix.shape} came with {len(names)} names and "
            f"{len(sources)} sources.",
            allowed="Each column needs one name and one source.",
        )
    bad = int((~np.isfinite(matrix)).sum())
    if bad:
        raise DataError(f"{bad:,} of {matrix.size:,} values are not finite; fill them first.")


def _pearson(matrix: Floats) -> Floats:
    """Return correlations, 0 for columns without spread.

    They are rounded, because the last bits of a matrix product depend on the threads.
    """
    # A column is divided by its largest value first, so that no square overflows or vanishes.
    size = np.abs(matrix).max(axis=0)
    scaled = matrix / np.where(size > 0, size, 1.0)
    centred = scaled - scaled.mean(axis=0)
    flat = matrix.min(axis=0) == matrix.max(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    unit = np.where(flat | (length == 0), 0.0, centred / np.where(length > 0, length, 1.0))
    return np.asarray(np.clip(np.round(unit.T @ unit, 10), -1.0, 1.0), dtype=np.float64)


def _weakest(correlation: Floats, mine: Sequence[int], theirs: Sequence[int]) -> float:
    """Return, of my columns' best correlations with theirs, the one nearest to 0."""
    block = correlation[np.ix_(mine, theirs)]
    best = block[np.arange(len(mine)), np.abs(block).argmax(axis=1)]
    return float(best[np.abs(best).argmin()])
