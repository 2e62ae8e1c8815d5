"""Databases that sources of a server may name; their URLs are in the environment alone."""

from __future__ import annotations

import re
from datetime import datetime

import sqlalchemy as sa

from coterie.errors import ParameterError
from coterie.store.database import Database
from coterie.store.tables import CONNECTIONS

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


class Connections:
    """The registered databases of a server.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> dict[str, str]:
        """Return name to variable, in the order of the names."""
        with self.database.transaction() as connection:
            rows = connection.execute(sa.select(CONNECTIONS).order_by(CONNECTIONS.c.name))
            return {row.name: row.variable for row in rows}

    def add(self, name: str, variable: str, *, now: datetime) -> None:
        """Register a database.

        Parameters
        ----------
        name : str
            By which sources call it: ``connection:NAME``.
        variable : str
            Of the environment of server and workers, that holds the URL.
        now : datetime
            The time, with its zone.

        Raises
        ------
        ParameterError
            If the name or the variable will not do, or the name is taken.
        """
        if not _NAME.fullmatch(name):
            raise ParameterError(
                f"{name!r} is no name for a connection.",
                allowed="1 to 63 small letters, digits, hyphens and underscores",
                where="name",
            )
        if not _VARIABLE.fullmatch(variable):
            raise ParameterError(
                "This is no name of a variable of the environment.",
                allowed="letters, digits and underscores, such as SHOP_URL",
                hint="The URL itself is not written down: export SHOP_URL=postgresql://…",
                where="variable",
            )
        new = CONNECTIONS.insert().values(name=name, variable=variable, created=now)
        with self.database.transaction(writes=True) as connection:
            try:
                with connection.begin_nested():
                    connection.execute(new)
            except sa.exc.IntegrityError as error:
                hint = f"Remove it first: coterie connection remove {name}"
                raise ParameterError(
                    f"There is a connection {name!r} already.", hint=hint, where="name"
                ) from error

    def remove(self, name: str) -> None:
        """Forget a database.

        Raises
        ------
        ParameterError
            If there is none of this name.
        """
        with self.database.transaction(writes=True) as connection:
            gone = connection.execute(CONNECTIONS.delete().where(CONNECTIONS.c.name == name))
        if not gone.rowcount:
            raise ParameterError.unknown("connection", name, self.all())
