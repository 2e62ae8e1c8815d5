"""The command line: parse, call one function of the API, print.

Libraries load inside the commands, so that ``coterie --help`` answers at once.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.errors import CoterieError, ParameterError
from coterie.terminal import answer, err, fail, out, plain, progress, show_quality, show_segments

if TYPE_CHECKING:
    from coterie.api import Project, Run

app = typer.Typer(
    help=(
        "Customer segments that are proven on later behaviour, explained and stable.\n\n"
        "Example: [bold]coterie init orders.csv[/bold]"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

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


def main() -> None:
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
        _call(received)
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


def _call(received: list[int]) -> None:
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


def _project(folder: Path) -> Project:
    from coterie.api import Project

    return Project(folder)


def _latest(folder: Path) -> Run:
    from coterie.store.results import published_run

    return published_run(folder)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


@app.command()
def init(
    files: Annotated[list[Path], typer.Argument(help="Files of orders, customers, events …")],
    folder: Folder = HERE,
    name: Annotated[str, typer.Option(help="Name of the project; default: the folder's.")] = "",
    dvc: Annotated[bool, typer.Option("--dvc", help="Also write a DVC pipeline.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at FILES and write a commented coterie.toml.

    Example: [bold]coterie init orders.csv customers.csv[/bold]
    """
    from coterie.api import inspect
    from coterie.config import FILE
    from coterie.store.runs import write_atomic
    from coterie.validation.template import dvc_yaml, project_toml

    target = folder / FILE
    if target.exists() and not force:
        raise ParameterError(f"{target} is there already.", hint="Replace it with --force.")
    found = inspect(files, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(target, project_toml(name or folder.resolve().name, found, dvc=dvc))
    if dvc:
        write_atomic(folder / "dvc.yaml", dvc_yaml([source.file for source, _ in found]))
    if as_json:
        return answer("init", {"file": str(target), "proposals": [p.to_dict() for _, p in found]})
    for source, proposal in found:
        what = f"{proposal.table} ({proposal.sure})" if proposal.table else "none of the tables"
        out.print(
            f"[bold]{plain(source.file)}[/bold]: {proposal.rows:,} rows, {what}", soft_wrap=True
        )
        for column in proposal.columns:
            out.print(f"  {column.column:<14} {plain(column.user_column):<24} {column.sure}")
        for gap in proposal.missing:
            out.print(f"  [red]missing[/red] {gap.column}: {plain(gap.why)}", soft_wrap=True)
        if proposal.time_question:
            out.print(f"  [red]please say[/red] {plain(proposal.time_question)}", soft_wrap=True)
    out.print(f"Wrote {plain(str(target))}. Read it, then: coterie run", soft_wrap=True)
    return None


def _run(
    command: str, folder: Path, moment: datetime | None, *, refit: bool, as_json: bool
) -> None:
    from coterie.pipeline.make import run as run_pipeline
    from coterie.store.results import Run

    project = _project(folder)
    start = time.perf_counter()
    with progress() as tell:
        done = run_pipeline(project.settings, folder, as_of=_day(moment), refit=refit, tell=tell)
    run = Run(done.folder)
    if as_json:
        return answer(command, _summary(run, fresh=done.fresh), run=run, warnings=_warnings(run))
    if not done.fresh:
        out.print(f"Nothing to do: run {run.id} has the same input and the same model.")
    show_segments(run)
    show_quality(run)
    for warning in _warnings(run):
        out.print(f"Note: {plain(warning['message'])}", soft_wrap=True)
    out.print(f"Report: {plain(str(run.report))}", soft_wrap=True)
    out.print(f"Took {time.perf_counter() - start:.1f} s.")
    return None


def _summary(run: Run, *, fresh: bool) -> dict[str, Any]:
    return {
        "segments": run.segments,
        "verdict": run.choice.get("verdict"),
        "quality": run.quality,
        "report": str(run.report),
        "fresh": fresh,
    }


def _warnings(run: Run) -> list[dict[str, str]]:
    note = run.choice.get("note")
    return [{"code": "choice", "message": note}] if note else []


@app.command()
def run(
    folder: Folder = HERE,
    as_of: AsOf = None,
    refit: Annotated[bool, typer.Option("--refit", help="Fit anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read, check, score and report; fit if there is no model yet.

    Example: [bold]coterie run --as-of 2011-12-10[/bold]
    """
    _run("run", folder, as_of, refit=refit, as_json=as_json)


@app.command()
def train(folder: Folder = HERE, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Fit the segmentation anew; segments keep their ids where members stay.

    Example: [bold]coterie train[/bold]
    """
    _run("train", folder, as_of, refit=True, as_json=as_json)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where to put the project.")] = Path("demo"),
    sample: Annotated[str, typer.Option(help="complete-journey or shop.")] = "complete-journey",
    as_json: AsJson = False,
) -> None:
    """Segment a sample: real grocery households, or a simulated shop.

    Example: [bold]coterie demo --sample shop --folder my-shop[/bold]
    """
    from coterie.config import FILE
    from coterie.sources.samples import write_sample

    if not (folder / FILE).exists():
        err.print(f"Writing the sample {plain(sample)} to {plain(str(folder))}.", soft_wrap=True)
        write_sample(sample, folder)
    _run("demo", folder, None, refit=False, as_json=as_json)
    if not as_json:
        out.print(
            "Open the report in a browser. "
            f"Go on with: coterie customer ID --project {plain(str(folder))}",
            soft_wrap=True,
        )


@app.command()
def report(
    folder: Folder = HERE,
    to: Annotated[Path | None, typer.Option(help="Copy the page to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say where the report of the published run lies, or copy it.

    Example: [bold]coterie report --to segments.html[/bold]
    """
    from coterie.store.runs import whole_file

    found = _latest(folder)
    path = found.report
    if to is not None:
        with whole_file(to) as partial:
            shutil.copyfile(path, partial)
        path = to
    if as_json:
        return answer("report", {"report": str(path)}, run=found)
    out.print(plain(str(path)), soft_wrap=True)
    return None


@app.command()
def segments(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """List the segments of the published run.

    Example: [bold]coterie segments --json[/bold]
    """
    found = _latest(folder)
    if as_json:
        items = found.segments
        return answer("segments", {"items": items, "total": len(items)}, run=found)
    show_segments(found)
    return None


@app.command()
def customer(
    customer_id: Annotated[str, typer.Argument(help="Id as in your data.")],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show one customer: segment, how clearly, value and features.

    Example: [bold]coterie customer 12347[/bold]
    """
    found = _latest(folder)
    row = found.customer(customer_id)
    if as_json:
        return answer("customer", row, run=found)
    segment = (
        f"{row['segment_name']} ({row['segment_id']})" if row["segment_name"] else "no segment"
    )
    out.print(f"[bold]{plain(customer_id)}[/bold]: {plain(segment)}, as of {found.as_of}")
    if row["second_name"]:
        out.print(f"Next nearest: {plain(row['second_name'])}; margin {row['margin']:.2f} of 1")
    for name, value in row["features"].items():
        out.print(f"  {name:<28} {'unknown' if value is None else f'{value:,.4g}':>14}")
    return None


@app.command()
def assign(
    file: Annotated[
        Path, typer.Argument(help="Orders, or customers if the model needs only them.")
    ],
    folder: Folder = HERE,
    as_of: AsOf = None,
    to: Annotated[Path | None, typer.Option(help="Write CSV or Parquet instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Place the customers of FILE by the published model; nothing is stored.

    Example: [bold]coterie assign new_customers.csv --to placed.csv[/bold]
    """
    project = _project(folder)
    found = _latest(folder)
    names = {row["id"]: row["name"] for row in found.segments}
    rows = project.assign(file, as_of=_day(as_of))
    if to is not None:
        from coterie.profiling.export import write_rows

        write_rows(rows, names, to)
        if as_json:
            return answer("assign", {"file": str(to), "total": rows.num_rows}, run=found)
        return out.print(f"{rows.num_rows:,} rows to {plain(str(to))}", soft_wrap=True)
    placed = [
        {
            "id": row["customer_id"],
            "segment_id": row["segment_id"],
            "segment_name": names.get(row["segment_id"]),
            "margin": row["margin"],
            "status": row["status"],
            "reasons": row["reasons"],
        }
        for row in rows.to_pylist()
    ]
    if as_json:
        return answer("assign", {"rows": placed}, run=found)
    for row in placed[:50]:
        why = plain("; ".join(row["reasons"]))
        out.print(f"{plain(row['id']):<20} {plain(row['segment_name'] or row['status']):<28} {why}")
    if len(placed) > 50:
        out.print(f"… and {len(placed) - 50:,} more; write them all with --to placed.csv")
    return None


@app.command()
def features(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """List the features of the published run, with their definitions.

    Example: [bold]coterie features[/bold]
    """
    from rich.table import Table

    from coterie.api import list_features

    items = list_features(folder)
    if as_json:
        return answer("features", {"items": items, "total": len(items)})
    table = Table("feature", "meaning", "unit", "definition", box=None, pad_edge=False)
    for row in items:
        expr = row["expr"] if len(row["expr"]) <= 90 else f"{row['expr'][:90]} …"
        table.add_row(*map(plain, (row["name"], row["label"], row["unit"], expr)))
    out.print(table)
    return None


@app.command()
def algorithms(as_json: AsJson = False) -> None:
    """List the ways to find segments.

    Example: [bold]coterie algorithms[/bold]
    """
    from coterie.api import list_algorithms

    items = list_algorithms()
    if as_json:
        return answer("algorithms", {"items": items, "total": len(items)})
    for row in items:
        out.print(f"[bold]{row['name']:<12}[/bold] {plain(row['meaning'])}", soft_wrap=True)
    return None


if __name__ == "__main__":
    main()
