"""Thompson sampling: offers are drawn as often as they may well be the best.

Each segment learns from its own contacts, and from those of all segments as if 150 more had
been sent in it at the offer's overall rate; so a new segment does not start from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coterie.offers.uplift import Trials

Floats = NDArray[np.float64]

PSEUDO_SENDS = 150.0
"""Contacts at the overall rate that each segment is given beforehand."""
NEW_SENDS = 20.0
"""Contacts that the guess for a new offer is worth."""
NEW_RATE = 0.02
"""Guess where there is none."""
DRAWS = 100
"""Plans that are drawn and averaged."""


@dataclass(frozen=True)
class Sent:
    """Contacts or control rows of every segment and offer, and their answers.

    Parameters
    ----------
    n : float64 array, shape (n_segments, n_offers)
        Rows; if their chances differ, what they are worth as rows of equal chance.
    answers : float64 array, shape (n_segments, n_offers)
        Those who answered among ``n``.
    """

    n: Floats
    answers: Floats

    @classmethod
    def none(cls, n_segments: int, n_offers: int) -> Sent:
        """Return nothing sent at all."""
        return cls(np.zeros((n_segments, n_offers)), np.zeros((n_segments, n_offers)))


def count(trials: Trials, *, contacted: bool) -> tuple[float, float]:
    """Return rows and answers of one arm, weighted to equal chances.

    Parameters
    ----------
    trials : Trials
        Of one offer in one segment; the outcome is 1 for an answer.
    contacted : bool
        Which arm.

    Returns
    -------
    (float, float)
        Effective rows (sum of weights, squared, over the sum of squares), and answers.

    Examples
    --------
    >>> two = Trials(np.arange(2), np.ones(2, bool), np.array([1.0, 0.0]), np.full(2, 0.5))
    >>> count(two, contacted=True)
    (2.0, 1.0)
    """
    there = np.isfinite(trials.outcome) & (trials.treated == contacted)
    chance = trials.propensity if contacted else 1 - trials.propensity
    weight = 1 / np.where(there & (chance > 0), chance, 1.0)  # an unknown chance weighs one
    weight, outcome = weight[there], trials.outcome[there]
    if not weight.size:
        return 0.0, 0.0
    rows = float(weight.sum() ** 2 / (weight**2).sum())
    return rows, rows * float((weight * outcome).sum() / weight.sum())


def draw_uplifts(contacted: Sent, control: Sent, guess: Floats, *, seed: int) -> Floats:
    """Draw what a contact may add in every segment, as likely as the answers make it.

    Parameters
    ----------
    contacted, control : Sent
        What is known so far. Where an offer has no control, all answers count as added.
    guess : float64 array, shape (n_offers,)
        The user's own guess of what a contact adds; NaN where there is none.
    seed : int
        Of the draws.

    Returns
    -------
    float64 array, shape (100, n_segments, n_offers)
        One possible world in each row.

    References
    ----------
    Thompson, W. (1933). On the likelihood that one unknown probability exceeds another.
    Biometrika 25.

    Examples
    --------
    >>> sent = Sent(np.array([[900.0]]), np.array([[90.0]]))
    >>> drawn = draw_uplifts(sent, Sent.none(1, 1), np.array([0.05]), seed=0)
    >>> drawn.shape, bool(0.08 < drawn.mean() < 0.12)
    ((100, 1, 1), True)
    """
    random = np.random.default_rng([seed, 2])
    start = np.where(np.isnan(guess), NEW_RATE, guess)
    added = _rates(random, contacted, start)
    tested = control.n.sum(axis=0) > 0
    before = _rates(random, control, np.full(start.size, NEW_RATE))
    return np.asarray(added - np.where(tested, before, 0.0))


def _rates(random: np.random.Generator, sent: Sent, start: Floats) -> Floats:
    """Draw overall rates of each offer, then rates of each segment around them."""
    yes, n = sent.answers.sum(axis=0), sent.n.sum(axis=0)
    least = 1e-6  # a beta distribution needs both counts above 0
    overall = random.beta(
        np.maximum(NEW_SENDS * start + yes, least),
        np.maximum(NEW_SENDS * (1 - start) + n - yes, least),
        size=(DRAWS, start.size),
    )[:, None, :]
    return random.beta(
        np.maximum(PSEUDO_SENDS * overall + sent.answers, least),
        np.maximum(PSEUDO_SENDS * (1 - overall) + sent.n - sent.answers, least),
    )
