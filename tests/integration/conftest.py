"""The command line called as a user calls it, in this process or in one that may be killed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.commands import (
    CUSTOMERS,
    ORDERS,
    Forks,
    Said,
    customers_csv,
    fork_server,
    orders_csv,
)
from coterie import cli


@pytest.fixture
def coterie(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Said]]:
    """Call the command line in this process, from a folder; warnings are errors here."""
    before = signal.getsignal(signal.SIGTERM)

    def call(folder: Path, *words: str) -> Said:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["coterie", *words])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """Texts that tests write into files and change: orders, customers and their settings."""
    return {
        "orders": orders_csv(),
        "orders.toml": ORDERS,
        "customers": customers_csv(),
        "customers.toml": CUSTOMERS,
        "orders_csv": orders_csv,
        "customers_csv": customers_csv,
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a project of a few orders, not yet run."""
    (tmp_path / "orders.csv").write_text(orders_csv())
    (tmp_path / "coterie.toml").write_text(ORDERS)
    return tmp_path


@pytest.fixture
def club(tmp_path: Path) -> Path:
    """Return a project of a customer table, not yet run; it runs in under a second."""
    (tmp_path / "customers.csv").write_text(customers_csv())
    (tmp_path / "coterie.toml").write_text(CUSTOMERS)
    return tmp_path


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Start the process that forks; see ``Forks``."""
    with fork_server(tmp_path_factory.mktemp("forks")) as server:
        yield server
