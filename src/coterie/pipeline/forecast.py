"""Spend, orders, churn and the next segment of every customer of a run, kept beside it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import NotReadyError, ParameterError
from coterie.features.value import MAX_HORIZON_DAYS
from coterie.features.windows import to_day
from coterie.pipeline.plan import Tell
from coterie.prediction.churn import lapsing
from coterie.prediction.forecast import Expected, Known
from coterie.prediction.hindsight import (
    Hindsight,
    Movement,
    ahead,
    curves,
    forecaster_on,
    look_back,
    movement,
)
from coterie.prediction.history import History, read_gaps, read_known, see_days
from coterie.prediction.next_segment import STEP_DAYS
from coterie.prediction.summary import Facts, summarise
from coterie.prediction.value_page import value_page
from coterie.segmentation.base import horizon_days
from coterie.segmentation.parallel import at_most
from coterie.segmentation.released import Released, load_released
from coterie.store.home import Home
from coterie.store.predictions import PAGE, SUMMARY, Kept, kept_alone, rows_of
from coterie.store.results import Run
from coterie.store.runs import FolderWriter

KIND, TABLE = "value", "value.parquet"
_INPUTS = ("lines", "events", "customers")


class Value(Kept):
    """What customers are expected to spend and do within a horizon.

    Parameters
    ----------
    folder : Path
        The folder in which it is kept.

    Attributes
    ----------
    folder : Path
        Holds ``value.parquet``, ``summary.json`` and ``report.html``.
    """

    def table(self) -> pa.Table:
        """Return every customer by id.

        Returns
        -------
        pyarrow.Table
            customer_id, segment_id, status, spend, spend_low, spend_high (money), orders,
            active and churn (chances that add to 1), lapsing, next_segment_id and
            next_probability; unknown is null.
        """
        return pq.read_table(self.folder / TABLE)

    def customer(self, customer_id: str) -> dict[str, Any]:
        """Return one customer.

        Raises
        ------
        NotReadyError
            If there is no such customer.
        """
        rows = rows_of(self.folder / TABLE, customer_id).to_pylist()
        if not rows:
            raise NotReadyError(f"No customer has the id {customer_id!r}.", where="customer_id")
        found: dict[str, Any] = rows[0]
        return found


def value(
    settings: Settings, folder: Path, run: Run, *, horizon: str = "", tell: Tell | None = None
) -> Value:
    """Return what the customers of a run are expected to do; work it out when first asked.

    Parameters
    ----------
    settings : Settings
        Of the project: threads and memory.
    folder : Path
        The project folder.
    run : Run
        A run with orders.
    horizon : str
        Such as ``90d``; empty is that of the run.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Value
        The same bytes for the same run and horizon.

    Raises
    ------
    NotReadyError
        If the run has no orders, its lines are gone, or they are too few.
    """
    chosen = run.manifest["settings"]["segmentation"]
    days = horizon_days(horizon or chosen["horizon"])
    if days > MAX_HORIZON_DAYS:
        raise ParameterError(f"horizon={horizon!r}.", allowed=f"At most {MAX_HORIZON_DAYS} days.")
    released, home = load_released(run.folder), Home(folder)
    if released.features is None or run.as_of is None:
        raise NotReadyError(
            "Value and churn need orders; this run has none.", hint="Add [sources.orders]."
        )
    asked = Asked(run, released, home, days, int(chosen["seed"]), settings)
    tell = tell or (lambda *_: None)

    def make(writer: FolderWriter) -> None:
        with at_most(settings.threads), tempfile.TemporaryDirectory() as work:
            _make(asked, Path(work), writer, tell)

    names = {segment["id"]: segment["name"] for segment in run.segments}
    key = {"run": run.id, "horizon": days, "names": names, "version": run.manifest["version"]}
    return Value(kept_alone(home, KIND, key, make))


@dataclass(frozen=True)
class Asked:
    """What is to be worked out, and from what."""

    run: Run
    released: Released
    home: Home
    horizon: int
    seed: int
    settings: Settings

    @property
    def as_of(self) -> int:
        """The day after the last that may be seen."""
        return to_day(date.fromisoformat(str(self.run.as_of)))


def _make(asked: Asked, work: Path, writer: FolderWriter, tell: Tell) -> None:
    threads, limit = asked.settings.threads, asked.settings.memory_limit or None
    with DuckDB(work, threads=threads, memory_limit=limit) as db:
        tell("measure", 0.0, "looking at the past")
        _open(db, asked)
        history = History(db, asked.released, seed=asked.seed)
        ids, known = read_known(db, asked.as_of, features="run_features", state="run_state")
        # What is refused is refused before the work begins.
        seen = look_back(history, asked.as_of, asked.horizon, seed=asked.seed)
        tell("measure", 0.6, "learning from it")
        forecaster = forecaster_on(history, asked.as_of, asked.horizon, seed=asked.seed)
        moves = movement(history, asked.as_of, len(asked.released.ids), seed=asked.seed)
        start = seen.window.start if seen.window else asked.as_of - STEP_DAYS
        drawn = curves(history, start, len(asked.released.ids), now=asked.as_of)
        tell("place", 0.0, "foretelling every customer")
        expected = ahead(forecaster.expect(known, seen.choices), seen)
        see_days(db, history.rules, asked.as_of, "seen_by_all")
        usual = read_gaps(db, ids, "seen_by_all")
    tell("write", 0.0, "writing")
    table = _table(asked, ids, known, expected, seen, moves, usual)
    writer.table(TABLE, table)
    facts = Facts(
        as_of=asked.as_of,
        horizon=asked.horizon,
        currency=asked.run.manifest["settings"]["project"].get("currency", ""),
        project=asked.run.manifest["settings"]["project"]["name"],
        segments=asked.run.segments,
        watched_from=start,
    )
    summary = summarise(
        table, facts, forecaster, seen, moves, dict(zip(asked.released.ids, drawn, strict=True))
    )
    writer.json(SUMMARY, summary)
    writer.text(PAGE, value_page(summary))
    tell("write", 1.0, "done")


def _open(db: DuckDB, asked: Asked) -> None:
    """Make views of the run's tables and of its lines before its day."""
    run, data = asked.run, asked.home.data / str(asked.run.manifest.get("data", ""))
    for name in _INPUTS:
        files = data / name / "*.parquet"
        if not files.parent.is_dir() or not any(files.parent.iterdir()):
            continue
        rows = f"SELECT * FROM read_parquet({literal(str(files))})"
        db.view(name, rows if name == "customers" else f"{rows} WHERE day < {asked.as_of}")
    if "lines" not in db.tables():
        raise NotReadyError(
            "The lines that this run was made from are gone.", hint="Make it again: coterie run"
        )
    for name in ("features", "state"):
        file = literal(str(run.folder / f"{name}.parquet"))
        db.view(f"run_{name}", f"SELECT * FROM read_parquet({file})")


def _table(
    asked: Asked,
    ids: pa.Array,
    known: Known,
    expected: Expected,
    seen: Hindsight,
    moves: Movement,
    usual: np.ndarray[Any, np.dtype[np.float64]],
) -> pa.Table:
    """Return the rows of ``value.parquet``: every customer of the run by id."""
    everybody = asked.run.table("assignments").select(["customer_id", "segment_id", "status"])
    at = pc.index_in(everybody.column("customer_id").combine_chunks(), value_set=ids)
    low: Any = None
    high: Any = None
    if seen.ranges is not None:
        low, high = seen.ranges.around(expected.spend)
    flags, habit = lapsing(known.features[:, 0], known.x + 1, usual)
    columns = {
        "spend": pa.array(expected.spend),
        "spend_low": pa.nulls(len(ids), pa.float64()) if low is None else pa.array(low),
        "spend_high": pa.nulls(len(ids), pa.float64()) if high is None else pa.array(high),
        "orders": pa.array(expected.orders),
        "active": pa.array(expected.active),
        "churn": pa.array(1 - expected.active),
        "lapsing": pa.array(flags, mask=~habit),
    }
    table = everybody
    for name, values in columns.items():
        table = table.append_column(name, values.take(at))
    after, chance = _next(asked, table, ids, known, moves)
    table = table.append_column("next_segment_id", after.take(at))
    return table.append_column("next_probability", chance.take(at))


def _next(
    asked: Asked, table: pa.Table, ids: pa.Array, known: Known, moves: Movement
) -> tuple[pa.Array, pa.Array]:
    """Return the likeliest segment in four weeks and its chance, by the order of ``ids``."""
    n, names = len(ids), list(asked.released.ids)
    if moves.model is None:
        return pa.nulls(n, pa.string()), pa.nulls(n, pa.float64())
    at = pc.index_in(ids, value_set=table.column("customer_id").combine_chunks())
    own = table.column("segment_id").combine_chunks().take(at)
    start = pc.index_in(own, value_set=pa.array(names)).fill_null(-1).to_numpy()
    placed = start >= 0
    chances = np.zeros((n, len(names)))
    chances[placed] = moves.model.chances(known.features[placed], start[placed].astype(np.int32))
    best = chances.argmax(axis=1)
    after = pa.array(names).take(pa.array(best, mask=~placed))
    return after, pa.array(chances.max(axis=1), mask=~placed)
