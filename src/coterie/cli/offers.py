"""Commands about offers: plan them, feed back what came of them, see what they changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, day_of, latest, project_in, table_file
from coterie.terminal import answer, out, plain, progress

if TYPE_CHECKING:
    from coterie.offers.kept_plan import Planned

app = typer.Typer(
    name="offers",
    help=(
        "Plan offers and see what they changed.\n\n"
        "Example: [bold]coterie offers plan --to plan.csv[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)

AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Day of it; default: after the last that is known."),
]
Seed = Annotated[int | None, typer.Option(help="Of what is drawn by lot; default: the project's.")]


@app.command()
def plan(
    to: Annotated[
        Path | None, typer.Option(help="Write the list as CSV or Parquet.", callback=table_file)
    ] = None,
    explore: Annotated[bool, typer.Option("--explore", help="Draw offers to learn.")] = False,
    budget: Annotated[float | None, typer.Option(help="Most that all contacts may cost.")] = None,
    seed: Seed = None,
    as_of: AsOf = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Plan who is offered what next, within capacities, contact limits and a budget.

    Example: [bold]coterie offers plan --to plan.csv[/bold]
    """
    project, run = project_in(folder), latest(folder)
    with progress() as tell:
        found = project.plan_offers(
            as_of=day_of(as_of), explore=explore, seed=seed, budget=budget, tell=tell
        )
    if to is not None:
        from coterie.profiling.export import write_table

        write_table(found.touches, to)
    summary = found.summary
    if as_json:
        return answer("offers plan", _data(found, to), run=run, warnings=_warnings(summary))
    _show_plan(summary)
    if to is not None:
        out.print(f"{summary['planned']:,} rows to {plain(str(to))}", soft_wrap=True)
    return _end(found, summary)


def _data(found: Planned, to: Path | None = None) -> dict[str, Any]:
    return {
        **found.summary,
        "report": str(found.report),
        "folder": str(found.folder),
        "file": str(to) if to else None,
    }


def _warnings(summary: dict[str, Any]) -> list[dict[str, str]]:
    return [{"code": "offers", "message": note} for note in summary["notes"]]


def _end(found: Planned, summary: dict[str, Any]) -> None:
    for note in summary["notes"]:
        out.print(f"Note: {plain(note)}", soft_wrap=True)
    out.print(f"Page: {plain(str(found.report))}", soft_wrap=True)


def _show_plan(summary: dict[str, Any]) -> None:
    from rich.table import Table

    from coterie.offers.planned import WITHOUT

    if summary["day"]:
        out.print(f"Day of the plan: {summary['day']}.")
    out.print(
        f"{summary['contacts']:,} of {summary['customers']:,} customers are contacted; "
        f"{summary['control']:,} more suit an offer and are the control, drawn by lot."
    )
    table = Table("segment", "offer", box=None, pad_edge=False)
    table.add_column("chosen", justify="right")
    table.add_column("share", justify="right")
    for segment in summary["segments"]:
        for at, row in enumerate(segment["offers"]):
            name = "" if at else plain(segment["name"])
            table.add_row(name, plain(row["name"]), f"{row['planned']:,}", f"{row['share']:.1%}")
        none = sum(segment["without"].values())
        name = "" if segment["offers"] else plain(segment["name"])
        table.add_row(name, "[dim]none[/dim]", f"{none:,}", f"{none / segment['n']:.1%}")
    out.print(table)
    for key, why in WITHOUT.items():
        if n := sum(segment["without"][key] for segment in summary["segments"]):
            out.print(f"No offer for {n:,} customers: {why}.", soft_wrap=True)
    for row in summary["offers"]:
        if row["guarded"]:
            out.print(
                f"{plain(row['name'])}: {row['guarded']:,} customers who meet its condition are "
                "kept from more debt by a guard.",
                soft_wrap=True,
            )


@app.command()
def report(
    seed: Seed = None,
    as_of: AsOf = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what contacts changed: effects against the control, with intervals.

    Example: [bold]coterie offers report[/bold]
    """
    from coterie.offers.planned import evidence_words
    from coterie.offers.uplift import Effect

    project, run = project_in(folder), latest(folder)
    with progress() as tell:
        found = project.offers_report(as_of=day_of(as_of), seed=seed, tell=tell)
    summary = found.summary
    if as_json:
        data = {**_data(found), "items": summary["offers"], "total": len(summary["offers"])}
        return answer("offers report", data, run=run, warnings=_warnings(summary))
    for row in summary["offers"]:
        words = evidence_words(Effect(**row["answers"]))
        out.print(f"[bold]{plain(row['name'])}[/bold]: {plain(words)}", soft_wrap=True)
        for one in row["segments"]:
            words = evidence_words(Effect(**one["answers"]))
            out.print(f"  {plain(one['name'])}: {plain(words)}", soft_wrap=True)
    return _end(found, summary)


@app.command()
def example(
    name: Annotated[str, typer.Argument(help="retail or bank.")] = "retail",
    as_json: AsJson = False,
) -> None:
    """Print a catalogue of offers to start from; paste it into coterie.toml and change it.

    Example: [bold]coterie offers example bank[/bold]
    """
    from coterie.offers.examples import catalogue_text

    text = catalogue_text(name)
    if as_json:
        return answer("offers example", {"name": name, "toml": text})
    return typer.echo(text, nl=False)


def feedback(
    file: Annotated[Path, typer.Argument(help="Touches: who was contacted, and who answered.")],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Feed back what came of offers; each touch counts once, however often it is fed.

    Example: [bold]coterie feedback answers.csv[/bold]
    """
    found = project_in(folder).feedback(file)
    if as_json:
        notes = [{"code": "feedback", "message": note} for note in found.notes]
        return answer("feedback", found.to_dict(), warnings=notes)
    out.print(
        f"{found.rows:,} rows in = {found.accepted:,} accepted + {found.quarantined:,} quarantined"
    )
    if found.fresh:
        out.print(
            f"{found.new:,} touches are new, {found.answered:,} were known and are answered now."
        )
    for note in found.notes:
        out.print(f"Note: {plain(note)}", soft_wrap=True)
    return out.print("See what they tell: coterie offers report")
