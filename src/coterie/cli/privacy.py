"""Commands for the rights of people: see what is held on somebody, and erase it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.base import HERE, AsJson, Folder, MisuseError, project_in, table_file
from coterie.errors import DataError
from coterie.terminal import answer, out, plain

if TYPE_CHECKING:
    from coterie.pipeline.erasing import Server
    from coterie.privacy.certificates import Certificate

Url = Annotated[
    str,
    typer.Option(
        "--database", help="env:NAME of the URL of the server's own database, if PostgreSQL."
    ),
]

app = typer.Typer(
    name="keys",
    help="Secret keys of a project.\n\nExample: [bold]coterie keys rotate[/bold]",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command()
def rotate(folder: Folder = HERE, as_json: AsJson = False) -> None:
    """Put a new secret key in front; the former ones go on reading what they made.

    Example: [bold]coterie keys rotate[/bold]
    """
    from coterie.pipeline.erasing import rotate_keys

    number = rotate_keys(folder)
    if as_json:
        return answer("keys rotate", {"keys": number})
    out.print(f"There are {number:,} keys now; copy the file to where keys are kept.")
    return None


def identify(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with a column customer_id.")],
    to: Annotated[Path, typer.Option(help="CSV or Parquet to write, with ids.")],
    columns: Annotated[
        list[str] | None, typer.Option("--with", help="Add a column that is kept encrypted.")
    ] = None,
    folder: Folder = HERE,
    as_json: AsJson = False,
) -> None:
    """Put ids in place of pseudonyms in a list, and names, for whoever writes to the customers.

    Example: [bold]coterie identify members.csv --to mailing.csv --with email[/bold]
    """
    import pyarrow.csv
    import pyarrow.parquet as pq

    from coterie.profiling.export import write_table

    table_file(to)
    text = pyarrow.csv.ConvertOptions(column_types={"customer_id": pyarrow.string()})
    table = (
        pq.read_table(file)
        if file.suffix == ".parquet"
        else pyarrow.csv.read_csv(file, convert_options=text)
    )
    write_table(project_in(folder).identify(table, columns or ()), to)
    if as_json:
        return answer("identify", {"file": str(to), "total": table.num_rows})
    out.print(f"{table.num_rows:,} customers to {plain(str(to))}", soft_wrap=True)
    return None


def access(
    customer_id: Annotated[str, typer.Argument(help="As in the data.")],
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Show everything that is kept on one person: what she may ask for, and what erase removes.

    Example: [bold]coterie access 17850 --json[/bold]
    """
    held = project_in(folder).access(customer_id, server=_server(folder, database))
    told = held.to_dict()
    if as_json:
        return answer("access", told)
    for place, files in held.places.items():
        for name, found in files.items():
            where = place if name == place else f"{place}/{name}"
            out.print(f"{plain(where)}: {len(found):,}", soft_wrap=True)
    if not held.places:
        out.print("Nothing is kept on this id.")
        return None
    out.print("All of it, row by row: coterie access ID --json")
    return None


def erase(  # noqa: PLR0913 - a command has one argument for each flag
    customer_id: Annotated[str, typer.Argument(help="As in the data.")] = "",
    reason: Annotated[
        str, typer.Option(help="Kept in the certificate; it must not name anybody.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    pending: Annotated[
        bool, typer.Option("--pending", help="End what was stopped, or is newer than a backup.")
    ] = False,
    check: Annotated[
        Path | None, typer.Option(help="Look whether a certificate is whole, and by which key.")
    ] = None,
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Erase one person from all that is kept, for good; a signed certificate stays.

    Example: [bold]coterie erase 17850 --reason "request 12"[/bold]
    """
    if sum((bool(customer_id), pending, check is not None)) != 1:
        raise MisuseError("Which one?", allowed="An id, or --pending, or --check FILE.")
    if check is not None:
        return _check(check, as_json=as_json)
    project, server = project_in(folder), _server(folder, database)
    if pending:
        return _tell(project.erase_pending(now=datetime.now(UTC), server=server), as_json=as_json)
    if not yes and not as_json:
        total = project.access(customer_id, server=server).to_dict()["total"]
        out.print(f"{total:,} rows and mentions are deleted everywhere. This cannot be undone.")
        if typer.prompt(f"Type {customer_id} to erase, anything else to keep") != customer_id:
            out.print("Kept.")
            return None
    elif not yes:
        raise MisuseError("Nobody can be asked.", allowed="--yes together with --json")
    made = project.erase(customer_id, reason=reason, now=datetime.now(UTC), server=server)
    return _tell([made], as_json=as_json)


def _server(folder: Path, database: str) -> Server | None:
    """Return the database of the server that serves the project, if there is one."""
    from coterie.store.database import Database
    from coterie.store.places import REGISTRY, SERVER

    here = folder.resolve()
    if database:
        return Database(database), here.name
    if (here / SERVER / REGISTRY).is_file():
        return Database(here / SERVER / REGISTRY), None
    if (here.parent / SERVER / REGISTRY).is_file():
        return Database(here.parent / SERVER / REGISTRY), here.name
    return None


def _tell(made: list[Certificate], *, as_json: bool) -> None:
    if as_json:
        items = [{**one.told, "file": str(one.file)} for one in made]
        return answer("erase", {"items": items, "total": len(items)})
    for one in made:
        out.print(
            f"Erased: {one.told['removed']:,} rows and mentions in {len(one.told['places']):,} "
            f"files and tables. Certificate: {plain(str(one.file))}",
            soft_wrap=True,
        )
        out.print(f"Public key: {one.told['public_key']}", soft_wrap=True)
        for left in one.told["left"]:
            out.print(f"Not reached: {plain(left)}", soft_wrap=True)
    if not made:
        out.print("No erasure is pending.")
    return None


def _check(file: Path, *, as_json: bool) -> None:
    from coterie.privacy.sealing import is_signed

    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is no certificate.", where=str(file)) from error
    if not isinstance(told, dict) or not is_signed(told):
        raise DataError(
            f"{file} was changed since it was signed, or is no certificate.", where=str(file)
        )
    if as_json:
        return answer("erase", {"certificate": told, "whole": True})
    out.print(
        f"Whole: an {told['act']} of {told['at']}, {told['removed']:,} rows and mentions, signed "
        f"by {told['public_key']}.",
        soft_wrap=True,
    )
    return None
