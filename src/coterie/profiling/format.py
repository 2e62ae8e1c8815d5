"""How numbers are written for people: counts, shares, ranges, money, dates, chances.

English words and marks are fixed, so a report is the same on every machine; a minus is
a real minus (−) and a range an en dash (–), with its unit once.
"""

from __future__ import annotations

from datetime import date, timedelta

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "": ""}
"""Currencies that go before the figure without a space; others are written out."""

MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
"""Three letters each; not the locale's, which differs from machine to machine."""

_EPOCH = date(1970, 1, 1)


def _signed(text: str) -> str:
    """Write a hyphen-minus as a minus, and never a negative zero."""
    bare = text.lstrip("-")
    return bare if not bare.strip("0.,") or not text.startswith("-") else f"−{bare}"


def count(n: float) -> str:
    """Write a whole number with grouped thousands.

    Examples
    --------
    >>> count(4334), count(-70)
    ('4,334', '−70')
    """
    return _signed(f"{n:,.0f}")


def share(part: float, *, sentence: bool = False) -> str:
    """Write a share: one decimal in tables and below 10 %, none in sentences above.

    Examples
    --------
    >>> share(0.0123), share(0.318), share(0.318, sentence=True), share(0.00001)
    ('1.2%', '31.8%', '32%', '<0.1%')
    """
    if 0 < part < 0.0005:
        return "<0.1%"
    whole = sentence and abs(part) >= 0.0995
    return _signed(f"{part * 100:.{0 if whole else 1}f}") + "%"


def share_range(low: float, high: float) -> str:
    """Write a range of shares, the unit once.

    Examples
    --------
    >>> share_range(0.23, 0.402), share_range(0.021, 0.034)
    ('23–40%', '2.1–3.4%')
    """
    places = 0 if high >= 0.0995 else 1
    return f"{_signed(f'{low * 100:.{places}f}')}–{_signed(f'{high * 100:.{places}f}')}%"


def significant(value: float, figures: int = 3) -> str:
    """Write a number with so many figures, grouped, without trailing zeros.

    Examples
    --------
    >>> significant(0.04567), significant(1234.5), significant(17.0), significant(-2.5)
    ('0.0457', '1,234', '17', '−2.5')
    """
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (figures - 1):
        return count(value)
    text = f"{value:.{figures}g}"
    return _signed(text if "e" in text else f"{float(text):g}")


def money(amount: float, currency: str = "", *, about: bool = False) -> str:
    """Write money: to the unit, cents below 10, millions with three figures.

    Parameters
    ----------
    amount : float
        Units of money.
    currency : str
        ISO code, or empty.
    about : bool
        An estimate: two figures.

    Returns
    -------
    str
        With the sign first, then the symbol or the code.

    Examples
    --------
    >>> money(4310.0, "GBP"), money(2.9, "GBP"), money(8310928.0, "GBP"), money(-12.4, "CHF")
    ('£4,310', '£2.90', '£8.31 M', '−CHF 12')
    >>> money(58961.0, "EUR", about=True)
    '€59,000'
    """
    size = abs(amount)
    if about and size >= 10:
        size = float(f"{size:.2g}")
    if size >= 999_500:
        text = next(
            f"{size / scale:.3g} {letter}"
            for scale, letter in ((1e12, "T"), (1e9, "bn"), (1e6, "M"))
            if size >= scale * 0.9995
        )
    else:
        text = f"{size:,.2f}" if 0 < size < 9.995 else f"{size:,.0f}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{'−' if amount < 0 and text.strip('0.,') else ''}{symbol}{text}"


def days(n: float) -> str:
    """Write a number of days.

    Examples
    --------
    >>> days(1), days(26.4), days(0)
    ('1 day', '26 days', '0 days')
    """
    text = count(round(n))
    return f"{text} day" if text == "1" else f"{text} days"


def day(number: int) -> str:
    """Write a day counted from 1970-01-01.

    Examples
    --------
    >>> day(15317)
    '9 Dec 2011'
    """
    return long_date(_EPOCH + timedelta(days=number))


def long_date(when: date) -> str:
    """Write a date in words that cannot be misread.

    Examples
    --------
    >>> long_date(date(2011, 12, 9))
    '9 Dec 2011'
    """
    return f"{when.day} {MONTHS[3 * when.month - 3 : 3 * when.month]} {when.year}"


def quantity(value: float, unit: str = "", currency: str = "") -> str:
    """Write a value of a feature in its unit.

    Parameters
    ----------
    value : float
        In its unit; dates are days since 1970.
    unit : str
        ``share``, ``money``, ``days`` and ``date`` have a form of their own.
    currency : str
        ISO code, or empty.

    Returns
    -------
    str
        Units other than money and shares are not written behind it.

    Examples
    --------
    >>> quantity(0.318, "share"), quantity(4310, "money", "GBP"), quantity(12, "order days")
    ('31.8%', '£4,310', '12')
    """
    if unit == "share":
        return share(value)
    if unit == "money":
        return money(value, currency)
    if unit == "days":
        return days(value)
    if unit == "date":
        return day(round(value))
    return significant(value)


def p_value(p: float) -> str:
    """Write a p-value.

    Examples
    --------
    >>> p_value(0.0), p_value(0.0312), p_value(0.5)
    ('< 0.001', '0.031', '0.50')
    """
    if p < 0.001:
        return "< 0.001"
    return f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def effect(value: float) -> str:
    """Write an effect between −1 and 1 with its sign.

    Examples
    --------
    >>> effect(0.71), effect(-0.887), effect(0.0)
    ('+0.71', '−0.89', '0.00')
    """
    text = f"{abs(value):.2f}"
    return text if text == "0.00" else ("+" if value > 0 else "−") + text


THEY_ARE = " They are "
"""What stands before the last sentence of a description: how many they are."""


def without_shares(description: str) -> str:
    """Return a description without its last sentence.

    Examples
    --------
    >>> without_shares("Ordered once; last order 9 days ago (medians). They are 8% of customers.")
    'Ordered once; last order 9 days ago (medians).'
    """
    first, _, _ = description.rpartition(THEY_ARE)
    return first or description
