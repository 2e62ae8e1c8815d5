"""The law: level 1 adds up exactly for any split, and every engine gives the same numbers."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.engine.warehouse import PostgreSQL
from coterie.features.asof import Custom, Sources, build_features, fit_features
from coterie.features.catalogue import Feature
from coterie.features.level1 import KEYED, Rules, build_level1
from coterie.features.measures import Measure, StateSpec
from coterie.schema import CANONICAL

NET = Rules()
SUMS = {
    "net_micros",
    "gross_micros",
    "returned_micros",
    "discount_micros",
    "units_milli",
    "lines",
    "free_lines",
    "n",
    "value_micros",
}

amounts = st.integers(-(10**9), 10**12)
line = st.fixed_dictionaries(
    {
        "customer_id": st.one_of(st.none(), st.sampled_from(["a", "b", "ü'x", "0012"])),
        "order_id": st.sampled_from(["o1", "o2", "o3"]),
        "day": st.integers(100, 130),
        "hour": st.integers(0, 23),
        "category": st.one_of(st.none(), st.sampled_from(["tea", "Café", "toys & co"])),
        "channel": st.one_of(st.none(), st.sampled_from(["web", "store"])),
        "quantity_milli": st.integers(-5000, 5000),
        "amount_micros": amounts,
        "discount_micros": st.integers(0, 10**8),
        "net_day": st.one_of(st.none(), st.integers(100, 140)),
    }
)


def as_lines(rows):
    full = []
    for number, row in enumerate(rows):
        kind = "return" if row["amount_micros"] < 0 else "sale" if row["amount_micros"] else "free"
        filled = {"line_id": f"l{number}", "ts": row["day"] * 86_400_000_000, "kind": kind}
        full.append({**dict.fromkeys(CANONICAL["lines"].names), **row, **filled})
    return pa.Table.from_pylist(full, schema=CANONICAL["lines"])


def level1(db, lines, as_of=125, rules=NET):
    db.load("lines", lines)
    build_level1(db, rules, as_of)
    return {name: db.query(f"SELECT * FROM {name}") for name in KEYED}


def key_of(row):
    names = ("customer_id", "order_id") if "order_id" in row else ("customer_id", "day")
    return tuple(row[name] for name in (*names, "dimension", "value", "type") if name in row)


def merged(tables):
    """Add rows of equal key: sums by +, an order's first moment and channel by the smaller."""
    total = {}
    for row in (row for table in tables for row in table.to_pylist()):
        known = total.setdefault(key_of(row), dict.fromkeys(SUMS & row.keys(), 0) | {"seen": []})
        for name in SUMS & row.keys():
            known[name] += row[name]
        known["seen"].append((row["day"], row.get("hour"), row.get("channel")))
    for known in total.values():
        seen = known.pop("seen")
        known["day"], known["hour"] = min((day, hour or 0) for day, hour, _ in seen)
        known["channel"] = min((c for _, _, c in seen if c is not None), default=None)
    return total


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(line, st.integers(0, 2)), min_size=1, max_size=40), st.booleans())
def test_level_1_of_parts_adds_up_to_level_1_of_the_whole(rows, drop):
    rules = Rules(returns="drop" if drop else "net")
    lines = as_lines([row for row, _ in rows])
    part_of = np.array([part for _, part in rows])
    with DuckDB() as db:
        whole = level1(db, lines, rules=rules)
        parts = [
            level1(db, lines.filter(pa.array(part_of == part)), rules=rules) for part in range(3)
        ]
    for name in KEYED:
        assert merged([whole[name]]) == merged([part[name] for part in parts])


@settings(max_examples=25, deadline=None)
@given(st.lists(line, min_size=1, max_size=30), st.randoms())
def test_state_does_not_depend_on_row_order_or_threads(rows, random):
    lines = as_lines(rows)
    order = list(range(lines.num_rows))
    random.shuffle(order)
    spec = StateSpec(Rules(), (("category", ("tea",)), ("channel", ("web", "store"))))
    states = []
    for table, threads in ((lines, 1), (lines.take(order), 4)):
        with DuckDB(threads=threads) as db:
            level1(db, table)
            states.append(db.query(f"SELECT * FROM ({spec.sql(125)}) ORDER BY customer_id"))
    assert states[0].equals(states[1])


def test_a_return_nets_from_its_own_day_on_and_never_before():
    base = {"customer_id": "a", "hour": 9, "quantity_milli": 1000, "discount_micros": 0}
    sale = base | {"order_id": "1", "day": 100, "amount_micros": 5_000_000, "net_day": 110}
    back = base | {"order_id": "2", "day": 110, "amount_micros": -5_000_000, "net_day": 110}
    spec = StateSpec(Rules())
    seen = {}
    with DuckDB() as db:
        for as_of in (110, 111):
            level1(db, as_lines([sale, back]), as_of=as_of)
            (seen[as_of],) = db.query(spec.sql(as_of)).to_pylist()
    assert (seen[110]["order_days"], seen[110]["net"], seen[110]["returned"]) == (1, 5_000_000, 0)
    assert (seen[111]["order_days"], seen[111]["net"], seen[111]["returned"]) == (0, 0, 5_000_000)
    assert seen[111]["last_day"] is None


def test_an_unmatched_return_lowers_net_on_its_own_day():
    base = {"customer_id": "a", "hour": 9, "quantity_milli": 1000, "discount_micros": 0}
    sale = base | {"order_id": "1", "day": 100, "amount_micros": 5_000_000}
    back = base | {"order_id": "2", "day": 110, "amount_micros": -2_000_000}
    with DuckDB() as db:
        level1(db, as_lines([sale, back]))
        (state,) = db.query(StateSpec(Rules()).sql(125)).to_pylist()
    assert (state["net"], state["order_days"], state["last_day"]) == (3_000_000, 1, 100)


def test_free_lines_count_as_an_order_day_only_by_setting():
    free = {"customer_id": "a", "order_id": "1", "day": 100, "hour": 9}
    free |= {"quantity_milli": 1000, "discount_micros": 0, "amount_micros": 0}
    found = {}
    with DuckDB() as db:
        for rules in (Rules(), Rules(free_orders=True)):
            level1(db, as_lines([free]), rules=rules)
            (state,) = db.query(StateSpec(rules).sql(125)).to_pylist()
            found[rules.free_orders] = state["order_days"]
    assert found == {False: 0, True: 1}


def shop_lines(n, seed):
    """Return lines of some 60 customers over two years, with returns and odd categories."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        amount = int(rng.gamma(2.0, 20.0) * 1e6) * (-1 if rng.random() < 0.05 else 1)
        day = int(rng.integers(15_000, 15_730))
        rows.append(
            {
                "customer_id": f"c{int(rng.beta(0.7, 2.5) * 300):03}",
                "order_id": f"o{number // 3}",
                "day": day,
                "hour": int(rng.integers(0, 24)),
                "category": ["tea", "Café", "O'Hara", None][int(rng.integers(0, 4))],
                "channel": ["web", "store"][int(rng.integers(0, 2))],
                "quantity_milli": 1000,
                "amount_micros": amount,
                "discount_micros": int(rng.integers(0, 10**6)),
                "net_day": day + 3 if rng.random() < 0.03 else None,
            }
        )
    return as_lines(rows)


CUSTOM = Custom(
    measures=(
        Measure(
            name="big_orders",
            over="orders",
            expr="CASE WHEN net_micros > 50000000 THEN 1 ELSE 0 END",
        ),
        Measure(name="web_lines", over="lines", expr="CASE WHEN channel = 'web' THEN 1 ELSE 0 END"),
        Measure(name="last_web", over="lines", reduce="max", expr="day", window_days=90),
    ),
    features=(
        Feature(name="big_share", expr="big_orders / orders", label="Share of big orders"),
        Feature(name="log_web", expr="LN(web_lines) + EXP(big_share)", label="Log of web lines"),
    ),
)


@pytest.mark.integration
def test_postgres_gives_the_measures_and_features_of_duckdb(postgres_uri):
    lines, as_of = shop_lines(4000, seed=1), 15_730
    with DuckDB() as duck, PostgreSQL(postgres_uri) as postgres:
        for engine in (duck, postgres):
            engine.load("lines", lines)
            build_level1(engine, Rules(), as_of)
        for name in KEYED:
            columns = ", ".join(("customer_id", *KEYED[name]))
            both = [e.query(f"SELECT {columns} FROM {name}") for e in (duck, postgres)]
            left, right = (sorted(map(repr, table.to_pylist())) for table in both)
            assert left == right
        model = fit_features(duck, Rules(), CUSTOM, as_of=as_of, horizon=90)
        assert model.value is not None
        build_features(postgres, model, as_of=as_of, sources=Sources())
        query = "SELECT * FROM {} ORDER BY customer_id"
        states = [e.query(query.format("state")).to_pylist() for e in (duck, postgres)]
        assert states[0] == states[1]
        features = [e.query(query.format("features")) for e in (duck, postgres)]
    assert features[0].column_names == features[1].column_names
    assert features[0].num_rows > 100
    for name in features[0].column_names[2:]:
        first, second = (np.array(t[name].to_pylist(), dtype=float) for t in features)
        np.testing.assert_allclose(second, first, rtol=1e-9, atol=1e-9, err_msg=name)
