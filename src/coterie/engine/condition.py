"""Conditions that ask about numbers and words, checked so that no engine can stumble over them.

A column of words is only ever compared with words in quotes; if all words that it can hold
are known, any other is refused with the nearest one, since it would silently hold nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import sqlglot
from sqlglot import exp

from coterie.engine.sql import CONDITIONS, MAX_LENGTH, check_expression, is_test
from coterie.errors import ParameterError


def check_condition(
    text: str,
    numbers: Collection[str],
    words: Mapping[str, Mapping[str, str]],
    *,
    where: str,
    longest: int = MAX_LENGTH,
) -> tuple[str, tuple[str, ...]]:
    r"""Parse a user's condition, refuse what cannot be asked, and return it made safe.

    Parameters
    ----------
    text : str
        The condition.
    numbers : collection of str
        Columns that hold numbers or flags.
    words : mapping of str to mapping
        Columns that hold words -> what may be asked for -> what the column holds then. An
        empty mapping allows any word as it is.
    where : str
        What the condition belongs to, for the message.
    longest : int, default 2,000
        Characters that are allowed.

    Returns
    -------
    (str, tuple of str)
        Portable SQL, and the columns it asks about in the order of their names.

    Raises
    ------
    ParameterError
        If it cannot be parsed, is no condition, names a column or a word that is not known, or
        mixes numbers with words or with what is true or false.

    Examples
    --------
    >>> words = {"segment": {"seg-001": "seg-001", "Champions": "seg-001"}}
    >>> check_condition("orders > 3 AND segment = 'Champions'", ["orders"], words, where="x")
    ('"orders" > 3 AND "segment" = \'seg-001\'', ('orders', 'segment'))
    """
    safe = check_expression(text, [*numbers, *words], where=where, longest=longest)
    (tree,) = sqlglot.parse(safe, read="duckdb")
    if tree is None or not isinstance(tree.unnest(), CONDITIONS):
        raise ParameterError(
            f"{where} has {text[:80]!r}, which is not a condition.",
            allowed="It compares, such as: monetary > 500 AND recency < 30",
            where=where,
        )
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and _beside(literal) not in words:
            raise ParameterError(
                f"{where} compares {literal.this[:80]!r} with what is not a column of words.",
                allowed=f"Columns of words: {', '.join(sorted(words)) or 'none'}.",
                where=where,
            )
    asked = set()
    for column in tree.find_all(exp.Column):
        asked.add(column.name)
        if column.name in words:
            _check_words(column, words[column.name], where)
    return tree.sql(dialect="duckdb"), tuple(sorted(asked))


def _beside(node: exp.Expr) -> str:
    """Return the name of the column that a node is compared with; empty if it is none."""
    parent = node.parent
    if isinstance(parent, exp.EQ | exp.NEQ):
        other = parent.expression if parent.this is node else parent.this
    elif isinstance(parent, exp.In):
        other = parent.this
    else:
        return ""
    return other.name if isinstance(other, exp.Column) and other is not node else ""


def _check_words(column: exp.Column, known: Mapping[str, str], where: str) -> None:
    """Refuse anything but words beside a column of words; put in what the column holds."""
    parent = column.parent
    if isinstance(parent, exp.Is) and isinstance(parent.expression, exp.Null):
        return
    if isinstance(parent, exp.EQ | exp.NEQ):
        values = [parent.expression if parent.this is column else parent.this]
    elif isinstance(parent, exp.In) and parent.this is column:
        values = list(parent.expressions)
    else:
        values = []
    if not values or not all(isinstance(v, exp.Literal) and v.is_string for v in values):
        raise ParameterError(
            f"{column.name!r} holds words, and {where} asks about it as if it were a number.",
            allowed=f"Write it like: {column.name} IN ('one', 'other')",
            where=where,
        )
    for value in values:
        word = str(value.this)
        if known and word not in known:
            raise ParameterError.unknown(f"{column.name} in {where}", word, known)
        value.set("this", known.get(word, word))


def over_numbers(
    condition: str, words: Collection[str], named: Callable[[str, tuple[str, ...]], str]
) -> str:
    """Return a checked condition over numbers alone, so that every engine can be asked it.

    Parameters
    ----------
    condition : str
        As ``check_condition`` gives it.
    words : collection of str
        Columns that hold words.
    named : callable
        Told a column and the words it is compared with, sorted and each once, gives the name of
        a number: that of the column itself if there are none; one that is 1 where it holds the
        word, else 0; with several words 0 where it holds one of them, else 1. It is NULL where
        the column is.

    Returns
    -------
    str
        Portable SQL. A flag is compared with 1 and 0.

    Examples
    --------
    >>> named = lambda column, words: "_".join([column, *words])
    >>> over_numbers("loyal AND city IN ('Rome', 'Bonn') AND NOT city = 'Ulm'", ["city"], named)
    '"loyal" <> 0 AND "city_Bonn_Rome" = 0 AND NOT "city_Ulm" = 1'
    >>> over_numbers("loyal IS TRUE AND city IS NULL AND n > 2", ["city"], named)
    '("loyal" = 1 AND NOT "loyal" IS NULL) AND "city" IS NULL AND "n" > 2'
    """
    (tree,) = sqlglot.parse(condition, read="duckdb")
    whole = exp.Paren(this=tree)
    for column in list(whole.find_all(exp.Column)):
        parent = column.parent
        if column.name not in words or isinstance(parent, exp.Is):
            column.replace(exp.column(named(column.name, ()), quoted=True))
            continue
        literals = list(parent.find_all(exp.Literal)) if parent else []
        found = tuple(sorted({str(value.this) for value in literals}))
        hit = exp.column(named(column.name, found), quoted=True)
        wanted = int(len(found) == 1 and not isinstance(parent, exp.NEQ))
        _swap(parent, exp.EQ(this=hit, expression=exp.Literal.number(wanted)))
    for column in list(whole.find_all(exp.Column)):
        _compare(column)
    inside: exp.Expr = whole.this
    return inside.sql(dialect="duckdb")


def _swap(old: exp.Expr | None, new: exp.Expr) -> None:
    if old is not None:
        old.replace(new)


def _compare(flag: exp.Column) -> None:
    """Compare a flag that stands for itself, or beside TRUE or FALSE, with a number."""
    outer: exp.Expr = flag
    while isinstance(outer.parent, exp.Paren):
        outer = outer.parent
    parent = outer.parent
    decides = isinstance(parent, exp.If) and parent.this is outer and is_test(parent)
    if parent is None or decides or isinstance(parent, exp.And | exp.Or | exp.Not):
        zero = exp.Literal.number(0)
        flag.replace(exp.NEQ(this=flag.copy(), expression=zero))
        return
    for told in list(parent.find_all(exp.Boolean)) if isinstance(parent, _BESIDE) else []:
        number = exp.Literal.number(int(bool(told.this)))
        told.replace(number)
        if isinstance(parent, exp.Is):
            same = exp.EQ(this=flag.copy(), expression=number.copy())
            known = exp.Not(this=exp.Is(this=flag.copy(), expression=exp.Null()))
            parent.replace(exp.Paren(this=exp.And(this=same, expression=known)))


_BESIDE = (exp.EQ, exp.NEQ, exp.Is)
_COMPARED: dict[type[exp.Expr], str] = {
    exp.EQ: "is",
    exp.GT: "is above",
    exp.GTE: "is at least",
    exp.LT: "is below",
    exp.LTE: "is at most",
    exp.NEQ: "is not",
}
_JOINED: dict[type[exp.Expr], str] = {
    exp.And: "and",
    exp.Or: "or",
    exp.Add: "+",
    exp.Sub: "−",
    exp.Mul: "×",
    exp.Div: "÷",
}


def in_words(text: str, labels: Mapping[str, str]) -> str:
    """Return a condition as a person would say it, or as it is if it takes more than that.

    Parameters
    ----------
    text : str
        A condition that ``check_condition`` accepts.
    labels : mapping of str to str
        What columns are called, whatever the case of their names.

    Returns
    -------
    str
        Comparisons joined by "and" and "or".

    Examples
    --------
    >>> in_words("CASH = 0 AND NOT (share >= 0.5 OR city IN ('Rome', 'Bonn'))", {"cash": "cash"})
    'cash is 0 and not (share is at least 0.5 or city is Rome or Bonn)'
    >>> in_words("a IS NOT NULL AND b BETWEEN 2 AND 2 * c", {"a": "the age"})
    'the age is known and b is between 2 and 2 × c'
    >>> in_words("COALESCE(a, 0) > 1", {})
    'COALESCE(a, 0) > 1'
    """
    (tree,) = sqlglot.parse(text, read="duckdb")
    said = _said(tree, {name.lower(): label for name, label in labels.items()})
    return text.strip() if said is None else said


def _said(node: exp.Expr | None, labels: Mapping[str, str]) -> str | None:
    """Say a part of a condition; None if there are no words for it."""
    parts = _parts(node)
    said = [_said(part, labels) for part in parts]
    if any(one is None for one in said):
        return None
    if isinstance(node, exp.Column):
        return labels.get(node.name.lower(), node.name)
    if isinstance(node, exp.Literal | exp.Boolean):
        return str(node.this).lower() if isinstance(node, exp.Boolean) else str(node.this)
    if isinstance(node, exp.Paren):
        return f"({said[0]})"
    if isinstance(node, exp.In):
        return f"{said[0]} is {' or '.join(map(str, said[1:]))}"
    if isinstance(node, exp.Between):
        return f"{said[0]} is between {said[1]} and {said[2]}"
    if isinstance(node, exp.Is):
        return f"{said[0]} is not known"
    if isinstance(node, exp.Not):
        negated = isinstance(node.this, exp.Is)
        return str(said[0]).replace("is not known", "is known") if negated else f"not {said[0]}"
    if isinstance(node, exp.Neg):
        return f"−{said[0]}"
    word = None if node is None else _COMPARED.get(type(node)) or _JOINED.get(type(node))
    return f"{said[0]} {word} {said[1]}" if word else None


def _parts(node: exp.Expr | None) -> list[exp.Expr]:
    """Return what a node is said by, in order."""
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, exp.Is | exp.Neg | exp.Not | exp.Paren):
        return [node.this]
    if node is not None and (type(node) in _COMPARED or type(node) in _JOINED):
        return [node.args["this"], node.args["expression"]]
    return []
