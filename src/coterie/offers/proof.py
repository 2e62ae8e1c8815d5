"""How good the lists would have been on the last days known, against what sells best.

The lists are made anew from what was known before those days; nothing that is judged by
was seen.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from coterie.engine.duckdb import DuckDB
from coterie.errors import NotReadyError
from coterie.features.windows import inner_window, to_date
from coterie.offers.history import best, popularity
from coterie.offers.products import Model, Recommender
from coterie.offers.purchases import read_purchases, read_wanted
from coterie.offers.ranking import Pairs, judge, mean_interval, pairs_of, unseen

TOP = 10
WINDOW = 90
"""Days that lists are judged by, or half the history if that is shorter."""
ENOUGH = 50
"""Customers who must have bought within the window."""


@dataclass(frozen=True)
class Score:
    """How much of what was bought a kind of list held: ours, the best sellers, the gain.

    ``recall`` and ``popular`` are means over ``customers``; ``low`` and ``high`` bound the
    difference at 95 %. ``ndcg`` and ``ndcg_popular`` are the same, earlier places counting more.
    """

    customers: int
    recall: float
    popular: float
    low: float
    high: float
    ndcg: float
    ndcg_popular: float


@dataclass(frozen=True)
class Proof:
    """The last window, and the scores by track: ``all``, ``again``, ``new``.

    Empty scores, and why, if nothing can be judged.
    """

    start: str
    end: str
    scores: dict[str, Score]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def prove(
    db: DuckDB, first_day: int, as_of: int, *, model: type[Model] | None = None, seed: int
) -> Proof:
    """Judge the lists of the last window.

    Parameters
    ----------
    db : DuckDB
        Holds ``lines``; gets the codes as of the beginning of the window.
    first_day, as_of : int
        What is known.
    model : Ease or Neighbours, optional
        What the lists of today are learned by; default as ``learner`` says for what was
        known at the beginning of the window.
    seed : int
        Of the intervals.

    Returns
    -------
    Proof
        With a reason instead of scores if there is too little to judge by.
    """
    window = inner_window(first_day, as_of, WINDOW)
    if window is None:
        return Proof("", "", {}, "There are too few days to keep some back.")
    dates = to_date(window.start).isoformat(), to_date(window.end).isoformat()
    try:
        known = read_purchases(db, window.start)
    except NotReadyError:
        return Proof(*dates, {}, "Nothing was sold before these days.")
    n = known.history.n_products
    wanted = read_wanted(db, window.start, window.end, n)
    if len(np.unique(wanted // n)) < ENOUGH:
        return Proof(*dates, {}, f"Fewer than {ENOUGH} known customers bought in these days.")
    maker = Recommender(known.history, model, n=TOP)
    lists, n_customers = maker.lists(), known.history.n_customers
    own = pairs_of(maker.own.customer, maker.own.product, n)
    ranked = best(popularity(known.history), n)
    everybody = np.zeros(n_customers, np.int32)
    usual = unseen([ranked], everybody, own[:0], n, TOP)
    usual_new = unseen([ranked], everybody, own, n, TOP)
    again, new = np.intersect1d(wanted, own), np.setdiff1d(wanted, own)
    tried = {
        "all": (lists.top(TOP, n_customers), usual, wanted),
        "again": (lists.top(TOP, n_customers, "again"), usual, again),
        "new": (lists.top(TOP, n_customers, "new"), usual_new, new),
    }
    return Proof(
        *dates,
        {name: _score(*parts, n, seed) for name, parts in tried.items() if len(parts[2])},
    )


def _score(
    ours: np.ndarray[Any, Any], usual: np.ndarray[Any, Any], wanted: Pairs, n: int, seed: int
) -> Score:
    one, other = judge(ours, wanted, n), judge(usual, wanted, n)
    _, (low, high) = mean_interval(one.recall - other.recall, seed=seed)
    values = (one.recall.mean(), other.recall.mean(), low, high, one.ndcg.mean())
    rounded = [round(float(value), 6) for value in (*values, other.ndcg.mean())]
    return Score(len(one.customers), *rounded)
