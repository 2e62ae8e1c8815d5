"""The published run as a stream needs it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import NotReadyError
from coterie.features.asof import RFM, SCORES, FeatureModel
from coterie.features.measures import StateSpec
from coterie.segmentation.released import Released
from coterie.streaming.canonical import Reading
from coterie.streaming.params import StreamParams
from coterie.validation.erased import Erasures
from coterie.validation.moment import see_people

PEOPLE = "customers"


def used_features(released: Released, model: FeatureModel) -> set[str]:
    """Return the names of all that a segmentation reads, directly or through other features.

    Parameters
    ----------
    released : Released
        The segmentation.
    model : FeatureModel
        Its features.

    Returns
    -------
    set of str
        Features, measures and attributes.
    """
    made = {f.name: set(re.findall(r'"([^"]+)"', f.expr)) for f in model.catalogue.features}
    scored = {name: set(RFM) for name in SCORES}
    todo, seen = list(released.matrix.sources), set[str]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += made.get(name, scored.get(name, ()))
    return seen


@dataclass(frozen=True)
class StreamModel:
    """What places customers, and the history that it knows.

    Parameters
    ----------
    run_id : str
        The published run.
    released : Released
        Its model, with features.
    watermark : int
        Day up to which the run saw everything.
    data : Path
        Its checked tables.
    tables : frozenset of str
        Canonical tables that hold anything.
    own_ids : frozenset of str
        Those of ``lines`` and ``events`` whose rows carry ids of their own.
    reading : Reading
        How messages are read.
    params : StreamParams
        Of the stream.
    erasures : callable, optional
        Tells who was erased by now, and how the others are called.
    """

    run_id: str
    released: Released
    watermark: int
    data: Path
    tables: frozenset[str]
    own_ids: frozenset[str]
    reading: Reading
    params: StreamParams
    erasures: Callable[[], Erasures | None] = lambda: None

    @cached_property
    def placing(self) -> FeatureModel:
        """The features that place customers: to plan all takes longer than a small batch."""
        model = self.features
        if model.boosted:
            return model
        used = used_features(self.released, model)
        some = tuple(one for one in model.catalogue.features if one.name in used)
        scored = model.rfm if used & set(SCORES) else None
        return replace(model, catalogue=replace(model.catalogue, features=some), rfm=scored)

    @cached_property
    def reads_events(self) -> bool:
        """Whether places, or measures of the project, depend on other events than orders."""
        if self.features.boosted or self.spec.custom:
            return True
        return not used_features(self.released, self.features).isdisjoint(self._of_events)

    @property
    def blank(self) -> frozenset[str]:
        """Measures that are not kept with the state, but made of level 1 when somebody asks."""
        return frozenset() if self.reads_events else self._of_events

    @property
    def _of_events(self) -> frozenset[str]:
        return frozenset(one.name for one in self.spec.measures if one.over == "event_days")

    @property
    def features(self) -> FeatureModel:
        """The fitted features."""
        if self.released.features is None:
            raise NotReadyError(
                "The published segments are made of attributes alone: events change nothing.",
                hint="Add a source of orders, and run again.",
            )
        return self.released.features

    @property
    def spec(self) -> StateSpec:
        """The measures."""
        return self.features.catalogue.state

    @property
    def raw_tables(self) -> frozenset[str]:
        """Tables that measures of the project are made of beside level 1."""
        return frozenset(m.over for m in self.spec.custom) & {"lines", "events", "texts", "touches"}

    @property
    def windows(self) -> tuple[int, ...]:
        """The lengths of all windows of measures, in days."""
        return tuple(sorted({m.window_days for m in self.spec.measures if m.window_days}))

    def history(self, db: DuckDB) -> None:
        """Make views of what the run saw: ``past_lines``, ``past_events`` … and ``people``.

        Parameters
        ----------
        db : DuckDB
            Gets a view of each table that holds anything.
        """
        for name in sorted(self.tables):
            files = literal(str((self.data / name).resolve() / "*.parquet"))
            seen = f"SELECT * FROM read_parquet({files})"
            if name == PEOPLE:
                db.view(PEOPLE, seen)
                see_people(db, self.watermark)
            else:
                db.view(f"past_{name}", f"{seen} WHERE day < {self.watermark}")
