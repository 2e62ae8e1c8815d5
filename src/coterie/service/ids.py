"""Names for what has none: the one place where the service draws by lot."""

from __future__ import annotations

import uuid


def new_id(prefix: str = "") -> str:
    """Return a name that nothing else has.

    Parameters
    ----------
    prefix : str, optional
        What it begins with.

    Returns
    -------
    str
        The prefix and 32 hex digits.

    Examples
    --------
    >>> len(new_id("j"))
    33
    """
    return f"{prefix}{uuid.uuid4().hex}"
