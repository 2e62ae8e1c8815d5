"""No table of the operational database is forgotten when a person is looked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from coterie.privacy.database import HOLDING, database_places
from coterie.privacy.person import Person
from coterie.privacy.scope import Scope
from coterie.store.home import Home
from coterie.store.stream_tables import DEAD, LEVEL1_MIX
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


def test_a_letter_goes_if_it_has_her_id_or_her_name_as_a_word(tmp_path: Path) -> None:
    home, raws = (
        Home(tmp_path),
        ('{"channel": 1', '{"n": "Zo\\u00eb M."', '{"to": "x-c17-y"', "ANN"),
    )
    home.path.mkdir()
    now = {"at": datetime(2026, 3, 1, tzinfo=UTC), "message": "", "reason": "bad_json"}
    with home.registry() as registry:
        with registry.database.transaction(writes=True) as connection:
            for raw in raws:
                row = {"project": registry.project, "source": "http", "raw": raw}
                connection.execute(DEAD.insert().values(**row, **now))
        person = Person("c17", frozenset({"Ann", "Zoë M."}))
        ways = {name: (find, erase) for name, find, erase in database_places(Scope(home, registry))}
        find, erase = ways["table dead_letters"]
        (found,) = find(person).values()
        assert {row["raw"] for row in found.rows} == {*raws[1:]}
        erase(person)
        assert not find(person)
        with registry.database.transaction() as connection:
            assert connection.execute(DEAD.select()).mappings().one()["raw"] == raws[0]


def test_words_by_which_others_are_summed_are_added_to_those_of_the_same_key(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    home.path.mkdir()
    values = {"to ann@ex.org": 5, "to [erased]": 2, "to all": 1}
    with home.registry() as registry:
        key = {"project": registry.project, "customer_id": "c1", "day": 7, "dimension": "category"}
        with registry.database.transaction(writes=True) as connection:
            for value, net in values.items():
                row = {**key, "value": value, "net_micros": net, "lines": 1}
                connection.execute(LEVEL1_MIX.insert().values(**row))
        person = Person("c17", frozenset({"Ann@ex.org"}))
        ways = {name: (find, erase) for name, find, erase in database_places(Scope(home, registry))}
        find, erase = ways["table level1_order_mix"]
        (found,) = find(person).values()
        assert (found.rows, found.named) == ((), ("to ann@ex.org",))
        erase(person)
        assert not find(person)
        with registry.database.transaction() as connection:
            rows = connection.execute(LEVEL1_MIX.select()).mappings().all()
    left = {row["value"]: (row["net_micros"], row["lines"]) for row in rows}
    assert left == {"to [erased]": (7, 2), "to all": (1, 1)}
