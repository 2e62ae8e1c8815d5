"""What customers will spend, from the lines of CDNOW to the page; nothing looks ahead."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coterie import Project
from coterie.config import make_settings
from coterie.errors import NotReadyError
from coterie.features.value import ValueModel

AS_OF = date(1998, 1, 1)
FILES = ("value.parquet", "summary.json", "report.html")
Rows = Sequence[Sequence[str]]


def project_of(folder: Path, rows: Rows, **more: Any) -> Project:
    with (folder / "orders.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["customer_id", "date", "dollar_value"], *rows])
    columns = {"customer_id": "customer_id", "timestamp": "date", "amount": "dollar_value"}
    source = {"file": "orders.csv", "columns": columns, "free_orders": True}
    chosen = {"k": 3, "horizon": "90d", "algorithm": "kmeans", "lens": "custom"}
    chosen["features"] = ["recency", "frequency", "monetary"]
    return Project(
        folder, make_settings({"sources": {"orders": source}, "segmentation": chosen} | more)
    )


@pytest.fixture(scope="module")
def lines(data: Path) -> list[list[str]]:
    """Every purchase of the first 1,100 customers of the CDNOW sample."""
    with gzip.open(data / "cdnow" / "cdnow_sample.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = [row for row in rows if int(row["sample_id"]) <= 1_100]
    return [[row["customer_id"], iso(row["date"]), row["dollar_value"]] for row in kept]


def iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def first(lines: Rows, customers: int, *, before: str) -> Rows:
    """Return the rows of so many customers before a day."""
    ids = set(sorted({row[0] for row in lines})[:customers])
    return [row for row in lines if row[0] in ids and row[1] < before]


@pytest.fixture(scope="module")
def valued(lines: list[list[str]], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose run ends with 1997, and what it foretells."""
    project = project_of(tmp_path_factory.mktemp("cdnow"), lines)
    project.run(as_of=AS_OF)
    project.value()
    return project


def test_every_customer_is_foretold_and_the_summary_adds_up(valued: Project) -> None:
    found = valued.value()
    table, summary = found.table().to_pandas(), found.summary
    assert len(table) == valued.latest.table("assignments").num_rows
    assert summary["customers"] + summary["without_orders"] == len(table)
    assert summary["total"]["spend"] == pytest.approx(table.spend.sum())
    assert sum(one["spend"] for one in summary["segments"]) == pytest.approx(table.spend.sum())
    assert (table.active + table.churn).to_numpy() == pytest.approx(1.0)
    assert table.churn.between(0, 1).all()
    assert (table.spend_low <= table.spend).all()
    assert (table.spend <= table.spend_high).all()
    assert set(table.next_segment_id) <= {one["id"] for one in summary["segments"]}


def test_one_time_buyers_churn_though_bg_nbd_calls_them_alive(valued: Project) -> None:
    table = valued.value().table().to_pandas().set_index("customer_id")
    features = valued.latest.table("features").to_pandas().set_index("customer_id")
    once = table[features.frequency == 1]
    assert once.churn.min() > 0.7
    assert once.lapsing.isna().all()


def test_the_fit_is_that_of_the_value_model_on_the_same_orders(valued: Project) -> None:
    state = valued.latest.table("state").to_pandas()
    x = (state.order_days - 1).to_numpy()
    day = (AS_OF - date(1970, 1, 1)).days
    mean = (state.net - state.first_day_net).to_numpy() / 1e6 / np.maximum(x, 1)
    model = ValueModel.fit(
        x, state.last_day - state.first_day, day - 1 - state.first_day, mean, horizon_days=90
    )
    assert valued.value().summary["model"]["classic"] == json.loads(json.dumps(model.to_dict()))


def test_the_last_window_is_judged_against_plain_rules(valued: Project) -> None:
    last = valued.value().summary["last_window"]
    assert (last["from"], last["until"], last["days"]) == ("1997-10-03", "1998-01-01", 90)
    chosen, before = last["spend"]["chosen"], last["spend"]["last"]
    assert chosen["mae"] < before["mae"]
    assert chosen["gini"] > 0.5 > last["spend"]["mean"]["gini"]
    assert last["churn"]["chosen"]["auc"] > 0.7
    assert last["churn"]["chosen"]["ece"] < 0.1
    assert 0.75 < last["coverage"] < 0.95
    assert sum(one["customers"] for one in last["deciles"]) == last["customers"] == 1_100


def test_the_next_segment_is_foretold_better_than_by_staying(valued: Project) -> None:
    judged = valued.value().summary["next_segment"]["judged"]
    assert judged["trees"]["accuracy"] > judged["stay"]["accuracy"] - 0.02
    assert judged["trees"]["log_loss"] < judged["markov"]["log_loss"]


def test_what_comes_after_the_day_changes_no_byte(
    valued: Project, lines: list[list[str]], tmp_path: Path
) -> None:
    later = str(AS_OF)
    changed = [
        [who, day, f"{9 * float(money) + 1:.2f}" if day >= later else money]
        for who, day, money in lines
        if day < later or int(who) % 3
    ]
    changed.append(["newcomer", "1998-03-03", "55.00"])
    project = project_of(tmp_path, changed)
    project.run(as_of=AS_OF)
    assert project.latest.id != valued.latest.id
    one, other = valued.value().folder, project.value().folder
    for name in FILES:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_any_number_of_threads_gives_the_same_bytes(valued: Project, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(valued.folder, tmp_path / "copy"))
    shutil.rmtree(copy / ".coterie" / "predictions")
    settings = valued.settings.model_copy(update={"threads": 1})
    found = Project(copy, settings).value().folder
    for name in ("manifest.json", *FILES):
        assert (found / name).read_bytes() == (valued.value().folder / name).read_bytes(), name


def test_a_short_history_is_refused_with_what_is_needed(
    lines: list[list[str]], tmp_path: Path
) -> None:
    project = project_of(tmp_path, first(lines, 250, before="1997-03-01"))
    project.run()
    with pytest.raises(NotReadyError, match=r"days of history; 90 needed"):
        project.value()
    assert not list((tmp_path / ".coterie").glob("predictions/*"))


def test_without_a_window_to_judge_by_bg_nbd_stands_alone_and_says_so(
    lines: list[list[str]], tmp_path: Path
) -> None:
    project = project_of(tmp_path, first(lines, 700, before="1997-04-10"))
    project.run()
    found = project.value()
    assert found.summary["last_window"] is None
    assert "90 needed" in found.summary["last_window_reason"]
    assert not found.summary["model"]["choices"]["spend"]["joined"]
    assert found.table().column("spend_low").null_count == found.table().num_rows
    assert "is not known" in found.report.read_text(encoding="utf-8")


def test_the_command_tells_all_and_one(
    valued: Project, coterie: Callable[..., Any], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(valued.folder, tmp_path / "project"))
    (folder / "coterie.toml").write_text(
        '[sources.orders]\nfile = "orders.csv"\nfree_orders = true\n[sources.orders.columns]\n'
        'customer_id = "customer_id"\ntimestamp = "date"\namount = "dollar_value"\n'
        "[segmentation]\nk = 3\n"
    )
    said = coterie(folder, "value", "--to", "value.csv")
    assert said.code == 0, said.err
    assert "orders and to spend" in said.out
    assert "report.html" in said.out
    listed = (folder / "value.csv").read_text(encoding="utf-8").splitlines()
    assert len(listed) == 1 + valued.value().table().num_rows
    answer = coterie(folder, "value", "--json").json
    assert answer["data"].keys() >= {"total", "segments", "last_window", "report"}
    who = valued.value().table().column("customer_id")[0].as_py()
    one = coterie(folder, "value", "--customer", who, "--json").json["data"]
    assert one["customer_id"] == who
    assert one["churn"] == pytest.approx(1 - one["active"])
    assert (one["horizon_days"], one["currency"]) == (90, answer["data"]["currency"])
    assert coterie(folder, "value", "--customer", who).code == 0
    assert coterie(folder, "value", "--customer", "nobody").code == 1


def test_a_name_given_since_is_in_the_summary_and_on_the_page(
    valued: Project, tmp_path: Path
) -> None:
    project = Project(shutil.copytree(valued.folder, tmp_path / "copy"), valued.settings)
    project.rename(project.latest.segments[0]["id"], "My darlings")
    again = project.value()
    assert again.folder != valued.value().folder
    assert again.summary["segments"][0]["name"] == "My darlings"
    assert "My darlings" in again.report.read_text(encoding="utf-8")
    assert again.table().equals(valued.value().table())


def test_a_horizon_too_short_to_judge_is_not_blamed_on_the_history(valued: Project) -> None:
    found = valued.value(horizon="7d").summary
    assert found["last_window"] is None
    assert found["last_window_reason"] == "A horizon below 28 days is too short to judge by."
