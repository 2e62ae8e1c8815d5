"""A catalogue says what it means, or is refused with the offer and the nearest name."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.config import Settings, make_settings
from coterie.errors import ParameterError
from coterie.offers.catalogue import Offer
from coterie.offers.examples import EXAMPLES

CARD = """
[[offers]]
id = "savings-plan"
name = "Savings plan"
eligible = "CASH_ADVANCE = 0 AND PRC_FULL_PAYMENT >= 0.5"
capacity = 500
contact_days = 28
control_share = 0.1
"""


def settings(text: str) -> Settings:
    return make_settings(tomllib.loads(text))


def test_the_contract_s_offer_is_accepted_as_written() -> None:
    (offer,) = settings(CARD).offers
    assert (offer.title, offer.capacity, offer.contact_days) == ("Savings plan", 500, 28)
    assert (offer.control_share, offer.max_contacts, offer.kind) == (0.1, 1, "product")


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_accepted(name: str) -> None:
    assert len(settings(EXAMPLES[name]).offers) > 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"capcity": 3}, "Offer 'a': 'capcity' is not a known key.*Did you mean 'capacity'"),
        ({"kind": "credt"}, "Offer 'a' kind='credt' is not known.*Did you mean 'credit'"),
        ({"capacity": "many"}, "Offer 'a' capacity must be a whole number"),
        ({"control_share": 1}, "Offer 'a' control_share must be less than or equal to 0.9"),
        ({"value": 1e308}, "Offer 'a' value must be less than or equal to 1000000000000"),
        ({"cost": -1}, "Offer 'a' cost must be greater than or equal to 0"),
        ({"reason": "one\ntwo"}, "one line of plain text"),
        ({"id": " a"}, "without blanks at the ends"),
        ({"start": "2026-02-01", "end": "2026-01-01"}, "starts on 2026-02-01 and ends on"),
        ({"allow": ["payments"]}, "lifts a guard of credit, but is of the kind 'product'"),
        ({"kind": "credit", "allow": ["paymnts"]}, "Did you mean 'payments'"),
        ({"kind": "credit", "include_protected": ["age"]}, "never hangs on them"),
    ],
)
def test_what_is_wrong_is_told_by_the_offer_s_id(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make_settings({"offers": [{"id": "a", **change}]})


def test_an_offer_needs_an_id_of_its_own() -> None:
    with pytest.raises(ParameterError, match="An offer id is missing"):
        make_settings({"offers": [{"name": "a"}]})
    with pytest.raises(ParameterError, match="Two offers have the id 'a'"):
        make_settings({"offers": [{"id": "a"}, {"id": "a"}]})
    with pytest.raises(ParameterError, match="offers must be a list in brackets"):
        make_settings({"offers": {"id": "a"}})
    with pytest.raises(ParameterError, match="Offer 'a' eligible must be text"):
        make_settings({"offers": [{"id": "a", "eligible": 3}]})
    with pytest.raises(ParameterError, match="An offer must be a section"):
        make_settings({"offers": ["a"]})
    with pytest.raises(ParameterError, match="At most 60"):
        make_settings({"offers": [{"id": str(n)} for n in range(61)]})


def test_a_catalogue_changes_no_run() -> None:
    with_it, without = settings(CARD), settings("")
    assert with_it.result_bearing == without.result_bearing
    assert with_it.model_bearing == without.model_bearing


@given(st.integers(0, 10_000), st.floats(0, 0.9), st.integers(0, 20_000))
def test_contacts_stay_within_capacity_and_the_control_is_no_less_than_its_share(
    capacity: int, share: float, customers: int
) -> None:
    offer = Offer(id="a", capacity=capacity, control_share=share)
    most = offer.most(customers)
    assert 0 <= most - offer.control(most) <= capacity
    assert most <= customers
    for planned in (2, 17, most):
        if planned >= 2:
            assert offer.control(planned) >= min(share * planned - 1e-6, planned - 1)
            assert offer.control(planned) < planned
    if customers > 20_000 / 2 and capacity < 500 and share < 0.5:
        # No room is wasted: one more would be too many.
        assert most + 1 - offer.control(most + 1) > capacity or most == customers or not capacity
