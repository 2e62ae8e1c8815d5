"""Changes the tables of the operational database, step by step, up or down (Alembic)."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from coterie.errors import DataError, ParameterError
from coterie.store import faults
from coterie.store.database import VERSION, Database, version_of
from coterie.store.places import databases_in
from coterie.store.tables import HEAD

NOTHING = "0000"
"""The revision that has no tables."""
_ALONE = threading.Lock()
"""Alembic keeps what it works on in a place of the whole process."""


def migrate(connection: sa.Connection, revision: str = HEAD, *, name: str = "") -> None:
    """Bring the tables to a revision, up or down, in the transaction of the connection.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction: all steps are done or none is.
    revision : str, optional
        Default the newest; ``NOTHING`` drops everything.
    name : str, optional
        Of the database, for what is said.

    Raises
    ------
    DataError
        If the tables are of a revision that is not known here.
    """
    config = _config()
    config.attributes["connection"] = connection
    found = version_of(connection) or NOTHING
    try:
        with _ALONE:
            if found != NOTHING and not sa.inspect(connection).has_table(VERSION):
                command.stamp(config, found)
            if revision < found:
                command.downgrade(config, "base" if revision == NOTHING else revision)
            else:
                command.upgrade(config, revision)
    except CommandError as error:
        raise DataError(
            f"The registry {name} has tables of version {found}, which is not known here.",
            allowed=f"versions up to {HEAD}",
            hint="A newer coterie made them: install that one, or restore a backup.",
        ) from error


def migrate_all(home: Path, database: str = "", to: str = "") -> list[dict[str, str]]:
    """Bring every database of a project, or of a server with its projects, to a revision.

    Parameters
    ----------
    home : Path
        The project folder, or the folder of the projects.
    database : str, optional
        ``env:NAME`` of a server's own database, if that is PostgreSQL.
    to : str, optional
        A revision; default the newest.

    Returns
    -------
    list of dict
        ``database``, and its revision ``before`` and ``after``.

    Raises
    ------
    ParameterError
        If there is no such revision.
    """
    steps = ScriptDirectory.from_config(_config()).walk_revisions()
    known = [NOTHING, *(step.revision for step in steps)]
    if to and to not in known:
        raise ParameterError.unknown("to", to, known)
    return [_migrate_one(where, to or HEAD) for where in databases_in(home.resolve(), database)]


def _migrate_one(where: Path | str, revision: str) -> dict[str, str]:
    database = Database(where)
    try:
        with database.alone() as connection:
            before = version_of(connection)
            if (before or NOTHING) != revision:
                migrate(connection, revision, name=database.name)
                faults.point()
        faults.point()
    finally:
        database.close()
    return {"database": database.name, "before": before, "after": revision}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "coterie.store:migrations")
    return config
