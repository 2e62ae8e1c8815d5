"""Customer value: the published figures, the formula in three ways, and its SQL."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import translate
from coterie.errors import DataError, NotReadyError, ParameterError
from coterie.features.value import ValueModel

AS_OF = 14_000
CDNOW = ValueModel(
    r=0.2426, alpha=30.89, a=0.7929, b=2.4258, p=6.249, q=3.745, v=15.448, horizon_days=90
)
NOBODY_LEAVES = replace(CDNOW, r=0.7317, alpha=61.94, a=1e-3, b=1e3, p=3.015, q=3.188, v=305.7)
LEAVES_AT_ONCE = replace(CDNOW, r=0.5, alpha=30.0, a=8.0, b=1.0)
GROCER = replace(CDNOW, r=2.0, alpha=7.0, a=0.05, b=3.0, p=1.2, q=1.5, v=40.0)
NEAR_POLE = replace(CDNOW, r=0.6, alpha=40.0, a=1.0 + 1e-7, b=2.0)
ALL_ALIKE = replace(CDNOW, r=5.0, alpha=200.0, a=30.0, b=60.0)
AT_THE_BOUNDS = replace(CDNOW, r=0.98, alpha=550.0, a=980.0, b=0.118)
MODELS = [CDNOW, NOBODY_LEAVES, LEAVES_AT_ONCE, GROCER, NEAR_POLE, ALL_ALIKE]
CASES = [*product(MODELS, [7, 90, 730]), (CDNOW, 365), (AT_THE_BOUNDS, 90)]


def customers() -> pd.DataFrame:
    """Corners of what a shop can hold: x to 300, tenure to 4,000 days, money to a million."""
    rows = [
        (x, t_x, tenure, money)
        for x, tenure in product((0, 1, 2, 30, 300), (0, 1, 3, 30, 300, 1_000, 4_000))
        for t_x in ((0,) if x == 0 else (x, tenure))
        for money in (0.0, 35.89, 1e6)
        if x <= t_x <= tenure or x == 0
    ]
    return pd.DataFrame(rows, columns=["x", "t_x", "tenure", "zbar"]).drop_duplicates()


def state(frame: pd.DataFrame) -> pa.Table:
    """Write customers as the integer measures they would have, and one without orders."""
    first_day = AS_OF - 1 - frame.tenure
    net = 10_000_000 + (frame.x * frame.zbar * 1e6).round().astype("int64")
    columns: dict[str, list[object]] = {
        "customer_id": [f"{i:04d}" for i in range(len(frame))] + ["none"],
        "first_day": [*first_day, None],
        "last_day": [*(first_day + frame.t_x), None],
        "order_days": [*(frame.x + 1), 0],
        "net": [*net, 0],
        "first_day_net": [10_000_000] * len(frame) + [None],
    }
    return pa.table(
        {k: pa.array(v, None if k == "customer_id" else pa.int64()) for k, v in columns.items()}
    )


def integrated_orders(model: ValueModel, x: float, tenure: float) -> float:
    """Integrate (1 - (1 + p y)**-R) / p over the dropout probability, by adaptive quadrature."""
    y, shape, stays = model.horizon_days / (model.alpha + tenure), model.r + x, model.b + x

    def density(t: float) -> float:  # over t = ln(-ln(1 - p))
        u = np.exp(t)
        gone = -np.expm1(-u)
        weight = np.exp(
            t - stays * u + (model.a - 1) * np.log(gone) - special.betaln(model.a, stays)
        )
        return float(weight * -np.expm1(-shape * np.log1p(gone * y)) / gone)

    centre, width = np.log(np.log1p(model.a / stays)), 60 / min(model.a, np.sqrt(model.a))
    edges = np.linspace(max(centre - width, -690), centre + 8, 40)
    # full_output: that rounding limits the last digits is no warning here
    return sum(
        integrate.quad(density, *piece, epsabs=0, epsrel=1e-12, full_output=1)[0]
        for piece in pairwise(edges)
    )


# -- the figures of the literature ---------------------------------------------------------


def test_cdnow_gives_the_published_parameters(data: Path) -> None:
    table = pd.read_csv(data / "cdnow" / "cdnow_summary.csv.gz")
    weeks = 7
    model = ValueModel.fit(
        table.x, table.t_x * weeks, table["T"] * weeks, table.zbar, horizon_days=273
    )
    assert round(model.r, 4) == 0.2426
    assert round(model.alpha / weeks, 4) == 4.4135
    assert (round(model.a, 4), round(model.b, 4)) == (0.7929, 2.4258)
    # Every repeat order is a density over time: in days it is a seventh of that in weeks.
    in_weeks = model.diagnostics["log_likelihood_orders"] + table.x.sum() * np.log(weeks)
    assert round(in_weeks, 2) == -9582.43
    assert (round(model.p, 3), round(model.q, 3), round(model.v, 3)) == (6.249, 3.745, 15.448)
    assert round(model.diagnostics["log_likelihood_spend"], 2) == -4055.92
    assert (model.n, model.n_repeat) == (2357, 946)


def test_the_measures_give_cdnows_published_summary(data: Path) -> None:
    lines = pd.read_csv(data / "cdnow" / "cdnow_sample.csv.gz")
    lines["day"] = (pd.to_datetime(lines.date.astype(str)) - pd.Timestamp("1970-01-01")).dt.days
    as_of = (pd.Timestamp("1997-10-01") - pd.Timestamp("1970-01-01")).days
    days = lines[lines.day < as_of].groupby(["sample_id", "day"]).dollar_value.sum().reset_index()
    one = days.groupby("sample_id")
    first, net, n = one.day.min(), one.dollar_value.sum(), one.size()
    first_day_net = one.dollar_value.first()
    summary = pd.read_csv(data / "cdnow" / "cdnow_summary.csv.gz").set_index("ID")
    assert (n - 1).tolist() == summary.x.tolist()
    np.testing.assert_allclose((as_of - 1 - first) / 7, summary["T"], atol=0.0051)
    zbar = (net - first_day_net) / (n - 1).clip(lower=1)
    np.testing.assert_allclose(zbar, summary.zbar, atol=0.0051)


# -- the formula ---------------------------------------------------------------------------


def test_expected_spend_matches_the_hand_calculation() -> None:
    # r = a = b = 1, x = 0: orders are y / (1 + p y) averaged over p in 0..1, so ln(1 + y).
    # alpha + T = h makes y = 1; an order is worth p v / (q - 1) = 2 * 10 / 2 = 10.
    model = ValueModel(r=1, alpha=20, a=1, b=1, p=2, q=3, v=10, horizon_days=30)
    assert model.expected_orders([0], [0], [10])[0] == pytest.approx(np.log(2), rel=1e-12)
    assert model.expected_spend([0], [0], [10], [0])[0] == pytest.approx(10 * np.log(2), rel=1e-12)
    # x = 1, t_x = 0, alpha + T = 40, alpha + t_x = 20: odds of having left (40 / 20)**2 = 4
    assert model.probability_alive([1], [0], [20])[0] == pytest.approx(1 / 5, rel=1e-14)


@pytest.mark.parametrize("horizon", [7, 90])
@pytest.mark.parametrize("model", [CDNOW, GROCER, LEAVES_AT_ONCE])
def test_expected_orders_match_the_published_formula(model: ValueModel, horizon: int) -> None:
    model = replace(model, horizon_days=horizon, terms=0)
    x, tenure = np.array([0.0, 0, 1, 2, 7, 20]), np.array([100.0, 400, 100, 700, 272, 272])
    t_x = np.where(x > 0, tenure / 2, 0.0)
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    hyper = special.hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + tenure + horizon))
    fall = ((alpha + tenure) / (alpha + tenure + horizon)) ** (r + x)
    odds = (x > 0) * a / (b + np.maximum(x, 1) - 1) * ((alpha + tenure) / (alpha + t_x)) ** (r + x)
    published = (a + b + x - 1) / (a - 1) * (1 - fall * hyper) / (1 + odds)
    np.testing.assert_allclose(model.expected_orders(x, t_x, tenure), published, rtol=1e-9)


@pytest.mark.parametrize("horizon", [7, 90, 730])
@pytest.mark.parametrize("model", [CDNOW, LEAVES_AT_ONCE, GROCER, NEAR_POLE, AT_THE_BOUNDS])
def test_expected_orders_match_integration_at_the_extremes(model: ValueModel, horizon: int) -> None:
    model = replace(model, horizon_days=horizon, terms=0)
    x, tenure = np.array([0.0, 0, 1, 300, 300]), np.array([0.0, 4_000, 1, 300, 4_000])
    orders = model.expected_orders(x, x, tenure) / model.probability_alive(x, x, tenure)
    by_hand = [integrated_orders(model, *pair) for pair in zip(x, tenure, strict=True)]
    np.testing.assert_allclose(orders, by_hand, rtol=1e-9)


def test_there_is_no_pole_at_a_equal_to_one() -> None:
    at = [
        replace(CDNOW, a=1 + d, terms=0).expected_orders([3], [50], [99])[0]
        for d in (-1e-8, 0, 1e-8)
    ]
    assert at[0] > at[1] > at[2]
    assert at[0] == pytest.approx(at[2], rel=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    x=st.integers(0, 300),
    wait=st.integers(0, 2_000),
    silent=st.integers(0, 2_000),
    horizon=st.integers(1, 729),
    model=st.sampled_from(MODELS),
)
def test_value_grows_with_the_horizon_and_never_beyond_it(
    x: int, wait: int, silent: int, horizon: int, model: ValueModel
) -> None:
    t_x = x + wait if x else 0
    one = ([x], [t_x], [t_x + silent], [20.0])
    short = replace(model, horizon_days=horizon, terms=0).expected_spend(*one)[0]
    longer = replace(model, horizon_days=horizon + 1, terms=0).expected_spend(*one)[0]
    assert 0 <= short <= longer * (1 + 1e-9)
    assert 0 < model.probability_alive(*one[:3])[0] <= 1


def test_a_mean_below_zero_counts_as_orders_without_money() -> None:
    one = ([4], [50], [99])
    assert CDNOW.expected_spend(*one, [-3.0]) == CDNOW.expected_spend(*one, [0.0])
    assert CDNOW.expected_spend(*one, [0.0]) < CDNOW.expected_spend(*one, [1.0])
    assert CDNOW.expected_spend([0], [0], [9], [np.nan]) > 0  # no repeat order, no mean


# -- the SQL -------------------------------------------------------------------------------


def expected(model: ValueModel, frame: pd.DataFrame) -> np.ndarray:
    return model.expected_spend(frame.x, frame.t_x, frame.tenure, frame.zbar)


@pytest.mark.parametrize(("model", "horizon"), CASES)
def test_sql_in_duckdb_is_the_python_value(model: ValueModel, horizon: int) -> None:
    model = replace(model, horizon_days=horizon, terms=0)
    frame = customers()
    with DuckDB() as db:
        db.load("state", state(frame))
        db.create("clv", model.sql_select("state", as_of=AS_OF))
        rows = db.query("SELECT customer_id, clv FROM clv ORDER BY customer_id").to_pandas()
    assert np.isnan(rows.clv.iloc[-1])  # no orders, no value
    np.testing.assert_allclose(rows.clv[:-1], expected(model, frame), rtol=1e-9, atol=0)


@pytest.mark.parametrize("dialect", ["spark", "bigquery"])
def test_sql_is_flat_enough_for_every_parser(dialect: str) -> None:
    for horizon in (90, 730):
        text = replace(CDNOW, horizon_days=horizon, terms=0).sql_select("state", as_of=AS_OF)
        depth = np.cumsum([(c == "(") - (c == ")") for c in text])
        assert depth.max() <= 40
        assert translate(text, dialect)


def test_names_are_quoted() -> None:
    with DuckDB() as db:
        db.load('odd "state"', state(customers()))
        text = CDNOW.sql_select(
            'odd "state"', as_of=AS_OF, keep=["net", "customer_id"], column='"v"'
        )
        assert db.query(text).column_names == ["net", "customer_id", '"v"']


@pytest.mark.integration
def test_sql_in_postgres_is_the_python_value(postgres_uri: str) -> None:
    from adbc_driver_postgresql import dbapi

    frame = customers()
    with dbapi.connect(postgres_uri) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("state", state(frame), mode="replace")
        cases = [*product(MODELS, [90]), *product([CDNOW, NEAR_POLE], [730]), (CDNOW, 7)]
        for base, horizon in cases:
            model = replace(base, horizon_days=horizon, terms=0)
            text = model.sql_select("state", as_of=AS_OF)
            cursor.execute(
                translate(f"SELECT clv FROM ({text}) AS t ORDER BY customer_id", "postgres")
            )
            values = cursor.fetch_arrow_table().column(0).to_pylist()
            assert values[-1] is None
            np.testing.assert_allclose(
                np.array(values[:-1]), expected(model, frame), rtol=1e-9, atol=0
            )


# -- the fit -------------------------------------------------------------------------------


def simulated(n: int, q: float = 4.0, seed: int = 3) -> tuple[np.ndarray, ...]:
    """Simulate the model itself: r .8, alpha 20, a .6, b 2, p 5, v 30."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(100, 700, n)
    rate, leave = rng.gamma(0.8, 1 / 20.0, n), rng.beta(0.6, 2.0, n)
    x, last, active = np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    now = np.zeros(n)
    while active.any():
        now += rng.exponential(1 / np.maximum(rate, 1e-9))
        active &= now <= tenure
        x[active], last[active] = x[active] + 1, now[active]
        active &= rng.random(n) >= leave
    scale = rng.gamma(q, 1 / 30.0, n)
    zbar = np.where(x > 0, rng.gamma(5.0 * np.maximum(x, 1)) / scale / np.maximum(x, 1), 0.0)
    return x, last, tenure.astype(float), zbar


def test_the_fit_finds_the_parameters_of_simulated_customers() -> None:
    model = ValueModel.fit(*simulated(40_000), horizon_days=90)
    np.testing.assert_allclose(
        [model.r, model.alpha, model.a, model.b, model.p, model.q, model.v],
        [0.8, 20.0, 0.6, 2.0, 5.0, 4.0, 30.0],
        rtol=0.1,
    )


def test_the_fit_does_not_depend_on_the_order_of_the_rows() -> None:
    rows = simulated(2_000)
    shuffled = np.random.default_rng(1).permutation(2_000)
    one = ValueModel.fit(*rows, horizon_days=90)
    assert one == ValueModel.fit(*(column[shuffled] for column in rows), horizon_days=90)


def test_an_infinite_mean_spend_is_bounded_by_the_observed_mean() -> None:
    x, last, tenure, zbar = simulated(2_000, q=0.7)
    model = ValueModel.fit(x, last, tenure, zbar, horizon_days=90)
    assert model.diagnostics["spend_mean_bounded"] == 1
    assert model.mean_spend == pytest.approx((x * zbar).sum() / x.sum(), rel=1e-9)
    assert np.isfinite(model.expected_spend(x, last, tenure, zbar)).all()


def test_means_that_are_not_positive_stay_out_of_the_fit() -> None:
    x, last, tenure, zbar = simulated(2_000)
    some = np.flatnonzero(x > 0)[:7]
    zbar[some] = [0, -1, -2, 0, 0, -5, 0]
    model = ValueModel.fit(x, last, tenure, zbar, horizon_days=90)
    assert model.n_repeat == (x > 0).sum() - 7
    assert model.diagnostics["spend_left_out"] == 7


def test_too_little_data_says_what_is_missing_and_how_much_is_needed() -> None:
    few = (np.ones(99), np.ones(99), np.full(99, 88.0), np.ones(99))
    with pytest.raises(
        NotReadyError, match="99 repeat buyers with positive spend; 100 needed"
    ) as e:
        ValueModel.fit(*few, horizon_days=90)
    assert "89 days of history; 90 needed" in str(e.value)
    with pytest.raises(NotReadyError, match="0 days of history"):
        ValueModel.fit([], [], [], [], horizon_days=90)


@pytest.mark.parametrize(
    ("x", "t_x", "tenure"),
    [([-1], [0], [9]), ([1.5], [1], [9]), ([1], [10], [9]), ([1], [1], [np.nan])],
)
def test_impossible_order_times_are_refused(x: list, t_x: list, tenure: list) -> None:
    with pytest.raises(DataError, match="1 of 1 customers have impossible order times"):
        CDNOW.expected_orders(x, t_x, tenure)


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(DataError, match="shapes"):
        CDNOW.expected_orders([1, 2], [1], [9])
    with pytest.raises(DataError, match="zbar has shape"):
        ValueModel.fit([1], [1], [9], [1, 2], horizon_days=90)
    with pytest.raises(DataError, match="not finite"):
        ValueModel.fit([1], [1], [9], [np.inf], horizon_days=90)


@pytest.mark.parametrize("change", [{"r": 0.0}, {"v": np.inf}, {"q": 1.0}, {"horizon_days": 731}])
def test_impossible_parameters_are_refused(change: dict) -> None:
    with pytest.raises(ParameterError):
        replace(CDNOW, **change)


def test_a_model_comes_back_from_json_exactly() -> None:
    model = ValueModel.fit(*simulated(2_000), horizon_days=90)
    assert ValueModel.from_dict(json.loads(json.dumps(model.to_dict()))) == model
    with pytest.raises(DataError, match="no value model"):
        ValueModel.from_dict({"r": 1.0})
