"""Commands for who runs it: backup, restore, migrate, doctor, connections."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.base import HERE, AsJson
from coterie.terminal import answer, out, plain

if TYPE_CHECKING:
    from coterie.store.database import Database

Folder = Annotated[
    Path, typer.Option("--project", "-p", help="Project folder, or a server's folder of projects.")
]
Url = Annotated[
    str,
    typer.Option(
        "--database",
        help="env:NAME of the variable with a PostgreSQL URL; default: SQLite in the folder.",
    ),
]

app = typer.Typer(
    name="connection",
    help=(
        "Register the databases that projects of a server may read.\n\n"
        "Example: [bold]coterie connection add warehouse WAREHOUSE_URL -p projects[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)


def _of_server(folder: Path, database: str) -> Database:
    from coterie.store.database import Database
    from coterie.store.places import REGISTRY, SERVER

    return Database(database or folder.resolve() / SERVER / REGISTRY)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="By which sources call it: connection:NAME.")],
    variable: Annotated[str, typer.Argument(help="Variable of the server that holds the URL.")],
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Register a PostgreSQL database; its URL stays in the environment of the server.

    Example: [bold]coterie connection add warehouse WAREHOUSE_URL -p projects[/bold]
    """
    from coterie.store.connections import Connections

    place = _of_server(folder, database)
    Connections(place).add(name, variable, now=datetime.now(UTC))
    place.close()
    if as_json:
        return answer("connection add", {"name": name, "variable": variable})
    out.print(f'Sources may say database = "connection:{plain(name)}" now.', soft_wrap=True)
    return None


@app.command("list")
def list_(folder: Folder = HERE, database: Url = "", as_json: AsJson = False) -> None:
    """List the registered databases, and the variables that hold their URLs.

    Example: [bold]coterie connection list -p projects[/bold]
    """
    from coterie.store.connections import Connections

    place = _of_server(folder, database)
    found = Connections(place).all()
    place.close()
    if as_json:
        items = [{"name": name, "variable": variable} for name, variable in found.items()]
        return answer("connection list", {"items": items, "total": len(items)})
    for name, variable in found.items():
        out.print(f"{plain(name)}  {plain(variable)}", soft_wrap=True)
    if not found:
        out.print("There is none. Register one: coterie connection add NAME VARIABLE")
    return None


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A registered name.")],
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Forget a database; projects that read it cannot run until it is registered again.

    Example: [bold]coterie connection remove warehouse -p projects[/bold]
    """
    from coterie.store.connections import Connections

    place = _of_server(folder, database)
    Connections(place).remove(name)
    place.close()
    if as_json:
        return answer("connection remove", {"name": name})
    out.print(f"Removed {plain(name)}.")
    return None


def backup(
    file: Annotated[Path, typer.Argument(help="The tar to write.")],
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Write all that a project, or a server with its projects, needs into one file, while it runs.

    Example: [bold]coterie backup shop.tar[/bold]
    """
    from coterie.store.backup import back_up

    found = back_up(folder, file, database=database)
    size = file.stat().st_size
    if as_json:
        files, projects = len(found["files"]), found["projects"]
        data = {"file": str(file), "bytes": size, "files": files, "projects": projects}
        return answer("backup", data)
    named = ", ".join(found["projects"])
    out.print(
        f"Wrote {plain(str(file))}: {len(found['files']):,} files, {size / 1e6:,.1f} MB ({named}).",
        soft_wrap=True,
    )
    return None


def restore(
    file: Annotated[Path, typer.Argument(help="What coterie backup wrote.")],
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    as_json: AsJson = False,
) -> None:
    """Bring a backup back into a new folder, once every file has been compared with its hash.

    Example: [bold]coterie restore shop.tar projects[/bold]
    """
    from coterie.store import backup as backups

    found = backups.restore(file, folder)
    if as_json:
        return answer("restore", {"folder": str(folder), "projects": found["projects"]})
    named = ", ".join(found["projects"])
    out.print(f"Restored {plain(named)} into {plain(str(folder))}.", soft_wrap=True)
    out.print(
        "Keys are in no backup. If people were erased: put secret.key and secret.key.erased back "
        "beside the data (.coterie), then: coterie erase --pending",
        soft_wrap=True,
    )
    return None


def migrate(
    to: Annotated[str, typer.Option(help="Revision to go to; default: the newest.")] = "",
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Bring the tables of the operational database up to date, or back before an older version.

    Example: [bold]coterie migrate[/bold]
    """
    from coterie.store.migrating import migrate_all

    done = migrate_all(folder, database, to)
    if as_json:
        return answer("migrate", {"items": done, "total": len(done)})
    for one in done:
        out.print(f"{plain(one['database'])}: {one['before'] or 'nothing'} → {one['after']}")
    if not done:
        out.print("There is no database yet; it is made when it is first used.")
    return None


def doctor(
    clean: Annotated[
        bool, typer.Option("--clean", help="First let go of what [privacy] keeps for a while.")
    ] = False,
    folder: Folder = HERE,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Look whether all is there that a project or a server needs; exit code 1 if not.

    Example: [bold]coterie doctor[/bold]
    """
    from coterie.api.doctor import clean_up, examine

    cleaned = clean_up(folder, now=datetime.now(UTC)) if clean else {}
    found = examine(folder, database)
    wrong = [check for check in found if not check.ok]
    if as_json:
        items = [check.to_dict() for check in found]
        data = {"items": items, "total": len(items), "wrong": len(wrong), "cleaned": cleaned}
        answer("doctor", data)
    else:
        for name, done in cleaned.items():
            out.print(
                f"{plain(name)}: {done['folders']:,} folders lost the words of refused rows, "
                f"{done['runs']:,} runs were dropped.",
                soft_wrap=True,
            )
        for check in found:
            mark = "[green]ok[/green]   " if check.ok else "[red]wrong[/red]"
            out.print(f"{mark} {check.name}: {plain(check.said)}", soft_wrap=True)
            if check.hint:
                out.print(f"      {plain(check.hint)}", soft_wrap=True)
    if wrong:
        raise typer.Exit(1)
