"""The attacker: what follows from all that is shown, by linear programs of his own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence

import numpy as np
import pytest
from scipy.optimize import linprog

Key = Hashable
Counts = Mapping[Key, int]
Sums = Sequence[tuple[Key, Collection[Key]]]


def _ranges(counts: Counts, sums: Sums, hidden: Collection[Key]) -> dict[Key, tuple[float, float]]:
    """Work out, as an attacker, between what each hidden count must lie."""
    unknown = sorted(hidden, key=str)
    at = {key: place for place, key in enumerate(unknown)}
    known = {key: n for key, n in counts.items() if key not in hidden}
    rows, right = np.zeros((len(sums), len(unknown))), np.zeros(len(sums))
    for number, (whole, parts) in enumerate(sums):
        for key, sign in [*((part, 1) for part in parts), (whole, -1)]:
            if key in at:
                rows[number, at[key]] += sign
            else:
                right[number] -= sign * known[key]
    found = {}
    for key, place in at.items():
        aim = np.zeros(len(unknown))
        aim[place] = 1
        ends = [linprog(sign * aim, A_eq=rows, b_eq=right) for sign in (1, -1)]
        assert all(end.status in {0, 3} for end in ends)
        high = np.inf if ends[1].status == 3 else -ends[1].fun
        found[key] = (ends[0].fun, high)
    return found


@pytest.fixture
def ranges() -> Callable[..., dict[Key, tuple[float, float]]]:
    """Work out between what each hidden count must lie."""
    return _ranges
