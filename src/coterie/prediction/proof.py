"""What a classifier is worth: judged on customers kept apart, beside a majority and a small rule.

The test part is drawn first and looked at once. The classifier that is used afterwards is
fitted again with it, by the same choice and calibration; its scores are those of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from coterie.features.matrix import Matrix
from coterie.prediction.learners import RECIPES, as_seen
from coterie.prediction.prospects import (
    FOLDS,
    Prospects,
    Task,
    Tell,
    choose,
    fit_prospects,
    nested,
)
from coterie.prediction.scores import Distance, Floats, Scores, distance, score

SIMPLE_LEAVES = 4


@dataclass(frozen=True)
class Proof:
    """How good a classifier is, with what to hold it against.

    Parameters
    ----------
    test : Scores
        On the untouched fifth.
    nested : Scores
        Nested cross-validation on the other four fifths.
    nested_folds : tuple of float
        Accuracy in each outer part.
    majority : Scores
        On the test part, of whoever always names the largest class, with the classes' shares.
    simple : Scores
        On the test part, of a tree of four leaves.
    simple_asks : tuple of str
        The fields that tree asks for.
    n_train : int
        Customers outside the test part.
    recipe : str
        The chosen classifier, in words.
    tried : mapping of str to float
        Cross-validated log loss of each kind, in words.
    distance : Distance or None
        For classes in order: errors of the test part as distances.
    """

    test: Scores
    nested: Scores
    nested_folds: tuple[float, ...]
    majority: Scores
    simple: Scores
    simple_asks: tuple[str, ...]
    n_train: int
    recipe: str
    tried: dict[str, float]
    distance: Distance | None

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as plain JSON."""
        found = asdict(self)
        return found | {"distance": self.distance.to_dict() if self.distance else None}


@dataclass(frozen=True)
class Proven:
    """A classifier with its proof.

    Parameters
    ----------
    prospects : Prospects
        Fitted to all customers; the one to use.
    tested : Prospects
        Fitted without the test part; the one that was scored.
    rest, test : Task
        The customers it was chosen and fitted on, and those kept apart.
    proof : Proof
        The scores.
    """

    prospects: Prospects
    tested: Prospects
    rest: Task
    test: Task
    proof: Proof


def prove(
    task: Task,
    *,
    values: Sequence[float] | None = None,
    seed: int = 0,
    tell: Tell | None = None,
) -> Proven:
    """Choose, fit and judge a classifier.

    Parameters
    ----------
    task : Task
        Customers of whom the class is known.
    values : sequence of float, optional
        The number that each class stands for, if the classes are in order.
    seed : int
        Of the parts and the fits.
    tell : callable, optional
        Told the stage, the share of it that is done, and what is being done.

    Returns
    -------
    Proven
        The same for the same task and seed, at any number of threads.
    """
    rest, test, _ = task.parts(FOLDS, seed)[0]
    chances, fold = nested(rest, seed=seed, tell=tell)
    if tell:
        tell("choose", 0.9, "choosing the classifier")
    choice = choose(rest, seed=seed)
    tested = fit_prospects(rest, choice, seed=seed)
    said = tested.chances(test.frame)
    simple, asks = _simple(rest, test)
    hits = chances.argmax(axis=1) == rest.labels
    proof = Proof(
        test=score(test.labels, said),
        nested=score(rest.labels, chances),
        nested_folds=tuple(float(hits[fold == number].mean()) for number in range(FOLDS)),
        majority=score(test.labels, _shares(rest, len(test.labels))),
        simple=simple,
        simple_asks=asks,
        n_train=len(rest.labels),
        recipe=RECIPES[choice.recipe][0],
        tried={RECIPES[name][0]: loss for name, loss in choice.losses.items()},
        distance=distance(test.labels, said.argmax(axis=1), values) if values else None,
    )
    return Proven(fit_prospects(task, choice, seed=seed), tested, rest, test, proof)


def _shares(task: Task, n: int) -> Floats:
    shares = np.bincount(task.labels, minlength=len(task.classes)) / len(task.labels)
    return np.tile(shares, (n, 1))


def _simple(rest: Task, test: Task) -> tuple[Scores, tuple[str, ...]]:
    matrix = Matrix.fit(rest.frame, rest.wanted)
    tree = DecisionTreeClassifier(max_leaf_nodes=SIMPLE_LEAVES, min_samples_leaf=10, random_state=0)
    tree.fit(as_seen(matrix.transform(rest.frame)), rest.labels)
    sources = [column.source for column in matrix.columns]
    asked = [sources[at] for at in tree.tree_.feature if at >= 0]
    chances = tree.predict_proba(as_seen(matrix.transform(test.frame)))
    return score(test.labels, chances), tuple(dict.fromkeys(asked))
