"""The command ``predict`` as it is called: one person, many, the form, and what is refused."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coterie import Project

Coterie = Callable[..., Any]
SETTINGS = """
[sources.customers]
file = "people.csv"
key = "id"
[segmentation]
k = 3
lens = "custom"
features = ["Age", "Income"]
include_protected = ["Age"]
"""
ROW = {"id", "segment_id", "segment_name", "probability", "margin", "reasons", "by", "problems"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of 120 people with age, income and a word, after its run."""
    folder = tmp_path_factory.mktemp("people")
    random = np.random.default_rng(0)
    with (folder / "people.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "Age", "Income", "Plan"])
        for number in range(120):
            old = number % 2
            age, income = (
                random.normal(30 + 30 * old, 4),
                random.normal(20 + 60 * (number % 3 == 0), 5),
            )
            out.writerow([1000 + number, round(age), round(1000 * income), ["gold", "silver"][old]])
    (folder / "coterie.toml").write_text(SETTINGS)
    Project(folder).run()
    return folder


@pytest.fixture
def people(finished: Path, tmp_path: Path) -> Path:
    """A copy of the project for the test alone."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


PERSON = ("predict", "--set", "Age=31", "--set", "Income=19,000", "--set", "Plan=gold")


def test_the_example_of_the_help_runs_as_it_is_printed(coterie: Coterie, people: Path) -> None:
    (example,) = re.findall(
        r"Example: (coterie .*?) *$", coterie(people, "predict", "--help").out, re.MULTILINE
    )
    said = coterie(people, *shlex.split(example)[1:])
    assert said.code == 0, said.err
    assert "Answered by the published model." in said.out


def test_the_answer_for_programs_has_the_fields_of_the_contract(
    coterie: Coterie, people: Path
) -> None:
    said = coterie(people, *PERSON, "--set", "ID=P7", "--json")
    answer = said.json
    assert (said.code, answer["command"], answer["ok"]) == (0, "predict", True)
    assert re.fullmatch("r[0-9a-f]{12}", answer["run_id"])
    assert answer["data"].keys() == {"rows", "by", "form", "about", "page"}
    (row,) = answer["data"]["rows"]
    assert row.keys() >= ROW
    assert (row["id"], row["by"], row["probability"]) == ("P7", "model", None)
    assert row["probability_reason"]


def test_without_people_the_form_is_shown(coterie: Coterie, people: Path) -> None:
    said = coterie(people, "predict")
    assert said.code == 0
    assert re.search(r"Age +needed +such as", said.out)
    assert re.search(r"Plan +plays no part +gold, silver", said.out)
    assert "report.html" in said.out


def test_one_person_refused_is_an_error_that_names_every_field(
    coterie: Coterie, people: Path
) -> None:
    said = coterie(people, "predict", '{"Age": 250, "Incme": 4, "Plan": "gold"}', "--json")
    assert said.code == 1
    error = said.json["error"]
    assert error["code"] == "data"
    assert error["where"] == "Incme, Age, Income"
    for words in ("Did you mean Income?", "250 is above 120", "Income is needed"):
        assert words in error["message"]


def test_many_people_are_answered_one_by_one_and_written(coterie: Coterie, people: Path) -> None:
    (people / "new.csv").write_text(
        "id,Age,Income,Plan\n1,30,20000,gold\n2,-4,1,gold\n3,60,8e4,tin\n"
    )
    shown = coterie(people, "predict", "new.csv")
    assert shown.code == 0
    assert "2: no answer. Age: -4 is below 0" in shown.out
    assert "'tin' was never seen" in shown.out
    said = coterie(people, "predict", "new.csv", "--to", "out.csv", "--json")
    assert (said.json["data"]["total"], said.json["data"]["unanswered"]) == (3, 1)
    with (people / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["segment_id"] != rows[2]["segment_id"]
    assert rows[1]["segment_id"] == ""
    assert "below 0" in rows[1]["problems"]


def test_rows_have_the_same_columns_whoever_comes_first(coterie: Coterie, people: Path) -> None:
    good, bad = '{"Age": 30, "Income": 20000}', '{"Age": -4, "Income": 1}'
    (one, other) = coterie(people, "predict", f"[{bad}, {good}]", "--json").json["data"]["rows"]
    assert list(one) == list(other)
    heads = []
    for given in (f"[{bad}, {good}]", f"[{good}, {bad}]"):
        said = coterie(people, "predict", given, "--to", "out.csv")
        assert "1 have no answer" in said.out
        heads.append((people / "out.csv").read_text().splitlines()[0])
    assert heads[0] == heads[1]


def test_what_cannot_be_asked_is_refused_before_anything_is_learnt(
    coterie: Coterie, people: Path
) -> None:
    before = list((people / ".coterie").glob("predictions/*"))
    for words in (["--tiers", "Income"], ["nobody.csv"]):
        assert coterie(people, "predict", "--label", "Plan", *words).code == 1
    assert list((people / ".coterie").glob("predictions/*")) == before


def test_a_label_that_was_left_out_is_told_by_its_kind(coterie: Coterie, people: Path) -> None:
    (people / "coterie.toml").write_text(f'{SETTINGS}[columns.Plan]\nkind = "ignore"\n')
    Project(people).run()
    error = coterie(people, "predict", "--label", "Plan").error
    assert "'Plan' is of kind 'ignore' and cannot be predicted" in error
    assert "[columns.Plan]" in error


def test_a_label_given_away_by_a_column_is_an_alarm_in_the_answer(
    coterie: Coterie, people: Path
) -> None:
    said = coterie(people, *PERSON[:-2], "--label", "Plan", "--json").json
    (row,) = said["data"]["rows"]
    assert (row["label"], row["by"], row["segment_id"]) == ("gold", "prospects", None)
    assert {leak["code"] for leak in said["data"]["about"]["leaks"]} == {"one_column"}
    assert said["warnings"][0]["code"] == "alarm"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "Age"], "NAME=VALUE"),
        (["--set", "=5"], "--set '=5'"),
        (["--set", "Age=5", "--set", "Age=6"], "--set Age came twice"),
        (["--to", "form.csv"], "nobody to write"),
        (['{"Age": '], "not JSON"),
        (["[1]"], "no object"),
        (["new.csv", "--set", "Age=3"], "two ways"),
        (["nobody.csv"], "nobody.csv"),
        (["--label", "Plna"], "Did you mean 'Plan'"),
        (["--set", "Age=31", "--tiers", "Age"], "Income is needed"),
    ],
)
def test_wrong_use_is_told(coterie: Coterie, people: Path, words: list[str], message: str) -> None:
    said = coterie(people, "predict", *words)
    assert said.code == (2 if message in {"nobody to write", "two ways"} else 1)
    assert message in said.err


def test_columns_that_nothing_knows_are_told_by_name(coterie: Coterie, people: Path) -> None:
    (people / "new.csv").write_text("id,Age,Income,plna,x,Plan\n1,30,20000,gold,2,gold\n")
    for command in ("predict", "assign"):
        for more in ([], ["--to", "out.csv"]):
            said = coterie(people, command, "new.csv", *more, "--json").json
            assert {one["code"] for one in said["warnings"]} == {"unknown_column"}
            assert [one["message"] for one in said["warnings"]] == [
                "Column 'plna' is not known and plays no part. Did you mean 'Plan'?",
                "Column 'x' is not known and plays no part.",
            ]
        assert "Did you mean 'Plan'" in coterie(people, command, "new.csv").out
    (people / "one.csv").write_text("id,Age,Incom\n1,30,20000\n")
    assert "Did you mean 'Income'?" in coterie(people, "predict", "one.csv").error
    known = coterie(people, "predict", "people.csv", "--label", "Plan", "--json").json
    assert "unknown_column" not in {one["code"] for one in known["warnings"]}


def test_a_file_of_another_kind_is_refused_before_anything_is_learnt(
    coterie: Coterie, people: Path
) -> None:
    before = list((people / ".coterie").glob("predictions/*"))
    assert "Use .csv" in coterie(people, *PERSON, "--label", "Plan", "--to", "out.xls").error
    assert list((people / ".coterie").glob("predictions/*")) == before


def test_without_a_customer_table_it_is_said_what_is_missing(coterie: Coterie, shop: Path) -> None:
    Project(shop).run()
    said = coterie(shop, "predict", "--set", "Age=4")
    assert said.code == 1
    assert "no customer table here has any" in said.err
    assert "[sources.customers]" in said.err


def test_what_the_form_asks_changes_no_run(people: Path) -> None:
    before = Project(people).latest.id
    with (people / "coterie.toml").open("a") as file:
        file.write('[predict]\nfields = ["Income"]\nask = { goal = [] }\n')
    assert Project(people).run().id == before
    found = Project(people).predict([{"Age": 30, "Income": 20_000, "goal": "a boat"}])
    assert found.rows[0]["extra"] == {"goal": "a boat"}
