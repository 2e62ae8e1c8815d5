"""Commands that look at what is there and change nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from coterie.cli.base import HERE, AsJson, AsOf, Folder, day_of, latest, project_in, table_file
from coterie.terminal import answer, out, plain, show_segments


def report(
    folder: Folder = HERE,
    to: Annotated[Path | None, typer.Option(help="Copy the page to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say where the report of the published run lies, or copy it.

    Example: [bold]coterie report --to segments.html[/bold]
    """
    from coterie.store.runs import whole_file

    found = latest(folder)
    path = found.report
    if to is not None:
        with whole_file(to) as partial:
            shutil.copyfile(path, partial)
        path = to
    if as_json:
        return answer("report", {"report": str(path)}, run=found)
    out.print(plain(str(path)), soft_wrap=True)
    return None


def segments(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """List the segments of the published run.

    Example: [bold]coterie segments --json[/bold]
    """
    found = latest(folder)
    if as_json:
        from coterie.profiling.publication import published_segments

        items = published_segments(found)
        return answer("segments", {"items": items, "total": len(items)}, run=found)
    show_segments(found)
    return None


def customer(
    customer_id: Annotated[str, typer.Argument(help="Id as in your data.")],
    folder: Folder = HERE,
    identity: Annotated[
        bool, typer.Option("--identity", help="Say who she is, where that is kept encrypted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one customer: segment, how clearly, value and features.

    Example: [bold]coterie customer 12347[/bold]
    """
    found = latest(folder)
    row = found.customer(customer_id)
    if identity:
        row["identity"] = project_in(folder).identities([customer_id]).get(customer_id, {})
    if as_json:
        return answer("customer", row, run=found)
    segment = (
        f"{row['segment_name']} ({row['segment_id']})" if row["segment_name"] else "no segment"
    )
    out.print(f"[bold]{plain(customer_id)}[/bold]: {plain(segment)}, as of {found.as_of}")
    for name, text in row.get("identity", {}).items():
        out.print(f"  {plain(name)}: {plain(text)}", soft_wrap=True)
    if row["second_name"]:
        out.print(f"Next nearest: {plain(row['second_name'])}; margin {row['margin']:.2f} of 1")
    for name, value in row["features"].items():
        out.print(f"  {name:<28} {'unknown' if value is None else f'{value:,.4g}':>14}")
    return None


def assign(
    file: Annotated[
        Path, typer.Argument(help="Orders, or customers if the model needs only them.")
    ],
    folder: Folder = HERE,
    as_of: AsOf = None,
    to: Annotated[
        Path | None, typer.Option(help="Write CSV or Parquet instead.", callback=table_file)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Place the customers of FILE by the published model; nothing is stored.

    Example: [bold]coterie assign new_customers.csv --to placed.csv[/bold]
    """
    project = project_in(folder)
    found = latest(folder)
    names = {row["id"]: row["name"] for row in found.segments}
    told: list[str] = []
    rows = project.assign(file, as_of=day_of(as_of), warn=told.append)
    notes = [{"code": "unknown_column", "message": said} for said in told]
    if to is not None:
        from coterie.profiling.export import write_rows

        write_rows(rows, names, to)
        if as_json:
            data = {"file": str(to), "total": rows.num_rows}
            return answer("assign", data, run=found, warnings=notes)
        _say(told)
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
        return answer("assign", {"rows": placed}, run=found, warnings=notes)
    _say(told)
    for row in placed[:50]:
        why = plain("; ".join(row["reasons"]))
        out.print(f"{plain(row['id']):<20} {plain(row['segment_name'] or row['status']):<28} {why}")
    if len(placed) > 50:
        out.print(f"… and {len(placed) - 50:,} more; write them all with --to placed.csv")
    return None


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        out.print(f"Note: {plain(note)}", soft_wrap=True)


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


def algorithms(as_json: AsJson = False) -> None:
    """List the ways to find segments.

    Example: [bold]coterie algorithms[/bold]
    """
    from coterie.api import list_algorithms

    items = list_algorithms()
    if as_json:
        return answer("algorithms", {"items": items, "total": len(items)})
    for row in items:
        can = [word for word in ("soft", "sql", "noise") if row[word]]
        can += [f"needs {row['extra']}"] if row["extra"] else []
        more = f" ({', '.join(can)})" if can else ""
        out.print(f"[bold]{row['name']:<17}[/bold] {plain(row['suits'] + more)}", soft_wrap=True)
    return None
