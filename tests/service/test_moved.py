"""Lists of who moved: exactly those whom the flows count, page by page."""

from __future__ import annotations

import pyarrow.parquet as pq

from tests.service.shop import SHOP, get, walk


def moves(project):
    """Return (from, to) -> ids, by the tables of the two runs."""
    now = project.latest
    then = project.find_run(now.manifest["parent_run"])
    placed = [
        {r["customer_id"]: r["segment_id"] or "none" for r in pq.read_table(file).to_pylist()}
        for file in (run.folder / "assignments.parquet" for run in (then, now))
    ]
    found = {}
    for one, to in placed[1].items():
        if one in placed[0] and placed[0][one] != to:
            found.setdefault((placed[0][one], to), []).append(one)
    return found


def test_who_moved_is_listed_by_where_from_and_where_to(reader, project):
    found = moves(project)
    assert found
    for (before, after), ids in found.items():
        where = {"moved_from": before, "segment": after}
        assert [one["customer_id"] for one in walk(reader, "/customers", **where, limit=3)] == ids
        falling = walk(reader, "/customers", **where, sort="-monetary", limit=3)
        assert sorted(one["customer_id"] for one in falling) == ids
        spent = [one["monetary"] for one in falling if one["monetary"] is not None]
        assert spent == sorted(spent, reverse=True)


def test_they_are_as_many_as_the_flows_count(reader, project):
    for before in {before for before, _ in moves(project)}:
        counted = sum(
            row["customers"]
            for row in project.latest.table("migration").to_pylist()
            if row["from_id"] == before and row["to_id"] not in {before, "absent"}
        )
        assert get(reader, "/customers", moved_from=before)["total"] == counted


def test_a_search_and_an_unknown_segment_find_fewer_or_none(reader, project):
    (before, _), ids = max(moves(project).items(), key=lambda one: len(one[1]))
    mine = get(reader, "/customers", moved_from=before, search=ids[0])
    assert [one["customer_id"] for one in mine["items"]] == ids[:1]
    assert get(reader, "/customers", moved_from="seg-999")["total"] == 0
    assert reader.get(f"{SHOP}/customers?moved_from=%00").status_code in {200, 422}
