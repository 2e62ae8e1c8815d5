"""What is gone through when a person is looked for: a project, its sources, its databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from coterie.errors import DataError
from coterie.privacy.files import PAGES, TABLES
from coterie.privacy.identities import Identities
from coterie.privacy.person import ID
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.sources.base import Source
from coterie.sources.files import find_files
from coterie.store.database import Database
from coterie.store.home import Home
from coterie.store.places import FILE, STORE
from coterie.store.registry import Registry


@dataclass(frozen=True)
class Scope:
    """A project in which a person is looked for.

    Parameters
    ----------
    home : Home
        Its folder.
    registry : Registry
        Its registry.
    sources : mapping of str to Source
        As the settings have them.
    server : (Database, str or None), optional
        Of the server that serves it, and the name it has there; None if it serves no other.
    names : Pseudonyms, optional
        By which customers go in what is kept.
    people : Identities, optional
        What identifies them, kept apart.
    """

    home: Home
    registry: Registry
    sources: Mapping[str, Source] = field(default_factory=dict)
    server: tuple[Database, str | None] | None = None
    names: Pseudonyms | None = None
    people: Identities | None = None

    @property
    def id_columns(self) -> frozenset[str]:
        """Columns that hold customer ids, in any file."""
        mapped = (source.mapping().get(ID) for source in self.sources.values())
        return frozenset({ID, *filter(None, mapped)})

    def databases(self) -> list[tuple[Database, str | None]]:
        """Return the databases, with the project whose rows are meant; None means all."""
        mine = (self.registry.database, self.registry.project)
        return [mine] if self.server is None else [mine, self.server]

    def own_files(self) -> Iterator[tuple[Path, Source]]:
        """Yield tables and pages in the project folder, with how each is read."""
        project = self.home.project.resolve()
        known = {path.resolve(): source for path, source in self.source_files()}
        found = set(known)
        for path in project.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(project).parts)
            usual = path.suffix.lower() in TABLES | PAGES
            if usual and not hidden and path.is_file() and not path.is_symlink():
                found.add(path)
        for path in sorted(found):
            if path.is_relative_to(project) and STORE not in path.relative_to(project).parts:
                yield path, known.get(path, Source())

    def foreign_files(self) -> Iterator[tuple[Path, Source]]:
        """Yield files of sources that lie outside the project: they are only read."""
        project = self.home.project.resolve()
        for path, source in self.source_files():
            if not path.resolve().is_relative_to(project):
                yield path, source

    def source_files(self) -> Iterator[tuple[Path, Source]]:
        """Yield the files that the sources name, if they are there."""
        for source in self.sources.values():
            if source.file:
                try:
                    files = find_files(source, self.home.project)
                except DataError:
                    continue
                for path in files:
                    yield path, source

    @property
    def settings(self) -> Path:
        """The settings, whose comments quote values of the data."""
        return self.home.project / FILE
