"""What a user may fix of a choice: the weights of its criteria, or the segments themselves.

Weights rank what passes the gates and never open one; without weights the choice goes by
its own rule, which no weights express, because it asks for few segments too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import model_validator

from coterie.engine.sql import is_condition
from coterie.errors import ParameterError
from coterie.schema import Params

MAX_K = 50
"""Most segments, however they are found."""
MAX_RULES = MAX_K - 1
MAX_WEIGHT = 1e6
MAX_WORDS, MAX_LETTERS = 4, 60
"""Of the name of a segment."""
NAMES = f"A name has 1 to {MAX_WORDS} words, at most {MAX_LETTERS} letters."
REST = "All others"
"""Name of the segment of whoever meets no rule, if the user gives it none."""


class Weights(Params):
    """``[segmentation] weights``: how much each criterion counts; 0 if not named.

    Parameters
    ----------
    value : float
        Of P: how much of later behaviour (without a timeline, of the outcome or of the
        columns left out) the segments tell.
    stability : float
        Of S_w: how much of a segment comes back when all is fitted again.
    describability : float
        Of D: how many customers short rules place right.
    silhouette : float
        Of the silhouette, brought from -1 … 1 to 0 … 1.

    Examples
    --------
    >>> Weights(value=1, stability=3).mean(value=0.5, stability=0.9)
    0.8
    """

    value: float = 0.0
    stability: float = 0.0
    describability: float = 0.0
    silhouette: float = 0.0

    @model_validator(mode="after")
    def _check(self) -> Weights:
        given = self.given
        allowed = f"Weights are 0 or more; known: {', '.join(type(self).model_fields)}."
        for name, weight in given.items():
            if not 0 <= weight <= MAX_WEIGHT:  # also refuses what is no number
                raise ParameterError(f"weights.{name}={weight:g}.", allowed=allowed)
        if not any(given.values()):
            raise ParameterError("Every weight is 0.", allowed=allowed, hint="Leave weights out.")
        return self

    @property
    def given(self) -> dict[str, float]:
        """The weights that are not 0, by criterion."""
        return {name: weight for name, weight in self if weight}

    def mean(
        self,
        *,
        value: float = 1.0,
        stability: float = 1.0,
        describability: float = 1.0,
        silhouette: float | None = 1.0,
    ) -> float:
        """Return the weighted mean of the criteria, 0 to 1; what is not given counts as 1.

        Parameters
        ----------
        value, stability, describability : float
            P, S_w and D; beyond 0 and 1 they count as 0 and 1.
        silhouette : float or None
            From -1 to 1; None, where it is not defined, counts as -1.

        Returns
        -------
        float
            Equal means of the same customers come out equal: they are rounded to 12 digits.
        """
        apart = -1.0 if silhouette is None else silhouette
        parts = (value, stability, describability, (1.0 + apart) / 2.0)
        weights = (self.value, self.stability, self.describability, self.silhouette)
        total = sum(w * min(max(p, 0.0), 1.0) for w, p in zip(weights, parts, strict=True))
        return round(total / sum(weights), 12)


SHORT = {"p": "value", "s": "stability", "d": "describability"}
"""What the criteria are called in the list of candidates."""


def read_weights(text: str) -> dict[str, float]:
    """Read weights as they are written in one line.

    Parameters
    ----------
    text : str
        Criteria and numbers, such as ``value=2, stability=1``; p, s and d are short for the
        first three.

    Returns
    -------
    dict of str to float
        By criterion; 0 if it is not named.

    Raises
    ------
    ParameterError
        If a criterion is not known or named twice, or a weight is no number or below 0.

    Examples
    --------
    >>> read_weights("p=2, silhouette=0.5")
    {'value': 2.0, 'stability': 0.0, 'describability': 0.0, 'silhouette': 0.5}
    """
    found: dict[str, float] = {}
    allowed = 'Write it like: "value=2,stability=1"; weights are 0 or more.'
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        name = SHORT.get(name.lower(), name.lower())
        if name not in Weights.model_fields:
            known = (*Weights.model_fields, *SHORT)
            raise ParameterError.unknown("criterion", name, known)
        try:
            weight = float(number)
        except ValueError:
            weight = -1.0
        if name in found or not 0 <= weight <= MAX_WEIGHT:
            raise ParameterError(f"weights={text[:80]!r}: {part.strip()!r}.", allowed=allowed)
        found[name] = weight
    if not any(found.values()):
        raise ParameterError(f"weights={text[:80]!r}: every weight is 0.", allowed=allowed)
    return {name: found.get(name, 0.0) for name in Weights.model_fields}


class Rule(Params):
    """One of ``[[segmentation.rules]]``: whoever meets it first is in the segment of its name."""

    name: str
    where: str = ""
    """A condition over features; empty only in the last rule, which names all others."""


def check_rules(rules: Sequence[Rule]) -> None:
    """Check what can be checked of rules before the features are known.

    Parameters
    ----------
    rules : sequence of Rule
        In their order, one at least.

    Raises
    ------
    ParameterError
        If there are too many, a name is missing, too long or given twice, a rule before the
        last has no condition, or what it has is none.

    Examples
    --------
    >>> check_rules([Rule(name="Big", where="monetary > 500"), Rule(name="Rest")])
    """
    conditions = [rule for rule in rules if rule.where.strip()]
    if not 1 <= len(conditions) <= MAX_RULES:
        raise ParameterError(
            f"[[segmentation.rules]] holds {len(conditions)} conditions.",
            allowed=f"Write 1 to {MAX_RULES}.",
        )
    if len(conditions) < len(rules) and not (
        len(conditions) == len(rules) - 1 and not rules[-1].where.strip()
    ):
        raise ParameterError(
            "A rule before the last has no condition.",
            allowed="Only the last rule may be without where: it names all others.",
        )
    taken: set[str] = set()
    for name in names_of(rules):
        if not will_name(name):
            raise ParameterError(
                f"The rule {name[:80]!r} cannot be the name of a segment.",
                allowed=NAMES,
            )
        if name.casefold() in taken:
            raise ParameterError(f"Two rules are called {name!r}.", hint="Give each its own name.")
        taken.add(name.casefold())
    for rule in conditions:
        if not is_condition(rule.where, where=rule.name):
            raise ParameterError(
                f"The rule {rule.name!r} has {rule.where[:80]!r}, which is not a condition.",
                allowed="It compares, such as: monetary > 500 AND recency < 30",
            )


def will_name(name: str) -> bool:
    """Return whether a text may be the name of a segment.

    Examples
    --------
    >>> will_name("Big spenders"), will_name("Big  spenders"), will_name("")
    (True, False, False)
    """
    words = name.split()
    short = 1 <= len(words) <= MAX_WORDS and len(name) <= MAX_LETTERS
    return short and name.isprintable() and name == " ".join(words)


def names_of(rules: Sequence[Rule]) -> list[str]:
    """Return the names of the segments in order, the one of all others last.

    Examples
    --------
    >>> names_of([Rule(name="Big", where="monetary > 500")])
    ['Big', 'All others']
    """
    names = [rule.name for rule in rules]
    return names if not rules[-1].where.strip() else [*names, REST]


def lost_by_weights(loser: tuple[float, bool], winner: float) -> str:
    """Say why a candidate that passes the gates lost by the weights of the user.

    Parameters
    ----------
    loser : (float, bool)
        Its weighted mean, and whether all of it was measured; else it is the most it can reach.
    winner : float
        That of the chosen one.

    Examples
    --------
    >>> lost_by_weights((0.84, True), 0.87)
    'your weights give it less: 84 against 87 of 100'
    >>> lost_by_weights((0.86, False), 0.87)
    'your weights cannot give it more: at most 86 against 87 of 100'
    """
    mean, known = loser
    if known and mean == winner:
        return "your weights give it no more, and it has more segments or comes back less"
    digits = 0 if round(100 * mean) < round(100 * winner) else 2
    against = f"{100 * mean:.{digits}f} against {100 * winner:.{digits}f} of 100"
    if known:
        return f"your weights give it less: {against}"
    return f"your weights cannot give it more: at most {against}"


def plain_weights(weights: Mapping[str, float]) -> str:
    """Write weights for a sentence.

    Examples
    --------
    >>> plain_weights({"value": 1.0, "stability": 0.5})
    'value 1, stability 0.5'
    """
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
