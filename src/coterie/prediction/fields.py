"""The fields of a form: what each asks for, and whether an answer to it can be.

What cannot be (an age of 250) is refused; what was only never seen (a new occupation, a higher
income) is told and taken as it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from coterie.features.column import to_floats
from coterie.prediction.prospects import typical_value
from coterie.schema import Attribute, ColumnParams, Kind
from coterie.validation.parse_text import FALSE_WORDS, TRUE_WORDS

OLDEST = 120.0
"""Years that nobody has passed by much."""
MOST_CHOICES = 50
LONGEST, SHOWN = 200, 60
"""Characters of an answer that are handed on, and that are told back in a message."""
MOST_BITS = 1_024
"""Of a whole number; longer ones are beyond all doubles, and Python will not write them."""
EPOCH = date(1970, 1, 1)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


@dataclass(frozen=True)
class Field:
    """One field of the form.

    Parameters
    ----------
    name : str
        The column of the customer table.
    kind : str
        number, category, ordinal, flag or date; ``extra`` for what is only handed on.
    label : str
        What it is called.
    unit : str
        Of numbers; may be empty.
    choices : tuple of (str, str)
        Code and word of every value that can be picked; empty for free numbers.
    min, max : float or None
        What lies outside is refused.
    low, high : float or None
        Least and largest value of the customers known; what lies outside is told.
    required : bool
        Whether the answer needs it.
    used : bool
        Whether it plays a part in the answer.
    protected : str
        Why the field counts as protected; empty if it does not.
    example : str
        The typical answer, in words.
    """

    name: str
    kind: Kind | Literal["extra"]
    label: str
    unit: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    min: float | None = None
    max: float | None = None
    low: float | None = None
    high: float | None = None
    required: bool = False
    used: bool = False
    protected: str = ""
    example: str = ""

    @cached_property
    def numeric(self) -> bool:
        """Whether a number within what customers have needs no further look."""
        low, high = self.low, self.high
        seen = low is not None and high is not None
        inside = (self.min is None or (low or 0) >= self.min) and (
            self.max is None or (high or 0) <= self.max
        )
        return self.kind in {"number", "ordinal"} and not self.choices and seen and inside

    def to_dict(self) -> dict[str, Any]:
        """Return the field as plain JSON, choices as objects."""
        choices = [{"code": code, "word": word} for code, word in self.choices]
        return asdict(self) | {"choices": choices}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Field:
        """Read what ``to_dict`` wrote."""
        choices = tuple((one["code"], one["word"]) for one in data["choices"])
        return cls(**{**data, "choices": choices})

    def say(self, value: Any) -> str:
        """Write a value of the table for people: a word, a date, a number with its unit."""
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return "unknown"
        if self.kind == "flag":
            return "yes" if value else "no"
        if self.kind == "date":
            return (EPOCH + timedelta(days=round(value))).isoformat()
        if isinstance(value, float):
            word = dict(self.choices).get(f"{value:g}", "")
            return word or f"{value:,.6g}{self.unit and ' ' + self.unit}"
        return str(value)[:LONGEST]


@dataclass(frozen=True)
class Problem:
    """What is the matter with one answer.

    Parameters
    ----------
    field : str
        The field, or the unknown name.
    code : {'missing', 'unknown_field', 'not_a_value', 'impossible', 'unseen', 'unusual', 'unused'}
        Which kind of trouble.
    message : str
        In plain words, with what would do.
    fatal : bool
        Whether the person cannot be placed before it is settled.
    """

    field: str
    code: str
    message: str
    fatal: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as plain JSON."""
        return asdict(self)


Judged = tuple[Any, tuple[Problem, ...]]


def make_field(
    attribute: Attribute, column: pa.ChunkedArray, params: ColumnParams, *, used: bool
) -> Field:
    """Make the field of a column of the customer table.

    Parameters
    ----------
    attribute : Attribute
        The column as it was read.
    column : pa.ChunkedArray
        Its values.
    params : ColumnParams
        What the user says of it; bounds that are not said are told from the values: what is
        never negative stays so, and no age is above 120.
    used : bool
        Whether the answer depends on it. It is required then, unless some customers lack it.

    Returns
    -------
    Field
        With the words for codes and the typical value as an example.

    Examples
    --------
    >>> age = Attribute("Age", "number", protected="age (by its name)")
    >>> field = make_field(age, pa.chunked_array([[18.0, 76.0]]), ColumnParams(), used=True)
    >>> field.min, field.max, field.low, field.high, field.required
    (0.0, 120.0, 18.0, 76.0, True)
    """
    field = Field(
        attribute.name,
        attribute.kind,
        attribute.label or attribute.name,
        unit=attribute.unit,
        choices=_choices(attribute, column),
        required=used and not column.null_count,
        used=used,
        protected=attribute.protected,
    )
    if column.null_count == len(column):
        return field
    if attribute.kind in {"number", "ordinal"}:
        numbers = to_floats(column.drop_null())
        low, high = float(numbers.min()), float(numbers.max())
        aged = attribute.protected.startswith("age") and high <= OLDEST
        least = params.min if params.min is not None else (0.0 if low >= 0 else None)
        most = params.max if params.max is not None else (OLDEST if aged else None)
        field = replace(field, low=low, high=high, min=least, max=most)
    return replace(field, example=field.say(typical_value(column)))


def _choices(attribute: Attribute, column: pa.ChunkedArray) -> tuple[tuple[str, str], ...]:
    if attribute.kind == "flag":
        return (("true", "yes"), ("false", "no"))
    if attribute.kind != "category":
        return attribute.labels
    words = {word for _, word in attribute.labels}
    seen = sorted(value for value in pc.unique(column.drop_null()).to_pylist())
    others = [(value, value) for value in seen if value not in words]
    return (*attribute.labels, *others[:MOST_CHOICES])


def judge(field: Field, answer: Any) -> Judged:
    """Return the value of an answer as the table has it, and what is the matter with it.

    Parameters
    ----------
    field : Field
        The field.
    answer : object
        A code, a word, a number or a text; empty and None are no answer.

    Returns
    -------
    (value, tuple of Problem)
        None where there is no answer or it will not do.

    Examples
    --------
    >>> job = Field("Job", "category", "Job", choices=(("0", "unskilled"), ("1", "skilled")))
    >>> judge(job, 1)[0], judge(job, "Skilled")[0]
    ('skilled', 'skilled')
    >>> judge(job, "skiled")[1][0].message
    "Job: 'skiled' was never seen; it counts as any other. Did you mean skilled?"
    """
    if type(answer) in _NUMBERS and field.numeric and field.low <= answer <= field.high:
        return float(answer), ()
    text = text_of(answer)
    if not text:
        if not field.required:
            return None, ()
        like = f" For example {field.example}." if field.example else ""
        return None, (Problem(field.name, "missing", f"{field.name} is needed.{like}", fatal=True),)
    return _READERS[field.kind](field, text)


def _read_number(field: Field, text: str) -> Judged:
    word = _pick(field, text)
    number = _number(word or text)
    if number is None:
        near = f" Known: {_words(field)}." if field.choices else " A number is needed, like 12.5."
        return None, (_bad(field, f"{_cut(text)} is not a number.{near}"),)
    if field.min is not None and number < field.min:
        return None, (_impossible(field, number, f"below {field.say(field.min)}"),)
    if field.max is not None and number > field.max:
        return None, (_impossible(field, number, f"above {field.say(field.max)}"),)
    if field.low is None or field.high is None or field.low <= number <= field.high:
        return number, ()
    seen = f"{field.say(field.low)} to {field.say(field.high)}"
    message = f"{field.name}: {field.say(number)} is outside what customers have ({seen})."
    return number, (Problem(field.name, "unusual", message, fatal=False),)


def _read_category(field: Field, text: str) -> Judged:
    word = _word(field, text)
    if word is not None:
        return word, ()
    near = get_close_matches(text.lower(), [word.lower() for _, word in field.choices], n=1)
    words = {word.lower(): word for _, word in field.choices}
    hint = f" Did you mean {words[near[0]]}?" if near else f" Known: {_words(field)}."
    message = f"{field.name}: {_cut(text)} was never seen; it counts as any other.{hint}"
    return text, (Problem(field.name, "unseen", message, fatal=False),)


def _read_flag(field: Field, text: str) -> Judged:
    lower = text.lower().removesuffix(".0")
    if lower in TRUE_WORDS or lower in FALSE_WORDS:
        return lower in TRUE_WORDS, ()
    return None, (_bad(field, f"{_cut(text)} is neither yes nor no."),)


def _read_date(field: Field, text: str) -> Judged:
    try:
        return (date.fromisoformat(text[:10]) - EPOCH).days, ()
    except ValueError:
        return None, (_bad(field, f"{_cut(text)} is not a date; write it like 2024-05-31."),)


def _read_extra(field: Field, text: str) -> Judged:
    if not field.choices:
        return text[:LONGEST], ()
    word = _word(field, text)
    if word is not None:
        return word, ()
    return None, (_bad(field, f"{_cut(text)} is not one of {_words(field)}."),)


_NUMBERS = (int, float)
_READERS: dict[str, Callable[[Field, str], Judged]] = {
    "number": _read_number,
    "ordinal": _read_number,
    "category": _read_category,
    "flag": _read_flag,
    "date": _read_date,
    "extra": _read_extra,
}


def _bad(field: Field, message: str) -> Problem:
    return Problem(field.name, "not_a_value", f"{field.name}: {message}", fatal=True)


def _impossible(field: Field, number: float, where: str) -> Problem:
    message = (
        f"{field.name}: {field.say(number)} is {where}, which cannot be. If it can, say so under "
        f"[columns.{field.name}]."
    )
    return Problem(field.name, "impossible", message, fatal=True)


def _cut(text: str) -> str:
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]} …")


def flat(name: Any) -> str:
    """Return a name as it is compared: case, underscores and blanks do not count."""
    return " ".join(str(name).replace("_", " ").lower().split())


def text_of(answer: Any) -> str:
    """Return an answer as trimmed text; a whole number has no point."""
    if answer is None:
        return ""
    if isinstance(answer, int) and answer.bit_length() > MOST_BITS:
        return "infinite"
    if isinstance(answer, float):
        return f"{answer:.0f}" if answer.is_integer() else repr(answer)
    # Half of a pair of code points, which JSON can hold, is no text that could be written.
    return str(answer).encode(errors="replace").decode().strip()


def _number(text: str) -> float | None:
    """Read a number; commas stand between thousands, or one of them before the decimals."""
    plain = text
    if _THOUSANDS.fullmatch(text):
        plain = text.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(text):
        plain = text.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _pick(field: Field, text: str) -> str:
    """Return the code of a word that can be picked, or nothing."""
    return next((code for code, word in field.choices if text.lower() == word.lower()), "")


def _word(field: Field, text: str) -> str | None:
    """Return the word of a code or word that can be picked."""
    for told, word in (*((word, word) for _, word in field.choices), *field.choices):
        if text.lower() == told.lower():
            return word
    return None


def _words(field: Field) -> str:
    return ", ".join(word for _, word in field.choices[:MOST_CHOICES])
