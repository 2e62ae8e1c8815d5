"""Answers of customers, checked like any other rows and kept beside the runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError
from coterie.offers.feedback import count_new, gather, name_touches
from coterie.pipeline.erasing import find_erasures
from coterie.schema import CANONICAL
from coterie.sources.base import Source
from coterie.sources.read import fingerprint, read
from coterie.store.home import Home
from coterie.store.registry import Registry
from coterie.store.runs import (
    FORMAT_VERSION,
    MANIFEST,
    FolderWriter,
    check_run,
    hash_of,
    read_json,
)
from coterie.store.stream_tables import CAME, columns_of
from coterie.store.streams import Streams
from coterie.validation.build import build_tables
from coterie.validation.erased import guard

_PART = "touches/part-0000.parquet"
_ALL = 2**62
_TS = CANONICAL["touches"].get_field_index("ts")
_PLAIN = CANONICAL["touches"].set(_TS, pa.field("ts", pa.int64()))
"""The columns as JSON has them."""


@dataclass(frozen=True)
class Feedback:
    """What became of a file of touches.

    ``rows`` came in and were ``accepted`` or quarantined; of the accepted, ``repeated`` say the
    same as another, ``new`` were never fed before and ``answered`` bring the answer to one that
    was. ``fresh`` is False if the very
    same file was fed before. ``unknown_offers`` counts touches of offers that the catalogue
    does not have.
    """

    rows: int
    accepted: int
    by_reason: dict[str, int]
    repeated: int
    new: int
    answered: int
    fresh: bool
    unknown_offers: dict[str, int]
    folder: Path

    @property
    def quarantined(self) -> int:
        """Rows that could not be used; they lie in ``quarantine.parquet`` of the folder."""
        return sum(self.by_reason.values())

    @property
    def notes(self) -> list[str]:
        """What is odd about the file, in sentences."""
        if not self.fresh:
            return ["This very file was fed before; nothing has changed."]
        said = [
            f"The catalogue has no offer {name!r}; touches of it: {n:,}."
            for name, n in self.unknown_offers.items()
        ]
        if self.quarantined:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.by_reason.items())
            path = self.folder / "quarantine.parquet"
            said.append(f"Rows that cannot be used: {self.quarantined:,} ({reasons}). See {path}.")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "quarantined": self.quarantined,
            "by_reason": self.by_reason,
            "repeated": self.repeated,
            "new": self.new,
            "answered": self.answered,
            "fresh": self.fresh,
            "unknown_offers": self.unknown_offers,
            "folder": str(self.folder),
        }


def fed(home: Home) -> list[Path]:
    """Return the folders of all feedback, the oldest first, each checked against its hashes.

    Raises
    ------
    DataError
        If a file of one is missing or was changed.
    """
    folders = sorted(path for path in home.feedback.glob("[0-9]*") if path.is_dir())
    for folder in folders:
        check_run(folder)
    return folders


def streamed_touches(registry: Registry, customer_id: str = "") -> pa.Table:
    """Return what came of offers by the stream, each touch once.

    Parameters
    ----------
    registry : Registry
        Of the project.
    customer_id : str, optional
        Of one customer alone.

    Returns
    -------
    pa.Table
        As ``touches`` of the contract, by touch id: the one with an answer, then the latest.
    """
    with registry.database.transaction() as connection:
        streams, kept = Streams(connection, registry.project), CAME["touches"]
        came = (
            streams.kept("touches", [customer_id])
            if customer_id
            else streams.kept_since(kept, "", _ALL)
        )
    rows = [dict(zip(columns_of(kept), row, strict=True)) for row in came]
    for row in rows:  # SQLite knows no flags
        for name in ("treated", "responded"):
            row[name] = None if row[name] is None else bool(row[name])
    rows.sort(key=lambda row: (row["responded"] is not None, row["ts"], row["event_id"]))
    once = sorted({row["touch_id"]: row for row in rows}.items())
    schema = CANONICAL["touches"]
    return pa.Table.from_pylist([row for _, row in once], schema=schema)


def fed_by_stream(home: Home, work: Path) -> list[Path]:
    """Write down what came of offers by the stream as if it were fed.

    Parameters
    ----------
    home : Home
        Of the project.
    work : Path
        Where a folder is made.

    Returns
    -------
    list of Path
        The folder, called by what is in it; none if nothing came.
    """
    if not home.has_registry:
        return []
    with home.registry() as registry:
        table = streamed_touches(registry)
    if not table.num_rows:
        return []
    folder = work / f"streamed-{hash_of(table.cast(_PLAIN).to_pylist())}"
    (folder / "touches").mkdir(parents=True)
    pq.write_table(table, folder / _PART)
    return [folder]


def account(settings: Settings, folder: Path) -> dict[str, Any]:
    """Return what became of a file of touches when it was fed.

    Parameters
    ----------
    settings : Settings
        Of the project, with its catalogue as it is now.
    folder : Path
        One of ``fed``.

    Returns
    -------
    dict
        As ``Feedback.to_dict``.
    """
    return _told(settings, folder, fresh=True).to_dict()


def read_feedback(settings: Settings, folder: Path, file: Path) -> Feedback:
    """Check a file of touches and keep it, whole or not at all.

    Parameters
    ----------
    settings : Settings
        Of the project; a source of touches says what its columns mean.
    folder : Path
        The project folder.
    file : Path
        Touches, with our column names or those of the project's source.

    Returns
    -------
    Feedback
        The account of every row.

    Raises
    ------
    DataError
        If the file cannot be read, or none of its rows can be used.
    """
    home = Home(folder)
    source = _source(settings, file)
    with (
        home.alone(),
        home.workplace() as work,
        DuckDB(work, threads=settings.threads, memory_limit=settings.memory_limit or None) as db,
    ):
        key = {
            "format_version": FORMAT_VERSION,
            "source": source.model_dump(mode="json", exclude={"file"}),
            "timezone": settings.project.timezone,
            "content": fingerprint("feedback", source, folder),
        }
        name, known = hash_of(key), fed(home)
        same = [path for path in known if path.name.endswith(f"-{name}")]
        if same:
            return _told(settings, same[0], fresh=False)
        named = _named(settings)
        erasures = None
        if home.has_registry or settings.privacy.pseudonyms:
            with home.registry() as registry:
                erasures = find_erasures(settings, home, registry)
        raw = guard(db, read(db, named, source, folder), source, erasures)
        own = "touch_id" in source.mapping() or "touch_id" in raw.columns
        tables = build_tables(db, {named: (raw, source)}, {}, timezone=settings.project.timezone)
        account = tables.quality["tables"]["touches"]
        if not account["accepted"]:
            reasons = ", ".join(f"{n:,} {reason}" for reason, n in account["by_reason"].items())
            raise DataError(
                f"None of the {account['rows_in']:,} rows of {file.name} can be used: {reasons}.",
                hint="Nothing was kept. Check the columns, or [sources.touches].",
                where=file.name,
            )
        repeated = 0 if own else name_touches(db)
        gather(db, "known", [path / "touches" for path in known]) if known else _nothing(db)
        new, answered = count_new(db, "known")
        number = int(known[-1].name[:6]) + 1 if known else 1
        with FolderWriter(home.feedback, f"{number:06}-{name}") as writer:
            writer.path("touches").mkdir()
            writer.table(_PART, db.stream("SELECT * FROM touches ORDER BY touch_id"))
            refused = db.stream('SELECT * FROM quarantine ORDER BY "row"')
            writer.table("quarantine.parquet", refused, private=True)
            offers = dict(db.rows("SELECT offer_id, count(*) FROM touches GROUP BY 1 ORDER BY 1"))
            told = {
                "rows": account["rows_in"],
                "accepted": account["accepted"],
                "by_reason": dict(Counter(account["by_reason"])),
                "repeated": repeated,
                "new": new,
                "answered": answered,
                "offers": offers,
            }
            writer.json(MANIFEST, {"key": key, "told": told, "files": writer.files()})
            return _told(settings, writer.commit(), fresh=True)


def _source(settings: Settings, file: Path) -> Source:
    """Return how the file is read: as the project's touches are, if it has any."""
    reading = {
        "file": str(file.resolve()),
        "database": "",
        "relation": "",
        "query": "",
        "format": "",
        "table": "touches",
        "future": "quarantine",  # what was fed once stays
    }
    return settings.sources.get(_named(settings), Source()).model_copy(update=reading)


def _named(settings: Settings) -> str:
    """Return the project's source of touches, by which errors name what to write."""
    return next((n for n in settings.sources if settings.table_of(n) == "touches"), "touches")


def _nothing(db: DuckDB) -> None:
    db.create("known", "SELECT * FROM touches LIMIT 0")


def _told(settings: Settings, folder: Path, *, fresh: bool) -> Feedback:
    told = read_json(folder / MANIFEST)["told"]
    known = {offer.id for offer in settings.offers}
    return Feedback(
        rows=told["rows"],
        accepted=told["accepted"],
        by_reason=told["by_reason"],
        repeated=told["repeated"],
        new=told["new"] if fresh else 0,
        answered=told["answered"] if fresh else 0,
        fresh=fresh,
        unknown_offers={k: n for k, n in told["offers"].items() if k not in known},
        folder=folder,
    )
