"""Who moved, what a refit changes, and names, over the life of one small shop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from coterie import Project, Run
from coterie.errors import NotReadyError, ParameterError
from coterie.profiling.crossing import crossing
from coterie.profiling.migration import CAUSES
from coterie.sources.shop import write_shop

SETTINGS = """
[project]
name = "shop"
[sources.orders]
file = "orders.parquet"
columns = {{ {columns} }}
[segmentation]
k = 4
algorithm = "kmeans"
lens = "custom"
features = ["recency", "frequency", "monetary"]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with three runs: a month ago, now, and now refitted."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, customers=500, seed=5, tables=["orders"])
    names = pq.read_schema(folder / "orders.parquet").names
    columns = ", ".join(f'{name} = "{name}"' for name in names)
    (folder / "coterie.toml").write_text(SETTINGS.format(columns=columns), encoding="utf-8")
    project = Project(folder)
    last = last_day(folder)
    project.run(as_of=last - timedelta(days=27))
    project.run()
    project.train()
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "shop"))


def last_day(folder: Path) -> date:
    moments = pq.read_table(folder / "orders.parquet").column("timestamp")
    return pc.max(moments).as_py().date()


def runs(folder: Path) -> list[Run]:
    """All runs, the first first."""
    project = Project(folder)
    return [project.find_run(row["run_id"]) for row in reversed(project.runs())]


def places(run: Run) -> dict[str, str]:
    table = run.table("assignments")
    return dict(zip(table["customer_id"].to_pylist(), table["segment_id"].to_pylist(), strict=True))


def test_every_customer_of_two_runs_is_in_one_cell_and_stays_where_the_runs_say(made: Path) -> None:
    first, second, third = runs(made)
    assert first.table("migration").num_rows == 0
    for before, after in ((first, second), (second, third), (first, third)):
        old, new = places(before), places(after)
        found = Project(made).flows(before.id, after.id)
        assert found.note == ""
        assert found.moves["customer_id"].to_pylist() == sorted(old.keys() | new.keys())
        for row in found.moves.to_pylist():
            customer = row["customer_id"]
            assert row["from_id"] == old.get(customer, "absent")
            assert row["to_id"] == new.get(customer, "absent")
            assert row["cause"] in CAUSES
        assert sum(found.causes.values()) == len(old.keys() | new.keys())
        counted = crossing(found.migration).counts
        assert counted.sum() == len(old.keys() | new.keys())


def test_what_a_run_keeps_is_what_is_worked_out_when_asked(made: Path) -> None:
    first, second, third = runs(made)
    for before, after in ((first, second), (second, third)):
        asked = Project(made).flows(before.id, after.id).migration
        assert asked.equals(after.table("migration"))


def test_scoring_moves_by_time_and_orders_and_a_refit_by_the_border_alone(made: Path) -> None:
    _, second, third = runs(made)
    scored, refitted = (run.table("migration").to_pylist() for run in (second, third))
    causes = {row["cause"] for row in scored}
    assert {"stayed", "aged", "behaved"} <= causes <= {"stayed", "aged", "behaved", "new"}
    assert {row["cause"] for row in refitted} <= {"stayed", "border"}
    moved = sum(row["customers"] for row in refitted if row["cause"] == "border")
    assert moved == third.changes["moved"]
    assert third.changes["refit"] is True
    assert {"promote", "why", "p_old", "p_new", "churn", "born", "ended"} <= third.changes.keys()


def test_between_dates_the_same_customers_move_as_between_runs_of_one_model(made: Path) -> None:
    third = runs(made)[-1]
    last = last_day(made) + timedelta(days=1)
    found = Project(made).flows(last - timedelta(days=28), last)
    assert {row["cause"] for row in found.migration.to_pylist()} <= {
        "stayed", "aged", "behaved", "new"
    }  # fmt: skip
    to = dict(zip(*(found.moves[c].to_pylist() for c in ("customer_id", "to_id")), strict=True))
    assert {c: s for c, s in to.items() if s != "absent"} == places(third)


def test_who_entered_and_left_are_told_by_id(made: Path) -> None:
    first, second, _ = runs(made)
    found = Project(made).flows(first.id, second.id)
    old, new = places(first), places(second)
    for segment in found.segments:
        assert found.entered(segment) == sorted(
            c for c, s in new.items() if s == segment and old.get(c) != segment
        )
        assert found.left(segment) == sorted(
            c for c, s in old.items() if s == segment and new.get(c) != segment
        )


def test_a_corrected_past_is_told_from_new_orders(shop: Path) -> None:
    before = Project(shop).latest
    old = places(before)
    champion = before.segments[0]["id"]
    table = pq.read_table(shop / "orders.parquet")
    rich = next(c for c, s in old.items() if s == champion)
    mine = pc.equal(table["customer_id"], rich)
    first = pc.indices_nonzero(mine)[0].as_py()
    kept = pa.array([not own or i == first for i, own in enumerate(mine.to_pylist())])
    pq.write_table(table.filter(kept), shop / "orders.parquet")
    day = date.fromisoformat(before.as_of or "")
    after = Project(shop).run(as_of=day)
    found = Project(shop).flows(before.id, after.id)
    moved = [row for row in found.moves.to_pylist() if row["cause"] != "stayed"]
    assert [(row["customer_id"], row["cause"]) for row in moved] == [(rich, "corrected")]
    assert found.migration.equals(after.table("migration"))


def test_without_the_data_moves_of_another_model_are_unknown_and_the_note_says_so(
    shop: Path,
) -> None:
    first, _, third = runs(shop)
    (shop / "orders.parquet").unlink()
    found = Project(shop).flows(first.id, third.id)
    assert "no longer tells" in found.note
    assert set(found.causes) <= {"stayed", "new", "unknown"}


def test_a_name_of_the_users_stays_through_refits_and_is_unique(
    shop: Path, coterie: Callable[..., Any]
) -> None:
    project = Project(shop)
    one, other = (segment["id"] for segment in project.latest.segments[:2])
    said = coterie(shop, "rename", one, "Best  of all", "--json")
    assert said.json["data"]["name"] == "Best of all"
    assert project.latest.segments[0]["name_source"] == "user"
    for name, words in (("best OF all", "already"), ("one two three four five", "4 words")):
        with pytest.raises(ParameterError, match=words):
            project.rename(other, name)
    with pytest.raises(ParameterError, match="seg-099"):
        project.rename("seg-099", "New")
    trained = project.train()
    names = {segment["id"]: segment["name"] for segment in trained.segments}
    assert names[one] == "Best of all"
    assert len(set(names.values())) == len(names)
    assert "Best of all" in trained.report.read_text(encoding="utf-8")


def test_runs_are_found_by_words_and_by_the_beginning_of_their_id(made: Path) -> None:
    project = Project(made)
    first, second, third = runs(made)
    assert project.find_run("latest").id == third.id
    assert project.find_run("previous").id == second.id
    assert project.find_run(first.id[:9]).id == first.id
    with pytest.raises(NotReadyError, match="no run 'x'"):
        project.find_run("x")
    with pytest.raises(ParameterError, match="begin with"):
        project.find_run("r")


def test_two_runs_of_one_model_and_day_agree_and_a_refit_keeps_who_is_with_whom(made: Path) -> None:
    _, second, third = runs(made)
    project = Project(made)
    same = project.compare(second.id, second.id)
    assert (same.same, same.ari, same.changed) == (1.0, 1.0, ())
    found = project.compare(second.id, third.id)
    moved = third.changes["moved"]
    assert found.same == pytest.approx(1 - moved / found.customers)
    assert found.ari is not None
    assert found.ari > 0.8
    assert found.sides[0]["P"] is not None
    assert found.overlap.counts.sum() == found.customers


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "2020-01-01"], "both --from and --to"),
        (["--from", "2021-01-02", "--to", "2021-01-01"], "first date lies before"),
        (["--from", "2021-01-02", "--to", "2099-01-01"], "not known yet"),
        (["nothing"], "no run 'nothing'"),
        (["--segment", "seg-900"], "seg-900"),
    ],
)
def test_what_cannot_be_compared_says_why(
    made: Path, coterie: Callable[..., Any], words: list[str], said: str
) -> None:
    failed = coterie(made, "flows", *words)
    assert failed.code == 1
    assert said in failed.err.replace("\n", " ")


def test_a_refit_is_taken_back_and_the_model_before_scores_again(shop: Path) -> None:
    project = Project(shop)
    _, second, third = runs(shop)
    assert project.latest.id == third.id
    assert project.publish("previous").id == second.id
    assert project.run().manifest["model_id"] == second.manifest["model_id"]
    assert project.publish(third.id[:8]).id == third.id
