"""The simulated shop: what was planted is there to be found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.features.value import ValueModel
from coterie.sources import shop_world as world
from coterie.sources.shop import CHUNK, SCHEMAS, TABLES, Shop, write_shop
from coterie.sources.shop_people import GUESTS, PROSPECTS

N = 2 * CHUNK + 1_000
Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop of three chunks, the last of them not full."""
    return write_shop(tmp_path_factory.mktemp("shop"), customers=N, seed=3)


@pytest.fixture(scope="module")
def ask(shop: Shop) -> Iterator[Ask]:
    """Ask the shop's tables in SQL."""
    with DuckDB() as db:
        for name, path in shop.paths.items():
            db.view(name, f"SELECT * FROM '{path}'")
        yield db.rows


# The world


def test_the_price_ladder_goes_from_one_to_four_hundred() -> None:
    # 32 rungs: 1 * e^(31 * step) = 400
    assert np.exp(31 * world.LOG_STEP) == pytest.approx(400)
    names = world.product_names()
    assert len(names) == len(set(world.product_ids())) == 15 * 32 * 3 + 15
    assert names[-16] == "Deluxe encyclopaedia, natural"
    assert names[-1] == "Last year's cookbook"


def test_a_year_of_shop_time_is_a_year() -> None:
    first_day = (date(2025, 1, 1) - date(1970, 1, 1)).days
    clock = world.season(first_day, 365)
    np.testing.assert_allclose(clock[:, -1], 365, rtol=0.01)
    pace = np.diff(clock, axis=1)
    june, december = pace[:, 151:181].mean(axis=1), pace[:, 334:365].mean(axis=1)
    assert (december / june > [1.5, 5]).all()
    assert pace[0, 155:160].argmax() == 2  # Saturday 7 June of Thursday to Monday


# What is written


def test_the_files_have_the_promised_columns_and_rows(shop: Shop) -> None:
    assert tuple(shop.paths) == TABLES
    for name, path in shop.paths.items():
        file = pq.ParquetFile(path)
        assert file.schema_arrow.equals(SCHEMAS[name])
        assert file.metadata.num_rows == shop.rows[name]
    assert sorted(p.name for p in shop.folder.iterdir()) == sorted(f"{t}.parquet" for t in TABLES)


def test_numbers_run_on_through_the_chunks(ask: Ask, shop: Shop) -> None:
    for table, column in (("orders", "line_id"), ("events", "event_id"), ("texts", "text_id")):
        n = shop.rows[table]
        assert ask(f"SELECT min({column}), max({column}), count(DISTINCT {column}) FROM {table}")[
            0
        ] == (1, n, n)
    assert ask("SELECT max(order_id) = count(DISTINCT order_id) FROM orders") == [(True,)]
    owners = "SELECT order_id FROM orders GROUP BY 1 HAVING count(DISTINCT customer_id) > 1"
    assert ask(owners) == []


def test_everything_happens_in_the_window(ask: Ask, shop: Shop) -> None:
    assert (shop.first_day, shop.last_day) == (date(2024, 1, 2), date(2025, 12, 31))
    for table in ("orders", "events", "texts", "touches"):
        low, high = ask(f"SELECT min(timestamp), max(timestamp) FROM {table}")[0]
        assert date(2024, 1, 2) <= low.date() <= high.date() <= date(2025, 12, 31)


def test_every_customer_has_one_profile_and_one_truth(ask: Ask) -> None:
    ids = "SELECT count(DISTINCT customer_id), min(customer_id), max(customer_id) FROM "
    assert ask(ids + "customers") == ask(ids + "truth") == [(N, "c000001", f"c{N:06d}")]
    strangers = "SELECT 1 FROM orders WHERE customer_id NOT IN (SELECT customer_id FROM customers)"
    assert ask(strangers) == []
    mails = "SELECT count(*) FROM customers WHERE email = customer_id || '@example.com'"
    assert ask(mails) == [(N,)]


def test_guests_and_prospects_are_a_few(ask: Ask) -> None:
    (guests,) = ask("SELECT count(DISTINCT order_id) FROM orders WHERE customer_id IS NULL")[0]
    assert guests == N * GUESTS
    (prospects,) = ask(
        "SELECT count(*) FROM customers WHERE customer_id NOT IN "
        "(SELECT customer_id FROM orders WHERE customer_id IS NOT NULL)"
    )[0]
    assert prospects == pytest.approx(N * PROSPECTS, rel=0.15)
    unknown = "SELECT count(*) FROM truth WHERE p_alive_at_end IS NULL AND spend_next_90d IS NULL"
    assert ask(unknown) == [(prospects,)]


def test_a_profile_misses_values_and_leans_on_taste_and_persona(ask: Ask) -> None:
    missing = ask(
        "SELECT avg(CASE WHEN gender IS NULL THEN 1 ELSE 0 END), "
        "avg(CASE WHEN age IS NULL THEN 1 ELSE 0 END), "
        "avg(CASE WHEN income IS NULL THEN 1 ELSE 0 END) FROM customers"
    )[0]
    np.testing.assert_allclose(missing, [0.03, 0.05, 0.12], atol=0.01)
    age = dict(
        ask("SELECT taste, avg(age) FROM customers JOIN truth USING (customer_id) GROUP BY 1")
    )
    assert age["home"] - age["style"] > 20
    income = dict(
        ask("SELECT persona, avg(income) FROM customers JOIN truth USING (customer_id) GROUP BY 1")
    )
    assert income["big_spender"] > 1.5 * income["regular"]


def test_every_product_is_sold_under_one_name_and_category(ask: Ask) -> None:
    sold = "SELECT count(DISTINCT product_id), count(DISTINCT category) FROM orders "
    products, categories = ask(sold + "WHERE quantity > 0")[0]
    assert categories == 15
    assert 1_400 < products <= 15 * 32 * 3  # the dearest may find no buyer
    two = "HAVING count(DISTINCT product_name) > 1 OR count(DISTINCT category) > 1"
    assert ask(f"SELECT 1 FROM orders GROUP BY product_id {two}") == []
    named = ask("SELECT DISTINCT product_id, product_name, category FROM orders")
    names = dict(zip(world.product_ids(), world.product_names(), strict=True))
    for product, name, category in named:
        nouns = world.NOUNS[world.CATEGORIES.index(category)]
        assert name == names[product]
        assert any(noun in name for noun in nouns)


# Returns


def test_a_matched_return_follows_its_sale(ask: Ask) -> None:
    counts = ask(
        """
        SELECT sale.line_id IS NOT NULL, substr(back.product_id, 1, 1), count(DISTINCT back.line_id)
        FROM orders AS back LEFT JOIN orders AS sale
          ON sale.customer_id = back.customer_id AND sale.product_id = back.product_id
          AND sale.quantity = -back.quantity AND sale.unit_price = back.unit_price
          AND CAST(sale.timestamp AS DATE) < CAST(back.timestamp AS DATE)
        WHERE back.quantity < 0 GROUP BY 1, 2 ORDER BY 1
        """
    )
    # Unmatched are those of products that were discontinued before the first day.
    assert [row[:2] for row in counts] == [(False, "X"), (True, "P")]
    unmatched, matched = (row[2] for row in counts)
    assert matched / unmatched == pytest.approx(0.04 / 0.006, rel=0.1)
    assert ask("SELECT 1 FROM orders WHERE quantity > 0 AND product_id LIKE 'X%'") == []
    assert ask("SELECT 1 FROM orders WHERE quantity < 0 AND customer_id IS NULL") == []


# The purchase process


def test_rates_dropout_and_spend_are_drawn_as_planted(ask: Ask) -> None:
    for persona in world.PERSONAS:
        rate, dropout, value = np.array(
            ask(
                "SELECT rate, dropout, mean_order_value FROM truth "
                f"WHERE persona = '{persona.name}'"
            )
        ).T
        sure = 4 / np.sqrt(rate.size)  # four standard errors
        spread = 1 / np.sqrt(world.RATE_SHAPE)
        assert rate.mean() * persona.gap_days == pytest.approx(1, abs=sure * spread)
        assert rate.std() / rate.mean() == pytest.approx(spread, rel=0.1)
        a, b = persona.dropout
        assert dropout.mean() == pytest.approx(a / (a + b), abs=sure * dropout.std())
        assert value.mean() == pytest.approx(persona.order_value, abs=sure * value.std())


def test_the_truth_foresees_who_is_alive_and_what_they_spend(ask: Ask) -> None:
    rows = ask(
        "SELECT persona, alive_at_end, p_alive_at_end, spend_next_90d, expected_spend_next_90d "
        "FROM truth WHERE p_alive_at_end IS NOT NULL"
    )
    persona = np.array([row[0] for row in rows])
    alive, p, spent, expected = np.array([row[1:] for row in rows], dtype=float).T
    for chosen in [persona == p.name for p in world.PERSONAS] + [
        (p >= low) & (p < low + 0.2) for low in (0.0, 0.2, 0.4, 0.6)
    ]:
        sure = 4 / np.sqrt(chosen.sum())
        assert alive[chosen].mean() == pytest.approx(p[chosen].mean(), abs=sure * 0.5)
        off = spent[chosen] - expected[chosen]
        assert abs(off.mean()) < sure * off.std()


def test_bg_nbd_and_gamma_gamma_find_a_persona_again(ask: Ask) -> None:
    x, last, age, zbar = np.array(
        ask(
            """
            WITH days AS (
              SELECT customer_id, CAST(timestamp AS DATE) AS day,
                     sum(quantity * unit_price) AS spend
              FROM orders JOIN truth USING (customer_id)
              WHERE persona = 'regular' AND quantity > 0 GROUP BY 1, 2
            ), firsts AS (SELECT *, min(day) OVER (PARTITION BY customer_id) AS first FROM days)
            SELECT count(*) - 1, max(day) - min(first), DATE '2025-12-31' - min(first),
                   coalesce(avg(CASE WHEN day > first THEN spend END), 0)
            FROM firsts GROUP BY customer_id ORDER BY customer_id
            """
        ),
        dtype=float,
    ).T
    model = ValueModel.fit(x, last, age, zbar, horizon_days=90)
    # Planted: r = 3, alpha = 3 * 45 days, mean dropout 1/21, p = 6.25, q = 3.75; the season,
    # which the model does not know, makes rates look more alike or less.
    assert 2 < model.r < 4.5
    assert model.r / model.alpha == pytest.approx(1 / 45, rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(1 / 21, abs=0.02)
    assert 5 < model.p < 8
    assert model.q == pytest.approx(3.75, rel=0.15)
    assert model.p * model.v / (model.q - 1) == pytest.approx(50, rel=0.05)


def test_november_and_december_are_the_peak(ask: Ask) -> None:
    per_month = dict(
        ask(
            "SELECT month(timestamp), count(DISTINCT order_id) FROM orders "
            "WHERE year(timestamp) = 2025 GROUP BY 1"
        )
    )
    assert sorted(per_month, key=per_month.__getitem__)[-2:] == [11, 12]
    assert per_month[12] > 1.7 * per_month[9]


# Tastes


def test_tastes_are_equal_in_value(ask: Ask) -> None:
    rows = ask(
        "SELECT taste, sum(quantity * unit_price), count(DISTINCT order_id) "
        "FROM orders JOIN truth USING (customer_id) GROUP BY taste, customer_id"
    )
    taste = np.array([row[0] for row in rows])
    for values in np.array([row[1:] for row in rows], dtype=float).T:
        logs = np.log1p(np.maximum(values, 0))
        for name in {t.name for t in world.TASTES}:
            own, rest = logs[taste == name], logs[taste != name]
            error = np.hypot(own.std() / np.sqrt(own.size), rest.std() / np.sqrt(rest.size))
            assert abs(own.mean() - rest.mean()) < 4 * error


def test_tastes_differ_in_what_where_when_and_how_cheap(ask: Ask) -> None:
    for taste in world.TASTES:
        own = ", ".join(f"'{name}'" for name in taste.categories)
        main = world.CHANNELS[int(np.argmax(taste.channels))]
        away = f"abs((extract(hour FROM timestamp) - {taste.hour} + 36) % 24 - 12)"
        category, channel, near, discount = ask(
            f"""
            SELECT avg(CASE WHEN category IN ({own}) THEN 1 ELSE 0 END),
                   avg(CASE WHEN channel = '{main}' THEN 1 ELSE 0 END),
                   avg(CASE WHEN {away} <= 3 THEN 1 ELSE 0 END),
                   avg(CASE WHEN discount > 0 THEN 1 ELSE 0 END)
            FROM orders JOIN truth USING (customer_id)
            WHERE quantity > 0 AND taste = '{taste.name}'
            """
        )[0]
        assert category == pytest.approx(0.85, abs=0.01)
        assert channel == pytest.approx(max(taste.channels), abs=0.02)
        assert near > 0.8
        assert discount == pytest.approx(taste.discount, abs=0.01)


# Clicks, reviews, campaigns


def test_every_online_sale_was_viewed_put_in_the_cart_and_bought(ask: Ask) -> None:
    online = (
        "SELECT count(*), sum(quantity * unit_price) FROM orders "
        "WHERE quantity > 0 AND channel IN ('web', 'app')"
    )
    bought = "SELECT count(*), sum(value) FROM events WHERE type = 'buy'"
    assert ask(bought)[0] == pytest.approx(ask(online)[0])
    wrong = """
        SELECT session_id FROM events GROUP BY session_id, product_id HAVING
          min(CASE WHEN type = 'view' THEN timestamp END)
            > min(CASE WHEN type = 'cart' THEN timestamp END)
          OR max(CASE WHEN type = 'cart' THEN timestamp END)
            > max(CASE WHEN type = 'buy' THEN timestamp END)
          OR count(DISTINCT visitor_id) > 1
    """
    assert ask(wrong) == []


def test_a_visitor_is_one_customer_at_most(ask: Ask) -> None:
    assert (
        ask("SELECT 1 FROM events GROUP BY visitor_id HAVING count(DISTINCT customer_id) > 1") == []
    )
    (anonymous,) = ask("SELECT avg(CASE WHEN customer_id IS NULL THEN 1 ELSE 0 END) FROM events")[0]
    assert 0.05 < anonymous < 0.25


def test_the_words_of_a_review_fit_its_rating(ask: Ask) -> None:
    assert ask("SELECT 1 FROM texts GROUP BY text HAVING count(DISTINCT rating) > 1") == []
    ratings = dict(ask("SELECT rating, count(*) FROM texts GROUP BY 1"))
    assert sorted(ratings) == [1, 2, 3, 4, 5]
    assert ratings[5] > ratings[1] > 0


def test_the_uplift_found_is_the_uplift_planted(ask: Ask) -> None:
    for persona in world.PERSONAS:
        for offer, planted in zip(world.OFFERS, persona.uplift, strict=True):
            gain = np.array(
                ask(
                    f"""
                    SELECT CASE WHEN treated THEN 1 / propensity ELSE -1 / (1 - propensity) END
                           * CASE WHEN responded THEN 1 ELSE 0 END
                    FROM touches JOIN truth USING (customer_id)
                    WHERE persona = '{persona.name}' AND offer_id = '{offer}'
                    """
                )
            )
            assert abs(gain.mean() - planted) < 4 * gain.std() / np.sqrt(gain.size)
            column = f"uplift_{offer.replace('-', '_')}"
            told = f"SELECT DISTINCT {column} FROM truth WHERE persona = '{persona.name}'"
            assert ask(told) == [(planted,)]


def test_ignoring_the_propensity_misleads(ask: Ask) -> None:
    naive, true = ask(
        """
        SELECT avg(CASE WHEN treated THEN CAST(responded AS INT) END)
               - avg(CASE WHEN NOT treated THEN CAST(responded AS INT) END),
               avg(CASE offer_id WHEN 'welcome-back' THEN uplift_welcome_back
                   WHEN 'free-delivery' THEN uplift_free_delivery ELSE uplift_new_range END)
        FROM touches JOIN truth USING (customer_id)
        """
    )[0]
    # 62 % of those contacted read the newsletter, 27 % of the others: .05 * .35 too much
    assert naive - true == pytest.approx(0.0175, abs=0.008)
