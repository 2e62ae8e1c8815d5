"""Every claim of a description is worked out again from the tables of the run."""

import re

import numpy as np
import pyarrow.parquet as pq
import pytest

from coterie.profiling import format as fmt

SHARES = re.compile(
    r"They are (?P<customers>\S+) of customers"
    r"(?: and brought (?P<about>about )?(?P<spend>\S+) of spend "
    r"\((?P<low>[^–]+)–(?P<high>\S+)%\))?\."
)
ORDERS = re.compile(
    r"(?P<once>Ordered once); last order (?P<last1>.+) ago \(medians\)\.$"
    r"|Order about every (?P<gap>.+); last order (?P<last2>.+) ago \(medians\)\.$"
    r"|Their last order (?P<last3>.+) ago \(median\)\.$"
)
CONTRAST = re.compile(r"(?P<label>.+) (?P<here>\S+) against (?P<rest>\S+) for the others")
LEVEL = re.compile(r"(?P<label>.+): (?P<level>.+) for (?P<here>\S+) \((?P<all>\S+) of all\)")


def frame_of(run):
    """Return the features of the placed customers with their segments, as pandas."""
    placed = run.table("assignments").to_pandas().set_index("customer_id").segment_id
    features = run.table("features").to_pandas().set_index("customer_id")
    if (people := run.folder.parents[1] / "data" / run.manifest["data"] / "customers").is_dir():
        table = pq.read_table(people).to_pandas().set_index("customer_id")
        features = features.join(table[table.columns.difference(features.columns)])
    features["segment"] = placed
    return features[features.segment != "none"]


def sentences(text):
    first, second = text.split(" They are ")
    return first, f"They are {second}"


def test_orders_gaps_and_shares_of_spend_are_those_of_the_customers(retail):
    frame = frame_of(retail)
    total = frame.monetary.sum()
    for segment in retail.segments:
        own = frame[frame.segment == segment["id"]]
        first, second = sentences(segment["description"])
        orders, shares = ORDERS.fullmatch(first), SHARES.fullmatch(second)
        assert orders, first
        assert shares, second
        last = orders["last1"] or orders["last2"] or orders["last3"]
        assert last == fmt.days(own.recency.median())
        assert bool(orders["once"]) == (own.frequency.median() < 2)
        if orders["gap"]:
            assert orders["gap"] == fmt.days(own.mean_gap.median())
        assert shares["customers"] == fmt.share(len(own) / len(frame), sentence=True)
        spend = own.monetary.sum() / total
        low, high = segment["value_share_ci"]
        assert shares["spend"] == fmt.share(spend, sentence=True)
        assert f"{shares['low']}–{shares['high']}%" == fmt.share_range(low, high)
        assert low <= spend <= high
        assert bool(shares["about"]) == (high - low > 0.1 * spend)


def test_the_range_of_spend_is_that_of_a_bootstrap_of_customers(retail):
    frame = frame_of(retail)
    value, codes = frame.monetary.to_numpy(), frame.segment.to_numpy()
    random = np.random.default_rng(1)
    draws = [random.poisson(1.0, len(value)) * value for _ in range(400)]
    for segment in retail.segments:
        own = codes == segment["id"]
        shares = [drawn[own].sum() / drawn.sum() for drawn in draws]
        low, high = np.percentile(shares, [2.5, 97.5])
        width = high - low
        assert segment["value_share_ci"] == pytest.approx([low, high], abs=max(0.25 * width, 0.002))


def test_what_sets_a_segment_apart_is_so_in_the_customer_table(cards):
    frame = frame_of(cards)
    told = 0
    for segment in cards.segments:
        own, others = (frame[(frame.segment == segment["id"]) == here] for here in (True, False))
        first, second = sentences(segment["description"])
        assert SHARES.fullmatch(second)["customers"] == fmt.share(
            len(own) / len(frame), sentence=True
        )
        for part in re.sub(r" \(medians?\)", "", first.removesuffix(".")).split("; "):
            if level := LEVEL.fullmatch(part):
                (name,) = (n for n in frame.columns if n.lower() == level["label"].lower())
                for said, group in (("here", own), ("all", frame)):
                    known = group[name].dropna()  # shares are of those whose value is known
                    part_of = (known == level["level"]).mean()
                    assert level[said] == fmt.share(part_of, sentence=True)
                told += 1
                continue
            contrast = CONTRAST.fullmatch(part)
            assert contrast, part
            (name,) = (n for n in frame.columns if n.lower() == contrast["label"].lower())
            assert contrast["here"] == fmt.quantity(own[name].median())
            assert contrast["rest"] == fmt.quantity(others[name].median())
            told += 1
    assert told >= len(cards.segments)
