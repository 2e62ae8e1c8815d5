"""An alarm for answers that the question gives away, with the columns, why, and what to do.

A score near 1 is hardly ever a good classifier; far more often the label was made from the
same columns. So the alarm does not only look at the score: it tries to find the rule itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from coterie.errors import DataError
from coterie.features.matrix import Matrix
from coterie.prediction.learners import as_seen
from coterie.prediction.prospects import Task
from coterie.prediction.scores import Codes, Floats, Scores, score
from coterie.segmentation.parallel import each
from coterie.validation.protected import words_of

TOO_GOOD = 0.98
"""From here on a score is taken for a leak until somebody has explained it."""
MOST_LEAVES, ROWS_A_LEAF, LEAST_LEAF = 32, 25, 5
"""A rule may have one leaf for 25 customers, so that labels drawn by lot never follow one."""
ROWS_A_WEIGHT = 10
"""Customers for each weight of a line, for the same reason."""
WEIGHT = 0.05
"""Columns with a smaller share of a rule are not named."""
OUTPUTS = frozenset({"prediction", "predictions", "predicted", "predict", "pred"}) | frozenset(
    {"probability", "probabilities", "prob", "proba", "propensity", "likelihood", "score"}
    | {"scored", "cluster", "clusters", "segment", "segments", "logit", "forecast"}
)
"""Words by which people call what a model gave out."""

_AGAIN = "Leave them out ([predict] fields), or predict a label that was not made from them."


@dataclass(frozen=True)
class Leak:
    """One reason to mistrust the scores.

    Parameters
    ----------
    code : {'circular', 'one_column', 'function', 'too_good', 'output'}
        What was found.
    level : {'alarm', 'look'}
        ``alarm``: do not use the scores before this is settled; ``look``: check the column.
    columns : tuple of str
        Where it comes from.
    why, advice : str
        In plain words.
    """

    code: Literal["circular", "one_column", "function", "too_good", "output"]
    level: Literal["alarm", "look"]
    columns: tuple[str, ...]
    why: str
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain JSON."""
        return asdict(self) | {"columns": list(self.columns)}


def find_leaks(
    task: Task,
    *,
    label: str,
    scores: Sequence[Scores] = (),
    made_from: Collection[str] = (),
    leading: Sequence[str] = (),
) -> tuple[Leak, ...]:
    """Look for ways in which the fields give the label away.

    Parameters
    ----------
    task : Task
        Fields and classes.
    label : str
        What is predicted, for the sentences.
    scores : sequence of Scores
        Measured on customers kept apart.
    made_from : collection of str
        Columns that the label is known to be made from.
    leading : sequence of str
        Fields by weight in the classifier, the heaviest first; they are named where a score
        is too good and no rule is found.

    Returns
    -------
    tuple of Leak
        Alarms first; empty if nothing was found, which proves nothing about causes in time,
        such as a column filled in after the label was known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from coterie.features.matrix import Wanted
    >>> ages = [float(n % 60) for n in range(200)]
    >>> label = ["old" if age > 40 else "young" for age in ages]
    >>> ids = [f"{n:03}" for n in range(200)]
    >>> task = Task.of(pa.table({"age": ages}), [Wanted("age")], label, ids=ids)
    >>> [(leak.code, leak.columns) for leak in find_leaks(task, label="Stage")]
    [('one_column', ('age',))]
    """
    found: list[Leak] = []
    circular = [name for name in task.frame.column_names if name in set(made_from)]
    if circular:
        found.append(_circular(label, circular))
    alone = {name: f1 for name, f1 in _alone(task).items() if f1 >= TOO_GOOD}
    found += [_one_column(label, name, f1) for name, f1 in alone.items()]
    if not alone and not circular:  # else it is known where the label comes from
        rule = _rule(task)
        if rule:
            found.append(_function(label, *rule))
    best = max((_measure(one, task) for one in scores), default=0.0)
    if best >= TOO_GOOD and not found:
        found.append(_too_good(label, best, leading))
    found += [
        _output(label, name)
        for name in task.frame.column_names
        if OUTPUTS & set(words_of(name)) and name not in alone
    ]
    return tuple(found)


def _measure(found: Scores, task: Task) -> float:
    """Return the best that a score says of itself; large classes alone are no merit."""
    largest = float(np.bincount(task.labels).max()) / len(task.labels)
    accuracy = found.accuracy if largest < 1 - 5 * (1 - TOO_GOOD) else 0.0
    return max(accuracy, found.macro_f1, found.auc or 0.0)


def _alone(task: Task) -> dict[str, float]:
    """Return how well a small tree on each field alone repeats the labels (macro F1)."""

    def work(name: str) -> float:
        want = [one for one in task.wanted if one.name == name]
        try:
            matrix = Matrix.fit(task.frame, want)
        except DataError:  # nothing in it to tell customers by
            return 0.0
        return _repeated(_tree(task, as_seen(matrix.transform(task.frame)))[0], task.labels)

    names = [want.name for want in task.wanted]
    return dict(zip(names, each(work, names), strict=True))


def _rule(task: Task) -> tuple[tuple[str, ...], str, float] | None:
    """Return (fields, what kind of rule, macro F1) if a small rule repeats the labels."""
    matrix = Matrix.fit(task.frame, task.wanted)
    numbers = as_seen(matrix.transform(task.frame))
    sources = [column.source for column in matrix.columns]
    chances, weights = _tree(task, numbers)
    f1 = _repeated(chances, task.labels)
    if f1 >= TOO_GOOD:
        return _named(weights, sources), "a few conditions on them", f1
    if len(task.labels) < ROWS_A_WEIGHT * (numbers.shape[1] + 1) * (len(task.classes) - 1):
        return None
    line = LogisticRegression(C=1e4, max_iter=1_000)
    with warnings.catch_warnings():  # where it ends makes no difference to what it repeats
        warnings.simplefilter("ignore", ConvergenceWarning)
        line.fit(numbers, task.labels)
    f1 = _repeated(line.predict_proba(numbers), task.labels)
    if f1 < TOO_GOOD:
        return None
    weights = np.abs(line.coef_).sum(axis=0) * numbers.std(axis=0)
    return _named(weights / weights.sum(), sources), "a weighted sum of them", f1


def _tree(task: Task, numbers: Floats) -> tuple[Floats, Floats]:
    leaves = int(np.clip(len(task.labels) // ROWS_A_LEAF, 2, MOST_LEAVES))
    tree = DecisionTreeClassifier(
        max_leaf_nodes=leaves, min_samples_leaf=LEAST_LEAF, random_state=0
    ).fit(numbers, task.labels)
    return tree.predict_proba(numbers), tree.feature_importances_


def _repeated(chances: Floats, labels: Codes) -> float:
    return score(labels, chances).macro_f1


def _named(weights: Floats, sources: Sequence[str]) -> tuple[str, ...]:
    by_source: dict[str, float] = {}
    for source, weight in zip(sources, weights, strict=True):
        by_source[source] = by_source.get(source, 0.0) + float(weight)
    heavy = [name for name, weight in by_source.items() if weight >= WEIGHT]
    return tuple(sorted(heavy, key=lambda name: -by_source[name]))


def _circular(label: str, columns: Sequence[str]) -> Leak:
    return Leak(
        "circular",
        "alarm",
        tuple(columns),
        f"{label} was made from {_listed(columns)} by the published model. A classifier on the "
        "same columns only learns that rule again; a score near 1, or R² = 1.0, says nothing "
        "about the future.",
        "Let the model itself place people who have these columns, and predict from others.",
    )


def _one_column(label: str, name: str, f1: float) -> Leak:
    return Leak(
        "one_column",
        "alarm",
        (name,),
        f"{name} alone gives {label} (macro F1 {f1:.3f}): it says the same in other words, or "
        "was filled in afterwards.",
        f"Leave {name} out ([predict] fields), unless it is known before {label} is.",
    )


def _function(label: str, columns: Sequence[str], kind: str, f1: float) -> Leak:
    return Leak(
        "function",
        "alarm",
        tuple(columns),
        f"{label} is a function of {_listed(columns)}: {kind} repeats it (macro F1 {f1:.3f}). "
        "Whoever made the label made it from these columns.",
        f"Use that rule itself, no classifier. {_AGAIN}",
    )


def _too_good(label: str, best: float, leading: Sequence[str]) -> Leak:
    named = tuple(leading[:3])
    heavy = f" It leans most on {_listed(named)}." if named else ""
    return Leak(
        "too_good",
        "alarm",
        named,
        f"A score of {best:.3f} on customers kept apart is too good: what people do is never "
        f"that certain, so {label} is probably made from the fields, or known through them."
        f"{heavy}",
        f"Find out when and from what each column is filled in. {_AGAIN}",
    )


def _output(label: str, name: str) -> Leak:
    return Leak(
        "output",
        "look",
        (name,),
        f"{name} is named like the output of a model. If it was made with {label} in view, the "
        "scores are borrowed from it.",
        f"Find out how it is made; if from {label}, leave it out ([predict] fields).",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
