import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.profiling.words import level_words, readable, short_label, wording_of


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("PRC_FULL_PAYMENT", "Share of full payment"),
        ("PURCHASES_TRX", "Purchases transactions"),
        ("MntGoldProds", "Spend on gold products"),
        ("NumCatalogPurchases", "Number of catalog purchases"),
        ("ONEOFF_PURCHASES", "One-off purchases"),
        ("Teenhome", "Teens"),
        ("AcceptedCmp3", "Accepted campaign 3"),
        ("StreamingTV", "Streaming TV"),
        ("CLV", "CLV"),
        ("Spending Score (1-100)", "Spending Score (1-100)"),
        ("num", "Num"),
        ("__", "__"),
    ],
)
def test_abbreviations_are_written_in_full(column, label):
    assert readable(column) == label


@pytest.mark.parametrize(
    ("column", "high", "low"),
    [
        ("PRC_FULL_PAYMENT", "often full payment", "seldom full payment"),
        ("NumWebVisitsMonth", "many web visits", "few web visits"),
        ("PURCHASES_FREQUENCY", "frequent purchases", "rare purchases"),
        ("CASH_ADVANCE_TRX", "many cash advances", "few cash advances"),
        ("MntWines", "high wines spend", "low wines spend"),
        ("Family size", "large family", "small family"),
        ("Annual Income (k$)", "high income", "low income"),
    ],
)
def test_high_and_low_are_said_as_people_say_them(column, high, low):
    wording = wording_of(column)
    assert " ".join(wording.phrase("high")) == high
    assert " ".join(wording.phrase("low")) == low


def test_recent_dates_are_recent_and_not_high():
    assert wording_of("Dt_Customer", "date").phrase("high") == ("recent", "customer")


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("No", ("no", "tech support")),
        ("Yes", ("", "tech support")),
        ("unknown", ("unknown", "tech support")),
        ("No internet service", ("", "no internet service")),
        ("DSL", ("", "DSL")),
        ("PhD", ("", "PhD")),
        ("2", ("", "tech support 2")),
    ],
)
def test_levels_keep_their_case_and_borrow_the_columns_words_when_they_need_them(level, words):
    assert level_words("TechSupport", level) == words


def test_places_of_several_words_keep_their_capital():
    assert level_words("Region", "Channel islands", is_place=True)[1] == "Channel islands"


@given(st.text(max_size=30))
def test_any_column_name_gives_words(label):
    assert len(short_label(label).split()) <= 3
    assert wording_of(label).words
    assert isinstance(readable(label), str)
