"""``[store]``: where a project keeps what must outlast its folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError, field_validator

from coterie.errors import ParameterError
from coterie.schema import Params

FILE = "coterie.toml"
SECTION = "store"
STORE = ".coterie"
"""Folder of a project in which all lies that Coterie writes."""
SERVER = ".coterie-server"
"""Folder of a server's own database."""
UPLOADS = "uploads"
REGISTRY = "coterie.db"


class StoreParams(Params):
    """``[store]``: by default everything lies in the project's ``.coterie``.

    Read from ``coterie.toml`` alone, so that everybody who opens the folder finds the same runs.
    """

    database: str = ""
    """A PostgreSQL database instead of ``.coterie/coterie.db``: ``env:NAME`` of a variable that
    holds its URL. The project's rows in it go by the name of its folder."""
    runs: str = ""
    """Where runs are kept besides: ``s3://bucket/prefix``."""

    @field_validator("database")
    @classmethod
    def _check_database(cls, database: str) -> str:
        if database and not database.startswith("env:"):
            raise ValueError("write env:NAME; a URL holds a password, and that is no setting")
        return database

    @field_validator("runs")
    @classmethod
    def _check_runs(cls, runs: str) -> str:
        if runs and not runs.startswith("s3://"):
            raise ValueError("write s3://bucket/prefix, or leave it out")
        return runs.rstrip("/")


def places_of(project: Path) -> StoreParams:
    """Return where the project keeps its runs and its registry.

    Parameters
    ----------
    project : Path
        The project folder; without settings everything is in it.

    Raises
    ------
    ParameterError
        If ``[store]`` does not make sense.
    """
    try:
        with (project / FILE).open("rb") as file:
            section = tomllib.load(file).get(SECTION, {})
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError):
        return StoreParams()  # whoever needs the settings says what is wrong with them
    try:
        return StoreParams.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in (SECTION, *first["loc"]))
        raise ParameterError(f"[{where}] {first['msg']}.", where=str(project / FILE)) from error


def projects_in(home: Path) -> list[Path]:
    """Return the project folder itself, or the projects in a server's folder, in order."""
    if (home / FILE).is_file():
        return [home]
    kept = (FILE, STORE, UPLOADS)
    folders = home.iterdir() if home.is_dir() else ()
    return sorted(f for f in folders if f.is_dir() and any((f / name).exists() for name in kept))


def databases_in(home: Path, database: str = "") -> list[Path | str]:
    """Return the operational databases of a project, or of a server with its projects.

    Parameters
    ----------
    home : Path
        The project folder, or the folder of the projects.
    database : str, optional
        ``env:NAME`` of a server's own database, if that is PostgreSQL.

    Returns
    -------
    list of Path or str
        SQLite files that are there, then ``env:NAME`` of PostgreSQL databases.
    """
    projects = projects_in(home)
    files = [*(project / STORE / REGISTRY for project in projects), home / SERVER / REGISTRY]
    named = {database, *(places_of(project).database for project in projects)} - {""}
    return [*(file for file in files if file.is_file()), *sorted(named)]
