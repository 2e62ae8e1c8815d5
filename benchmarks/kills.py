"""Operations killed at every point and at random moments, then run again.

The code has a point at every write, rename and commit (``coterie.store.faults``). The
samples' points come first in ``demo``; what follows them is a run like any other, so
``demo`` is killed among the former alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from benchmarks.commands import CUSTOMERS, ORDERS, Forks, Said, customers_csv

Tree = dict[str, str]
Words = tuple[str, ...]
KILLED = 137
_CLOCKS = {"made"}
"""Columns that tell when, and nothing that must be the same."""
_COUNTED = {"repeated"}
"""Columns of ``stream_counts`` that are right to differ: what came before comes again."""
CLEARED = 2
"""Point at which a run in a project that was run before has cleared up: lock, working folder."""
OFFERS = '\n[[offers]]\nid = "voucher"\n'
TOUCHES = "customer_id,timestamp,offer_id\n1001,2025-01-01,voucher\n1002,2025-01-01,voucher\n"
SAMPLE_POINTS = 14
"""Two for each of the shop's six tables and for its settings."""


@dataclass(frozen=True)
class Operation:
    """What is done before, and the command that is killed."""

    before: tuple[Words, ...]
    command: Words
    least: int
    """Points that it has at least: fewer, and some write has none."""
    last: int = 0
    """The last point to be killed at; 0 for all."""
    project: str = "few"
    """What is there at the start: ``few`` customers, a ``shop`` with enough to look ahead, or one
    whose events are ``streamed``."""
    clears: Words = ("run",)
    """What clears up when all was done but that."""


OPERATIONS = {
    "init": Operation((), ("init", "customers.csv", "--name", "club", "--force", "--dvc"), 4),
    "run": Operation((), ("run",), 25),
    "report": Operation((("run",),), ("report", "--to", "copy.html"), 2),
    "assign csv": Operation((("run",),), ("assign", "customers.csv", "--to", "placed.csv"), 2),
    "assign parquet": Operation((("run",),), ("assign", "customers.csv", "--to", "p.parquet"), 2),
    "feedback": Operation((("run",),), ("feedback", "touches.csv"), 5),
    "offers plan": Operation(
        (("run",), ("feedback", "touches.csv")), ("offers", "plan", "--to", "plan.csv"), 5
    ),
    "demo": Operation((), ("demo", "--sample", "shop", "--folder", "shop"), 14, SAMPLE_POINTS),
    "migrate": Operation((("run",), ("migrate", "--to", "0001")), ("migrate",), 2),
    "erase": Operation(
        (("run",), ("feedback", "touches.csv"), ("erase", "1001", "--yes")),
        ("erase", "1002", "--yes"),
        25,
        clears=("erase", "--pending"),
    ),
    "restore": Operation((("run",), ("backup", "all.tar")), ("restore", "all.tar", "back"), 2),
    "publish": Operation((("run",), ("train",)), ("publish", "previous"), 2),
    "train": Operation((("run",),), ("train",), 15),
    "predict": Operation((("run",),), ("predict", "--label", "plan"), 10, project="shop"),
    "value": Operation((("run",),), ("value", "--to", "value.csv"), 10, project="shop"),
    "stream": Operation(
        (("run",),),
        ("stream", "replay", "events.ndjson", "--batch", "40"),
        15,
        project="streamed",
    ),
    "products": Operation((("run",),), ("recommend", "--to", "lists.csv"), 15, project="shop"),
}
"""``train`` is a run like the first, and takes as long again; so do those of the ``shop``."""


def _few(folder: Path) -> None:
    """Write customers too few to segment: what is written is the same, and nothing is chosen."""
    (folder / "customers.csv").write_text(customers_csv(20))
    (folder / "touches.csv").write_text(TOUCHES)
    (folder / "coterie.toml").write_text(CUSTOMERS + OFFERS)


def _shop(folder: Path) -> None:
    """Write 150 customers, each with four to eight orders of three products in 200 days."""
    rows = ["customer,date,amount,order,item"]
    for who in range(150):
        for n in range(4 + who % 5):
            day = date(2024, 1, 1) + timedelta((who * 7 + n * (19 + who % 13)) % 200)
            rows.append(f"{1000 + who},{day},{5 + who % 11}.{n}5,O{who}-{n},item{(who + n) % 3}")
    (folder / "orders.csv").write_text("\n".join(rows) + "\n")
    (folder / "customers.csv").write_text(customers_csv(150))
    columns = ORDERS.replace("{ ", '{ product_id = "item", ')
    (folder / "coterie.toml").write_text(f"{columns}\n{CUSTOMERS}")


def _streamed(folder: Path) -> None:
    """Write 30 customers with orders of 200 days, and 100 events of the four days after."""
    rows = ["customer,date,amount,order"]
    for who in range(30):
        for n in range(2 + who % 3):
            day = date(2024, 1, 1) + timedelta((who * 37 + n * (19 + who % 13)) % 200)
            rows.append(f"{1000 + who},{day},{5 + who % 11}.{n}5,O{who}-{n}")
    rows.append("1000,2024-07-18,5.05,O-last")
    (folder / "orders.csv").write_text("\n".join(rows) + "\n")
    (folder / "coterie.toml").write_text(f'{ORDERS}\n[segmentation]\nk = 2\nalgorithm = "kmeans"\n')
    lines = []
    for n in range(100):
        when = f"2024-07-{19 + n // 25}T{n % 24:02d}:00:00Z"
        sale = {"customer_id": f"{1000 + n * 7 % 40}", "order_id": f"S{n}", "amount": n % 13}
        lines.append(json.dumps({"id": f"e{n}", "type": "order", "timestamp": when, **sale}))
    (folder / "events.ndjson").write_text("\n".join(lines) + "\n")


_PROJECTS = {"few": _few, "shop": _shop, "streamed": _streamed}


@dataclass
class Found:
    """What kills came to."""

    points: int = 0
    """Kills that took place."""
    wrong: list[str] = field(default_factory=list)
    """What was lost, doubled or left half-written; by kill."""


def tree(project: Path) -> Tree:
    """Return what lies in a project: the hash of every file, but for clocks and locks.

    The registry is told by its rows: its bytes hold free pages in any order.
    """
    found = {}
    for path in sorted(project.rglob("*")):
        plain = path.is_file() and path.name not in {"log.jsonl", "lock"}
        if plain and not path.name.startswith("coterie.db"):
            name = path.relative_to(project).as_posix()
            found[name] = hashlib.sha256(_timeless(path)).hexdigest()
    database = project / ".coterie" / "coterie.db"
    if database.exists():
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for (table,) in sorted(tables.fetchall()):
                columns = connection.execute(f"SELECT name FROM pragma_table_info('{table}')")
                names = ", ".join(name for (name,) in columns if name not in _CLOCKS | _COUNTED)
                rows = connection.execute(f"SELECT {names} FROM {table} ORDER BY 1").fetchall()
                found[f"table {table}"] = repr(rows)
    return found


def _timeless(path: Path) -> bytes:
    """Return the bytes of a file, those of a certificate without its clock."""
    if path.parent.name != "erasures":
        return path.read_bytes()
    told = json.loads(path.read_text(encoding="utf-8"))
    return repr({k: v for k, v in told.items() if k not in {"at", "asked", "signature"}}).encode()


def _lasting(found: Tree) -> Tree:
    """Return what of a tree the next run does not clear first."""
    return {name: what for name, what in found.items() if "/.tmp-" not in name}


def leftovers(project: Path) -> list[str]:
    """Name what a broken command left behind."""
    return sorted(
        path.name
        for path in project.rglob("*")
        if path.name.startswith(".tmp-") or path.name.endswith(".partial")
    )


class Killing:
    """One operation: a project as it is before, and as it is after it undisturbed.

    Parameters
    ----------
    forks : Forks
        Runs the commands.
    folder : Path
        Empty; the projects lie in it.
    name : str
        One of ``OPERATIONS``.
    """

    def __init__(self, forks: Forks, folder: Path, name: str) -> None:
        self.operation = OPERATIONS[name]
        self._forks, self._folder = forks, folder
        self.start, self.whole = folder / "start", folder / "whole"
        self.start.mkdir()
        _PROJECTS[self.operation.project](self.start)
        for command in self.operation.before:
            self._do(self.start, command)
        shutil.copytree(self.start, self.whole)
        self.finish(self.whole)
        self.at_start, self.wanted = tree(self.start), tree(self.whole)
        self._mended: list[Tree] = []

    def at_every_point(self, *, again: bool = True, step: int = 1) -> Found:
        """Kill at one point after the other, until the command ends by itself.

        Parameters
        ----------
        again : bool, default True
            Run again to the end after every kill. Else only after those that left a state that
            no kill before had left; the same state has the same future.
        step : int, default 1
            At one point of so many; ``points`` is then the last of them.
        """
        found = Found()
        last, number = self.operation.last, 1 - step
        while not last or found.points < last:
            number += step
            project = self.fresh(f"point {number}")
            said = self._call(project, fault=number)
            if said.code == 0:
                found.wrong += self._differences(project)
                break
            found.points = number
            if said.code != KILLED:
                found.wrong.append(f"{project.parent.name}: code {said.code}: {said.err}")
            if again or not self.is_mended(project):
                found.wrong += self.mend(project)
        return found

    def fresh(self, name: str) -> Path:
        """Return a copy of the project as it is before the operation, under a name of its own."""
        project = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder)) / "project"
        shutil.copytree(self.start, project)
        return project

    def mend(self, project: Path) -> list[str]:
        """Run again after a kill, say what is not as undisturbed, and remove the project."""
        wrong = [
            f"{project.parent.name}: lost {name}"
            for name in set(self.at_start) - set(tree(project))
        ]
        if self.operation.before and (said := self._forks(project, "segments")).code:
            wrong.append(f"{project.parent.name}: what was published cannot be read: {said.err}")
        if (state := tree(project)) != self.wanted:
            self.finish(project)
        elif leftovers(project):  # all was done before the kill but to clear up
            self._do(project, self.operation.clears)
        wrong += self._differences(project)
        if not wrong:
            self._mended.append(_lasting(state))
        shutil.rmtree(project)
        return wrong

    def is_mended(self, project: Path) -> bool:
        """Return whether the next run clears up, and then has what one before it had mended.

        The next run is killed when it has cleared up, which takes a tenth of its time.
        """
        before = set(leftovers(project))
        state = _lasting(tree(project))
        if state not in self._mended or not (project / ".coterie" / ".gitignore").exists():
            return False
        self._call(project, fault=CLEARED)
        known = state == _lasting(tree(project)) and not before & set(leftovers(project))
        if known:
            shutil.rmtree(project)
        return known

    def finish(self, project: Path) -> Said:
        """Do the operation undisturbed; with ``last``, up to the first point after it."""
        if self.operation.last:
            return self._call(project, fault=self.operation.last + 1)
        return self._do(project, self.operation.command)

    def stopped(self, project: Path, signal: int, seconds: float) -> Said:
        """Do the operation, and send a signal after so many seconds."""
        return self._forks(project, *self.operation.command, kill=(signal, seconds))

    def _call(self, project: Path, fault: int) -> Said:
        env = {"COTERIE_FAULT_AT": str(fault)}
        return self._forks(project, *self.operation.command, env=env)

    def _do(self, project: Path, words: Words) -> Said:
        said = self._forks(project, *words)
        if said.code:
            raise RuntimeError(f"{words} ended with {said.code}: {said.err}")
        return said

    def _differences(self, project: Path) -> list[str]:
        now = tree(project)
        names = [name for name in now | self.wanted if now.get(name) != self.wanted.get(name)]
        return [f"{project.parent.name}: {name} differs" for name in names] + [
            f"{project.parent.name}: {name} is left" for name in leftovers(project)
        ]
