"""What a stream knows, for those who look at it: where it stands, who moved, what was refused.

Only the database is read; no model is opened, so that a page may ask often.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from coterie.features.windows import to_date
from coterie.schema import MICROS
from coterie.store.registry import Registry
from coterie.store.streams import Streams
from coterie.store.told import Told

_NUMBERS = ("accepted", "repeated", "late", "refused", "moves")


class StreamReader:
    """What the stream of a project knows.

    Parameters
    ----------
    registry : Registry
        Of the project.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def status(self) -> dict[str, Any]:
        """Return where the stream stands, as JSON; ``open`` is false before it began."""
        with self.registry.database.transaction() as connection:
            streams = Streams(connection, self.registry.project)
            row, counts = streams.row(), streams.counts()
        if row is None:
            return {"open": False}
        seen = counts["last_ts"]
        return {
            "open": True,
            "run_id": row["run_id"],
            "model_id": row["model_id"],
            "watermark": str(to_date(row["watermark"])),
            "as_of": str(to_date(row["as_of"])),
            "sweeping": row["sweeping"] is not None,
            **{name: int(counts[name]) for name in _NUMBERS},
            "last_event": None if seen is None else moment_of(seen),
            "at": None if seen is None else counts["at"].isoformat(),
        }

    @property
    def exists(self) -> bool:
        """Whether the stream has begun."""
        with self.registry.database.transaction() as connection:
            return Streams(connection, self.registry.project).row() is not None

    def moves(self, after: int, n: int, *, customer: str = "") -> list[dict[str, Any]]:
        """Return what was told after a number, in order, as JSON.

        Parameters
        ----------
        after : int
            A number.
        n : int
            How many at most.
        customer : str, optional
            Of whom alone.

        Returns
        -------
        list of dict
            seq, id, type, cause, customer_id, from_id, to_id, before, after, margin, model_id,
            as_of, ts and at of each.
        """
        with self.registry.database.transaction() as connection:
            streams = Streams(connection, self.registry.project)
            return [move_json(row) for row in streams.moves_after(after, n, customer=customer)]

    def newest(self, n: int, *, customer: str = "") -> list[dict[str, Any]]:
        """Return what was told last, in order, as ``moves`` does."""
        with self._told() as told:
            return [move_json(row) for row in told.newest(n, customer=customer)]

    def last(self) -> int:
        """Return the number of the last move."""
        with self._told() as told:
            return told.last()

    def moved_since(self, since: datetime) -> int:
        """Count the moves since a time."""
        with self._told() as told:
            return told.moved_since(since)

    def dead(
        self, after: int, n: int, *, reason: str = ""
    ) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Return messages that could not be used, and how many there are of each reason.

        Parameters
        ----------
        after : int
            A number.
        n : int
            How many at most.
        reason : str, optional
            Of this reason alone.

        Returns
        -------
        (list of dict, dict)
            seq, source, reason, message, raw and at of each; and the counts.
        """
        with self._told() as told:
            rows = told.dead(after, n, reason=reason)
            counted = told.reasons()
        return [_letter_json(row) for row in rows], counted

    def retryable(self, n: int, *, reason: str = "", seq: int = 0) -> list[dict[str, Any]]:
        """Return messages that could not be used and may be taken again.

        Parameters
        ----------
        n : int
            How many at most.
        reason : str, optional
            Of this reason alone.
        seq : int, optional
            This one alone.

        Returns
        -------
        list of dict
            As ``dead`` does.
        """
        with self._told() as told:
            rows = told.dead(0, n, reason=reason, seq=seq, again=True)
        return [_letter_json(row) for row in rows]

    def remove_dead(self, *, reason: str = "", seqs: list[int] | None = None) -> int:
        """Forget messages that could not be used: all, those of a reason, or some; say how many."""
        with self.registry.database.transaction(writes=True) as connection:
            told = Told(connection, self.registry.project)
            if seqs is None:
                return told.remove(reason=reason)
            return sum(told.remove(reason=reason, seq=seq) for seq in seqs)

    @contextmanager
    def _told(self) -> Iterator[Told]:
        with self.registry.database.transaction() as connection:
            yield Told(connection, self.registry.project)


def moment_of(ts: int) -> str:
    """Return a time in microseconds since 1970 as text."""
    return datetime.fromtimestamp(ts / MICROS, UTC).isoformat()


def move_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of ``moves`` as JSON.

    Parameters
    ----------
    row : dict
        All columns.

    Returns
    -------
    dict
        Days and times as text; the project is left out.
    """
    found = {name: value for name, value in row.items() if name != "project"}
    found["as_of"] = str(to_date(found["as_of"]))
    found["ts"] = None if found["ts"] is None else moment_of(found["ts"])
    found["at"] = found["at"].isoformat()
    return found


def _letter_json(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if name != "project"}
    found["at"] = found["at"].isoformat()
    return found
