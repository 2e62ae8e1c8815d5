"""Commands for events as they happen: replay a file, look at the stream, bring it to a day."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, project_in
from coterie.errors import ParameterError
from coterie.terminal import answer, out, plain, progress

app = typer.Typer(
    name="stream",
    help="Events as they happen.\n\nExample: [bold]coterie stream replay events.ndjson[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
_MAX = "max"


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="One event a line, as JSON (NDJSON).")],
    speed: Annotated[
        str, typer.Option(help="So many times as fast as they happened, or max.")
    ] = _MAX,
    batch: Annotated[
        int, typer.Option(min=1, max=50_000, help="Events that are taken together.")
    ] = 20_000,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 if an event was refused.")
    ] = False,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Take the events of a file as if they came now; days change as they do in the data.

    Example: [bold]coterie stream replay events.ndjson --speed 60[/bold]
    """
    from coterie.pipeline.replaying import Pace, Replay

    pace = Pace(_speed(speed), time.monotonic, time.sleep)
    found = Replay(project_in(folder).settings, folder, file, batch)
    with progress() as tell:
        told = found.run(pace, tell)
    if as_json:
        answer("stream replay", told)
    else:
        out.print(
            f"{told['accepted']:,} events taken, {told['repeated']:,} known before, "
            f"{told['refused']:,} refused; {told['moves']:,} changes told."
        )
        _show_reasons(told["reasons"])
    if strict and told["refused"]:
        raise typer.Exit(1)


def _speed(speed: str) -> float:
    """Return how fast; 0 for as fast as can be."""
    if speed == _MAX:
        return 0.0
    try:
        found = float(speed)
    except ValueError:
        found = -1.0
    if not 0 < found <= 1e9:
        raise ParameterError(
            f"{speed!r} is no speed.", allowed="a number above 0, or max", where="--speed"
        )
    return found


def _show_reasons(reasons: dict[str, int]) -> None:
    for reason, count in reasons.items():
        out.print(f"  {count:>9,}  {plain(reason)}")


@app.command()
def status(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Show where the stream stands and what came.

    Example: [bold]coterie stream status[/bold]
    """
    from coterie.pipeline.stream_reading import StreamReader
    from coterie.store.home import Home

    project_in(folder)
    home, told = Home(folder), {"open": False}
    if home.has_registry:
        with home.registry() as registry:
            told = StreamReader(registry).status()
    if as_json:
        return answer("stream status", told)
    if not told["open"]:
        out.print("The stream has not begun: it begins with the first event.")
        return None
    _show_status(told)
    return None


def _show_status(told: dict[str, Any]) -> None:
    out.print(f"The stream stands on run {told['run_id']}: all before {told['watermark']}.")
    out.print(f"Customers are placed as of {told['as_of']}.")
    words = {
        "accepted": "events taken",
        "late": "of them from before the day of the run",
        "repeated": "known before",
        "refused": "refused: coterie stream dead",
        "moves": "changes told",
    }
    for name, what in words.items():
        out.print(f"  {told[name]:>9,}  {what}")
    if told["last_event"]:
        out.print(f"The last event is of {told['last_event']}.")


@app.command()
def sweep(
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Everybody is placed as of this day; default: tomorrow, as all of today is seen.",
        ),
    ] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Follow the published run, and place everybody on a day; a day that is past is left alone.

    Example: [bold]coterie stream sweep --as-of 2011-12-10[/bold]
    """
    from coterie.pipeline.streaming import Stream

    settings = project_in(folder).settings
    with Stream(settings, folder, lambda: datetime.now(UTC)) as stream, progress() as tell:
        stream.open(lambda stage, share: tell("stream", share, stage))
        moves = stream.advance(as_of.date() if as_of else None)
        told = {"as_of": stream.status()["as_of"], "moves": moves}
    if as_json:
        return answer("stream sweep", told)
    out.print(f"Customers are placed as of {told['as_of']}; {moves:,} changes told.")
    return None


@app.command()
def dead(
    reason: Annotated[str, typer.Option(help="Of this reason alone.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 20,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """List messages that could not be used, and why.

    Example: [bold]coterie stream dead --reason bad_time[/bold]
    """
    from coterie.pipeline.stream_reading import StreamReader
    from coterie.store.home import Home

    project_in(folder)
    with Home(folder).registry() as registry:
        rows, reasons = StreamReader(registry).dead(0, limit, reason=reason)
    if as_json:
        return answer("stream dead", {"items": rows, "reasons": reasons})
    if not reasons:
        out.print("No message was refused.")
        return None
    _show_reasons(reasons)
    for row in rows:
        out.print(f"{row['at']} {row['source']} {plain(row['reason'])}: {plain(row['message'])}")
        out.print(f"  {plain(row['raw'][:200])}", soft_wrap=True)
    return None
