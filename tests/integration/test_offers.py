"""Offers from the catalogue to the plan, the answers fed back, and what is told of them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from coterie import Project
from coterie.errors import DataError, NotReadyError, ParameterError

OFFERS = """
[[offers]]
id = "voucher"
name = "Voucher"
eligible = "visits > 10"
cost = 0.1
value = 5
response = 0.1
contact_days = 28
reason = "Comes often"
[[offers]]
id = "letter"
eligible = "plan = 't1'"
capacity = 4
control_share = 0
"""
HEAD = ["touch_id", "customer_id", "timestamp", "offer_id"]
HEAD += ["treated", "responded", "value", "propensity"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, made: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("club")
    (folder / "customers.csv").write_text(made["customers"])
    (folder / "coterie.toml").write_text(made["customers.toml"] + OFFERS)
    Project(folder).run()
    return folder


@pytest.fixture
def club(ran: Path, tmp_path: Path) -> Path:
    """A project of its own that has run already."""
    return Path(shutil.copytree(ran, tmp_path / "club"))


def touches(
    folder: Path, rows: Sequence[Sequence[object]], name: str = "t.csv", head: Sequence[str] = HEAD
) -> Path:
    with (folder / name).open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return folder / name


def campaign(n: int = 400, lift: float = 0.5, seed: int = 0) -> list[list[object]]:
    """Draw contacts of the voucher: a control of a third, answers of 10 % and more if contacted."""
    random = np.random.default_rng(seed)
    rows: list[list[object]] = []
    for number in range(n):
        treated = bool(random.random() < 2 / 3)
        answer = bool(random.random() < 0.1 + lift * treated)
        day = f"2025-01-{1 + number % 28:02d}"
        who = 1000 + int(random.integers(60))
        rows.append([f"a{number}", who, day, "voucher", treated, answer, 3 * answer, 0.6667])
    return rows


def test_a_plan_names_everybody_once_with_arm_chances_and_a_reason(club: Path) -> None:
    found = Project(club).plan_offers()
    rows = found.table.to_pylist()
    ids = [row["customer_id"] for row in rows]
    assert ids == sorted(set(ids))
    for row in rows:
        assert row["arm"] in {"treated", "control"}
        assert 0 < row["propensity"] <= 1
        assert 0 < row["chance"] <= 1
        assert "Untested: it was never tried." in row["reason"]
    vouchers = [row for row in rows if row["offer_id"] == "voucher"]
    assert {row["expected"] for row in vouchers} == {0.4}
    assert vouchers[0]["reason"].startswith("Comes often. ")
    letters = [row for row in rows if row["offer_id"] == "letter"]
    assert {row["arm"] for row in letters} == {"treated"}
    assert {row["expected"] for row in letters} == {None}
    assert 0 < len(letters) <= 4


def test_the_same_plan_has_the_same_bytes_and_another_seed_others(club: Path, ran: Path) -> None:
    settings = Project(ran).settings.model_copy(update={"threads": 1})
    one, two = Project(club).plan_offers(), Project(ran, settings).plan_offers()
    for name in ("plan.parquet", "summary.json", "report.html", "manifest.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    other = Project(club).plan_offers(seed=1)
    assert other.folder != one.folder
    assert not other.table.equals(one.table)
    learning = Project(club).plan_offers(explore=True)
    assert learning.folder.name not in {one.folder.name, other.folder.name}


def test_offers_change_no_run(club: Path) -> None:
    before = Project(club).latest.id
    toml = club / "coterie.toml"
    toml.write_text(toml.read_text().replace("value = 5", "value = 6"))
    assert Project(club).run().id == before
    assert [row["run_id"] for row in Project(club).runs()] == [before]


def test_answers_make_a_guess_an_effect(club: Path) -> None:
    project = Project(club)
    told = project.feedback(touches(club, campaign()))
    assert (told.rows, told.accepted, told.new, told.answered) == (400, 400, 400, 0)
    (voucher, letter) = project.offers_report().summary["offers"]
    assert voucher["answers"]["status"] == "evidence"
    assert voucher["answers"]["low"] < 0.5 < voucher["answers"]["high"]
    # Margin 5 an answer, cost .1 a contact.
    assert voucher["margin"]["uplift"] == pytest.approx(5 * voucher["answers"]["uplift"] - 0.1)
    assert letter["answers"]["status"] == "untested"
    assert voucher["qini"]["low"] <= voucher["qini"]["high"]
    plan = project.plan_offers()
    assert plan.summary["day"] == "2025-01-29"
    assert plan.summary["before_it_starts"]["verdict"] == "too little data"
    reasons = {r for r in plan.table["reason"].to_pylist() if r.startswith("Comes often")}
    assert not reasons or all("more answer (" in reason for reason in reasons)


def test_no_effect_is_no_evidence_and_the_guess_is_cut_to_what_is_possible(club: Path) -> None:
    project = Project(club)
    project.feedback(touches(club, campaign(n=4000, lift=0.0, seed=3)))
    (voucher, _) = project.offers_report().summary["offers"]
    assert voucher["answers"]["status"] == "no evidence"
    plan = project.plan_offers(as_of=date(2025, 6, 1))
    for segment in plan.summary["segments"]:
        for one in segment["offers"]:
            if one["offer_id"] == "voucher":
                assert one["basis"] == "guess"
                assert one["expected"] < 0.4
                assert "No effect is shown" in one["reason"]


def test_who_was_contacted_lately_waits_and_the_control_does_not(club: Path) -> None:
    project = Project(club)
    first = project.plan_offers(as_of=date(2025, 3, 1))
    sent = [
        [
            row["customer_id"],
            "2025-03-01",
            row["offer_id"],
            row["arm"] == "treated",
            "",
            row["propensity"],
        ]
        for row in first.table.to_pylist()
    ]
    head = ["customer_id", "timestamp", "offer_id", "treated", "responded", "propensity"]
    project.feedback(touches(club, sent, head=head))
    contacted = {row[0] for row in sent if row[3]}
    second = project.plan_offers(as_of=date(2025, 3, 8))
    assert not contacted & set(second.table["customer_id"].to_pylist())
    again = {row[0] for row in sent if not row[3]}
    vouchers = {r["customer_id"] for r in second.table.to_pylist() if r["offer_id"] == "voucher"}
    assert again & vouchers
    later = project.plan_offers(as_of=date(2025, 3, 30))
    assert contacted & set(later.table["customer_id"].to_pylist())
    assert sum(r["waits"] for r in later.summary["offers"]) == 0


def test_a_touch_counts_once_and_takes_the_answer_that_comes_later(club: Path) -> None:
    project = Project(club)
    rows = campaign(100)
    blank = [[*row[:5], "", "", row[7]] for row in rows]
    assert project.feedback(touches(club, blank)).new == 100
    again = project.feedback(touches(club, blank))
    assert (again.fresh, again.new) == (False, 0)
    later = project.feedback(touches(club, rows + campaign(120, seed=1)[100:], "later.csv"))
    assert (later.new, later.answered) == (20, 100)
    # What was known is not lost when a file without answers comes after it.
    touches(club, blank[:50], "late.csv")
    assert project.feedback(club / "late.csv").new == 0
    summary = project.offers_report().summary
    assert summary["touches"] == 120
    assert summary["offers"][0]["answers"]["treated"] > 30


def test_rows_without_ids_are_known_by_what_they_say(club: Path) -> None:
    project = Project(club)
    rows = [row[1:] for row in campaign(60)]
    first = project.feedback(touches(club, [*rows, rows[0]], head=HEAD[1:]))
    assert (first.rows, first.accepted) == (61, 61)
    assert first.repeated >= 1
    other = project.feedback(touches(club, rows[:30], "b.csv", HEAD[1:]))
    assert other.new == 0


def test_bad_rows_go_to_quarantine_and_are_counted(club: Path) -> None:
    rows = campaign(10)
    rows[2][2] = "never"
    rows[3][7] = 1.5
    rows[4][1] = ""
    rows[5][4] = "perhaps"
    rows[6][3] = "vouchr"
    found = Project(club).feedback(touches(club, rows))
    assert (found.rows, found.accepted, found.quarantined) == (10, 6, 4)
    assert found.by_reason == {"bad_time": 1, "bad_number": 2, "missing_key": 1}
    assert found.unknown_offers == {"vouchr": 1}
    (note,) = Project(club).offers_report().summary["notes"]
    assert note.startswith("Touches of offers that the catalogue does not have: 1 ('vouchr')")
    refused = pq.read_table(found.folder / "quarantine.parquet")
    assert refused["row"].to_pylist() == [3, 4, 5, 6]


def test_who_was_contacted_without_a_chance_of_it_goes_to_quarantine(club: Path) -> None:
    rows = campaign(20)
    for at, (treated, propensity) in enumerate([(1, 0), (1, -0.1), (1, 1.01), (0, 0), (1, 1)]):
        rows[at][4], rows[at][7] = treated, propensity
    found = Project(club).feedback(touches(club, rows))
    assert found.by_reason == {"bad_number": 3}
    refused = pq.read_table(found.folder / "quarantine.parquet")
    assert refused["row"].to_pylist() == [1, 2, 3]
    assert refused["message"][0].as_py() == "A propensity of 0, and yet contacted."


def test_a_touch_dated_far_ahead_moves_no_plan_and_is_told(club: Path) -> None:
    plain = Project(club).plan_offers().summary
    rows = campaign(60)
    rows[7][2] = "2999-01-01"
    fed = Project(club).feedback(touches(club, rows))
    assert fed.by_reason == {"future_date": 1}
    # The same row in the project's own table of touches, which a run as of a day took.
    rows[8][0] = "own"
    touches(club, [[*rows[8][:2], "2999-01-01", *rows[8][3:]], *rows[:7]])
    source = "[sources.touches]\nfile = 't.csv'\n"
    toml = (club / "coterie.toml").read_text()
    (club / "coterie.toml").write_text(toml.replace("[segmentation]", f"{source}[segmentation]"))
    Project(club).run(as_of=date(2025, 1, 5))
    plan = Project(club).plan_offers().summary
    assert (plain["day"], plan["day"]) == (None, "2025-01-29")
    assert plan["notes"] == [
        "Touches that do not count, since they are dated 2025-01-29 or later: 1."
    ]
    later = Project(club).plan_offers(as_of=date(2025, 1, 10)).summary
    assert later["day"] == "2025-01-10"
    assert "dated 2025-01-10 or later" in later["notes"][0]


def test_a_file_of_which_nothing_can_be_used_is_not_kept(club: Path) -> None:
    project = Project(club)
    with pytest.raises(DataError, match=r"None of the 2 rows of t\.csv can be used"):
        project.feedback(touches(club, [["a", "", "2025-01-01", "voucher"]] * 2, head=HEAD[:4]))
    with pytest.raises(DataError):
        project.feedback(club / "no.csv")
    assert not list((club / ".coterie").glob("feedback/*"))


def test_a_file_without_a_moment_is_told_where_to_name_it(club: Path) -> None:
    with pytest.raises(DataError, match=r"timestamp.*Name the column under \[sources\.touches\]"):
        Project(club).feedback(touches(club, [["t", "a", "voucher"]], head=[*HEAD[:2], HEAD[3]]))


def test_a_changed_file_of_feedback_is_told(club: Path) -> None:
    project = Project(club)
    folder = project.feedback(touches(club, campaign(20))).folder
    (folder / "touches" / "part-0000.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"part-0000\.parquet is missing or was changed"):
        project.plan_offers()


def test_offers_run_only_between_their_days(club: Path) -> None:
    toml = club / "coterie.toml"
    toml.write_text(toml.read_text().replace("cost = 0.1", "start = 2025-05-01\nend = 2025-05-02"))
    project = Project(club)
    planned = {}
    for day in (30, 1, 2, 3):
        when = date(2025, 4 if day == 30 else 5, day)
        summary = project.plan_offers(as_of=when).summary
        planned[day] = (summary["offers"][0]["planned"] > 0, summary["offers"][0]["runs"])
    assert planned == {30: (False,) * 2, 1: (True,) * 2, 2: (True,) * 2, 3: (False,) * 2}


def test_a_budget_is_kept(club: Path) -> None:
    summary = Project(club).plan_offers(budget=0.55).summary
    assert summary["cost"] <= 0.55
    assert summary["offers"][0]["contacts"] == 5
    with pytest.raises(ParameterError, match="budget=-1"):
        Project(club).plan_offers(budget=-1)


def test_without_a_catalogue_or_a_run_it_is_said_what_is_missing(
    club: Path, tmp_path: Path, made: dict[str, Any]
) -> None:
    (club / "coterie.toml").write_text(made["customers.toml"])
    with pytest.raises(NotReadyError, match=r"no offer in coterie\.toml"):
        Project(club).plan_offers()
    (tmp_path / "coterie.toml").write_text(made["customers.toml"] + OFFERS)
    with pytest.raises(NotReadyError, match="no run"):
        Project(tmp_path).plan_offers()


def test_the_command_line_speaks_plainly_and_in_json(club: Path, coterie: Callable) -> None:
    touches(club, campaign())
    fed = coterie(club, "feedback", "t.csv", "--json").json
    assert fed["data"]["accepted"] == 400
    said = coterie(club, "offers", "plan", "--to", "plan.csv")
    assert "customers are contacted" in said.out
    assert "Day of the plan: 20" in said.out
    assert "report.html" in said.out
    plan = coterie(club, "offers", "plan", "--json").json
    assert plan["command"] == "offers plan"
    assert (plan["as_of"], plan["data"]["day"]) == (None, "2025-01-29")
    assert "as_of" not in plan["data"]
    assert plan["data"].keys() >= {"offers", "segments", "before_it_starts", "report"}
    with (club / "plan.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == plan["data"]["planned"]
    # The list itself, with a time and an answer, is feedback.
    sent = [[*row.values(), "2025-02-01", "no"] for row in rows]
    touches(club, sent, "sent.csv", [*rows[0], "timestamp", "responded"])
    back = coterie(club, "feedback", "sent.csv", "--json").json["data"]
    assert (back["new"], back["quarantined"]) == (len(rows), 0)
    again = coterie(club, "feedback", "sent.csv", "--json").json
    assert again["warnings"][0]["message"].startswith("This very file was fed before")
    touches(
        club, [["1001", "2025-01-01", "vuocher"], ["", "2025-01-01", "x"]], "odd.csv", HEAD[1:4]
    )
    odd = coterie(club, "feedback", "odd.csv", "--json").json["warnings"]
    assert [one["code"] for one in odd] == ["feedback", "feedback"]
    assert "no offer 'vuocher'" in odd[0]["message"]
    assert "1 (1 missing_key)" in odd[1]["message"]
    report = coterie(club, "offers", "report")
    assert "Voucher: Of 100 contacted," in report.out
    items = coterie(club, "offers", "report", "--json").json["data"]
    assert items["total"] == len(items["items"]) == 2
    text = coterie(club, "offers", "example", "retail").out
    assert text.count("[[offers]]") == 5
    assert coterie(club, "offers", "example", "bnk").error.endswith("Did you mean 'bank'?")
    assert "Did you mean 'visits'?" in _typo(club, coterie)


def test_a_file_that_no_list_goes_into_is_refused_before_any_plan(
    club: Path, coterie: Callable
) -> None:
    before = list((club / ".coterie").glob("predictions/*"))
    for to, says in (("plan.xls", "Use .csv or .parquet"), ("no/plan.csv", "no folder 'no'")):
        assert says in coterie(club, "offers", "plan", "--to", to).error
    (club / "out.csv").mkdir()
    assert "no file that can be written" in coterie(club, "offers", "plan", "--to", "out.csv").error
    assert list((club / ".coterie").glob("predictions/*")) == before


def test_a_segment_without_an_offer_is_said_and_has_no_table(club: Path) -> None:
    toml = (club / "coterie.toml").read_text()
    (club / "coterie.toml").write_text(
        toml.replace("visits > 10", "visits > 9999").replace("plan = 't1'", "visits > 9999")
    )
    page = Project(club).plan_offers().report.read_text()
    assert "customers is chosen." in page
    assert "<tbody>\n</tbody>" not in page


def _typo(club: Path, coterie: Callable) -> str:
    toml = club / "coterie.toml"
    toml.write_text(toml.read_text().replace("visits > 10", "visit > 10"))
    failed = json.loads(coterie(club, "offers", "plan", "--json").out)
    return str(failed["error"]["hint"])
