"""Conditions that ask about numbers and words, checked so that no engine can stumble over them.

A column of words is only ever compared with words in quotes; if all words that it can hold
are known, any other is refused with the nearest one, since it would silently hold nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlglot
from sqlglot import exp

from coterie.engine.sql import CONDITIONS, check_expression, is_condition
from coterie.errors import ParameterError


def check_condition(
    text: str,
    numbers: Collection[str],
    words: Mapping[str, Mapping[str, str]],
    *,
    where: str,
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
    safe = check_expression(text, [*numbers, *words], where=where)
    if not is_condition(text, where=where):
        raise ParameterError(
            f"{where} has {text[:80]!r}, which is not a condition.",
            allowed="It compares, such as: monetary > 500 AND recency < 30",
            where=where,
        )
    (tree,) = sqlglot.parse(safe, read="duckdb")
    if tree is None:
        raise ParameterError(f"{where} is empty.", where=where)
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and _beside(literal) not in words:
            raise ParameterError(
                f"{where} compares {literal.this[:80]!r} with what is not a column of words.",
                allowed=f"Columns of words: {', '.join(sorted(words)) or 'none'}.",
                where=where,
            )
    for node in tree.find_all(*CONDITIONS):
        _check_truth(node, where)
    asked = set()
    for column in tree.find_all(exp.Column):
        asked.add(column.name)
        if column.name in words:
            _check_words(column, words[column.name], where)
    return tree.sql(dialect="duckdb"), tuple(sorted(asked))


def _check_truth(node: exp.Expr, where: str) -> None:
    """Refuse what is true or false in the place of a number: engines differ in what it is then."""
    inside, parent = node, node.parent
    while isinstance(parent, exp.Paren):
        inside, parent = parent, parent.parent
    joins = parent is None or isinstance(parent, exp.And | exp.Or | exp.Not)
    decides = isinstance(parent, exp.If) and parent.this is inside
    told = isinstance(node, exp.Boolean) and isinstance(parent, exp.EQ | exp.NEQ | exp.Is)
    if not (joins or decides or told):
        raise ParameterError(
            f"{where} uses {node.sql(dialect='duckdb')[:80]!r}, which is true or false, as if it "
            "were a number.",
            hint="Join conditions with AND and OR, or write CASE WHEN … THEN 1 ELSE 0 END.",
            where=where,
        )


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
    if isinstance(parent, exp.Is):
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
