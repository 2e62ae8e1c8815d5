"""The worker: takes jobs from the database, one at a time, and sees each through to its end."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from coterie.errors import CoterieError
from coterie.privacy.keys import open_keys
from coterie.service.auth import open_audit
from coterie.service.ids import new_id
from coterie.service.projects import Projects
from coterie.store.jobs import KEPT, Held, Jobs
from coterie.store.places import SERVER
from coterie.store.schedules import Schedules
from coterie.store.workers import Workers

IDLE = 0.5
"""Seconds between two looks at an empty queue."""
BEAT = 1.0
"""Seconds between two signs of life of a job."""
SEEN = timedelta(seconds=10)
"""How often a worker says that it is alive."""
GRACE = 20.0
"""Seconds that a job has to clear up after it was told to stop."""
_CRASHED = "The process of the job ended without an answer (exit code {}); see the server's log."

_LOG = logging.getLogger("coterie.worker")


class Worker:
    """Takes jobs until it is told to stop.

    Parameters
    ----------
    name : str
        By which the database knows it; each worker has its own.
    projects : Projects
        The server's projects.
    jobs : Jobs
        The server's jobs.
    clock : callable
        The time.
    """

    def __init__(
        self, name: str, projects: Projects, jobs: Jobs, clock: Callable[[], datetime]
    ) -> None:
        self.name = name
        self.projects = projects
        self.jobs = jobs
        self.schedules = Schedules(jobs.database)
        self.workers = Workers(jobs.database)
        self.clock = clock
        home = projects.params.home / SERVER
        self.audit = open_audit(jobs.database, open_keys(home))
        self._told: date | None = None
        self._seen: datetime | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    def start(self) -> None:
        """Work in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Give back the job at work, which another worker begins anew, and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def close(self) -> None:
        """Close what it read from."""
        try:
            self.workers.leave(self.name)
        except CoterieError as error:  # it is forgotten by itself
            _LOG.warning("worker left unseen: %s", error, extra={"worker": self.name})
        self.projects.close()
        self.jobs.database.close()

    def work(self) -> None:
        """Work until told to stop, also through times when the database does not answer."""
        while not self._stopped.is_set():
            try:
                busy = self.step()
            except CoterieError as error:
                _LOG.error("worker waits: %s", error, extra={"worker": self.name})
                busy = self._stopped.wait(BEAT)
            if not busy:
                self._stopped.wait(IDLE)

    def step(self) -> bool:
        """Start what is scheduled, and do one job, if one is waiting."""
        self._say_alive()
        self._tell_head()
        self.jobs.sweep(now=self.clock())
        for job in self.schedules.tick(lambda: new_id("j"), now=self.clock()):
            _LOG.info("job scheduled", extra={"job": job})
        held = self.jobs.take(self.name, now=self.clock())
        if held is None:
            return False
        _LOG.info("job begun", extra={"job": held.id, "kind": held.kind, "project": held.project})
        ended = self._see_through(held)
        _LOG.info("job ended", extra={"job": held.id, "state": ended, "project": held.project})
        return True

    def _say_alive(self) -> None:
        now = self.clock()
        if self._seen is None or now - self._seen >= SEEN:
            self.workers.see(self.name, now=now)
            self._seen = now

    def _tell_head(self) -> None:
        """Note once a day how far the audit log is: who cuts it off cannot reach the log.

        Jobs that ended long ago are forgotten then.
        """
        today = self.clock().date()
        if self._told != today:
            _LOG.info("audit head", extra={"head": self.audit.head()})
            self.jobs.prune(self.clock() - KEPT)
            self._told = today

    def _see_through(self, held: Held) -> str:
        """Run the job in a process of its own and write down how it ends."""
        try:
            served = self.projects.get(held.project)
        except CoterieError as error:  # the project was removed while the job waited
            self.jobs.end(held, "failed", now=self.clock(), error=error.to_dict())
            return "failed"
        task = {
            "folder": str(served.folder.resolve()),
            "connections": self.projects.connections(),
            "kind": held.kind,
            "params": held.params,
            "server": self.projects.server(held.project),
            "now": self.clock().isoformat(),
        }
        said: dict[str, Any] = {}
        with subprocess.Popen(
            [sys.executable, "-m", "coterie.service.work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        ) as process:
            reader = threading.Thread(target=_listen, args=(process, task, said), daemon=True)
            reader.start()
            asked = self._wait(reader, said, held)
            if asked:
                self._interrupt(process, held)
            reader.join()
            code = process.wait()
        return self._write_down(held, said, asked, code)

    def _wait(self, reader: threading.Thread, said: dict[str, Any], held: Held) -> str:
        """Pass on how far the job is, until it ends or is to be stopped: why, else ""."""
        while reader.is_alive():
            reader.join(BEAT)
            told = {name: said[name] for name in ("stage", "fraction") if name in said}
            asked = self._renew(held, **told)
            if asked or self._stopped.is_set():
                return asked or "stop"
        return ""

    def _renew(self, held: Held, **told: Any) -> str:
        """Renew the lease; while the database does not answer the job goes on without."""
        try:
            self._say_alive()
            return self.jobs.renew(held, now=self.clock(), **told)
        except CoterieError as error:
            _LOG.warning("lease not renewed: %s", error, extra={"job": held.id})
            return ""

    def _interrupt(self, process: subprocess.Popen[str], held: Held) -> None:
        """Ask the process to stop, and renew the lease while it clears up."""
        process.terminate()
        for _ in range(round(GRACE / BEAT)):
            try:
                process.wait(BEAT)
            except subprocess.TimeoutExpired:
                self._renew(held)
            else:
                return
        process.kill()

    def _write_down(self, held: Held, said: dict[str, Any], asked: str, code: int) -> str:
        if "result" in said:  # it was done before it heard
            state, how = "done", {"result": said["result"]}
        elif asked == "cancel":
            state, how = "cancelled", {}
        elif asked == "stop":
            return "given back" if self.jobs.give_back(held) else "lost"
        elif asked == "lost":
            return "lost"
        elif "error" in said:
            state, how = "failed", {"error": said["error"]}
        else:
            crashed = {"code": "crashed", "message": _CRASHED.format(code)}
            state, how = "failed", {"error": crashed}
        return state if self.jobs.end(held, state, now=self.clock(), **how) else "lost"


def _listen(process: subprocess.Popen[str], task: dict[str, Any], said: dict[str, Any]) -> None:
    """Hand over the task, and keep what was said last of each kind."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(json.dumps(task) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            said.update(json.loads(line))
    except BrokenPipeError:
        pass  # it died at once; its exit code tells
