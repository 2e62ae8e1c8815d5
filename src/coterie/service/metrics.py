"""Figures of a server for Prometheus: its requests, and the jobs as the database has them.

Labels are route templates, kinds and states: no customer, no path and no name that came from
outside. What the database tells is the same whichever of several servers is asked.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coterie.errors import CoterieError
from coterie.store.database import Database
from coterie.store.tables import JOBS
from coterie.store.workers import Workers
from coterie.streaming.processor import Done

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LOG = logging.getLogger("coterie.http")


class StreamFigures:
    """The figures of the streams of one server, all projects together.

    Parameters
    ----------
    registry : CollectorRegistry
        Where they are told.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "coterie_events", "Events that came by HTTP.", ("outcome",), registry=registry
        )
        self.batches = Histogram(
            "coterie_event_batch_seconds",
            "Seconds until a batch of events was durable.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self.waiting = Gauge("coterie_events_waiting", "Events that wait.", registry=registry)
        self.lag = Gauge(
            "coterie_event_lag_seconds",
            "Seconds from the last event until it was counted; of the slowest project.",
            registry=registry,
        )
        self.clients = Gauge(
            "coterie_live_clients", "Who follows moves as they happen.", registry=registry
        )
        self._lags: dict[str, float] = {}

    def note(self, done: Done, seconds: float) -> None:
        """Count a batch."""
        for outcome in ("accepted", "repeated", "late", "refused"):
            self.events.labels(outcome).inc(getattr(done, outcome))
        self.batches.observe(seconds)

    def see(self, project: str, status: dict[str, Any]) -> None:
        """Note how late a project is."""
        self._lags[project] = status["delay_seconds"] or 0.0
        self.lag.set(max(self._lags.values()))


class Metrics:
    """The figures of one server.

    Parameters
    ----------
    database : Database
        With the jobs.
    clock : callable
        The time, with its zone.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "coterie_requests",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "coterie_request_seconds",
            "Seconds until a request was answered.",
            ("route", "method"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.streams = StreamFigures(self.registry)
        self.registry.register(self)

    def text(self) -> bytes:
        """Return all figures as Prometheus reads them."""
        return generate_latest(self.registry)

    def describe(self) -> list[Metric]:
        """Return nothing: the database is not asked before somebody wants its figures."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what the database tells of the jobs and the workers."""
        up = GaugeMetricFamily("coterie_database_up", "Whether the database answers.")
        try:
            told = self._told()
        except CoterieError:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from told

    def _told(self) -> list[Metric]:
        now, c = self.clock(), JOBS.c
        took = sa.extract("epoch", c.finished) - sa.extract("epoch", c.started)
        parts = (sa.func.count(), sa.func.count(took), sa.func.sum(took))
        counted = sa.select(c.kind, c.state, *parts)
        oldest = sa.select(sa.func.min(c.created)).where(c.state == "queued")
        with self.database.transaction() as connection:
            rows = connection.execute(counted.group_by(c.kind, c.state)).all()
            since = connection.execute(oldest).scalar()
        jobs = GaugeMetricFamily("coterie_jobs", "Jobs.", labels=("kind", "state"))
        seconds = SummaryMetricFamily(
            "coterie_job_seconds", "Seconds that ended jobs took.", labels=("kind", "state")
        )
        for kind, state, count, timed, sum_ in rows:
            jobs.add_metric((kind, state), count)
            if timed:
                seconds.add_metric((kind, state), timed, float(sum_))
        age = (now - since).total_seconds() if since else 0.0
        waits = GaugeMetricFamily("coterie_queue_age_seconds", "Age of the oldest waiting job.")
        waits.add_metric((), max(age, 0.0))
        alive = GaugeMetricFamily("coterie_workers", "Workers that were seen lately.")
        alive.add_metric((), len(Workers(self.database).alive(now=now)))
        return [jobs, seconds, waits, alive]


class Watch:
    """Counts every request and writes a line about it: its route, not its path or its query."""

    def __init__(self, app: ASGIApp, metrics: Metrics, root: str) -> None:
        self.app = app
        self.metrics = metrics
        self.root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the time until the answer has left."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        failed = True
        try:
            await self.app(scope, receive, watched)
            failed = False
        finally:
            self._write_down(scope, status, time.perf_counter() - began, failed=failed)

    def _write_down(self, scope: Scope, status: int, seconds: float, *, failed: bool) -> None:
        route = getattr(scope.get("route"), "path", "") or "unmatched"
        # A route of a router that was included does not always know the prefix.
        if route.startswith("/") and scope["path"].startswith(f"{self.root}/"):
            route = self.root + route.removeprefix(self.root)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.requests.labels(route, method, str(status)).inc()
        self.metrics.latency.labels(route, method).observe(seconds)
        told = {
            "request_id": scope.get("state", {}).get("request_id", ""),
            "method": method,
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 1),
        }
        _LOG.log(logging.ERROR if failed else logging.INFO, "request", extra=told, exc_info=failed)
