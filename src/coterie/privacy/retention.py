"""What is kept for a while only: the words of refused rows, former runs, finished jobs.

Age is what the disk says of a file, since a clock is in no file of a run but its log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.privacy.params import PrivacyParams
from coterie.privacy.person import ERASED, Person
from coterie.privacy.sifting import sift_json, sift_page
from coterie.store.home import Home
from coterie.store.registry import Registry
from coterie.store.revisions import finished, index_of, revise
from coterie.store.runs import read_json, to_json

REASON = "retention"
_NOBODY = Person("\x00")
_WORDS = ("message", "raw")
_REFUSED = "quarantine"


@dataclass(frozen=True)
class Cleaned:
    """What was let go: folders whose refused rows lost their words, and runs that were dropped."""

    folders: int = 0
    runs: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return it as JSON."""
        return asdict(self)


def clean(home: Home, registry: Registry, params: PrivacyParams, now: datetime) -> Cleaned:
    """Let go of what was kept long enough.

    Parameters
    ----------
    home : Home
        The project; nobody else writes in it meanwhile.
    registry : Registry
        Its registry.
    params : PrivacyParams
        How long.
    now : datetime
        The time, with its zone.

    Returns
    -------
    Cleaned
        Nothing, if it is called again at once.
    """
    dropped = _drop_runs(home, registry, params.keep_runs) if params.keep_runs else 0
    old = (now - timedelta(days=params.quarantine_days)).timestamp()
    folders = [folder for folder in finished(home.path) if _is_old(folder, old)]
    done = [folder for folder in folders if _forget_words(folder, now)]
    for folder in done:
        if folder.parent == home.runs:
            home.keep(folder.name)
    return Cleaned(len(done), dropped)


def _drop_runs(home: Home, registry: Registry, keep: int) -> int:
    """Drop all but the newest runs, the published one and the one before it."""
    rows, published = registry.runs(), registry.published()
    kept = {row["run_id"] for row in rows[:keep]}
    if published is not None:
        kept |= {published["run_id"], published["parent_run"]}
    gone = [row["run_id"] for row in rows if row["run_id"] not in kept]
    there = [run_id for run_id in gone if (home.runs / run_id).is_dir()]
    for run_id in there:
        home.drop(run_id)
    return len(there)


def _refused(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob(f"{_REFUSED}*.parquet"))
    yield from sorted(folder.glob(f"{_REFUSED}/*.parquet"))


def _is_old(folder: Path, before: float) -> bool:
    files = list(_refused(folder))
    return bool(files) and all(file.stat().st_mtime < before for file in files)


def _forget_words(folder: Path, now: datetime) -> bool:
    """Empty the words of refused rows, and what accounts and pages quote of them."""
    index = index_of(folder)
    if index is None:
        return False
    about = read_json(index)
    accounts = folder / "quality.json"
    quality = about.get("quality") or (read_json(accounts) if accounts.is_file() else None)
    quoted = frozenset(_quoted(quality) if quality else ())

    def change(name: str, path: Path, target: Path) -> bool:
        if name.startswith(_REFUSED):
            return _empty(path, target)
        if name == accounts.name:
            left, found = sift_json(json.loads(path.read_text("utf-8")), _NOBODY, quoted)
            if found:
                target.write_text(to_json(left), encoding="utf-8", newline="")
            return bool(found)
        return name.endswith(".html") and bool(sift_page(path, target, _NOBODY, quoted))

    def amend(told: dict[str, Any]) -> dict[str, Any]:
        left: dict[str, Any] = sift_json(told, _NOBODY, quoted)[0]
        return left

    return revise(folder, change, amend=amend, reason=REASON, on=now.date())


def _quoted(quality: dict[str, Any]) -> Iterator[str]:
    """Yield what an account quotes of refused rows."""
    for account in quality["tables"].values():
        for finding in account["findings"]:
            if finding["action"] == "quarantined":
                yield from (e["value"] for e in finding["examples"] if e["value"])


def _empty(path: Path, target: Path) -> bool:
    table = pq.read_table(path)
    left = table
    for name in _WORDS:
        place = table.schema.get_field_index(name)
        blank = pa.array([ERASED] * table.num_rows, pa.string())
        left = left.set_column(place, table.schema.field(place), blank)
    if left.equals(table):
        return False
    pq.write_table(left, target, compression="zstd")
    return True
