"""Commands for who runs a server: its users, its keys, and whether its audit log is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coterie.cli.base import AsJson
from coterie.cli.serve import Home, Url
from coterie.errors import MissingExtraError, ParameterError
from coterie.terminal import answer, out, plain

if TYPE_CHECKING:
    from coterie.service.auth import Doors
    from coterie.store.accounts import User

Email = Annotated[str, typer.Option(help="By which the user signs in.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="File whose first line is the password; - for standard input."),
]

app = typer.Typer(
    name="admin",
    help=(
        "Make the first user of a server, and help those who cannot sign in.\n\n"
        "Example: [bold]coterie admin create projects --email ana@shop.example[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)
audit = typer.Typer(
    name="audit",
    help=(
        "Look whether the audit log of a server is as it was written.\n\n"
        "Example: [bold]coterie audit verify projects[/bold]"
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@contextmanager
def _doors(home: Path, database: str) -> Iterator[Doors]:
    """Open what a server with these projects asks about users."""
    try:
        from coterie.service.auth import Doors
        from coterie.service.params import open_database
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "The server") from error
    from coterie.cli.serve import server_params

    params = server_params(home, database)
    place = open_database(params)
    try:
        yield Doors(params, place, lambda: datetime.now(UTC))
    finally:
        place.close()


def _password(file: Path | None, *about: str) -> str:
    """Return a password that will do, hashed; it is never an argument, where others see it."""
    from coterie.service.passwords import check_password, hash_password

    if file is None:
        typed = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    elif str(file) == "-":
        typed = sys.stdin.readline().rstrip("\r\n")
    else:
        typed = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    return hash_password(check_password(typed, *about))


def _user(doors: Doors, email: str) -> User:
    found = doors.accounts.by_email(email)
    if found is None:
        raise ParameterError.unknown("email", email, [user.email for user in doors.accounts.all()])
    return found


@app.command()
def create(
    home: Home,
    email: Email,
    name: Annotated[str, typer.Option(help="As others see the user.")] = "",
    password_file: PasswordFile = None,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Make an admin, who may do everything and invites the others.

    Example: [bold]coterie admin create projects --email ana@shop.example[/bold]
    """
    from coterie.service.ids import new_id
    from coterie.service.who import LOCAL

    with _doors(home, database) as doors:
        row = {"id": new_id("u"), "email": email, "name": name, "admin": True}
        row["password"] = _password(password_file, email, name)
        user = doors.accounts.add(row, now=doors.clock())
        doors.note("user.made", LOCAL, user=user.id, by="command line")
    if as_json:
        return answer("admin create", {"id": user.id, "email": user.email, "admin": True})
    out.print(f"{plain(user.email)} may sign in, as admin.")
    return None


@app.command("list")
def list_(home: Home, database: Url = "", as_json: AsJson = False) -> None:
    """List the users of a server, and what they are.

    Example: [bold]coterie admin list projects[/bold]
    """
    with _doors(home, database) as doors:
        users = doors.accounts.all()
    if as_json:
        items = [
            {
                "id": user.id,
                "email": user.email,
                "name": user.name,
                "admin": user.admin,
                "disabled": user.disabled,
                "roles": dict(user.roles),
            }
            for user in users
        ]
        return answer("admin list", {"items": items, "total": len(items)})
    for user in users:
        roles = [f"{role} of {project}" for project, role in user.roles.items()]
        said = ["admin"] if user.admin else roles or ["no role"]
        said += ["disabled"] if user.disabled else []
        out.print(plain(f"{user.email}  {', '.join(said)}"), soft_wrap=True)
    if not users:
        out.print("No users yet. Make the first: coterie admin create")
    return None


@app.command()
def disable(
    home: Home,
    email: Email,
    again: Annotated[bool, typer.Option("--enable", help="Let the user in again.")] = False,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Keep a user out: sessions end, and keys that she made are revoked.

    Example: [bold]coterie admin disable projects --email tom@shop.example[/bold]
    """
    from coterie.service.who import LOCAL

    with _doors(home, database) as doors:
        user = _user(doors, email)
        doors.accounts.change(user.id, {"disabled": not again})
        if not again:
            doors.api_keys.revoke(made_by=user.id, now=doors.clock())
        doors.note("user.changed", LOCAL, user=user.id, what="disabled", by="command line")
    if as_json:
        return answer("admin disable", {"id": user.id, "disabled": not again})
    out.print(f"{plain(user.email)} may {'' if again else 'not '}sign in.")
    return None


@app.command()
def password(
    home: Home,
    email: Email,
    password_file: PasswordFile = None,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Give a user another password; all her sessions end.

    Example: [bold]coterie admin password projects --email ana@shop.example[/bold]
    """
    from coterie.service.who import LOCAL

    with _doors(home, database) as doors:
        user = _user(doors, email)
        kept = _password(password_file, user.email, user.name)
        doors.accounts.change(user.id, {"password": kept, "temporary": False})
        doors.note("user.reset", LOCAL, user=user.id, by="command line")
    if as_json:
        return answer("admin password", {"id": user.id})
    out.print(f"{plain(user.email)} has a new password.")
    return None


@app.command()
def key(
    home: Home,
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="read, customers, identities, predict, run, feedback, events or admin; repeat."
        ),
    ],
    project: Annotated[
        str, typer.Option("--only", help="The project that it is for; default: all.")
    ] = "",
    days: Annotated[int, typer.Option(min=1, max=3_650, help="After which it ends.")] = 90,
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Make a key for a program: it is shown this once.

    Example: [bold]coterie admin key projects --name nightly --scope run --only shop[/bold]
    """
    from coterie.service.auth import new_key
    from coterie.service.projects import Projects
    from coterie.service.who import LOCAL, SCOPES

    for one in scope:
        if one not in SCOPES:
            raise ParameterError.unknown("scope", one, list(SCOPES))
    with _doors(home, database) as doors:
        if project:
            Projects(doors.params, doors.accounts.database).get(project)
        wish = {"name": name, "scopes": scope, "project": project, "days": days}
        secret, row = new_key(wish, "", now=doors.clock())
        doors.api_keys.add(row)
        doors.note("key.made", LOCAL, project=project, key=row["id"], by="command line")
    if as_json:
        told = {"id": row["id"], "key": secret, "expires": row["expires"].isoformat()}
        return answer("admin key", told)
    out.print(secret, soft_wrap=True)
    return None


@audit.command()
def verify(
    home: Home,
    head: Annotated[
        str, typer.Option(help="NUMBER:MAC as the log had it: shows whether the last are gone.")
    ] = "",
    database: Url = "",
    as_json: AsJson = False,
) -> None:
    """Look whether every entry is as it was written and none is missing; exit code 1 if not.

    Example: [bold]coterie audit verify projects[/bold]
    """
    with _doors(home, database) as doors:
        found = doors.audit.verify(head)
    if as_json:
        told = {"entries": found.entries, "head": found.head, "broken_at": found.broken_at}
        answer("audit verify", told)
    else:
        out.print(found.said)
        out.print(f"Head {found.head}", soft_wrap=True)
    if found.broken_at is not None:
        raise typer.Exit(1)
