"""One job in a process of its own: told what to do on standard input, telling on standard output.

The worker that started it can stop it, and if that worker dies its input ends: the job then
stops as on Ctrl-C, which leaves nothing half-written.
"""

from __future__ import annotations

import _thread
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from coterie.api import Project
from coterie.errors import CoterieError
from coterie.profiling.flows_json import flows_dict
from coterie.service.projects import READING, kept_settings, server_settings
from coterie.store.database import Database
from coterie.store.home import Home

Tell = Callable[[str, float, str], None]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
ORPHANED = 10.0
"""Seconds that a job has to clear up once its worker is dead: it must have let go of the
project before the lease runs out and another worker begins the job anew."""


def _run(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    run = project.run(as_of=_day(wish), refit=bool(wish.get("refit")), tell=tell)
    home = Home(project.folder)
    with home.registry() as registry:
        # Also of the first run: nobody who asks for a list waits until it is loaded.
        if (row := home.published(registry)) is not None:
            registry.serve(row)
    return {"run_id": run.id, "as_of": run.as_of, "segments": len(run.segments)}


def _train(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    return _run(project, {**wish, "refit": True}, tell)


def _candidate(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    fixed = {"algorithm": wish["algorithm"], "k": wish["k"], "basis": wish["features"]}
    tried = Project(project.folder, project.settings.trying(**fixed))
    run = tried.run(as_of=_day(wish), publish=False, tell=tell)
    return {"run_id": run.id, "as_of": run.as_of, "segments": len(run.segments)}


def _value(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    made = project.value(horizon=str(wish.get("horizon") or ""), tell=tell)
    return {"run_id": project.latest.id, "customers": made.table().num_rows}


def _prospects(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    made = project.predict([], label=str(wish.get("label") or ""), tell=tell)
    return {"run_id": project.latest.id, "by": made.by}


def _products(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    del wish
    project.products(tell=tell)
    return {"run_id": project.latest.id}


def _offers(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    plan = project.plan_offers(
        as_of=_day(wish),
        explore=bool(wish.get("explore")),
        budget=wish.get("budget"),
        tell=tell,
    )
    project.offers_report(as_of=_day(wish))
    return {"run_id": project.latest.id, "planned": plan.table.num_rows}


def _flows(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    tell("measure", 0.0, "placing everybody at both moments")
    ends = [str(wish[name]) for name in ("start", "end")]
    days = [date.fromisoformat(end) for end in ends if _DAY.fullmatch(end)]
    found = project.flows(*days) if len(days) == len(ends) else project.flows(*ends)
    told = flows_dict(found.migration, found.segments, found.start, found.end)
    return {**told, "note": found.note}


def _erase(project: Project, wish: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    tell("erase", 0.0, "looking through every place")
    where, name = wish["server"]
    database = Database(where if where.startswith("env:") else Path(where))
    try:
        now = datetime.fromisoformat(wish["now"])
        made = project.erase_pending(now=now, server=(database, name))
    finally:
        database.close()
    return {"certificates": [one.told for one in made]}


KINDS: dict[str, Callable[[Project, Mapping[str, Any], Tell], dict[str, Any]]] = {
    "run": _run,
    "train": _train,
    "candidate": _candidate,
    "prospects": _prospects,
    "value": _value,
    "products": _products,
    "offers": _offers,
    "flows": _flows,
    "erase": _erase,
}
"""What a job may be."""


def _day(wish: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(wish["as_of"]) if wish.get("as_of") else None


def main() -> None:
    """Do the job."""
    task = json.loads(sys.stdin.readline())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What a library prints must not be taken for our words.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_stop_with_the_worker, daemon=True).start()

    def say(**told: object) -> None:
        out.write(json.dumps(told) + "\n")
        out.flush()

    def tell(stage: str, share: float, what: str) -> None:
        say(stage=stage, fraction=share, what=what)

    try:
        folder = Path(task["folder"])
        reads = task["kind"] in READING
        settings = server_settings(folder, task["connections"]) if reads else kept_settings(folder)
        project = Project(folder, settings)
        wish = {**task["params"], "server": task["server"], "now": task["now"]}
        say(result=KINDS[task["kind"]](project, wish, tell))
    except CoterieError as error:
        say(error=error.to_dict())
    except KeyboardInterrupt:
        sys.exit(130)


def _stop_with_the_worker() -> None:
    sys.stdin.read()
    _thread.interrupt_main(signal.SIGTERM)
    time.sleep(ORPHANED)
    os._exit(137)  # all that is written is whole at any moment


if __name__ == "__main__":
    main()
