"""Rules are right as often as they say, in words, in Python and in SQL."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.features.column import Column
from coterie.profiling.boxes import Condition, inside
from coterie.profiling.rules import Asked, Rules, make_rules
from coterie.profiling.surrogate import draw_placed, importance, raw_values, segment_rules
from coterie.segmentation.released import load_released

DAYS = Asked(Column("recency", "value"), "Days since last order", "days", whole=True)
SPEND = Asked(Column("monetary", "value"), "Spend to date", "money")


def planted(n=400, seed=0):
    """Customers whose segment follows from days and spend alone: new, lapsed small, lapsed big."""
    random = np.random.default_rng(seed)
    days = random.integers(0, 200, n).astype(float)
    spend = random.gamma(2.0, 300.0, n)
    labels = np.where(days <= 60, 0, np.where(spend <= 500.0, 1, 2)).astype(np.int32)
    return np.column_stack([days, spend]), labels


def test_planted_segments_are_told_by_the_conditions_they_were_planted_by():
    raw, labels = planted()
    rules = make_rules(raw, labels, [DAYS, SPEND], ["new", "small", "big"], seed=0)
    assert rules.fidelity > 0.98
    new, small, big = rules.rules
    assert [(c.asked, c.low, c.high) for c in new.conditions] == [(0, None, 60.0)]
    assert {c.asked for c in small.conditions} == {0, 1}
    assert rules.condition_sql(big).startswith('"recency" > 60 AND "monetary" > 5')
    assert rules.text(new, "GBP") == (
        "Days since last order at most 60 days: right for 100 in 100 it names, finds 100 in 100."
    )


def test_precision_and_recall_are_those_of_held_out_customers():
    # Labels by the toss of a coin: a tree learns them, and on others it is right half the time.
    raw = np.random.default_rng(1).normal(size=(400, 2))
    labels = np.random.default_rng(2).integers(0, 2, 400).astype(np.int32)
    rules = make_rules(raw, labels, [DAYS, SPEND], ["a", "b"], seed=0)
    seen = (rules.tree.assign(raw) == labels).mean()
    assert 0.4 < rules.fidelity < 0.6 < seen + 0.06
    assert all(rule.precision < 0.62 for rule in rules.rules)
    assert rules.text(rules.rules[0]).endswith("Approximate.")


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_no_rule_has_more_than_three_conditions_or_names_a_column_twice(seed, k):
    random = np.random.default_rng(seed)
    raw = random.normal(size=(150, 6)).round(2)
    labels = (np.arange(150) % k).astype(np.int32)
    asked = [Asked(Column(f"c{i}", "value"), f"C{i}") for i in range(6)]
    rules = make_rules(raw, labels, asked, [f"s{i}" for i in range(k)], seed=0)
    assert len(rules.tree.splits) < 2 * k
    for rule in rules.rules:
        columns = [condition.asked for condition in rule.conditions]
        assert 1 <= len(columns) == len(set(columns)) <= 3
    assert Rules.from_dict(json.loads(json.dumps(rules.to_dict()))) == rules


def test_the_sql_of_a_rule_names_whom_python_names_with_gaps_and_levels():
    random = np.random.default_rng(3)
    n = 300
    spend = pa.array(random.gamma(2.0, 100.0, n), mask=random.random(n) < 0.2)
    plan = pa.array(random.choice(["gold", "it's", None], n))
    table = pa.table({"id": pa.array(range(n)), "spend": spend, "plan": plan})
    asked = [
        Asked(Column("spend", "value", fill=120.0, clip=1e300), "Spend", gaps=True),
        Asked(Column("plan", "level", level="it's", weight=float(np.sqrt(2))), "Plan", whole=True),
        Asked(Column("plan", "missing", weight=float(np.sqrt(2))), "Plan", whole=True),
    ]
    raw = raw_values(asked, table)
    assert set(np.unique(raw[:, 1])) == {0.0, 1.0}
    with DuckDB() as db:
        db.load("features", table)
        for number, one in enumerate(asked):
            for low, high in [(0.0, None), (None, 0.0), (90.5, None), (None, 120.0)]:
                if number and {low, high} != {0.0, None}:
                    continue
                condition = Condition(number, low, high)
                found = db.query(f"SELECT id FROM features WHERE {one.condition_sql(low, high)}")
                named = np.flatnonzero(inside(raw, (condition,)))
                assert sorted(found.column("id").to_pylist()) == named.tolist()


def test_words_have_units_and_ends_that_fit_the_numbers():
    assert DAYS.words(29.0, 60.0) == "days since last order at least 30 days up to 60 days"
    assert SPEND.words(None, 12.5, "GBP") == "spend to date at most £12.5"
    share = Asked(Column("s", "value"), "Share of spend", "share")
    assert share.words(0.125, None) == "share of spend over 12.5%"
    level = Asked(Column("plan", "level", level="gold"), "Plan", whole=True)
    assert (level.words(0.0, None), level.words(None, 0.0)) == ("plan is gold", "plan is not gold")


def test_too_few_customers_make_no_rules():
    with pytest.raises(DataError, match="Rules need 5"):
        make_rules(np.ones((3, 1)), np.zeros(3, np.int32), [DAYS], ["a", "b"], seed=0)


@pytest.fixture(scope="module")
def run(retail):
    return retail


@pytest.fixture
def db(run):
    with DuckDB() as db:
        for name in ("features", "assignments"):
            db.load(name, run.table(name))
        yield db


def test_the_rules_of_a_run_are_in_its_segments_and_its_report(run):
    found = json.loads((run.folder / "rules.json").read_text())
    rules = Rules.from_dict(found["rules"])
    assert rules.fidelity >= 0.88
    report = (run.folder / "report.html").read_text()
    for segment in run.segments:
        assert segment["rule"] == rules.objects("GBP")[segment["id"]]
        assert segment["rule"]["text"] in report
        assert segment["name"]


def test_a_rule_is_nearly_as_right_among_all_as_it_was_among_those_held_out(run, db):
    for segment in run.segments:
        rule = segment["rule"]
        ((named, both, size),) = db.rows(
            "SELECT SUM(n)::INT, SUM(n * own)::INT, SUM(own)::INT FROM "
            f"(SELECT CAST({rule['sql']} AS INT) AS n, "
            f"CAST(segment_id = '{segment['id']}' AS INT) AS own "
            "FROM features JOIN assignments USING (customer_id))"
        )
        assert both / named == pytest.approx(rule["precision"], abs=0.06)
        assert both / size == pytest.approx(rule["recall"], abs=0.08)


def test_what_a_segment_hangs_on_is_who_leaves_when_a_column_is_shuffled(run, db):
    released = load_released(run.folder)
    placed = draw_placed(db, released, seed=0)
    found = importance(placed, released, seed=0)
    assert found == importance(placed, released, seed=0)
    assert found.keys() == {segment["id"] for segment in run.segments}
    assert all(0 <= item["moved"] <= 1 for items in found.values() for item in items)
    champions = found[run.segments[0]["id"]]
    assert champions[0]["feature"] == "clv"  # the axis with the weight 2.5
    again = segment_rules(placed, released, seed=0)
    assert again is not None
    assert again == Rules.from_dict(json.loads((run.folder / "rules.json").read_text())["rules"])
