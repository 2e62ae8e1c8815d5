"""How many of those who would leave are reached, if the likeliest to leave are written to first.

The range is of chance alone: it takes the chances as they were foretold, and tells how far the
count of who leaves may fall from their sum.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.segmentation.base import Floats

STEPS = 50
_Z = 1.959964


def reach(leaving: Floats, steps: int = STEPS) -> dict[str, list[float]] | None:
    """Return who leaves among the n likeliest to, for some n.

    Parameters
    ----------
    leaving : float64 array, shape (n,)
        Chance of each customer to leave; not known is NaN, and left out.
    steps : int, default 50
        Numbers of customers at most; the last one is all.

    Returns
    -------
    dict of str to list, or None
        ``n``, how many of them ``leave``, from ``low`` to ``high`` (95 %, by the normal
        approximation to independent chances), and how many would ``random``ly; None of nobody.

    Examples
    --------
    >>> found = reach(np.array([0.1, 0.9, 0.5]))
    >>> found["n"], [round(x, 2) for x in found["leave"]], round(found["random"][0], 2)
    ([1, 2, 3], [0.9, 1.4, 1.5], 0.5)

    References
    ----------
    Hodges and Le Cam (1960), The Poisson approximation to the Poisson binomial distribution.
    """
    known: Floats = np.sort(leaving[np.isfinite(leaving)])[::-1]
    if not len(known):
        return None
    n = np.unique(np.linspace(1, len(known), min(steps, len(known))).round().astype(int))
    leave = known.cumsum()[n - 1]
    far = _Z * np.sqrt((known * (1 - known)).cumsum()[n - 1])
    told: dict[str, Any] = {
        "n": n,
        "leave": leave,
        "low": np.clip(leave - far, 0, n),
        "high": np.clip(leave + far, 0, n),
        "random": n * known.mean(),
    }
    return {name: column.tolist() for name, column in told.items()}
