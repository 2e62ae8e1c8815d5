"""The operational database: SQLite in a file, PostgreSQL by a URL, brought up to date when opened.

All work is done in transactions that are whole or nothing; writers take turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import coterie.store.stream_tables  # noqa: F401 - its tables belong to METADATA
from coterie.errors import DataError, MissingExtraError, ParameterError
from coterie.store import faults
from coterie.store.tables import HEAD, METADATA

VERSION = "alembic_version"
"""The table in which Alembic keeps the revision."""
_HINTS = {
    "disk I/O": "Free some space and run again; nothing was left half-written.",
    "is full": "Free some space and run again; nothing was left half-written.",
    "locked": "Another program holds it; try again when it has finished.",
    "readonly": "Check that you may write there.",
    "onnection": "Check that the server runs and that the URL is right.",
}
_DAMAGED = "If it is damaged, restore it from a backup, or move it away and run again."
_SETTINGS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    "cache_size=-65536",  # KiB: tables of a million customers are written all over
    "wal_autocheckpoint=16384",  # pages: a large transaction is not copied at once
)
_LOCK = 5_217_003
"""Of PostgreSQL's advisory lock under which the tables are made or changed."""


class DatabaseError(DataError):
    """The operational database cannot be read or written."""

    code = "database"


class Database:
    """A database of the operational tables.

    Parameters
    ----------
    where : Path or str
        A SQLite file, made when first used; or the URL of a PostgreSQL database,
        ``postgresql://user:password@host/name``; or ``env:NAME`` for a URL in a variable of the
        environment.

    Raises
    ------
    ParameterError
        If the URL is of another kind, or the variable is not set.
    MissingExtraError
        If PostgreSQL's driver is not installed.
    """

    def __init__(self, where: Path | str) -> None:
        self.path = where if isinstance(where, Path) else None
        self._url = sa.make_url(f"sqlite:///{where}") if self.path else _postgres(str(where))
        self.name = str(where) if self.path else _shown(self._url)
        how: dict[str, Any] = {"connect_args": {"timeout": 30}} if self.path else {}
        # What is asked about a customer must not be repeated by an error.
        self.engine = sa.create_engine(
            self._url, pool_pre_ping=not self.path, hide_parameters=True, **how
        )
        if self.path:
            sa.event.listen(self.engine, "connect", self._configure)
        self._ready = self._endures = False
        dialect: Any = self.engine.dialect
        self._raw_error: type[Exception] = dialect.loaded_dbapi.Error  # of what goes by the driver

    def endure(self) -> None:
        """Wait for the disk at every commit: what is acknowledged outlives a loss of power.

        PostgreSQL does so by itself.
        """
        self._endures = True
        self.engine.dispose()  # connections are set up when they are opened

    def _configure(self, connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for setting in (*_SETTINGS, "synchronous=FULL" if self._endures else "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {setting}")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[sa.Connection]:
        """Give a connection whose work is done whole or not at all.

        Parameters
        ----------
        writes : bool, default False
            Whether something is written: tests stop before and after it is committed.

        Raises
        ------
        DatabaseError
            If the database cannot be read or written.
        """
        with self._begun(writes=writes) as connection:
            writes = self._bring_up_to_date(connection) or writes
            yield connection
            if writes:
                faults.point()
        self._ready = True
        if writes:
            faults.point()

    @contextmanager
    def alone(self) -> Iterator[sa.Connection]:
        """Give a connection to tables of any revision, which nobody else changes meanwhile.

        Raises
        ------
        DatabaseError
            If the database cannot be read or written.
        """
        with self._begun(writes=True) as connection:
            if not self.path:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection

    @contextmanager
    def _begun(self, *, writes: bool) -> Iterator[sa.Connection]:
        try:
            if self.path:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                if not writes:
                    self._look()
            with self.engine.begin() as connection:
                if self.path:
                    # Who only reads waits for no writer.
                    alone = writes or not self._ready
                    connection.execute(sa.text("BEGIN IMMEDIATE" if alone else "BEGIN"))
                yield connection
        except (sa.exc.DBAPIError, self._raw_error) as error:
            said = " ".join(str(getattr(error, "orig", error)).split())
            hint = next((hint for words, hint in _HINTS.items() if words in said), _DAMAGED)
            raise DatabaseError(
                f"The registry {self.name} cannot be read or written: {said}", hint=hint
            ) from error

    def _look(self) -> None:
        """Find out whether the tables are as they should be, without waiting for a writer."""
        if not self._ready:
            with self.engine.begin() as connection:
                connection.execute(sa.text("BEGIN"))
                self._ready = version_of(connection) == HEAD

    def _bring_up_to_date(self, connection: sa.Connection) -> bool:
        """Make or change the tables if need be, and say whether that was so."""
        if self._ready or version_of(connection) == HEAD:
            return False
        if not self.path:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        found = version_of(connection)
        if found == HEAD:
            return False
        if found:
            from coterie.store.migrating import migrate  # most tables need no step

            migrate(connection, name=self.name)
            return True
        METADATA.create_all(connection)
        connection.execute(sa.text(f"CREATE TABLE {VERSION} (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(sa.text(f"INSERT INTO {VERSION} VALUES ('{HEAD}')"))
        return True


def version_of(connection: sa.Connection) -> str:
    """Return the revision of the tables; empty if there are none."""
    tables = sa.inspect(connection)
    if tables.has_table(VERSION):
        return connection.execute(sa.text(f"SELECT version_num FROM {VERSION}")).scalar() or ""
    return "0001" if tables.has_table("runs") else ""  # made before revisions were kept


def _postgres(where: str) -> sa.URL:
    """Return the URL with the driver that is used."""
    given = where
    if where.startswith("env:"):
        given = os.environ.get(where[4:], "")
        if not given:
            raise ParameterError(
                f"The environment variable {where[4:]} is not set.",
                allowed="the URL of a PostgreSQL database",
                hint=f"export {where[4:]}=postgresql://user:password@host/name",
            )
    try:
        url = sa.make_url(given)
    except sa.exc.ArgumentError as error:
        raise ParameterError(
            "This is no URL of a database.", allowed="postgresql://user:password@host/name"
        ) from error
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ParameterError(
            f"A database of the kind {url.get_backend_name()!r} is not supported.",
            allowed="postgresql://user:password@host/name; without a URL SQLite is used",
        )
    try:
        import psycopg  # noqa: F401 - asked whether it is there
    except ImportError as error:
        raise MissingExtraError.of("postgres", "A PostgreSQL database") from error
    return url.set(drivername="postgresql+psycopg")


def _shown(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=True)
