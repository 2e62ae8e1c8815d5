"""What a changed policy would have brought on contacts of the past, before it starts.

Three estimators stand side by side: IPS, SNIPS and the doubly robust one. Their worth hangs
on how many past contacts the new policy would have made too: below an effective sample of
500 there are figures, but no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coterie.errors import DataError, ParameterError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_ESS = 500.0
_Z95 = 1.959963984540054

Verdict = Literal["better", "worse", "no difference shown", "too little data"]


@dataclass(frozen=True)
class Logged:
    """Past decisions as arrays of one length, a row each.

    Parameters
    ----------
    reward : float64 array
        What the decision brought.
    chance : float64 array
        Chance with which the decision that was taken was drawn, above 0.
    policy : float64 array
        Chance with which the new policy would take the same decision, 0 to 1.
    expected_taken : float64 array
        Modelled reward of the decision that was taken.
    expected_policy : float64 array
        Modelled reward under the new policy, its decisions weighted by their chances.
    customer : int64 array, optional
        Number of the customer; rows of one customer belong together. By default each row is
        a customer.
    """

    reward: Floats
    chance: Floats
    policy: Floats
    expected_taken: Floats
    expected_policy: Floats
    customer: Ints | None = None

    def __post_init__(self) -> None:
        if not self.reward.size:
            raise DataError("There is no past decision to learn from.")
        if not ((self.chance > 0) & (self.chance <= 1)).all():
            raise ParameterError("A decision that was taken had a chance above 0, at most 1.")
        if not ((self.policy >= 0) & (self.policy <= 1)).all():
            raise ParameterError("The chances of the new policy lie between 0 and 1.")


@dataclass(frozen=True)
class OffPolicy:
    """What a new policy would have brought for each past decision.

    ``ips``, ``snips`` and ``dr`` estimate its mean reward, ``logged`` is that of the decisions
    as they were. The intervals hold 95 %; ``gain`` is ``dr`` minus ``logged``.
    """

    n: int
    ess: float
    logged: float
    ips: float
    snips: float
    snips_interval: tuple[float, float]
    dr: float
    dr_interval: tuple[float, float]
    gain: float
    gain_interval: tuple[float, float]
    verdict: Verdict


def off_policy(logged: Logged) -> OffPolicy:
    """Estimate the value of a new policy from decisions that another one drew.

    Parameters
    ----------
    logged : Logged
        The past decisions.

    Returns
    -------
    OffPolicy
        Verdict ``too little data`` when the effective sample is below 500.

    References
    ----------
    Dudík, M., Langford, J., Li, L. (2011). Doubly robust policy evaluation and learning. ICML.
    Swaminathan, A., Joachims, T. (2015). The self-normalized estimator for counterfactual
    learning. NeurIPS.

    Examples
    --------
    Two decisions of chance one half, and the new policy takes the first alone: the first
    counts twice. Modelled rewards are 0.5 for the first decision, 0.2 for the second; the new
    policy expects 0.5 of both.

    >>> import numpy as np
    >>> half, takes = np.array([0.5, 0.5]), np.array([1.0, 0.0])
    >>> logged = Logged(np.array([1.0, 0.0]), half, takes, np.array([0.5, 0.2]), half)
    >>> found = off_policy(logged)
    >>> found.ips, found.snips, found.dr, found.ess, found.verdict
    (1.0, 1.0, 1.0, 1.0, 'too little data')
    """
    weight = logged.policy / logged.chance
    total = float(weight.sum())
    ess = total**2 / float((weight**2).sum()) if total else 0.0
    mean = float(logged.reward.mean())
    single = logged.expected_policy + weight * (logged.reward - logged.expected_taken)
    dr = float(single.mean())
    snips = float((weight * logged.reward).sum()) / total if total else 0.0
    ours = weight * (logged.reward - snips) / (total / weight.size) if total else weight
    gain = dr - mean
    low, high = _interval(gain, single - logged.reward - gain, logged.customer)
    verdict: Verdict = "no difference shown"
    if ess < LEAST_ESS:
        verdict = "too little data"
    elif low > 0 or high < 0:
        verdict = "better" if low > 0 else "worse"
    return OffPolicy(
        n=weight.size,
        ess=ess,
        logged=mean,
        ips=float((weight * logged.reward).mean()),
        snips=snips,
        snips_interval=_interval(snips, ours, logged.customer),
        dr=dr,
        dr_interval=_interval(dr, single - dr, logged.customer),
        gain=gain,
        gain_interval=(low, high),
        verdict=verdict,
    )


def _interval(value: float, errors: Floats, customer: Ints | None) -> tuple[float, float]:
    """Return the normal interval of a mean whose errors are summed by customer."""
    who = np.arange(errors.size) if customer is None else customer
    summed = np.bincount(np.unique(who, return_inverse=True)[1], errors)
    half = _Z95 * float(np.sqrt((summed**2).sum())) / errors.size
    return value - half, value + half


def cell_means(cell: Ints, treated: NDArray[np.bool_], reward: Floats) -> tuple[Floats, Floats]:
    """Model rewards by the mean of each cell, shrunk to the mean of all.

    Parameters
    ----------
    cell : int64 array
        Number of the cell of each row, such as offer by segment.
    treated : bool array
        Whether the row was a contact.
    reward : float64 array
        What it brought.

    Returns
    -------
    (float64 array, float64 array)
        For each row the modelled reward with a contact and without.

    Examples
    --------
    One contact in the cell brought 1, all contacts 0.5 on average: 10 rows of that are added.

    >>> import numpy as np
    >>> contact, _ = cell_means(np.array([0, 1]), np.array([True, True]), np.array([1.0, 0.0]))
    >>> contact.round(3).tolist()
    [0.545, 0.455]
    """
    n = int(cell.max()) + 1
    found = []
    for arm in (treated, ~treated):
        overall = float(reward[arm].mean()) if arm.any() else 0.0
        sums = np.bincount(cell[arm], reward[arm], n) + _PSEUDO * overall
        found.append((sums / (np.bincount(cell[arm], minlength=n) + _PSEUDO))[cell])
    return found[0], found[1]


_PSEUDO = 10.0
"""Rows of the overall mean that each cell is given."""
