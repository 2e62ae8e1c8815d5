"""Ids of segments over the life of a project."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from coterie import Project

SETTINGS = '[sources.customers]\nfile = "people.csv"\nkey = "id"\n[segmentation]\nk = {k}\n'


def ids(folder: Path, k: int) -> tuple[Path, list[str]]:
    (folder / "coterie.toml").write_text(SETTINGS.format(k=k), encoding="utf-8")
    run = Project(folder).run()
    return run.folder, [segment["id"] for segment in run.segments]


def test_an_id_is_never_given_twice_even_if_the_run_that_gave_it_is_deleted(tmp_path: Path) -> None:
    draw = random.Random(0)
    people = [f"p{i},{draw.gauss(i % 5 * 9, 1)},{draw.gauss(i % 3 * 9, 1)}" for i in range(300)]
    (tmp_path / "people.csv").write_text("\n".join(["id,a,b", *people]), encoding="utf-8")
    _, first = ids(tmp_path, 2)
    second_folder, second = ids(tmp_path, 5)
    shutil.rmtree(second_folder)
    _, third = ids(tmp_path, 4)
    born = set(second) - set(first)
    assert len(born) >= 3
    assert not born & set(third)


def test_an_id_born_at_a_refit_is_not_given_again_after_its_run_is_deleted(tmp_path: Path) -> None:
    def write(groups: int) -> None:
        people = [
            f"p{g}-{i},{g * 50 + i % 7},{g % 2 * 50 + i % 5}"
            for g in range(groups)
            for i in range(80)
        ]
        (tmp_path / "people.csv").write_text("\n".join(["id,a,b", *people]), encoding="utf-8")

    write(3)
    (tmp_path / "coterie.toml").write_text(SETTINGS.format(k="[2, 5]"), encoding="utf-8")
    first = {segment["id"] for segment in Project(tmp_path).run().segments}
    write(4)
    refitted = Project(tmp_path).train()
    born = {segment["id"] for segment in refitted.segments} - first
    assert len(born) == 1
    shutil.rmtree(refitted.folder)
    write(5)  # the same customers would give the same run, and its ids, again
    again = {segment["id"] for segment in Project(tmp_path).train().segments} - first
    assert again
    assert not again & born
