"""Segments by rules that the user wrote: nothing is searched for, only measured.

Where history allows it, the rules are put to customers as they were before the time held
back, so that the report can say how much of later behaviour they tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import check_expression, identifier
from coterie.errors import ParameterError
from coterie.features.asof import FeatureModel
from coterie.features.attributes import attribute_columns
from coterie.features.column import HIT, UNBOUNDED, Column
from coterie.features.lenses import NUMERIC_KINDS
from coterie.features.matrix import Matrix
from coterie.pipeline.plan import Plan
from coterie.schema import Attribute
from coterie.segmentation.base import BY_HAND, SegmentationParams
from coterie.segmentation.candidates import Candidate, Reference, Selection
from coterie.segmentation.evidence import Past, judge_later
from coterie.segmentation.placing import labels_of, make_frame
from coterie.segmentation.released import Released, identify
from coterie.segmentation.rules import RulesModel
from coterie.segmentation.select import judge_given
from coterie.segmentation.verdict import by_hand
from coterie.segmentation.wishes import names_of

_TITLE = "rules of the settings"


@dataclass(frozen=True)
class Known:
    """What was measured before rules are put to customers.

    Parameters
    ----------
    model : FeatureModel or None
        The features of a project with orders.
    attributes : sequence of Attribute
        The columns of the customer table.
    past : tuple of Past, or str
        The customers as they were before the time held back, or why there are none.
    parent : Released or None
        The published segmentation, with its labels kept.
    """

    model: FeatureModel | None
    attributes: Sequence[Attribute]
    past: tuple[Past, ...] | str
    parent: Released | None


def place_by_rules(
    db: DuckDB, params: SegmentationParams, known: Known, plan: Plan
) -> tuple[Released, Selection]:
    """Make the segments that the settings describe.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` as of today; gets ``frame``.
    params : SegmentationParams
        With rules.
    known : Known
        What was measured.
    plan : Plan
        Of the run.

    Returns
    -------
    (Released, Selection)
        Its segments have the names of the rules, and the selection a single winner. The note
        names the rules that nobody meets.

    Raises
    ------
    ParameterError
        If a rule asks about a feature that there is not, about words, or about a protected
        attribute that ``include_protected`` does not name.
    """
    matrix, model = write_rules(params, known)
    found = _measured(db, matrix, model, known.past, params.seed)
    make_frame(db, matrix)
    there = np.bincount(labels_of(db, matrix, model), minlength=model.n_segments)
    names = names_of(params.rules)
    empty = [name for name, n in zip(names[:-1], there, strict=False) if not n]
    note = " ".join(
        f"Nobody is in {name!r}: no customer meets its rule without meeting one before it."
        for name in empty
    )
    parts: dict[str, Any] = {
        "structure": None,
        "stability": None,
        "described": None,
        "segments": [],
    }
    released = Released(
        "m" + plan.run_id[1:],
        plan.settings_hash,
        "custom",
        _TITLE,
        known.model,
        matrix,
        model,
        choice=found.summary(note) | by_hand().to_dict() | parts,
        attributes=tuple(known.attributes),
    )
    released = identify(db, released, known.parent, run_id=plan.run_id, given=plan.segments_given)
    given = {key: (name, "user") for key, name in zip(released.ids, names, strict=True)}
    return released.named(given), replace(found, note=note)


def write_rules(params: SegmentationParams, known: Known) -> tuple[Matrix, RulesModel]:
    """Return the columns that the rules ask about as they are, and the rules over them.

    Parameters
    ----------
    params : SegmentationParams
        With rules.
    known : Known
        Features and attributes.

    Returns
    -------
    (Matrix, RulesModel)
        Each column with one beside it that tells where the value is unknown.

    Raises
    ------
    ParameterError
        As ``place_by_rules``.
    """
    features = [feature.name for feature in known.model.features] if known.model else []
    columns = {a.name: a for a in known.attributes if a.kind not in {"key", "ignore"}}
    rules = [rule for rule in params.rules if rule.where.strip()]
    names = dict.fromkeys([*features, *columns])
    checked = [check_expression(rule.where, names, where=f"rule {rule.name!r}") for rule in rules]
    asked = [name for name in names if any(identifier(name) in text for text in checked)]
    taken = [name for name in asked if name not in features]
    if taken:
        attribute_columns(
            known.attributes, include_protected=params.include_protected, features=taken
        )
    for name in taken:
        if columns[name].kind not in NUMERIC_KINDS:
            numbers = [a.name for a in columns.values() if a.kind in NUMERIC_KINDS]
            raise ParameterError(
                f"{name!r} holds words, and rules ask about numbers.",
                allowed=f"Known: {', '.join(sorted([*features, *numbers])) or 'none'}.",
                where=name,
            )
    flags = {a.name for a in columns.values() if a.kind == "flag"} if known.model else set()
    parts = [(_column(name, flag=name in flags), _unknown(name)) for name in asked]
    matrix = Matrix(tuple(column for pair in parts for column in pair))
    labels = tuple(label for name in asked for label in (name, f"{name}?"))
    return matrix, RulesModel(labels, tuple(rule.where for rule in rules))


def _column(name: str, *, flag: bool) -> Column:
    """Return a column as it is; beside orders a flag is still true or false, and made 1 or 0."""
    if flag:
        return Column(name, "level", level="true", weight=HIT)
    return Column(name, "value", clip=UNBOUNDED)


def _unknown(name: str) -> Column:
    return Column(name, "missing", weight=HIT)


def _measured(
    db: DuckDB, matrix: Matrix, model: RulesModel, past: tuple[Past, ...] | str, seed: int
) -> Selection:
    """Return the rules as the only choice, with P where the past knows what they ask about."""
    winner = Candidate(BY_HAND, _TITLE, model.n_segments, None, None, True, model)
    unmeasured = Selection(winner, (winner,), {}, "profile", constructed=True)
    if isinstance(past, str):
        return unmeasured
    if not all(set(matrix.sources) <= set(one.frame.column_names) for one in past):
        return unmeasured
    case = judge_later(db, past)
    if isinstance(case, str):
        return unmeasured
    mine = [
        Reference(BY_HAND, _TITLE, model.assign(matrix.transform(one.frame)), model) for one in past
    ]
    earlier = case.earlier
    if earlier is not None:
        earlier = replace(earlier, references=(mine[1], *earlier.references))
    found = judge_given((mine[0], *case.references), case.evidence, earlier=earlier, seed=seed)
    winner = replace(winner, p=found.candidates[0].p)
    return replace(
        found, winner=winner, candidates=(winner, *found.candidates[1:]), constructed=True
    )
