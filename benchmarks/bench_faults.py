"""Killed at every write, rename and commit: what is lost, doubled or half-written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.commands import fork_server
from benchmarks.figures import Outcome, at_least, at_most, figure
from benchmarks.kills import OPERATIONS, Killing


@figure("R1")
def kills() -> Outcome:
    """Kill each operation at each of its points, run it again, compare all that lies there."""
    wrong: list[str] = []
    points = {}
    for name in OPERATIONS:
        with tempfile.TemporaryDirectory() as folder, fork_server(Path(folder)) as forks:
            projects = Path(folder) / "projects"
            projects.mkdir()
            found = Killing(forks, projects, name).at_every_point()
        wrong += [f"{name}: {what}" for what in found.wrong]
        points[name] = found.points
    print("\n".join(wrong), end="\n" if wrong else "", flush=True)
    return Outcome(
        "a kill at every fault point, then the command again; names and bytes of all in the "
        "project and rows of the registry, but clocks, against a project never disturbed",
        (
            at_most("differences and leftovers", len(wrong), 0),
            *(at_least(f"points, {name}", n, OPERATIONS[name].least) for name, n in points.items()),
        ),
    )
