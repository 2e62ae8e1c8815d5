"""The command that answers for people who are no customers yet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coterie.cli.base import HERE, AsJson, Folder, MisuseError, latest, project_in, table_file
from coterie.errors import DataError, ParameterError
from coterie.terminal import answer, out, plain, progress

if TYPE_CHECKING:
    from coterie.pipeline.prospects import Prediction

_SHOWN = 50


def predict(
    given: Annotated[
        str,
        typer.Argument(
            metavar="PEOPLE", help="A file, or people as JSON: '{\"Age\": 40}'.", show_default=False
        ),
    ] = "",
    values: Annotated[
        list[str] | None, typer.Option("--set", help="One field of one person: NAME=VALUE.")
    ] = None,
    label: Annotated[
        str,
        typer.Option(help="Predict this column; `segment` asks a classifier for the segment."),
    ] = "",
    tiers: Annotated[
        str, typer.Option(help="Order segments by the median of this column, as three tiers.")
    ] = "",
    to: Annotated[
        Path | None, typer.Option(help="Write CSV or Parquet instead.", callback=table_file)
    ] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Type in a person and learn the segment; without one, show the form and what it is worth.

    Example: [bold]coterie predict --set Age=40 --set Income=50000[/bold]
    """
    people = _people(given, values or [])
    if to is not None and not people:
        raise MisuseError("--to has nobody to write.", allowed="PEOPLE or --set with it.")
    project = project_in(folder)
    with progress() as tell:
        found = project.predict(people, label=label, tier_by=tiers, tell=tell)
    if len(found.rows) == 1 and (wrong := _fatal(found.rows[0])):
        raise DataError(
            " ".join(one["message"] for one in wrong),
            hint=" ".join(found.notes),
            where=", ".join(dict.fromkeys(one["field"] for one in wrong)),
        )
    if to is not None:
        from coterie.profiling.export import write_people

        write_people(found.rows, to)
    run, notes = latest(folder), _notes(found)
    unanswered = sum(bool(_fatal(row)) for row in found.rows)
    if as_json:
        data: dict[str, Any] = {"by": found.by, "page": str(found.page), "about": found.about}
        if to is None:
            data |= {"rows": found.rows, "form": found.form.to_dict()}
        else:
            data |= {"file": str(to), "total": len(found.rows), "unanswered": unanswered}
        return answer("predict", data, run=run, warnings=notes)
    if to is not None:
        out.print(f"{len(found.rows):,} rows to {plain(str(to))}", soft_wrap=True)
        if unanswered:
            out.print(f"{unanswered:,} have no answer; the column problems says why.")
    elif found.rows:
        _show_rows(found)
    else:
        _show_form(found)
    for note in notes:
        out.print(f"[bold]{note['code']}[/bold]: {plain(note['message'])}", soft_wrap=True)
    return out.print(f"Page: {plain(str(found.page))}", soft_wrap=True)


def _people(given: str, values: list[str]) -> list[dict[str, Any]] | Path:
    """Return the people of whichever way was used; nobody is an answer too."""
    if given and values:
        raise MisuseError("People came in two ways.", allowed="PEOPLE or --set.")
    if values:
        person: dict[str, Any] = {}
        for text in values:
            name, mark, value = (part.strip() for part in text.partition("="))
            if not mark or not name:
                raise ParameterError(f"--set {text!r}.", allowed="NAME=VALUE, such as Age=40.")
            if person.setdefault(name, value) != value:
                raise ParameterError(f"--set {name} came twice, and not the same.")
        return [person]
    if not given.lstrip().startswith(("{", "[")):
        return Path(given) if given else []
    try:
        found = json.loads(given)
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"The people are not JSON: {error}.", where="people") from error
    people = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in people):
        raise ParameterError("A person is no object.", allowed='An object: {"Age": 40}.')
    return people


def _fatal(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in row["problems"] if one["fatal"]]


def _notes(found: Prediction) -> list[dict[str, str]]:
    return [
        {"code": leak["level"], "message": f"{leak['why']} {leak['advice']}"}
        for leak in found.about.get("leaks", [])
    ] + [{"code": "unknown_column", "message": note} for note in found.notes]


def _show_rows(found: Prediction) -> None:
    for row in found.rows[:_SHOWN]:
        if wrong := _fatal(row):
            told = plain(" ".join(one["message"] for one in wrong))
            out.print(f"{plain(row['id'])}: [red]no answer[/red]. {told}", soft_wrap=True)
            continue
        name = str(row.get("tier") or row.get("label") or row["segment_name"] or "no segment")
        inside = f" ({plain(row['segment_name'])})" if row.get("tier") else ""
        sure = "" if row["probability"] is None else f", chance {row['probability']:.0%}"
        sure += "" if row["margin"] is None else f", margin {row['margin']:.2f} of 1"
        out.print(f"[bold]{plain(row['id'])}[/bold]: {plain(name)}{inside}{sure}", soft_wrap=True)
        for text in row["reasons"]:
            out.print(f"  {plain(text)}", soft_wrap=True)
        for one in row["problems"]:
            out.print(f"  Note: {plain(one['message'])}", soft_wrap=True)
    if len(found.rows) > _SHOWN:
        out.print(f"… and {len(found.rows) - _SHOWN:,} more; write them all with --to people.csv")
    who = "the published model" if found.by == "model" else "a classifier of prospects"
    out.print(f"Answered by {who}.")


def _show_form(found: Prediction) -> None:
    from coterie.prediction.prospects_page import BY_MODEL, summary

    for field in found.form.fields:
        need = "needed" if field.required else "optional" if field.used else "plays no part"
        need = "handed on" if field.kind == "extra" else need
        choices = ", ".join(word for _, word in field.choices)
        told = choices or (f"such as {field.example}" if field.example else "any text")
        out.print(
            f"  [bold]{plain(field.name):<24}[/bold] {need:<14} {plain(told)}", soft_wrap=True
        )
    out.print(BY_MODEL if found.by == "model" else summary(found.about), soft_wrap=True)
