import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.profiling import format as fmt
from coterie.profiling.lexicon import Facts, lexicon
from coterie.profiling.names import name_segments
from coterie.profiling.profile import (
    FeatureInfo,
    ProfileParams,
    SegmentIdentity,
    profile_segments,
)
from coterie.schema import CANONICAL, Attribute
from coterie.segmentation.wishes import MAX_WORDS

AS_OF = 15_000


def facts(**changed):
    given = {
        "recency": 0.9,
        "frequency": 0.9,
        "orders": 12.0,
        "tenure": 300.0,
        "value": 3.0,
        "overdue": 0.5,
        "window": 360,
    }
    return Facts(**(given | changed))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"tenure": 60.0, "orders": 2.0}, "New"),
        ({"tenure": 61.0, "orders": 2.0}, "Champions"),
        ({}, "Champions"),
        ({"recency": 0.65, "frequency": 0.65, "value": 2.5}, "Champions"),
        ({"value": 2.4}, "Loyal"),
        ({"value": 1.0, "recency": 0.5, "frequency": 0.6}, "Loyal"),
        ({"recency": 0.4, "overdue": 2.0, "value": 1.5}, "Cannot lose"),
        ({"recency": 0.4, "overdue": 1.9}, "At risk"),
        ({"value": 0.9}, "Potential loyalists"),
        ({"value": 0.9, "orders": 1.0}, "Promising"),
        ({"overdue": 3.0}, "Cannot lose"),
        ({"overdue": 3.0, "value": 1.0}, "At risk"),
        ({"overdue": 3.0, "orders": 1.0, "value": 1.0}, "Loyal"),
        ({"recency": 0.3, "overdue": 0.7, "days": 12.0}, "Occasional"),
        ({"recency": 0.3, "overdue": 0.7, "days": 87.0}, "Hibernating"),
        ({"recency": 0.49, "overdue": 1.0}, "Needs attention"),
        ({"recency": 0.34, "overdue": 1.0}, "Hibernating"),
        ({"recency": 0.19, "overdue": 1.0}, "Lost"),
    ],
)
def test_the_lexicon_keeps_its_order_and_thresholds(changed, name):
    assert lexicon(facts(**changed))[0] == name


unit = st.floats(0, 1)


@given(unit, unit, st.floats(1, 50), st.floats(0, 400), st.floats(0, 9), st.floats(0, 9))
def test_every_segment_matches_some_name(recency, frequency, orders, tenure, value, overdue):
    assert lexicon(Facts(recency, frequency, orders, tenure, value, overdue, 365))


def orders_profile(names=("", "", "", "")):
    rng = np.random.default_rng(4)
    plans = [(30, 40, 3, 90.0), (120, 8, 20, 40.0), (200, 2, 150, 30.0), (200, 1, 300, 20.0)]
    lines, members, rows = [], {}, []
    for code, (n, orders, recency, amount) in enumerate(plans):
        for _ in range(n):
            who = f"c{len(members):04d}"
            last = max(0, recency + int(rng.integers(-2, 3)))
            gap = int(rng.integers(7, 10))
            days = [AS_OF - 1 - last - gap * i for i in range(orders)]
            spent = np.round(amount * rng.uniform(0.8, 1.2, orders), 2)
            members[who] = f"seg-00{code + 1}"
            rows.append(
                (
                    float(last),
                    float(orders),
                    float(spent.sum()),
                    float(last + gap * (orders - 1)),
                    float(gap),
                )
            )
            lines += [
                {
                    "line_id": f"o:{len(lines) + i}",
                    "customer_id": who,
                    "order_id": f"{who}@{d}",
                    "ts": d * 86_400_000_000,
                    "day": d,
                    "hour": 1,
                    "quantity_milli": 1_000,
                    "amount_micros": round(s * 1_000_000),
                    "discount_micros": 0,
                    "kind": "sale",
                }
                for i, (d, s) in enumerate(zip(days, spent, strict=True))
            ]
    labels = ["recency", "frequency", "monetary", "tenure", "mean_gap"]
    units = ["days", "order days", "money", "days", "days"]
    ids = {
        f"seg-00{i + 1}": SegmentIdentity(f"seg-00{i + 1}", i + 1, name=name)
        for i, name in enumerate(names)
    }
    with DuckDB() as db:
        db.load("lines", pa.Table.from_pylist(lines, schema=CANONICAL["lines"]))
        db.load(
            "assignments",
            pa.table({"customer_id": list(members), "segment_id": list(members.values())}),
        )
        columns = dict(zip(labels, map(list, zip(*rows, strict=True)), strict=True))
        db.load("features", pa.table({"customer_id": list(members), **columns}))
        infos = [FeatureInfo(name, name.title(), u) for name, u in zip(labels, units, strict=True)]
        profile = profile_segments(
            db, ProfileParams(AS_OF, currency="EUR"), catalogue=infos, ids=ids
        )
    return profile, rows, list(members.values())


def test_orders_get_the_names_of_the_lexicon():
    profile, _, _ = orders_profile()
    named = {s.id: s.name for s in name_segments(profile).segments}
    # Few orders of one date each: recency place falls from group to group.
    assert named["seg-001"] == "Champions"
    assert named["seg-002"] == "Loyal"
    assert len(set(named.values())) == 4


def test_names_of_the_user_survive_and_are_not_given_twice():
    profile, _, _ = orders_profile(("", "champions", "", ""))
    named = {s.id: (s.name, s.identity.name_source) for s in name_segments(profile).segments}
    assert named["seg-002"] == ("champions", "user")
    assert named["seg-001"][0] == "Loyal"


def test_every_number_of_a_description_can_be_worked_out_again():
    profile, rows, codes = orders_profile()
    table, where = np.array(rows), np.array(codes)
    total = table[:, 2].sum()
    for segment in name_segments(profile).segments:
        own = table[where == segment.id]
        recency, orders, gap = (float(np.median(own[:, i])) for i in (0, 1, 4))
        allowed = {fmt.days(recency), fmt.days(gap) if orders >= 2 else ""}
        allowed |= {fmt.share(len(own) / len(table), sentence=True)}
        allowed |= {fmt.share(own[:, 2].sum() / total, sentence=True)}
        allowed |= {fmt.share_range(segment.value.low, segment.value.high)}
        assert segment.value.low <= own[:, 2].sum() / total <= segment.value.high
        text = segment.description
        for known in sorted(allowed, key=len, reverse=True):
            text = text.replace(known, "") if known else text
        assert not re.search(r"\d", text), segment.description
        assert segment.description.count(". ") == 1


def blocks(columns, codes, *, clustered=(), categories=(), protected=(), flags=()):
    n = len(codes)
    ids = {f"seg-{c:03d}": SegmentIdentity(f"seg-{c:03d}", int(c) + 1) for c in set(codes)}
    with DuckDB() as db:
        keys = [f"k{i}" for i in range(n)]
        db.load("people", pa.table({"customer_id": keys} | columns))
        db.load(
            "assignments",
            pa.table({"customer_id": keys, "segment_id": [f"seg-{c:03d}" for c in codes]}),
        )
        db.load("features", pa.table({"customer_id": keys}))
        attributes = [
            Attribute(
                name,
                "flag" if name in flags else "category" if name in categories else "number",
                protected="age" if name in protected else "",
            )
            for name in columns
        ]
        profile = profile_segments(
            db,
            ProfileParams(AS_OF, clustered=clustered),
            catalogue=[],
            attributes=attributes,
            ids=ids,
        )
    return name_segments(profile)


def test_contrast_names_speak_the_columns_words():
    codes = np.repeat([0, 1, 2, 3, 4], 40)
    rng = np.random.default_rng(1)
    income = np.array([50, 90, 90, 20, 20])[codes] + rng.normal(0, 3, 200)
    spending = np.array([50, 90, 10, 90, 10])[codes] + rng.normal(0, 3, 200)
    profile = blocks({"Annual Income (k$)": income, "Spending Score (1-100)": spending}, codes)
    named = {s.id: set(re.split(r"[ ,]+", s.name.lower())) for s in profile.segments}
    assert named["seg-000"] == {"average", "customers"}
    assert named["seg-001"] == {"high", "income", "and", "spending"}
    assert named["seg-002"] == {"high", "income", "low", "spending"}
    assert named["seg-003"] == {"low", "income", "high", "spending"}
    assert named["seg-004"] == {"low", "income", "and", "spending"}


def test_protected_attributes_name_only_what_was_built_from_them():
    codes = np.repeat([0, 1], 50)
    columns = {"Age": 20.0 + 40 * codes, "points": np.tile([1.0, 2.0], 50)}
    told = " ".join(
        s.name + s.description for s in blocks(columns, codes, protected=["Age"]).segments
    )
    assert "age" not in told.lower().replace("average", "")
    asked = blocks(columns, codes, protected=["Age"], clustered=("Age",))
    assert {s.name for s in asked.segments} == {"Older", "Younger"}


def test_a_level_most_share_names_a_segment():
    codes = np.repeat([0, 1, 2], 40)
    jobs = np.array(["Skilled", "Manager", "None"])[codes]
    profile = blocks({"job": jobs}, codes, categories=["job"])
    assert {s.name for s in profile.segments} == {"Skilled", "Manager", "No job"}
    assert "Job: Skilled for 100% (33% of all)" in " ".join(s.description for s in profile.segments)


def test_a_level_held_by_a_majority_only_is_mostly_so():
    codes = np.repeat([0, 1], 50)
    plan = np.where((np.arange(100) % 10 < 7) == (codes == 0), "DSL", "Fiber optic")
    profile = blocks({"internet": plan}, codes, categories=["internet"])
    assert {s.name for s in profile.segments} == {"Mostly DSL", "Mostly fiber optic"}
    assert "Internet: DSL for 70% (50% of all)" in profile.segments[0].description


def test_yes_and_no_are_told_with_the_words_of_their_column():
    codes = np.repeat([0, 1], 40)
    columns = {
        "TechSupport": np.array(["Yes", "No"])[codes],
        "contract": np.array(["Two year", "Month-to-month"])[codes],
    }
    profile = blocks(columns, codes, categories=list(columns))
    named = {s.id: s.name for s in profile.segments}
    assert named == {
        "seg-000": "Tech support, two year",
        "seg-001": "No tech support, month-to-month",
    }


def test_flags_are_told_as_levels_and_not_as_numbers():
    codes = np.repeat([0, 1], 40)
    profile = blocks({"Newsletter": codes == 1}, codes, flags=["Newsletter"])
    assert {s.name for s in profile.segments} == {"Newsletter", "No newsletter"}


def test_equal_medians_tell_nothing_in_names_and_descriptions():
    codes = np.repeat([0, 1], 50)
    # both medians are 1, though the first segment has more twos and no zero
    skill = np.concatenate([np.repeat([1.0, 2.0], [30, 20]), np.repeat([0.0, 1.0], [20, 30])])
    income = np.where(codes == 0, 50.0, 40.0) + np.tile([0.0, 1.0], 50)
    profile = blocks({"Occupation": skill, "Income": income}, codes)
    for segment in profile.segments:
        assert "Occupation" not in segment.description
        assert "occupation" not in segment.name
    alone = blocks({"Occupation": skill}, codes)
    assert {s.name for s in alone.segments} == {"Average customers", "Average customers 2"}


def test_having_none_of_something_is_called_so():
    codes = np.repeat([0, 1], 50)
    advances = np.where(codes == 0, 0.0, 50.5 + np.arange(100))
    profile = blocks({"CASH_ADVANCE": advances}, codes)
    assert {s.name for s in profile.segments} == {"No cash advance", "High cash advance"}


def test_a_code_between_others_is_told_by_itself():
    codes = np.repeat([0, 1, 2], [80, 40, 30])
    profile = blocks({"Settlement size": codes.astype(float)}, codes)
    assert [s.name for s in profile.segments] == [
        "Small settlement",
        "Settlement size 1",
        "Large settlement",
    ]


def test_a_name_is_true_of_no_other_segment_where_that_can_be():
    codes = np.repeat([0, 1, 2], 50)
    rng = np.random.default_rng(3)
    income = np.array([90, 90, 20])[codes] + rng.normal(0, 2, 150)
    visits = np.array([5, 60, 5])[codes] + rng.normal(0, 2, 150)
    profile = blocks({"Income": income, "Visits": visits}, codes)
    names = [s.name for s in profile.segments]
    assert "High income" not in names
    assert "Few visits, high income" in names or "High income, few visits" in names


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_names_are_unique_short_and_the_same_again(seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 6, 60)
    columns = {
        "A_VERY_LONG_COLUMN_NAME_INDEED": rng.integers(0, 3, 60).astype(float),
        "x": rng.normal(size=60),
        "constant": np.ones(60),
    }
    first, second = (blocks(columns, codes) for _ in range(2))
    names = [s.name for s in first.segments]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(1 <= len(name.split()) <= MAX_WORDS for name in names)
    assert first == second
