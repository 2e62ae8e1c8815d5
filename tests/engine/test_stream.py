"""A stream of batches: its errors are as clear as those of a query that is run at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError

LATE = "SELECT {expr} AS a FROM range(1000000) AS t(i)"
"""Many batches, of which the first are good."""


def read(db: DuckDB, select: str) -> int:
    """Read a stream to its end and return the number of rows."""
    return sum(batch.num_rows for batch in db.stream(select))


def test_a_stream_gives_all_rows_in_order_and_in_batches() -> None:
    with DuckDB(threads=2) as db:
        batches = list(db.stream("SELECT i FROM range(300000) AS t(i) ORDER BY i", 1_000))
    assert len(batches) > 1
    assert [n for batch in batches for n in batch.column(0).to_pylist()] == list(range(300_000))


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("CAST(CASE WHEN i > 900000 THEN 'x' ELSE '1' END AS INT)", "not what it should be.*'x'"),
        ("CAST(i + 9223372036853800000 AS BIGINT) + 1000000", "larger than 64 bits hold"),
    ],
)
def test_an_error_half_way_is_said_as_at_the_start(expr: str, says: str) -> None:
    with DuckDB(threads=1) as db:
        with pytest.raises(DataError, match=says):
            read(db, LATE.format(expr=expr))
        with pytest.raises(DataError, match=says):
            db.query(LATE.format(expr=expr))


def test_a_sort_larger_than_memory_and_disk_allow_is_said(tmp_path: Path) -> None:
    with DuckDB(tmp_path, threads=1, memory_limit="30MB") as db:
        db.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(DataError, match="does not fit into the memory and disk"):
            read(db, "SELECT i, hash(i) AS h FROM range(5000000) AS t(i) ORDER BY h")


@pytest.mark.parametrize("method", [read, DuckDB.execute, DuckDB.query])
def test_ctrl_c_during_a_query_is_ctrl_c(
    method: Callable[[DuckDB, str], object], request: pytest.FixtureRequest
) -> None:
    # Started in the background, the tests were told to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    # About a second of work: a signal that the engine does not see comes up when it is done.
    select = "SELECT sum(a.i * b.i) FROM range(30000) AS a(i), range(12000) AS b(i)"
    moment = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    with DuckDB() as db:
        moment.start()  # not before: on a busy machine it takes longer to connect
        with pytest.raises(KeyboardInterrupt):
            method(db, select)
