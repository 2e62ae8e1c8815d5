"""What is told of customers to other systems: one message of each move, sent in order.

A sink's place in the outbox moves only after the sink has a message: it may come twice, with the
same ``id``, and is never lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from coterie.features.windows import to_date
from coterie.schema import MICROS
from coterie.streaming.moves import VALUE


def message_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told of a move, as JSON; the same for every way of telling.

    Parameters
    ----------
    row : mapping
        Of the table ``moves``.

    Returns
    -------
    dict
        ``value`` is null but for ``value.changed``. ``effective`` is the time of the event that
        caused it, null where none did; ``at`` is when it was found.

    Examples
    --------
    >>> row = {"id": "5f1c", "project": "", "customer_id": "anna", "type": "segment.entered",
    ...     "cause": "event", "from_id": None, "to_id": "s1", "before": None, "after": None,
    ...     "margin": 0.5, "model_id": "m-1", "as_of": 20455, "ts": 1767348000000000,
    ...     "at": datetime(2026, 1, 2, 10, 0, 1, tzinfo=UTC)}
    >>> message = message_of(row)
    >>> message["to"], message["as_of"], message["effective"], message["at"][:19]
    ('s1', '2026-01-02', '2026-01-02T10:00:00+00:00', '2026-01-02T10:00:01')
    """
    ts = row["ts"]
    value = {"before": row["before"], "after": row["after"]} if row["type"] == VALUE else None
    return {
        "id": row["id"],
        "type": row["type"],
        "project": row["project"],
        "customer_id": row["customer_id"],
        "from": row["from_id"],
        "to": row["to_id"],
        "cause": row["cause"],
        "model_id": row["model_id"],
        "as_of": str(to_date(row["as_of"])),
        "effective": None if ts is None else datetime.fromtimestamp(ts / MICROS, UTC).isoformat(),
        "margin": row["margin"],
        "value": value,
        "at": row["at"].isoformat(),
    }
