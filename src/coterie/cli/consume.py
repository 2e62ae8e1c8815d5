"""Commands that read events from Kafka and tell receivers who moved."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.base import HERE, AsJson, Folder, project_in
from coterie.terminal import answer, err, out, plain

if TYPE_CHECKING:
    from coterie.pipeline.consuming import Counts
    from coterie.pipeline.streaming import Stream


def consume(
    until_end: Annotated[
        bool, typer.Option("--until-end", help="End when all that is there has been read.")
    ] = False,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Read events from the Kafka topic of the settings, and tell receivers who moved.

    It goes on until it is stopped; what is being taken then is finished first.

    Example: [bold]coterie stream consume[/bold]
    """
    from coterie.pipeline.consuming import Consuming

    with _stream(folder) as stream:
        counts = Consuming(stream, _say, _show).run(_stopped(), until_end=until_end)
    if as_json:
        return answer("stream consume", counts.to_dict())
    return out.print(
        f"{counts.read:,} messages read: {counts.accepted:,} new, {counts.repeated:,} known "
        f"before, {counts.refused:,} refused. {counts.moves:,} messages to tell; the receivers "
        f"went on by {counts.delivered:,}.",
        soft_wrap=True,
    )


def deliver(
    once: Annotated[bool, typer.Option("--once", help="End when nothing is left to send.")] = False,
    resume: Annotated[str, typer.Option(help="A receiver to try again, such as webhook:crm.")] = "",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell topics and webhooks of the settings who moved, where no consumer runs.

    Example: [bold]coterie stream deliver --once[/bold]
    """
    from coterie.pipeline.consuming import deliver as tell
    from coterie.pipeline.consuming import sinks_of, try_again

    with _stream(folder) as stream:
        if resume:
            try_again(stream, resume)
        sinks = sinks_of(stream.settings.stream)
        told = tell(stream, sinks, _stopped(), _say, once=once)
    if as_json:
        receivers = [sink.name for sink in sinks]
        return answer("stream deliver", {"receivers": receivers, "delivered": told})
    return out.print(f"{len(sinks):,} receivers went on by {told:,} messages.")


def _stream(folder: Folder) -> Stream:
    from datetime import UTC, datetime

    from coterie.pipeline.streaming import Stream

    project = project_in(folder)
    return Stream(project.settings, project.folder, lambda: datetime.now(UTC))


def _stopped() -> threading.Event:
    """Return what is set when the program is told to stop: it ends well, and that is no failure."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _say(text: str) -> None:
    err.print(plain(text), soft_wrap=True)


def _show(counts: Counts, rate: float, behind: int) -> None:
    err.print(f"{counts.read:,} messages read, {rate:,.0f} a second, {behind:,} waiting")
