"""The server: one prediction at a time, beside what people write; a million rows in one request."""

from __future__ import annotations

import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow.csv as pc
from sklearn.cluster import KMeans
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.bench_choice import DATA
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.load import drive
from coterie import Project

ROWS = 1_000_000
RATE, SECONDS = 500, 20
FAST = 4_000
"""Requests of a turn as fast as the answers come."""
TURNS = 5
COTERIE = str(Path(sys.executable).with_name("coterie"))
GUNICORN = str(Path(sys.executable).with_name("gunicorn"))
PATH = "/api/v1/projects/cards/predict"


def make_cards(home: Path) -> Path:
    """Segment the credit card customers, as a project of a server."""
    folder = home / "cards"
    folder.mkdir(parents=True)
    shutil.copy(DATA / "credit_card" / "cc_general.csv.gz", folder)
    (folder / "coterie.toml").write_text(
        '[sources.customers]\nfile = "cc_general.csv.gz"\nkey = "CUST_ID"\n'
        '[segmentation]\nalgorithm = "kmeans"\nk = 6\n'
    )
    Project(folder).run()
    return folder


def one_person(folder: Path) -> dict[str, Any]:
    """Return the first customer of the file."""
    table = pc.read_csv(folder / "cc_general.csv.gz").slice(0, 1)
    return {name: value for name, value in table.to_pylist()[0].items() if name != "CUST_ID"}


def write_peer(folder: Path, file: Path) -> None:
    """Pickle a pipeline of the same kind: fill, compress, scale, six means."""
    frame = pc.read_csv(folder / "cc_general.csv.gz").to_pandas().drop(columns="CUST_ID")
    steps = (SimpleImputer(), FunctionTransformer(np.log1p), StandardScaler())
    fitted = make_pipeline(*steps, KMeans(6, n_init=3, random_state=0)).fit(frame)
    file.write_bytes(pickle.dumps(fitted))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=os.environ | environment, **quiet) as process:  # type: ignore[call-overload] # two keywords
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        try:
            yield process
        finally:
            process.terminate()


@figure("S5")
def one_prediction() -> Outcome:
    """Ask both for the segment of the same person: ours tells reasons and problems as well."""
    ours_port, peer_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = make_cards(home / "projects")
        write_peer(folder, home / "pipeline.pickle")
        body = msgspec.json.encode({"rows": [one_person(folder)]})
        ours = [COTERIE, "serve", str(home / "projects"), "--port", str(ours_port)]
        ours += ["--processes", "2", "--workers", "0"]
        peer = [GUNICORN, "--workers", "2", "--bind", f"127.0.0.1:{peer_port}"]
        peer += ["benchmarks.peer_flask:app"]
        pickled = {"PEER_PIPELINE": str(home / "pipeline.pickle")}
        ratios = []
        with serving(ours, ours_port), serving(peer, peer_port, **pickled):
            drive(ours_port, PATH, body, n=500)
            drive(peer_port, "/predict", body, n=500)
            for turn in range(TURNS):
                sides = [(ours_port, PATH), (peer_port, "/predict")][:: -1 if turn % 2 else 1]
                rates = {port: drive(port, path, body, n=FAST) for port, path in sides}
                mine, other = rates[ours_port], rates[peer_port]
                print(
                    f"as fast as can be: {mine.rate:,.0f}/s, peer {other.rate:,.0f}/s; "
                    f"failed {mine.failed}, {other.failed}",
                    flush=True,
                )
                ratios.append(mine.rate / other.rate)
            steady = drive(ours_port, PATH, body, n=RATE * SECONDS, rate=RATE, lines=64)
            other = drive(peer_port, "/predict", body, n=RATE * 5, rate=RATE, lines=64)
    median = sorted(ratios)[len(ratios) // 2]
    milli = {share: 1e3 * steady.quantile(share) for share in (0.5, 0.95, 0.99)}
    print("at 500/s, milliseconds:", {share: round(value, 2) for share, value in milli.items()})
    print(f"the peer's 99 % at 500/s: {1e3 * other.quantile(0.99):,.1f} ms")
    return Outcome(
        f"POST of one person with 17 fields to the published k-means: {RATE} a second for "
        f"{SECONDS} s, and {TURNS} turns of {FAST:,} on 16 connections beside Flask with a "
        "pickled pipeline and pandas under gunicorn, 2 processes each; the load comes from the "
        "same machine",
        (
            at_most("99 % of answers within", milli[0.99], 10, unit=" ms"),
            at_least("throughput ÷ the peer's", median, 3, interval=(min(ratios), max(ratios))),
            at_most("answers that failed", float(steady.failed), 0),
        ),
    )


@figure("S6")
def a_million_rows() -> Outcome:
    """Send a CSV of a million customers, and read the answer as it comes."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = make_cards(home / "projects")
        table = pc.read_csv(folder / "cc_general.csv.gz")
        rows = np.random.default_rng(0).integers(0, table.num_rows, ROWS)
        pc.write_csv(table.take(rows), home / "people.csv")
        with serving([COTERIE, "serve", str(home / "projects"), "--port", str(port)], port) as ours:
            drive(port, PATH, msgspec.json.encode({"rows": [one_person(folder)]}), n=50)
            before = _peak(ours.pid)
            began = time.perf_counter()
            lines = _send(port, home / "people.csv")
            seconds = time.perf_counter() - began
            grown = _peak(ours.pid) - before
        size = (home / "people.csv").stat().st_size / 1e6
    return Outcome(
        f"POST of {ROWS:,} customers with 17 fields, {size:.0f} MB of CSV, answered as CSV with "
        "segment, margin and problems",
        (
            at_most("seconds", seconds, 15),
            at_most("peak of memory beyond one prediction", grown, 300, unit=" MB"),
            at_least("rows answered", lines - 1, ROWS),
        ),
    )


def _send(port: int, file: Path) -> int:
    kind = {"content-type": "text/csv"}
    with (
        file.open("rb") as body,
        httpx.stream(
            "POST", f"http://127.0.0.1:{port}{PATH}", content=body, headers=kind, timeout=600
        ) as answer,
    ):
        return sum(part.count(b"\n") for part in answer.iter_bytes())


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3
