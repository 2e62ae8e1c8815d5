"""No table of the operational database is forgotten when a person is looked for."""

from __future__ import annotations

from coterie.privacy.database import HOLDING
from coterie.store.tables import METADATA

OF_NOBODY = {
    "runs": "ids and hashes of runs",
    "published": "the id of a run",
    "segment_names": "names of segments",
    "schedules": "when jobs come again",
    "connections": "variables of the environment",
    "workers": "workers",
    "tombstones": "hashes under a key, and while an erasure is pending a sealed text",
    "shown": "runs, with the numbers of their segments under which they were shown",
    "loaded": "runs, with the numbers of their segments",
    "segment_notes": "who of ours cares for a segment, and what is done",
    "stream_counts": "how much came",
    "stream_offsets": "places in topics",
    "move_cursors": "how far sinks were told",
    "users": "people of ours, not customers",
    "memberships": "people of ours, not customers",
    "api_keys": "programs",
    "sessions": "people of ours, not customers",
    "attempts": "keyed hashes",
    "audit": "what people of ours did; customers by a keyed hash",
}
"""Tables without anything of a customer, and why."""


def test_every_table_is_looked_through_or_said_to_hold_nobody() -> None:
    looked_through = {table.name for table in HOLDING}
    assert looked_through.isdisjoint(OF_NOBODY)
    assert looked_through | set(OF_NOBODY) == set(METADATA.tables)
