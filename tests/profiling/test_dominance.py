"""Who made a sum is found, also where only those who could have made much of it are looked at."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.engine.duckdb import DuckDB
from coterie.privacy.disclosure import dominated
from coterie.profiling import dominance
from coterie.profiling.dominance import Made, who_made

LINES = "SELECT part, item, who, line, money FROM bought"
VALUES = "SELECT who, SUM(GREATEST(money, 0))::BIGINT AS gross FROM bought GROUP BY who"


def load(db: DuckDB, rows: list[tuple[str, str, int | None, int]]) -> None:
    names = ("part", "item", "who", "money")
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    table = table.set_column(2, "who", table["who"].cast(pa.int32()))
    db.load("bought", table.append_column("line", pa.array(range(len(rows)))))
    db.create("spent", f"{VALUES} HAVING who IS NOT NULL")


def test_parts_match_the_hand_calculation() -> None:
    rows = [
        ("a", "tea", 1, 60),
        ("a", "tea", 1, -10),  # a return: she spent 50
        ("a", "tea", 2, 30),
        ("a", "tea", None, 10),
        ("a", "tea", None, 10),  # nobody knows whether it is the same guest: two
        ("b", "tea", 3, 5),
        ("b", "tea", 3, -5),
    ]
    with DuckDB() as db:
        load(db, rows)
        found = who_made(db, LINES)
    assert found == {("a", "tea"): Made(4, 0.5, 0.8), ("b", "tea"): Made(1, None, None)}


@settings(max_examples=30)
@given(st.integers(0, 2**20))
def test_a_rough_look_finds_the_same_sums_that_one_or_two_make(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = 400
    money = random.lognormal(3, 2.2, n) * random.choice([1, -1], n, p=[0.95, 0.05])
    who = [None if x < 3 else int(x) for x in random.integers(0, 60, n)]
    items = random.choice(["x", "y", "z"], n)
    rows = [("p", str(items[i]), who[i], round(float(money[i]) * 100)) for i in range(n)]
    with DuckDB() as db, pytest.MonkeyPatch.context() as patch:
        load(db, rows)
        exact = who_made(db, LINES)
        patch.setattr(dominance, "MANY", 10)
        rough = who_made(db, LINES, "spent")
        assert not {"profile__cells", "profile__heavy"} & set(db.tables())
    assert exact.keys() == rough.keys()
    for key, one in exact.items():
        other = rough[key]
        assert dominated(one.largest, one.top_two) == dominated(other.largest, other.top_two)
        assert 0.6 * one.customers < other.customers <= one.customers
