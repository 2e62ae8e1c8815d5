"""What rules are made from, and what each segment hangs on, for the model of a run.

Rules ask about the columns the segments were built from and, with orders, about the
thirteen features of a customer's history and customer value. Scores are left out: a rule
that names a score would have to be explained itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier
from coterie.features.asof import SCORES
from coterie.features.catalogue import CLV, VALUE_FEATURES
from coterie.features.column import HIT, UNBOUNDED, Column, to_floats
from coterie.features.lenses import frame_sql
from coterie.profiling.rules import Asked, Rules, make_rules
from coterie.segmentation.base import Floats, Labels
from coterie.segmentation.describability import N_FOLDS
from coterie.segmentation.evidence import SAMPLE, draw_sample
from coterie.segmentation.released import Released

REPEATS = 5


@dataclass(frozen=True)
class Placed:
    """Drawn customers who have a segment, by id: their columns, and the ids of their segments."""

    frame: pa.Table
    ids: tuple[str, ...]


def draw_placed(db: DuckDB, released: Released, *, seed: int) -> Placed:
    """Draw at most 50,000 customers by their ids, those whom the model was fitted on.

    Parameters
    ----------
    db : DuckDB
        Holds ``features``, the attributes and ``assignments``.
    released : Released
        The model that placed them.
    seed : int
        Of the draw.

    Returns
    -------
    Placed
        With the columns of the model and those that rules may ask about.
    """
    sources = (*(c.source for c in asked_columns(released)), *released.matrix.sources)
    names = tuple(dict.fromkeys(sources))
    draw_sample(db, "features", seed)
    columns = ", ".join(f"f.{identifier(name)}" for name in names)
    table = db.query(
        f"SELECT {columns}, a.segment_id AS placed__in FROM ({frame_sql(db, names)}) AS f "
        "JOIN assignments AS a ON a.customer_id = f.customer_id "
        f"WHERE a.segment_id <> 'none' AND f.customer_id IN (SELECT customer_id FROM {SAMPLE}) "
        "ORDER BY f.customer_id"
    )
    ids = table.column("placed__in").to_pylist()
    return Placed(table.drop_columns(["placed__in"]), tuple(ids))


def segment_rules(placed: Placed, released: Released, *, seed: int) -> Rules | None:
    """Make rules that describe the segments.

    Parameters
    ----------
    placed : Placed
        The customers to look at.
    released : Released
        The model that placed them.
    seed : int
        Of folds and ties.

    Returns
    -------
    Rules or None
        None with fewer than two segments or five customers.
    """
    frame, found = placed.frame, set(placed.ids)
    present = tuple(name for name in released.ids if name in found)
    if len(present) < 2 or frame.num_rows < N_FOLDS:
        return None
    labels = np.array([present.index(name) for name in placed.ids], dtype=np.int32)
    asked = [_ask(column, frame, released) for column in asked_columns(released)]
    return make_rules(raw_values(asked, frame), labels, asked, present, seed=seed)


def with_rules(
    known: Mapping[str, Mapping[str, Any]], rules: Rules | None, *, currency: str
) -> dict[str, dict[str, Any]]:
    """Return what is known of each segment with the object ``rule`` beside it.

    Parameters
    ----------
    known : mapping of str to mapping
        By segment id.
    rules : Rules or None
        As made.
    currency : str
        ISO code for the words.

    Returns
    -------
    dict of str to dict
        By segment id; a segment without a rule has ``rule_reason``.
    """
    found = {name: dict(about) for name, about in known.items()}
    for name, rule in (rules.objects(currency) if rules else {}).items():
        found.setdefault(name, {})["rule"] = rule
    for name in rules.ids if rules else ():
        reason = "No few conditions tell this segment from the others."
        found.setdefault(name, {}).setdefault("rule_reason", reason)
    return found


def asked_columns(released: Released) -> list[Column]:
    """Return the columns that rules may ask about, unscaled."""
    columns = [
        replace(
            column,
            transform="none",
            center=0.0,
            scale=1.0,
            weight=1.0 if column.role == "value" else HIT,
            clip=UNBOUNDED,
        )
        for column in released.matrix.columns
        if column.source not in SCORES
    ]
    if released.features is not None:
        known = {column.source for column in columns}
        value = (CLV.name,) if released.features.value else ()
        columns += [
            Column(name, "value", clip=UNBOUNDED)
            for name in (*VALUE_FEATURES, *value)
            if name not in known
        ]
    return columns


def raw_values(asked: Sequence[Asked], frame: pa.Table) -> Floats:
    """Return the asked columns of a table as numbers, shape (rows, columns)."""
    return np.column_stack([one.column.values(frame.column(one.column.source)) for one in asked])


def importance(placed: Placed, released: Released, *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return what each segment hangs on: who would leave it if one column were another's.

    The values of one column are shuffled among all customers and everybody is placed
    again; ``moved`` is the share of the segment's members that go elsewhere. Columns that
    say the same share their importance, and a column can matter without being a cause.

    Parameters
    ----------
    placed : Placed
        The customers to look at.
    released : Released
        The model that placed them.
    seed : int
        Of the shuffles.

    Returns
    -------
    dict of str to list
        By segment id, objects with feature, label and moved (0 to 1), the largest first.

    References
    ----------
    Breiman (2001), Random Forests: permutation importance, here of the placement itself.
    """
    frame = placed.frame
    if not frame.num_rows or released.model.n_segments < 2:
        return {}
    rows = released.matrix.transform(frame)
    labels = released.model.assign(rows)
    random = np.random.default_rng(seed)
    orders = [random.permutation(len(rows)) for _ in range(REPEATS)]
    moved = {
        source: _moved(released, rows, labels, source, orders) for source in released.matrix.sources
    }
    return {
        name: sorted(
            (
                {
                    "feature": source,
                    "label": released.words.get(source, source),
                    "moved": round(float(share[number]), 6),
                }
                for source, share in moved.items()
            ),
            key=lambda item: (-item["moved"], item["feature"]),
        )
        for number, name in enumerate(released.ids)
        if (labels == number).any()
    }


def _moved(
    released: Released, rows: Floats, labels: Labels, source: str, orders: Sequence[Any]
) -> Floats:
    """Return, by segment, the mean share of members who leave when a column is shuffled."""
    places = [i for i, c in enumerate(released.matrix.columns) if c.source == source]
    size = np.bincount(labels[labels >= 0], minlength=released.model.n_segments)
    left = np.zeros(released.model.n_segments)
    for order in orders:
        shuffled = rows.copy()
        shuffled[:, places] = rows[np.ix_(order, places)]
        gone = (released.model.assign(shuffled) != labels) & (labels >= 0)
        left += np.bincount(labels[gone], minlength=released.model.n_segments)
    return np.asarray(left / np.maximum(size, 1) / len(orders), dtype=np.float64)


def _ask(column: Column, frame: pa.Table, released: Released) -> Asked:
    """Return a column with its words, and what its values are like."""
    source = column.source
    features = released.features.features if released.features else ()
    units = {a.name: "date" if a.kind == "date" else a.unit for a in released.attributes}
    units |= {feature.name: feature.unit for feature in features}
    label = released.words.get(source, source)
    if column.role != "value":
        return Asked(column, label, units.get(source, ""), whole=True)
    numbers = to_floats(frame.column(source))
    known = numbers[np.isfinite(numbers)]
    middle = float(np.median(known)) if known.size else 0.0
    return Asked(
        replace(column, fill=middle),
        label,
        units.get(source, ""),
        whole=bool((known == np.floor(known)).all()),
        gaps=known.size < numbers.size,
    )
