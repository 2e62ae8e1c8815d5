"""What written rules ask about, checked; little is loaded for it, so that a typo is told at once.

What the values of the data decide (a feature for each category) is taken on trust at first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from coterie.engine.condition import check_condition
from coterie.features.attributes import NUMERIC_KINDS, attribute_columns
from coterie.features.catalogue import BOOSTED, CLV, Feature, builtin_features
from coterie.features.level1 import Rules
from coterie.features.measures import StateSpec
from coterie.schema import Attribute
from coterie.segmentation.base import SegmentationParams

_OF_VALUES = r"\b(?:(?:category|channel)_(?:entropy|share__\w+)|events__\w+|\w+_to_\w+)\b"
"""Names of features that only the values of the data tell."""


def check_names(
    params: SegmentationParams, own: Sequence[Feature], attributes: Sequence[Attribute]
) -> None:
    """Tell what rules cannot ask about before anything is measured.

    Parameters
    ----------
    params : SegmentationParams
        With rules.
    own : sequence of Feature
        The project's own features.
    attributes : sequence of Attribute
        The columns of the customer table.

    Raises
    ------
    ParameterError
        As ``read_rules``.
    """
    known = [f.name for f in (*builtin_features(StateSpec(Rules())), CLV, BOOSTED, *own)]
    known += re.findall(_OF_VALUES, " ".join(rule.where for rule in params.rules))
    read_rules(params, attributes, known)


def read_rules(
    params: SegmentationParams, attributes: Sequence[Attribute], features: Collection[str]
) -> list[tuple[str, frozenset[str]]]:
    """Check the conditions of written rules.

    Parameters
    ----------
    params : SegmentationParams
        With rules.
    attributes : sequence of Attribute
        The columns of the customer table.
    features : collection of str
        Names of the features; they go before attributes of the same name.

    Returns
    -------
    list of (str, frozenset of str)
        Each condition as portable SQL, and the columns that hold words.

    Raises
    ------
    ParameterError
        If a rule asks about a column that there is not, about words as if they were numbers, or
        about a protected attribute that ``include_protected`` does not name.
    """
    kinds = {
        a.name: a.kind
        for a in attributes
        if a.kind not in {"key", "ignore"} and a.name not in features
    }
    words = frozenset(name for name, kind in kinds.items() if kind not in NUMERIC_KINDS)
    numbers = sorted({*features, *kinds} - words)
    conditions = []
    for rule in params.rules:
        if not rule.where.strip():
            continue
        where = f"rule {rule.name!r}"
        known: dict[str, dict[str, str]] = {name: {} for name in sorted(words)}
        condition, asked = check_condition(rule.where, numbers, known, where=where)
        taken = [name for name in asked if name in kinds]
        if taken:
            attribute_columns(
                attributes, include_protected=params.include_protected, features=taken
            )
        conditions.append((condition, words))
    return conditions
