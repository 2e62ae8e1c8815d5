"""Commands of the server: serve, worker."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from coterie.errors import MissingExtraError, ParameterError
from coterie.terminal import err

if TYPE_CHECKING:
    from coterie.service.params import ServerParams

Home = Annotated[
    Path, typer.Argument(help="Folder of the projects, a folder each; or one project.")
]
Url = Annotated[
    str,
    typer.Option(
        "--database",
        help="env:NAME of the variable with a PostgreSQL URL; default: SQLite in the folder.",
    ),
]
LogFormat = Annotated[
    Literal["json", "text"], typer.Option(help="How each line of the log is written.")
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option(help="From which level on; info has a line for each request and job."),
]
HERE = Path()
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NO_TLS = "{} can be reached from elsewhere, so passwords and customers must not go in the clear."


def server_params(home: Path, database: str, **more: bool) -> ServerParams:
    """Return what is served; from here on files are for their owner alone."""
    from coterie.service.params import ServerParams

    if home.exists() and not home.is_dir():
        raise ParameterError(f"{home} is no folder.", allowed="a folder for the projects")
    os.umask(0o077)
    return ServerParams(home.resolve(), database, **more)


def _guarded(params: ServerParams, host: str, tls: tuple[Path | None, Path | None]) -> bool:
    """Refuse to be reached from elsewhere unguarded; say whether there are accounts."""
    from coterie.service.oidc import oidc_params
    from coterie.service.params import open_database
    from coterie.store.accounts import Accounts

    if (tls[0] is None) != (tls[1] is None):
        raise ParameterError(
            "A certificate and its key go together.", allowed="--tls-certificate and --tls-key"
        )
    if not params.alone and not params.secure:
        raise ParameterError(
            _NO_TLS.format(host),
            hint="--tls-certificate FILE --tls-key FILE, or --behind-proxy ADDRESS of one with TLS",
            where="--host",
        )
    oidc_params()  # what is wrong with it is said before anything listens
    database = open_database(params)
    try:
        accounts = Accounts(database).exist()
    finally:
        database.close()
    if not accounts and not params.alone:
        raise ParameterError(
            f"There are no users yet, so the server does not listen on {host} or behind a proxy.",
            allowed=", ".join(_LOOPBACK),
            hint=f"Make the first: coterie admin create {params.home} --email YOU@EXAMPLE.COM",
            where="--host",
        )
    return accounts


def serve(  # noqa: PLR0913 - each is a flag
    home: Home = HERE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on.")] = 8000,
    database: Url = "",
    workers: Annotated[
        int, typer.Option(min=0, max=64, help="Jobs at once; 0 leaves them to coterie worker.")
    ] = 1,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer requests.")
    ] = 1,
    tls_certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Certificate chain (PEM).")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its private key (PEM).")
    ] = None,
    behind_proxy: Annotated[
        str,
        typer.Option(help="Address of the proxy in front that ends TLS and says who is asking."),
    ] = "",
    log_format: LogFormat = "text",
    log_level: LogLevel = "warning",
) -> None:
    """Serve projects over HTTP, and see their jobs through.

    Example: [bold]coterie serve projects --port 8000[/bold]
    """
    try:
        from coterie.service.door import must_be_free
        from coterie.service.logs import configure
        from coterie.service.processes import answer, hand_over, working
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "The server") from error

    configure(log_format, log_level)
    params = server_params(
        home,
        database,
        alone=host in _LOOPBACK and not behind_proxy,
        secure=bool(tls_certificate or behind_proxy),
    )
    must_be_free(host, port)
    accounts = _guarded(params, host, (tls_certificate, tls_key))
    if log_format == "text":
        _greet(f"http{'s' if tls_certificate else ''}", host, port, accounts=accounts)
    _end_well()
    with working(params, workers):
        answer(
            hand_over(params, log_format, log_level),
            host,
            port,
            processes,
            log_config=None,
            access_log=False,
            server_header=False,
            ssl_certfile=tls_certificate,
            ssl_keyfile=tls_key,
            # Who is asking is taken from nobody but the proxy.
            proxy_headers=bool(behind_proxy),
            forwarded_allow_ips=behind_proxy or None,
            timeout_graceful_shutdown=20,
        )


def _end_well() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server hears them, ends well, and passes them on: for a server that is no failure.
        signal.signal(number, lambda *_: None)


def _greet(scheme: str, host: str, port: int, *, accounts: bool) -> None:
    shown = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    err.print(f"Open {shown} in a browser (for programs: {shown}/openapi.json). Ctrl-C ends it.")
    if not accounts:
        err.print("It has no users: whoever can log in on this machine may do everything.")


def worker(
    home: Home = HERE,
    database: Url = "",
    log_format: LogFormat = "text",
    log_level: LogLevel = "warning",
) -> None:
    """See jobs of a server through, beside it; as many of these as wanted.

    Example: [bold]coterie worker projects --database env:COTERIE_URL[/bold]
    """
    try:
        from coterie.service.app import make_worker
        from coterie.service.logs import configure
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "A worker") from error

    configure(log_format, log_level)
    hand = make_worker(server_params(home, database))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    hand.start()
    if log_format == "text":
        err.print(f"Worker {hand.name} is ready.")
    stopped.wait()
    hand.stop()
    hand.close()
