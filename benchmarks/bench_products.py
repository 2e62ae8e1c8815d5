"""How often lists of products hold what is bought next.

What was sold before 1 September 2011 is known, what was sold afterwards is to be found. What
best sellers add to own purchases was set on windows that ended by that day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.bench_choice import RETAIL, SEED
from benchmarks.figures import Outcome, Part, at_least, figure
from coterie import Project
from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.features.windows import to_day
from coterie.offers.history import (
    Codes,
    Floats,
    best,
    popularity,
    segment_popularity,
)
from coterie.offers.neighbours import Neighbours
from coterie.offers.products import Lists, Recommender
from coterie.offers.purchases import Purchases, read_purchases, read_wanted
from coterie.offers.ranking import Judged, Pairs, judge, mean_interval, pairs_of, unseen
from coterie.sources.read import read
from coterie.validation.build import build_tables

START, END = date(2011, 9, 1), date(2011, 12, 10)
TOP = 10
SHUFFLES = 100


class Trial(NamedTuple):
    """What was known on a day, what was listed then, and what was bought afterwards."""

    known: Purchases
    lists: Lists
    bought: Pairs
    wanted: Pairs

    @property
    def fresh(self) -> Pairs:
        """What a customer bought for the first time."""
        return np.setdiff1d(self.wanted, self.bought)

    @property
    def items(self) -> int:
        """Products that customers bought; guests bought others, too."""
        return len(np.unique(self.bought % self.size[1]))

    @property
    def size(self) -> tuple[int, int]:
        """Customers and products."""
        return self.known.history.n_customers, self.known.history.n_products

    def judge(self, listed: Codes, wanted: Pairs) -> Judged:
        """Judge the lists of all customers."""
        return judge(listed, wanted, self.size[1])

    def tracks(self, track: str | None, wanted: Pairs) -> Judged:
        """Judge our own lists."""
        return self.judge(self.lists.top(TOP, self.size[0], track), wanted)

    def same(self, scores: Floats, of: Codes | int = 0) -> Codes:
        """List the best by the scores of each customer's group (a row of ``scores``)."""
        ranked = np.array([best(row, TOP) for row in np.atleast_2d(scores)])
        return ranked[np.broadcast_to(of, self.size[0])]

    def unseen(self, scores: Floats, of: Codes | int = 0) -> Codes:
        """Do the same, without what each customer has bought before."""
        n_customers, n_products = self.size
        ranked = [best(row, n_products) for row in np.atleast_2d(scores)]
        return unseen(ranked, np.broadcast_to(of, n_customers), self.bought, n_products, TOP)


@cache
def trial(*, netted: bool = True) -> Trial:
    """Read Online Retail and make the lists of 1 September 2011."""
    settings = make_settings({"sources": {"orders": RETAIL}})
    source = settings.sources["orders"]
    start, end = to_day(START), to_day(END)
    with DuckDB() as db:
        raw = read(db, "orders", source, Path())
        build_tables(db, {"orders": (raw, source)}, {}, timezone="UTC")
        if not netted:
            db.execute("UPDATE lines SET net_day = NULL")
        known = read_purchases(db, start)
        wanted = read_wanted(db, start, end, known.history.n_products)
    maker = Recommender(known.history, n=TOP)
    bought = pairs_of(maker.own.customer, maker.own.product, known.history.n_products)
    return Trial(known, maker.lists(), bought, wanted)


@cache
def segments() -> tuple[Codes, int]:
    """Place the customers by the default segmentation, fitted to the same days, k = 7."""
    chosen = {"sources": {"orders": RETAIL}, "segmentation": {"k": 7, "seed": SEED}}
    with tempfile.TemporaryDirectory() as folder:
        run = Project(folder, make_settings(chosen)).run(as_of=START)
        placed = run.table("assignments").to_pydict()
        ids = [segment["id"] for segment in run.segments]
    of = dict(zip(placed["customer_id"], placed["segment_id"], strict=True))
    codes = [ids.index(of[c]) if of.get(c) in ids else -1 for c in trial().known.customers.tolist()]
    return np.array(codes, dtype=np.int32), len(ids)


@figure("Q18")
def all_items() -> Outcome:
    """Judge the lists of both tracks together."""
    now, plain = trial(), trial(netted=False)
    found = now.tracks(None, now.wanted)
    again = now.tracks("again", np.intersect1d(now.wanted, now.bought))
    usual = now.judge(now.same(popularity(now.known.history)), now.wanted)
    other = plain.tracks(None, plain.wanted)
    _say("popularity, 14 days", usual)
    _say("bought before, of what was bought again", again)
    _say(f"returns not netted, {len(other.customers):,} users, {plain.items:,} items", other)
    _say_segments(now, "all", now.same, now.wanted)
    return _outcome(found, now, (0.36, 0.37))


@figure("Q19")
def new_items() -> Outcome:
    """Judge the lists of what is new to a customer."""
    now = trial()
    found = now.tracks("new", now.fresh)
    _say("popularity, 14 days", now.judge(now.unseen(popularity(now.known.history)), now.fresh))
    _say_neighbours(now)
    _say_segments(now, "new", now.unseen, now.fresh)
    return _outcome(found, now, (0.118, 0.12))


def _outcome(found: Judged, now: Trial, bars: tuple[float, float]) -> Outcome:
    parts: list[Part] = []
    for name, values, bar in (
        ("recall@10", found.recall, bars[0]),
        ("NDCG@10", found.ndcg, bars[1]),
    ):
        mean, interval = mean_interval(values, seed=SEED)
        parts.append(at_least(name, mean, bar, interval=interval))
    return Outcome(
        f"Online Retail, known before {START}, judged to {END}, {len(found.customers):,} users, "
        f"{now.items:,} items; recall = hits ÷ min(10, bought); returns netted, so a few users "
        "and items fewer than in the clean rows; services left out",
        tuple(parts),
    )


def _say_neighbours(now: Trial) -> None:
    """Judge what is used where there are too many products for EASE."""
    lists = Recommender(now.known.history, Neighbours, n=TOP).lists()
    other = now._replace(lists=lists)
    _say("nearest neighbours, all", other.tracks(None, other.wanted))
    _say("nearest neighbours, new", other.tracks("new", other.fresh))


def _say(name: str, found: Judged) -> None:
    print(f"{name}: recall {found.recall.mean():.3f}, NDCG {found.ndcg.mean():.3f}", flush=True)


def _say_segments(now: Trial, what: str, listing: Callable[..., Codes], wanted: Pairs) -> None:
    """Compare what sells in a customer's segment with what sells at all, and with chance."""
    of, n = segments()
    history = now.known.history
    random = np.random.default_rng(SEED)

    def ndcg(of: Codes) -> Floats:
        shares = segment_popularity(history, of, n)
        return now.judge(listing(shares, of), wanted).ndcg

    usual = now.judge(listing(popularity(history)), wanted).ndcg
    gain, (low, high) = mean_interval(ndcg(of) - usual, seed=SEED)
    placebo = [(ndcg(random.permutation(of)) - usual).mean() for _ in range(SHUFFLES)]
    better = np.mean([chance >= gain for chance in placebo])
    print(
        f"best sellers of the {n} segments instead of all ({what}): NDCG {gain:+.4f} "
        f"[{low:+.4f}, {high:+.4f}]; segments shuffled {np.mean(placebo):+.4f}, as good or better "
        f"in {100 * better:.0f} % of {SHUFFLES}",
        flush=True,
    )
