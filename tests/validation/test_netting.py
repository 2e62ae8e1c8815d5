from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.validation.netting import match_returns

LINE = st.tuples(
    st.sampled_from(["anna", "ben", None]),
    st.sampled_from(["mug", "tea", None]),
    st.sampled_from([1, 2, -1, -2]),
    st.integers(0, 6),  # day, with many ties
    st.sampled_from(["sale", "free", "service"]),
    st.sampled_from([5, 7]),  # price of a piece
)


def load(db, lines):
    rows = ", ".join(
        "({}, {}, {}, {}, '{}', '{}', {})".format(
            f"'{customer}'" if customer else "NULL",
            f"'{product}'" if product else "NULL",
            quantity * 1000,
            day,
            "return" if quantity < 0 else kind,
            f"orders:{number}",
            quantity * price * 1_000_000,
        )
        for number, (customer, product, quantity, day, kind, price) in enumerate(lines, 1)
    )
    db.create(
        "lines",
        "SELECT customer_id::VARCHAR AS customer_id, product_id::VARCHAR AS product_id, "
        "quantity_milli, day, TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_days(day) AS ts, kind, "
        f"line_id, amount_micros, CAST(NULL AS INTEGER) AS net_day FROM (VALUES {rows}) AS "
        "v(customer_id, product_id, quantity_milli, day, kind, line_id, amount_micros)",
    )


def by_stack(lines):
    """The rule as it reads: in order, a return takes the latest unmatched sale."""
    net = {}
    stacks = {}
    numbered = [(line[3], f"orders:{n}", line) for n, line in enumerate(lines, 1)]
    for day, name, line in sorted(numbered, key=lambda x: x[:2]):
        customer, product, quantity, _, kind, price = line
        if customer is None or product is None:
            continue
        stack = stacks.setdefault((customer, product, abs(quantity), price), [])
        if quantity > 0 and kind == "sale":
            stack.append(name)
        elif quantity < 0 and stack:
            net[name] = net[stack.pop()] = day
    return net


def net_days(db):
    return dict(db.rows("SELECT line_id, net_day FROM lines WHERE net_day IS NOT NULL"))


def test_a_return_takes_the_latest_unmatched_sale(db):
    load(db, [("anna", "mug", q, day, "sale", 5) for day, q in enumerate([1, 1, -1, -1, -1, 1])])
    assert match_returns(db) == 2
    assert net_days(db) == {"orders:2": 2, "orders:3": 2, "orders:1": 3, "orders:4": 3}


def test_a_return_before_any_sale_takes_none_that_follows(db):
    load(db, [("anna", "mug", -1, 0, "sale", 5), ("anna", "mug", 1, 1, "sale", 5)])
    assert match_returns(db) == 0


def test_guests_other_sizes_other_prices_and_free_lines_never_match(db):
    load(db, [
        (None, "mug", 1, 0, "sale", 5), (None, "mug", -1, 1, "sale", 5),
        ("anna", "mug", 2, 0, "sale", 5), ("anna", "mug", -1, 1, "sale", 5),
        ("anna", "tea", 1, 0, "sale", 7), ("anna", "tea", -1, 1, "sale", 5),
        ("ben", "tea", 1, 0, "free", 5), ("ben", "tea", -1, 1, "sale", 5),
    ])  # fmt: skip
    assert match_returns(db) == 0


def test_only_the_given_rows_take_part(db):
    load(db, [("anna", "mug", 1, 0, "sale", 5), ("anna", "mug", -1, 1, "sale", 5)])
    assert match_returns(db, []) == 0
    assert match_returns(db, [(0, 1)]) == 0
    assert match_returns(db, [(0, 1), (1, 2)]) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=40))
def test_the_window_function_does_what_a_stack_does(lines):
    with DuckDB() as db:
        load(db, lines)
        pairs = match_returns(db)
        expected = by_stack(lines)
        assert net_days(db) == expected
        assert pairs * 2 == len(expected)
