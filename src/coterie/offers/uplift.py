"""What contacts changed: answers of the contacted against those of a control drawn by lot.

Nothing is said of an offer without such a control: who is contacted by choice answers more
anyway. Contacts of one customer are not independent, so errors are summed by customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from coterie.errors import ParameterError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

Status = Literal["evidence", "no evidence", "untested"]

LEAST = 30
"""Contacts, and rows of the control, below which nothing is said."""
MISMATCH = 5.0
"""Standard errors by which contacts may differ from what their chances let expect."""


@dataclass(frozen=True)
class Trials:
    """Contacts and their control as arrays of one length, a row each.

    Parameters
    ----------
    customer : int64 array
        Number of the customer; rows of one customer belong together.
    treated : bool array
        Whether she was contacted; else she is the control.
    outcome : float64 array
        What came of it: 1 for an answer, or its money; NaN where that is not known yet.
    propensity : float64 array
        Chance with which the contact was drawn; NaN if it is not known.
    """

    customer: Ints
    treated: Flags
    outcome: Floats
    propensity: Floats

    def __post_init__(self) -> None:
        sizes = {a.size for a in (self.customer, self.treated, self.outcome, self.propensity)}
        if len(sizes) != 1:
            raise ParameterError(f"Arrays of trials have {sorted(sizes)} rows.")

    def only(self, rows: Flags | Ints) -> Trials:
        """Return some of the rows."""
        return Trials(
            self.customer[rows], self.treated[rows], self.outcome[rows], self.propensity[rows]
        )

    @property
    def usable(self) -> Trials:
        """The rows with a known outcome whose contact was left to chance."""
        chance = (self.propensity > 0) & (self.propensity < 1)
        return self.only(chance & np.isfinite(self.outcome))


@dataclass(frozen=True)
class Effect:
    """What one more contact changes on average, with a 95 % interval.

    ``status`` is ``evidence`` if the interval leaves out 0, ``no evidence`` if it does not, and
    ``untested``, with the reason and no figure, if there is nothing to compare with.
    """

    status: Status
    treated: int
    control: int
    uplift: float | None = None
    low: float | None = None
    high: float | None = None
    with_contact: float | None = None
    without: float | None = None
    """Mean outcome with a contact and without."""
    reason: str = ""

    def scaled(self, factor: float, shift: float = 0.0) -> Effect:
        """Return the effect times a factor and plus a shift, such as margin and cost.

        Examples
        --------
        >>> Effect("evidence", 100, 100, 0.1, 0.05, 0.15, 0.2, 0.1).scaled(10, -0.5).low
        0.0
        """
        if self.uplift is None or self.low is None or self.high is None:
            return self
        ends = sorted((self.low * factor + shift, self.high * factor + shift))
        status: Status = "no evidence" if ends[0] <= 0 <= ends[1] else "evidence"
        return Effect(
            status, self.treated, self.control, self.uplift * factor + shift, ends[0], ends[1]
        )


def effect(trials: Trials) -> Effect:
    """Estimate what a contact changes, by weighting each row with the inverse of its chance.

    Parameters
    ----------
    trials : Trials
        Of one offer, perhaps in one segment.

    Returns
    -------
    Effect
        The difference of the weighted means (Hájek), with errors summed by customer and
        Student's t for the number of customers in the smaller arm.

    References
    ----------
    Hájek, J. (1971), comment on Basu: weights that are divided by their sum. Lunceford, J.,
    Davidian, M. (2004). Stratification and weighting via the propensity score. Statistics in
    Medicine 23: the variance of their estimator IPW2 for known propensities.

    Examples
    --------
    Of four contacted two answer, of four others one: 50 against 25 of 100.

    >>> import numpy as np
    >>> treated = np.repeat([True, False], 4 * 30)
    >>> outcome = np.tile([1.0, 1, 0, 0], 30), np.tile([1.0, 0, 0, 0], 30)
    >>> half = np.full(240, 0.5)
    >>> found = effect(Trials(np.arange(240), treated, np.concatenate(outcome), half))
    >>> found.status, round(found.uplift, 3), round(found.low, 3), round(found.high, 3)
    ('evidence', 0.25, 0.13, 0.37)
    """
    rows = trials.usable
    n1 = int(rows.treated.sum())
    n0 = rows.treated.size - n1
    why = _untested(trials, rows, n1, n0)
    if why:
        return Effect("untested", n1, n0, reason=why)
    t = rows.treated.astype(np.float64)
    w1, w0 = t / rows.propensity, (1 - t) / (1 - rows.propensity)
    mean1 = float((w1 * rows.outcome).sum() / w1.sum())
    mean0 = float((w0 * rows.outcome).sum() / w0.sum())
    error1 = w1 * (rows.outcome - mean1) / w1.sum()
    error0 = w0 * (rows.outcome - mean0) / w0.sum()
    _, code = np.unique(rows.customer, return_inverse=True)
    by_customer = np.bincount(code, error1 - error0)
    least = min(np.unique(code[rows.treated]).size, np.unique(code[~rows.treated]).size)
    spread = float(np.sqrt((by_customer**2).sum() * least / (least - 1)))
    half = float(stdtrit(least - 1, 0.975)) * spread
    found = mean1 - mean0
    status: Status = "no evidence" if found - half <= 0 <= found + half else "evidence"
    return Effect(status, n1, n0, found, found - half, found + half, mean1, mean0)


def _untested(trials: Trials, rows: Trials, n1: int, n0: int) -> str:
    """Say why nothing can be said; '' if something can."""
    if not trials.treated.size:
        return "it was never tried"
    if np.isnan(trials.outcome).all():
        return "no answer is known yet"
    if not trials.treated.all() and np.isnan(trials.propensity).all():
        return "the chance of being contacted (propensity) is not known"
    if not n0:
        return "there is no control group"
    if min(n1, n0) < LEAST:
        return f"{n1:,} contacts and {n0:,} in the control are too few; {LEAST} of each are needed"
    if np.unique(rows.customer[rows.treated]).size < 2 or (
        np.unique(rows.customer[~rows.treated]).size < 2
    ):
        return "all contacts, or all of the control, are of one customer"
    expected = rows.propensity.sum()
    error = np.sqrt((rows.propensity * (1 - rows.propensity)).sum())
    if abs(n1 - expected) > MISMATCH * error:
        return (
            f"{n1:,} were contacted where the propensities let expect {expected:,.0f}: the "
            "control was not drawn as they say"
        )
    return ""


@dataclass(frozen=True)
class Qini:
    """How much of the effect is reached by contacting those first who promise most.

    ``share`` and ``gain`` are the curve: the share of customers contacted, and the answers (or
    money) this adds for each customer of all; both begin at 0. ``coefficient`` is the area
    between the curve and the straight line to its end: 0 if the order is worth nothing.
    """

    share: tuple[float, ...]
    gain: tuple[float, ...]
    coefficient: float
    low: float
    high: float


REPLICATES = 200


def qini(trials: Trials, score: Floats, *, seed: int) -> Qini:
    """Return the Qini curve of an order of customers, with a bootstrap interval.

    Parameters
    ----------
    trials : Trials
        Of one offer; only its usable rows count.
    score : float64 array
        What each row promises, higher first; rows of equal score enter together. It must not
        have been made from the same rows, or it flatters itself.
    seed : int
        Of the bootstrap, which draws customers.

    Returns
    -------
    Qini
        With the 2.5 % and 97.5 % quantiles of the coefficient.

    Raises
    ------
    ParameterError
        If no row is usable, or the scores are of another number.

    References
    ----------
    Radcliffe, N. (2007). Using control groups to target on predicted lift. Direct Marketing
    Analytics Journal. Rows are weighted by the inverse of their chance instead of by counts.

    Examples
    --------
    Two contacted and two not, chance one half; the contacted of high score alone answers.

    >>> import numpy as np
    >>> treated, answers = np.array([True, False, True, False]), np.array([1.0, 0, 0, 0])
    >>> trials = Trials(np.arange(4), treated, answers, np.full(4, 0.5))
    >>> found = qini(trials, np.array([2.0, 2, 1, 1]), seed=0)
    >>> found.share, found.gain, found.coefficient
    ((0.0, 0.5, 1.0), (0.0, 0.5, 0.5), 0.125)
    """
    if score.size != trials.treated.size:
        raise ParameterError(f"{score.size} scores for {trials.treated.size} rows.")
    usable = (trials.propensity > 0) & (trials.propensity < 1) & np.isfinite(trials.outcome)
    rows, score = trials.only(usable), score[usable]
    if not score.size:
        raise ParameterError("No row was left to chance, so there is no Qini curve.")
    levels, level = np.unique(-score, return_inverse=True)
    signed = np.where(rows.treated, 1 / rows.propensity, -1 / (1 - rows.propensity))
    gained = signed * rows.outcome
    _, code = np.unique(rows.customer, return_inverse=True)
    share, gain = _curve(level, gained, np.ones(score.size), levels.size)
    random = np.random.default_rng(seed)
    n = int(code.max()) + 1
    drawn = []
    for _ in range(REPLICATES):
        times = np.bincount(random.integers(0, n, n), minlength=n)[code].astype(np.float64)
        drawn.append(_area(*_curve(level, gained, times, levels.size)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    coefficient = _area(share, gain)
    return Qini(tuple(share.tolist()), tuple(gain.tolist()), coefficient, float(low), float(high))


def _curve(level: Ints, gained: Floats, times: Floats, n_levels: int) -> tuple[Floats, Floats]:
    """Return shares and gains at the end of each level, both from 0."""
    sizes = np.bincount(level, times, n_levels)
    gains = np.bincount(level, gained * times, n_levels)
    total = max(sizes.sum(), 1.0)
    start = np.zeros(1)
    return (
        np.concatenate([start, np.cumsum(sizes) / total]),
        np.concatenate([start, np.cumsum(gains) / total]),
    )


def _area(share: Floats, gain: Floats) -> float:
    under = float((np.diff(share) * (gain[1:] + gain[:-1]) / 2).sum())
    return under - float(gain[-1]) / 2
