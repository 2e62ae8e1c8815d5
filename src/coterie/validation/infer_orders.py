"""What the values of an order file say beyond its mapping: fees, money, dirt.

A short product code such as ``M`` counts as a service only if its name says so,
because in another shop ``M`` may be a shirt of medium size.
"""

from __future__ import annotations

from collections.abc import Mapping

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.validation.infer_columns import Match
from coterie.validation.infer_facts import TableFacts
from coterie.validation.infer_words import (
    COUNTRY_CURRENCY,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    SERVICE_CODES,
    SERVICE_WORDS,
    tokens,
)

SHORT_CODE = 3
MAX_CODES = 40


def service_codes(
    db: DuckDB, facts: TableFacts, matches: Mapping[str, Match]
) -> tuple[tuple[str, ...], str]:
    """Find product ids that are money but no product.

    Parameters
    ----------
    db : DuckDB
        Where the table lies.
    facts : TableFacts
        What is known of it.
    matches : mapping of str to Match
        Which of its columns are which.

    Returns
    -------
    tuple of (tuple of str, str)
        The codes as they stand in the data, most frequent first (ties by code),
        and a sentence with counts; both empty if there are none.
    """
    product = matches.get("product_id")
    if product is None:
        return (), ""
    code = f"TRIM(CAST({identifier(product.facts.name)} AS VARCHAR))"
    named = matches.get("product_name")
    name = (
        f"lower(TRIM(CAST({identifier(named.facts.name)} AS VARCHAR)))"
        if named
        else "CAST('' AS VARCHAR)"
    )
    words = ", ".join(literal(word) for word in SERVICE_WORDS)
    ends = " OR ".join(f"name LIKE {literal('% ' + word)}" for word in SERVICE_WORDS)
    codes = ", ".join(literal(word) for word in sorted(SERVICE_CODES))
    rows = db.rows(f"""
        WITH d AS (
            SELECT {code} AS code, {name} AS name, COUNT(*) AS n FROM {facts.relation} GROUP BY 1, 2
        ), c AS (
            SELECT code, SUM(n) AS n,
                   SUM(n) FILTER (name IN ({words})) AS exact,
                   SUM(n) FILTER ({ends}) AS ending
            FROM d WHERE code <> '' GROUP BY 1
        )
        SELECT code, CAST(n AS BIGINT) FROM c
        WHERE (upper(code) IN ({codes}) AND LENGTH(code) > {SHORT_CODE - 1})
           OR 2 * exact > n
           OR (2 * (COALESCE(exact, 0) + COALESCE(ending, 0)) > n
               AND NOT regexp_matches(code, '[0-9]{{2}}'))
        ORDER BY n DESC, code LIMIT {MAX_CODES}
    """)
    if not rows:
        return (), ""
    counts = ", ".join(f"{code} {n:,}" for code, n in rows)
    return tuple(code for code, _ in rows), f"rows of fees, postage and the like: {counts}"


def currency(db: DuckDB, facts: TableFacts, matches: Mapping[str, Match]) -> tuple[str, str]:
    """Guess the currency from signs, names and countries.

    Parameters
    ----------
    db : DuckDB
        Where the table lies.
    facts : TableFacts
        What is known of it.
    matches : mapping of str to Match
        Which of its columns are which.

    Returns
    -------
    tuple of (str, str)
        ISO code and the reason; both empty if nothing speaks for one.
    """
    for column in facts.columns.values():
        if column.sign and column.number >= 0.5:
            return column.sign, f"sure: the values of {column.name!r} carry its sign"
    for name in facts.columns:
        words = [CURRENCY_WORDS[word] for word in tokens(name) if word in CURRENCY_WORDS]
        words += [code for sign, code in CURRENCY_SIGNS.items() if sign in name]
        if words:
            return words[0], f"check: the column name {name!r} speaks of it"
    country = matches.get("country")
    if country is not None:
        rows = db.rows(f"""
            SELECT lower(TRIM(CAST({identifier(country.facts.name)} AS VARCHAR))) AS land,
                   CAST(COUNT(*) AS BIGINT)
            FROM {facts.relation} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1
        """)
        land, n = rows[0]
        if land in COUNTRY_CURRENCY and 2 * n > facts.looked_at:
            share = n / facts.looked_at
            return COUNTRY_CURRENCY[land], f"check: {share:.0%} of the rows are from {land!r}"
    for column in facts.columns.values():
        if column.sign:
            return column.sign, f"check: its sign stands in some values of {column.name!r}"
    return "", ""


def dirt(db: DuckDB, facts: TableFacts, matches: Mapping[str, Match]) -> dict[str, str]:
    """Count returns, exact repeats, free lines and guests, each as a phrase or ''.

    Parameters
    ----------
    db : DuckDB
        Where the table lies.
    facts : TableFacts
        What is known of it.
    matches : mapping of str to Match
        Which of its columns are which.

    Returns
    -------
    dict of str to str
        Keys ``returns``, ``duplicates``, ``free`` and ``guests``.
    """
    rows = max(facts.looked_at, 1)
    names = ", ".join(identifier(name) for name in facts.columns)
    ((repeats,),) = db.rows(f"""
        SELECT CAST(COALESCE(SUM(n - 1), 0) AS BIGINT)
        FROM (SELECT COUNT(*) AS n FROM {facts.relation} GROUP BY {names}) AS t
    """)
    signed = [matches[name].facts for name in ("quantity", "amount") if name in matches]
    returns = max((f.negative for f in signed), default=0)
    money = matches.get("amount") or matches.get("unit_price")
    free = money.facts.zero if money else 0
    guests = matches["customer_id"].facts.missing if "customer_id" in matches else 0

    def phrase(n: int, words: str) -> str:
        return f"{n:,} of {rows:,} rows ({n / rows:.2%}) {words}" if n else ""

    return {
        "returns": phrase(returns, "have a negative quantity or amount"),
        "duplicates": phrase(repeats, "repeat an earlier row exactly"),
        "free": phrase(free, "have a price or amount of 0"),
        "guests": phrase(guests, "have no customer: guests, used for products only"),
    }
