"""Evidence for a choice: the customers as they were before a window, and what they did in it.

Everything a candidate sees is computed again as of the window's start, the value
model and the vocabularies included; only the outcome comes from the window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.features.asof import SCORES, Custom, FeatureModel, Sources, fit_features
from coterie.features.catalogue import VALUE_FEATURES
from coterie.features.column import to_floats
from coterie.features.lenses import FeatureSet, feature_sets, fit_matrix, read_columns
from coterie.features.level1 import Rules
from coterie.features.origins import Lessons, learn
from coterie.features.windows import (
    MIN_WINDOW_DAYS,
    Window,
    inner_window,
    outcome_sql,
    why_unusable,
    window_before,
)
from coterie.schema import MICROS
from coterie.segmentation.base import Floats, SegmentationParams, horizon_days
from coterie.segmentation.candidates import Evidence, Reference, Space
from coterie.segmentation.grid import RfmGridModel, rfm_cells
from coterie.segmentation.ground import Boosting, Columns, Orders
from coterie.segmentation.search import Earlier
from coterie.segmentation.select import N_SAMPLE

SAMPLE = "sample"
"""Table of the seeded sample of customers."""
SAMPLE_LINES = "sample_lines"
"""View of their order lines."""


@dataclass(frozen=True)
class Past:
    """The sample as it was at the start of the window."""

    window: Window
    model: FeatureModel
    sets: tuple[FeatureSet, ...]
    frame: pa.Table
    """Every column that a feature set or the ceiling needs, ordered by customer_id."""
    spent: pa.Table | None = None
    """customer_id and net, for a window that ends before today; else ``order_days`` has it."""
    unboosted: str = ""
    """Why there is no boosted value though it was asked for; empty else."""


@dataclass(frozen=True)
class Case:
    """What the selection is given."""

    spaces: tuple[Space, ...]
    references: tuple[Reference, ...]
    evidence: Evidence
    note: str = ""
    """Why later behaviour could not be used; empty if it was."""
    earlier: Earlier | None = None
    """The same as of the window before, if history reaches back so far."""


@dataclass(frozen=True, eq=False)
class Today:
    """The sampled customers as they are now, ordered by customer_id."""

    frame: pa.Table
    revenue: Floats | None
    ground: Columns


def draw_sample(db: DuckDB, relation: str, seed: int) -> None:
    """Make the table of at most 50,000 of the customers, drawn by a hash of id and seed.

    The draw depends on nothing but ids and seed, so new customers do not reshuffle it.

    Parameters
    ----------
    db : DuckDB
        Where the tables are.
    relation : str
        Table of ``customer_id``, one row each, or a SELECT in brackets.
    seed : int
        Same seed, same result.
    """
    db.create(
        SAMPLE,
        f"SELECT customer_id FROM {relation} AS everyone "
        f"ORDER BY md5(customer_id || {literal(f':{seed}')}), customer_id LIMIT {N_SAMPLE}",
    )


def draw_lines(db: DuckDB, seed: int) -> None:
    """Draw the sample from all who ever ordered, and make the view of their lines."""
    known = "SELECT DISTINCT customer_id FROM lines WHERE customer_id IS NOT NULL"
    draw_sample(db, f"({known})", seed)
    db.view(SAMPLE_LINES, f"SELECT l.* FROM lines AS l SEMI JOIN {SAMPLE} USING (customer_id)")


def spent_by(db: DuckDB, customers: pa.Table, source: str) -> Floats:
    """Return what each customer of a sorted ``customer_id`` spent; 0 if ``source`` has nothing.

    Parameters
    ----------
    db : DuckDB
        Holds what ``source`` reads.
    customers : pa.Table
        Its column ``customer_id``, ascending.
    source : str
        A table of ``customer_id`` and ``net`` in micros, or a SELECT in brackets.

    Returns
    -------
    float64 array, shape (n,)
        In the order of ``customers``, in units of money.
    """
    db.load("past_ids", customers.select(["customer_id"]))
    spent = db.query(
        "SELECT COALESCE(o.net, 0) AS net FROM past_ids AS p "
        f"LEFT JOIN {source} AS o ON o.customer_id = p.customer_id ORDER BY p.customer_id"
    )
    return to_floats(spent.column("net")) / MICROS


def look_back(
    db: DuckDB,
    rules: Rules,
    custom: Custom,
    params: SegmentationParams,
    *,
    as_of: int,
) -> tuple[Past, ...] | str:
    """Return the sampled customers as they were before the last windows, or why there are none.

    Only the lens ``value`` is judged by later spend; others look at what people are
    like, which later spend does not tell. Overwrites ``order_days``, ``state`` and
    ``features`` in the working database.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables.
    rules : Rules
        How lines are counted.
    custom : Custom
        The measures and features of the project.
    params : SegmentationParams
        Lens, horizon and seed.
    as_of : int
        Day after the last line that may be seen.

    Returns
    -------
    tuple of Past, or str
        The last window and, if history reaches back so far, the one before. The reason in
        words if the history is too short; empty if the lens is another.
    """
    if params.lens not in {"auto", "value"}:
        return ""
    ((first_day,),) = db.rows("SELECT MIN(day) FROM lines")
    window = inner_window(first_day, as_of, horizon_days(params.horizon))
    if window is None:
        return (
            f"Later behaviour could not be used: there are {as_of - first_day:,} days of orders, "
            f"and {2 * MIN_WINDOW_DAYS} are needed."
        )
    draw_lines(db, params.seed)
    boosts = params.boosts
    last = _past(db, rules, custom, window, boosts=boosts)
    before = window_before(window, first_day)
    if before is None:
        return (last,)
    spent = db.query(outcome_sql(before))  # the days of orders are now those of its end
    return last, replace(_past(db, rules, custom, before, boosts=boosts), spent=spent)


def _past(db: DuckDB, rules: Rules, custom: Custom, window: Window, *, boosts: bool) -> Past:
    """Measure the sample as of the start of a window."""
    sources = Sources(lines=SAMPLE_LINES)
    day, days = window.start, window.days
    found: Lessons | str = ""
    if boosts:
        found = learn(db, rules, custom.frequency, as_of=day, horizon=days, lines=SAMPLE_LINES)
    trees = found.fit() if isinstance(found, Lessons) else None
    model = fit_features(db, rules, custom, as_of=day, horizon=days, sources=sources, boosted=trees)
    why = found if isinstance(found, str) else model.value_reason
    sets = feature_sets("value", model, ())
    scores = SCORES if model.rfm else ()
    names = dict.fromkeys([*VALUE_FEATURES, *scores, *(c for s in sets for c in s.columns)])
    return Past(
        window, model, sets, read_columns(db, tuple(names)), unboosted=why if boosts else ""
    )


def judge_later(db: DuckDB, pasts: Sequence[Past]) -> Case | str:
    """Return the case of the last window with the one before, or why it is no use.

    ``order_days`` in the working database must be that of the last window's end.

    Parameters
    ----------
    db : DuckDB
        Holds ``order_days``.
    pasts : sequence of Past
        The last window first.

    Returns
    -------
    Case or str
        Without the earlier window if too few customers came or stayed away in it.
    """
    last = _case(db, pasts[0])
    if isinstance(last, str) or len(pasts) < 2:
        return last
    before = _case(db, pasts[1])
    if isinstance(before, str):
        return last
    return replace(last, earlier=Earlier(before.spaces, before.references, before.evidence))


def _case(db: DuckDB, past: Past) -> Case | str:
    """Return the case of one window, or why it is no use."""
    source = f"({outcome_sql(past.window)})"
    if past.spent is not None:
        db.load("past_spent", past.spent)
        source = "past_spent"
    outcome = spent_by(db, past.frame, source)
    reason = why_unusable(len(outcome), int((outcome > 0).sum()))
    if reason:
        return f"Later behaviour could not be used: {reason}"
    evidence = Evidence(
        outcome=outcome,
        ceiling_features=_numbers(past.frame, VALUE_FEATURES),
        revenue=to_floats(past.frame.column("monetary")),
        window=(past.window.start, past.window.end),
    )
    return Case(_spaces(past.frame, past.sets), _references(past.frame, past.model), evidence)


def judge_now(
    db: DuckDB,
    model: FeatureModel | None,
    sets: Sequence[FeatureSet],
    params: SegmentationParams,
    note: str,
) -> Case:
    """Return the case without a timeline: an outcome column, else each column from the others.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` and the attributes.
    model : FeatureModel or None
        The features of a project with orders.
    sets : sequence of FeatureSet
        What may be clustered by, the preferred one first.
    params : SegmentationParams
        Outcome and seed.
    note : str
        Why there is no timeline, in words.

    Returns
    -------
    Case
        The spaces, the references and what judges them.
    """
    draw_sample(db, "features", params.seed)
    outcome_names = [params.outcome] if params.outcome else []
    scores = SCORES if model and model.rfm else ()
    revenue = ["monetary"] if model else []
    columns = [c for s in sets for c in s.columns]
    names = tuple(dict.fromkeys([*columns, *scores, *revenue, *outcome_names]))
    frame = read_columns(db, names, only=SAMPLE)
    spaces = _spaces(frame, sets)
    evidence = Evidence(
        outcome=_outcome(frame, params.outcome) if params.outcome else None,
        ceiling_features=spaces[0].matrix,
        revenue=to_floats(frame.column("monetary")) if model else None,
    )
    return Case(spaces, _references(frame, model) if model else (), evidence, note)


def today(
    db: DuckDB,
    model: FeatureModel | None,
    sets: Sequence[FeatureSet],
    words: Mapping[str, str],
    *,
    as_of: int | None,
    seed: int,
    lessons: Lessons | None = None,
) -> Today:
    """Return today's sampled customers, on whom candidates are proven.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` and the attributes and, with orders, ``state``.
    model : FeatureModel or None
        The features of a project with orders.
    sets : sequence of FeatureSet
        What may be clustered by.
    words : mapping of str to str
        What columns are called in sentences.
    as_of : int or None
        Today; None without orders.
    seed : int
        Of the sample.
    lessons : Lessons, optional
        What boosted value was learned from.

    Returns
    -------
    Today
        The customers, what they spent so far, and all that can be fitted again.
    """
    draw_sample(db, "features", seed)
    told = VALUE_FEATURES if model else ()
    names = tuple(dict.fromkeys([*(c for s in sets for c in s.columns), *told]))
    frame = read_columns(db, names, only=SAMPLE)
    orders = None
    if model is not None and model.value is not None and as_of is not None:
        known = db.query(
            "SELECT order_days - 1 AS x, last_day - first_day AS t_x, "
            f"{as_of} - 1 - first_day AS tenure, net - first_day_net AS repeat_net "
            f"FROM state SEMI JOIN {SAMPLE} USING (customer_id) "
            "WHERE order_days > 0 ORDER BY customer_id"
        )
        x, t_x, tenure, net = (to_floats(known.column(name)) for name in known.column_names)
        orders = Orders(model.value, x, t_x, tenure, net / MICROS / np.maximum(x, 1.0))
    boosting = None
    if lessons is not None and frame.num_rows:
        ids = np.asarray(frame.column("customer_id").to_pylist(), dtype=str)
        boosting = Boosting.of(lessons, ids)
    ground = Columns(frame, sets, told=told, orders=orders, boosting=boosting, words=words)
    return Today(frame, to_floats(frame.column("monetary")) if model else None, ground)


def _spaces(frame: pa.Table, sets: Sequence[FeatureSet]) -> tuple[Space, ...]:
    spaces = []
    for feature_set in sets:
        matrix = fit_matrix(frame, feature_set)
        sources = tuple(column.source for column in matrix.columns)
        spaces.append(Space(feature_set.name, matrix.names, matrix.transform(frame), sources))
    return tuple(spaces)


def _references(frame: pa.Table, model: FeatureModel) -> tuple[Reference, ...]:
    if model.rfm is None:
        return ()
    scores = _numbers(frame, SCORES).astype(np.int8)
    grid = RfmGridModel(model.rfm.to_dict())
    return (
        Reference("RFM grid", "RFM scores", grid.assign(scores), grid),
        Reference("RFM cells", "RFM scores", rfm_cells(scores)),
    )


def _outcome(frame: pa.Table, name: str) -> Floats:
    """Return a number as it is, a category as one 0/1 column for each of its values."""
    data = frame.column(name)
    if pa.types.is_floating(data.type):
        numbers = to_floats(data)
        return np.where(np.isfinite(numbers), numbers, np.nanmedian(numbers))
    words = np.asarray(data.cast(pa.string()).fill_null("").to_pylist(), dtype=object)
    levels = sorted(set(words.tolist()))
    return np.column_stack([(words == level).astype(np.float64) for level in levels])


def _numbers(frame: pa.Table, names: Sequence[str]) -> Floats:
    return np.column_stack([to_floats(frame.column(name)) for name in names])
