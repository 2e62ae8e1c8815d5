import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.duckdb import DuckDB
from coterie.profiling import palette
from coterie.profiling.charts_choice import MEASURED, Candidate, SweepPoint
from coterie.profiling.charts_explore import most_related
from coterie.profiling.choice import Choice
from coterie.profiling.explore import Correlations
from coterie.profiling.names import name_segments
from coterie.profiling.profile import (
    FeatureInfo,
    ProfileParams,
    SegmentIdentity,
    profile_segments,
)
from coterie.profiling.publication import Hiding
from coterie.profiling.report import (
    ReportData,
    lead,
    render,
    shown_candidates,
    why_lost,
)
from coterie.profiling.segments import segment_objects
from coterie.schema import CANONICAL, Attribute

AS_OF = 15_000
NASTY = "<img src=x onerror=alert(1)>"


def shop_profile(names=("", NASTY, "نسخة")):
    rng = np.random.default_rng(2)
    n = 150
    keys = [f"customer-{i:05d}" for i in range(n)]
    codes = np.arange(n) % 3
    spent = np.round(rng.gamma(2, 40, n) * (codes + 1) ** 2, 2)
    lines = [
        {
            "line_id": f"o:{i}",
            "customer_id": keys[i % n],
            "order_id": f"order-{i}",
            "ts": 0,
            "day": AS_OF - 1 - int(rng.integers(0, 200)),
            "hour": 1,
            "product_id": f"P{i % 2}",
            "product_name": f"{NASTY} {i % 2}",
            "country": f"C{i % 2}",
            "quantity_milli": 1_000,
            "amount_micros": round(float(spent[i % n]) * 500_000),
            "discount_micros": 0,
            "kind": "sale",
        }
        for i in range(2 * n)
    ]
    ids = {
        f"seg-00{i + 1}": SegmentIdentity(f"seg-00{i + 1}", 1 + 5 * i, name)
        for i, name in enumerate(names)
    }
    with DuckDB() as db:
        db.load("lines", pa.Table.from_pylist(lines, schema=CANONICAL["lines"]))
        db.load("people", pa.table({"customer_id": keys, "town": [f"{NASTY}{c}" for c in codes]}))
        db.load(
            "features", pa.table({"customer_id": keys, "monetary": spent, "b": rng.normal(size=n)})
        )
        db.load(
            "assignments",
            pa.table({"customer_id": keys, "segment_id": [f"seg-00{c + 1}" for c in codes]}),
        )
        infos = [FeatureInfo("monetary", "Spend", "money"), FeatureInfo("b", NASTY)]
        return name_segments(
            profile_segments(
                db,
                ProfileParams(AS_OF, currency="GBP"),
                catalogue=infos,
                attributes=[Attribute("town", "category")],
                ids=ids,
            )
        )


@pytest.fixture(scope="module")
def profile():
    return shop_profile()


@pytest.fixture(scope="module")
def data(profile):
    candidates = (
        Candidate("k-means", "log RFM", 3, 0.9, 0.85, 0.95, silhouette=0.3, chosen=True),
        Candidate("k-means", "log RFM", 2, 0.7, reason_lost=f"holds less {NASTY}"),
        Candidate("RFM grid", "scores", 9, None, reference=True),
    )
    choice = Choice(
        ("Three hold 90 of 100.",),
        candidates,
        (SweepPoint(1, 9.0), SweepPoint(2, 5.0, 0.5, 0.7), SweepPoint(3, 3.0, 0.3, 0.9)),
        3,
        "reproducible",
        "out of time",
    )
    findings = [
        {
            "code": "guests",
            "message": "4 rows have no customer",
            "rows": 4,
            "share": 0.01,
            "examples": [{"row": 7, "value": NASTY}],
            "action": "kept",
        },
        {
            "code": "duplicate_key",
            "message": "twice: customer-00003",
            "rows": 1,
            "examples": [{"row": 9, "value": "customer-00003"}],
        },
    ]
    quality = {"orders": {"rows_in": 302, "accepted": 300, "quarantined": 2, "findings": findings}}
    run = {"Run": "r0123456789ab", "Seed": "0"}
    return ReportData(f"Shop {NASTY}", profile, segment_objects(profile), choice, quality, run)


@pytest.fixture(scope="module")
def page(data):
    return render(data)


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in ("meta", "br", "path", "line", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, words):
        self.words.append(words)


def test_the_page_runs_nothing_and_asks_for_nothing(page):
    reader = Reader()
    reader.feed(page)
    assert not {"script", "img", "link", "iframe", "object", "image"} & set(reader.tags)
    for _, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name not in ("href", "src", "xlink:href") or (value or "").startswith("#")
    assert "url(http" not in page
    assert "@import" not in page
    assert reader.open == []


def test_texts_of_users_are_escaped_and_still_shown(page):
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_no_customer_can_be_found(page):
    assert "customer-0" not in page


def test_the_page_can_be_read_aloud(page):
    reader = Reader()
    reader.feed(page)
    assert reader.tags.count("h1") == 1
    assert {"header", "main", "nav", "footer"} <= set(reader.tags)
    assert reader.tags.count("table") == reader.tags.count("caption") + 0
    drawn = [value for tag, name, value in reader.attributes if (tag, name) == ("svg", "role")]
    labels = [
        value for tag, name, value in reader.attributes if (tag, name) == ("svg", "aria-label")
    ]
    assert len(drawn) == len(labels)
    assert all(labels)
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for tag, name, value in reader.attributes if (tag, name) == ("a", "href")}
    assert targets <= set(ids)


def test_sections_come_in_their_order(page):
    order = re.findall(r'<section id="(\w+)"', page)
    assert order == [
        "segments",
        "cards",
        "sellers",
        "grid",
        "map",
        "choice",
        "quality",
        "explore",
        "method",
    ]


def test_the_first_sentence_is_true_of_the_table(profile, page):
    first = profile.segments[0]
    assert lead(profile, Hiding()).startswith(f"{first.name} are 33% of customers and ")
    assert first.value.share == max(s.value.share for s in profile.segments)
    assert "302 rows in = 300 accepted + 2 quarantined ✓ adds up" in page


def test_the_same_data_gives_the_same_page(data, page):
    assert render(data) == page


def test_unknown_is_worded(page):
    words = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert not re.search(r">\s*(None|nan|NaN|N/A|–|-)\s*<", words)


def test_a_single_segment_without_orders_or_choice_is_reported():
    with DuckDB() as db:
        keys = ["a", "b", "c"]
        db.load("features", pa.table({"customer_id": keys, "x": [1.0, 1.0, None]}))
        db.load("assignments", pa.table({"customer_id": keys, "segment_id": ["seg-001"] * 3}))
        profile = name_segments(
            profile_segments(
                db,
                ProfileParams(AS_OF),
                catalogue=[FeatureInfo("x", "X")],
                ids={"seg-001": SegmentIdentity("seg-001", 1)},
            )
        )
    page = render(ReportData("tiny", profile, segment_objects(profile)))
    assert "Fewer than 25 customers: too few to tell of them here." in page
    assert "There are no orders" in page
    assert profile.segments[0].name == "All customers"


def test_more_segments_than_slots_are_drawn(profile):
    many = tuple(
        replace(
            profile.segments[0],
            identity=SegmentIdentity(f"seg-{i:03d}", i + 1, f"{'Long name ' * 9}{i}"),
        )
        for i in range(14)
    )
    wide = replace(profile, segments=many, map=None, months=())
    page = render(ReportData("many", wide, segment_objects(wide)))
    assert page.count("<article") == 14


def test_the_chart_of_candidates_keeps_the_chosen_and_the_references():
    tried = [Candidate("k-means", "a", k, 0.9 - k / 100) for k in range(2, 40)]
    tried += [
        Candidate("grid", "a", 9, 0.1, reference=True),
        Candidate("x", "a", 3, 0.2, chosen=True),
    ]
    shown = shown_candidates(tried)
    assert len(shown) == 12
    assert {"grid", "x"} <= {c.algorithm for c in shown}
    assert [c.p for c in shown] == sorted((c.p for c in shown), reverse=True)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("out-of-time", "separates what customers did later"),
        ("leave-one-out", "tells a column from the others"),
        ("outcome", "separates the outcome"),
    ],
)
def test_what_candidates_are_judged_by_is_said_as_it_was(data, method, words):
    page = render(replace(data, choice=replace(data.choice, method=method)))
    assert f"How well each candidate {words}" in page
    assert ("Holds later" in page) == (method == "out-of-time")


def test_reasons_to_lose_can_be_read():
    later, columns = MEASURED["out-of-time"], MEASURED["leave-one-out"]
    small = Candidate("kmeans", "a", 9, 0.9, reason_lost="a segment of 21 customers")
    less = Candidate("kmeans", "a", 3, 0.5, reason_lost="holds less: 50 against 90")
    assert why_lost(small, later) == "has a segment of under 25 customers: too few"
    assert why_lost(less, later) == "holds less: 50 against 90"
    assert why_lost(less, columns) == "tells less: 50 against 90"
    assert why_lost(replace(less, reference=True), later) == "shown for comparison"


def test_candidates_of_several_feature_sets_are_told_apart(data, page):
    assert "k-means, 3 · log RFM" not in page
    other = Candidate("kmeans", "log RFM + value", 3, 0.8)
    both = (*data.choice.candidates, other)
    drawn = render(replace(data, choice=replace(data.choice, candidates=both)))
    assert "k-means, 3 · log RFM + value" in drawn


def test_products_of_one_name_are_told_apart_by_their_id(profile):
    first = profile.segments[0]
    sellers = tuple(
        replace(seller, name="Fuel", product_id=f"id-{i}") for i, seller in enumerate(first.sellers)
    )
    told = replace(profile, segments=(replace(first, sellers=sellers), *profile.segments[1:]))
    assert "Fuel (id-" in render(ReportData("x", told, segment_objects(told)))


def test_the_correlations_drawn_are_the_strongest_that_vary():
    rho = ((1.0, 0.1, 0.9, None), (0.1, 1.0, 0.2, None), (0.9, 0.2, 1.0, None), (None,) * 4)
    found = Correlations(("a", "b", "c", "d"), ("A", "B", "C", "D"), rho)
    assert most_related(found, 4).features == ("a", "b", "c")
    assert most_related(found, 2) == Correlations(("a", "c"), ("A", "C"), ((1.0, 0.9), (0.9, 1.0)))


def test_notes_of_reading_are_no_findings(data):
    note = {"code": "reading", "message": "separator comma", "rows": 0, "share": None}
    account = {"rows_in": 4, "accepted": 4, "quarantined": 0, "findings": [note]}
    page = render(replace(data, quality={"orders": account}))
    assert "Nothing to mend" in page
    assert "<li>separator comma</li>" in page


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_colours_stand_out_from_what_they_lie_on(theme):
    card, page = palette.TOKENS["card"][theme], palette.TOKENS["page"][theme]
    for slot in palette.SLOTS:
        hue = (slot.light, slot.dark)[theme]
        assert min(contrast(hue, card), contrast(hue, page)) > 3.05
    for text in ("ink", "ink-2", "ink-3"):
        assert contrast(palette.TOKENS[text][theme], page) >= 4.5
    for tint in ("less2", "less1", "more1", "more2"):
        assert contrast(palette.TOKENS["ink"][theme], palette.TOKENS[tint][theme]) >= 8.6


def test_neighbours_among_the_slots_differ_in_hue_and_in_shape():
    assert len({slot.light for slot in palette.SLOTS}) == len(palette.SLOTS) == 12
    for one, other in zip(palette.SLOTS, palette.SLOTS[1:], strict=False):
        assert one.shape != other.shape
