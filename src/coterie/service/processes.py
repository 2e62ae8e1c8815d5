"""A server of several processes: all answer, and the first one sees the jobs through."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from coterie.service.app import create_app, make_worker
from coterie.service.door import Door
from coterie.service.logs import configure
from coterie.service.params import ServerParams

VARIABLE = "COTERIE_SERVE"
"""Of the environment: by it the processes know what they serve."""


def hand_over(params: ServerParams, log_format: str, log_level: str) -> str:
    """Leave to the processes that are started what they need to know.

    Parameters
    ----------
    params : ServerParams
        What is served.
    log_format, log_level : str
        As for ``logs.configure``.

    Returns
    -------
    str
        The factory of the application, as uvicorn takes it.
    """
    told = {**asdict(params), "home": str(params.home)}
    os.environ[VARIABLE] = json.dumps({"params": told, "logs": [log_format, log_level]})
    return f"{__name__}:{handed_over.__name__}"


def handed_over() -> FastAPI:
    """Return the application that was handed over; its jobs are seen through elsewhere."""
    told = json.loads(os.environ[VARIABLE])
    configure(*told["logs"])
    home = Path(told["params"].pop("home"))
    return create_app(ServerParams(home, **told["params"]))


@contextmanager
def working(params: ServerParams, n: int) -> Iterator[None]:
    """See jobs through while the block lasts.

    Parameters
    ----------
    params : ServerParams
        Of the server.
    n : int
        Jobs at once.
    """
    with ExitStack() as ends:
        for _ in range(n):
            hand = make_worker(params)
            ends.callback(hand.close)
            ends.callback(hand.stop)
            hand.start()
        yield


def answer(app: str, host: str, port: int, processes: int, **options: Any) -> None:
    """Answer requests until told to end.

    Parameters
    ----------
    app : str
        As ``hand_over`` returned it.
    host : str
        Address to listen on.
    port : int
        Port to listen on.
    processes : int
        How many answer; each has its own share of the connections.
    **options
        Of ``uvicorn.Config``.
    """
    if processes == 1 or sys.platform != "linux":
        uvicorn.run(app, factory=True, host=host, port=port, workers=processes, **options)
        return
    with Door(host, port) as door:
        config = uvicorn.Config(app, factory=True, workers=processes, **options)
        Multiprocess(config, sockets=[door]).run()
