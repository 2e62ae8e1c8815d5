"""What every command shares: the options, the way to the published run, and how a call ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.errors import CoterieError, ParameterError
from coterie.terminal import err, fail

if TYPE_CHECKING:
    from coterie.api import Project
    from coterie.store.results import Run

Folder = Annotated[
    Path, typer.Option("--project", "-p", help="Project folder, with its coterie.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="Rows on or after this day are not read; default: the day after the last.",
    ),
]
HERE = Path()


class MisuseError(ParameterError):
    """Options that do not go together; ends with code 2, as any other wrong use of a command."""


def table_file(path: Path | None) -> Path | None:
    """Refuse a file that no table can be written to, before any work is done for it."""
    if path is not None:
        from coterie.profiling.export import check_target

        check_target(path)
    return path


def ended_well(app: Callable[[], Any]) -> None:
    """Run the command line; turn our errors into one red line and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what the terminal cannot show must not end a run
            stream.reconfigure(errors="backslashreplace")
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _call(app, received)
    except MisuseError as error:
        fail(error, code=2)
    except CoterieError as error:
        fail(error)
    except BrokenPipeError:
        _end_quietly()
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(CoterieError(f"{where}{error.strerror or error}."))
    except MemoryError:
        hint = "Free memory, or bring fewer rows or columns."
        fail(CoterieError("There is not enough memory.", hint=hint))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _call(app: Callable[[], Any], received: list[int]) -> None:
    """Run the command; whatever a library makes of a signal received, the command was stopped."""
    try:
        app()
    except BaseException:
        if not received:
            raise
        err.print("Stopped. Nothing is left half-written; run again when you like.")
        sys.exit(128 + received[-1])


def _end_quietly() -> None:
    """Stop writing to a reader that has gone, such as ``head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(1)


def project_in(folder: Path) -> Project:
    """Return the project of a folder."""
    from coterie.api import Project

    return Project(folder)


def latest(folder: Path) -> Run:
    """Return the published run of a folder."""
    from coterie.store.results import published_run

    return published_run(folder)


def day_of(moment: datetime | None) -> date | None:
    """Return the day that an option named."""
    return moment.date() if moment else None
