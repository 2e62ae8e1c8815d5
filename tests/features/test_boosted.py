"""Boosted value: trees by hand, their SQL, and that nothing later than the day is learned from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from coterie.config import make_settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import translate
from coterie.engine.statement import DIALECTS
from coterie.errors import DataError
from coterie.features import boosted
from coterie.features.asof import Custom, FeatureModel, fit_features
from coterie.features.boosted import BoostedValue, Tree, together, together_sql
from coterie.features.catalogue import VALUE_FEATURES
from coterie.features.lenses import feature_sets
from coterie.features.level1 import Rules
from coterie.features.origins import Lessons, learn, origin_windows
from coterie.features.splits import Split
from coterie.features.windows import to_day
from coterie.segmentation.ground import Boosting
from coterie.segmentation.parallel import each
from coterie.sources.read import read
from coterie.sources.shop import write_shop
from coterie.validation.build import build_tables

RECENT = Tree((Split(0, 10.0, -1, -2),), (1.0, 0.25))
BIG = Tree((Split(1, 50.0, -1, 1), Split(0, 30.0, -2, -3)), (0.0, 0.5, -0.5))
BY_HAND = BoostedValue(("recency", "monetary"), 2.0, (RECENT, BIG), scale=1.5)
ROWS = np.array([[10.0, 50.0], [10.5, 50.5], [31.0, 51.0], [3.0, 51.0]])
LOGS = [2.0 + 1.0 + 0.0, 2.0 + 0.25 + 0.5, 2.0 + 0.25 - 0.5, 2.0 + 1.0 + 0.5]

numbers = st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-3, 3).map(float)


def spend_by_sql(model: BoostedValue, rows: np.ndarray) -> np.ndarray:
    columns = {"customer_id": [f"{i:04d}" for i in range(len(rows))]}
    columns |= {
        name: pa.array(column, from_pandas=True)
        for name, column in zip(model.columns, rows.T, strict=True)
    }
    with DuckDB(threads=1) as db:
        db.load("known", pa.table(columns))
        found = db.query(f"SELECT * FROM ({model.sql_select('known')}) ORDER BY customer_id")
    assert found.column_names == ["customer_id", "boosted"]
    return np.asarray(found.column("boosted").to_numpy())


def test_two_trees_by_hand_and_as_sql() -> None:
    expected = np.exp(LOGS) * 1.5
    np.testing.assert_allclose(BY_HAND.expected_spend(ROWS), expected, rtol=1e-15)
    np.testing.assert_allclose(spend_by_sql(BY_HAND, ROWS), expected, rtol=1e-15)


def test_a_missing_number_is_above_every_threshold() -> None:
    rows = np.array([[np.nan, 0.0], [0.0, np.nan]])
    expected = np.exp([2.0 + 0.25, 2.0 + 1.0 + 0.5]) * 1.5
    np.testing.assert_allclose(BY_HAND.expected_spend(rows), expected, rtol=1e-15)
    np.testing.assert_allclose(spend_by_sql(BY_HAND, rows), expected, rtol=1e-15)


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Grow any tree: each split takes the place of a leaf drawn among those there are."""
    ends: list[list[int]] = []  # of each split, the next split or, below 0, a leaf
    open_ends: list[tuple[int, int]] = []
    for number in range(draw(st.integers(0, 5))):
        if number:
            parent, side = open_ends.pop(draw(st.integers(0, len(open_ends) - 1)))
            ends[parent][side] = number
        ends.append([0, 0])
        open_ends += [(number, 0), (number, 1)]
    for leaf, (parent, side) in enumerate(open_ends):
        ends[parent][side] = -1 - leaf
    splits = tuple(Split(draw(st.integers(0, 1)), draw(numbers), *pair) for pair in ends)
    n_leaves = max(len(open_ends), 1)
    return Tree(splits, tuple(draw(st.integers(-(2**30), 2**30)) / 2**32 for _ in range(n_leaves)))


@given(
    st.lists(trees(), max_size=25),
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8),
)
def test_sql_is_python_for_any_trees_and_rows(grown: list[Tree], rows: list[tuple]) -> None:
    model = BoostedValue(("recency", "monetary"), 0.5, tuple(grown), scale=2.0)
    matrix = np.array(rows, dtype=np.float64)
    np.testing.assert_allclose(
        spend_by_sql(model, matrix), model.expected_spend(matrix), rtol=1e-14
    )


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_can_say_it(dialect: str) -> None:
    assert translate(BY_HAND.sql_select("known"), dialect).count("CASE WHEN") == 3
    assert "SQRT(a)" in translate(f"SELECT {together_sql('a', 'b')} AS x FROM t", dialect)


def test_together_is_nothing_where_there_is_no_value() -> None:
    assert together(np.array([0.0, 16.0]), np.array([9.0, 4.0])).tolist() == [0.0, 8.0]
    with DuckDB(threads=1) as db:
        asked = (
            f"SELECT {together_sql('a', 'b')} FROM (VALUES (0.0, 9.0), (16, 4), (NULL, 1)) t(a, b)"
        )
        assert [row[0] for row in db.rows(asked)] == [0.0, 8.0, None]


@pytest.fixture(scope="module")
def lesson() -> tuple[np.ndarray, np.ndarray]:
    """Spend that hangs on three of 13 numbers; one row in five has gaps."""
    random = np.random.default_rng(3)
    known = random.gamma(1.0, 20.0, (1_200, len(VALUE_FEATURES)))
    spent = np.where(random.random(1_200) < 0.5, 0.0, known[:, 2] + 50.0 * (known[:, 0] < 10.0))
    known[::5, 6] = np.nan
    return known, spent


def test_it_is_what_scikit_learn_would_foretell(lesson: tuple, monkeypatch) -> None:
    known, spent = lesson
    learners: list[HistGradientBoostingRegressor] = []
    make = boosted._learner
    monkeypatch.setattr(boosted, "_learner", lambda n: learners.append(make(n)) or learners[-1])
    model = BoostedValue.fit(known, spent, scale=2.0)
    filled = np.where(np.isnan(known), 1e300, known)
    logs = np.mean([np.log(one.predict(filled)) for one in learners], axis=0)
    assert len(learners) == 10
    assert len(model.trees) == 60
    np.testing.assert_allclose(model.expected_spend(known), 2.0 * np.exp(logs), rtol=1e-7)


def test_json_gives_the_same_model_back(lesson: tuple) -> None:
    model = BoostedValue.fit(*lesson)
    again = BoostedValue.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again == model
    rows = lesson[0][:200]
    assert (again.expected_spend(rows) == model.expected_spend(rows)).all()
    np.testing.assert_allclose(spend_by_sql(again, rows), model.expected_spend(rows), rtol=1e-14)


def test_threads_change_no_bit(lesson: tuple) -> None:
    with threadpool_limits(2):
        two = BoostedValue.fit(*lesson)
    assert each(lambda _: BoostedValue.fit(*lesson), range(3)) == [two] * 3


def test_leaves_can_be_added_in_any_order(lesson: tuple) -> None:
    leaves = np.array([leaf for tree in BoostedValue.fit(*lesson).trees for leaf in tree.leaves])
    assert (leaves * 2**32 == np.round(leaves * 2**32)).all()
    assert leaves.sum() == leaves[::-1].sum() == np.sort(leaves).sum()


def test_nothing_spent_teaches_nothing(lesson: tuple) -> None:
    with pytest.raises(DataError, match="Too few spent"):
        BoostedValue.fit(lesson[0], np.zeros(len(lesson[0])))


@given(st.integers(0, 3_000), st.integers(1, 730))
def test_no_window_reaches_beyond_the_day_or_begins_without_as_much_before(
    history: int, horizon: int
) -> None:
    windows = origin_windows(100, 100 + history, horizon)
    assert len(windows) <= 3
    assert bool(windows) == (min(horizon, history // 2) >= 28)
    for window in windows:
        assert window.end <= 100 + history
        assert window.start - 100 >= window.days == min(horizon, history // 2)


Shop = tuple[DuckDB, Rules, int]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Two years of a small shop; the day is half a year before its end."""
    folder = tmp_path_factory.mktemp("shop")
    written = write_shop(
        folder, customers=700, days=600, end=date(2025, 12, 31), tables=("orders",)
    )
    names = ("customer_id", "order_id", "timestamp", "product_id", "quantity", "unit_price")
    orders = {"file": str(written.paths["orders"]), "columns": {name: name for name in names}}
    settings = make_settings({"sources": {"orders": orders}})
    with DuckDB() as db:
        source = settings.sources["orders"]
        build_tables(
            db, {"orders": (read(db, "orders", source, Path()), source)}, {}, timezone="UTC"
        )
        yield db, settings.rules, to_day(date(2025, 7, 1))


def lessons(shop: Shop, lines: str = "lines") -> Lessons:
    db, rules, day = shop
    found = learn(db, rules, "order_days", as_of=day, horizon=90, lines=lines)
    assert isinstance(found, Lessons)
    return found


def test_lines_on_or_after_the_day_teach_nothing(shop: Shop) -> None:
    db, _, day = shop
    whole = lessons(shop)
    db.create(
        "changed",
        f"SELECT * REPLACE (CASE WHEN net_day < {day} THEN net_day END AS net_day, "
        f"CASE WHEN day < {day} THEN amount_micros ELSE 7 * amount_micros END AS amount_micros) "
        f"FROM lines WHERE day < {day} OR md5(line_id) < '8'",
    )
    again = lessons(shop, "changed")
    assert (again.customers == whole.customers).all()
    assert (again.known == whole.known).all()
    assert (again.spent == whole.spent).all()
    assert again.fit() == whole.fit()


def test_it_learns_what_was_known_then_and_what_came_after(shop: Shop) -> None:
    db, rules, day = shop
    whole = lessons(shop)
    fit_features(db, rules, Custom(), as_of=day - 90, horizon=90)
    then = db.query(
        f"SELECT customer_id, {', '.join(VALUE_FEATURES)} FROM features "
        "WHERE status = 'ok' ORDER BY customer_id"
    )
    n = then.num_rows  # the last of the earlier days comes first
    assert whole.customers[:n].tolist() == then.column("customer_id").to_pylist()
    columns = [then.column(name).to_numpy() for name in VALUE_FEATURES]
    assert (whole.known[:n] == np.column_stack(columns)).all()
    sold = dict(
        db.rows(
            "SELECT customer_id, SUM(amount_micros) / 1e6 FROM lines WHERE kind <> 'return' "
            f"AND (net_day IS NULL OR net_day >= {day}) AND day >= {day - 90} AND day < {day} "
            "GROUP BY customer_id"
        )
    )
    sent_back = dict(
        db.rows(
            "SELECT customer_id, SUM(amount_micros) / 1e6 FROM lines WHERE kind = 'return' AND "
            f"net_day IS NULL AND day >= {day - 90} AND day < {day} GROUP BY customer_id"
        )
    )
    expected = [float(sold.get(c, 0)) + float(sent_back.get(c, 0)) for c in whole.customers[:n]]
    np.testing.assert_allclose(whole.spent[:n], expected, atol=1e-6)


def test_a_table_of_features_has_the_mean_of_both_values(shop: Shop) -> None:
    db, rules, day = shop
    trees = lessons(shop).fit()
    model = fit_features(db, rules, Custom(), as_of=day, horizon=90, boosted=trees)
    again = FeatureModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again == model
    assert [feature.name for feature in model.features][-2:] == ["clv", "boosted"]
    assert [found.name for found in feature_sets("value", model, ())] == [
        "log RFM + customer value",
        "log RFM + boosted value",
        "log RFM",
    ]
    table = db.query("SELECT * FROM features ORDER BY customer_id")
    usable = np.array(table.column("status").to_pylist()) == "ok"
    columns = {name: table.column(name).to_numpy()[usable] for name in (*VALUE_FEATURES, "clv")}
    known = np.column_stack([columns[name] for name in VALUE_FEATURES])
    expected = together(columns["clv"], trees.expected_spend(known))
    found = table.column("boosted").to_numpy()
    np.testing.assert_allclose(found[usable], expected, rtol=1e-12)
    assert np.isnan(found[~usable]).all()


def test_without_trees_nothing_of_the_model_changes(shop: Shop) -> None:
    db, rules, day = shop
    model = fit_features(db, rules, Custom(), as_of=day, horizon=90)
    assert "boosted" not in model.to_dict()
    assert "boosted" not in db.columns("features")
    assert len(feature_sets("value", model, ())) == 2


def test_too_short_a_history_is_told_in_words(shop: Shop) -> None:
    db, rules, _ = shop
    ((first,),) = db.rows("SELECT MIN(day) FROM lines")
    short = learn(db, rules, "order_days", as_of=first + 50, horizon=90)
    assert short == "there are 50 days of orders, and 56 are needed"
    few = learn(db, rules, "order_days", as_of=first + 60, horizon=90)
    assert few == "fewer than 200 customers were known on every earlier day"


def test_a_bootstrap_learns_from_the_customers_it_drew() -> None:
    random = np.random.default_rng(0)
    whole = Lessons(
        np.array(["a", "b", "b", "c", "x"]),
        random.random((5, len(VALUE_FEATURES))),
        np.array([1.0, 2.0, 3.0, 4.0, 9.0]),
        1.0,
    )
    mine = Boosting.of(whole, np.array(["a", "b", "c", "d"]))
    assert mine.lessons.spent.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert mine.drawn(np.array([1, 1, 3, 2])).spent.tolist() == [2.0, 2.0, 3.0, 3.0, 4.0]
    fewer = mine.take(np.array([2, 1]))
    assert fewer.lessons.spent.tolist() == [2.0, 3.0, 4.0]
    assert fewer.drawn(np.array([0])).spent.tolist() == [4.0]
