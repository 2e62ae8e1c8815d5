"""The places in which something of a person is kept: each can be asked for it, and rid of it.

Access and erasure go through the same list, so nothing is erased that was not shown, and nothing
is shown that stays. A new kind of store joins by adding its places here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from coterie.privacy.database import database_places
from coterie.privacy.files import UnreadableError, sift_file
from coterie.privacy.person import Person
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.privacy.scope import Scope
from coterie.privacy.sifting import Found, sift_json, sift_json_file, sift_page, sift_parquet
from coterie.schema import CANONICAL_NAME
from coterie.sources.base import Source
from coterie.store.revisions import finished, index_of, revise
from coterie.store.runs import read_json, to_json, whole_file

_ACCOUNTS = "quality.json"
_REFUSED = "quarantine"


@dataclass(frozen=True)
class Place:
    """One place.

    Parameters
    ----------
    name : str
        What it is called in certificates: it names nobody.
    find : callable
        Given a person, returns what is held on her by file or table; empty if nothing.
    erase : callable
        Given a person and the day, removes just that.
    """

    name: str
    find: Callable[[Person], Mapping[str, Found]]
    erase: Callable[[Person, date], None]


def all_places(scope: Scope) -> Iterator[Place]:
    """Yield every place of a project, checked tables before the runs that were made of them.

    Parameters
    ----------
    scope : Scope
        The project.

    Yields
    ------
    Place
        In the order in which a person is erased.
    """
    home = scope.home
    for row in scope.registry.runs():
        home.has_run(row["run_id"])  # those that are kept elsewhere alone are fetched
    kept = sorted(finished(home.path), key=lambda f: (not f.is_relative_to(home.data), f))
    for folder in kept:
        name = folder.relative_to(home.path).as_posix()
        yield Place(name, partial(_find_kept, folder), partial(_erase_kept, folder))
    yield Place("logs", partial(_find_logs, home.path), partial(_erase_logs, home.path))
    for path, source in scope.own_files():
        name = path.relative_to(home.project.resolve()).as_posix()
        yield Place(name, partial(_find_file, path, source), partial(_erase_file, path, source))
    if scope.settings.is_file():
        yield Place(
            scope.settings.name,
            lambda person: _some(scope.settings.name, _comments(scope.settings, person)[1]),
            lambda person, _: _clean_comments(scope.settings, person),
        )
    if scope.names is not None:
        name, names = scope.names.path.name, scope.names
        yield Place(name, partial(_find_name, names), partial(_erase_name, names))
    if scope.people is not None:
        people = scope.people
        yield Place(
            people.path.name,
            lambda person: _some(people.path.name, people.find(person)),
            lambda person, _: people.forget(person),
        )
    for table, find, erase in database_places(scope):
        yield Place(table, find, partial(_erase_rows, erase))


def _find_name(names: Pseudonyms, person: Person) -> dict[str, Found]:
    known = names.all().get(person.id)
    row = {"id": person.id, "pseudonym": known}
    return {names.path.name: Found((row,))} if known else {}


def _erase_name(names: Pseudonyms, person: Person, on: date) -> None:
    del on  # the map is part of no index
    names.forget(person.id)


def _erase_rows(erase: Callable[[Person], None], person: Person, on: date) -> None:
    del on  # rows are part of no index
    erase(person)


def _some(name: str, found: Found) -> dict[str, Found]:
    return {name: found} if found else {}


def _find_kept(folder: Path, person: Person) -> dict[str, Found]:
    """Return what the files of a finished folder hold, its index included."""
    index = index_of(folder)
    if index is None:
        return {}
    about = read_json(index)
    more = _said_of_her(folder, about, person)
    found = _some(index.name, sift_json(_own_words(about), person, more)[1])
    for name in about["files"]:
        if (folder / name).is_file():
            found |= _some(name, _sift(name, folder / name, None, person, more))
    return found


def _erase_kept(folder: Path, person: Person, on: date) -> None:
    index = index_of(folder)
    if index is None:
        return
    about = read_json(index)
    more = _said_of_her(folder, about, person)
    accounts = _accounts_of(folder, about)

    def change(name: str, path: Path, target: Path) -> bool:
        if name == _ACCOUNTS and accounts is not None:
            return _replace_accounts(path, target, accounts)
        return bool(_sift(name, path, target, person, more))

    def amend(told: dict[str, Any]) -> dict[str, Any]:
        left = sift_json(told, person, more)[0]
        return _recount(folder, about, left, person) if "quality" in left else left

    revise(folder, change, amend=amend, reason="erasure", on=on)


def _sift(
    name: str, path: Path, target: Path | None, person: Person, more: frozenset[str]
) -> Found:
    """Look through a file of ours by its kind."""
    if name.endswith(".parquet"):
        return sift_parquet(path, target, person)
    if name.endswith(".json"):
        return sift_json_file(path, target, person, more)
    return sift_page(path, target, person, more)


def _own_words(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: what for name, what in about.items() if name not in {"files", "revisions"}}


def _said_of_her(folder: Path, about: Mapping[str, Any], person: Person) -> frozenset[str]:
    """Return what other files of the folder repeat of her refused rows and her findings."""
    said: set[str] = set()
    for name in about["files"]:
        if name.startswith(_REFUSED) and (folder / name).is_file():
            rows = sift_parquet(folder / name, None, person).rows
            said |= {row["message"] for row in rows if row["message"]}
    accounts = folder / _ACCOUNTS
    told = [about.get("quality"), read_json(accounts) if accounts.is_file() else None]
    for quality in told:
        rows = sift_json(quality, person)[1].rows if quality else ()
        said |= {row["message"] for row in rows if row.get("message")}
    return frozenset(said)


def _accounts_of(folder: Path, about: Mapping[str, Any]) -> Any:
    """Return the account of the rows that a run was made of, as it is by now; None if gone."""
    if not about.get("data"):
        return None
    index = folder.parents[1] / "data" / str(about["data"]) / "tables.json"
    return read_json(index)["quality"] if index.is_file() else None


def _replace_accounts(path: Path, target: Path, accounts: Any) -> bool:
    text = to_json(accounts)
    if path.read_text(encoding="utf-8") == text:
        return False
    target.write_text(text, encoding="utf-8", newline="")
    return True


def _recount(
    folder: Path, about: Mapping[str, Any], told: dict[str, Any], person: Person
) -> dict[str, Any]:
    """Move her rows in the account from accepted and quarantined to erased."""
    tables = told["quality"]["tables"]
    for name in about["files"]:
        kind = name.split("/")[0]
        rows = sift_parquet(folder / name, None, person).rows if (folder / name).is_file() else ()
        for table, account in tables.items():
            if kind == CANONICAL_NAME[table]:
                mine, whence = len(rows), "accepted"
            elif kind == _REFUSED:
                theirs = [row for row in rows if row["table"] == table]
                mine, whence = len(theirs), "quarantined"
                for row in theirs:
                    _take(account["by_reason"], row["reason"])
            else:
                continue
            if mine:
                account[whence] -= mine
                account["erased"] = account.get("erased", 0) + mine
    return told


def _take(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 1) - 1
    if not counts[name]:
        del counts[name]


def _logs(store: Path) -> Iterator[Path]:
    yield from sorted(store.rglob("*.jsonl"))


def _find_logs(store: Path, person: Person) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for path in _logs(store):
        found |= _some(path.relative_to(store).as_posix(), sift_page(path, None, person))
    return found


def _erase_logs(store: Path, person: Person, on: date) -> None:
    del on  # a log is part of no index
    for path in _logs(store):
        if sift_page(path, None, person):
            with whole_file(path) as partial:
                sift_page(path, partial, person)


def _find_file(path: Path, source: Source, person: Person) -> dict[str, Found]:
    try:
        return _some(path.name, sift_file(path, None, person, source))
    except UnreadableError:
        return {}  # told apart: see ``unreadable``


def _erase_file(path: Path, source: Source, person: Person, on: date) -> None:
    del on
    if _find_file(path, source, person):
        mode = path.stat().st_mode & 0o777
        with whole_file(path) as partial:
            sift_file(path, partial, person, source)
            partial.chmod(mode)


def unreadable(scope: Scope, person: Person) -> list[str]:
    """Name the files of a project that cannot be looked through."""
    names = []
    for path, source in scope.own_files():
        try:
            sift_file(path, None, person, source)
        except UnreadableError:
            names.append(path.relative_to(scope.home.project.resolve()).as_posix())
    return names


def _comments(path: Path, person: Person) -> tuple[str, Found]:
    """Return the settings with what their comments quote of her taken out."""
    lines, named = [], []
    for line in path.read_text(encoding="utf-8-sig").splitlines(keepends=True):
        before, mark, comment = line.partition("#")
        left = person.redacted(comment)
        if left != comment:
            named.append(comment.strip())
        lines.append(before + mark + left)
    return "".join(lines), Found((), tuple(named))


def _clean_comments(path: Path, person: Person) -> None:
    text, found = _comments(path, person)
    if found:
        with whole_file(path) as partial:
            partial.write_text(text, encoding="utf-8", newline="")
