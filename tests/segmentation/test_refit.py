"""When a routine refit goes on, what it keeps, and when a person is asked."""

from dataclasses import replace

import pytest

from coterie import Project
from coterie.segmentation.refit import _carried, advise
from coterie.segmentation.released import load_released


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers in three groups, segmented, without dates."""
    made = tmp_path_factory.mktemp("people")
    write(made, [(0, 0), (40, 0), (0, 40)])
    (made / "coterie.toml").write_text(
        '[sources.customers]\nfile = "people.csv"\nkey = "id"\n[segmentation]\nk = [2, 6]\n',
        encoding="utf-8",
    )
    return made


def write(folder, centres, n=120):
    """Write customers around centres; the same id is always at the same place of its group."""
    rows = [
        f"p{x}-{y}-{i},{100 + x + (i * 7) % 11},{100 + y + (i * 5) % 13}"
        for x, y in centres
        for i in range(n)
    ]
    (folder / "people.csv").write_text("\n".join(["id,a,b", *rows]), encoding="utf-8")


def test_a_new_group_is_born_a_lost_one_ends_and_no_id_comes_back(folder):
    project = Project(folder)
    first = project.run()
    ids = {segment["id"] for segment in first.segments}
    write(folder, [(0, 0), (40, 0), (0, 40), (90, 90)])
    second = project.train()
    born = {segment["id"] for segment in second.segments} - ids
    assert second.changes["refit"] is True
    assert second.changes["born"] == sorted(born)
    assert len(born) == 1
    placed = second.table("assignments").to_pylist()
    assert {r["segment_id"] for r in placed if r["customer_id"].startswith("p90")} == born
    assert second.changes["churn"] == pytest.approx(0.25)  # those who are new are all who moved

    write(folder, [(0, 0), (0, 40), (90, 90)])
    third = project.train()
    assert len(third.changes["ended"]) == 1
    ended = set(third.changes["ended"])
    write(folder, [(0, 0), (40, 0), (0, 40), (90, 90)])
    fourth = project.train()
    assert not ended & {segment["id"] for segment in fourth.segments}
    again = load_released(fourth.folder)
    assert {s.id for s in again.segments if s.status == "retired"} == ended


def test_without_a_window_a_person_decides():
    assert advise(None, None, 0.0) == (False, "How it does on later behaviour is not known.")
    assert advise(0.8, 0.82, 0.1)[0]
    assert not advise(0.8, 0.8199, 0.0)[0]
    assert not advise(0.8, 0.9, 0.1001)[0]


def test_what_was_said_of_a_segment_goes_with_it():
    said = {"verdict": "natural", "segments": [{"j": 1}, {"j": 2}, {"j": 3}]}
    assert _carried(said, (0, 2, -1)) == {
        "verdict": "natural",
        "segments": [{"j": 1}, {"j": 3}, {}],
    }
    assert _carried({"verdict": "x"}, (0,)) == {"verdict": "x"}


def test_names_change_when_the_rule_says_so_twice(folder):
    released = load_released(Project(folder).latest.folder)
    first = released.segments[0]
    waiting = released.named({}, {first.id: "Other"})
    assert waiting.segments[0].proposed == "Other"
    assert waiting.segments[0].name == first.name
    assert replace(waiting.segments[0], proposed="") == replace(first, proposed="")
