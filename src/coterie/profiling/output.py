"""What a run leaves: every table and page of the run folder but the manifest.

Rows are ordered by customer id, so the files do not depend on how the tables were
computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.engine.duckdb import DuckDB
from coterie.features.lenses import NUMERIC_KINDS
from coterie.profiling.charts_choice import ALGORITHM_WORDS, TOO_SMALL, SweepPoint
from coterie.profiling.charts_choice import Candidate as Shown
from coterie.profiling.names import name_segments
from coterie.profiling.profile import FeatureInfo, Profile, ProfileParams, profile_segments
from coterie.profiling.report import Choice
from coterie.schema import Attribute
from coterie.segmentation.candidates import Selection
from coterie.segmentation.parallel import each
from coterie.segmentation.released import Released
from coterie.store.runs import FolderWriter
from coterie.validation.ingest import Ingested

CANDIDATES = pa.schema(
    [
        ("algorithm", pa.string()),
        ("features", pa.string()),
        ("k", pa.int32()),
        ("P", pa.float64()),
        ("ci", pa.list_(pa.float64(), 2)),
        ("S_w", pa.float64()),
        ("S_min", pa.float64()),
        ("D", pa.float64()),
        ("silhouette", pa.float64()),
        ("db", pa.float64()),
        ("ch", pa.float64()),
        ("inertia", pa.float64()),
        ("reference", pa.bool_()),
        ("chosen", pa.bool_()),
        ("reason_lost", pa.string()),
    ]
)
"""Columns of ``candidates.parquet``; what was not measured is NULL."""
MIGRATION = pa.schema([("from_id", pa.string()), ("to_id", pa.string()), ("customers", pa.int64())])


def write_tables(
    db: DuckDB, writer: FolderWriter, released: Released, ingested: Ingested, *, parent: Path | None
) -> None:
    """Write what is known of every customer, what was refused, and who moved since ``parent``.

    Parameters
    ----------
    db : DuckDB
        Holds ``features``, ``assignments`` and, with orders, ``state``.
    writer : FolderWriter
        The run folder under construction.
    released : Released
        By what the customers were placed.
    ingested : Ingested
        The account of the rows that came in.
    parent : Path or None
        Folder of the run before; None if there is none.
    """

    def write(name: str) -> None:
        writer.table(f"{name}.parquet", db.stream(f"SELECT * FROM {name} ORDER BY customer_id"))

    each(write, [*(["state"] if released.features else []), "features", "assignments"])
    quarantine = ingested.folder / "quarantine" / "part-0.parquet"
    writer.table("quarantine.parquet", pq.read_table(quarantine), private=True)
    writer.json("quality.json", ingested.quality)
    writer.json("matrix.json", released.matrix.to_dict())
    writer.table("migration.parquet", _migration(db, parent))


def candidate_rows(selection: Selection | None, parent: Path | None) -> pa.Table:
    """Return the candidates of the choice; a run that did not choose has its parent's."""
    if selection is None:
        if parent is None:
            return CANDIDATES.empty_table()
        return pq.read_table(parent / "candidates.parquet")
    rows = []
    for candidate in selection.candidates:
        row = candidate.to_dict()
        known = row["p_low"] is not None
        ci = [row["p_low"], row["p_high"]] if known else None
        rows.append(row | {"P": row["p"], "ci": ci, "chosen": candidate is selection.winner})
    return pa.Table.from_pylist(rows, schema=CANDIDATES)


def describe_segments(
    db: DuckDB,
    released: Released,
    attributes: Sequence[Attribute],
    params: ProfileParams,
    names: Mapping[str, str],
) -> tuple[Profile, Released]:
    """Profile and name the segments; names that users gave or that were found before stay.

    Parameters
    ----------
    db : DuckDB
        Holds ``features``, ``assignments`` and the canonical tables.
    released : Released
        The model that placed them.
    attributes : sequence of Attribute
        Columns of the customer table.
    params : ProfileParams
        Day, seed and currency.
    names : mapping of str to str
        Segment id to the name that a user gave it.

    Returns
    -------
    profile : Profile
        With names.
    released : Released
        The same model, keeping these names.
    """
    given = {name: (text, "user") for name, text in names.items()}
    released = released.named(given)
    features = released.features.features if released.features else _numbers(attributes)
    categories = [a for a in attributes if a.kind not in {"key", "ignore"}]
    profile = name_segments(
        profile_segments(db, params, catalogue=features, attributes=categories, ids=released.live)
    )
    found = {s.id: (s.identity.name, s.identity.name_source) for s in profile.segments}
    return profile, released.named(found)


def _numbers(attributes: Sequence[Attribute]) -> list[FeatureInfo]:
    return [
        FeatureInfo(
            name=attribute.name,
            label=attribute.label or attribute.name,
            unit="date" if attribute.kind == "date" else attribute.unit,
            higher_is_better=True,
            transform="auto",
        )
        for attribute in attributes
        if attribute.kind in NUMERIC_KINDS
    ]


def choice_of(released: Released, candidates: pa.Table) -> Choice:
    """Return how the segmentation was chosen, as the report shows it."""
    rows = candidates.to_pylist()
    chosen = next((row for row in rows if row["chosen"]), None)
    told = released.choice or {}
    same = [
        row
        for row in rows
        if chosen
        and (row["algorithm"], row["features"]) == (chosen["algorithm"], chosen["features"])
    ]
    return Choice(
        sentences=_sentences(chosen, rows, told, len(set(released.matrix.sources))),
        candidates=tuple(_shown(row) for row in rows),
        sweep=_sweep(same, told.get("elbow", [])),
        chosen_k=chosen["k"] if chosen else None,
        verdict=told.get("verdict") or "",
        method=told.get("method", ""),
    )


def _sweep(
    tried: Sequence[Mapping[str, Any]], elbow: Sequence[tuple[int, float]]
) -> tuple[SweepPoint, ...]:
    """Return the usual measures by number of segments; of those not tried only the inertia."""
    points = {k: SweepPoint(k, inertia) for k, inertia in elbow}
    for row in tried:
        points[row["k"]] = SweepPoint(row["k"], row["inertia"], row["silhouette"], row["P"])
    return tuple(points[k] for k in sorted(points))


def _shown(row: Mapping[str, Any]) -> Shown:
    low, high = row["ci"] or (None, None)
    measured = {"p": row["P"], "p_low": low, "p_high": high, "s_w": row["S_w"], "d": row["D"]}
    names = {field.name for field in fields(Shown)} - measured.keys()
    return Shown(**measured, **{name: row[name] for name in names})


def _sentences(
    chosen: Mapping[str, Any] | None,
    rows: Sequence[Mapping[str, Any]],
    told: Mapping[str, Any],
    n_columns: int,
) -> tuple[str, ...]:
    """Say in plain sentences what was chosen, by what, and what to keep in mind."""
    by = {
        "out-of-time": "how well they tell what customers did in the time held back",
        "outcome": "how well they separate the outcome column",
        "leave-one-out": "how well they tell each column from the others",
    }.get(told.get("method", ""), "")
    sentences = []
    if chosen and by:
        algorithm = ALGORITHM_WORDS.get(chosen["algorithm"], chosen["algorithm"])
        listed = "," in chosen["features"]  # a list of columns has no name of its own
        features = f"{n_columns} columns" if listed else chosen["features"]
        p = "" if chosen["P"] is None else f": {100 * chosen['P']:.0f} of 100 that can be told"
        sentences.append(
            f"{chosen['k']} segments by {algorithm} on {features} were chosen "
            f"among {len(rows)} candidates by {by}{p}."
        )
        sentences.append(_why_so_many(chosen, rows))
    if told.get("method") == "leave-one-out":
        sentences.append("Nothing is proven on later behaviour by that.")
    if told.get("verdict") == "constructed":
        sentences.append(
            "No stable groups were found in these columns. What you see is a fixed way to cut, "
            "not a discovery. Do not read them as kinds of people."
        )
    if told.get("note"):
        sentences.append(told["note"])
    return tuple(sentences)


def _why_so_many(chosen: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """Say why this number of segments, with the figures of the candidates that reach more."""
    known = [row for row in rows if row["P"] is not None and not row["reference"]]
    if chosen["P"] is None or chosen not in known:
        return "Of those within 2 points of the best, the one with the fewest segments wins."
    small = [row for row in known if row["reason_lost"].startswith(TOO_SMALL)]
    best = max((row for row in known if row not in small), key=lambda row: row["P"])
    sentences = []
    above = [row for row in small if row["P"] > best["P"]]
    if above:
        most = max(above, key=lambda row: row["P"])
        sentences.append(
            f"{most['k']} segments would reach {100 * most['P']:.0f}, but with "
            f"{most['reason_lost']}, too few to act on."
        )
    if best is chosen:
        sentences.append("No other candidate with segments large enough reaches more.")
    else:
        sentences.append(
            f"Of candidates with segments large enough the most, {100 * best['P']:.0f}, is reached "
            f"with {best['k']}; within 2 points of that, the fewest segments win."
        )
    return " ".join(sentences)


def _migration(db: DuckDB, parent: Path | None) -> pa.Table:
    """Return how many customers went from which segment of the parent run to which of this."""
    if parent is None:
        return MIGRATION.empty_table()
    before = pq.read_table(parent / "assignments.parquet", columns=["customer_id", "segment_id"])
    db.load("before", before)
    return db.query(
        "SELECT COALESCE(b.segment_id, 'none') AS from_id, "
        "COALESCE(a.segment_id, 'none') AS to_id, "
        "CAST(COUNT(*) AS BIGINT) AS customers FROM before AS b "
        "FULL JOIN assignments AS a USING (customer_id) GROUP BY 1, 2 ORDER BY 1, 2"
    ).cast(MIGRATION)
