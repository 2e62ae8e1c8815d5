"""People by HTTP: the answers of the core, one, many, or a file; what is wrong is told."""

from __future__ import annotations

import csv
import io

import pytest

from coterie import Project
from tests.service.conftest import ROOT

PEOPLE = [
    {"spend": 3, "visits": 1, "plan": "basic"},
    {"id": "ann", "spend": "60", "visits": 9, "plan": "gold"},
    {"spend": 10, "visits": 900, "plan": "silver"},
    {"spend": 10},
]


def test_the_answer_is_that_of_the_core(ready, tmp_path):
    answer = ready.post(f"{ROOT}/cards/predict", json={"rows": PEOPLE})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["rows"] == Project(tmp_path / "home" / "cards").predict(PEOPLE).rows
    assert told["by"] == "model"
    assert [row["id"] for row in told["rows"]] == ["1", "ann", "3", "4"]
    assert [row["segment_id"] is None for row in told["rows"]] == [False, False, True, True]
    assert told["rows"][2]["problems"][0]["code"] == "impossible"
    assert ready.post("/predict", json={"rows": PEOPLE}).json() == told


def test_a_file_gets_the_same_answers_as_its_rows(ready):
    lines = ["id;plan;visits;spend;note"]
    lines += [f"c{n};{'gold' if n % 3 else 'basic'};{n % 90};{n % 50}.5;x" for n in range(500)]
    lines += ["=1+1;gold;901;4;x", "c501;gold;;4;x"]
    text = "\n".join(lines)
    answer = ready.post(f"{ROOT}/cards/predict", content=text, headers={"content-type": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.text)))
    given = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    people = [{name: one[name] for name in one if name != "note"} for one in given]
    single = ready.post(f"{ROOT}/cards/predict", json={"rows": people}).json()["rows"]
    assert [one["segment_id"] or None for one in found] == [one["segment_id"] for one in single]
    assert [one["margin"] and float(one["margin"]) for one in found[:500]] == [
        one["margin"] for one in single[:500]
    ]
    assert found[500]["id"] == "'=1+1"
    assert "901" in found[500]["problems"]
    assert "visits is needed" in found[501]["problems"]


def test_a_label_is_told_by_a_classifier_once_it_has_been_learnt(ready, tmp_path):
    asked = f"{ROOT}/cards/predict?label=plan"
    early = ready.post(asked, json={"rows": [{"spend": 60, "visits": 9}]})
    assert early.status_code == 409
    assert "prospects" in early.json()["hint"]
    Project(tmp_path / "home" / "cards").predict([], label="plan")
    row = ready.post(asked, json={"rows": [{"spend": 60, "visits": 9}]}).json()["rows"][0]
    assert row["label"] in {"gold", "basic"}
    assert 0.5 <= row["probability"] <= 1
    answer = ready.post(asked, content="spend,visits\n60,9\n", headers={"content-type": "text/csv"})
    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert line["label"] == row["label"]
    assert float(line["probability"]) == row["probability"]


def test_the_form_tells_its_fields(ready):
    form = ready.get(f"{ROOT}/cards/predict/form").json()
    assert [field["name"] for field in form["fields"]] == ["spend", "visits", "plan"]
    assert form["by"] == "model"


@pytest.mark.parametrize(
    ("content", "kind", "status", "says"),
    [
        ("{", "application/json", 422, "no JSON object"),
        ("[]", "application/json", 422, "no JSON object"),
        ('{"rows": []}', "application/json", 422, "no rows"),
        ('{"rows": [1]}', "application/json", 422, "no rows"),
        ('{"rows": [{}], "model": 1}', "application/json", 422, "no rows"),
        ("[" * 100_000, "application/json", 422, "no JSON object"),
        ('{"rows": [' + ",".join(["{}"] * 10_001) + "]}", "application/json", 413, "10,001 rows"),
        ("", "text/csv", 422, "is empty"),
        ("spend,spend\n1,2\n", "text/csv", 422, "twice"),
        ("spend,visits\n1,2,3\n", "text/csv", 422, "cannot be read as CSV"),
        (b"spend\n\xff\n", "text/csv", 422, "UTF-8"),
        ("<a/>", "application/xml", 422, "not understood"),
    ],
)
def test_what_is_no_request_is_told(ready, content, kind, status, says):
    answer = ready.post(f"{ROOT}/cards/predict", content=content, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_renaming_a_segment_shows_at_once(ready, tmp_path):
    ask = {"rows": [PEOPLE[0]]}
    first = ready.post("/predict", json=ask).json()["rows"][0]
    Project(tmp_path / "home" / "cards").rename(first["segment_id"], "Kleine Karten")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coterie.service.predictors.FRESH", -1.0)
        again = ready.post("/predict", json=ask).json()["rows"][0]
    assert again["segment_name"] == "Kleine Karten"


def test_which_project_must_be_clear(ready):
    ready.post(ROOT, json={"name": "other"})
    answer = ready.post("/predict", json={"rows": [PEOPLE[0]]})
    assert answer.status_code == 422
    assert answer.json()["allowed"] == "Known: cards, other."
    told = ready.post("/predict?project=cards", json={"rows": [PEOPLE[0]]})
    assert told.status_code == 200
