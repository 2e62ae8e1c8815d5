"""Commands of the server: serve, worker."""

from __future__ import annotations

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


def _params(home: Path, database: str) -> ServerParams:
    from coterie.service.params import ServerParams

    if home.exists() and not home.is_dir():
        raise ParameterError(f"{home} is no folder.", allowed="a folder for the projects")
    return ServerParams(home.resolve(), database)


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
    log_format: LogFormat = "text",
    log_level: LogLevel = "warning",
) -> None:
    """Serve projects over HTTP, and see their jobs through.

    Example: [bold]coterie serve projects --port 8000[/bold]
    """
    try:
        import uvicorn

        from coterie.service.logs import configure
        from coterie.service.processes import hand_over, working
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "The server") from error

    if host not in _LOOPBACK:
        raise ParameterError(
            f"The server has no accounts yet, so it does not listen on {host}.",
            allowed=", ".join(_LOOPBACK),
            where="--host",
        )
    configure(log_format, log_level)
    params = _params(home, database)
    shown = f"[{host}]" if ":" in host else host
    if log_format == "text":
        err.print(f"Open http://{shown}:{port} in a browser (for programs: /docs). Ctrl-C ends it.")
    for number in (signal.SIGINT, signal.SIGTERM):
        # The server hears them, ends well, and passes them on: for a server that is no failure.
        signal.signal(number, lambda *_: None)
    with working(params, workers):
        uvicorn.run(
            hand_over(params, log_format, log_level),
            factory=True,
            workers=processes,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=20,
        )


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
    hand = make_worker(_params(home, database))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    hand.start()
    if log_format == "text":
        err.print(f"Worker {hand.name} is ready.")
    stopped.wait()
    hand.stop()
    hand.close()
