"""What an operator decides when a server is started, and the database that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from coterie.store.database import Database
from coterie.store.places import REGISTRY, SERVER

MEGA = 1 << 20


@dataclass(frozen=True)
class ServerParams:
    """Where a server keeps its projects, and how much it takes in.

    Parameters
    ----------
    home : Path
        Folder of the projects, a folder each; or one project.
    database : str, optional
        ``env:NAME`` of the variable with the URL of a PostgreSQL database; else SQLite files.
    max_upload : int
        Bytes of an uploaded file.
    max_body : int
        Bytes of any other request.
    min_free : int
        Bytes of the disk below which the server says that it is not ready.
    refusals : int
        Requests a minute of one address that may be refused before it is told to wait.
    alone : bool
        Whether only this machine can reach it: without accounts it serves nobody else.
    secure : bool
        Whether all goes by TLS, here or at the proxy in front.
    patience : float
        Seconds that a body may take, and one more for each ``pace`` bytes of it.
    pace : int
        Bytes a second that a body comes with at least.
    """

    home: Path
    database: str = ""
    max_upload: int = 4096 * MEGA
    max_body: int = 16 * MEGA
    min_free: int = 256 * MEGA
    refusals: int = 60
    alone: bool = True
    secure: bool = False
    patience: float = 30.0
    pace: int = 16 << 10


def open_database(params: ServerParams) -> Database:
    """Return the server's own database: jobs, schedules, connections, and projects if by a URL."""
    if params.database:
        return Database(params.database)
    return Database(params.home / SERVER / REGISTRY)
