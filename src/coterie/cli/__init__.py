"""The command line: parse, call one function of the API, print.

Libraries load inside the commands, so that ``coterie --help`` answers at once.
"""

from __future__ import annotations

import os
from functools import partial

import typer

from coterie.cli import explain, flows, look, project, value
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

# In the order of the help.
for command in (
    project.init,
    project.run,
    project.train,
    project.demo,
    look.report,
    look.segments,
    look.customer,
    look.assign,
    flows.flows,
    flows.compare,
    flows.rename,
    flows.publish,
    explain.explain,
    explain.why,
    explain.what_if,
    explain.export,
    value.value,
    look.features,
    look.algorithms,
):
    app.command()(command)


def main() -> None:
    """Run the command line; turn our errors into one red line and exit code 1."""
    # The engine, once it is loaded, gives memory back as soon as it is free.
    os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "dirty_decay_ms:200,muzzy_decay_ms:0")
    # By any way it was started, completion is for the one name.
    ended_well(partial(app, prog_name="coterie"))
