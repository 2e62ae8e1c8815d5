"""What a classifier hangs on, in words: what is lost if a field is another customer's.

Permutation is done on customers kept apart from the fit, so that a field that was only learnt
by heart does not look important.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.features.column import to_floats
from coterie.prediction.prospects import Prospects, Task
from coterie.prediction.scores import LEAST, Floats

REPEATS = 5
FEWEST = 25
"""Customers below which a group's share is not told."""
MOST_LEVELS = 12
"""Numbers with more different values are told by thirds."""
Say = Callable[[str, Any], str]


@dataclass(frozen=True)
class Driver:
    """One field of a classifier.

    Parameters
    ----------
    field : str
        Its name.
    loss : float
        How much the log loss grows if the field is shuffled.
    accuracy : float
        How much of the accuracy is lost then, 0 to 1.
    text : str
        What goes with what, over all customers.
    """

    field: str
    loss: float
    accuracy: float
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the driver as plain JSON."""
        return asdict(self)


def find_drivers(
    prospects: Prospects,
    test: Task,
    everyone: Task,
    *,
    say: Say,
    names: Mapping[str, str] | None = None,
    seed: int = 0,
) -> tuple[Driver, ...]:
    """Return the fields of a classifier by weight.

    Parameters
    ----------
    prospects : Prospects
        Fitted without ``test``.
    test : Task
        Customers kept apart.
    everyone : Task
        All customers, of whom the shares are told.
    say : callable
        Writes a value of a field for people.
    names : mapping of str to str, optional
        What classes are called, if not by themselves.
    seed : int
        Of the shuffling.

    Returns
    -------
    tuple of Driver
        The heaviest first; equal ones in the order of the fields.
    """
    random = np.random.default_rng(seed)
    loss, accuracy = _judge(prospects, test, test.frame)
    found = []
    for name in prospects.matrix.sources:
        at = test.frame.schema.get_field_index(name)
        lost = np.zeros(2)
        for _ in range(REPEATS):
            order = pa.array(random.permutation(test.frame.num_rows))
            frame = test.frame.set_column(at, name, test.frame.column(at).take(order))
            other = _judge(prospects, test, frame)
            lost += (other[0] - loss, accuracy - other[1])
        lost /= REPEATS
        found.append(
            Driver(name, float(lost[0]), float(lost[1]), _told(everyone, name, say, names or {}))
        )
    return tuple(sorted(found, key=lambda driver: -driver.loss))


def _judge(prospects: Prospects, test: Task, frame: pa.Table) -> tuple[float, float]:
    chances = prospects.chances(frame)
    right = chances[np.arange(len(test.labels)), test.labels]
    hits = chances.argmax(axis=1) == test.labels
    return float(-np.log(np.maximum(right, LEAST)).mean()), float(hits.mean())


def _told(task: Task, name: str, say: Say, names: Mapping[str, str]) -> str:
    """Say for which values of a field the last class is most and least frequent."""
    groups = _groups(task.frame.column(name), name, say)
    last = len(task.classes) - 1
    shares = [
        (float((task.labels[inside] == last).mean()), words)
        for words, inside in groups
        if inside.sum() >= FEWEST
    ]
    if len(shares) < 2:
        return f"No two groups of {FEWEST} customers differ in it."
    (least, where), (most, there) = min(shares), max(shares)
    called = names.get(task.classes[last], task.classes[last])
    return f"{called}: {most:.0%} of those with {there}, {least:.0%} with {where}"


def _groups(data: pa.ChunkedArray, name: str, say: Say) -> list[tuple[str, Any]]:
    """Return (words, who) for each value of a column of few values, else for its thirds."""
    levels = sorted(pc.unique(data.drop_null()).to_pylist(), key=str)
    if len(levels) > MOST_LEVELS and not pa.types.is_string(data.type):
        numbers: Floats = to_floats(data)
        low, high = np.quantile(numbers[np.isfinite(numbers)], [1 / 3, 2 / 3])
        return [
            (f"{say(name, float(low))} or less", numbers <= low),
            (f"more than {say(name, float(high))}", numbers > high),
            (f"{say(name, float(high))} or less", (numbers > low) & (numbers <= high)),
        ]
    return [
        (say(name, level), np.asarray(pc.fill_null(pc.equal(data, level), False)).astype(bool))
        for level in levels
    ]
