import numpy as np
import pyarrow as pa
import pytest

import coterie
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.profiling.counted import count_lines, number_customers, number_products
from coterie.profiling.names import name_segments
from coterie.profiling.products import best_sellers, min_support
from coterie.profiling.profile import (
    FeatureInfo,
    ProfileParams,
    SegmentIdentity,
    profile_segments,
)
from coterie.profiling.segments import segment_objects
from coterie.profiling.shares import bootstrap_shares, normal_share
from coterie.schema import CANONICAL, Attribute

AS_OF = 15_000
IDS = {f"seg-00{i}": SegmentIdentity(f"seg-00{i}", i, born_run="r0") for i in (1, 2, 3)}


def line(number, customer, day, amount, **other):
    row = {
        "line_id": f"o:{number}",
        "customer_id": customer,
        "order_id": f"{customer}@{day}",
        "ts": day * 86_400_000_000,
        "day": day,
        "hour": 10,
        "product_id": "A",
        "product_name": "Apple",
        "country": "Iceland",
        "quantity_milli": 1_000,
        "amount_micros": round(amount * 1_000_000),
        "discount_micros": 0,
        "kind": "sale",
    }
    return row | other


def shop(db, lines, members, features=None):
    db.load("lines", pa.Table.from_pylist(lines, schema=CANONICAL["lines"]))
    db.load(
        "assignments",
        pa.table({"customer_id": list(members), "segment_id": list(members.values())}),
    )
    columns = features or {"monetary": [1.0] * len(members)}
    db.load("features", pa.table({"customer_id": list(members), **columns}))


def test_value_counts_what_was_sold_before_the_day_and_not_cancelled_before_it():
    lines = [
        line(1, "a", AS_OF - 9, 100),
        line(2, "a", AS_OF - 8, 50, net_day=AS_OF - 7),  # cancelled before: neither counts
        line(3, "a", AS_OF - 7, -50, kind="return", net_day=AS_OF - 7, quantity_milli=-1_000),
        line(4, "b", AS_OF - 5, 60, net_day=AS_OF + 1),  # cancelled later: still counts
        line(5, "b", AS_OF, 1_000),  # on the day itself: does not
        line(6, "b", AS_OF - 3, 40, kind="service", product_id="POST"),
        line(7, "c", AS_OF - 3, -20, kind="return", quantity_milli=-1_000),
    ]
    with DuckDB() as db:
        shop(db, lines, {"a": "seg-001", "b": "seg-002", "c": "seg-002", "d": "none"})
        profile = profile_segments(
            db, ProfileParams(AS_OF), catalogue=[FeatureInfo("monetary", "Spend")], ids=IDS
        )
    first, second = profile.segments
    assert (first.id, first.value.value, second.value.value) == ("seg-001", 100.0, 80.0)
    assert first.value.share == round(100 / 180, 6)
    assert second.value.largest == 1.25  # b brought 100 of the 80 that are left after c's return
    assert (profile.n, profile.n_unplaced, profile.value) == (3, 1, 180.0)
    assert (first.share, second.share) == (0.333333, 0.666667)
    assert profile.window_days == 9


def test_lift_is_the_share_of_the_segment_over_the_share_of_all():
    members = {f"c{i:03d}": f"seg-00{1 + (i >= 40)}" for i in range(100)}
    buyers = [f"c{i:03d}" for i in (*range(20), *range(40, 45))]  # 20 of 40 and 5 of 60
    lines = [line(i, who, AS_OF - 1, 10) for i, who in enumerate(buyers)]
    lines += [line(100 + i, who, AS_OF - 1, 1, product_id="B") for i, who in enumerate(members)]
    lines.append(line(999, "c000", AS_OF - 1, 5))  # a second line of the same buyer
    lines.append(line(1_000, "c039", AS_OF - 1, 0, kind="free"))
    lines.append(line(1_001, "c038", AS_OF - 1, 3, kind="service", product_id="POST"))
    with DuckDB() as db:
        shop(db, lines, members)
        profile = profile_segments(db, ProfileParams(AS_OF), catalogue=[], ids=IDS)
    (apple,) = next(s for s in profile.segments if s.id == "seg-001").products
    assert (apple.key, apple.name, apple.n) == ("A", "Apple", 20)
    assert (apple.share, apple.share_all, apple.lift) == (0.5, 0.25, 2.0)
    assert next(s for s in profile.segments if s.id == "seg-002").products == ()
    (iceland,) = profile.segments[0].bought["country"]
    assert (iceland.key, iceland.share, iceland.lift) == ("Iceland", 1.0, 1.0)


def test_best_sellers_of_a_country_count_guests_only_if_asked():
    lines = [
        line(1, "a", AS_OF - 1, 30, product_id="A", quantity_milli=1_000),
        line(2, None, AS_OF - 1, 20, product_id="B", product_name=None, quantity_milli=5_000),
        line(3, "a", AS_OF - 1, 99, product_id="POST", kind="service"),
    ]
    with DuckDB() as db:
        shop(db, lines, {"a": "seg-001"})
        db.execute("CREATE TABLE placed AS SELECT 'a' AS customer_id, 0 AS segment")
        number_customers(db, "placed", "customers_numbered")
        number_products(db, "products", AS_OF)
        count_lines(db, "counted", AS_OF, customers="customers_numbered", products="products")
        everyone = best_sellers(db, "counted", products="products", by_country=True)
        known = best_sellers(db, "counted", products="products", by_country=True, guests=False)
    assert [(s.by, s.rank, s.name, s.quantity, s.amount) for s in everyone] == [
        ("quantity", 1, "B", 5.0, 20.0),
        ("quantity", 2, "Apple", 1.0, 30.0),
        ("amount", 1, "Apple", 1.0, 30.0),
        ("amount", 2, "B", 5.0, 20.0),
    ]
    assert {s.name for s in known} == {"Apple"}


def test_the_two_ranges_of_a_share_agree_for_many_customers():
    rng = np.random.default_rng(3)
    cents = np.round(np.exp(rng.normal(5, 1, 8_000)) * 100).astype(np.int64)
    codes = (rng.random(8_000) < 0.3).astype(np.int32)
    boot = bootstrap_shares(cents, codes, 2, seed=1)[1]
    part = cents[codes == 1]
    normal = normal_share(
        int(part.sum()), int(cents.sum()), int((part**2).sum()), int((cents**2).sum())
    )
    np.testing.assert_allclose(boot, normal, atol=0.002)


def test_a_profile_is_the_same_at_any_number_of_threads_and_order_of_rows():
    rng = np.random.default_rng(5)
    members = {f"c{i:04d}": f"seg-00{1 + i % 3}" for i in range(600)}
    lines = [
        line(
            i,
            f"c{rng.integers(600):04d}",
            AS_OF - int(rng.integers(1, 300)),
            rng.gamma(1, 50),
            product_id=f"P{rng.integers(9)}",
            product_name=None,
        )
        for i in range(4_000)
    ]
    values = rng.gamma(1, 5, 600)
    found = []
    for threads in (1, 4):
        order = np.arange(600) if threads == 1 else rng.permutation(600)
        keys = list(members)
        with DuckDB(threads=threads) as db:
            shop(
                db,
                lines if threads == 1 else lines[::-1],
                {keys[i]: members[keys[i]] for i in order},
                {"monetary": values[order], "spread": values[order] ** 2},
            )
            infos = [FeatureInfo("monetary", "Spend"), FeatureInfo("spread", "Spread")]
            found.append(profile_segments(db, ProfileParams(AS_OF), catalogue=infos, ids=IDS))
            assert not [name for name in db.tables() if name.startswith("profile__")]
    assert found[0] == found[1]


def static_profile(**params):
    db = DuckDB()
    n = 120
    codes = np.arange(n) % 3
    rng = np.random.default_rng(0)
    db.load(
        "people",
        pa.table(
            {
                "customer_id": [f"k{i}" for i in range(n)],
                "CASH_ADVANCE": 100.0 * (codes == 0) + rng.random(n),
                "Age": 20.0 + 30 * codes,
                "segment": ["gold" if c == 1 else "plain" for c in codes],
                "flag": [bool(c == 2) if i % 5 else None for i, c in enumerate(codes)],
            }
        ),
    )
    db.load(
        "assignments",
        pa.table(
            {
                "customer_id": [f"k{i}" for i in range(n)],
                "segment_id": [f"seg-00{c + 1}" for c in codes],
            }
        ),
    )
    db.execute("CREATE TABLE features AS SELECT customer_id, 'ok' AS status FROM people")
    attributes = [
        Attribute("CASH_ADVANCE", "number"),
        Attribute("Age", "number", protected="age"),
        Attribute("segment", "category"),  # a name the profile's own tables use too
        Attribute("flag", "flag"),
    ]
    with db:
        return profile_segments(
            db, ProfileParams(AS_OF, **params), catalogue=[], attributes=attributes, ids=IDS
        )


def test_a_customer_table_alone_is_profiled_without_money():
    profile = static_profile()
    assert profile.value is None
    assert "no orders" in profile.value_reason
    (advance,) = [s for s in profile.segments if s.id == "seg-001"]
    assert advance.contrast("CASH_ADVANCE").effect == 1.0
    assert advance.contrast("CASH_ADVANCE").label == "Cash advance"
    gold = next(s for s in profile.segments if s.id == "seg-002").levels[0]
    assert (gold.level, gold.share, gold.share_all, gold.lift) == ("gold", 1.0, 0.333333, 3.0)
    assert {m.column: m.n for m in profile.missing}["flag"] == 24
    assert {t.feature: t.kind for t in profile.tests}["segment"] == "chi2"


def test_unknown_fields_of_a_segment_say_why():
    profile = name_segments(static_profile())
    first = segment_objects(profile, {"seg-001": {"stability": 0.9}})[0]
    for field in ("value_share", "value_share_ci", "verdict", "rule", "next"):
        assert first[field] is None
        assert first[f"{field}_reason"]
    known = [s["stability"] for s in segment_objects(profile, {"seg-001": {"stability": 0.9}})]
    assert known == [0.9, None, None]
    assert first["born_run"] == "r0"


def test_a_segment_without_identity_is_refused():
    with DuckDB() as db:
        shop(db, [line(1, "a", AS_OF - 1, 1)], {"a": "seg-009"})
        with pytest.raises(DataError, match="'seg-009' has no identity"):
            profile_segments(db, ProfileParams(AS_OF), catalogue=[], ids=IDS)


def test_nobody_placed_is_refused():
    with DuckDB() as db:
        shop(db, [line(1, "a", AS_OF - 1, 1)], {"a": "none"})
        with pytest.raises(DataError, match="No customer has a segment"):
            profile_segments(db, ProfileParams(AS_OF), catalogue=[], ids=IDS)


def test_support_grows_with_the_segment_between_5_and_25():
    assert [min_support(n) for n in (1, 100, 101, 500, 10_000)] == [5, 5, 6, 25, 25]


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_numbers_that_have_no_square_are_profiled(tmp_path, size):
    numbers = np.random.default_rng(0).normal(size=(300, 2)) * [size, 1.0]
    table = pa.table({"id": [str(i) for i in range(300)], "a": numbers[:, 0], "b": numbers[:, 1]})
    assert len(coterie.segment(table, k=2, folder=tmp_path).segments) == 2
