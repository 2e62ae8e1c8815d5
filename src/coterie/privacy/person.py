"""A person as she stands in data: her id, and what else names her and nobody besides.

Ids are often short numbers, which texts are full of; so an id counts in a column of ids, and in
a text where it stands as a word of its own, or in quotes if it is shorter than that proves.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

ID = "customer_id"
ERASED = "[erased]"
"""What stands where a text named her."""
SURE, ALONE = 4, 8
"""Characters from which on an id is told in a sentence of ours, and in anybody's text."""
_MAIL = re.compile(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"']+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IDENTITY = _words(
    """email mail emailaddress mailaddress phone phonenumber telephone telefon mobile handy tel
    name firstname lastname surname fullname customername vorname nachname nom prenom nombre
    apellido street address strasse adresse direccion iban passport ssn taxid username login
    loyaltycard cardnumber"""
)
_SHORTEST = 3
"""Characters of a value that may name somebody."""


def names_people(column: str) -> bool:
    """Return whether a column of this name holds what identifies a person.

    Examples
    --------
    >>> names_people("E-Mail"), names_people("last_name"), names_people("product_name")
    (True, True, False)
    """
    return re.sub(r"[\W_]", "", column.casefold()) in _IDENTITY


@dataclass(frozen=True)
class Person:
    """Somebody who is looked for.

    Parameters
    ----------
    id : str
        Her id as in the data.
    marks : frozenset of str, optional
        Other values that name her and nobody else: e-mail, telephone, name.
    columns : frozenset of str, optional
        Columns that hold customer ids, in whatever file.
    alias : str, optional
        The pseudonym by which she goes in what is kept.

    Examples
    --------
    >>> anna = Person("17850", frozenset({"anna@example.com"}))
    >>> anna.is_named(17850.0), anna.is_named("178"), anna.is_mentioned("order of 17850.")
    (True, False, True)
    >>> anna.redacted("write to Anna@example.com, 17850.20 in all")
    'write to [erased], 17850.20 in all'
    """

    id: str
    marks: frozenset[str] = frozenset()
    columns: frozenset[str] = field(default_factory=lambda: frozenset({ID}))
    alias: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Her id and, if she has one, her pseudonym."""
        return (self.id, self.alias) if self.alias else (self.id,)

    def is_named(self, value: object) -> bool:
        """Return whether a value of a column of ids is hers; 17850.0 and 17850 are the same."""
        said = str(value).strip().removeprefix("'")  # exports put it before formulas
        return said in {*self.ids, f"{self.id}.0"}

    def is_hers(self, row: Mapping[str, Any]) -> bool:
        """Return whether a row is hers, by its id or by what names her alone."""
        if any(self.is_named(row[name]) for name in self.columns & row.keys()):
            return True
        return any(
            isinstance(value, str) and value.strip().casefold() in self._folded
            for value in row.values()
        )

    def is_mentioned(self, text: str) -> bool:
        """Return whether a sentence of ours names her."""
        return bool(self._told.search(text))

    def redacted(self, text: str, more: Collection[str] = (), *, foreign: bool = False) -> str:
        """Return a text without what names her.

        Parameters
        ----------
        text : str
            Any.
        more : collection of str, optional
            Further words that go.
        foreign : bool, default False
            Whether others wrote it: a short id proves nothing there.

        Returns
        -------
        str
            The same text if it does not name her.
        """
        for words in more:
            text = text.replace(words, ERASED)
        pattern = self._foreign if foreign else self._told
        return pattern.sub(ERASED, text) if pattern.search(text) else text

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts of which one stands in whatever names her."""
        return (*self.ids, *sorted(self.marks))

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(mark.casefold() for mark in self.marks)

    @cached_property
    def _told(self) -> re.Pattern[str]:
        return self._pattern(SURE)

    @cached_property
    def _foreign(self) -> re.Pattern[str]:
        return self._pattern(ALONE)

    def _pattern(self, sure: int) -> re.Pattern[str]:
        sure_words = sorted({*self.marks, *self.ids[1:]}, key=len, reverse=True)
        words = [rf"(?<!\w){re.escape(mark)}(?!\w)" for mark in sure_words]
        own = re.escape(self.id)
        if len(self.id) >= sure:
            words.append(rf"(?<![\w.,@-]){own}(?![\w@-]|[.,]\d)")
        quoted = rf"(?<=['\"]){own}(?:\.0)?(?=['\"])"
        return re.compile("|".join([*words, quoted]), re.IGNORECASE if self.marks else 0)


def may_name(column: str, value: object) -> bool:
    """Return whether a value of a person's row may name her, if nobody else has it.

    Examples
    --------
    >>> may_name("contact", "a@b.de"), may_name("city", "Bern"), may_name("name", "Anna Meier")
    (True, False, True)
    """
    said = str(value).strip() if value is not None else ""
    if len(said) < _SHORTEST:
        return False
    return bool(_MAIL.fullmatch(said)) or names_people(column)
