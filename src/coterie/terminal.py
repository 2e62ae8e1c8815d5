"""What the command line puts on the screen: answers, tables, progress and errors.

Answers go to standard output, everything else to standard error, so that a program
can read the one while a person watches the other.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from coterie.errors import CoterieError

if TYPE_CHECKING:
    from coterie.store.results import Run

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Tell = Callable[[str, float, str], None]
EARLY, LITTLE = 5.0, 0.02
"""Seconds, and share of a stage, before which nothing is said of the time left."""
SELDOM = 20.0
"""Seconds between two lines on how far a stage is, where there is no bar."""
STAGES = {
    "read": "Reading and checking",
    "measure": "Measuring",
    "choose": "Choosing",
    "place": "Placing",
    "profile": "Describing",
    "write": "Writing",
    "stream": "Taking events",
}


def fail(error: CoterieError, code: int = 1) -> None:
    """Print an error as one red line, or as JSON if that was asked for, and end with a code."""
    if "--json" in sys.argv:
        print(json.dumps({"ok": False, "error": error.to_dict()}))  # noqa: T201  the answer itself
    else:
        err.print(f"[red]Error:[/red] {plain(str(error))}", soft_wrap=True)
    sys.exit(code)


def plain(text: str) -> str:
    """Return a text from outside as one line that neither the markup nor the terminal obeys."""
    from rich.markup import escape

    # The two joiners belong to Arabic, Indian scripts and emoji.
    return escape("".join(c if c.isprintable() or c in "\u200c\u200d" else "�" for c in text))


def answer(
    command: str, data: Any, *, run: Run | None = None, warnings: Sequence[Mapping[str, str]] = ()
) -> None:
    """Print the one JSON object of a command.

    Parameters
    ----------
    command : str
        Its name.
    data : JSON
        The answer.
    run : Run, optional
        The run that the answer is about.
    warnings : sequence of mapping, optional
        Objects with ``code`` and ``message``.
    """
    body = {
        "command": command,
        "ok": True,
        "run_id": run.id if run else None,
        "as_of": run.as_of if run else None,
        "data": data,
        "warnings": list(warnings),
    }
    print(json.dumps(body, allow_nan=False))  # noqa: T201  the answer itself


def time_left(share: float, elapsed: float) -> str:
    """Say how long a stage will still take if it goes on as so far.

    Parameters
    ----------
    share : float
        How much of it is done, 0 to 1.
    elapsed : float
        Seconds since it began.

    Returns
    -------
    str
        Rounded up; empty while it is too early to say, and at the end.

    Examples
    --------
    >>> time_left(0.25, 12.0), time_left(0.25, 60.0), time_left(0.1, 1200.0)
    ('about 40 s left', 'about 3 min left', 'about 3 h left')
    >>> time_left(0.25, 2.0), time_left(0.01, 60.0), time_left(1.0, 60.0)
    ('', '', '')
    """
    if elapsed < EARLY or not LITTLE <= share < 1:
        return ""
    left = elapsed * (1 - share) / share
    for size, of, unit in ((10, 1, "s"), (60, 60, "min")):
        if left <= 60 * of:
            return f"about {math.ceil(left / size) * size // of} {unit} left"
    return f"about {math.ceil(left / 3600)} h left"


@contextmanager
def progress(clock: Callable[[], float] = time.monotonic) -> Iterator[Tell]:
    """Show stages as bars on a terminal, as lines elsewhere; always on standard error.

    Parameters
    ----------
    clock : callable, optional
        Tells the seconds since any moment.

    Yields
    ------
    callable
        To be told the stage, the share of it that is done, and what is being done.
    """
    if not err.is_terminal:
        yield _lines(clock)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<20}"), BarColumn(), TimeElapsedColumn())
    fields = (TextColumn("{task.fields[left]}"), TextColumn("{task.fields[what]}"))
    with Progress(*columns, *fields, console=err) as bars:
        tasks: dict[str, Any] = {}
        began: dict[str, float] = {}

        def bar(stage: str, share: float, what: str) -> None:
            for name, task in tasks.items():
                if name != stage:
                    bars.update(task, completed=1.0, left="")
                    bars.stop_task(task)
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES[stage], total=1.0, what="", left="")
                began[stage] = clock()
            left = time_left(share, clock() - began[stage])
            bars.update(tasks[stage], completed=share, what=plain(what)[:60], left=left)

        yield bar


def _lines(clock: Callable[[], float]) -> Tell:
    """Return what writes a line for each stage, and of a long one how far it is."""
    seen: set[str] = set()
    began = said = 0.0

    def line(stage: str, share: float, what: str) -> None:
        nonlocal began, said
        now = clock()
        if (key := f"{stage} {what}" if stage == "read" else stage) not in seen:
            seen.add(key)
            began = said = now
            err.print(f"{STAGES[stage]}: {plain(what)}", soft_wrap=True)
        elif now - said >= SELDOM and (left := time_left(share, now - began)):
            said = now
            err.print(f"{STAGES[stage]}: {share:.0%} done, {left}", soft_wrap=True)

    return line


def show_segments(run: Run) -> None:
    """Print the segments as a table; descriptions only where there is room."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    wide = out.width >= 110
    headings = ["id", "segment", "customers", "share", "value", *(["description"] * wide)]
    for heading in headings:
        number = heading in {"customers", "share", "value"}
        table.add_column(heading, justify="right" if number else "left", no_wrap=heading == "id")
    for row in run.segments:
        value = row["value_share"]
        cells = [
            row["id"],
            f"[bold]{plain(row['name'])}[/bold]",
            f"{row['n']:,}",
            f"{row['share']:.1%}",
            f"{value:.1%}" if value is not None else "unknown",
            plain(row["description"]),
        ]
        table.add_row(*cells[: len(headings)])
    out.print(table)


def show_quality(run: Run) -> None:
    """Print for each table that rows in = accepted + quarantined (+ erased)."""
    for name, account in run.quality["tables"].items():
        out.print(
            f"{name}: {account['rows_in']:,} rows in = {account['accepted']:,} accepted + "
            f"{account['quarantined']:,} quarantined"
            + (f" + {account['erased']:,} erased" if account.get("erased") else "")
        )
