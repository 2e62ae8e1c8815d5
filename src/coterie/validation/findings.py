"""One finding of the quality report: what was seen, in how many rows, and what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def note(
    code: str,
    message: str,
    *,
    rows: int = 0,
    total: int = 0,
    examples: Sequence[Mapping[str, object]] = (),
    action: str = "kept",
) -> dict[str, object]:
    """Return one finding of the quality report.

    Parameters
    ----------
    code, message : str
        What was found, for programs and for people.
    rows, total : int
        Rows concerned, and rows of the table (for ``share``; 0 leaves it null).
    examples : sequence of mapping
        ``{"row", "value"}`` of a few of them.
    action : str
        What was done: kept, read, changed, netted, quarantined, left out.

    Returns
    -------
    dict
        The finding, ready for JSON.

    Examples
    --------
    >>> note("guests", "1 row has no customer.", rows=1, total=4)["share"]
    0.25
    """
    return {
        "code": code,
        "message": message,
        "rows": int(rows),
        "share": round(rows / total, 6) if total else None,
        "examples": [dict(example) for example in examples],
        "action": action,
    }
