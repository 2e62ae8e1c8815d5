"""Guards of credit find their columns by name, and take the unknown for a reason to wait."""

from __future__ import annotations

import pytest

from coterie.engine.duckdb import DuckDB
from coterie.offers.catalogue import Offer
from coterie.offers.guards import find_roles, guards_of

CARD = ["BALANCE", "BALANCE_FREQUENCY", "PURCHASES", "ONEOFF_PURCHASES", "CASH_ADVANCE"]
CARD += ["PURCHASES_FREQUENCY", "CASH_ADVANCE_FREQUENCY", "CASH_ADVANCE_TRX", "CREDIT_LIMIT"]
CARD += ["PAYMENTS", "MINIMUM_PAYMENTS"]
ASKED = {
    "cash_advance": ("CASH_ADVANCE", "PURCHASES", "CASH_ADVANCE_FREQUENCY", "CREDIT_LIMIT"),
    "utilisation": ("BALANCE", "CREDIT_LIMIT"),
    "payments": ("PAYMENTS", "MINIMUM_PAYMENTS"),
}
LOAN = Offer(id="loan", kind="credit")


def test_the_card_data_s_columns_are_found_and_their_frequencies_not_taken_for_them() -> None:
    found = find_roles(CARD)
    assert {role: name.lower() for role, name in found.items()} == {role: role for role in found}
    assert len(found) == 7


def test_only_credit_is_guarded_and_only_by_what_is_not_lifted() -> None:
    assert guards_of(Offer(id="a"), CARD) == ([], [])
    checks, unknown = guards_of(LOAN, CARD)
    assert [check.name for check in checks] == ["cash_advance", "utilisation", "payments"]
    assert unknown == []
    lifted = Offer(id="loan", kind="credit", allow=("cash_advance",))
    assert [check.name for check in guards_of(lifted, CARD)[0]] == ["utilisation", "payments"]
    assert guards_of(LOAN, ["recency"]) == ([], ["cash_advance", "utilisation", "payments"])


@pytest.mark.parametrize(
    ("guard", "row", "held"),
    [
        # cash, purchases, frequency, limit
        ("cash_advance", (26, 100, 0, 1000), True),
        ("cash_advance", (25, 100, 0, 1000), False),
        ("cash_advance", (25, 100, 0, 249), True),
        ("cash_advance", (25, 100, 0, 250), False),
        ("cash_advance", (1, 100, 0.25, 1000), True),
        ("cash_advance", (0, 0, 0, 1000), False),
        ("cash_advance", ("NULL", 1, 0, 1000), True),
        ("cash_advance", (0, 1, 0, "NULL"), True),
        ("utilisation", (51, 100), True),
        ("utilisation", (50, 100), False),
        ("utilisation", (0, "NULL"), True),
        ("payments", (99, 100), True),
        ("payments", (100, 100), False),
        ("payments", (100, "NULL"), True),
    ],
)
def test_borders_are_as_worked_out_by_hand(
    guard: str, row: tuple[float | str, ...], held: bool
) -> None:
    check = next(one for one in guards_of(LOAN, CARD)[0] if one.name == guard)
    names = ASKED[guard]
    values = ", ".join(f"{value} AS {name}" for value, name in zip(row, names, strict=True))
    with DuckDB() as db:
        assert db.rows(f"SELECT {check.sql} FROM (SELECT {values})") == [(held,)]
