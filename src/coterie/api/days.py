"""Days as arguments."""

from __future__ import annotations

from datetime import date, datetime

from coterie.errors import ParameterError


def day_of(as_of: date | None) -> date | None:
    """Return a day as given, or that of a datetime (a pandas Timestamp is one).

    Examples
    --------
    >>> day_of(datetime(2011, 6, 1, 12))
    datetime.date(2011, 6, 1)
    """
    if not isinstance(as_of, date | None):
        allowed = "Give a datetime.date."
        raise ParameterError(f"as_of={as_of!r}.", allowed=allowed, where="as_of")
    return as_of.date() if isinstance(as_of, datetime) else as_of
