"""The public names from Python: any table gives the same run; what is no table is said."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import coterie
from coterie import CoterieError, DataError, NotReadyError, ParameterError, Project, Run, cli
from coterie.config import make_settings

N = 60
CARDS: dict[str, list[Any]] = {
    "customer_id": [f"C{n:03d}" for n in range(N)],
    "spend": [float(n * 7 % 50) for n in range(N)],
    "visits": [n * n % 97 for n in range(N)],
    "plan": [f"t{n % 3}" for n in range(N)],
}


def orders(customers: int = 40) -> dict[str, list[Any]]:
    """Return orders of which each customer has 1 to 5; every number follows from the row's."""
    of = [(customer, n) for customer in range(customers) for n in range(1 + customer % 5)]
    start = date(2023, 1, 1)
    return {
        "customer_id": [f"C{customer:03d}" for customer, _ in of],
        "order_id": [f"O{customer}-{n}" for customer, n in of],
        "timestamp": [start + timedelta(days=customer * 7 % 28 + 50 * n) for customer, n in of],
        "amount": [5.25 + customer % 11 + n for customer, n in of],
    }


def placed(run: Run) -> pa.Table:
    return run.table("assignments")


@pytest.fixture(scope="module")
def cards() -> Run:
    return coterie.segment(pa.table(CARDS), k=2)


def csv_file(folder: Path) -> Path:
    pyarrow.csv.write_csv(pa.table(CARDS), folder / "cards.csv")
    return folder / "cards.csv"


def parquet_file(folder: Path) -> str:
    pq.write_table(pa.table(CARDS), folder / "cards.parquet")
    return str(folder / "cards.parquet")


KINDS: dict[str, Callable[[Path], Any]] = {
    "pandas": lambda _: pd.DataFrame(CARDS),
    "pandas of strings and categories": lambda _: pd.DataFrame(CARDS).astype(
        {"plan": "category", "visits": "Int64"}
    ),
    "polars": lambda _: pl.DataFrame(CARDS),
    "a batch": lambda _: pa.RecordBatch.from_pydict(CARDS),
    "a reader": lambda _: pa.table(CARDS).to_reader(7),
    "a dict of columns": lambda _: CARDS,
    "a CSV file": csv_file,
    "the path of a Parquet file": parquet_file,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_customers_are_placed_alike_whatever_holds_them(
    kind: str, cards: Run, tmp_path: Path
) -> None:
    run = coterie.segment(KINDS[kind](tmp_path), k=2)
    assert placed(run).equals(placed(cards))
    assert [s["n"] for s in run.segments] == [s["n"] for s in cards.segments]


def test_a_run_says_what_the_documentation_says_of_it(cards: Run) -> None:
    assert sum(segment["n"] for segment in cards.segments) == N
    assert cards.as_of is None
    assert cards.id == cards.manifest["run_id"] == cards.folder.name
    assert set(cards.choice) >= {"verdict", "note"}
    assert cards.quality["tables"]["customers"]["accepted"] == N
    assert cards.report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert placed(cards).column_names == [
        "customer_id",
        "segment_id",
        "second_id",
        "margin",
        "status",
    ]
    assert cards.customer("C007")["segment_name"] in {s["name"] for s in cards.segments}
    with pytest.raises(NotReadyError, match=r"no table state; it needs orders"):
        cards.table("state")


def test_a_temporary_run_lives_as_long_as_its_run() -> None:
    run = coterie.segment(CARDS, k=2)
    folder = run.folder
    assert folder.is_dir()
    del run
    gc.collect()
    assert not folder.exists()


def test_a_folder_that_is_given_keeps_the_run(tmp_path: Path) -> None:
    run = coterie.segment(CARDS, k=2, folder=tmp_path / "new")
    assert coterie.segment(CARDS, k=2, folder=tmp_path / "new").id == run.id
    assert run.folder.is_relative_to(tmp_path / "new")


def test_arguments_are_settings_and_settings_win(tmp_path: Path) -> None:
    ranged = coterie.segment(CARDS, k=(3, 4), settings={"segmentation": {"seed": 5}})
    assert ranged.manifest["settings"]["segmentation"]["k"] == [3, 4]
    assert ranged.manifest["settings"]["segmentation"]["seed"] == 5
    won = coterie.segment(CARDS, k=2, settings={"segmentation": {"k": 3}})
    assert won.manifest["settings"]["segmentation"]["k"] == 3
    assert len(won.segments) == 3


def test_columns_say_what_names_do_not() -> None:
    strange = pd.DataFrame(CARDS).rename(columns={"customer_id": "x1"})
    run = coterie.segment(strange, columns={"customer_id": "x1"}, k=2)
    assert placed(run).column("customer_id").to_pylist() == CARDS["customer_id"]


def command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> Any:
    """Run a command with ``--json`` in this process and return its answer."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["coterie", *words, "--json"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    return json.loads(capsys.readouterr().out)


def test_the_command_line_finds_what_python_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table(orders()), tmp_path / "orders.parquet")
    run = coterie.segment(tmp_path / "orders.parquet", folder=tmp_path / "python")
    folder = tmp_path / "shell"
    folder.mkdir()
    command(folder, monkeypatch, capsys, "init", "../orders.parquet", "--name", "orders")
    said = command(folder, monkeypatch, capsys, "run")
    other = Project(folder).latest
    assert said["as_of"] == run.as_of == other.as_of
    for name in ("assignments", "features", "state"):
        assert other.table(name).equals(run.table(name))
    kept = [{**s, "born_run": ""} for s in run.segments]
    assert [{**s, "born_run": ""} for s in said["data"]["segments"]] == kept


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of several tables: orders of two years in two sources, and customers."""
    folder = tmp_path_factory.mktemp("project")
    table = pa.table(orders())
    pq.write_table(table.slice(0, 50), folder / "old.parquet")
    pq.write_table(table.slice(50), folder / "new.parquet")
    people = {"id": [f"C{n:03d}" for n in range(40)], "city": [f"city {n % 4}" for n in range(40)]}
    pyarrow.csv.write_csv(pa.table(people), folder / "people.csv")
    mapping = {name: name for name in table.column_names}
    sources = {
        "old": {"table": "orders", "file": "old.parquet", "columns": mapping},
        "new": {"table": "orders", "file": "new.parquet", "columns": mapping},
        "customers": {"file": "people.csv", "key": "id"},
    }
    return Project(folder, make_settings({"sources": sources, "segmentation": {"k": 2}}))


def test_several_tables_are_one_project(project: Project) -> None:
    with pytest.raises(NotReadyError, match="coterie run"):
        _ = project.latest
    assert project.runs() == []
    run = project.run()
    assert run.table("state").num_rows == 40
    assert sum(run.table("state").column("lines").to_pylist()) == len(orders()["amount"])
    assert {"old", "new"} <= {name.removeprefix("orders.") for name in run.manifest["inputs"]}
    assert project.latest.id == project.run().id == run.id
    (row,) = project.runs()
    assert (row["run_id"], row["as_of"], row["parent_run"]) == (run.id, run.as_of, None)


def test_a_day_may_be_a_date_or_a_time_and_nothing_else(project: Project) -> None:
    day = project.run(as_of=date(2023, 6, 1))
    assert day.as_of == "2023-06-01"
    assert project.run(as_of=datetime(2023, 6, 1, 15, 30)).id == day.id  # noqa: DTZ001  as a notebook has it
    assert project.run(as_of=pd.Timestamp("2023-06-01")).id == day.id
    for wrong in ("2023-06-01", 20230601):
        with pytest.raises(ParameterError, match=r"as_of=.*Give a datetime\.date"):
            project.run(as_of=wrong)  # type: ignore[arg-type]  the mistake that is tested
        with pytest.raises(ParameterError, match=r"as_of=.*Give a datetime\.date"):
            project.assign("new.parquet", as_of=wrong)  # type: ignore[arg-type]  as above


def test_project_errors_are_ours(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"no coterie\.toml.*coterie init"):
        Project(tmp_path)
    with pytest.raises(NotReadyError, match="coterie run"):
        Run(tmp_path / "nowhere")
    with pytest.raises(NotReadyError, match=r"no sources\. Make them"):
        Project(tmp_path, make_settings({})).run()


FRAME = pd.DataFrame(CARDS)
TWICE = pd.DataFrame(np.arange(3 * N).reshape(N, 3), columns=["customer_id", "a", "a"])
WRONG: dict[str, tuple[Any, str]] = {
    "a list of ints": ([1, 2, 3], r"list is no table\. Give a path, or a pandas, polars or Arrow"),
    "a list of rows": ([{"customer_id": 1}], r"list is no table"),
    "nothing": (None, r"NoneType is no table"),
    "a number": (3, r"int is no table"),
    "an array": (np.zeros((3, 3)), r"ndarray is no table"),
    "a lazy frame": (pl.LazyFrame(CARDS), r"LazyFrame is no table"),
    "a dict of numbers": ({"a": 1}, r"dict is no table"),
    "a series": (pd.Series([1, 2]), r"Series is no table"),
    "pandas without columns": (pd.DataFrame(), "has no columns"),
    "pandas without rows": (FRAME.iloc[:0], "has no rows"),
    "polars without columns": (pl.DataFrame(), "has no columns"),
    "Arrow without rows": (pa.table(CARDS).slice(0, 0), "has no rows"),
    "one customer": (FRAME.iloc[:1], r"1 of 1 customers .* at least 2 are needed"),
    "one column twice": (TWICE, r"Duplicate column names found: \['customer_id', 'a', 'a'\]"),
    "one Arrow column twice": (
        pa.table([pa.array(range(N))] * 3, names=["customer_id", "a", "a"]),
        "has 2 columns named 'a'",
    ),
    "a column without a name": (FRAME.assign(**{"": 1}), "columns without a name: number 5"),
    "numbers and words in one column": (
        FRAME.assign(x=[1, "a"] * (N // 2)),
        r"Could not convert 'a' .*column x with type object\. .*one kind of value each",
    ),
    "objects": (FRAME.assign(x=[object() for _ in range(N)]), r"failed for column x with type"),
    "complex numbers": (FRAME.assign(x=[1 + 2j] * N), "failed for column x with type complex"),
    "numbers past 64 bits": (FRAME.assign(x=[10**30] * N), "DataFrame is no table: .*too large"),
    "intervals": (FRAME.assign(x=pd.cut(range(N), 3)), "DataFrame cannot be kept as Parquet"),
    "nothing but ids": (FRAME[["customer_id"]], "finds no column to look at"),
    "one id": (FRAME.assign(customer_id="A"), "does not look like orders or customers"),
    "no such file": ("nowhere.csv", r"There is no file .*nowhere\.csv"),
    "a folder": (Path(), "is a folder"),
    "a zero byte": ("a\0b.csv", r"There is no file 'a\\x00b\.csv'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_table_of_customers_is_one_clear_error(case: str) -> None:
    data, says = WRONG[case]
    with pytest.raises((DataError, NotReadyError), match=says) as error:
        coterie.segment(data, k=2)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith((".", "?"))


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a column that is not there": (
        {"columns": {"customer_id": "nope"}},
        r"no column 'nope' \(mapped to customer_id\)\. It has: customer_id, spend",
    ),
    "a name that is not ours": ({"columns": {"custmer_id": "plan"}}, "mean 'customer_id'"),
    "a column that is no text": ({"columns": {"customer_id": 3}}, "must be text in quotes"),
    "a list of columns": ({"columns": ["customer_id"]}, r"columns=.*Give a mapping"),
    "a column alone": ({"columns": "customer_id"}, r"columns='customer_id'\. Give a mapping"),
    "settings as text": ({"settings": "k = 3"}, r"settings='k = 3'\. Give a mapping"),
    "an unknown setting": ({"settings": {"segmentation": {"sed": 1}}}, "Did you mean 'seed'"),
    "k of one": ({"k": 1}, "k=1. k is 'auto', 2 to 50"),
    "k of a fraction": ({"k": 2.5}, "k=2.5. k is 'auto', 2 to 50"),
    "a lens": ({"lens": "valu"}, "Did you mean 'value'"),
    "a lens that needs orders": ({"lens": "value"}, "needs orders, and there is only a customer"),
    "a day as text": ({"as_of": "2023-01-01"}, r"as_of='2023-01-01'\. Give a datetime\.date"),
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_a_wrong_argument_is_one_clear_error(case: str) -> None:
    wrong, says = ARGUMENTS[case]
    with pytest.raises(CoterieError, match=says) as error:
        coterie.segment(FRAME, **{"k": 2, **wrong})
    assert "\n" not in str(error.value)


def test_a_failed_call_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        coterie.segment(FRAME.assign(x=pd.cut(range(N), 3)), folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", coterie.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(coterie, name)
    assert name == "__version__" or found.__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'segmnt'"):
        _ = coterie.segmnt
