"""What the help shows is run as it is shown; answers for programs have the fields of the contract.

The project is the orders of the first customers of Online Retail.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import shlex
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from benchmarks.commands import STAGES
from coterie import Project, cli
from coterie.offers.examples import catalogue_text
from coterie.profiling.publication import published_segments

_TOP = get_command(cli.app).commands  # type: ignore[attr-defined]  a group, here
COMMANDS = [
    f"{name} {part}".strip()
    for name, one in _TOP.items()
    for part in getattr(one, "commands", [""])
]
EXAMPLE = re.compile(r"^ *Example: (coterie .*?) *$", re.MULTILINE)
ELSEWHERE = {"demo", "predict", "serve", "worker", "restore"}
ELSEWHERE |= {"connection add", "connection list", "connection remove"}
ELSEWHERE |= {"admin create", "admin list", "admin disable", "admin password", "admin key"}
ELSEWHERE |= {
    f"stream {one}" for one in ("consume", "dead", "deliver", "replay", "status", "sweep")
}
ELSEWHERE |= {"audit verify", "access", "erase", "identify", "keys rotate"}
"""Commands whose examples need another project, or do not end: below, in ``test_predict``, in
``tests/service``, ``tests/store``, ``tests/streaming`` and ``tests/privacy``."""
SEGMENT = {
    "id", "slot", "name", "name_source", "description", "n", "share", "value_share",
    "value_share_ci", "stability", "verdict", "born_run", "parents", "status", "drivers", "rule",
    "next", "top_products", "suppressed",
}  # fmt: skip
DRIVER = {"feature", "label", "median", "rest", "effect", "p"}
RUN = {"segments", "verdict", "quality", "report"}


@pytest.fixture(scope="module")
def shop(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name, and nothing else."""
    folder = tmp_path_factory.mktemp("shop")
    with gzip.open(data / "online_retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    customer, country = head.index("CustomerID"), head.index("Country")
    kept = [row for row in rows if row[customer] and float(row[customer]) < 12_560]
    for name, part in [("orders.csv", kept), ("new_customers.csv", kept[-200:])]:
        with (folder / name).open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([head, *part])
    people = {row[customer]: row[country] for row in kept}
    with (folder / "customers.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["CustomerID", "Country"], *people.items()])
    answers = (
        "customer_id,timestamp,offer_id,treated,responded\n12347,2011-12-09,survey,true,true\n"
    )
    (folder / "answers.csv").write_text(answers)
    return folder


@pytest.fixture(scope="module")
def finished(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder after ``init`` and two times ``run``, a month apart."""
    folder = tmp_path_factory.mktemp("finished") / "project"
    shutil.copytree(shop, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sys.argv", ["coterie", "init", str(folder / "orders.csv"), "-p", str(folder)]
        )
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
    with (folder / "coterie.toml").open("a", encoding="utf-8") as toml:
        toml.write(catalogue_text("retail"))
    Project(folder).run(as_of=date(2011, 11, 11))
    Project(folder).run()
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project for the test alone."""
    return Path(shutil.copytree(finished, tmp_path / "project"))


def help_of(coterie: Callable[..., Any], folder: Path, *words: str) -> str:
    said = coterie(folder, *words, "--help")
    assert said.code == 0
    return str(said.out)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_an_example_of_its_own(
    command: str, coterie: Callable[..., Any], tmp_path: Path
) -> None:
    words = command.split()
    (example,) = EXAMPLE.findall(help_of(coterie, tmp_path, *words))
    assert shlex.split(example)[: 1 + len(words)] == ["coterie", *words]


@pytest.mark.parametrize("command", ["", *(name for name in COMMANDS if name not in ELSEWHERE)])
def test_the_example_of_the_help_runs_as_it_is_printed(
    command: str, coterie: Callable[..., Any], project: Path
) -> None:
    (example,) = EXAMPLE.findall(help_of(coterie, project, *command.split()))
    if "init" in example:
        (project / "coterie.toml").unlink()
    said = coterie(project, *shlex.split(example)[1:])
    assert said.code == 0, said.err
    assert said.out.strip()


def test_the_example_of_the_demo_runs_and_answers_programs_too(
    coterie: Callable[..., Any], tmp_path: Path
) -> None:
    (example,) = EXAMPLE.findall(help_of(coterie, tmp_path, "demo"))
    words = shlex.split(example)[1:]
    said = coterie(tmp_path, *words)
    assert said.code == 0
    assert (tmp_path / "my-shop" / "coterie.toml").is_file()
    again = coterie(tmp_path, *words, "--json")
    assert (again.code, again.json["command"]) == (0, "demo")
    assert again.json["data"].keys() >= RUN
    assert again.json["data"]["fresh"] is False


ANSWERS = {
    "init": (["orders.csv", "--force"], {"file", "proposals"}),
    "run": ([], RUN),
    "train": ([], RUN),
    "report": ([], {"report"}),
    "segments": ([], {"items", "total"}),
    "customer": (["12347"], {"customer_id", "segment_id", "margin", "features", "value", "status"}),
    "assign": (["new_customers.csv"], {"rows"}),
    "flows": ([], {"causes", "items", "total", "customers", "all", "by_behaviour", "by_model"}),
    "compare": ([], {"sides", "overlap", "ari", "same", "changed"}),
    "rename": (["seg-001", "My own"], SEGMENT),
    "publish": (["previous"], {"model_id"}),
    "explain": (["seg-001"], {"fidelity", "segments"}),
    "why": (["12347"], {"segment", "second", "margin", "reasons"}),
    "what-if": (["12347"], {"segment", "action", "reaches", "text"}),
    "fairness": ([], {"floor", "alarm", "attributes", "note"}),
    "export": (["--sql", "duckdb"], {"sql", "dialect", "rules", "file"}),
    "offers plan": ([], {"offers", "segments", "contacts", "control", "cost", "report"}),
    "offers report": ([], {"items", "total", "report"}),
    "offers example": ([], {"name", "toml"}),
    "feedback": (["answers.csv"], {"rows", "accepted", "quarantined", "by_reason", "new"}),
    "recommend": (["12347"], {"customer_id", "known", "note", "items"}),
    "products": ([], {"segment", "products", "rising", "falling", "sellers", "pairs", "report"}),
    "value": ([], {"total", "segments", "last_window", "report"}),
    "backup": (["shop.tar"], {"file", "bytes", "files", "projects"}),
    "migrate": ([], {"items", "total"}),
    "doctor": ([], {"items", "total", "wrong"}),
    "features": ([], {"items", "total"}),
    "algorithms": ([], {"items", "total"}),
}


def test_every_command_is_asked_for_json() -> None:
    assert set(ANSWERS) | ELSEWHERE == set(COMMANDS)


@pytest.mark.parametrize("command", ANSWERS)
def test_with_json_there_is_one_object_with_the_fields_of_the_contract(
    command: str, coterie: Callable[..., Any], project: Path
) -> None:
    words, fields = ANSWERS[command]
    said = coterie(project, *command.split(), *words, "--json")
    assert said.code == 0
    answer = said.json
    assert set(answer) == {"command", "ok", "run_id", "as_of", "data", "warnings"}
    assert (answer["command"], answer["ok"]) == (command, True)
    assert answer["data"].keys() >= fields
    assert all(set(warning) == {"code", "message"} for warning in answer["warnings"])
    about_a_run = {"run", "train", "report", "segments", "customer", "assign"}
    if command in about_a_run | {"explain", "why", "what-if", "export"}:
        assert re.fullmatch("r[0-9a-f]{12}", answer["run_id"])
        assert re.fullmatch(r"2011-\d\d-\d\d", answer["as_of"])
    assert "{" not in said.err  # progress goes there, the answer does not
    assert ("Choosing" in said.err) == (command == "train")
    if "items" in fields and "total" in fields:
        # in so small a shop no move is of 25 customers
        assert len(answer["data"]["items"]) == answer["data"]["total"] >= (command != "flows")


def test_a_segment_has_all_fields_and_what_is_unknown_says_why(
    coterie: Callable[..., Any], project: Path
) -> None:
    said = coterie(project, "segments", "--json").json
    for segment in said["data"]["items"]:
        assert segment.keys() >= SEGMENT
        assert re.fullmatch(r"seg-\d{3}", segment["id"])
        assert segment["slot"] in range(1, 13)
        assert segment["name_source"] in {"lexicon", "contrast", "user"}
        assert segment["status"] in {"live", "retired"}
        assert all(driver.keys() >= DRIVER for driver in segment["drivers"])
        unknown = {name for name in SEGMENT if segment[name] is None}
        assert {f"{name}_reason" for name in unknown} <= segment.keys()
    assert said["data"] == {
        "items": published_segments(Project(project).latest),
        "total": said["data"]["total"],
    }


def test_placed_rows_have_id_segment_name_and_reasons(
    coterie: Callable[..., Any], project: Path
) -> None:
    rows = coterie(project, "assign", "new_customers.csv", "--json").json["data"]["rows"]
    names = {segment["id"]: segment["name"] for segment in Project(project).latest.segments}
    assert rows
    for row in rows:
        assert row.keys() >= {"id", "segment_id", "segment_name", "margin", "reasons"}
        assert row["segment_name"] == names.get(row["segment_id"])
        assert all(isinstance(reason, str) for reason in row["reasons"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["segments"], 0),
        (["--help"], 0),
        (["customer", "nobody"], 1),
        (["why", "nobody"], 1),
        (["why", "12347", "--not", "nobody"], 1),
        (["what-if", "nobody"], 1),
        (["explain", "nobody"], 1),
        (["recommend", "nobody"], 0),
        (["recommend"], 2),
        (["recommend", "12347", "--n", "11"], 2),
        (["products", "nobody"], 1),
        (["export", "--sql", "oracle"], 1),
        (["export"], 2),
        (["assign", "none.csv"], 1),
        (["assign", "new_customers.csv", "--to", "placed.doc"], 1),
        (["init", "orders.csv"], 1),
        (["segments", "--project", "nowhere"], 1),
        (["demo", "--sample", "nope"], 1),
        ([], 2),
        (["segmets"], 2),
        (["customer"], 2),
        (["run", "--as-of", "yesterday"], 2),
        (["run", "--no-such-option"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes_tell_done_from_our_error_from_wrong_usage(
    words: list[str], code: int, coterie: Callable[..., Any], project: Path
) -> None:
    said = coterie(project, *words)
    assert said.code == code
    assert "Traceback" not in said.out + said.err
    if code == 1:
        assert said.out == ""
        (line,) = (line for line in said.err.splitlines() if not line.startswith(STAGES))
        assert line.startswith("Error: ")
        failed = json.loads(coterie(project, *words, "--json").out)
        assert set(failed) == {"ok", "error"}
        assert set(failed["error"]) == {"code", "message", "allowed", "hint", "where"}
        assert failed["error"]["message"] in line


@pytest.mark.parametrize(
    ("shell", "mark"),
    [
        ("bash", "complete -o default -F _coterie_completion coterie"),
        ("zsh", "#compdef coterie"),
        ("fish", "complete --command coterie"),
    ],
)
def test_completion_scripts_are_given_for_the_shell(
    shell: str,
    mark: str,
    coterie: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    said = coterie(tmp_path, "--show-completion", shell)
    assert said.code == 0
    assert mark in said.out
    assert "_COTERIE_COMPLETE" in said.out


@pytest.mark.parametrize(
    ("shell", "given"),
    [
        ("bash", {"COMP_WORDS": "coterie se", "COMP_CWORD": "1"}),
        ("zsh", {"_TYPER_COMPLETE_ARGS": "coterie se"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "coterie se", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_the_shell_is_told_how_a_command_ends(
    shell: str,
    given: dict[str, str],
    coterie: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"_COTERIE_COMPLETE": f"complete_{shell}", **given}.items():
        monkeypatch.setenv(name, value)
    said = coterie(tmp_path)
    assert "segments" in said.out
    assert "assign" not in said.out
