"""Changes the tables of the operational database, step by step, up or down (Alembic)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from coterie.errors import DataError
from coterie.store.database import VERSION, version_of
from coterie.store.tables import HEAD

NOTHING = "0000"
"""The revision that has no tables."""


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
    config = Config()
    config.set_main_option("script_location", "coterie.store:migrations")
    config.attributes["connection"] = connection
    found = version_of(connection) or NOTHING
    try:
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
