"""The application: routes, and what holds for all of them; workers are made beside it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from coterie import __version__
from coterie.errors import CoterieError
from coterie.service.access import Access, table_of
from coterie.service.auth import Doors
from coterie.service.deps import utc_now
from coterie.service.ending import ending
from coterie.service.feeds import Feeds
from coterie.service.headers import Strict
from coterie.service.ids import new_id
from coterie.service.metrics import Metrics, Watch
from coterie.service.middleware import Idempotency, Limits, RequestIds, Tags
from coterie.service.models import Problem
from coterie.service.oidc import Oidc, oidc_params
from coterie.service.params import ServerParams, open_database
from coterie.service.predictors import Predictors
from coterie.service.problems import MEDIA_TYPE, add_problems
from coterie.service.projects import Projects
from coterie.service.routes import accounts as account_routes
from coterie.service.routes import audit as audit_routes
from coterie.service.routes import customers as customer_routes
from coterie.service.routes import health as health_routes
from coterie.service.routes import jobs as job_routes
from coterie.service.routes import offers as offer_routes
from coterie.service.routes import overview as overview_routes
from coterie.service.routes import predict as predict_routes
from coterie.service.routes import privacy as privacy_routes
from coterie.service.routes import projects as project_routes
from coterie.service.routes import results as result_routes
from coterie.service.routes import sample as sample_routes
from coterie.service.routes import schedules as schedule_routes
from coterie.service.routes import segments as segment_routes
from coterie.service.routes import session as session_routes
from coterie.service.routes import stream as stream_routes
from coterie.service.web import router as web_router
from coterie.service.worker import Worker
from coterie.store.jobs import Jobs
from coterie.store.replies import Replies

ROOT = "/api/v1"
_PROBLEMS = (400, 401, 403, 404, 408, 409, 413, 421, 422, 429)
_INCLUDED = (
    *(
        (routes.router, ROOT)
        for routes in (
            session_routes,
            account_routes,
            audit_routes,
            project_routes,
            sample_routes,
            job_routes,
            schedule_routes,
            segment_routes,
            privacy_routes,
            customer_routes,
            offer_routes,
            result_routes,
            overview_routes,
            predict_routes,
            stream_routes,
        )
    ),
    (job_routes.root, ""),
    (predict_routes.root, ""),
    (health_routes.router, ""),
    (web_router, ""),
)
"""Routers, each with the beginning of its paths."""

_LOG = logging.getLogger("coterie.service")


def create_app(params: ServerParams, *, clock: Callable[[], datetime] = utc_now) -> FastAPI:
    """Return the application of a server.

    Parameters
    ----------
    params : ServerParams
        Where the projects lie.
    clock : callable, optional
        The time, with its zone.

    Returns
    -------
    fastapi.FastAPI
        To be served by any ASGI server.
    """
    database = open_database(params)
    projects, jobs = Projects(params, database), Jobs(database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            _LOG.info("audit head", extra={"head": doors.audit.head()})
        except CoterieError as error:  # it may answer later
            _LOG.warning("audit head unknown: %s", error)
        app.state.ending = ending()
        feeds.start()
        yield
        feeds.close()
        projects.close()
        database.close()

    app = FastAPI(
        title="Coterie",
        version=__version__,
        description="Customer segments that are proven on later behaviour, explained and stable.",
        lifespan=lifespan,
        responses={status: _told(status) for status in _PROBLEMS},
        generate_unique_id_function=lambda route: route.name,
        # Its pages would be fetched from a foreign host.
        docs_url=None,
        redoc_url=None,
    )
    app.state.params, app.state.projects, app.state.jobs = params, projects, jobs
    app.state.database, app.state.clock = database, clock
    app.state.predictors, app.state.metrics = Predictors(projects), Metrics(database, clock)
    feeds = app.state.feeds = Feeds(projects, clock, app.state.metrics.streams)
    doors, provider = Doors(params, database, clock), oidc_params()
    app.state.doors = doors
    app.state.oidc = Oidc(provider, doors.keys) if provider else None
    app.router.routes.insert(0, predict_routes.HOT)
    table = table_of(app.router.routes, _INCLUDED)
    for router, prefix in _INCLUDED:
        app.include_router(router, prefix=prefix)
    add_problems(app)
    app.add_middleware(Idempotency, replies=Replies(database), clock=clock)
    app.add_middleware(Tags)
    app.add_middleware(Limits, params=params)
    app.add_middleware(Access, doors=doors, projects=projects, table=table)
    app.add_middleware(Strict, secure=params.secure)
    app.add_middleware(RequestIds)
    app.add_middleware(Watch, metrics=app.state.metrics, root=ROOT)
    return app


def make_worker(
    params: ServerParams, *, clock: Callable[[], datetime] = utc_now, name: str = ""
) -> Worker:
    """Return a worker of a server, for a process of its own.

    Parameters
    ----------
    params : ServerParams
        Those of the server.
    clock : callable, optional
        The time, with its zone.
    name : str, optional
        By which the database knows it; default one that no other has.

    Returns
    -------
    Worker
        To be started.
    """
    database = open_database(params)
    return Worker(name or new_id("w"), Projects(params, database), Jobs(database), clock)


def _told(status: int) -> dict[str, Any]:
    return {
        "model": Problem,
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {}},
    }
