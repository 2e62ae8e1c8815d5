"""How the spend of a segment lies beside that of all others, as dots: spread of people, no range.

Of many customers some are shown, one in every so many in the order of their spend: unlike a
random sample they have the middle and the ends of all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.features.column import to_floats
from coterie.segmentation.base import Floats
from coterie.store.results import Run

MOST = 500
"""Dots of each row."""
FEATURE = "monetary"


def spread(values: Floats, most: int = MOST) -> dict[str, Any]:
    """Return some of many values, which lie as all do, with what is known of all.

    Parameters
    ----------
    values : float64 array, shape (n,)
        What each spent; not known is NaN, and left out.
    most : int, default 500
        Values at most.

    Returns
    -------
    dict
        ``n`` known, their ``median`` (None of nobody), how many of them are not above 0 (no
        place on an axis of powers), and ``values`` above 0, ascending.

    Examples
    --------
    >>> spread(np.array([3.0, 1.0, 2.0, 0.0, np.nan, 4.0, 5.0]), most=3)
    {'n': 6, 'median': 2.5, 'below': 1, 'values': [1.0, 3.0, 5.0]}
    """
    known = np.sort(values[np.isfinite(values)])
    above = known[known > 0]
    if len(above) > most:
        above = above[np.linspace(0, len(above) - 1, most).round().astype(int)]
    return {
        "n": len(known),
        "median": float(np.median(known)) if len(known) else None,
        "below": int(np.count_nonzero(known <= 0)),
        "values": above.tolist(),
    }


def spread_of(run: Run, segment_id: str) -> dict[str, Any]:
    """Return how spend to date lies in a segment and among the rest.

    Parameters
    ----------
    run : Run
        A finished run.
    segment_id : str
        One of its segments.

    Returns
    -------
    dict
        ``here`` and ``rest`` as ``spread`` gives them; both None without orders. The rest are
        all who are in another segment.
    """
    file = run.folder / "features.parquet"
    if FEATURE not in pq.read_schema(file).names:
        return {"here": None, "rest": None}
    spent = to_floats(pq.read_table(file, columns=[FEATURE])[FEATURE])
    placed = pq.read_table(run.folder / "assignments.parquet", columns=["segment_id"])
    own = pc.fill_null(pc.equal(placed["segment_id"], segment_id), False).to_numpy()
    some = pc.is_valid(placed["segment_id"]).to_numpy()
    return {"here": spread(spent[own]), "rest": spread(spent[some & ~own])}
