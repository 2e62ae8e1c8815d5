"""Columns in a marketer's words: labels without abbreviations, and what high and low are called.

There is one table of abbreviations and one of phrases; a column that is in neither keeps
its own words, with "high" and "low" before them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_ACRONYM = 4
"""Words in capitals up to this long are left as they are: ID, CLV, TV."""

ABBREVIATIONS = {
    "acct": "account",
    "amt": "amount",
    "avg": "average",
    "bal": "balance",
    "cmp": "campaign",
    "cnt": "count",
    "cust": "customer",
    "dt": "date",
    "freq": "frequency",
    "hh": "household",
    "kidhome": "kids",
    "mth": "month",
    "mths": "months",
    "oneoff": "one-off",
    "pmt": "payment",
    "pmts": "payments",
    "prod": "product",
    "prods": "products",
    "prop": "proportion",
    "qty": "quantity",
    "teenhome": "teens",
    "trx": "transactions",
    "txn": "transactions",
    "txns": "transactions",
    "yr": "year",
    "yrs": "years",
}
"""Abbreviations that hardly ever mean something else."""

LEADING = {
    "mnt": "spend on",
    "nbr": "number of",
    "num": "number of",
    "pct": "share of",
    "perc": "share of",
    "prc": "share of",
}
"""Abbreviations that come before what they count."""

PHRASES: dict[str, tuple[str, str]] = {
    "recency": ("inactive", "recent"),
    "frequency": ("many orders", "few orders"),
    "monetary": ("high spend", "low spend"),
    "tenure": ("long-standing", "newly won"),
    "avg_order": ("large baskets", "small baskets"),
    "max_order": ("large orders", "small orders"),
    "mean_gap": ("rare orders", "frequent orders"),
    "overdue": ("overdue", "on schedule"),
    "orders_30d": ("busy month", "quiet month"),
    "spend_30d": ("strong month", "weak month"),
    "orders_90d": ("busy quarter", "quiet quarter"),
    "spend_90d": ("strong quarter", "weak quarter"),
    "rate": ("frequent orders", "rare orders"),
    "momentum": ("gaining pace", "losing pace"),
    "return_share": ("many returns", "few returns"),
    "discount_share": ("discount buyers", "full price"),
    "weekend_share": ("weekend buyers", "weekday buyers"),
    "night_share": ("night buyers", "never nights"),
    "morning_share": ("morning buyers", "never mornings"),
    "afternoon_share": ("afternoon buyers", "never afternoons"),
    "evening_share": ("evening buyers", "never evenings"),
    "category_entropy": ("many categories", "few categories"),
    "channel_entropy": ("many channels", "one channel"),
    "clv": ("high value", "low value"),
    "boosted": ("high value", "low value"),
}
"""Words for the built-in features: above and below the others, at most two words each."""

COLUMN_PHRASES = {
    "age": ("older", "younger"),
    "recency": PHRASES["recency"],
    "tenure": PHRASES["tenure"],
}
"""Words for columns of customer tables whose name says all."""

_ENDINGS = {
    "frequency": ("frequent", "rare"),
    "size": ("large", "small"),
    "date": ("recent", "early"),
    "transactions": ("many", "few"),
}
"""A label that ends so says high and low by these words, and drops its end."""

_STARTS = {"number of": ("many", "few"), "share of": ("often", "seldom")}
"""A label that starts so says high and low by these words, and drops its start."""

COUNTING = frozenset(["many", "often", "frequent"])
"""Words for high of what is counted: there, 0 is none."""

_COUNTED = frozenset(["children", "kids", "orders", "teens", "transactions", "visits"])
"""Things that are many or few, not high or low."""

_EMPTY = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "into", "of", "on", "or", "per"]
) | {"since", "the", "to", "with"}
_GENERIC = frozenset(
    ["amount", "annual", "average", "avg", "count", "mean", "month", "monthly", "no", "num"]
) | {"number", "rate", "ratio", "score", "total", "value", "yearly"}
_NEGATIVE = frozenset(["no", "false", "never", "n"])
_POSITIVE = frozenset(["yes", "true", "always", "y"])


def inside(label: str) -> str:
    """Begin a label small, for the middle of a sentence; an acronym stays as it is.

    Examples
    --------
    >>> inside("Days since last order"), inside("RFM score")
    ('days since last order', 'RFM score')
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def readable(label: str) -> str:
    """Write a column's name as words if it is none yet, abbreviations in full.

    Examples
    --------
    >>> readable("CASH_ADVANCE_TRX"), readable("NumWebPurchases"), readable("Annual Income (k$)")
    ('Cash advance transactions', 'Number of web purchases', 'Annual Income (k$)')
    >>> readable("PRC_FULL_PAYMENT"), readable("AcceptedCmp1"), readable("StreamingTV")
    ('Share of full payment', 'Accepted campaign 1', 'Streaming TV')
    """
    if re.search(r"\s", label.strip()) or (label.isupper() and len(label) <= MAX_ACRONYM):
        return label.strip()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    raw = re.sub(r"[_.]+", " ", spaced).split()
    mixed = any(letter.islower() for letter in label)
    words = [
        word if mixed and word.isupper() and 1 < len(word) <= MAX_ACRONYM else _in_full(word)
        for word in raw
    ]
    if len(words) > 1:
        words[0] = LEADING.get(words[0].lower(), words[0])
    text = " ".join(words)
    return text[:1].upper() + text[1:] if text else label


def _in_full(word: str) -> str:
    """Write one word small, without its abbreviation; a number at its end stands apart."""
    bare, digits = re.fullmatch(r"(.*?)(\d*)", word.lower(), re.DOTALL).groups()  # type: ignore[union-attr]  # always matches
    if bare in ABBREVIATIONS:
        return f"{ABBREVIATIONS[bare]} {digits}".strip()
    return word.lower()


def _words(label: str) -> list[str]:
    """Return the words of a label that carry meaning, small but for acronyms."""
    bare = re.sub(r"\(.*?\)|\[.*?\]", " ", label)
    mixed = any(letter.islower() for letter in bare)
    words = [word for word in re.split(r"[\s_/.,:;]+", bare) if word]
    kept = [
        word if mixed and word.isupper() and 1 < len(word) <= MAX_ACRONYM else word.lower()
        for word in words
    ]
    return [word for word in kept if word not in _EMPTY]


def short_label(label: str) -> str:
    """Return the words of a label that carry it, at most three.

    Examples
    --------
    >>> short_label("Annual Income (k$)"), short_label("CASH_ADVANCE"), short_label("Days to pay")
    ('income', 'cash advance', 'days pay')
    >>> short_label("MntMeatProducts"), short_label("Streaming TV")
    ('meat products spend', 'streaming TV')
    """
    words = _words(readable(label))
    if words[:1] == ["spend"] and len(words) > 1:
        words = [*words[1:], "spend"]  # "spend on wines" is "wines spend" in a name
    telling = [word for word in words if word not in _GENERIC] or words
    return " ".join(telling[:3]) or "unnamed"


@dataclass(frozen=True)
class Wording:
    """How a column's high, low and absent values are told: a word before, and the column's own."""

    high: str
    low: str
    words: str

    def phrase(self, direction: str) -> tuple[str, str]:
        """Return the word before and the words of ``high``, ``low`` or ``no``."""
        return {"high": self.high, "low": self.low}.get(direction, direction), self.words


def wording_of(label: str, unit: str = "") -> Wording:
    """Choose the words for high and low values of a column.

    Parameters
    ----------
    label : str
        The column's label, or its name.
    unit : str
        ``date`` makes high recent.

    Examples
    --------
    >>> wording_of("Number of web purchases")
    Wording(high='many', low='few', words='web purchases')
    >>> wording_of("PURCHASES_FREQUENCY").phrase("high"), wording_of("Settlement size").low
    (('frequent', 'purchases'), 'small')
    >>> wording_of("CASH_ADVANCE_TRX").phrase("low"), wording_of("BALANCE").phrase("no")
    (('few', 'cash advances'), ('no', 'balance'))
    """
    full = readable(label)
    lower = full.lower()
    for start, (high, low) in _STARTS.items():
        if lower.startswith(f"{start} "):
            return Wording(high, low, short_label(full[len(start) + 1 :]))
    words = _words(full)
    ending = words[-1] if words else ""
    if len(words) > 1 and ending in _ENDINGS:
        high, low = _ENDINGS[ending]
        short = short_label(" ".join(words[:-1]))
        plural = ending == "transactions" and not short.endswith("s")
        return Wording(high, low, f"{short}s" if plural else short)
    short = short_label(full)
    if unit == "date":
        return Wording("recent", "early", short.removeprefix("date "))
    if _COUNTED & set(words):
        return Wording("many", "few", short)
    return Wording("high", "low", short)


def level_words(label: str, level: str, *, is_place: bool = False) -> tuple[str, str]:
    """Return the word before and the words for a level that nearly all of a segment share.

    Yes and no, and levels without letters, need the column's own words; other levels
    speak for themselves and keep their case, but for the first letter of several words.

    Parameters
    ----------
    label : str
        Of the column.
    level : str
        As the data has it.
    is_place : bool
        Places keep their capital.

    Returns
    -------
    (str, str)
        ``no``, ``unknown`` or nothing, and the words.

    Examples
    --------
    >>> level_words("TechSupport", "No"), level_words("Paperless billing", "yes")
    (('no', 'tech support'), ('', 'paperless billing'))
    >>> level_words("InternetService", "DSL"), level_words("Floor", "2")
    (('', 'DSL'), ('', 'floor 2'))
    >>> level_words("Contract", "Month-to-month"), level_words("Contract", "none")
    (('', 'month-to-month'), ('no', 'contract'))
    """
    small = level.strip().lower()
    if small in _POSITIVE:
        return "", short_label(label)
    if small in _NEGATIVE or small in ("none", "unknown", "missing"):
        return ("no" if small != "unknown" else "unknown"), short_label(label)
    if not re.search(r"[^\W\d]", level):
        return "", f"{short_label(label)} {level.strip()}"
    words = level.strip()
    several = bool(re.search(r"[\s-]", words)) and words[1:] == words[1:].lower()
    return "", words[:1].lower() + words[1:] if several and not is_place else words
