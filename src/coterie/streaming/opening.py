"""A stream begins where the last batch run ended: its level 1 and places, then all that came since.

It is one transaction: until it is committed the stream goes on with the former run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from coterie.engine.duckdb import DuckDB
from coterie.features.level1 import build_level1
from coterie.segmentation.placing import NONE
from coterie.store.stream_tables import STREAM_EVENTS, STREAM_LINES
from coterie.store.streams import STATE, Streams
from coterie.streaming.canonical import EVENT, LINE
from coterie.streaming.counting import latest, returns
from coterie.streaming.measuring import LEVEL1, Scored, score, to_rows
from coterie.streaming.model import StreamModel
from coterie.streaming.moves import LEFT, Now, find_moves
from coterie.streaming.processor import Processor

Tell = Callable[[str, float], None]
_PAGE = 20_000
_PART = 200_000


def open_stream(processor: Processor, tell: Tell | None = None) -> bool:
    """Make the stream of a project stand on the published run, unless it does.

    Parameters
    ----------
    processor : Processor
        With the model of the run.
    tell : callable, optional
        Told what is being done, and the share that is done.

    Returns
    -------
    bool
        Whether anything was done.
    """
    tell = tell or (lambda *_: None)
    model = processor.model
    with processor.database.transaction() as connection:
        if _stands(Streams(connection, processor.project).row(), model):
            return False
    tell("measuring what the run has seen", 0.0)
    db = processor.counting.db
    _make_level1(db, model)
    with processor.writing() as streams:
        row = streams.row(lock="alone")
        if _stands(row, model):
            return False
        now = processor.clock()
        as_of = max(model.watermark, int(row["sweeping"] or row["as_of"]) if row else 0)
        former = _former(streams)
        streams.prune(before=model.watermark - model.params.keep_days)
        streams.clear_level1()
        kept = sorted(processor.counting.written)
        for number, name in enumerate(kept):
            tell("writing what the run has counted", number / len(kept))
            for part in _parts(db, name):
                streams.load(name, part)
        tell("placing everybody", 0.0)
        scored, now_known = _score_all(processor, as_of)
        tell("counting what came since", 0.0)
        touched, came = _replay(processor, streams, former, now_known)
        rest = scored.without(touched)
        states, told = find_moves(rest, former, model, now_known)
        streams.put_states(states)
        moves = told if former else []
        for start in range(0, len(touched), _PAGE):
            some = sorted(touched)[start : start + _PAGE]
            known = {who: former[who] for who in some if who in former}
            moves += processor.counting.evaluate(streams, some, known, came)
        streams.write(
            run_id=model.run_id,
            model_id=model.released.model_id,
            measures_hash=model.kept.hash,
            watermark=model.watermark,
            as_of=as_of,
            sweeping=None,
            swept=None,
            changed=now,
        )
        gone = former.keys() - set(rest.ids) - touched
        moves += _forgotten(processor, streams, former, gone)
        streams.count(now, None, moves=len(moves))
        streams.add_moves(moves, now)
    return True


def _stands(row: dict[str, Any] | None, model: StreamModel) -> bool:
    wanted = (model.run_id, model.kept.hash)
    return row is not None and (row["run_id"], row["measures_hash"]) == wanted


def _make_level1(db: DuckDB, model: StreamModel) -> None:
    """Count what the run has seen, each table under a name of its own."""
    events = "past_events" if "events" in model.tables else ""
    mix = "order_mix" in model.reads
    build_level1(db, model.spec.rules, model.watermark, lines="past_lines", events=events, mix=mix)


def _parts(db: DuckDB, name: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a table of level 1 in the order of their keys, some at a time."""
    names = ", ".join(LEVEL1[name].names)
    key = {"orders": "customer_id, order_id", "order_mix": "customer_id, day, dimension, value"}
    order = key.get(name, "customer_id, day" + (", type" if name == "event_days" else ""))
    for batch in db.stream(f"SELECT {names} FROM {name} ORDER BY {order}"):
        yield to_rows(batch)


def _former(streams: Streams) -> dict[str, tuple[Any, ...]]:
    """Return the states until now, without the measures."""
    found: dict[str, tuple[Any, ...]] = {}
    after = ""
    while rows := streams.next_states(after, _PART):
        found |= {row[0]: (row[0], b"", *row[2:]) for row in rows}
        after = rows[-1][0]
    return found


def _score_all(processor: Processor, as_of: int) -> tuple[Scored, Now]:
    """Measure and place everybody as the run saw them; return when it saw each the last time."""
    db, model = processor.counting.db, processor.model
    raw = sorted(model.raw_tables & model.tables)
    for name in raw:
        db.create(name, f"SELECT * FROM past_{name}")
    db.create("state", model.kept.sql(as_of))
    for name in (*LEVEL1, *raw):
        db.drop(name)
    scored = score(db, model, as_of)
    seen = db.query(
        "SELECT customer_id, max(epoch_us(ts)) AS last_ts, "
        "max(epoch_us(ts)) FILTER (kind = 'return') AS returned_ts "
        "FROM past_lines WHERE customer_id IS NOT NULL GROUP BY 1"
    )
    ids, last, returned = (column.to_pylist() for column in seen.columns)
    known = {who: ts for who, ts in zip(ids, returned, strict=True) if ts is not None}
    return scored, Now(as_of, "model", dict(zip(ids, last, strict=True)), known)


def _forgotten(
    processor: Processor,
    streams: Streams,
    former: Mapping[str, tuple[Any, ...]],
    gone: AbstractSet[str],
) -> list[tuple[Any, ...]]:
    """Drop those of whom neither the run nor the stream knows anything any more, and tell it."""
    streams.forget(sorted(gone))
    label, model = STATE.index("label_id"), processor.model
    told = (None, None, None, model.released.model_id, model.watermark, None)
    return [
        (who, LEFT, "model", former[who][label], None, *told)
        for who in sorted(gone)
        if former[who][label] != NONE
    ]


def _replay(
    processor: Processor, streams: Streams, former: Mapping[str, tuple[Any, ...]], seen: Now
) -> tuple[set[str], Now]:
    """Count all that came and that the run has not seen; return whom it touched, and when."""
    counting, watermark = processor.counting, processor.model.watermark
    at = STATE.index("returned_ts")
    returned = {who: row[at] for who, row in former.items() if row[at] is not None}
    _keep_later(returned, seen.returned)
    last, anew, touched = dict(seen.latest), set[str](), set[str]()
    for table, columns in ((STREAM_LINES, LINE), (STREAM_EVENTS, EVENT)):
        after, day, who = "", columns.index("day"), columns.index("customer_id")
        name = table.name.removeprefix("stream_")
        while rows := streams.kept_since(table, after, _PAGE):
            after = rows[-1][0]
            known = counting.seen_by_run(name, [r[0] for r in rows if r[day] < watermark])
            new = [row for row in rows if row[day] >= watermark or row[0] not in known]
            lines, events = (new, []) if table is STREAM_LINES else ([], new)
            if lines or processor.model.reads_events:
                touched |= {row[who] for row in new if row[who] is not None}
            _keep_later(returned, returns(lines))
            _keep_later(last, latest(lines, events))
            anew |= counting.paired(lines, returned)
            counting.count(streams, lines, events, anew, seen.as_of)
    for start in range(0, len(anew), _PAGE):
        counting.rebuild(streams, sorted(anew)[start : start + _PAGE], seen.as_of)
    return touched, Now(seen.as_of, "model", last, returned)


def _keep_later(times: dict[str, int], others: Mapping[str, int]) -> None:
    for who, ts in others.items():
        times[who] = max(ts, times.get(who, ts))
