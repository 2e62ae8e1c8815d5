"""Customers go by pseudonyms in all that is kept, and only the key says who they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.canaries import NOW, texts_of
from coterie import Project
from coterie.config import load_settings
from coterie.errors import DataError
from coterie.pipeline.erasing import rotate_keys
from coterie.privacy.keys import Keys
from coterie.privacy.pseudonyms import FILE, Pseudonyms

SOURCES = '[sources.orders]\nfile = "orders.csv"\n[sources.customers]\nfile = "people.csv"\n'
TOML = f"{SOURCES}[privacy]\npseudonyms = true\n"
ANNA = "anna-0000000000000007"


def write(folder: Path, settings: str) -> Project:
    """Write a project of twenty customers, with rows that are refused."""
    ids = [f"anna-{n:016d}" for n in range(20)]
    orders = ["customer_id,timestamp,amount"]
    orders += [
        f"{one},2025-01-{1 + (n * k) % 28:02},{n + k}"
        for n, one in enumerate(ids)
        for k in range(3)
    ]
    orders += [f"{ids[7]},not a day,1", f"{ids[7]},2025-01-01,1,one too many"]
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    people = ["customer_id,e_mail,reach,visits"]
    people += [f"{one},m{n}@ex.org,x{n}@ex.org,{n % 5}" for n, one in enumerate(ids)]
    (folder / "people.csv").write_text("\n".join(people) + "\n")
    (folder / "coterie.toml").write_text(settings)
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project with pseudonyms that was run."""
    made = write(tmp_path, TOML)
    made.run()
    return made


def test_nothing_that_is_kept_says_who_a_customer_is(project: Project) -> None:
    kept = "".join(text for _, text in texts_of(project.folder / ".coterie"))
    assert "anna-" not in kept
    assert "@ex.org" not in kept
    ids = project.latest.table("assignments")["customer_id"].to_pylist()
    assert len(ids) == 20
    assert all(len(one) == 21 and one.startswith("p") for one in ids)


def test_the_results_are_those_without_pseudonyms(project: Project, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = write(tmp_path / "plain", SOURCES).run()
    known = project.identify(project.latest.table("features")).sort_by("customer_id")
    wanted = plain.table("features").sort_by("customer_id")
    assert known.equals(wanted.select(known.column_names))
    assert (
        plain.quality["tables"]["orders"]["by_reason"]
        == (project.latest.quality["tables"]["orders"]["by_reason"])
    )


def test_whoever_has_no_pseudonym_is_no_customer(project: Project) -> None:
    with pytest.raises(DataError, match="no pseudonyms"):
        project.identify(pa.table({"customer_id": ["p00000000000000000000"]}))


def test_a_rotated_key_changes_no_pseudonym_and_no_run(project: Project) -> None:
    before = project.latest.id
    assert rotate_keys(project.folder) == 2
    assert project.run().id == before
    first = project.latest.table("assignments").slice(0, 1)
    assert project.identify(first)["customer_id"][0].as_py().startswith("anna-")


def test_erasing_by_id_or_by_pseudonym_removes_both(project: Project) -> None:
    names = Pseudonyms(
        project.folder / ".coterie",
        Keys((bytes.fromhex((project.folder / ".coterie" / "secret.key").read_text()),)),
    )
    alias = names.all()[ANNA]
    told = project.erase(alias, now=NOW).told
    assert told["places"]["orders.csv"] == 5
    assert told["places"][FILE] == 1
    everything = "".join(text for _, text in texts_of(project.folder))
    assert ANNA not in everything
    assert alias not in everything
    assert ANNA not in names.all()
    assert project.access(ANNA).places == {}


def test_only_pseudonyms_are_part_of_a_run(tmp_path: Path) -> None:
    plain = write(tmp_path, SOURCES).settings
    for section, same in (("quarantine_days = 3", True), ("pseudonyms = true", False)):
        (tmp_path / "coterie.toml").write_text(f"{SOURCES}[privacy]\n{section}\n")
        found = load_settings(tmp_path).result_bearing
        assert (found == plain.result_bearing) == same


@given(st.sets(st.text(min_size=1, max_size=8).filter(str.isprintable), max_size=20))
def test_pseudonyms_can_be_told_back(ids: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = Pseudonyms(Path(folder), Keys((bytes(32),)))
        made = names.of(sorted(ids))
        assert names.identities(made.values()) == {name: one for one, name in made.items()}
