"""Who may be offered what: conditions of the catalogue, guards of credit, limits of contact.

A condition that is unknown for a customer does not hold. What each customer may be offered is
one integer with a bit for each offer, so that customers who are alike can be counted together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from coterie.engine.condition import check_condition, in_words
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.errors import DataError, ParameterError
from coterie.offers.catalogue import CREDIT, Offer
from coterie.offers.guards import Check, guards_of
from coterie.schema import Attribute
from coterie.segmentation.placing import NONE
from coterie.validation.protected import protected_reason

SEGMENT = "segment"
"""What a condition calls the segment; it is asked by id or by name."""
MAX_WORDS = 1_000
"""Of a column with more different words a typo cannot be told."""


@dataclass(frozen=True)
class Columns:
    """What conditions may ask about.

    Parameters
    ----------
    numbers : tuple of str
        Features, and attributes that are numbers, flags or days.
    words : tuple of str
        Attributes that hold words.
    segments : mapping of str to str
        Id -> name of every segment.
    attributes : tuple of Attribute
        The columns of the customer table.
    sensitive : bool, default False
        Whether the segments themselves were made from protected attributes.
    labels : mapping of str to str, optional
        What columns are called in sentences.
    """

    numbers: tuple[str, ...]
    words: tuple[str, ...]
    segments: Mapping[str, str]
    attributes: tuple[Attribute, ...] = ()
    sensitive: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    def protected(self, name: str, *, strict: bool) -> str:
        """Say why a column is protected; strictly, the name counts whatever the user says of it."""
        found = next((a.protected for a in self.attributes if a.name == name), "")
        if not found and strict and any(a.name == name for a in self.attributes):
            return protected_reason(name)
        return found


@dataclass(frozen=True)
class Suits:
    """An offer whose condition is checked.

    Parameters
    ----------
    offer : Offer
        As in the catalogue.
    condition : str
        Portable SQL.
    checks : tuple of Check
        The guards that hold for it.
    unchecked : tuple of str
        Guards whose columns are not there.
    why : str
        Whom it suits, in words: those of the catalogue, else the condition's.
    """

    offer: Offer
    condition: str
    checks: tuple[Check, ...] = ()
    unchecked: tuple[str, ...] = ()
    why: str = ""


def check_offer(db: DuckDB, people: str, offer: Offer, columns: Columns) -> Suits:
    """Check the condition of an offer against what is known of the customers.

    Parameters
    ----------
    db : DuckDB
        Holds table ``people``.
    people : str
        Table of one row a customer, with all ``columns`` and ``segment``.
    offer : Offer
        One of the catalogue.
    columns : Columns
        What it may ask about.

    Returns
    -------
    Suits
        Ready to be asked of the customers.

    Raises
    ------
    ParameterError
        If the condition cannot be read, names what is not known, or asks about a protected
        attribute that it may not ask about.
    """
    where = f"offer {offer.id!r}"
    condition, asked = "TRUE", tuple[str, ...]()
    if offer.eligible.strip():
        known: dict[str, Mapping[str, str]] = {SEGMENT: _segments(columns), **_any(columns.words)}
        _, asked = check_condition(offer.eligible, columns.numbers, known, where=where)
        known |= {name: _seen(db, people, name) for name in asked if name in columns.words}
        condition, asked = check_condition(offer.eligible, columns.numbers, known, where=where)
    _check_protected(offer, asked, columns)
    checks, unchecked = guards_of(offer, columns.numbers)
    why = offer.reason.rstrip(". ") or "Open to everybody"
    if offer.eligible.strip() and not offer.reason:
        why = f"Because {in_words(offer.eligible, columns.labels)}"
    return Suits(offer, condition, tuple(checks), tuple(unchecked), why)


def _any(names: Sequence[str]) -> dict[str, Mapping[str, str]]:
    return {name: {} for name in names}


def _segments(columns: Columns) -> dict[str, str]:
    known = {NONE: NONE}
    return known | {
        word: key for key, name in columns.segments.items() for word in (name, key) if word
    }


def _seen(db: DuckDB, people: str, column: str) -> dict[str, str]:
    name = identifier(column)
    rows = db.rows(
        f"SELECT DISTINCT {name} FROM {identifier(people)} WHERE {name} IS NOT NULL "
        f"ORDER BY 1 LIMIT {MAX_WORDS + 1}"
    )
    return {} if len(rows) > MAX_WORDS else {word: word for (word,) in rows}


def _check_protected(offer: Offer, asked: Sequence[str], columns: Columns) -> None:
    """Refuse what would make an offer hang on a protected attribute."""
    credit = offer.kind == CREDIT
    for name in asked:
        why = columns.protected(name, strict=credit)
        if why and credit:
            raise ParameterError(
                f"Offer {offer.id!r} is one of credit and asks about {name!r}: {why}.",
                allowed="Who is offered credit never hangs on a protected attribute.",
                hint="Take it out of eligible.",
                where=offer.id,
            )
        if why and name not in offer.include_protected:
            raise ParameterError(
                f"Offer {offer.id!r} asks about {name!r}, a protected attribute: {why}.",
                hint=f'If that is right, say so: include_protected = ["{name}"] in this offer.',
                where=offer.id,
            )
        if credit and name == SEGMENT and columns.sensitive:
            raise ParameterError(
                f"Offer {offer.id!r} is one of credit and asks about the segment, and the "
                "segments were made from protected attributes.",
                hint="Write its condition over columns that are not protected.",
                where=offer.id,
            )


def eligibility(
    db: DuckDB, people: str, suits: Sequence[Suits], *, touches: str = "", as_of: int | None = None
) -> pa.Table:
    """Ask of every customer what she may be offered.

    Parameters
    ----------
    db : DuckDB
        Holds the tables named next.
    people : str
        One row a customer: ``customer_id``, ``segment`` and what the conditions ask about.
    suits : sequence of Suits
        At most 60 offers.
    touches : str, optional
        Canonical table of contacts; without it nobody was contacted.
    as_of : int, optional
        Day that ends what is seen of the contacts. Needed with ``touches``.

    Returns
    -------
    pyarrow.Table
        Ordered by customer_id: customer_id, segment, and int64 with bit i for offer i: ``may``
        (all holds), ``guarded`` (the condition holds, a guard of credit does not), ``waits``
        (both hold, but the limit of contacts is reached).

    Raises
    ------
    ParameterError
        If a condition compares what cannot be compared.
    """
    conditions = [f"COALESCE({one.condition}, FALSE)" for one in suits]
    guards = [" OR ".join(f"({c.sql})" for c in one.checks) or "FALSE" for one in suits]
    seen = bool(touches) and as_of is not None
    windows = sorted({s.offer.contact_days for s in suits if s.offer.contact_days}) if seen else []
    if windows:
        _count_contacts(db, touches, windows, as_of or 0)
    full = [
        f"COALESCE(contacts_{s.offer.contact_days}, 0) >= {s.offer.max_contacts}"
        if s.offer.contact_days in windows
        else "FALSE"
        for s in suits
    ]
    rows = zip(conditions, guards, full, strict=True)
    bits = [(f"{c} AND NOT ({g})", f"{c} AND ({g})", f) for c, g, f in rows]
    select = ", ".join(
        f"{_mask(parts)} AS {name}"
        for name, parts in (
            ("may", [f"{ok} AND NOT ({f})" for ok, _, f in bits]),
            ("guarded", [held for _, held, _ in bits]),
            ("waits", [f"{ok} AND ({f})" for ok, _, f in bits]),
        )
    )
    join = f"LEFT JOIN {_CONTACTS} USING (customer_id)" if windows else ""
    try:
        return db.query(
            f"SELECT customer_id, segment, {select} FROM {identifier(people)} {join} "
            "ORDER BY customer_id"
        )
    except DataError as error:
        raise ParameterError(
            f"A condition of [[offers]] cannot be asked: {error.message}",
            hint="Compare numbers with numbers, and words with words in quotes.",
        ) from error


_CONTACTS = "offers__contacts"


def _count_contacts(db: DuckDB, touches: str, windows: Sequence[int], as_of: int) -> None:
    """Count contacts of each customer in the days before; the control group has none."""
    counts = ", ".join(f"COUNT(*) FILTER (day >= {as_of - d}) AS contacts_{d}" for d in windows)
    db.create(
        _CONTACTS,
        f"SELECT customer_id, {counts} FROM {identifier(touches)} "
        f"WHERE day < {as_of} AND treated IS DISTINCT FROM FALSE GROUP BY customer_id",
    )


def _mask(conditions: Sequence[str]) -> str:
    parts = [f"CASE WHEN {c} THEN {1 << bit} ELSE 0 END" for bit, c in enumerate(conditions)]
    return f"CAST({' + '.join(parts) or '0'} AS BIGINT)"


def guard_counts(db: DuckDB, people: str, suits: Sequence[Suits]) -> dict[str, dict[str, int]]:
    """Count for each offer of credit whom each guard keeps from it, the condition being met.

    Parameters
    ----------
    db : DuckDB
        Holds ``people``.
    people : str
        As for ``eligibility``.
    suits : sequence of Suits
        As for ``eligibility``.

    Returns
    -------
    dict of str to dict
        Offer id -> guard -> customers; a customer may be kept back by several.
    """
    asked = [(one, check) for one in suits for check in one.checks]
    if not asked:
        return {}
    sums = ", ".join(
        f"COUNT(*) FILTER (COALESCE({one.condition}, FALSE) AND ({check.sql})) AS n{i}"
        for i, (one, check) in enumerate(asked)
    )
    (row,) = db.rows(f"SELECT {sums} FROM {identifier(people)}")
    found: dict[str, dict[str, int]] = {}
    for (one, check), n in zip(asked, row, strict=True):
        found.setdefault(one.offer.id, {})[check.name] = int(n)
    return found
