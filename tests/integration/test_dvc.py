"""A project made with ``init --dvc`` runs under DVC, and only when something has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coterie.sources.shop import write_shop

RAN = "Running stage 'run'"


class Dvc:
    """A project of 120 customers, and the commands that work on it without our own settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        self.home = folder / "home"
        self.home.mkdir()
        places = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
        places += ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR")
        paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.env = {name: str(self.home) for name in places}
        self.env |= {"PATH": paths, "DVC_NO_ANALYTICS": "1", "GIT_CONFIG_NOSYSTEM": "1"}

    def __call__(self, *command: str) -> str:
        """Run a command in the project; it must succeed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, seed: int) -> None:
        """Write the orders of another seed and days: other data under the same name."""
        write_shop(self.folder, customers=120, seed=seed, tables=["orders"], format="csv")


@pytest.fixture(scope="module")
def dvc(tmp_path_factory: pytest.TempPathFactory) -> Dvc:
    dvc = Dvc(tmp_path_factory.mktemp("dvc"))
    dvc.folder.mkdir()
    dvc.write(seed=0)
    dvc("git", "init", "--quiet")
    dvc("dvc", "init", "--quiet")
    dvc("coterie", "init", "--dvc", "orders.csv")
    settings = dvc.folder / "coterie.toml"
    settings.write_text(settings.read_text().replace('k = "auto"', 'k = 3\nalgorithm = "kmeans"'))
    return dvc


def test_dvc_runs_the_pipeline_once_and_again_only_for_other_data(dvc: Dvc) -> None:
    assert RAN in dvc("dvc", "repro")
    first = json.loads((dvc.folder / "metrics.json").read_text())
    assert first["ok"]
    assert len(first["data"]["segments"]) == 3

    again = dvc("dvc", "repro")
    assert RAN not in again
    assert "up to date" in again

    shown = json.loads(dvc("dvc", "metrics", "show", "--json"))
    figures = shown[""]["data"]["metrics.json"]["data"]
    assert figures["run_id"] == first["run_id"]
    orders = figures["data"]["quality"]["tables"]["orders"]
    assert orders["rows_in"] == orders["accepted"] + orders["quarantined"]

    dvc.write(seed=1)
    assert RAN in dvc("dvc", "repro")
    second = json.loads((dvc.folder / "metrics.json").read_text())
    assert second["run_id"] != first["run_id"]
