"""Tombstones: pending until all is erased, and awake after a restore that knows less."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from coterie.store.rows import read_rows
from coterie.store.tombstones import Tombstone, Tombstones

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE = Tombstone("aa", "k1", NOW, "request 1", sealed="who")


def test_a_tombstone_is_pending_until_it_is_finished_and_then_says_not_who(database):
    stones = Tombstones(database, "shop")
    stones.put([ONE])
    assert stones.all() == [ONE]
    assert Tombstones(database, "other").all() == []
    stones.finish("aa")
    assert stones.all() == [Tombstone("aa", "k1", NOW, "request 1", pending=False)]


def test_one_that_is_there_keeps_its_day_and_is_pending_again(database):
    stones = Tombstones(database, "shop")
    stones.put([ONE])
    stones.finish("aa")
    stones.put([Tombstone("aa", "k2", NOW.replace(year=2027), "again", sealed="x")])
    assert stones.all() == [Tombstone("aa", "k1", NOW, "request 1", sealed="x")]


@pytest.mark.integration
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_restore_keeps_tombstones_that_the_backup_lacks_and_wakes_them(database):
    stones = Tombstones(database, "shop")
    stones.put([ONE])
    stones.finish("aa")
    run = {"project": "shop", "run_id": "r1", "input_hash": "h", "settings_hash": "s"}
    run |= {"model_id": "m", "parent_run": None, "as_of": None, "segments": 1, "number": 1}
    old = {"project": "shop", "mac": "bb", "key": "k1", "made": NOW.isoformat(), "reason": ""}
    old |= {"pending": False, "sealed": None}
    read_rows(database, [json.dumps(["runs", run]), json.dumps(["tombstones", old])], {})
    assert [(stone.mac, stone.pending) for stone in stones.all()] == [("aa", True), ("bb", False)]
