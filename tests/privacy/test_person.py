"""Who is named by a value or a sentence, and who is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.privacy.person import ERASED, Person

ANNA = Person("17850", frozenset({"anna@example.com", "Anna Meier"}))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("order of 17850 came back", f"order of {ERASED} came back"),
        ("in all 17850.20 and 17,850 and 178501", "in all 17850.20 and 17,850 and 178501"),
        ("ANNA@example.com wrote", f"{ERASED} wrote"),
        ("joanna@example.com wrote", "joanna@example.com wrote"),
        ("customer '17850' has 12 characters", f"customer '{ERASED}' has 12 characters"),
    ],
)
def test_a_sentence_loses_what_names_her_and_nothing_else(text: str, left: str) -> None:
    assert ANNA.redacted(text) == left


def test_a_short_id_counts_in_quotes_alone() -> None:
    seven = Person("7")
    assert seven.redacted("7 rows; id '7' is odd") == f"7 rows; id '{ERASED}' is odd"


def test_a_short_id_in_words_of_others_proves_nothing() -> None:
    assert ANNA.redacted("my 17850 points", foreign=True) == "my 17850 points"


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32), st.text(), st.text())
def test_what_was_taken_out_is_not_found_again(own: str, before: str, after: str) -> None:
    person = Person(own)
    assert not person.is_mentioned(person.redacted(f"{before} {own} {after}"))


def test_a_row_is_hers_by_its_column_of_ids_or_by_her_mail() -> None:
    assert ANNA.is_hers({"customer_id": 17850.0})
    assert ANNA.is_hers({"mail": " anna@example.com "})
    assert not ANNA.is_hers({"customer_id": "1785", "quantity": "17850"})
