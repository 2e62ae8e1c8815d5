"""Rules for people: what a small tree says of each segment, and how often it is right.

A rule describes a segment and never defines it. All its figures come from customers that
the rule was not made from: in each of five folds tree and rules are made anew from the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from coterie.engine.sql import identifier, literal
from coterie.errors import DataError
from coterie.features.column import Column, double
from coterie.features.splits import Split
from coterie.features.threads import one_thread
from coterie.profiling import format as fmt
from coterie.profiling.boxes import Box, Condition, inside, short_boxes
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.describability import LEAVES_PER_SEGMENT, N_FOLDS, folds, least_leaf
from coterie.segmentation.tree import MAX_DEPTH, TreeModel

FIGURES = 3
"""Significant figures of a threshold; whole numbers are kept as they are."""
APPROXIMATE = 0.9
"""Below this precision or recall a rule is called approximate."""


@dataclass(frozen=True)
class Asked:
    """A column that rules may ask about, with the words for it."""

    column: Column
    label: str
    unit: str = ""
    whole: bool = False
    """Whether all its values are whole numbers."""
    gaps: bool = False
    """Whether values were missing where the rules were made."""

    def sql(self) -> str:
        """Return its number as portable SQL; what is missing counts as the median."""
        if self.column.role == "value":
            return f"COALESCE({identifier(self.column.source)}, {double(self.column.fill)})"
        return self.column.sql()

    def condition_sql(self, low: float | None, high: float | None) -> str:
        """Return the condition ``low < x <= high`` as portable SQL that a person can read."""
        column = self.column
        name = identifier(column.source)
        if column.role == "missing":
            return f"{name} IS NULL" if low is not None else f"{name} IS NOT NULL"
        if column.role == "level":
            listed = ", ".join(literal(level) for level in column.listed or (column.level,))
            inside = (low is not None) != bool(column.listed)
            test = f"{name} {'IN' if inside else 'NOT IN'} ({listed})"
            return test if low is not None else f"({test} OR {name} IS NULL)"
        number = self.sql() if self.gaps else name
        ends = [f"{number} > {_number(low)}"] if low is not None else []
        ends += [f"{number} <= {_number(high)}"] if high is not None else []
        return " AND ".join(ends)

    def words(self, low: float | None, high: float | None, currency: str = "") -> str:
        """Return the condition ``low < x <= high`` in words, with units.

        Parameters
        ----------
        low, high : float or None
            The ends; None is open.
        currency : str
            ISO code, or empty.

        Returns
        -------
        str
            Label and ends, in small letters.

        Examples
        --------
        >>> Asked(Column("f", "value"), "Orders", whole=True).words(3.0, None)
        'orders at least 4'
        >>> Asked(Column("m", "value"), "Spend", "money").words(3510.0, 15000.0, "GBP")
        'spend over £3,510 up to £15,000'
        """
        label = self.label[:1].lower() + self.label[1:] if self.label[1:2].islower() else self.label
        if self.column.role == "missing":
            return f"{label} {'unknown' if low is not None else 'known'}"
        if self.column.role == "level":
            return f"{label} {'is' if low is not None else 'is not'} {self.column.level}"
        ends = []
        if low is not None:
            above = self.whole and self.unit != "money"
            said = _shown(low + 1 if above else low, self.unit, currency)
            ends.append(f"at least {said}" if above else f"over {said}")
        if high is not None:
            start = "up to" if ends else "at most"
            ends.append(f"{start} {_shown(high, self.unit, currency)}")
        return f"{label} {' '.join(ends)}"


@dataclass(frozen=True)
class Rule:
    """At most three conditions that describe a segment; precision and recall are held out."""

    segment_id: str
    conditions: Box
    precision: float
    recall: float


@dataclass(frozen=True)
class Rules:
    """A tree that gives the segments back, and a short rule for each of them.

    Parameters
    ----------
    asked : tuple of Asked
        The columns in the order of the tree's.
    tree : TreeModel
        Its segments are the places in ``ids``.
    ids : tuple of str
        Segment ids.
    fidelity : float
        Share of customers that a tree made from others puts where they belong.
    rules : tuple of Rule
        One a segment; those that no short rule describes are left out.
    n : int
        Customers that the rules were made from.
    """

    asked: tuple[Asked, ...]
    tree: TreeModel
    ids: tuple[str, ...]
    fidelity: float
    rules: tuple[Rule, ...]
    n: int

    def assign(self, raw: Floats) -> list[str]:
        """Return the segment id that the tree gives each row of the asked columns."""
        return [self.ids[label] for label in self.tree.assign(raw)]

    def text(self, rule: Rule, currency: str = "") -> str:
        """Return a rule as a sentence with its precision and recall."""
        said = "; ".join(
            self.asked[c.asked].words(c.low, c.high, currency) for c in rule.conditions
        )
        right, found = round(100 * rule.precision), round(100 * rule.recall)
        rough = " Approximate." if min(rule.precision, rule.recall) < APPROXIMATE else ""
        return (
            f"{said[:1].upper()}{said[1:]}: right for {right} in 100 it names, "
            f"finds {found} in 100.{rough}"
        )

    def condition_sql(self, rule: Rule) -> str:
        """Return a rule as an SQL condition over the columns of ``features``."""
        parts = [self.asked[c.asked].condition_sql(c.low, c.high) for c in rule.conditions]
        return " AND ".join(parts)

    def objects(self, currency: str = "") -> dict[str, dict[str, Any]]:
        """Return, by segment id, the object ``rule`` of a segment."""
        return {
            rule.segment_id: {
                "text": self.text(rule, currency),
                "sql": self.condition_sql(rule),
                "precision": rule.precision,
                "recall": rule.recall,
            }
            for rule in self.rules
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as plain JSON."""
        return {
            "asked": [asdict(asked) for asked in self.asked],
            "tree": self.tree.to_dict(),
            "ids": list(self.ids),
            "fidelity": self.fidelity,
            "rules": [asdict(rule) for rule in self.rules],
            "n": self.n,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rules:
        """Read what ``to_dict`` wrote."""
        asked = tuple(
            Asked(
                **{
                    **one,
                    "column": Column(**{**one["column"], "listed": tuple(one["column"]["listed"])}),
                }
            )
            for one in data["asked"]
        )
        rules = tuple(
            Rule(**{**one, "conditions": tuple(Condition(**c) for c in one["conditions"])})
            for one in data["rules"]
        )
        tree = TreeModel.from_dict(data["tree"])
        return cls(asked, tree, tuple(data["ids"]), data["fidelity"], rules, data["n"])


def make_rules(
    raw: Floats, labels: Labels, asked: Sequence[Asked], ids: Sequence[str], *, seed: int
) -> Rules:
    """Make a tree and short rules that describe segments, and judge both on held-out customers.

    Parameters
    ----------
    raw : float64 array, shape (n, n_columns)
        Features as people know them: days, orders, money; 0 or 1 for a level. Finite.
    labels : int32 array, shape (n,)
        Place of each customer's segment in ``ids``.
    asked : sequence of Asked
        What the columns are.
    ids : sequence of str
        Segment ids, two or more.
    seed : int
        Of the folds and of ties between equally good splits.

    Returns
    -------
    Rules
        A tree of at most two leaves a segment, each of at least max(5, n / 500) customers.

    Raises
    ------
    DataError
        If there are fewer than five customers.

    References
    ----------
    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.

    Examples
    --------
    >>> days = np.repeat([[3.0], [90.0]], 50, axis=0)
    >>> asked = [Asked(Column("recency", "value"), "Days since last order", "days", whole=True)]
    >>> rules = make_rules(days, np.repeat([0, 1], 50).astype(np.int32), asked, "ab", seed=0)
    >>> rules.fidelity, rules.condition_sql(rules.rules[0])
    (1.0, '"recency" <= 46')
    """
    if len(raw) < N_FOLDS:
        raise DataError(f"{len(raw)} customers.", allowed=f"Rules need {N_FOLDS} or more.")
    fold = folds(labels, seed)
    whole = [one.whole for one in asked]
    k = len(ids)
    hits, named, found = 0, np.zeros(k), np.zeros(k)
    with one_thread():
        for held_out in range(N_FOLDS):
            test = fold == held_out
            tree = _grow(raw[~test], labels[~test], whole, k, seed)
            boxes = short_boxes(tree, raw[~test], labels[~test], k)
            hits += int((tree.assign(raw[test]) == labels[test]).sum())
            for segment, box in boxes.items():
                named_here = inside(raw[test], box)
                named[segment] += named_here.sum()
                found[segment] += (named_here & (labels[test] == segment)).sum()
        tree = _grow(raw, labels, whole, k, seed)
        boxes = short_boxes(tree, raw, labels, k)
    size = np.bincount(labels, minlength=k)
    rules = tuple(
        Rule(
            ids[segment],
            boxes[segment],
            round(float(found[segment] / max(named[segment], 1.0)), 6),
            round(float(found[segment] / max(size[segment], 1)), 6),
        )
        for segment in range(k)
        if boxes.get(segment)
    )
    fidelity = round(hits / len(raw), 6)
    return Rules(tuple(asked), tree, tuple(ids), fidelity, rules, len(raw))


def _grow(raw: Floats, labels: Labels, whole: Sequence[bool], k: int, seed: int) -> TreeModel:
    """Grow a tree for the segments, its thresholds as round as they can be told."""
    from sklearn.tree import DecisionTreeClassifier

    learner = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES_PER_SEGMENT * k,
        min_samples_leaf=least_leaf(len(raw)),
        max_depth=MAX_DEPTH,
        random_state=seed,
    ).fit(raw, labels)
    tree = learner.tree_
    inner = [node for node in range(tree.node_count) if tree.children_left[node] >= 0]
    place = {node: number for number, node in enumerate(inner)}

    def at(node: int) -> int:
        most = int(learner.classes_[np.argmax(tree.value[node][0])])
        return place[node] if node in place else -1 - most

    order = {column: np.unique(raw[:, column]) for column in set(tree.feature[inner])}
    splits = tuple(
        Split(
            int(tree.feature[node]),
            _readable(
                float(tree.threshold[node]),
                order[tree.feature[node]],
                whole=whole[tree.feature[node]],
            ),
            at(int(tree.children_left[node])),
            at(int(tree.children_right[node])),
        )
        for node in inner
    )
    if not splits:
        most = int(np.argmax(np.bincount(labels, minlength=k)))
        splits = (Split(0, 0.0, -1 - most, -1 - most),)
    return TreeModel(raw.shape[1], k, splits)


def _readable(threshold: float, values: Floats, *, whole: bool) -> float:
    """Return the roundest number that parts the values as the threshold does, or nearly so."""
    if whole:
        return float(np.floor(threshold))
    position = int(np.searchsorted(values, threshold, side="right"))
    low = values[max(position - 1, 0)]
    high = values[min(position, len(values) - 1)]
    for figures in range(1, FIGURES + 1):
        rounded = float(f"{(low + high) / 2:.{figures}g}")
        if low <= rounded < high:
            return rounded
    return float(f"{threshold:.{FIGURES}g}")


def _number(value: float | None) -> str:
    text = repr(float(value or 0.0))
    if "e" in text:
        return text
    return text.removesuffix(".0") if text.endswith(".0") else f"{text}e0"


def _shown(value: float, unit: str, currency: str) -> str:
    """Write a threshold in its unit, to the figures it has."""
    if unit == "date":
        return fmt.day(round(value))
    if unit == "share":
        return f"{fmt.significant(100 * value, FIGURES)}%"
    text = fmt.significant(value, FIGURES)
    if unit == "money":
        symbol = fmt.SYMBOLS.get(currency, f"{currency} ")
        return f"−{symbol}{text[1:]}" if text.startswith("−") else f"{symbol}{text}"
    if unit == "days":
        return f"{text} {'day' if text == '1' else 'days'}"
    return text
