"""The audit log: entries that are only ever added, each sealed together with the one before.

Who may write to the database but has no key can neither change an entry nor take one out or
put one in; that the last ones are gone is seen by a head that was noted elsewhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.store.database import Database
from coterie.store.tables import AUDIT

START = "0" * 64
"""What stands before the first entry."""
_BATCH = 1_000


@dataclass(frozen=True)
class Chain:
    """What became of the log: how many entries there are, and the first that is not as written."""

    entries: int
    head: str
    broken_at: int | None = None

    @property
    def said(self) -> str:
        """In words."""
        if self.broken_at is not None:
            return f"Chain broken at entry {self.broken_at}."
        return f"{self.entries:,} entries, chain unbroken."


def read_head(text: str) -> tuple[int, str]:
    """Read a head as it was noted.

    Raises
    ------
    ParameterError
        If it is none.

    Examples
    --------
    >>> read_head("3:" + "a" * 64)[0]
    3
    """
    number, _, mac = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 16 and len(mac) == len(START)):
        raise ParameterError(f"{text[:100]!r} is no head.", allowed="NUMBER:MAC", where="--head")
    return int(number), mac


class Audit:
    """The log of a server.

    Parameters
    ----------
    database : Database
        Where it is kept.
    secrets : sequence of bytes
        Keys that seal, the newest first: that one seals, all of them are recognised.
    """

    def __init__(self, database: Database, secrets: Sequence[bytes]) -> None:
        self.database = database
        self._secrets = tuple(secrets)

    def add(
        self,
        event: str,
        actor: str,
        *,
        project: str = "",
        told: Mapping[str, Any] | None = None,
        now: datetime,
    ) -> str:
        """Add an entry.

        Parameters
        ----------
        event : str
            What was done, such as ``run`` or ``sign-in.refused``.
        actor : str
            By whom: an id, never a name.
        project : str, optional
            Where.
        told : mapping, optional
            What else is to be known, as JSON; identities as keyed hashes alone.
        now : datetime
            The time, with its zone.

        Returns
        -------
        str
            The new head, ``number:mac``.
        """
        row: dict[str, Any] = {"at": now, "event": event, "actor": actor, "project": project}
        row["told"] = json.loads(json.dumps(dict(told or {})))
        with self.database.transaction(writes=True) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("LOCK TABLE audit IN EXCLUSIVE MODE"))
            last = connection.execute(_NEWEST.limit(1)).first()
            row["number"] = last.number + 1 if last else 1
            row["mac"] = _seal(self._secrets[0], last.mac if last else START, row)
            connection.execute(AUDIT.insert().values(**row))
        return f"{row['number']}:{row['mac']}"

    def head(self) -> str:
        """Return ``number:mac`` of the last entry; ``0:`` and zeros if there is none."""
        with self.database.transaction() as connection:
            last = connection.execute(_NEWEST.limit(1)).first()
        return f"{last.number}:{last.mac}" if last else f"0:{START}"

    def page(self, *, before: int | None = None, limit: int) -> tuple[list[dict[str, Any]], int]:
        """Return entries, the newest first, and how many there are.

        Parameters
        ----------
        before : int, optional
            Number of the entry below which the page begins.
        limit : int
            Entries of the page.

        Returns
        -------
        list of dict, int
            Rows, and the number of all.
        """
        query = _NEWEST.limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.number < before)
        with self.database.transaction() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            total = connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one()
        return rows, total

    def verify(self, head: str = "") -> Chain:
        """Look whether every entry is as it was written, and none is missing.

        Parameters
        ----------
        head : str, optional
            ``number:mac`` as it was noted once: entries missing at the end are found by it.

        Returns
        -------
        Chain
            With the first entry that is not as it was written.
        """
        number, noted = read_head(head) if head else (0, "")
        before, count = START, 0
        query = sa.select(AUDIT).order_by(AUDIT.c.number)
        with (
            self.database.transaction() as connection,
            connection.execution_options(yield_per=_BATCH).execute(query) as rows,
        ):
            for row in rows.mappings():
                if row["number"] != count + 1 or not self._is_sealed(before, row):
                    return Chain(count, f"{count}:{before}", broken_at=count + 1)
                if row["number"] == number and not hmac.compare_digest(row["mac"], noted):
                    return Chain(count, f"{count}:{before}", broken_at=number)
                before, count = row["mac"], row["number"]
        missing = count + 1 if number > count else None
        return Chain(count, f"{count}:{before}", broken_at=missing)

    def _is_sealed(self, before: str, row: Mapping[Any, Any]) -> bool:
        given = str(row["mac"])
        return any(hmac.compare_digest(_seal(key, before, row), given) for key in self._secrets)


_NEWEST = sa.select(AUDIT).order_by(AUDIT.c.number.desc())


def _seal(secret: bytes, before: str, row: Mapping[Any, Any]) -> str:
    parts = [
        before,
        row["number"],
        row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        *(row[name] for name in ("event", "actor", "project", "told")),
    ]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(secret, text.encode(), "sha256").hex()
