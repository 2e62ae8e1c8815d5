"""Commands that explain: rules of segments, reasons of customers, what-ifs, and the SQL."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, project_in
from coterie.errors import ParameterError
from coterie.terminal import answer, out, plain

if TYPE_CHECKING:
    from coterie.api import Run

_FEW = 3
"""Shares that are shown of each attribute."""
Id = Annotated[str, typer.Argument(help="Id as in your data.")]


def explain(
    segment: Annotated[str, typer.Argument(help="Id or name; default: all.")] = "",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show a short rule for each segment, how often it is right, and what the segment hangs on.

    Example: [bold]coterie explain seg-001[/bold]
    """
    run = _latest(folder)
    found = run.explain(segment)
    if as_json:
        return answer("explain", found, run=run)
    for one in found["segments"]:
        out.print(f"[bold]{plain(one['name'])}[/bold] ({one['id']})", soft_wrap=True)
        out.print(f"  {plain(one['description'])}", soft_wrap=True)
        rule = one["rule"]
        out.print(f"  Rule: {plain(rule['text'] if rule else 'none')}", soft_wrap=True)
        if rule:
            out.print(f"  SQL: {plain(rule['sql'])}", soft_wrap=True)
        hangs = [f"{item['label']} {item['moved']:.0%}" for item in one["importance"][:4]]
        if hangs:
            out.print(f"  Would leave if it were another's: {plain(', '.join(hangs))}")
    if found["fidelity"] is not None:
        right = f"{100 * found['fidelity']:.0f}"
        out.print(f"A tree of such rules puts {right} in 100 customers where they belong.")
    return None


def why(
    customer_id: Id,
    not_in: Annotated[
        str, typer.Option("--not", help="Id or name of a segment: why not in that one?")
    ] = "",
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show why a customer is in her segment, or what keeps her out of another.

    Example: [bold]coterie why 12347[/bold]
    """
    run = _latest(folder)
    found = run.why(customer_id, not_in=not_in)
    if as_json:
        return answer("why", found, run=run)
    name = plain(found["segment"]["name"] if found["segment"] else "no segment")
    if not_in:
        other = plain(found["other"]["name"])
        out.print(f"[bold]{plain(customer_id)}[/bold] is in {name}, and not in {other} because of:")
        lines = found["gaps"]
    else:
        second = f"; next nearest {plain(found['second']['name'])}" if found["second"] else ""
        out.print(f"[bold]{plain(customer_id)}[/bold] is in {name}{second}. What speaks for it:")
        lines = found["reasons"]
    for line in lines:
        share = f" ({line['weight']:.0%})" if line["weight"] is not None else ""
        out.print(f"  {plain(line['text'])}{share}", soft_wrap=True)
    return None


def what_if(
    customer_id: Id,
    to: Annotated[str, typer.Option(help="Id or name of the segment to reach.")] = "",
    suppose: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE to try instead: orders, amount, days, or a column."),
    ] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Show the cheapest action that would move a customer to a segment of higher value.

    Example: [bold]coterie what-if 12347[/bold]

    Or where something of your own would lead: [bold]coterie what-if 12347 --suppose orders=2
    --suppose days=28[/bold]
    """
    run = _latest(folder)
    if suppose and to:
        raise ParameterError("Either --to or --suppose.", where="--suppose")
    found = (
        run.suppose(customer_id, _pairs(suppose)) if suppose else run.what_if(customer_id, to=to)
    )
    if as_json:
        return answer("what-if", found, run=run)
    now = found["now"]["segment"] if suppose else found["segment"]
    name = plain(now["name"] if now else "no segment")
    out.print(f"[bold]{plain(customer_id)}[/bold] is in {name}.")
    out.print(plain(found["text"]), soft_wrap=True)
    return None


def fairness(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Show whether segments stand in for a protected attribute, though it was left out of them.

    Example: [bold]coterie fairness[/bold]
    """
    from coterie.pipeline.fairness import fairness as compare

    run = _latest(folder)
    found = compare(run, floor=project_in(folder).settings.privacy.floor)
    if as_json:
        return answer("fairness", found, run=run)
    names = {segment["id"]: segment["name"] for segment in run.segments}
    if found["note"]:
        out.print(found["note"])
    for one in found["attributes"]:
        out.print(f"[bold]{plain(one['label'])}[/bold]: {plain(one['text'])}", soft_wrap=True)
        told = [cell for cell in one["cells"] if cell["ratio"] is not None]
        told.sort(key=lambda cell: -abs(math.log(cell["ratio"])))
        for cell in told[:_FEW]:
            name = plain(names.get(cell["segment"], "no segment"))
            out.print(
                f"  {name}: {plain(cell['group'])} {cell['share']:.0%}, elsewhere "
                f"{cell['elsewhere']:.0%} ({cell['ratio']:.2f} times, "
                f"{cell['low']:.2f} to {cell['high']:.2f})",
                soft_wrap=True,
            )
        for offer in one["offers"]:
            out.print(f"  offer {plain(offer['offer'])}: {_rates(offer)}", soft_wrap=True)
    return None


def _rates(offer: Mapping[str, Any]) -> str:
    """Say how often the groups of an attribute are chosen for an offer."""
    if offer["ratio"] is None:
        said = "how often each group is chosen would tell of few customers, or nobody is"
    else:
        rates = ", ".join(f"{plain(one['group'])} {one['rate']:.0%}" for one in offer["rates"])
        low, high = offer["ratio_range"]
        said = f"{rates}; least by most {offer['ratio']:.2f} ({low:.2f} to {high:.2f})"
    return f"[red]look at this[/red]: {said}" if offer["alarm"] else said


def _pairs(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise ParameterError(
                f"{one[:100]!r} is no NAME=VALUE.", allowed="orders=2", where="--suppose"
            )
        found[name.strip()] = value.strip()
    return found


def export(
    sql: Annotated[str, typer.Option(help="duckdb, postgres, spark, bigquery or snowflake.")],
    rules: Annotated[
        bool, typer.Option("--rules", help="The rules, which only approximate the segments.")
    ] = False,
    to: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the whole assignment of customers as one SQL statement for a warehouse.

    Example: [bold]coterie export --sql postgres --to assign.sql[/bold]
    """
    from coterie.store.runs import write_atomic

    run = _latest(folder)
    text = f"{run.sql(sql, rules=rules)}\n"
    if to is not None:
        write_atomic(to, text)
    if as_json:
        data = {"sql": text, "dialect": sql, "rules": rules, "file": str(to) if to else None}
        return answer("export", data, run=run)
    if to is not None:
        out.print(f"Wrote {plain(str(to))}.", soft_wrap=True)
    else:
        typer.echo(text, nl=False)
    return None


def _latest(folder: Path) -> Run:
    return project_in(folder).latest
