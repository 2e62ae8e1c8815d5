"""A new plan put to the contacts of the past, before it starts.

The question for each past contact or control row is: would the new plan have contacted her
with this offer? It does so as often as it contacts customers of her segment who may be offered
it. Where the plan was made from the same answers, what comes out flatters it a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coterie.offers.catalogue import Offer
from coterie.offers.evidence import Contacts
from coterie.offers.off_policy import Logged, OffPolicy, cell_means, off_policy
from coterie.offers.policy import Floats, Groups, Ints


def contact_rates(plan: Ints, groups: Groups, offers: Sequence[Offer], n_segments: int) -> Floats:
    """Return how often a plan contacts who may be offered something.

    Parameters
    ----------
    plan : int64 array, shape (n_groups, n_offers)
        Customers for each offer.
    groups : Groups
        The groups of the customers.
    offers : sequence of Offer
        With control shares.
    n_segments : int
        Segments, numbered from 0.

    Returns
    -------
    float64 array, shape (n_segments, n_offers)
        Share of those who may; 0 where nobody may.

    Examples
    --------
    >>> groups = Groups.of(np.zeros(20, int), np.ones(20, int), 1)
    >>> contact_rates(np.array([[10]]), groups, [Offer(id="a")], 1).tolist()
    [[0.45]]
    """
    planned, may = np.zeros((n_segments, len(offers))), np.zeros((n_segments, len(offers)))
    np.add.at(planned, groups.segment, plan)
    np.add.at(may, groups.segment, groups.may * groups.size[:, None])
    chosen = plan.sum(axis=0)
    control = np.array([o.control(int(n)) for o, n in zip(offers, chosen, strict=True)])
    return np.asarray(planned / np.maximum(may, 1) * (1 - control / np.maximum(chosen, 1)))


def replay(
    contacts: Contacts, offers: Sequence[Offer], plan: Ints, groups: Groups, n_segments: int
) -> OffPolicy | str:
    """Estimate what a plan would have brought for each past contact or control row.

    Parameters
    ----------
    contacts : Contacts
        The touches.
    offers : sequence of Offer
        The catalogue.
    plan : int64 array, shape (n_groups, n_offers)
        Customers for each offer.
    groups : Groups
        The groups of the customers.
    n_segments : int
        Segments, numbered from 0.

    Returns
    -------
    OffPolicy or str
        In units of money; why not, if no past contact was left to chance or money is not known.
    """
    trials = contacts.answers
    value = np.array([np.nan if o.value is None else o.value for o in offers])[contacts.offer]
    cost = np.array([o.cost for o in offers])[contacts.offer]
    money = np.where(np.isnan(value), contacts.money, trials.outcome * value)
    reward = money - cost * trials.treated
    chance = np.where(trials.treated, trials.propensity, 1 - trials.propensity)
    rows = np.isfinite(reward) & (trials.propensity > 0) & (trials.propensity < 1)
    if not rows.any():
        return "no past contact was left to chance with its money known"
    rates = contact_rates(plan, groups, offers, n_segments)
    would = rates[contacts.segment, contacts.offer][rows]
    treated, reward = trials.treated[rows], reward[rows]
    cell = (contacts.segment * len(offers) + contacts.offer)[rows]
    with_it, without = cell_means(cell, treated, reward)
    return off_policy(
        Logged(
            reward,
            chance[rows],
            np.where(treated, would, 1 - would),
            np.where(treated, with_it, without),
            would * with_it + (1 - would) * without,
            trials.customer[rows],
        )
    )


def replay_json(past: OffPolicy | str) -> dict[str, Any]:
    """Return what ``replay`` found as JSON, or why nothing is known."""
    if isinstance(past, str):
        return {"verdict": None, "verdict_reason": past}
    found: dict[str, Any] = {"verdict": past.verdict, "contacts": past.n, "ess": round(past.ess, 3)}
    for name in ("logged", "ips", "snips", "dr", "gain"):
        found[name] = round(getattr(past, name), 9)
    for name in ("snips_interval", "dr_interval", "gain_interval"):
        found[name] = [round(end, 9) for end in getattr(past, name)]
    return found
