"""The plan: who is offered what, within capacities, contact limits and a budget.

Customers of one segment who may be offered the same are alike, so a linear programme shares
out groups, not people, whatever their number. Who of a group gets an offer is drawn by lot;
that costs nothing, and makes the chance of every contact known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array

from coterie.errors import CoterieError
from coterie.offers.catalogue import Offer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NOBODY = -1
"""In place of an offer, for customers who get none."""
_LEAST_WORTH = 1e-5
"""Share of the best worth below which the solver would take an offer for nothing."""
_SLACK = 1e-6
"""What the solver may be off an integer."""


@dataclass(frozen=True)
class Groups:
    """Customers of one segment who may be offered the same, counted together.

    Parameters
    ----------
    segment : int64 array, shape (n_groups,)
        Number of the segment.
    may : bool array, shape (n_groups, n_offers)
        What they may be offered.
    size : int64 array, shape (n_groups,)
        Customers.
    code : int64 array, shape (n_customers,)
        The group of each customer.
    """

    segment: Ints
    may: Flags
    size: Ints
    code: Ints

    @classmethod
    def of(cls, segment: Ints, may: Ints, n_offers: int) -> Groups:
        """Gather customers.

        Parameters
        ----------
        segment : int64 array, shape (n_customers,)
            Number of each customer's segment.
        may : int64 array, shape (n_customers,)
            Bit i is set if she may be offered offer i.
        n_offers : int
            At most 60.

        Returns
        -------
        Groups
            By segment and then by what they may be offered.

        Examples
        --------
        >>> groups = Groups.of(np.array([0, 1, 0]), np.array([1, 3, 1]), 2)
        >>> groups.size.tolist(), groups.may.tolist(), groups.code.tolist()
        ([2, 1], [[True, False], [True, True]], [0, 1, 0])
        """
        masks, mask = np.unique(may, return_inverse=True)
        wide = max(masks.size, 1)
        keys, code, size = np.unique(segment * wide + mask, return_inverse=True, return_counts=True)
        bits = np.arange(n_offers, dtype=np.int64)
        return cls(keys // wide, (masks[keys % wide][:, None] >> bits) & 1 == 1, size, code)


def share_out(
    groups: Groups, offers: Sequence[Offer], score: Floats, *, budget: float | None = None
) -> Floats:
    """Share offers out to groups so that the scores add up to the most there can be.

    Parameters
    ----------
    groups : Groups
        Who may be offered what.
    offers : sequence of Offer
        With capacities, costs and control shares.
    score : float64 array, shape (n_segments, n_offers)
        Worth of one contact; what is not above 0 is not offered.
    budget : float, optional
        Most that all contacts together may cost.

    Returns
    -------
    float64 array, shape (n_groups, n_offers)
        Customers for each offer; whole numbers but for the last few within a budget.
    """
    worth = score[groups.segment]
    group, offer = np.nonzero(groups.may & (worth > 0))
    shared = np.zeros(groups.may.shape)
    if not group.size:
        return shared
    n, several = group.size, groups.size.size
    most = np.array([o.most(int(groups.size.sum())) for o in offers], dtype=np.float64)
    price = np.array([o.cost * (1 - o.control_share) for o in offers])
    place = np.arange(n)
    rows, columns = [group, several + offer], [place, place]
    data, bounds = [np.ones(n), np.ones(n)], [groups.size.astype(np.float64), most]
    if budget is not None:
        rows.append(np.full(n, several + most.size))
        columns.append(place)
        data.append(price[offer])
        bounds.append(np.array([budget]))
    bound = np.concatenate(bounds)
    limits = coo_array(
        (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))),
        shape=(bound.size, n),
    )
    solved = linprog(
        _goal(worth[group, offer]),
        A_ub=limits.tocsr(),
        b_ub=bound,
        bounds=(0, None),
        method="highs",
    )
    if not solved.success:
        raise CoterieError(
            f"The plan could not be worked out: {solved.message}",
            hint="This is a defect of Coterie: please report it.",
        )
    shared[group, offer] = np.maximum(solved.x, 0)
    return shared


def _goal(worth: Floats) -> Floats:
    """Return what the solver is to make small: the best is -1, and nothing is lost in its slack.

    Offers whose money is not known are worth so little that they would be; they keep their
    order a little below all others.
    """
    share = worth / worth.max()
    levels, level = np.unique(share, return_inverse=True)
    return np.asarray(-np.maximum(share, _LEAST_WORTH * (1 + level / levels.size)))


def whole(
    shared: Floats,
    groups: Groups,
    offers: Sequence[Offer],
    score: Floats,
    *,
    budget: float | None = None,
) -> Ints:
    """Round a plan to whole customers, within all limits.

    Parameters
    ----------
    shared : float64 array, shape (n_groups, n_offers)
        As ``share_out`` gives it, or the mean of several such plans.
    groups : Groups
        Who may be offered what.
    offers : sequence of Offer
        With capacities, costs and control shares.
    score : float64 array, shape (n_segments, n_offers)
        What is taken away first if the budget does not hold: the least worth.
    budget : float, optional
        Most that all contacts together may cost.

    Returns
    -------
    int64 array, shape (n_groups, n_offers)
        The largest fractions are rounded up while there is room; ties by place.
    """
    plan = np.floor(shared + _SLACK).astype(np.int64)
    most = np.array([o.most(int(groups.size.sum())) for o in offers], dtype=np.int64)
    rest = shared - plan
    order = np.argsort(-rest, axis=None, kind="stable")
    for at in order[: int((rest > _SLACK).sum())].tolist():
        group, offer = divmod(at, len(offers))
        if plan[group].sum() < groups.size[group] and plan[:, offer].sum() < most[offer]:
            plan[group, offer] += 1
            if budget is not None and spent(plan, offers) > budget:
                plan[group, offer] -= 1
    worth = score[groups.segment]
    while budget is not None and spent(plan, offers) > budget:
        costs = np.array([o.cost for o in offers]) > 0
        there = (plan > 0) & costs
        worst = int(np.argmin(np.where(there, worth, np.inf)))
        plan[divmod(worst, len(offers))] -= 1
    return plan


def spent(plan: Ints, offers: Sequence[Offer]) -> float:
    """Return what the contacts of a plan cost; the control costs nothing.

    Examples
    --------
    >>> spent(np.array([[20], [80]]), [Offer(id="a", cost=0.5, control_share=0.1)])
    45.0
    """
    planned = plan.sum(axis=0).tolist()
    return float(sum(o.cost * (n - o.control(n)) for o, n in zip(offers, planned, strict=True)))


@dataclass(frozen=True)
class Drawn:
    """Who gets what, in the order of the customers.

    Parameters
    ----------
    offer : int64 array, shape (n_customers,)
        Number of the offer; ``NOBODY`` for none.
    treated : bool array, shape (n_customers,)
        Whether she is contacted; False for the control and for who gets none.
    chance : float64 array, shape (n_customers,)
        With which someone like her was picked for this offer.
    propensity : float64 array, shape (n_customers,)
        With which one who was picked is contacted and not the control.
    """

    offer: Ints
    treated: Flags
    chance: Floats
    propensity: Floats


def draw(plan: Ints, groups: Groups, offers: Sequence[Offer], *, seed: int) -> Drawn:
    """Draw who of each group gets an offer, and who of those is the control.

    Parameters
    ----------
    plan : int64 array, shape (n_groups, n_offers)
        Customers for each offer.
    groups : Groups
        The groups of the customers.
    offers : sequence of Offer
        With control shares.
    seed : int
        Another seed draws others.

    Returns
    -------
    Drawn
        The same for the same input. The control of an offer is drawn from all who got it.

    Examples
    --------
    >>> groups = Groups.of(np.zeros(20, int), np.ones(20, int), 1)
    >>> drawn = draw(np.array([[10]]), groups, [Offer(id="a")], seed=0)
    >>> int((drawn.offer == 0).sum()), int(drawn.treated.sum()), drawn.chance.max()
    (10, 9, np.float64(0.5))
    """
    n, several = groups.code.size, len(offers)
    random = np.random.default_rng([seed, 0])
    order = np.lexsort((random.random(n), groups.code))
    left = groups.size - plan.sum(axis=1)
    choices = np.tile(np.append(np.arange(several), NOBODY), groups.size.size)
    offer = np.empty(n, dtype=np.int64)
    offer[order] = np.repeat(choices, np.column_stack([plan, left]).ravel())
    treated, propensity = offer != NOBODY, np.full(n, np.nan)
    for number, one in enumerate(offers):
        chosen = np.flatnonzero(offer == number)
        control = one.control(chosen.size)
        lots = np.random.default_rng([seed, 1, number]).permutation(chosen.size)
        treated[chosen[lots[:control]]] = False
        if chosen.size:
            propensity[chosen] = (chosen.size - control) / chosen.size
    shares = np.column_stack([plan, left]) / np.maximum(groups.size, 1)[:, None]
    return Drawn(offer, treated, shares[groups.code, offer], propensity)
