"""The form of a prospect: which fields there are, and what people's answers say.

Every answer is judged by itself, and all that is wrong with a person is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import pyarrow as pa

from coterie.prediction.fields import LONGEST, Field, Problem, flat, judge, text_of

ID = "id"

ARROW = {
    "number": pa.float64(),
    "ordinal": pa.float64(),
    "category": pa.string(),
    "flag": pa.bool_(),
    "date": pa.int32(),
}


@dataclass(frozen=True)
class Answers:
    """People as the model takes them.

    Parameters
    ----------
    ids : tuple of str
        As given, else the number of the row.
    frame : pa.Table
        One row a person, one column a field of the table; missing answers are null.
    problems : tuple of tuple of Problem
        For each person.
    extra : tuple of dict
        For each person the answers that are only handed on.
    passed : tuple of str
        Columns of a file that no field has, in the order they came.
    """

    ids: tuple[str, ...]
    frame: pa.Table
    problems: tuple[tuple[Problem, ...], ...]
    extra: tuple[dict[str, str], ...]
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """All fields, and the names by which the id may come.

    Parameters
    ----------
    fields : tuple of Field
        In the order of the customer table; fields that are only handed on come last.
    key : str
        Column of the id, beside ``id`` and ``customer_id``.
    """

    fields: tuple[Field, ...]
    key: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the form as plain JSON."""
        return {"key": self.key, "fields": [field.to_dict() for field in self.fields]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Form:
        """Read what ``to_dict`` wrote."""
        return cls(tuple(Field.from_dict(field) for field in data["fields"]), data["key"])

    def field(self, name: str) -> Field:
        """Return a field of the form."""
        return self._by_name[name]

    def say(self, name: str, value: Any) -> str:
        """Write a value of a field for people."""
        return self.field(name).say(value)

    def read(self, people: Sequence[Mapping[str, Any]], *, typed: bool = True) -> Answers:
        """Judge answers and bring them into the shape of the customer table.

        Parameters
        ----------
        people : sequence of mapping
            Name or label of a field -> answer, a code, a word, a number or a text.
        typed : bool, default True
            Whether a person wrote the names: a name that is not known is then refused. The
            other columns of a file are passed over, and named in ``passed``.

        Returns
        -------
        Answers
            One row a person, in their order.

        Examples
        --------
        >>> age = Field("Age", "number", "Age", min=0, max=120, required=True)
        >>> found = Form((age,)).read([{"id": 7, "age": "30"}, {"Age": 250}, {"Aeg": 1}])
        >>> found.ids, found.frame["Age"].to_pylist()
        (('7', '2', '3'), [30.0, None, None])
        >>> [problem.code for problem in found.problems[2]]
        ['unknown_field', 'missing']
        """
        known = self.places
        ids, extra, problems = [], [], []
        passed: dict[str, None] = {}
        columns: dict[str, list[Any]] = {field.name: [] for field in self.table_fields}
        for number, person in enumerate(people, 1):
            told: list[Problem] = []
            given: dict[str, Any] = {}
            for name, answer in person.items():
                place = known.get(name) or known.get(flat(name))
                if typed and place in given and given[place] != answer:
                    told.append(self._twice(str(place)))
                elif place is not None:
                    given[place] = answer
                elif typed:
                    told.append(self._unknown(name))
                else:
                    passed[str(name)] = None
            found = {field.name: judge(field, given.get(field.name)) for field in self.fields}
            told += [problem for _, mine in found.values() for problem in mine]
            for name, column in columns.items():
                column.append(found[name][0])
            ids.append(text_of(given.get(ID)) or str(number))
            extra.append(
                {
                    f.name: found[f.name][0]
                    for f in self.fields
                    if f.kind == "extra" and f.name in given
                }
            )
            problems.append(tuple(told))
        types = {field.name: ARROW[field.kind] for field in self.table_fields}
        frame = pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})
        return Answers(tuple(ids), frame, tuple(problems), tuple(extra), tuple(passed))

    @property
    def table_fields(self) -> list[Field]:
        """The fields that are columns of the customer table."""
        return [field for field in self.fields if field.kind != "extra"]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def places(self) -> dict[str, str]:
        """Every way to name a field -> its name; names win over labels, the id over all."""
        found = {flat(field.label): field.name for field in self.fields if field.label}
        found |= {flat(field.name): field.name for field in self.fields}
        found |= {field.name: field.name for field in self.fields}
        return found | {flat(name): ID for name in (ID, "customer_id", self.key) if name}

    @staticmethod
    def _twice(name: str) -> Problem:
        message = f"{name} is given twice, and not the same."
        return Problem(name, "not_a_value", message, fatal=True)

    def _unknown(self, name: str) -> Problem:
        names = [field.name for field in self.fields]
        lower = {flat(known): known for known in names}
        near = get_close_matches(flat(name), lower, n=1)
        hint = f" Did you mean {lower[near[0]]}?" if near else f" Known: {', '.join(names)}."
        message = f"{str(name)[:LONGEST]} is not a field of the form.{hint}"
        return Problem(str(name)[:LONGEST], "unknown_field", message, fatal=True)
