"""Whether effects of campaigns lie where their intervals say, and a plan for a million is quick.

The simulated shop contacts readers of its newsletter more often, and they answer more in any
case: whoever compares answers without weighting finds effects that are not there.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.timing import wall_seconds
from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.offers.eligibility import Columns
from coterie.offers.off_policy import Logged, cell_means, off_policy
from coterie.offers.uplift import Effect, Flags, Floats, Ints, Trials, effect
from coterie.pipeline.ground import PEOPLE, PLACES, TOUCHES, Ground
from coterie.pipeline.offers import Wish, write_plan
from coterie.sources import shop_world as world
from coterie.sources.shop import write_shop
from coterie.sources.shop_signals import NEWSLETTER_RESPONSE
from coterie.store.runs import FolderWriter

CAMPAIGNS = int(os.environ.get("COTERIE_BENCH_CAMPAIGNS") or 200)
CUSTOMERS = 1_000
READERS, OTHERS = 0.1, 0.9
"""Chance of a contact under the changed policy: it turns the shop's own around."""


class Campaign(NamedTuple):
    """Contacts of one shop, and what was planted in those contacted."""

    trials: Trials
    money: Trials
    offer: Ints
    persona: Ints
    reader: Flags
    base: Floats
    """Chance to answer without a contact."""
    uplift: Floats
    worth: Floats
    """Mean money of an answer."""


def simulate(seed: int) -> Campaign:
    """Draw the shop of a seed and its three offers, two waves of each."""
    with tempfile.TemporaryDirectory() as folder:
        tables = ["customers", "touches", "truth"]
        shop = write_shop(Path(folder), customers=CUSTOMERS, seed=seed, tables=tables)
        touches, truth, people = (
            pd.read_parquet(shop.paths[name]) for name in ("touches", "truth", "customers")
        )
    rows = touches.merge(truth, on="customer_id").merge(
        people[["customer_id", "newsletter"]], on="customer_id"
    )
    names = [persona.name for persona in world.PERSONAS]
    persona = rows.persona.astype(str).map(names.index).to_numpy()
    offer = rows.offer_id.astype(str).map(world.OFFERS.index).to_numpy()
    reader = rows.newsletter.to_numpy(bool)
    response = np.array([one.response for one in world.PERSONAS])[persona]
    who = pd.factorize(rows.customer_id)[0].astype(np.int64)
    treated, chance = rows.treated.to_numpy(bool), rows.propensity.to_numpy()
    return Campaign(
        Trials(who, treated, rows.responded.to_numpy(float), chance),
        Trials(who, treated, rows.value.to_numpy(), chance),
        offer,
        persona,
        reader,
        response + NEWSLETTER_RESPONSE * reader,
        np.array([one.uplift for one in world.PERSONAS])[persona, offer],
        rows.mean_order_value.to_numpy(),
    )


def covers(found: Effect, truth: float) -> list[bool]:
    """Tell whether the interval holds the truth; nothing where nothing is said."""
    if found.low is None or found.high is None:
        return []
    return [found.low <= truth <= found.high]


def changed_policy(one: Campaign) -> tuple[bool, bool, float]:
    """Tell whether the value and the gain of the changed policy lie in their intervals."""
    trials, cells = one.trials, one.offer * len(world.PERSONAS) + one.persona
    contact = np.where(one.reader, READERS, OTHERS)
    reward = trials.outcome
    with_it, without = cell_means(cells, trials.treated, reward)
    found = off_policy(
        Logged(
            reward,
            np.where(trials.treated, trials.propensity, 1 - trials.propensity),
            np.where(trials.treated, contact, 1 - contact),
            np.where(trials.treated, with_it, without),
            contact * with_it + (1 - contact) * without,
            trials.customer,
        )
    )
    truth = float((one.base + contact * one.uplift).mean())
    (low, high), (less, more) = found.dr_interval, found.snips_interval
    return low <= truth <= high, less <= truth <= more, found.ess


@figure("Q23")
def uplift_intervals() -> Outcome:
    """Count how often intervals hold the planted truth."""
    whole: list[bool] = []
    parts: list[bool] = []
    money: list[bool] = []
    policies = []
    for seed in range(CAMPAIGNS):
        one = simulate(seed)
        for offer in range(len(world.OFFERS)):
            rows = one.offer == offer
            whole += covers(effect(one.trials.only(rows)), one.uplift[rows].mean())
            gained = (one.uplift * one.worth)[rows].mean()
            money += covers(effect(one.money.only(rows)), gained)
            for persona in range(len(world.PERSONAS)):
                cell = rows & (one.persona == persona)
                if cell.any():
                    parts += covers(effect(one.trials.only(cell)), one.uplift[cell].mean())
        policies.append(changed_policy(one))
    dr, snips, ess = (np.array(column) for column in zip(*policies, strict=True))
    shares = (
        (f"of answers, an offer ({len(whole)} intervals)", whole),
        (f"of answers, an offer in a persona ({len(parts)})", parts),
        (f"of money, an offer ({len(money)})", money),
        ("value of a changed policy, doubly robust", dr),
        ("value of a changed policy, SNIPS", snips),
    )
    return Outcome(
        f"{CAMPAIGNS} simulated shops of {CUSTOMERS:,} customers, three offers in two waves, "
        "propensities that hang on the newsletter; the truth is the planted uplift of those "
        f"contacted; the changed policy's least effective sample is {ess.min():,.0f}",
        tuple(
            part
            for name, held in shares
            for part in (
                at_least(f"intervals holding the truth, {name}", 100 * np.mean(held), 90, unit="%"),
                at_most(f"intervals holding the truth, {name}", 100 * np.mean(held), 98, unit="%"),
            )
        ),
    )


MILLION = 1_000_000
OFFERS, SEGMENTS = 8, 7
TODAY = 20_000


def make_million(db: DuckDB) -> Ground:
    """Make a million customers in seven segments, and half a million touches of eight offers."""
    chance = "(hash({0}.i, {1}) % 1000000) / 1000000.0"
    columns = ", ".join(f"{chance.format('t', i)} AS x{i}" for i in range(4))
    db.create(
        PEOPLE,
        f"SELECT printf('C%07d', i) AS customer_id, 'seg-00' || (1 + hash(i) % {SEGMENTS}) "
        f"AS segment, {columns} FROM range({MILLION}) AS t(i)",
    )
    answers = f"{chance.format('t', 11)} < 0.04 + 0.03 * CAST(treated AS INTEGER)"
    db.create(
        TOUCHES,
        f"SELECT *, {answers} AS responded, CAST(20000000 AS BIGINT) AS value_micros, "
        "0.9 AS propensity FROM (SELECT i, printf('T%07d', i) AS touch_id, "
        f"printf('C%07d', (i * 7919) % {MILLION}) AS customer_id, "
        f"{TODAY} - CAST(i % 60 AS INTEGER) - 1 AS day, 'offer-' || (i % {OFFERS}) AS offer_id, "
        f"{chance.format('t', 10)} < 0.9 AS treated FROM range({MILLION // 2}) AS t(i)) AS t",
    )
    db.create(
        PLACES,
        f"SELECT DISTINCT day, customer_id, segment FROM {TOUCHES} JOIN {PEOPLE} "
        "USING (customer_id)",
    )
    names = {f"seg-00{1 + i}": f"Segment {1 + i}" for i in range(SEGMENTS)}
    known = Columns(tuple(f"x{i}" for i in range(4)), (), names | {"none": "no segment"})
    return Ground("r0", TODAY, known.segments, known, MILLION // 2, {})


def plan_a_million(*, explore: bool) -> tuple[float, int]:
    """Plan eight offers for a million customers; return the seconds and the contacts."""
    catalogue = [
        {
            "id": f"offer-{i}",
            "eligible": f"x{i % 4} > {0.1 * i:.1f} AND x{(i + 1) % 4} < 0.9",
            "cost": 0.1 * i,
            "capacity": 40_000 * (1 + i),
            "contact_days": 7 * (1 + i % 2),
        }
        for i in range(OFFERS)
    ]
    settings = make_settings({"offers": catalogue})
    with tempfile.TemporaryDirectory() as folder, DuckDB(Path(folder)) as db:
        ground = make_million(db)
        with FolderWriter(Path(folder), "plan") as writer:
            wish = Wish(explore=explore, budget=500_000.0)
            seconds = wall_seconds(lambda: write_plan(db, settings, ground, wish, 0, writer))
            contacts = pd.read_parquet(writer.path("plan.parquet"), columns=["offer_id", "arm"])
    treated = contacts[contacts.arm == "treated"].offer_id.value_counts()
    for i, one in enumerate(catalogue):
        assert treated.get(f"offer-{i}", 0) <= one["capacity"]
    return seconds, int(treated.sum())


if __name__ == "__main__":
    for explore in (False, True):
        seconds, contacts = plan_a_million(explore=explore)
        print(f"{MILLION:,} customers, explore={explore}: {seconds:.1f} s, {contacts:,} contacts")
