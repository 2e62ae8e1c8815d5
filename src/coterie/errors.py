"""What can go wrong, in one small family: catch ``CoterieError`` to catch all of it.

Every message says what came, what is allowed and what to try, because the
command line, the JSON answer and the API print it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_CHARS = 2_000
"""Longest part of a message: names and values in it come from outside."""


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]} …"


def _joined(parts: Iterable[str]) -> str:
    """Join sentences; one that ends without a mark, such as what the system said, gets a stop.

    Examples
    --------
    >>> _joined(["a.db: file is not a database", "", "Move it away."])
    'a.db: file is not a database. Move it away.'
    """
    text = ""
    for part in filter(None, parts):
        stop = "." if text and text[-1].isalnum() else ""
        text = f"{text}{stop} {part}" if text else part
    return text


class CoterieError(Exception):
    """Root of all errors that Coterie raises on purpose.

    Parameters
    ----------
    message : str
        What came and why it will not do.
    allowed : str, optional
        What would do.
    hint : str, optional
        What to try next.
    where : str, optional
        The file, column, setting or row that is meant.

    Examples
    --------
    >>> str(CoterieError("k=1.", allowed="k is 2 to 12.", hint="Leave it out."))
    'k=1. k is 2 to 12. Leave it out.'
    """

    code = "error"

    def __init__(self, message: str, *, allowed: str = "", hint: str = "", where: str = "") -> None:
        self.message, self.allowed, self.hint = map(_short, (message, allowed, hint))
        self.where = _short(where)
        super().__init__(_joined([self.message, self.allowed, self.hint]))

    def to_dict(self) -> dict[str, str]:
        """Return the error object of the JSON contract."""
        return {
            "code": self.code,
            "message": self.message,
            "allowed": self.allowed,
            "hint": self.hint,
            "where": self.where,
        }


class DataError(CoterieError, ValueError):
    """The data cannot be used as it is."""

    code = "data"


class ParameterError(CoterieError, ValueError):
    """An argument or a setting is outside what is accepted."""

    code = "parameter"

    @classmethod
    def unknown(cls, name: str, got: str, known: Iterable[str]) -> ParameterError:
        """Say what was given, what is known, and the nearest match if there is one.

        Parameters
        ----------
        name : str
            What was being named.
        got : str
            The name that came.
        known : iterable of str
            The names there are, in any order.

        Returns
        -------
        ParameterError
            To be raised by the caller.

        Examples
        --------
        >>> str(ParameterError.unknown("lens", "valu", ["value", "behaviour"]))
        "lens='valu' is not known. Known: behaviour, value. Did you mean 'value'?"
        """
        names = sorted(set(known))
        near = get_close_matches(got, names, n=1)
        return cls(
            f"{name}={got!r} is not known.",
            allowed=f"Known: {', '.join(names) or 'none'}.",
            hint=f"Did you mean {near[0]!r}?" if near else "",
            where=name,
        )


class NotReadyError(CoterieError, RuntimeError):
    """What was asked for does not exist yet: no run, no model, too little data."""

    code = "not_ready"


class MissingExtraError(CoterieError, ImportError):
    """An optional part of Coterie is not installed."""

    code = "missing_extra"

    @classmethod
    def of(cls, extra: str, what: str) -> MissingExtraError:
        """Name the install command for the extra that ``what`` needs.

        Examples
        --------
        >>> str(MissingExtraError.of("demo", "The demo data"))
        "The demo data needs the extra 'demo'. Install it: pip install 'coterie[demo]'"
        """
        return cls(
            f"{what} needs the extra {extra!r}.", hint=f"Install it: pip install 'coterie[{extra}]'"
        )
