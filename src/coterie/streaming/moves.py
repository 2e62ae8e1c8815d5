"""Who moved: states as they were and as they are, and what is told of the difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coterie.segmentation.placing import NONE
from coterie.store.streams import STATE
from coterie.streaming.measuring import Scored, clearly_nearer
from coterie.streaming.model import StreamModel

ENTERED, LEFT, VALUE = "segment.entered", "segment.left", "value.changed"
_AT = {name: number for number, name in enumerate(STATE)}


@dataclass(frozen=True)
class Now:
    """When and why customers are looked at.

    Parameters
    ----------
    as_of : int
        The day up to which the stream sees.
    cause : str
        ``event``, ``time``, ``model`` or ``correction``.
    latest, returned : mapping of str to int
        Time of the last message, and of the last return, of those who have new ones.
    """

    as_of: int
    cause: str
    latest: Mapping[str, int]
    returned: Mapping[str, int]


def find_moves(
    scored: Scored, before: Mapping[str, tuple[Any, ...]], model: StreamModel, now: Now
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Compare customers with what they were.

    Parameters
    ----------
    scored : Scored
        As they are.
    before : mapping of str to tuple
        Their states until now, as ``STATE``; those who are new are not there.
    model : StreamModel
        What placed them.
    now : Now
        When and why.

    Returns
    -------
    (list of tuple, list of tuple)
        States that changed, as ``STATE``, and what is to be told, as ``MOVE`` without id and time.
    """
    rows = _differing(scored, before, model.params.value_change)
    stays = _stays(rows, scored, before, model)
    states: list[tuple[Any, ...]] = []
    moves: list[tuple[Any, ...]] = []
    for row in rows:
        who = scored.ids[row]
        old = before.get(who)
        segment, value = scored.segments[row], scored.values[row]
        label = segment if old is None or row not in stays else old[_AT["label_id"]]
        said = old[_AT["label_id"]] if old else NONE
        told = old[_AT["value"]] if old else None
        changed = _changes(told, value, model.params.value_change)
        state = (
            who,
            scored.measures[row],
            _later(old, "returned_ts", now.returned.get(who)),
            _later(old, "last_ts", now.latest.get(who)),
            segment,
            label,
            value if told is None or changed else told,
            old[_AT["since"]] if old and label == said else now.as_of - 1,
        )
        if state != old:
            states.append(state)
        common = (scored.margins[row], model.released.model_id, now.as_of, now.latest.get(who))
        if label != said:
            pair = (None if said == NONE else said, None if label == NONE else label)
            if pair[0]:
                moves.append((who, LEFT, now.cause, *pair, None, None, *common))
            if pair[1]:
                moves.append((who, ENTERED, now.cause, *pair, None, None, *common))
        if changed:
            moves.append((who, VALUE, now.cause, None, None, told, value, *common))
    return states, moves


def _differing(scored: Scored, before: Mapping[str, tuple[Any, ...]], least: float) -> list[int]:
    """Return the rows of those of whom anything is to be written: on a quiet day these are few."""
    measures, segment, label, told = (
        _AT[name] for name in ("measures", "segment_id", "label_id", "value")
    )
    found = []
    everybody = zip(scored.ids, scored.measures, scored.segments, scored.values, strict=True)
    for row, (who, packed, place, value) in enumerate(everybody):
        old = before.get(who)
        if (
            old is None
            or old[segment] != place
            or old[label] != place
            or old[measures] != packed
            or _changes(old[told], value, least)
        ):
            found.append(row)
    return found


def _stays(
    rows: Sequence[int], scored: Scored, before: Mapping[str, tuple[Any, ...]], model: StreamModel
) -> frozenset[int]:
    """Return the rows of those who go on being called as they were."""
    same, asked, former = set(), [], []
    for row in rows:
        who = scored.ids[row]
        if who not in before:
            continue
        label = before[who][_AT["label_id"]]
        if label == scored.segments[row]:
            same.add(row)
        else:
            asked.append(row)
            former.append(label)
    clear = clearly_nearer(scored, model.released, asked, former, model.params.hysteresis)
    return frozenset(same | {row for row, far in zip(asked, clear, strict=True) if not far})


def _changes(told: float | None, value: float | None, least: float) -> bool:
    if told is None or value is None:
        return False
    return abs(value - told) > least * max(abs(told), 0.01)


def _later(old: tuple[Any, ...] | None, name: str, new: int | None) -> int | None:
    known = old[_AT[name]] if old else None
    found: int | None = new if known is None or (new is not None and new > known) else known
    return found
