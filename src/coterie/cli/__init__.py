"""The command line: parse, call one function of the API, print.

Libraries load inside the commands, so that ``coterie --help`` answers at once.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from coterie import __version__
from coterie.cli import (
    accounts,
    consume,
    explain,
    flows,
    look,
    offers,
    operate,
    predict,
    privacy,
    products,
    project,
    serve,
    stream,
    value,
)
from coterie.cli.base import ended_well

__all__ = ["app", "main"]

app = typer.Typer(
    help=(
        "Customer segments that are proven on later behaviour, explained and stable.\n\n"
        "Example: [bold]coterie init orders.csv[/bold]"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

PANELS: dict[str, tuple[Callable[..., Any], ...]] = {
    "From data to segments": (project.init, project.run, project.train, project.demo),
    "See them": (look.report, look.segments, look.customer, look.assign),
    "Ask why": (explain.explain, explain.why, explain.what_if, explain.fairness, explain.export),
    "Look ahead": (predict.predict, value.value, products.recommend, products.products),
    "Follow them": (flows.flows, flows.compare, flows.rename, flows.publish),
    "Serve": (serve.serve, serve.worker),
    "Keep it running": (operate.backup, operate.restore, operate.migrate, operate.doctor),
    "Rights of people": (privacy.access, privacy.erase, privacy.identify),
    "Know what there is": (look.features, look.algorithms),
}
"""Commands under the headings of the help, in its order."""
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(operate.app, rich_help_panel="Serve")
for command in (consume.consume, consume.deliver):
    stream.app.command()(command)
app.add_typer(stream.app, rich_help_panel="Follow them")
app.add_typer(privacy.app, rich_help_panel="Rights of people")
app.add_typer(accounts.app, rich_help_panel="Serve")
app.add_typer(accounts.audit, rich_help_panel="Keep it running")
app.add_typer(offers.app, rich_help_panel="Look ahead")
app.command(rich_help_panel="Look ahead")(offers.feedback)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"coterie {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command line; turn our errors into one red line and exit code 1."""
    # The engine, once it is loaded, gives memory back as soon as it is free.
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:200,muzzy_decay_ms:0")
    # What libraries say to developers is not for users.
    logging.captureWarnings(capture=True)
    # By any way it was started, completion is for the one name.
    ended_well(partial(app, prog_name="coterie"))
