"""A released segmentation: everything needed to place a customer, and the segments' identities.

It is plain JSON in the run folder; with it a later run scores new data by the same
rule, and a refit knows which segments existed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from coterie.engine.duckdb import DuckDB
from coterie.errors import DataError, ParameterError
from coterie.features.asof import FeatureModel, Sources, build_features
from coterie.features.lenses import create_attribute_features, read_columns
from coterie.features.matrix import Matrix
from coterie.schema import Attribute, ColumnParams
from coterie.segmentation.algorithms import model_from_dict
from coterie.segmentation.base import Floats, Labels, Model
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.continuity import match, slots
from coterie.segmentation.evidence import SAMPLE
from coterie.segmentation.lloyd import grow
from coterie.segmentation.placing import FRAME, labels_of, make_frame
from coterie.store.results import published_run
from coterie.store.runs import check_run, read_json
from coterie.validation.attributes import attribute_name


def labels_by_name(model: FeatureModel | None, attributes: Iterable[Attribute]) -> dict[str, str]:
    """Return what features and attributes are called in sentences, by name."""
    said = {attribute.name: attribute.label for attribute in attributes if attribute.label}
    return said | {feature.name: feature.label for feature in (model.features if model else ())}


@dataclass(frozen=True)
class SegmentIdentity:
    """What stays with a segment from run to run. An empty name is still to be found."""

    id: str
    slot: int
    name: str = ""
    name_source: str = ""
    born_run: str | None = None
    parents: tuple[str, ...] = ()
    status: str = "live"
    proposed: str = ""
    """Another name that the naming rule gave it at this model; given twice running, it stays."""


@dataclass(frozen=True)
class Released:
    """A fitted segmentation with its identities.

    ``ids`` holds the segment id of each number of the model; ``segments`` all
    identities the project ever had, in order of birth.
    """

    model_id: str
    settings_hash: str
    lens: str
    feature_set: str
    features: FeatureModel | None
    matrix: Matrix
    model: Model
    ids: tuple[str, ...] = ()
    segments: tuple[SegmentIdentity, ...] = ()
    choice: Mapping[str, Any] | None = None
    """How it was chosen: method, verdict, sentences (JSON)."""
    attributes: tuple[Attribute, ...] = ()
    """The customer table's columns as they were read at the fit."""
    gain: float | None = None
    """Share of inertia that one more segment would take away; None if not measured."""
    changes: Mapping[str, Any] | None = None
    """What became of the segments of the model before (JSON); None for the first."""

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        """What the choice says of every segment, by id; empty if it says nothing."""
        told = self.choice or {}
        if not told.get("verdict"):
            return {}
        rows = told.get("segments") or [{}] * len(self.ids)
        return {
            name: {"verdict": told["verdict"], **_stability(row)}
            for name, row in zip(self.ids, rows, strict=False)
        }

    @property
    def live(self) -> dict[str, SegmentIdentity]:
        """The identities of the model's segments by id."""
        return {segment.id: segment for segment in self.segments if segment.id in self.ids}

    @property
    def last_number(self) -> int:
        """The highest number that the id of a segment has; 0 without segments."""
        return max((int(segment.id.removeprefix("seg-")) for segment in self.segments), default=0)

    def params(self, columns: Iterable[str]) -> dict[str, ColumnParams]:
        """Return how those of a table's columns are to be read that the model knows."""
        known = {attribute.name: attribute.params for attribute in self.attributes}
        named = {column: attribute_name(column) for column in columns}
        return {column: known[name] for column, name in named.items() if name in known}

    @property
    def words(self) -> dict[str, str]:
        """Labels of the features and attributes by name."""
        return labels_by_name(self.features, self.attributes)

    def named(
        self, names: Mapping[str, tuple[str, str]], proposed: Mapping[str, str] | None = None
    ) -> Released:
        """Return the same with (name, source) of these ids, and the names that wait."""
        segments = tuple(
            replace(s, name=names[s.id][0], name_source=names[s.id][1]) if s.id in names else s
            for s in self.segments
        )
        if proposed is not None:
            segments = tuple(replace(s, proposed=proposed.get(s.id, "")) for s in segments)
        return replace(self, segments=segments)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the matrix (``matrix.json`` holds it) as plain JSON."""
        return {
            "model_id": self.model_id,
            "settings_hash": self.settings_hash,
            "lens": self.lens,
            "feature_set": self.feature_set,
            "features": self.features.to_dict() if self.features else None,
            "model": self.model.to_dict(),
            "ids": list(self.ids),
            "segments": [asdict(segment) for segment in self.segments],
            "choice": dict(self.choice or {}),
            "attributes": [asdict(attribute) for attribute in self.attributes],
            "gain": self.gain,
            "changes": dict(self.changes) if self.changes else None,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], matrix: Mapping[str, Any]) -> Released:
        """Read what ``to_dict`` and ``Matrix.to_dict`` wrote."""
        return cls(
            data["model_id"],
            data["settings_hash"],
            data["lens"],
            data["feature_set"],
            FeatureModel.from_dict(data["features"]) if data["features"] else None,
            Matrix.from_dict(matrix),
            model_from_dict(data["model"]),
            tuple(data["ids"]),
            tuple(
                SegmentIdentity(**s | {"parents": tuple(s["parents"])}) for s in data["segments"]
            ),
            data["choice"],
            tuple(Attribute.from_dict(attribute) for attribute in data["attributes"]),
            data.get("gain"),
            data.get("changes"),
        )


def _stability(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a segment comes back, or why that is not known."""
    if "stability" in row:
        return {"stability": row["stability"]}
    return {"stability_reason": "The segments were not found in the data, so none can come back."}


def published(folder: Path) -> Released:
    """Return the published segmentation of a project.

    Raises
    ------
    NotReadyError
        If nothing was published yet.
    """
    return load_released(published_run(folder).folder)


def load_released(folder: Path) -> Released:
    """Read the released segmentation of a run, after checking the run's files."""
    check_run(folder)
    return Released.from_dict(read_json(folder / "model.json"), read_json(folder / "matrix.json"))


def prepare(
    db: DuckDB,
    released: Released,
    attributes: Sequence[Attribute],
    *,
    as_of: int | None,
    sources: Sources,
) -> None:
    """Make ``features`` and ``frame`` as of a day by a released definition.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; gets ``features`` and ``frame``.
    released : Released
        The published segmentation.
    attributes : sequence of Attribute
        Columns of the customer table.
    as_of : int or None
        Rows on or after this day are not read; None without orders.
    sources : Sources
        Names of the tables to read.

    Raises
    ------
    ParameterError
        If the data has lost a column that the model needs.
    """
    if released.features is not None and as_of is not None:
        build_features(db, released.features, as_of=as_of, sources=sources)
    else:
        create_attribute_features(db, attributes)
    make_frame(db, released.matrix)


def keep_labels(
    db: DuckDB,
    released: Released | None,
    attributes: Sequence[Attribute],
    *,
    as_of: int | None,
    sources: Sources,
) -> Released | None:
    """Make table ``old_labels``: today's segment numbers by the released model.

    Parameters
    ----------
    db : DuckDB
        Holds the canonical tables; gets customer_id and label.
    released : Released or None
        The published segmentation, if there is one.
    attributes : sequence of Attribute
        Columns of the customer table.
    as_of : int or None
        Rows on or after this day are not read; None without orders.
    sources : Sources
        Names of the tables to read.

    Returns
    -------
    Released or None
        The same; without ids, so that all segments will be new, if the data no longer has
        what the model needs.
    """
    if released is None:
        return None
    try:
        prepare(db, released, attributes, as_of=as_of, sources=sources)
    except (ParameterError, DataError):
        return replace(released, ids=())
    labels = labels_of(db, released.matrix, released.model)
    ids = db.query(f"SELECT customer_id FROM {FRAME} WHERE status = 'ok' ORDER BY customer_id")
    db.load("old_labels", ids.append_column("label", [labels]))
    return released


def identify(
    db: DuckDB,
    new: Released,
    parent: Released | None,
    *,
    run_id: str,
    given: int = 0,
    born: Collection[int] = (),
    names: Sequence[str] = (),
) -> Released:
    """Give the segments of a new model their ids: kept where members stayed, else new.

    Parameters
    ----------
    db : DuckDB
        Holds ``frame`` for the new model and, with a parent, ``old_labels``.
    new : Released
        The new model, without ids.
    parent : Released or None
        The model released before it, if its labels were kept.
    run_id : str
        The run in which new segments are born.
    given : int, default 0
        Segment ids that were given before, also by runs that are gone.
    born : collection of int, default ()
        Segments of the new model that a refit knows to be new.
    names : sequence of str, default ()
        Of the new segments, if the user gave them: one without customers keeps its id by it.

    Returns
    -------
    Released
        The new model with ids, with what became of the former segments, and with the gain
        by which a later refit sees that one more segment is needed.
    """
    labels = labels_of(db, new.matrix, new.model)
    old_ids = parent.ids if parent else ()
    known = parent.segments if parent else ()
    last = max(given, parent.last_number if parent else 0)
    before = _old_labels(db) if old_ids else np.full(len(labels), -1, dtype=np.int32)
    called = [
        (old_ids.index(s.id), names.index(s.name))
        for s in known
        if s.id in old_ids and s.name in names
    ]
    matching = match(
        before,
        labels,
        old_ids,
        n_new=new.model.n_segments,
        next_id=last + 1,
        born=born,
        called=called,
    )
    ended = [s for s in known if s.id not in matching.ids]
    live = [s for s in known if s.id in matching.ids]
    colours = slots(len(matching.born), [s.slot for s in live], [s.slot for s in ended])
    old = tuple(replace(s, status="live" if s in live else "retired") for s in known)
    added = tuple(
        SegmentIdentity(name, slot, born_run=run_id, parents=matching.parents.get(name, ()))
        for name, slot in zip(matching.born, colours, strict=True)
    )
    if new.gain is None:
        new = replace(new, gain=_gain(db, new))
    if parent is not None:
        changes = {"from_model": parent.model_id, **matching.changes(before, labels, old_ids)}
        new = replace(new, changes={**(new.changes or {}), **changes})
    return replace(new, ids=matching.ids, segments=(*old, *added))


def sample_rows(db: DuckDB, matrix: Matrix) -> Floats:
    """Return the numbers of the sampled customers, shape (n, n_columns), by customer id."""
    return matrix.transform(read_columns(db, matrix.sources, only=SAMPLE))


def _gain(db: DuckDB, new: Released) -> float | None:
    """Return what one more segment would bring now; None where refits start afresh."""
    if type(new.model) is not KMeansModel or SAMPLE not in db.tables():
        return None
    growth = grow(new.model, sample_rows(db, new.matrix), seed=0)
    return growth.gain if growth else None


def _old_labels(db: DuckDB) -> Labels:
    """Return the kept label of each customer of ``frame`` in its order, -1 if there is none."""
    table = db.query(
        f"SELECT COALESCE(o.label, -1) AS label FROM {FRAME} AS f "
        "LEFT JOIN old_labels AS o USING (customer_id) WHERE f.status = 'ok' ORDER BY f.customer_id"
    )
    return np.asarray(table.column("label").to_numpy(), dtype=np.int32)
