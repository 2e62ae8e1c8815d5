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


CAUSES = ("stayed", "aged", "behaved", "border", "corrected", "new", "unknown")


def test_each_cause_lists_as_many_as_the_flows_count(reader, project):
    told = get(reader, "/flows")
    assert told["listed"]
    for cause in CAUSES:
        total = get(reader, "/customers", cause=cause)["total"]
        assert total == told["causes"].get(cause, 0), cause
    kept = ("stayed", "new", "gone")
    moved = sum(n for cause, n in told["causes"].items() if cause not in kept)
    assert get(reader, "/customers", cause="moved")["total"] == moved
    for row in told["items"]:
        if row["from_id"] == "absent" or row["to_id"] == "absent":
            continue
        where = {"moved_from": row["from_id"], "segment": row["to_id"], "cause": row["cause"]}
        assert get(reader, "/customers", **where)["total"] == sum(
            one["customers"]
            for one in told["items"]
            if all(one[name] == row[name] for name in ("from_id", "to_id", "cause"))
        )


def test_a_list_leaves_as_the_file_of_the_same_customers(reader, project):
    (before, after), ids = max(moves(project).items(), key=lambda one: len(one[1]))
    for where in (
        {"moved_from": before, "segment": after},
        {"cause": "stayed", "segment": after},
        {"cause": "stayed", "moved_from": after},
        {"cause": "moved", "search": ids[0][:5]},
        {"cause": "new"},
    ):
        listed = [one["customer_id"] for one in walk(reader, "/customers", **where)]
        file = reader.get(f"{SHOP}/exports/assignments", params=where).text
        assert [line.split(",")[0].strip(chr(34)) for line in file.splitlines()[1:]] == listed


def test_a_first_run_does_not_tell_who_moved(reader, project):
    first = project.find_run(project.latest.manifest["parent_run"])
    assert not get(reader, "/flows", run_id=first.id)["listed"]
    refused = reader.get(f"{SHOP}/exports/assignments?cause=moved&run_id={first.id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ready")
