"""Commands about what changed: who moved between segments, two runs compared, names."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, day_of, latest, project_in
from coterie.errors import ParameterError
from coterie.terminal import answer, out, plain

if TYPE_CHECKING:
    from coterie.profiling.crossing import Crossing
    from coterie.profiling.migration import Flows
    from coterie.store.results import Run

_RUN = "A run: its id, the beginning of it, latest or previous."
_DAY = ["%Y-%m-%d"]


def flows(
    before: Annotated[str, typer.Argument(help=_RUN)] = "previous",
    after: Annotated[str, typer.Argument(help=_RUN)] = "latest",
    start: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="A date instead of a run.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="A later date instead of a run.")
    ] = None,
    segment: Annotated[str, typer.Option(help="List who entered and left this segment.")] = "",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show who moved between two runs or two dates, and why.

    Example: [bold]coterie flows --from 2011-11-11 --to 2011-12-10[/bold]
    """
    project = project_in(folder)
    first, last = day_of(start), day_of(end)
    if (first is None) != (last is None):
        raise ParameterError("One date alone.", allowed="Give both --from and --to, or two runs.")
    dates = first is not None and last is not None
    found = project.flows(first, last) if first and last else project.flows(before, after)
    run = latest(folder) if dates else project.find_run(after)
    if segment and segment not in found.segments:
        raise ParameterError.unknown("segment", segment, found.segments)
    notes = [{"code": "flows", "message": found.note}] if found.note else []
    if as_json:
        runs = None if dates else (project.find_run(before), run)
        return answer("flows", _flows_json(found, segment, run, runs), run=run, warnings=notes)
    _show_flows(found)
    if segment:
        for word, ids in (("entered", found.entered(segment)), ("left", found.left(segment))):
            out.print(f"{len(ids):,} {word} {plain(segment)}: {plain(', '.join(ids[:20]))}")
    for note in notes:
        out.print(f"Note: {plain(note['message'])}", soft_wrap=True)
    return None


def _flows_json(
    found: Flows, segment: str, run: Run, runs: tuple[Run, Run] | None
) -> dict[str, Any]:
    """Return the moves as they may leave; the lists of customers are for who asks by name."""
    from coterie.profiling.flows_json import flows_dict
    from coterie.profiling.hidden_moves import hidden_moves, hidden_moves_between
    from coterie.profiling.publication import floor_of

    hidden = (
        hidden_moves_between(found.migration, *runs)
        if runs
        else hidden_moves(found.migration, floor_of(run.manifest))
    )
    data = flows_dict(found.migration, found.segments, found.start, found.end, hidden=hidden)
    if segment:
        data["segment"] = segment
        data["entered"], data["left"] = found.entered(segment), found.left(segment)
    return data


def _show_flows(found: Flows) -> None:
    from coterie.profiling.crossing import crossing
    from coterie.profiling.migration import CAUSES, summed_up

    out.print(f"From {plain(found.start)} to {plain(found.end)}: {summed_up(found.migration)}")
    for cause, count in found.causes.items():
        out.print(f"  {count:>9,}  {cause:<10} {CAUSES[cause]}")
    names = {name: str(known["name"]) for name, known in found.segments.items()}
    order = list(found.segments)
    out.print("\n[bold]Where the customers of each segment went[/bold]")
    _show_matrix(crossing(found.migration, order=order), names)
    by_model = crossing(found.migration, "model", order=order)
    moved = sum(
        int(by_model.counts[i, j])
        for i, a in enumerate(by_model.rows)
        for j, b in enumerate(by_model.columns)
        if a != b
    )
    if moved:
        out.print(f"\n[bold]Of them, moved by the new model alone: {moved:,}[/bold]")
        _show_matrix(by_model, names)


def _show_matrix(matrix: Crossing, names: dict[str, str]) -> None:
    from rich.table import Table

    wide = out.width >= 120
    shown = [
        [
            (f"{count:,} ({100 * share:.0f}%)" if wide else f"{100 * share:.0f}%") if count else "·"
            for count, share in zip(counts, shares, strict=True)
        ]
        for counts, shares in zip(matrix.counts, matrix.shares, strict=True)
    ]
    heads = [
        plain(names.get(name, name)) if wide else name.removeprefix("seg-")
        for name in matrix.columns
    ]
    # No cell is cut: where room is short the names give way.
    widths = [
        max(0 if wide else len(head), *map(len, column))
        for head, column in zip(heads, zip(*shown, strict=True), strict=True)
    ]
    total = len(f"{matrix.counts.sum():,}")
    room = max(4, out.width - sum(widths) - len(widths) - total - 2)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("from \\ to", no_wrap=True, max_width=min(room, 28))
    for head, width in zip(heads, widths, strict=True):
        table.add_column(head, justify="right", min_width=width)
    table.add_column("sum", justify="right", min_width=total)
    for name, counts, cells in zip(matrix.rows, matrix.counts, shown, strict=True):
        label = names.get(name, name)
        if not wide and name.startswith("seg-"):
            label = f"{name.removeprefix('seg-')} {label}"
        table.add_row(plain(label), *cells, f"{int(counts.sum()):,}")
    out.print(table)


def compare(
    one: Annotated[str, typer.Argument(help=_RUN)] = "previous",
    other: Annotated[str, typer.Argument(help=_RUN)] = "latest",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Compare the segmentations of two runs: how far they agree, and what each tells.

    Example: [bold]coterie compare previous latest[/bold]
    """
    from rich.table import Table

    from coterie.profiling.publication import floor_of

    project = project_in(folder)
    found = project.compare(one, other)
    if as_json:
        run = project.find_run(other)
        return answer("compare", found.to_dict(floor_of(run.manifest)), run=run)
    table = Table("", *(plain(side["run_id"]) for side in found.sides), box=None, pad_edge=False)
    for name in (key for key in found.sides[0] if key not in {"run_id", "ci"}):
        table.add_row(name, *(_value(side[name]) for side in found.sides))
    out.print(table)
    if found.same is not None and found.ari is not None:
        out.print(
            f"\nOf {found.customers:,} customers in both, {100 * found.same:.1f}% have the same "
            f"segment; who is with whom agrees to {found.ari:.2f} of 1 (adjusted Rand index)."
        )
    runs = (project.find_run(one), project.find_run(other))
    names = {row["id"]: str(row["name"]) for run in runs for row in run.segments}
    _show_matrix(found.overlap, names)
    for line in found.changed:
        out.print(f"Changed: {plain(line)}", soft_wrap=True)
    return None


def _value(value: object) -> str:
    if value is None:
        return "unknown"
    return f"{value:.3f}" if isinstance(value, float) else plain(str(value))


def rename(
    segment: Annotated[str, typer.Argument(help="Id of a segment, such as seg-001.")],
    name: Annotated[str, typer.Argument(help="Up to four words; empty takes a name back.")],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Give a segment a name of your own; it stays, whatever is fitted later.

    Example: [bold]coterie rename seg-001 "Best of all"[/bold]
    """
    project_in(folder).rename(segment, name)
    run = latest(folder)
    if as_json:
        from coterie.profiling.publication import published_segments

        item = next(row for row in published_segments(run) if row["id"] == segment)
        return answer("rename", item, run=run)
    out.print(f"{plain(segment)} is called {plain(name) or 'by the naming rule'} now.")
    out.print("The report has it after the next: coterie run")
    return None


def publish(
    name: Annotated[str, typer.Argument(metavar="RUN", help=_RUN)],
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Let the model of an earlier run score again.

    Example: [bold]coterie publish previous[/bold]
    """
    run = project_in(folder).publish(name)
    if as_json:
        return answer("publish", {"model_id": run.manifest["model_id"]}, run=run)
    out.print(f"Run {run.id} as of {run.as_of} is published; its model scores from now on.")
    return None
