"""What run, train, assign and the commands around them mean, on a small shop."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from coterie import cli
from coterie.api import Project
from coterie.errors import NotReadyError
from coterie.sources.shop import write_shop

SETTINGS = """
[project]
name = "shop"
currency = "EUR"
[sources.orders]
file = "orders.parquet"
columns = {{ {columns} }}
[segmentation]
k = {k}
algorithm = "kmeans"
lens = "custom"
features = ["recency", "frequency", "monetary"]
"""


def write_settings(folder: Path, k: int = 4) -> None:
    names = pq.read_schema(folder / "orders.parquet").names
    columns = ", ".join(f'{name} = "{name}"' for name in names)
    (folder / "coterie.toml").write_text(SETTINGS.format(columns=columns, k=k))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, customers=500, seed=5, tables=["orders"])
    write_settings(folder)
    return folder


@pytest.fixture(scope="module")
def history(shop):
    """Four runs of one project: the first, again, on a month less, and refitted."""
    first = Project(shop).run()
    again = Project(shop).run()
    table = pq.read_table(shop / "orders.parquet")
    pq.write_table(table.slice(0, table.num_rows - 50), shop / "orders.parquet")
    scored = Project(shop).run()
    trained = Project(shop).train()
    return first, again, scored, trained


def command(capsys, monkeypatch, *words):
    """Run the command line in this process; return exit code, output, errors."""
    monkeypatch.setattr("sys.argv", ["coterie", *map(str, words)])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_same_input_is_the_same_run(history):
    first, again, _, _ = history
    assert again.id == first.id
    assert again.folder == first.folder


def test_new_data_is_scored_by_the_published_model(history):
    first, _, scored, _ = history
    assert scored.id != first.id
    assert scored.manifest["model_id"] == first.manifest["model_id"]
    assert scored.manifest["parent_run"] == first.id
    assert {s["id"]: s["name"] for s in scored.segments} == {
        s["id"]: s["name"] for s in first.segments
    }


def test_a_refit_keeps_the_ids_of_segments_whose_members_stay(history):
    _, _, scored, trained = history
    assert trained.manifest["model_id"] != scored.manifest["model_id"]
    assert {s["id"] for s in trained.segments} == {s["id"] for s in scored.segments}
    moved = trained.table("migration").to_pylist()
    stayed = sum(row["customers"] for row in moved if row["from_id"] == row["to_id"])
    assert stayed >= 0.9 * sum(row["customers"] for row in moved)


def test_other_settings_ask_for_a_new_fit_and_ids_are_never_reused(shop, history):
    before = {s["id"] for s in history[3].segments}
    write_settings(shop, k=6)
    changed = Project(shop).run()
    assert len(changed.segments) == 6
    born = {s["id"] for s in changed.segments} - before
    assert all(name > max(before) for name in born)
    write_settings(shop)


def test_assign_gives_what_the_run_gave_and_stores_nothing(shop, history):
    project = Project(shop)
    project.run()
    before = sorted(path.as_posix() for path in (shop / ".coterie").rglob("*"))
    placed = project.assign(shop / "orders.parquet")
    assert sorted(path.as_posix() for path in (shop / ".coterie").rglob("*")) == before
    run = project.latest
    assert placed.drop_columns(["reasons"]).equals(run.table("assignments"))


def test_every_customer_is_told_of_and_no_one_else(shop, history):
    run = history[0]
    place = run.table("assignments").slice(0, 1).to_pylist()[0]
    known = run.customer(place["customer_id"])
    assert (known["segment_id"], known["margin"]) == (place["segment_id"], place["margin"])
    with pytest.raises(NotReadyError, match="Ids here look like"):
        run.customer("nobody")


@pytest.mark.parametrize("words", [["segments"], ["features"], ["algorithms"], ["report"]])
def test_commands_answer_people_and_programs(shop, history, capsys, monkeypatch, words):
    place = [] if words == ["algorithms"] else ["--project", shop]
    code, said, _ = command(capsys, monkeypatch, *words, *place)
    assert code == 0
    assert said.strip()
    code, said, _ = command(capsys, monkeypatch, *words, *place, "--json")
    answer = json.loads(said)
    assert (code, answer["ok"], answer["command"]) == (0, True, words[0])
    assert set(answer) == {"command", "ok", "run_id", "as_of", "data", "warnings"}


def test_an_error_is_one_line_for_people_and_one_object_for_programs(tmp_path, capsys, monkeypatch):
    code, said, error = command(capsys, monkeypatch, "run", "--project", tmp_path)
    assert (code, said) == (1, "")
    assert "coterie init" in error
    assert "Traceback" not in error
    code, said, _ = command(capsys, monkeypatch, "run", "--project", tmp_path, "--json")
    answer = json.loads(said)
    assert (code, answer["ok"]) == (1, False)
    assert set(answer["error"]) == {"code", "message", "allowed", "hint", "where"}


def test_wrong_usage_ends_with_code_2(capsys, monkeypatch):
    code, _, _ = command(capsys, monkeypatch, "run", "--no-such-option")
    assert code == 2
