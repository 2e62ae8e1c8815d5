"""Rules written in the settings, from ``coterie.toml`` to report, file, SQL and refit."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from coterie import Project, Run
from coterie.config import load_settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import ParameterError
from coterie.pipeline.run import run as run_pipeline

SETTINGS = """
[project]
name = "cdnow"
currency = "USD"
[sources.orders]
file = "{file}"
columns = {{ customer_id = "customer_id", timestamp = "date", amount = "dollar_value" }}
[segmentation]
algorithm = "rules"
[[segmentation.rules]]
name = "Regulars"
where = "frequency >= 4 AND recency < 180"
[[segmentation.rules]]
name = "Dreamed of"
where = "Monetary > 1000000"
[[segmentation.rules]]
name = "Gone"
where = "recency >= 365"
"""


@pytest.fixture(scope="module")
def project(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("cdnow")
    file = data / "cdnow" / "cdnow_sample.csv.gz"
    (folder / "coterie.toml").write_text(SETTINGS.format(file=file.as_posix()))
    return Project(folder)


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    return project.run()


def placed(run: Run) -> dict[str, str]:
    names = {segment["id"]: segment["name"] for segment in run.segments}
    table = run.table("assignments")
    ids, segments = (table.column(name).to_pylist() for name in ("customer_id", "segment_id"))
    return {key: names.get(own, own) for key, own in zip(ids, segments, strict=True)}


def test_everybody_is_where_the_first_rule_that_holds_says(run: Run) -> None:
    rows = run.table("features").filter(pc.field("status") == "ok").to_pylist()
    own = placed(run)
    for row in rows:
        regular = row["frequency"] >= 4 and row["recency"] < 180
        gone = "Gone" if row["recency"] >= 365 else "All others"
        assert own[row["customer_id"]] == ("Regulars" if regular else gone)
    assert len(rows) > 2_000


def test_segments_keep_the_names_that_the_user_wrote(run: Run) -> None:
    assert {s["name"]: s["name_source"] for s in run.segments} == {
        "Regulars": "user",
        "Gone": "user",
        "All others": "user",
    }
    assert {s["verdict"] for s in run.segments} == {"constructed"}


def test_a_rule_that_nobody_meets_is_told(run: Run) -> None:
    assert run.choice["note"].startswith("Nobody is in 'Dreamed of'")
    assert "Nobody is in &#39;Dreamed of&#39;" in run.report.read_text(encoding="utf-8")


def test_the_rules_are_measured_beside_the_references(run: Run) -> None:
    rows = run.table("candidates").to_pylist()
    assert [row["algorithm"] for row in rows] == ["rules", "RFM grid", "RFM cells"]
    assert [row["chosen"] for row in rows] == [True, False, False]
    assert all(0.2 < row["P"] < 1 for row in rows)
    page = run.report.read_text(encoding="utf-8")
    assert "rules written by hand; nothing was chosen" in page
    assert "Each customer is in the first whose rule she meets" in page
    assert "3. Gone: days since last order is at least 365." in page


def test_sql_and_a_file_place_everybody_as_the_run_does(project: Project, run: Run) -> None:
    folder = run.folder.parents[1] / "data" / run.manifest["data"]
    with DuckDB() as db:
        db.load("lines", pq.read_table(folder / "lines" / "part-0000.parquet"))
        found = db.query(f"{run.sql()} ORDER BY customer_id")
    own = run.table("assignments")
    assert found.column("segment_id").to_pylist() == own.column("segment_id").to_pylist()
    for dialect in ("postgres", "spark", "bigquery", "snowflake"):
        assert "CASE" in run.sql(dialect)
    file = Path(project.settings.sources["orders"].file)
    assert project.assign(file).drop_columns(["reasons"]).equals(own)


def test_a_refit_and_another_border_keep_ids_and_names(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path, "spend < 20", "loyal = 1")
    before = {s["name"]: s["id"] for s in Project(tmp_path).run().segments}
    assert len(before) == 3
    assert {s["name"]: s["id"] for s in Project(tmp_path).train().segments} == before
    write_rules(tmp_path, "spend < 22", "loyal = 1")
    assert {s["name"]: s["id"] for s in Project(tmp_path).run().segments} == before


def test_a_segment_that_nobody_is_in_keeps_its_id_and_its_name(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path, "spend < 20", "spend > 1e6", "spend < -1")
    first = Project(tmp_path).run()
    ids = ids_of(first)
    assert len(ids) == 4
    assert ids_of(Project(tmp_path).train()) == ids
    write_rules(tmp_path, "spend < 20", "spend > 50", "spend < -1")
    again = Project(tmp_path).run()
    assert ids_of(again) == ids
    assert len(again.segments) == 3
    write_rules(tmp_path, "spend < 20", "spend > 1e6", "spend < -1")
    assert ids_of(Project(tmp_path).run()) == ids


def test_no_two_segments_can_be_called_the_same(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path, "spend < 20", "spend > 1e6")
    project = Project(tmp_path)
    (low,) = [s["id"] for s in project.run().segments if s["name"] == "Rule 0"]
    with pytest.raises(ParameterError, match="is called 'rule 1' already"):
        project.rename(low, "rule 1")
    project.rename(low, "Rule 2")
    write_rules(tmp_path, "spend < 20", "spend > 1e6", "loyal = 1")
    with pytest.raises(ParameterError, match=f"'Rule 2' has the name that {low} was given"):
        Project(tmp_path).run()
    project.rename(low, "")
    assert {s["name"] for s in Project(tmp_path).run().segments} == {
        "Rule 0",
        "Rule 2",
        "All others",
    }


def ids_of(run: Run) -> dict[str, str]:
    model = json.loads((run.folder / "model.json").read_text())
    return {s["name"]: s["id"] for s in model["segments"] if s["status"] == "live"}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("monetry > 500", "Did you mean 'monetary'"),
        ("plan > 1", "'plan' holds words, and rule 'Rule 0' asks about it as if it were a number"),
        ("spend = 't1'", "Columns of words: plan."),
        ("(spend > 3) + 1 > 1", "true or false, as if it were a number, in: (spend > 3) + 1 > 1"),
        ("gendre = 1", "Did you mean 'gender'"),
        ("gender = 1", "protected attribute"),
    ],
)
def test_what_a_rule_cannot_ask_is_one_clear_error(
    tmp_path: Path, where: str, words: str, coterie: Callable
) -> None:
    table = members(tmp_path).append_column("monetary", pa.array([1.0 + n for n in range(60)]))
    pq.write_table(table, tmp_path / "members.parquet")
    write_rules(tmp_path, where)
    assert words in coterie(tmp_path, "run").error


def test_a_typo_in_a_rule_is_told_before_anything_is_read(tmp_path: Path) -> None:
    settings = SETTINGS.format(file=(tmp_path / "not there.csv").as_posix())
    settings = settings.replace("recency >= 365", "category_share__wine > 0.5 OR recenci >= 365")
    (tmp_path / "coterie.toml").write_text(settings)
    told = []
    with pytest.raises(ParameterError, match=r"column in rule 'Gone'.*mean 'recency'"):
        run_pipeline(load_settings(tmp_path), tmp_path, tell=lambda *what: told.append(what))
    assert not told


def test_with_a_customer_table_a_typo_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path, "spent > 3")
    told = []
    with pytest.raises(ParameterError, match="mean 'spend'"):
        run_pipeline(load_settings(tmp_path), tmp_path, tell=lambda *what: told.append(what[0]))
    assert set(told) == {"read"}


def test_what_is_unknown_meets_no_rule_but_one_that_asks_for_it(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path, "spend < 20 OR loyal = 1", "NOT spend >= 20", "spend IS NULL")
    run = Project(tmp_path).run()
    assert run.choice["method"] == "profile"
    own = placed(run)
    for n in range(60):
        low, loyal = n % 5 and n < 20, n % 3 == 0
        want = "Rule 0" if low or loyal else "All others" if n % 5 else "Rule 2"
        assert own[str(n)] == want, n
    assert "Nobody is in 'Rule 1'" in run.choice["note"]
    with DuckDB() as db:
        folder = run.folder.parents[1] / "data" / run.manifest["data"]
        db.load("customers", pq.read_table(folder / "customers" / "part-0000.parquet"))
        found = db.query(f"{run.sql()} ORDER BY customer_id")
    own_ids = run.table("assignments").column("segment_id")
    assert found.column("segment_id").to_pylist() == own_ids.to_pylist()


def test_beside_orders_a_flag_of_the_customer_table_can_be_asked_about(shop: Path) -> None:
    ids = [f"C{n:03d}" for n in range(30)]
    loyal = [None if n % 7 == 0 else n % 3 == 0 for n in range(30)]
    pq.write_table(pa.table({"id": ids, "loyal": loyal}), shop / "members.parquet")
    rule = '[[segmentation.rules]]\nname = "Loyal"\nwhere = "loyal = 1 AND frequency > 1"\n'
    with (shop / "coterie.toml").open("a") as file:
        file.write(f'{SOURCE}[segmentation]\nalgorithm = "rules"\n{rule}')
    run = Project(shop).run()
    orders = run.table("features").select(["customer_id", "frequency"]).to_pylist()
    often = {row["customer_id"] for row in orders if row["frequency"] > 1}
    told = {key for key, name in placed(run).items() if name == "Loyal"}
    assert told == {key for key, is_so in zip(ids, loyal, strict=True) if is_so} & often
    assert told
    folder = run.folder.parents[1] / "data" / run.manifest["data"]
    with DuckDB() as db:
        for name in ("lines", "customers"):
            db.load(name, pq.read_table(folder / name / "part-0000.parquet"))
        found = db.query(f"{run.sql()} ORDER BY customer_id")
    own = run.table("assignments").column("segment_id")
    assert found.column("segment_id").to_pylist() == own.to_pylist()


@pytest.mark.parametrize("orders", [False, True])
def test_words_flags_and_gaps_are_told_the_same_by_run_and_sql(
    tmp_path: Path, shop: Path, *, orders: bool
) -> None:
    folder = shop if orders else tmp_path
    n, key = (30, "C{:03d}") if orders else (60, "{}")
    ids = [key.format(i) for i in range(n)]
    plan = [None if i % 7 == 0 else f"it's {i % 4}" for i in range(n)]
    loyal = [None if i % 5 == 0 else i % 3 == 0 for i in range(n)]
    spend = [None if i % 4 == 0 else float(i) for i in range(n)]
    more = {"plan": plan, "loyal": loyal, "spend": spend, "spend?": [float(i) for i in range(n)]}
    pq.write_table(pa.table({"id": ids, **more}), folder / "members.parquet")
    number = "frequency" if orders else "spend"
    write_rules(
        folder,
        "plan = 'it''s 1' AND NOT loyal",
        "plan IN ('it''s 2', 'it''s 3', 'nobody') AND loyal IS TRUE",
        "plan <> 'it''s 2' AND loyal = FALSE",
        'spend < 10 AND \\"spend?\\" > 4',
        f"plan IS NULL AND {number} >= 0",
        before=(shop / "coterie.toml").read_text() if orders else "",
    )
    run = Project(folder).run()
    often = {r["customer_id"]: r[number] for r in run.table("features").to_pylist()}
    own = placed(run)
    for i, name in enumerate(ids):
        p, f, s = plan[i], loyal[i], spend[i]
        holds = [
            p == "it's 1" and f is False,
            p in {"it's 2", "it's 3"} and f is True,
            p is not None and p != "it's 2" and f is False,
            s is not None and s < 10 and i > 4,
            p is None and often[name] is not None,
        ]
        want = f"Rule {holds.index(True)}" if True in holds else "All others"
        assert own[name] == want, (name, p, f, s)
    folder = run.folder.parents[1] / "data" / run.manifest["data"]
    with DuckDB() as db:
        for name in ("lines", "customers")[0 if orders else 1 :]:
            db.load(name, pq.read_table(folder / name / "part-0000.parquet"))
        found = db.query(f"{run.sql()} ORDER BY customer_id")
    ids_of = run.table("assignments").column("segment_id")
    assert found.column("segment_id").to_pylist() == ids_of.to_pylist()
    for dialect in ("postgres", "spark", "bigquery", "snowflake"):
        assert "it" in run.sql(dialect)


def test_the_tree_says_that_it_needs_customer_value(tmp_path: Path) -> None:
    members(tmp_path)
    write_rules(tmp_path)
    settings = '[segmentation]\nalgorithm = "tree"'
    (tmp_path / "coterie.toml").write_text(SOURCE + settings)
    with pytest.raises(Exception, match="'tree' tells customer value"):
        Project(tmp_path).run()


def test_weights_of_the_user_decide_and_the_report_says_so(tmp_path: Path, data: Path) -> None:
    table = gzip.decompress((data / "mall_customers" / "mall_customers.csv.gz").read_bytes())
    (tmp_path / "mall.csv").write_bytes(table)
    source = (
        '[sources.customers]\nfile = "mall.csv"\nkey = "CustomerID"\n[segmentation]\nk = [3, 6]\n'
    )
    found = {}
    for name, weights in (("p", "{ value = 1 }"), ("s", "{ silhouette = 1 }")):
        (tmp_path / "coterie.toml").write_text(f"{source}weights = {weights}")
        run = found[name] = Project(tmp_path).run()
        rows = [row for row in run.table("candidates").to_pylist() if not row["reference"]]
        key = {"p": "P", "s": "silhouette"}[name]
        (winner,) = [row for row in rows if row["chosen"]]
        lost = [row for row in rows if row["reason_lost"].startswith("your weights")]
        assert all(row[key] <= winner[key] for row in lost)
        assert len(lost) >= 1
        assert "set by the user" in run.report.read_text(encoding="utf-8")
    assert found["p"].id != found["s"].id
    assert json.loads((found["s"].folder / "model.json").read_text())["choice"]["weights"] == {
        "silhouette": 1.0
    }


def test_the_flag_weighs_instead_of_the_settings(tmp_path: Path, coterie: Callable) -> None:
    members(tmp_path)
    settings = f"{SOURCE}[segmentation]\nk = [2, 3]\nweights = {{ value = 1 }}"
    (tmp_path / "coterie.toml").write_text(settings)
    told = coterie(tmp_path, "run", "--weights", "s=1,d=2", "--json")
    assert told.code == 0, told.error
    (model,) = (tmp_path / ".coterie" / "runs").glob("*/model.json")
    weights = json.loads(model.read_text())["choice"]["weights"]
    assert weights == {"stability": 1.0, "describability": 2.0}
    assert "'describability'" in coterie(tmp_path, "train", "--weights", "describe=1").error


SOURCE = '[sources.customers]\nfile = "members.parquet"\nkey = "id"\n'


def members(folder: Path) -> pa.Table:
    """Write a customer table in which a fifth of the spend is unknown."""
    numbers = range(60)
    table = pa.table(
        {
            "id": [str(n) for n in numbers],
            "spend": pa.array([float(n) if n % 5 else None for n in numbers]),
            "loyal": [n % 3 == 0 for n in numbers],
            "plan": [f"t{n % 3}" for n in numbers],
            "gender": [n % 2 for n in numbers],
        }
    )
    pq.write_table(table, folder / "members.parquet")
    return table


def write_rules(folder: Path, *conditions: str, before: str = "") -> None:
    rules = "".join(
        f'[[segmentation.rules]]\nname = "Rule {i}"\nwhere = "{where}"\n'
        for i, where in enumerate(conditions)
    )
    settings = f'{before}{SOURCE}[segmentation]\nalgorithm = "rules"\n{rules}'
    (folder / "coterie.toml").write_text(settings)
