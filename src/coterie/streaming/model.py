"""The published run as a stream needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import literal
from coterie.errors import NotReadyError
from coterie.features.asof import FeatureModel
from coterie.features.level1 import KEYED
from coterie.features.measures import StateSpec
from coterie.segmentation.released import Released
from coterie.streaming.canonical import Reading
from coterie.streaming.params import StreamParams
from coterie.validation.erased import Erasures
from coterie.validation.moment import see_people

PEOPLE = "customers"


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
        some = model.needed(self.released.matrix.sources)
        if self.spec.custom:  # they may be made of rows, so whoever is touched is measured anew
            some = replace(some, catalogue=replace(some.catalogue, state=self.spec))
        return some

    @property
    def kept(self) -> StateSpec:
        """The measures that are kept with every state: those that place and value customers.

        The others are made of level 1 when somebody asks, which is rarer than orders are.
        """
        return self.placing.catalogue.state

    @cached_property
    def reads(self) -> frozenset[str]:
        """Tables of level 1 that the kept measures are made of."""
        return frozenset(one.over for one in self.kept.measures) & KEYED.keys()

    @property
    def reads_events(self) -> bool:
        """Whether places, or measures of the project, depend on other events than orders."""
        return bool(self.features.boosted or self.spec.custom or "event_days" in self.reads)

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
        """All measures."""
        return self.features.catalogue.state

    @property
    def raw_tables(self) -> frozenset[str]:
        """Tables that measures of the project are made of beside level 1."""
        return frozenset(m.over for m in self.spec.custom) & {"lines", "events", "texts", "touches"}

    @property
    def windows(self) -> tuple[int, ...]:
        """The lengths of all windows of the kept measures, in days."""
        return tuple(sorted({m.window_days for m in self.kept.measures if m.window_days}))

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
