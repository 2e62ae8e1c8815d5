"""Writes what the server offers (OpenAPI) to a file, from which the web application is typed.

Run it as ``python -m coterie.service.openapi ui/openapi.json`` after a change of the routes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from coterie.service.app import create_app
from coterie.service.params import ServerParams


def openapi_text() -> str:
    """Return the description as it is kept: sorted, so that a change is seen as one."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(ServerParams(Path(home)))
        try:
            return json.dumps(app.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        finally:
            app.state.projects.close()
            app.state.database.close()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(openapi_text(), encoding="utf-8")
