"""What happened to one customer: orders by day, returns, events, texts, contacts, newest first.

It is read from the checked tables of a run when asked, and never beyond the run's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.features.windows import to_date, to_day
from coterie.schema import MICROS
from coterie.store.results import Run

_MILLI = 1_000
_ITEM = ("product_id", "product_name", "kind")
_SHOWN = {
    "events": ("event", "event_id", ("type", "session_id", "product_id", "channel")),
    "texts": ("text", "text_id", ("text", "rating", "source")),
    "touches": ("touch", "touch_id", ("offer_id", "channel", "treated", "responded")),
}
"""Tables of single rows: what an entry is called, its id, and what it shows."""

Entry = dict[str, Any]


def timeline(
    run: Run,
    customer_id: str,
    *,
    feedback: Sequence[Path] = (),
    streamed: Sequence[Mapping[str, Any]] = (),
) -> list[Entry]:
    """Return what happened to a customer before the day of a run.

    Parameters
    ----------
    run : Run
        A run, whose checked tables are still there.
    customer_id : str
        As in the data.
    feedback : sequence of Path
        Folders of touches that were fed back, the oldest first; a touch that comes again
        replaces the one before, unless that one alone knows the answer.
    streamed : sequence of mapping, optional
        Her touches that came by the stream, newer than all others.

    Returns
    -------
    list of dict
        ``kind`` (order, return, event, text, touch), ``day`` as YYYY-MM-DD, ``ts`` in UTC and
        ``id``; orders have ``amount``, ``discount`` and ``items``. Newest first, ties by kind
        and id falling.
    """
    data = run.folder.parents[1] / "data" / str(run.manifest.get("data", ""))
    end = to_day(date.fromisoformat(run.as_of)) if run.as_of else None

    known = "TRUE" if end is None else f"day < {end}"
    with DuckDB(threads=1) as db:

        def rows(folder: Path) -> list[Entry]:
            if not any(folder.glob("*.parquet")):
                return []
            files = literal(str(folder / "*.parquet"))
            mine = f"customer_id = {literal(customer_id)} AND {known}"
            found: list[Entry] = db.query(
                f"SELECT * FROM read_parquet({files}) WHERE {mine}"
            ).to_pylist()
            return found

        entries = _orders(rows(data / "lines"))
        for name in _SHOWN:
            folders = [data / name]
            folders += [path / name for path in feedback] if name == "touches" else []
            found: list[Mapping[str, Any]] = [row for path in folders for row in rows(path)]
            if name == "touches":
                found += [row for row in streamed if end is None or row["day"] < end]
                found.sort(key=lambda row: row["responded"] is not None)  # an answer stays one
            entries += _single(name, found)
    return sorted(entries, key=place, reverse=True)


def place(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what entries are ordered by; one without a moment ends its day.

    Examples
    --------
    >>> place({"kind": "segment", "day": "2011-12-09", "ts": None, "id": "r1"})
    ('2011-12-09T~', 'segment', 'r1')
    """
    moment = entry["ts"] or (f"{entry['day']}T~" if entry["day"] else "")
    return str(moment), str(entry["kind"]), str(entry["id"])


def _orders(lines: Iterable[Mapping[str, Any]]) -> list[Entry]:
    orders: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        orders.setdefault((line["day"], line["order_id"]), []).append(line)
    return [
        {
            "kind": "return" if all(line["kind"] == "return" for line in found) else "order",
            "day": to_date(day).isoformat(),
            "ts": min(line["ts"] for line in found).isoformat(),
            "id": order_id,
            "amount": sum(line["amount_micros"] for line in found) / MICROS,
            "discount": sum(line["discount_micros"] for line in found) / MICROS,
            "channel": found[0]["channel"],
            "items": [
                {
                    **{name: line[name] for name in _ITEM},
                    "quantity": line["quantity_milli"] / _MILLI,
                    "amount": line["amount_micros"] / MICROS,
                    "returned_on": to_date(line["net_day"]).isoformat()
                    if line["net_day"] is not None and line["kind"] != "return"
                    else None,
                }
                for line in sorted(found, key=lambda line: (line["ts"], line["line_id"]))
            ],
        }
        for (day, order_id), found in orders.items()
    ]


def _single(table: str, rows: Iterable[Mapping[str, Any]]) -> list[Entry]:
    kind, key, names = _SHOWN[table]
    found: dict[str, Entry] = {}
    for row in rows:
        entry = {
            "kind": kind,
            "day": to_date(row["day"]).isoformat(),
            "ts": row["ts"].isoformat(),
            "id": row[key],
            **{name: row[name] for name in names},
        }
        if "value_micros" in row:
            value = row["value_micros"]
            entry["value"] = None if value is None else value / MICROS
        found[row[key]] = entry
    return list(found.values())
