"""Commands that make something: a project, a run, a refit, a sample."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, AsOf, Folder, day_of
from coterie.errors import ParameterError
from coterie.terminal import answer, err, out, plain, progress, show_quality, show_segments

if TYPE_CHECKING:
    from coterie.store.results import Run


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
    from coterie.store.places import FILE
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


SEARCH = ("k", "algorithm", "budget", "weights")
"""Settings of the choice that flags can give."""
K = Annotated[str, typer.Option("--k", help="Number of segments, instead of the best one.")]
Algorithm = Annotated[str, typer.Option("--algorithm", help="One of coterie algorithms.")]
Budget = Annotated[str, typer.Option("--budget", help="Time for the search, like 60s or 10m.")]

Weights = Annotated[
    str, typer.Option("--weights", help="How much criteria count, like value=2,stability=1.")
]


def _run(
    command: str,
    folder: Path,
    moment: datetime | None,
    *,
    refit: bool,
    publish: bool = True,
    as_json: bool,
    search: tuple[str, ...] = (),
) -> None:
    from coterie.config import load_settings
    from coterie.pipeline.run import run as run_pipeline
    from coterie.segmentation.wishes import read_weights
    from coterie.store.results import Run

    asked: dict[str, Any] = {n: given for n, given in zip(SEARCH, search, strict=False) if given}
    if "weights" in asked:
        asked["weights"] = read_weights(asked["weights"])
    settings = load_settings(folder, {"segmentation": asked} if asked else {})
    start = time.perf_counter()
    with progress() as tell:
        done = run_pipeline(
            settings, folder, as_of=day_of(moment), refit=refit, publish=publish, tell=tell
        )
    run = Run(done.folder)
    if as_json:
        return answer(command, _summary(run, fresh=done.fresh), run=run, warnings=_warnings(run))
    if not done.fresh:
        out.print(f"Nothing to do: run {run.id} has the same input and the same model.")
    show_segments(run)
    show_quality(run)
    for warning in _warnings(run):
        out.print(f"Note: {plain(warning['message'])}", soft_wrap=True)
    if not publish:
        out.print(f"Not published. To publish it: coterie publish {run.id}", soft_wrap=True)
    out.print(f"Report: {plain(str(run.report))}", soft_wrap=True)
    out.print(f"Took {time.perf_counter() - start:.1f} s.")
    return None


def _summary(run: Run, *, fresh: bool) -> dict[str, Any]:
    from coterie.profiling.publication import published_segments

    return {
        "segments": published_segments(run),
        "verdict": run.choice.get("verdict"),
        "quality": run.quality,
        "report": str(run.report),
        "fresh": fresh,
    }


def _warnings(run: Run) -> list[dict[str, str]]:
    note = run.choice.get("note")
    return [{"code": "choice", "message": note}] if note else []


def run(  # noqa: PLR0913 - a command has one argument for each flag
    folder: Folder = HERE,
    as_of: AsOf = None,
    refit: Annotated[bool, typer.Option("--refit", help="Refit the model.")] = False,
    k: K = "",
    algorithm: Algorithm = "",
    budget: Budget = "",
    weights: Weights = "",
    no_publish: Annotated[
        bool, typer.Option("--no-publish", help="Only look at it: what is published stays.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read, check, score and report; fit if there is no model yet.

    Example: [bold]coterie run --as-of 2011-12-10[/bold]
    """
    search = (k, algorithm, budget, weights)
    _run("run", folder, as_of, refit=refit, publish=not no_publish, as_json=as_json, search=search)


def train(
    folder: Folder = HERE,
    as_of: AsOf = None,
    k: K = "",
    algorithm: Algorithm = "",
    budget: Budget = "",
    weights: Weights = "",
    as_json: AsJson = False,
) -> None:
    """Refit: go on from the published segments, or choose anew if the settings changed.

    Example: [bold]coterie train --weights value=2,stability=1[/bold]
    """
    search = (k, algorithm, budget, weights)
    _run("train", folder, as_of, refit=True, as_json=as_json, search=search)


def demo(
    folder: Annotated[Path, typer.Option(help="Where to put the project.")] = Path("demo"),
    sample: Annotated[str, typer.Option(help="complete-journey or shop.")] = "complete-journey",
    as_json: AsJson = False,
) -> None:
    """Segment a sample: real grocery households, or a simulated shop.

    Example: [bold]coterie demo --sample shop --folder my-shop[/bold]
    """
    from coterie.sources.samples import write_sample
    from coterie.store.places import FILE

    if not (folder / FILE).exists():
        err.print(f"Writing the sample {plain(sample)} to {plain(str(folder))}.", soft_wrap=True)
        write_sample(sample, folder)
    _run("demo", folder, None, refit=False, as_json=as_json)
    if not as_json:
        out.print(
            "Open the report in a browser. "
            f"See all of it: coterie serve {plain(str(folder))}, then http://127.0.0.1:8000. "
            f"Or ask: coterie customer ID --project {plain(str(folder))}",
            soft_wrap=True,
        )
