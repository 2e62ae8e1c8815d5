"""The same input gives the same bytes, whatever the number of threads."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from coterie.config import load_settings
from coterie.engine.duckdb import DuckDB
from coterie.pipeline.run import run
from coterie.sources.base import Source
from coterie.sources.samples import write_sample
from coterie.store.home import Home
from coterie.validation.ingest import ingest

LINES = 400_000
"""More than three row groups, so that several threads share them."""


def contents(*folders: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the log, by its path within its folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def test_a_run_has_the_same_id_and_bytes_on_one_thread_and_on_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for threads in ("1", "4"):
        folder = tmp_path / threads
        write_sample("shop", folder, customers=400)
        monkeypatch.setenv("COTERIE_THREADS", threads)
        outcome = run(load_settings(folder), folder)
        home = folder / ".coterie"
        found.append((outcome.run_id, contents(home / "runs", home / "data")))
    assert found[0] == found[1]
    assert f"{found[0][0]}/report.html" in found[0][1]


def write_orders(path: Path) -> None:
    """Write lines of which each is of one of 40 products, one in a thousand unreadable."""
    rng = np.random.default_rng(0)
    prices = np.char.add("1.", rng.integers(10, 99, LINES).astype(str)).astype(object)
    prices[::1000] = "free?"
    orders = {
        "customer_id": rng.integers(0, 20_000, LINES).astype(str),
        "timestamp": rng.integers(1_700_000_000, 1_730_000_000, LINES).astype("datetime64[s]"),
        "product_id": np.char.add("P", rng.integers(0, 40, LINES).astype(str)),
        "quantity": rng.integers(-1, 5, LINES),
        "unit_price": prices,
    }
    pq.write_table(pa.table(orders), path)


def test_checked_lines_keep_the_order_of_the_file_and_their_bytes_on_four_threads(
    tmp_path: Path,
) -> None:
    write_orders(tmp_path / "orders.parquet")
    names = ("customer_id", "timestamp", "product_id", "quantity", "unit_price")
    # So many codes that a list of constants would be joined.
    codes = tuple(f"P{number}" for number in range(10))
    source = Source(
        table="orders",
        file="../orders.parquet",
        columns={name: name for name in names},
        service_codes=codes,
    )
    found = []
    for threads in (1, 4):
        project = tmp_path / f"project-{threads}"
        project.mkdir()
        data = Home(project).data
        with DuckDB(threads=threads) as db:
            made = ingest(
                db,
                {"orders": source},
                {},
                timezone="UTC",
                home=Home(project),
                tell=lambda _what: None,
            )
        found.append(contents(data))
    lines = pq.read_table(made.folder / "lines" / "part-0000.parquet", columns=["line_id"])
    numbers = [int(name.removeprefix("orders:")) for name in lines.column("line_id").to_pylist()]
    assert numbers == sorted(numbers)
    assert found[0] == found[1]


def test_the_size_of_parts_changes_the_files_of_lines_and_nothing_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COTERIE_SEGMENTATION__K", "4")
    monkeypatch.setenv("COTERIE_SEGMENTATION__LENS", "custom")
    monkeypatch.setenv("COTERIE_SEGMENTATION__FEATURES", '["recency", "frequency", "monetary"]')
    write_sample("shop", tmp_path / "one", customers=400)
    (tmp_path / "many").symlink_to(tmp_path / "real", target_is_directory=True)
    write_sample("shop", tmp_path / "real", customers=400)
    found, lines = [], []
    for name, rows in (("one", 10**9), ("many", 1_000)):
        monkeypatch.setattr("coterie.validation.ingest.PART_ROWS", rows)
        monkeypatch.setattr("coterie.profiling.output.PART_ROWS", rows)
        folder = tmp_path / name
        outcome = run(load_settings(folder), folder)
        found.append(contents(folder / ".coterie" / "runs"))
        (data,) = (folder / ".coterie" / "data").iterdir()
        parts = sorted((data / "lines").iterdir())
        assert (len(parts) > 4) == (name == "many")
        lines.append(pa.concat_tables(pq.read_table(part) for part in parts))
    assert found[0] == found[1]
    assert lines[0].equals(lines[1])
    assert f"{outcome.run_id}/state.parquet" in found[1]
