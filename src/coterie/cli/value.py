"""The command about what customers will spend, and who will not come back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, latest, project_in, table_file
from coterie.terminal import answer, out, plain, progress

if TYPE_CHECKING:
    from coterie.pipeline.forecast import Value


def value(
    horizon: Annotated[
        str, typer.Option(help="Days or weeks ahead, such as 90d; default: the project's.")
    ] = "",
    customer: Annotated[str, typer.Option(help="Show this customer alone.")] = "",
    folder: Folder = HERE,
    to: Annotated[
        Path | None,
        typer.Option(help="Write every customer to this CSV or Parquet file.", callback=table_file),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what customers will spend, and who will not order.

    Example: [bold]coterie value --horizon 90d[/bold]
    """
    with progress() as tell:
        found = project_in(folder).value(horizon=horizon, tell=tell)
    run = latest(folder)
    if to is not None:
        from coterie.profiling.export import write_rows

        names = {row["id"]: row["name"] for row in run.segments}
        table = found.table()
        write_rows(table, names, to)
    if customer:
        return _one(found, customer, run, to=to, as_json=as_json)
    summary = found.summary
    if as_json:
        data = {"report": str(found.report), "file": str(to) if to else None, **summary}
        return answer("value", data, run=run, warnings=_warnings(summary))
    _show(summary)
    if to is not None:
        out.print(f"{found.table().num_rows:,} customers to {plain(str(to))}", soft_wrap=True)
    out.print(f"More on the page: {plain(str(found.report))}", soft_wrap=True)
    return None


def _warnings(summary: dict[str, Any]) -> list[dict[str, str]]:
    reason = summary["last_window_reason"]
    return [{"code": "not_judged", "message": reason}] if reason else []


def _show(summary: dict[str, Any]) -> None:
    from rich.table import Table

    from coterie.prediction.value_page import lead
    from coterie.profiling import format as fmt

    out.print(plain(lead(summary)), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    table.add_column("segment")
    for heading in ("customers", "spend", "orders each", "no order", "away too long"):
        table.add_column(heading, justify="right")
    for row in summary["segments"]:
        table.add_row(
            plain(str(row["name"])),
            f"{row['n']:,}",
            fmt.money(row["spend"], summary["currency"], about=True),
            f"{row['orders'] / row['n']:.1f}" if row["n"] else "not known",
            "not known" if row["churn"] is None else fmt.share(row["churn"]),
            f"{row['lapsing']:,}",
        )
    out.print(table)


def _one(found: Value, customer_id: str, run: Any, *, to: Path | None, as_json: bool) -> None:
    from coterie.profiling import format as fmt

    row, summary = found.customer(customer_id), found.summary
    names = {segment["id"]: segment["name"] for segment in run.segments}
    row["next_segment_name"] = names.get(row["next_segment_id"])
    if row["spend"] is None:
        row["spend_reason"] = "No order counts for this customer."
    if as_json:
        about = {name: summary[name] for name in ("horizon_days", "currency")}
        data = {"report": str(found.report), "file": str(to) if to else None, **about, **row}
        return answer("value", data, run=run, warnings=_warnings(summary))
    if row["spend"] is None:
        return out.print(f"{plain(customer_id)}: not known. {row['spend_reason']}")
    money = [
        fmt.money(row[name] or 0.0, summary["currency"], about=True)
        for name in ("spend", "spend_low", "spend_high")
    ]
    within = (
        f", four in five times {money[1]} to {money[2]}" if row["spend_low"] is not None else ""
    )
    out.print(
        f"[bold]{plain(customer_id)}[/bold] is expected to spend {money[0]}{within}, in "
        f"{row['orders']:.1f} orders, within {fmt.days(summary['horizon_days'])}.",
        soft_wrap=True,
    )
    out.print(f"Chance of no order: {fmt.share(row['churn'])}.")
    if row["lapsing"] is not None:
        out.print("Away longer than is usual for her." if row["lapsing"] else "Not away too long.")
    if row["next_segment_name"]:
        out.print(
            f"In four weeks: {plain(row['next_segment_name'])} "
            f"({fmt.share(row['next_probability'])})."
        )
    return None
