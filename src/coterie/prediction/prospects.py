"""Which segment or label a person belongs to, told from attributes alone.

The kind of classifier is chosen by cross-validated log loss among a few; within one standard
error the simplest wins. What is reported comes from customers that neither the choice nor the
fit has seen: an untouched test part, and beside it nested cross-validation of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.model_selection import StratifiedKFold

from coterie.errors import DataError, NotReadyError
from coterie.features.column import to_floats
from coterie.features.matrix import Matrix, Wanted
from coterie.prediction.learners import (
    RECIPES,
    Calibration,
    Linear,
    Trees,
    as_seen,
    fit,
    keep,
    restore,
)
from coterie.prediction.scores import LEAST, Codes, Floats
from coterie.segmentation.parallel import each

LEAST_ROWS = 50
"""Customers below which nothing is learnt."""
LEAST_CLASS = 20
"""Customers below which a class is left out: a test part would hold none or two of them."""
MOST_ROWS = 20_000
"""Customers that are learnt from; of more a seeded sample."""
FOLDS, INNER_FOLDS = 5, 3
Tell = Callable[[str, float, str], None]


@dataclass(frozen=True)
class Task:
    """Customers of whom both attributes and class are known, ordered by id.

    Parameters
    ----------
    frame : pa.Table
        One column a field: numbers as float64, all else as text or bool.
    wanted : tuple of Wanted
        The fields, as the matrix takes them.
    labels : int array, shape (n,)
        Class of each row, from 0.
    classes : tuple of str
        What the classes are called.
    left_out : tuple of (str, int)
        Classes with too few customers, and how many they have.
    """

    frame: pa.Table
    wanted: tuple[Wanted, ...]
    labels: Codes
    classes: tuple[str, ...]
    left_out: tuple[tuple[str, int], ...] = ()

    @classmethod
    def of(
        cls,
        frame: pa.Table,
        wanted: Sequence[Wanted],
        labels: Sequence[str | None],
        *,
        ids: Sequence[str],
        order: Sequence[str] = (),
        seed: int = 0,
    ) -> Task:
        """Bring customers into the order of their ids, and leave out who has no class.

        Parameters
        ----------
        frame : pa.Table
            Holds the columns of ``wanted``.
        wanted : sequence of Wanted
            Fields to tell from.
        labels : sequence of str or None
            Class of each row; None is not known.
        ids : sequence of str
            Ids of the rows, each once.
        order : sequence of str
            Order of the classes; by default that of the text.
        seed : int
            Of the sample, if there are more than ``MOST_ROWS``.

        Returns
        -------
        Task
            The same for the same customers in any order.

        Raises
        ------
        NotReadyError
            If there are fewer than ``LEAST_ROWS`` customers or fewer than two classes left.

        Examples
        --------
        >>> rows = pa.table({"age": [float(n) for n in range(80)]})
        >>> task = Task.of(rows, [Wanted("age")], ["a", "b"] * 40, ids=[str(n) for n in range(80)])
        >>> task.classes, len(task.labels)
        (('a', 'b'), 80)
        """
        if len(set(ids)) != len(ids):
            raise DataError("An id comes twice.", hint="Give every customer one row.")
        counts: dict[str, int] = {}
        for label in labels:
            if label is not None:
                counts[label] = counts.get(label, 0) + 1
        known = [name for name in (order or sorted(counts)) if counts.get(name)]
        classes = tuple(name for name in known if counts[name] >= LEAST_CLASS)
        if sum(counts[name] for name in classes) < LEAST_ROWS or len(classes) < 2:
            raise NotReadyError(
                f"Classes of {LEAST_CLASS} customers and more: {len(classes)}, "
                f"among {sum(counts.values()):,} customers whose class is known.",
                allowed=f"Needed are two classes and {LEAST_ROWS} customers.",
            )
        number = {name: place for place, name in enumerate(classes)}
        rows = [at for at, label in enumerate(labels) if label in number]
        rows.sort(key=lambda at: ids[at])
        if len(rows) > MOST_ROWS:
            drawn = np.random.default_rng(seed).choice(len(rows), MOST_ROWS, replace=False)
            rows = [rows[place] for place in np.sort(drawn)]
        codes = np.array([number[str(labels[at])] for at in rows], dtype=np.int64)
        names = [want.name for want in wanted]
        left = tuple((name, counts[name]) for name in known if name not in number)
        return cls(frame.select(names).take(rows), tuple(wanted), codes, classes, left)

    def take(self, rows: Codes) -> Task:
        """Return some of the customers, in this order."""
        frame = self.frame.take(pa.array(rows))
        return Task(frame, self.wanted, self.labels[rows], self.classes, self.left_out)

    def parts(self, n: int, seed: int) -> list[tuple[Task, Task, Codes]]:
        """Return (the others, one part, its rows) for ``n`` parts with classes in like shares."""
        split = StratifiedKFold(n, shuffle=True, random_state=seed)
        found = split.split(np.zeros((len(self.labels), 1)), self.labels)
        return [(self.take(rest), self.take(one), one) for rest, one in found]


@dataclass(frozen=True)
class Prospects:
    """A fitted, calibrated classifier.

    Parameters
    ----------
    classes : tuple of str
        What the classes are called.
    matrix : Matrix
        From fields to numbers.
    recipe : str
        A name of ``learners.RECIPES``.
    scorer : Linear or Trees
        From numbers to scores.
    calibration : Calibration
        From scores to chances.
    typical : mapping of str to value
        Median or most frequent value of each field.
    """

    classes: tuple[str, ...]
    matrix: Matrix
    recipe: str
    scorer: Linear | Trees
    calibration: Calibration
    typical: Mapping[str, Any]

    def chances(self, frame: pa.Table) -> Floats:
        """Return the chance of every class, shape (n, n_classes).

        Parameters
        ----------
        frame : pa.Table
            Holds the fields; missing values and values never seen are taken as they come.

        Returns
        -------
        float64 array
            Each row sums to 1 and depends on no other row.
        """
        numbers = as_seen(self.matrix.transform(frame))
        return self.calibration.chances(self.scorer.scores(numbers))

    def to_dict(self) -> tuple[dict[str, Any], pa.Table]:
        """Return the classifier as plain JSON, and the nodes of its trees."""
        scorer, nodes = keep(self.scorer)
        data = {
            "classes": list(self.classes),
            "matrix": self.matrix.to_dict(),
            "recipe": self.recipe,
            "scorer": scorer,
            "calibration": {
                "slope": self.calibration.slope,
                "offsets": list(self.calibration.offsets),
            },
            "typical": dict(self.typical),
        }
        return data, nodes

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], nodes: pa.Table) -> Prospects:
        """Read what ``to_dict`` wrote."""
        calibration = data["calibration"]
        return cls(
            tuple(data["classes"]),
            Matrix.from_dict(data["matrix"]),
            data["recipe"],
            restore(data["scorer"], nodes),
            Calibration(calibration["slope"], tuple(calibration["offsets"])),
            data["typical"],
        )


@dataclass(frozen=True)
class Choice:
    """Which classifier was chosen, and how all fared.

    Parameters
    ----------
    recipe : str
        The chosen one.
    calibration : Calibration
        Fitted to its out-of-fold scores.
    losses : mapping of str to float
        Cross-validated log loss of each, calibrated.
    """

    recipe: str
    calibration: Calibration
    losses: Mapping[str, float]


def choose(task: Task, *, n_folds: int = FOLDS, seed: int = 0) -> Choice:
    """Choose a classifier by cross-validation.

    Parameters
    ----------
    task : Task
        All that may be looked at.
    n_folds : int, default 5
        Parts.
    seed : int
        Of the parts and the fits.

    Returns
    -------
    Choice
        The simplest whose log loss is within one standard error of the least.
    """
    out = {name: np.zeros((len(task.labels), len(task.classes))) for name in RECIPES}

    def work(part: tuple[Task, Task, Codes]) -> dict[str, Floats]:
        rest, one, _ = part
        matrix = Matrix.fit(rest.frame, rest.wanted)
        known, asked = (as_seen(matrix.transform(some.frame)) for some in (rest, one))
        fitted = {name: fit(name, known, rest.labels, seed=seed) for name in RECIPES}
        return {name: scorer.scores(asked) for name, scorer in fitted.items()}

    parts = task.parts(n_folds, seed)
    for (_, _, rows), found in zip(parts, each(work, parts), strict=True):
        for name, scores in found.items():
            out[name][rows] = scores
    calibrations = {name: Calibration.fit(scores, task.labels) for name, scores in out.items()}
    every = np.arange(len(task.labels))
    losses = {
        name: -np.log(np.maximum(c.chances(out[name])[every, task.labels], LEAST))
        for name, c in calibrations.items()
    }
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    best = min(means, key=lambda name: means[name])
    recipe = next(name for name in RECIPES if _as_good(losses[name], losses[best]))
    return Choice(recipe, calibrations[recipe], means)


def _as_good(loss: Floats, least: Floats) -> bool:
    """Tell whether a loss is within one standard error of the least."""
    gap = loss - least
    error = float(gap.std() / np.sqrt(len(gap)))
    return bool(gap.mean() <= error + 1e-12)


def fit_prospects(task: Task, choice: Choice, *, seed: int = 0) -> Prospects:
    """Fit the chosen classifier to all of a task.

    Parameters
    ----------
    task : Task
        Customers to learn from.
    choice : Choice
        Which classifier, and its calibration.
    seed : int
        Of the fit.

    Returns
    -------
    Prospects
        The same for the same task.
    """
    matrix = Matrix.fit(task.frame, task.wanted)
    numbers = as_seen(matrix.transform(task.frame))
    (scorer,) = each(lambda name: fit(name, numbers, task.labels, seed=seed), [choice.recipe])
    typical = {name: typical_value(task.frame.column(name)) for name in matrix.sources}
    return Prospects(task.classes, matrix, choice.recipe, scorer, choice.calibration, typical)


def nested(
    task: Task, *, n_folds: int = FOLDS, seed: int = 0, tell: Tell | None = None
) -> tuple[Floats, Codes]:
    """Return out-of-fold chances of the whole way: choice, fit and calibration in every fold.

    Parameters
    ----------
    task : Task
        Customers.
    n_folds : int, default 5
        Outer parts; the choice inside uses ``INNER_FOLDS``.
    seed : int
        Of the parts and the fits.
    tell : callable, optional
        Told the stage, the share of it that is done, and what is being done.

    Returns
    -------
    (float64 array, shape (n, n_classes); int array, shape (n,))
        The chances, and the part that each row was in.
    """
    chances = np.zeros((len(task.labels), len(task.classes)))
    fold = np.zeros(len(task.labels), dtype=np.int64)
    for number, (rest, one, rows) in enumerate(task.parts(n_folds, seed)):
        if tell:
            tell("choose", number / n_folds, f"judging the classifier, part {number + 1}")
        choice = choose(rest, n_folds=INNER_FOLDS, seed=seed)
        chances[rows] = fit_prospects(rest, choice, seed=seed).chances(one.frame)
        fold[rows] = number
    return chances, fold


def typical_value(data: pa.ChunkedArray) -> Any:
    """Return the median of numbers, else the most frequent value, of several the first.

    Parameters
    ----------
    data : pa.ChunkedArray
        Any values.

    Returns
    -------
    value
        As the column has it; None if it is empty.
    """
    if data.null_count == len(data):
        return None
    if pa.types.is_floating(data.type) or pa.types.is_integer(data.type):
        numbers = to_floats(data)
        middle = float(np.median(numbers[np.isfinite(numbers)]))
        return middle if pa.types.is_floating(data.type) else round(middle)
    counted = pc.value_counts(data.drop_null()).to_pylist()
    return min(counted, key=lambda row: (-row["counts"], str(row["values"])))["values"]
