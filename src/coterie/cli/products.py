"""Commands about products: what to show a customer, what segments buy, what to stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, MisuseError, latest, project_in, table_file
from coterie.terminal import answer, out, plain, progress

if TYPE_CHECKING:
    from coterie.offers.products import Track

_AGAIN = "Only what she has bought before."
_NEW = "Only what is new to her."


def recommend(
    customer_id: Annotated[str, typer.Argument(help="Id as in your data.")] = "",
    n: Annotated[int, typer.Option("--n", min=1, max=10, help="How many products.")] = 10,
    again: Annotated[bool, typer.Option("--again", help=_AGAIN)] = False,
    new: Annotated[bool, typer.Option("--new", help=_NEW)] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            help="Write the lists of all customers as CSV or Parquet.", callback=table_file
        ),
    ] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """List products for a customer: what she buys again, and what is new to her.

    Example: [bold]coterie recommend 12347 --n 5[/bold]
    """
    if again and new:
        raise MisuseError("--again and --new.", allowed="Give one, or neither for both.")
    if bool(customer_id) == (to is not None):
        raise MisuseError("Whose list?", allowed="Give the id of a customer, or --to FILE for all.")
    track: Track | None = "again" if again else "new" if new else None
    project = project_in(folder)
    with progress() as tell:
        found = project.products(tell=tell)
    run = latest(folder)
    if to is not None:
        from coterie.pipeline.consenting import without
        from coterie.profiling.export import write_table

        held = project.held_back()
        rows = without(found.lists(n=n, track=track), held)
        write_table(rows, to)
        if as_json:
            data = {"file": str(to), "total": rows.num_rows, "held_back": len(held)}
            return answer("recommend", data, run=run)
        if len(held):
            out.print(f"Held back {len(held):,}: no consent.")
        return out.print(f"{rows.num_rows:,} rows to {plain(str(to))}", soft_wrap=True)
    one = found.recommend(customer_id, n=n, track=track)
    notes = [{"code": "cold_start", "message": one["note"]}] if one["note"] else []
    if as_json:
        return answer("recommend", one, run=run, warnings=notes)
    for note in notes:
        out.print(plain(note["message"]), soft_wrap=True)
    if not one["items"]:
        out.print("There is nothing to list.")
    for item in one["items"]:
        name = f"[bold]{plain(item['product_name'])}[/bold] ({plain(item['product_id'])})"
        out.print(f"{item['rank']:>3}  {name}: {plain(item['reason'])}", soft_wrap=True)
    if one["known"]:
        out.print(f"\nWhat is new to her is told by {found.summary['learner_words']}.")
    out.print(f"How good such lists were: {plain(str(found.report))}", soft_wrap=True)
    return None


def products(
    segment: Annotated[str, typer.Argument(help="Id or name of a segment; else all.")] = "",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what sells, to all or to a segment, with a forecast of the next month.

    Example: [bold]coterie products --json[/bold]
    """
    with progress() as tell:
        kept = project_in(folder).products(tell=tell)
    found = kept.segment(segment)
    if as_json:
        return answer("products", {**found, "report": str(kept.report)}, run=latest(folder))
    out.print(f"[bold]{plain(found['segment']['name'])}[/bold]")
    out.print(
        f"The next month begins on {found['next_month']}; it is forecast by "
        f"{found['method_words']}.",
        soft_wrap=True,
    )
    _show_forecasts("What sells most", found["products"])
    _show_forecasts("Clearly rising", found["rising"][:5])
    _show_forecasts("Clearly falling", found["falling"][:5])
    if found["sellers"]:
        out.print("\n[bold]Bought more than by all[/bold]")
    for one in found["sellers"][:5]:
        name = plain(one["product_name"])
        out.print(f"  {one['lift']:>5.1f} × {name}, {one['customers']:,} customers")
    if found["pairs"]:
        out.print("\n[bold]Bought together[/bold]")
    for one in found["pairs"][:5]:
        first, second = plain(one["first_name"]), plain(one["second_name"])
        text = f"{one['confidence']:.0%} of orders with {first} also hold {second}"
        out.print(f"  {text} ({one['lift']:.1f} × chance)", soft_wrap=True)
    out.print(f"\nThe page: {plain(str(kept.report))}", soft_wrap=True)
    return None


def _show_forecasts(title: str, found: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table

    from coterie.offers.products_page import span

    if not found:
        return
    heads = ("a year before", "last", "next", "80% range", "trend of orders")
    table = Table(title, *heads, box=None, pad_edge=False)
    for column in table.columns[1:5]:
        column.justify = "right"
    for one in found:
        unknown = one["low"] is None
        table.add_row(
            plain(one["product_name"]),
            "unknown" if one["year_before"] is None else f"{one['year_before']:,.0f}",
            f"{one['last']:,.0f}",
            f"{one['expected']:,.0f}",
            "not known" if unknown else span(one["low"], one["high"]),
            one["trend"],
        )
    out.print()
    out.print(table)
