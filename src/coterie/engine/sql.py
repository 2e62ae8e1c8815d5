"""The portable SQL subset: what an expression may contain, and how it is made safe everywhere.

An accepted expression gives the same number on every engine. To that end three
things are rewritten: a division by zero, a logarithm of nothing and a root of a
negative number are NULL, and no exponent can overflow.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from coterie.errors import ParameterError

MAX_LENGTH = 2_000
MAX_MADE = 40 * MAX_LENGTH
"""Characters of an expression that was made of one of a user's: names take more room in quotes."""
MAX_DEPTH = 32
MAX_EXP = 4
"""EXP is rewritten with its argument twice, so nesting it would double the text each time."""
MAX_EXPONENT = 700
"""exp(709) is the largest that a double holds; PostgreSQL raises beyond."""

_ALLOWED: tuple[type[exp.Expr], ...] = (
    exp.Abs,
    exp.Add,
    exp.And,
    exp.Between,
    exp.Boolean,
    exp.Case,
    exp.Cast,
    exp.Ceil,
    exp.Coalesce,
    exp.Column,
    exp.DataType,
    exp.Div,
    exp.EQ,
    exp.Exp,
    exp.Floor,
    exp.GT,
    exp.GTE,
    exp.Greatest,
    exp.Identifier,
    exp.If,
    exp.In,
    exp.Is,
    exp.LT,
    exp.LTE,
    exp.Least,
    exp.Literal,
    exp.Ln,
    exp.Mod,
    exp.Mul,
    exp.NEQ,
    exp.Neg,
    exp.Not,
    exp.Null,
    exp.Nullif,
    exp.Or,
    exp.Paren,
    exp.Sub,
)
CONDITIONS = (
    exp.And,
    exp.Between,
    exp.Boolean,
    exp.EQ,
    exp.GT,
    exp.GTE,
    exp.In,
    exp.Is,
    exp.LT,
    exp.LTE,
    exp.NEQ,
    exp.Not,
    exp.Or,
)
"""What is true or false."""
_NUMBERS = (
    exp.Abs,
    exp.Add,
    exp.Cast,
    exp.Ceil,
    exp.Div,
    exp.Exp,
    exp.Floor,
    exp.Ln,
    exp.Mod,
    exp.Mul,
    exp.Neg,
    exp.Sub,
)
"""What is a number whatever it is made of."""
_CASTS = frozenset({exp.DataType.Type.DOUBLE, exp.DataType.Type.BIGINT, exp.DataType.Type.INT})
_WORDS = (
    "ABS, AND, BETWEEN, CASE, CAST (to DOUBLE, BIGINT, INTEGER), CEIL, COALESCE, EXP, FLOOR, "
    "GREATEST, IN, IS NULL, LEAST, LN, NOT, NULLIF, OR, + - * / % and comparisons"
)
_OPENING = frozenset({TokenType.L_PAREN, TokenType.CASE, TokenType.L_BRACKET})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.END, TokenType.R_BRACKET})


def identifier(name: str) -> str:
    """Quote a name so that it can stand in SQL whatever it contains.

    Examples
    --------
    >>> identifier("net sales")
    '"net sales"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text so that it can stand in SQL as a value.

    Examples
    --------
    >>> literal("O'Hara")
    "'O''Hara'"
    """
    return "'" + text.replace("'", "''") + "'"


def translate(sql: str, dialect: str) -> str:
    """Write a statement of the portable subset in another dialect.

    Examples
    --------
    >>> translate("SELECT CAST(a AS DOUBLE) / b FROM t", "postgres")
    'SELECT CAST(a AS DOUBLE PRECISION) / b FROM t'
    """
    if dialect == "duckdb":
        return sql
    (tree,) = sqlglot.parse(sql, read="duckdb")
    if tree is None:
        raise ParameterError("The statement is empty.")
    return tree.sql(dialect=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)


def check_expression(
    text: str,
    columns: Collection[str],
    *,
    where: str,
    integer: bool = False,
    longest: int = MAX_LENGTH,
) -> str:
    """Parse a user's expression, refuse what is not portable, return it made safe.

    Parameters
    ----------
    text : str
        The expression, at most ``longest`` characters and 32 levels deep.
    columns : collection of str
        Names it may use; they are matched exactly, then without regard to case.
    where : str
        What the expression belongs to, for the message.
    integer : bool, default False
        Whether the result must be an integer (measures): ``/`` and functions that
        make fractions are refused.
    longest : int, default 2,000
        Characters that are allowed; for what was made of a user's expression more.

    Returns
    -------
    str
        Portable SQL with every column quoted, that is NULL where the plain form
        would divide by zero or leave the domain of LN.

    Raises
    ------
    ParameterError
        If the text cannot be parsed, is too long or too deep, or uses a column or
        a function that is not allowed.

    Examples
    --------
    >>> check_expression("net_90 / orders", {"net_90", "orders"}, where="x")
    '"net_90" / NULLIF("orders", 0)'
    """
    return _checked(text, frozenset(columns), where, longest, integer=integer)


@lru_cache(maxsize=1024)  # a run meets the same features at every date that it looks back to
def _checked(text: str, columns: frozenset[str], where: str, longest: int, *, integer: bool) -> str:
    tree = _parse(text, where, longest)
    known = {name.lower(): name for name in sorted(columns)} | {name: name for name in columns}
    nodes = list(tree.walk(bfs=True))
    if sum(isinstance(node, exp.Exp) for node in nodes) > MAX_EXP:
        raise ParameterError(f"{where} uses EXP more than {MAX_EXP} times.", where=where)
    for node in nodes:
        _check_node(node, known, where=where, integer=integer)
        _check_truth(node, text, where=where, integer=integer)
    for node in reversed(nodes):  # children before their parents
        safe = _make_safe(node)
        if node is tree:
            tree = safe
        elif safe is not node:
            node.replace(safe)
    return tree.sql(dialect="duckdb")


def _check_truth(node: exp.Expr, text: str, *, where: str, integer: bool) -> None:
    """Refuse truth in the place of a number, and the reverse: engines differ in what it is then."""
    inside, parent = node, node.parent
    while isinstance(parent, exp.Paren):
        inside, parent = parent, parent.parent
    decides = isinstance(parent, exp.If) and parent.this is inside and is_test(parent)
    joins = isinstance(parent, exp.And | exp.Or | exp.Not)
    beside: tuple[type[exp.Expr], ...] = (exp.EQ, exp.NEQ, exp.Is)
    beside = (*beside, exp.Coalesce) if integer else beside  # rows have columns that are flags
    told = isinstance(node, exp.Boolean) and isinstance(parent, beside)
    if isinstance(node, CONDITIONS) and not (parent is None or joins or decides or told):
        wrong, place = "true or false", "a number"
    elif isinstance(node, _NUMBERS) and (joins or decides):
        wrong, place = "a number", "true or false"
    else:
        return
    raise ParameterError(
        f"{where} uses {node.sql(dialect='duckdb')[:80]!r}, which is {wrong}, as if it were "
        f"{place}, in: {text.strip()[:200]}",
        hint="Join conditions with AND and OR; make a number of one with CASE WHEN … THEN 1 "
        "ELSE 0 END, and a condition of a number by comparing it.",
        where=where,
    )


def is_test(branch: exp.Expr) -> bool:
    """Tell whether a branch asks for truth; that of ``CASE x WHEN`` asks for a value of x."""
    return not (isinstance(branch.parent, exp.Case) and branch.parent.this)


def is_condition(text: str, *, where: str) -> bool:
    """Tell whether an expression is true or false, whatever the values of its columns.

    Raises
    ------
    ParameterError
        If the text cannot be parsed, or is too long or too deep.

    Examples
    --------
    >>> is_condition("orders > 3 AND NOT lapsed", where="x"), is_condition("orders", where="x")
    (True, False)
    """
    tree = _parse(text, where).unnest()
    return isinstance(tree, CONDITIONS)


def renamed(
    expression: str, names: Mapping[str, str], unknown: Mapping[str, str] | None = None
) -> str:
    """Return a checked expression with its columns under other names.

    Parameters
    ----------
    expression : str
        As ``check_expression`` gives it.
    names : mapping of str to str
        The new name of each column.
    unknown : mapping of str to str, optional
        For columns that are never NULL, another that is above 0 where they are to count as it.

    Returns
    -------
    str
        Portable SQL with every column quoted.

    Examples
    --------
    >>> renamed('"a" + "b"', {"a": "b", "b": "two words"})
    '"b" + "two words"'
    >>> renamed('"a" > 1', {"a": "x"}, {"a": "gap"})
    'CASE WHEN "gap" > 0 THEN NULL ELSE "x" END > 1'
    """
    tree = _parse(expression, "the expression", MAX_MADE)
    for column in list(tree.find_all(exp.Column)):
        gap = (unknown or {}).get(column.name)
        column.this.set("this", names[column.name])
        if gap:
            there = exp.GT(this=exp.column(gap, quoted=True), expression=exp.Literal.number(0))
            column.replace(exp.case().when(there, exp.null()).else_(column.copy()))
    return tree.sql(dialect="duckdb")


def _parse(text: str, where: str, longest: int = MAX_LENGTH) -> exp.Expr:
    if len(text) > longest:
        raise ParameterError(
            f"The expression of {where} has {len(text):,} characters.",
            allowed=f"At most {longest:,} are allowed.",
            hint="Split it into several measures or features.",
            where=where,
        )
    try:
        _check_nesting(text, where)
        trees = sqlglot.parse(text, read="duckdb")
    except SqlglotError as error:
        reason = str(error).splitlines()[0]
        raise ParameterError(
            f"The expression of {where} is not SQL that can be read: {reason}",
            hint="Write it like: net_90 / NULLIF(net_365, 0)",
            where=where,
        ) from error
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        raise ParameterError(
            f"{where} needs exactly one expression, not {text[:80]!r}.", where=where
        )
    if _depth(tree) > MAX_DEPTH:
        raise _too_deep(where)
    return tree


def _check_nesting(text: str, where: str) -> None:
    """Refuse deep nesting before the parser, which recurses, meets it."""
    depth = signs = 0
    for token in sqlglot.tokenize(text, read="duckdb"):
        signs = signs + 1 if token.token_type in {TokenType.DASH, TokenType.NOT} else 0
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if max(depth, signs) > MAX_DEPTH:
            raise _too_deep(where)


def _too_deep(where: str) -> ParameterError:
    return ParameterError(
        f"The expression of {where} is nested too deep.",
        allowed=f"At most {MAX_DEPTH} levels are allowed.",
        hint="Split it into several measures or features.",
        where=where,
    )


def _depth(tree: exp.Expr) -> int:
    deepest, stack = 0, [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        stack.extend((child, depth + 1) for child in node.iter_expressions())
    return deepest


def _check_node(node: exp.Expr, known: dict[str, str], *, where: str, integer: bool) -> None:
    if type(node) not in _ALLOWED:
        raise ParameterError(
            f"{node.sql(dialect='duckdb')[:80]!r} is not allowed in the expression of {where}.",
            allowed=f"Allowed: {_WORDS}.",
            where=where,
        )
    if integer and isinstance(node, exp.Div | exp.Ln | exp.Exp):
        raise ParameterError(
            f"{node.sql(dialect='duckdb')[:80]!r} makes fractions, but {where} must be an integer.",
            hint="Keep the measure a whole number and divide in a feature.",
            where=where,
        )
    if not integer and isinstance(node, exp.Mod):
        raise ParameterError(
            f"% is not allowed in the expression of {where}.",
            allowed="Only measures, which are whole numbers, may use it.",
            where=where,
        )
    if isinstance(node, exp.Cast) and node.to.this not in _CASTS:
        raise ParameterError(
            f"CAST to {node.to.sql()} is not allowed in the expression of {where}.",
            allowed="Allowed: DOUBLE, BIGINT, INTEGER.",
            where=where,
        )
    if isinstance(node, exp.Column):
        name = node.name
        if node.table or (name not in known and name.lower() not in known):
            raise ParameterError.unknown(f"column in {where}", node.sql(), known.values())
        node.this.set("this", known.get(name) or known[name.lower()])
        node.this.set("quoted", True)


def _make_safe(node: exp.Expr) -> exp.Expr:
    """Return ``node`` rewritten so that no value of its columns makes an engine raise."""
    zero = exp.Literal.number(0)
    if isinstance(node, exp.Div | exp.Mod) and not isinstance(node.expression, exp.Nullif):
        safe = node.copy()
        safe.set("expression", exp.Nullif(this=node.expression.copy().unnest(), expression=zero))
        return safe
    if isinstance(node, exp.Ln):
        # GREATEST passes over NULL, so NULL becomes 0 here, and NULLIF turns 0 into NULL.
        above = exp.Greatest(this=node.this.copy(), expressions=[zero], ignore_nulls=True)
        return exp.Ln(this=exp.Nullif(this=above, expression=zero.copy()))
    if isinstance(node, exp.Exp):
        top = exp.Literal.number(MAX_EXPONENT)
        high = exp.If(this=exp.GT(this=node.this.copy(), expression=top), true=top.copy())
        return exp.Exp(this=exp.Case(ifs=[high], default=node.this.copy()))
    return node
