"""What the value page says of its own error."""

from __future__ import annotations

import pytest

from coterie.prediction.value_page import worth


@pytest.mark.parametrize(("error", "planned"), [(0.05, True), (-0.1, True), (0.198, False)])
def test_totals_that_were_a_fifth_off_are_not_to_be_planned_with(
    error: float, planned: bool
) -> None:
    chosen = {"total_error": error, "gini": 0.6, "mae": 9.0}
    said = worth({"spend": {"chosen": chosen, "last": {"mae": 10.0}}})
    assert ("can be planned with" in said) == planned
    assert ("do not plan budgets" in said) != planned
