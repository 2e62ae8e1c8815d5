"""Product lists of a project: from lines to files, commands and words."""

from __future__ import annotations

import csv
import gzip
import hashlib
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from coterie import NotReadyError, ParameterError, Project
from coterie.features.windows import to_date
from coterie.offers.kept_products import Products
from coterie.offers.products import EASE_PRODUCTS
from coterie.store.home import Home

AS_OF = date(2011, 11, 10)
SERVICE = ["POST", "DOT", "M", "C2", "D", "BANK CHARGES"]
SETTINGS = """
[project]
name = "shop"
[sources.orders]
file = "orders.csv"
service_codes = ["POST", "DOT", "M", "C2", "D", "BANK CHARGES"]
[sources.orders.columns]
customer_id = "CustomerID"
order_id = "InvoiceNo"
timestamp = "InvoiceDate"
product_id = "StockCode"
product_name = "Description"
quantity = "Quantity"
unit_price = "UnitPrice"
[segmentation]
k = 3
algorithm = "kmeans"
lens = "custom"
features = ["recency", "frequency", "monetary"]
"""


def _write(data: Path, folder: Path, *, until: str = "9999") -> Path:
    """Write a project of the first customers of Online Retail, and some guests."""
    with gzip.open(data / "online_retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    who, when, order = (head.index(name) for name in ("CustomerID", "InvoiceDate", "InvoiceNo"))
    kept = [
        row
        for row in rows
        if row[when] < until and ((row[who] and int(row[who]) < 12_700) or row[order] < "536600")
    ]
    folder.mkdir(exist_ok=True)
    with (folder / "orders.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *kept])
    (folder / "coterie.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def project(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was run as of a day before the last of its rows."""
    found = Project(_write(data, tmp_path_factory.mktemp("retail") / "all"))
    found.run(as_of=AS_OF)
    return found


@pytest.fixture(scope="module")
def made(project: Project) -> Products:
    return project.products()


def _lines(project: Project) -> Any:
    return pq.read_table(next((project.folder / ".coterie" / "data").glob("*/lines")))


def _hashes(found: Products) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(found.folder.iterdir())
    }


def test_services_are_never_listed(made: Products, project: Project) -> None:
    kinds = _lines(project)
    services = set(kinds.filter(pc.equal(kinds["kind"], "service"))["product_id"].to_pylist())
    assert services & set(SERVICE)
    for table, column in [
        ("recommendations", "product_id"),
        ("popular", "product_id"),
        ("pairs", "first_id"),
        ("pairs", "second_id"),
        ("demand", "product_id"),
        ("forecasts", "product_id"),
        ("sellers", "product_id"),
    ]:
        listed = set(made.table(table)[column].to_pylist())
        assert listed
        assert not listed & set(SERVICE)


def test_new_products_were_never_bought_and_the_others_were(
    made: Products, project: Project
) -> None:
    day = (AS_OF - date(1970, 1, 1)).days
    lines = _lines(project)
    counts = pc.and_(pc.equal(lines["kind"], "sale"), pc.less(lines["day"], day))
    open_ = pc.or_kleene(pc.is_null(lines["net_day"]), pc.greater_equal(lines["net_day"], day))
    sold = lines.filter(pc.and_(counts, open_))
    bought = set(zip(sold["customer_id"].to_pylist(), sold["product_id"].to_pylist(), strict=True))
    rows = made.lists().to_pylist()
    assert {row["track"] for row in rows} == {"again", "new"}
    for row in rows:
        assert ((row["customer_id"], row["product_id"]) in bought) == (row["track"] == "again")


def test_nothing_of_or_after_the_day_is_seen(data: Path, made: Products, tmp_path: Path) -> None:
    known = Project(_write(data, tmp_path / "cut", until=AS_OF.isoformat()))
    known.run(as_of=AS_OF)
    assert (
        _hashes(known.products())["recommendations.parquet"]
        == (_hashes(made)["recommendations.parquet"])
    )
    assert _hashes(known.products())["demand.parquet"] == _hashes(made)["demand.parquet"]


def test_the_same_bytes_on_one_thread_and_on_two(
    project: Project, made: Products, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(project.folder, tmp_path / "copy"))
    for threads in ("1", "2"):
        shutil.rmtree(folder / ".coterie" / "predictions")
        monkeypatch.setenv("COTERIE_THREADS", threads)
        again = Project(folder).products()
        assert again.folder.name == made.folder.name
        assert _hashes(again) == _hashes(made)


def test_what_was_made_is_kept_and_a_new_name_is_on_the_page(
    project: Project, made: Products, tmp_path: Path
) -> None:
    project = Project(shutil.copytree(project.folder, tmp_path / "copy"))
    first = project.products()
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert project.products().folder == first.folder
    assert before == {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    project.rename(project.latest.segments[0]["id"], "My darlings")
    again = project.products()
    assert again.folder != first.folder
    assert "My darlings" in again.report.read_text()
    lists = [one.table("recommendations") for one in (first, again)]
    assert lists[0].equals(lists[1])


def test_what_was_made_can_be_read_while_a_run_is_at_work(project: Project, made: Products) -> None:
    with Home(project.folder).alone():
        assert project.recommend("12347")["known"]


def test_what_was_made_can_be_read_without_the_lines(
    project: Project, made: Products, tmp_path: Path
) -> None:
    copy = Project(shutil.copytree(project.folder, tmp_path / "copy"))
    shutil.rmtree(copy.folder / ".coterie" / "data")
    assert copy.recommend("12347") == project.recommend("12347")
    shutil.rmtree(copy.folder / ".coterie" / "predictions")
    with pytest.raises(NotReadyError, match="lines of this run are gone"):
        copy.products()


def test_a_customer_gets_reasons_that_are_true(project: Project, made: Products) -> None:
    lines = _lines(project)
    mine = lines.filter(pc.equal(lines["customer_id"], "12347"))
    for item in project.recommend("12347", track="again")["items"]:
        one = mine.filter(pc.equal(mine["product_id"], item["product_id"]))
        days = sorted({to_date(day) for day in one["day"].to_pylist() if to_date(day) < AS_OF})
        ago = (AS_OF - days[-1]).days - 1
        times = "once," if len(days) == 1 else f"{len(days)} times, last"
        assert item["reason"] == f"bought {times} {ago} day{'s' * (ago != 1)} ago"
    new = made.recommend("12347", n=4, track="new")["items"]
    assert [item["rank"] for item in new] == [1, 2, 3, 4]
    assert all(item["reason"].startswith("bought by people who bought ") for item in new)


def test_somebody_unknown_gets_what_sells_best_and_is_told_so(made: Products) -> None:
    found = made.recommend("nobody", n=5)
    assert (found["known"], len(found["items"])) == (False, 5)
    assert "Nothing is known of 'nobody'" in found["note"]
    everybody = made.table("popular").filter(pc.equal(made.table("popular")["segment_id"], "all"))
    listed = [item["product_id"] for item in found["items"]]
    assert listed == everybody["product_id"].to_pylist()[:5]
    assert {item["track"] for item in found["items"]} == {"popular"}
    again = made.recommend("nobody", track="again")
    assert (again["items"], "sells best" in again["note"]) == ([], False)


def test_forecasts_of_segments_add_up_to_those_of_all(made: Products) -> None:
    table = made.table("forecasts")
    assert made.summary["method"] in {"naive", "drift"}
    assert "season" in made.report.read_text()
    whole = pc.equal(table["segment_id"], "all")
    sums = [pc.sum(table.filter(rows)["last"]).as_py() for rows in (whole, pc.invert(whole))]
    assert sums[0] == pytest.approx(sums[1])
    assert sums[0] > 0
    assert table["year_before"].null_count == table.num_rows  # eleven whole months


def test_a_segment_is_found_by_id_and_by_name(made: Products) -> None:
    one = made.summary["segments"][0]
    assert made.segment(one["id"]) == made.segment(one["name"])
    assert made.segment()["segment"]["id"] == "all"
    with pytest.raises(ParameterError, match="segment='nobody' is not known"):
        made.segment("nobody")


def test_the_commands_speak_plainly(coterie: Callable[..., Any], project: Project) -> None:
    said = coterie(project.folder, "recommend", "12347", "--n", "3", "--again")
    assert said.code == 0
    assert said.out.count("bought ") == 3
    assert "report.html" in said.out
    cold = coterie(project.folder, "recommend", "nobody", "--json").json
    assert cold["warnings"][0]["code"] == "cold_start"
    told = coterie(project.folder, "products").out
    assert "Bought together" in told
    page = Project(project.folder).products().report.read_text()
    assert "linear model of products on products (EASE)" in page
    assert "it is forecast by" in told
    segment = Project(project.folder).latest.segments[0]["id"]
    assert "Bought more than by all" in coterie(project.folder, "products", segment).out


def test_all_lists_go_to_a_file(
    coterie: Callable[..., Any], project: Project, tmp_path: Path
) -> None:
    said = coterie(project.folder, "recommend", "--to", str(tmp_path / "all.csv"), "--n", "2")
    assert said.code == 0
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0].keys() >= {"customer_id", "rank", "product_id", "track", "score", "reason"}
    assert {row["rank"] for row in rows} == {"1", "2"}
    both = coterie(project.folder, "recommend", "12347", "--to", str(tmp_path / "one.csv"))
    none = coterie(project.folder, "recommend", "--json")
    sides = coterie(project.folder, "recommend", "12347", "--again", "--new")
    assert [said.code for said in (both, none, sides)] == [2, 2, 2]
    assert "Whose list?" in both.err
    assert none.json["error"]["message"] == "Whose list?"
    refused = coterie(project.folder, "recommend", "--to", "all.xlsx")
    assert "Use .csv or .parquet" in refused.error


def test_without_products_the_missing_column_is_named(shop: Path) -> None:
    Project(shop).run()
    with pytest.raises(NotReadyError, match="no product_id in the orders") as told:
        Project(shop).products()
    assert told.value.where == "product_id"
    assert not list((shop / ".coterie" / "predictions").iterdir())


def test_a_project_without_orders_is_told_what_is_missing(club: Path) -> None:
    Project(club).run()
    with pytest.raises(NotReadyError, match="Products need orders"):
        Project(club).products()


def test_before_a_run_there_is_nothing(shop: Path) -> None:
    with pytest.raises(NotReadyError, match="Make one: coterie run"):
        Project(shop).products()


def test_above_the_limit_of_ease_neighbours_tell_what_is_new(
    coterie: Callable[..., Any], shop: Path
) -> None:
    # customers of even and odd shelves: nobody buys from the other, so nothing of it is listed
    n = EASE_PRODUCTS + 2
    shelf = [(day, product) for product in range(n) for day in range(1 + (product < 40))]
    rows = [
        f"C{2 * (product // 2 * (day + 1) % 50) + product % 2},"
        f"2023-01-{1 + product % 17 + day:02d},"
        f"5.00,O{product}-{day},P{product:05d}"
        for day, product in shelf
    ]
    (shop / "orders.csv").write_text("\n".join(["customer,date,amount,order,item", *rows]))
    settings = (shop / "coterie.toml").read_text()
    (shop / "coterie.toml").write_text(settings.replace("{ ", '{ product_id = "item", '))
    project = Project(shop)
    project.run()
    made = project.products()
    assert (made.summary["learner"], made.summary["products"]) == ("neighbours", n)
    assert "more than 20,000 products, too many for one linear model" in made.report.read_text()
    assert "nearest neighbours" in coterie(shop, "recommend", "C1").out
    assert coterie(shop, "products", "--json").json["data"]["learner"] == "neighbours"
    told = [row for row in made.lists(track="new").to_pylist() if row["reason"] != "sells best now"]
    assert told
    for row in told:
        assert row["reason"].startswith("bought by people who bought ")
        assert int(row["customer_id"][1:]) % 2 == int(row["product_id"][1:]) % 2


def test_one_product_and_a_few_days_are_enough(shop: Path) -> None:
    rows = [f"C{n % 20},2023-01-{1 + n % 17:02d},{5 + n % 3}.00,O{n},only" for n in range(60)]
    (shop / "orders.csv").write_text("\n".join(["customer,date,amount,order,item", *rows]))
    settings = (shop / "coterie.toml").read_text()
    (shop / "coterie.toml").write_text(settings.replace("{ ", '{ product_id = "item", '))
    project = Project(shop)
    project.run()
    made = project.products()
    assert made.summary["method"] == "none"
    page = made.report.read_text()
    assert "too few days" in page
    assert "no product is bought clearly more than by all" in page
    assert "<tbody>\n</tbody>" not in page
    (item,) = made.recommend("C1")["items"]
    assert (item["product_id"], item["track"]) == ("only", "again")
    assert made.recommend("C1", track="new")["items"] == []
    assert made.segment()["products"] == []
