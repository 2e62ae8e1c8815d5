"""What the command line puts on the screen: answers, tables, progress and errors.

Answers go to standard output, everything else to standard error, so that a program
can read the one while a person watches the other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from coterie.errors import CoterieError

if TYPE_CHECKING:
    from coterie.store.results import Run

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

STAGES = {
    "read": "Reading and checking",
    "measure": "Measuring",
    "choose": "Choosing",
    "place": "Placing",
    "profile": "Describing",
    "write": "Writing",
}


def fail(error: CoterieError) -> None:
    """Print an error as one red line, or as JSON if that was asked for, and end with code 1."""
    if "--json" in sys.argv:
        print(json.dumps({"ok": False, "error": error.to_dict()}))  # noqa: T201  the answer itself
    else:
        err.print(f"[red]Error:[/red] {plain(str(error))}", soft_wrap=True)
    sys.exit(1)


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


@contextmanager
def progress() -> Iterator[Callable[[str, float, str], None]]:
    """Show stages as bars on a terminal, as lines elsewhere; always on standard error."""
    if not err.is_terminal:
        seen: set[str] = set()

        def line(stage: str, _share: float, what: str) -> None:
            if (key := f"{stage} {what}" if stage == "read" else stage) not in seen:
                seen.add(key)
                err.print(f"{STAGES[stage]}: {plain(what)}", soft_wrap=True)

        yield line
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<20}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[what]}"), console=err) as bars:
        tasks: dict[str, Any] = {}

        def bar(stage: str, share: float, what: str) -> None:
            for name, task in tasks.items():
                if name != stage:
                    bars.update(task, completed=1.0)
                    bars.stop_task(task)
            if stage not in tasks:
                tasks[stage] = bars.add_task(STAGES[stage], total=1.0, what="")
            bars.update(tasks[stage], completed=share, what=plain(what)[:60])

        yield bar


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
    """Print for each table that rows in = accepted + quarantined."""
    for name, account in run.quality["tables"].items():
        out.print(
            f"{name}: {account['rows_in']:,} rows in = {account['accepted']:,} accepted + "
            f"{account['quarantined']:,} quarantined"
        )
