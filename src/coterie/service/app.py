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
from coterie.service.deps import utc_now
from coterie.service.ids import new_id
from coterie.service.metrics import Metrics, Watch
from coterie.service.middleware import Idempotency, Limits, RequestIds, Tags
from coterie.service.models import Problem
from coterie.service.params import ServerParams
from coterie.service.predictors import Predictors
from coterie.service.problems import MEDIA_TYPE, add_problems
from coterie.service.projects import Projects
from coterie.service.routes import customers as customer_routes
from coterie.service.routes import health as health_routes
from coterie.service.routes import jobs as job_routes
from coterie.service.routes import offers as offer_routes
from coterie.service.routes import predict as predict_routes
from coterie.service.routes import projects as project_routes
from coterie.service.routes import results as result_routes
from coterie.service.routes import schedules as schedule_routes
from coterie.service.routes import segments as segment_routes
from coterie.service.web import router as web_router
from coterie.service.worker import Worker
from coterie.store.database import Database
from coterie.store.jobs import Jobs
from coterie.store.places import REGISTRY, SERVER
from coterie.store.replies import Replies

ROOT = "/api/v1"
_PROBLEMS = (400, 404, 409, 413, 422)

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
        del app
        yield
        projects.close()
        database.close()

    app = FastAPI(
        title="Coterie",
        version=__version__,
        description="Customer segments that are proven on later behaviour, explained and stable.",
        lifespan=lifespan,
        responses={status: _told(status) for status in _PROBLEMS},
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.params, app.state.projects, app.state.jobs = params, projects, jobs
    app.state.database, app.state.clock = database, clock
    app.state.predictors, app.state.metrics = Predictors(projects), Metrics(database, clock)
    for routes in (
        project_routes,
        job_routes,
        schedule_routes,
        segment_routes,
        customer_routes,
        offer_routes,
        result_routes,
        predict_routes,
    ):
        app.include_router(routes.router, prefix=ROOT)
    app.router.routes.insert(0, predict_routes.HOT)
    for router in (job_routes.root, predict_routes.root, health_routes.router, web_router):
        app.include_router(router)
    add_problems(app)
    app.add_middleware(Idempotency, replies=Replies(database), clock=clock)
    app.add_middleware(Tags)
    app.add_middleware(Limits, params=params)
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


def open_database(params: ServerParams) -> Database:
    """Return the server's own database: jobs, schedules, connections, and projects if by a URL."""
    if params.database:
        return Database(params.database)
    return Database(params.home / SERVER / REGISTRY)


def _told(status: int) -> dict[str, Any]:
    return {
        "model": Problem,
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {}},
    }
