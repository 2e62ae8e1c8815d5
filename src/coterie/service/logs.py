"""Logs of a server: a line for each event, as JSON or as text, with nothing of any customer.

Errors are written by their kind and place alone, because what they say may repeat a value
of the data; at the level ``debug`` it is written too.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Literal

Form = Literal["json", "text"]
Level = Literal["debug", "info", "warning", "error"]
FIELDS = (
    "request_id",
    "method",
    "route",
    "status",
    "ms",
    "worker",
    "job",
    "kind",
    "project",
    "state",
    "head",
)
"""What a line may tell besides its message, in this order."""


class Lines(logging.Formatter):
    """Writes a record as one line.

    Parameters
    ----------
    form : str
        ``json`` or ``text``.
    whole : bool, default False
        Whether what an error says is written too.

    Examples
    --------
    >>> record = logging.LogRecord("coterie", logging.INFO, "", 0, "request", None, None)
    >>> record.created, record.status, record.query = 0.0, 200, "customer=17850"
    >>> print(Lines("json").format(record))
    {"at": "1970-01-01T00:00:00.000+00:00", "level": "info", "event": "request", "status": 200}
    """

    def __init__(self, form: Form, *, whole: bool = False) -> None:
        super().__init__()
        self.form = form
        self.whole = whole

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        told |= {name: vars(record)[name] for name in FIELDS if name in vars(record)}
        if record.exc_info and record.exc_info[0] is not None:
            told |= self._error(record.exc_info[1], record.exc_info[2])
        if self.form == "json":
            return json.dumps(told, default=str)
        at, level, event, *_ = told.values()
        more = " ".join(f"{name}={value}" for name, value in list(told.items())[3:])
        return " ".join(f"{at} {level} {event} {more}".split())

    def _error(self, error: BaseException | None, trace: object) -> dict[str, str]:
        frames = traceback.extract_tb(trace)  # type: ignore[arg-type] # as logging types it
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        said = {"message": str(error)} if self.whole else {}
        return {"error": type(error).__name__, "trace": " > ".join(places), **said}


def configure(form: Form, level: Level) -> None:
    """Let all that is logged leave on standard error.

    What a job's own process writes there passes through as it is.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form, whole=level == "debug"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel("WARNING")
    for name in ("coterie", "uvicorn"):
        logging.getLogger(name).setLevel(level.upper())
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel("WARNING" if level != "debug" else "INFO")
