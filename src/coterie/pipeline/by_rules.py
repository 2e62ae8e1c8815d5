"""Segments by rules that the user wrote: nothing is searched for, only measured.

Where history allows it, the rules are put to customers as they were before the time held
back, so that the report can say how much of later behaviour they tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from coterie.engine.condition import in_words, over_numbers
from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.features.asof import FeatureModel
from coterie.features.attributes import NUMERIC_KINDS
from coterie.features.column import HIT, UNBOUNDED, Column
from coterie.features.matrix import Matrix
from coterie.pipeline.asked import read_rules
from coterie.pipeline.plan import Plan
from coterie.profiling.words import inside, readable
from coterie.schema import Attribute
from coterie.segmentation.base import BY_HAND, SegmentationParams
from coterie.segmentation.candidates import Candidate, Reference, Selection
from coterie.segmentation.evidence import Past, judge_later
from coterie.segmentation.placing import labels_of, make_frame
from coterie.segmentation.released import Released, identify, labels_by_name
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
        If a rule asks about a column that there is not, about words as if they were numbers, or
        about a protected attribute that ``include_protected`` does not name.
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
        "written": [
            [rule.name, in_words(rule.where, _labels(known)) if rule.where.strip() else ""]
            for rule in params.rules
        ],
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
    released = identify(
        db, released, known.parent, run_id=plan.run_id, given=plan.segments_given, names=names
    )
    _check_unique(released.ids, names, plan.inputs["names"])
    given = {key: (name, "user") for key, name in zip(released.ids, names, strict=True)}
    return released.named(given), replace(found, note=note)


def _labels(known: Known) -> dict[str, str]:
    """Return what columns are called in a sentence."""
    words = labels_by_name(known.model, known.attributes)
    return {name: inside(readable(label)) for name, label in words.items()}


def _check_unique(ids: Sequence[str], names: Sequence[str], given: Mapping[str, str]) -> None:
    """Refuse a rule called like another segment, which the user renamed."""
    for key, name in zip(ids, names, strict=True):
        other = next(
            (
                other
                for other in ids
                if other != key and given.get(other, "").casefold() == name.casefold()
            ),
            "",
        )
        if other and not given.get(key):
            raise ParameterError(
                f"The rule {name!r} has the name that {other} was given.",
                hint=f'Name the rule otherwise, or take that name back: coterie rename {other} ""',
                where=name,
            )


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
        Each column with one beside it that tells where the value is unknown; of a column of
        words one for each word, or list of words, that it is compared with.

    Raises
    ------
    ParameterError
        As ``place_by_rules``.
    """
    features = [feature.name for feature in known.model.features] if known.model else []
    columns = _Columns(tuple(known.attributes), frozenset(features))
    conditions = tuple(
        over_numbers(condition, words, columns.named)
        for condition, words in read_rules(params, known.attributes, features)
    )
    return Matrix(tuple(columns.made.values())), RulesModel(
        tuple(columns.made), conditions, columns.unknown
    )


@dataclass(frozen=True)
class _Columns:
    """Makes columns of a matrix of what conditions ask about, as they are asked for."""

    attributes: tuple[Attribute, ...]
    features: frozenset[str]
    made: dict[str, Column] = field(default_factory=dict)
    """Label -> column."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Label -> that of the column that tells where the first is unknown."""
    _labels: dict[tuple[str, tuple[str, ...] | None], str] = field(default_factory=dict)
    """What was asked for -> label; None stands for the column that tells gaps."""

    def named(self, name: str, words: tuple[str, ...]) -> str:
        """Return the label of a column, made with that of its gaps when first asked for."""
        if (name, words) not in self._labels:
            gap = self._add(name, None, Column(name, "missing", weight=HIT))
            label = self._add(name, words, self._column(name, words))
            self.unknown[label] = gap
        return self._labels[name, words]

    def _column(self, name: str, words: tuple[str, ...]) -> Column:
        kind = next((a.kind for a in self.attributes if a.name == name), "")
        if kind == "flag" and self.features and name not in self.features:
            # beside orders it is still true or false, and made 1 or 0
            return Column(name, "level", level="true", weight=HIT)
        if name in self.features or kind in NUMERIC_KINDS:
            return Column(name, "value", clip=UNBOUNDED)
        if not words:
            return Column(name, "missing", weight=HIT)
        if len(words) == 1:
            return Column(name, "level", level=words[0], weight=HIT)
        return Column(
            name, "level", level=f"other than {' or '.join(words)}", listed=words, weight=HIT
        )

    def _add(self, name: str, words: tuple[str, ...] | None, column: Column) -> str:
        if (name, words) not in self._labels:
            label = column.name
            while label in self.made:  # a column may be called like what tells the gaps of another
                label += "'"
            self._labels[name, words], self.made[label] = label, column
        return self._labels[name, words]


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
