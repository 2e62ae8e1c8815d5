"""A server on a port of its own machine, with real workers."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from coterie import Project
from coterie.service.app import create_app
from coterie.service.params import ServerParams
from coterie.service.processes import working
from tests.service.shop import make_shop, work_out

CARDS = "id,spend,visits,plan\n" + "".join(
    f"c{n:03d},{n % 7 * 10 + n % 3},{1 if n % 2 else 9},{'gold' if n % 7 > 3 else 'basic'}\n"
    for n in range(120)
)
ROOT = "/api/v1/projects"


@contextmanager
def served(params: ServerParams, *, workers: int = 1) -> Iterator[httpx.Client]:
    """Serve on a free port while the block lasts, and yield a client."""
    server = uvicorn.Server(uvicorn.Config(create_app(params), port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        url = f"http://127.0.0.1:{port}"
        with working(params, workers), httpx.Client(base_url=url, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a project of 120 card holders that was run; to be copied."""
    folder = tmp_path_factory.mktemp("made") / "cards"
    folder.mkdir()
    (folder / "cards.csv").write_text(CARDS)
    (folder / "coterie.toml").write_text(
        '[project]\nname = "Cards"\n[sources.customers]\nfile = "cards.csv"\nkey = "id"\n'
        "[columns.visits]\nmax = 100\n[segmentation]\nk = 3\n"
    )
    Project(folder).run()
    return folder


@pytest.fixture
def ready(cards: Path, tmp_path: Path) -> Iterator[httpx.Client]:
    """Yield a client of a server without workers, with a published run of card holders."""
    shutil.copytree(cards, tmp_path / "home" / "cards")
    with served(ServerParams(tmp_path / "home"), workers=0) as client:
        yield client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    """Yield a client of a server with one worker and no project."""
    with served(ServerParams(tmp_path / "home")) as client:
        yield client


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that holds the project ``shop``, with two runs; tests serve copies of it."""
    home = tmp_path_factory.mktemp("home")
    make_shop(home / "shop")
    return home


@pytest.fixture(scope="session")
def shop_home(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose shop has its predictions and its plan made."""
    home = tmp_path_factory.mktemp("reading") / "home"
    shutil.copytree(shop, home)
    work_out(Project(home / "shop"))
    return home


@pytest.fixture(scope="session")
def reader(shop_home: Path) -> Iterator[httpx.Client]:
    """Yield a client of a server that only reads."""
    with served(ServerParams(shop_home), workers=0) as client:
        yield client


@pytest.fixture(scope="session")
def project(shop_home: Path) -> Project:
    """Return the project that the reader reads."""
    return Project(shop_home / "shop")


def put_cards(client: httpx.Client, project: str = "cards", *, k: int = 3) -> str:
    """Make a project of 120 card holders, upload and map them; return the upload's id."""
    assert client.post(ROOT, json={"name": project}).status_code == 201
    files = {"file": ("cards.csv", CARDS.encode())}
    sent = client.post(f"{ROOT}/{project}/uploads", files=files)
    assert sent.status_code == 201, sent.text
    upload = str(sent.json()["id"])
    proposed = client.post(f"{ROOT}/{project}/mapping", json={"uploads": [upload]}).json()
    toml = proposed["toml"].replace('k = "auto"', f"k = {k}")
    accepted = client.put(f"{ROOT}/{project}/mapping", json={"toml": toml})
    assert accepted.status_code == 200, accepted.text
    return upload


def finish(client: httpx.Client, job: dict[str, Any], project: str = "cards") -> dict[str, Any]:
    """Wait until a job has ended, and return it."""
    return wait_for(
        lambda: client.get(f"{ROOT}/{project}/jobs/{job['id']}").json(),
        lambda found: found["state"] in {"done", "failed", "cancelled"},
    )


def wait_for(
    ask: Callable[[], dict[str, Any]], enough: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Ask until the answer will do, for two minutes at most."""
    end = time.monotonic() + 120
    while not enough(found := ask()):
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def published_cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of the card holders that was run once; to be copied, not changed."""
    folder = tmp_path_factory.mktemp("published") / "cards"
    place = folder / "uploads" / "u000000000000"
    place.mkdir(parents=True)
    (place / "cards.csv").write_text(CARDS, encoding="utf-8")
    (folder / "coterie.toml").write_text(
        '[sources.customers]\nfile = "uploads/u000000000000/cards.csv"\nkey = "id"\n'
        "[segmentation]\nk = 3\n",
        encoding="utf-8",
    )
    Project(folder).run()
    return folder
