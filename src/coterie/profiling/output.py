"""What a run leaves: every table and page of the run folder but the manifest.

Rows are ordered by customer id, so the files do not depend on how the tables were
computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq

from coterie.engine.duckdb import BATCH_ROWS, DuckDB
from coterie.engine.sql import literal
from coterie.features.attributes import NUMERIC_KINDS
from coterie.profiling.migration import MOVES
from coterie.profiling.moved import MOVES_FILE, moved_customers
from coterie.profiling.names import name_segments
from coterie.profiling.profile import FeatureInfo, Profile, ProfileParams, profile_segments
from coterie.schema import Attribute
from coterie.segmentation.continuity import settle_name
from coterie.segmentation.released import Released
from coterie.store.runs import FolderWriter
from coterie.validation.ingest import Ingested

PART_ROWS = 4 * BATCH_ROWS
"""Rows that are sorted at a time."""


def write_tables(
    db: DuckDB, writer: FolderWriter, released: Released, ingested: Ingested, migration: pa.Table
) -> None:
    """Write the segment of every customer, what was refused, and who moved.

    Parameters
    ----------
    db : DuckDB
        Holds ``assignments``.
    writer : FolderWriter
        The run folder under construction.
    released : Released
        By what the customers were placed.
    ingested : Ingested
        The account of the rows that came in.
    migration : pa.Table
        How many customers moved since the run before, and why.
    """
    writer.table("assignments.parquet", _by_customer(db, "assignments"))
    refused = pq.read_table(ingested.folder / "quarantine")
    writer.table("quarantine.parquet", refused, private=True)
    writer.json("quality.json", ingested.quality)
    writer.json("matrix.json", released.matrix.to_dict())
    writer.table("migration.parquet", migration)
    if MOVES in db.tables():
        writer.table(MOVES_FILE, moved_customers(db))


def write_measured(db: DuckDB, writer: FolderWriter) -> None:
    """Write the features of every customer and, with orders, the measures they come from.

    Parameters
    ----------
    db : DuckDB
        Holds ``features`` and perhaps ``state``, a large table, which becomes a view of its
        file: nobody may ask for it meanwhile.
    writer : FolderWriter
        The run folder under construction.
    """
    if "state" in db.tables():
        writer.table("state.parquet", _by_customer(db, "state"))
        file = str(writer.path("state.parquet").resolve())
        db.drop("state")
        db.view("state", f"SELECT * FROM read_parquet({literal(file)})")
    writer.table("features.parquet", _by_customer(db, "features"))


def _by_customer(db: DuckDB, name: str) -> pa.RecordBatchReader:
    """Return a reader over a table in the order of its ids, sorted part by part to save memory."""
    n = db.rows(f"SELECT COUNT(*) FROM {name}")[0][0]
    shares = [part / (n // PART_ROWS + 1) for part in range(1, n // PART_ROWS + 1)]
    ((cuts,),) = db.rows(f"SELECT quantile_disc(customer_id, {shares}::DOUBLE[]) FROM {name}")
    ends = [literal(cut) for cut in cuts or ()]
    parts = [
        " AND ".join(
            (
                f"customer_id > {low}" if low else "TRUE",
                f"customer_id <= {high}" if high else "TRUE",
            )
        )
        for low, high in pairwise(["", *ends, ""])
    ]
    readers = (
        db.stream(f"SELECT * FROM {name} WHERE {part} ORDER BY customer_id") for part in parts
    )
    schema = db.query(f"SELECT * FROM {name} LIMIT 0").schema
    return pa.RecordBatchReader.from_batches(
        schema, (batch for reader in readers for batch in reader)
    )


def describe_segments(
    db: DuckDB,
    released: Released,
    attributes: Sequence[Attribute],
    params: ProfileParams,
    names: Mapping[str, str],
    *,
    refitted: bool = False,
) -> tuple[Profile, Released]:
    """Profile and name the segments; names that users gave or that were found before stay.

    After a refit a name that was found changes if the naming rule says the same other name
    twice running.

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
    refitted : bool, default False
        Whether the model is new and some of its segments are not.

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
    profile = profile_segments(
        db, params, catalogue=features, attributes=categories, ids=released.live
    )
    if refitted:
        profile, released = settle_names(profile, released)
    profile = name_segments(profile)
    found = {s.id: (s.identity.name, s.identity.name_source) for s in profile.segments}
    return profile, released.named(found)


def settle_names(profile: Profile, released: Released) -> tuple[Profile, Released]:
    """Ask the naming rule afresh, and change names where it insists.

    Parameters
    ----------
    profile : Profile
        With the names so far; segments just born have none.
    released : Released
        The new model.

    Returns
    -------
    (Profile, Released)
        With unique names for all segments but those just born.
    """
    found = [s for s in profile.segments if s.name and s.identity.name_source != "user"]
    asked = _with_names(profile, {s.id: ("", "") for s in found})
    answers = {s.id: (s.name, s.identity.name_source) for s in name_segments(asked).segments}
    settled = {
        s.id: settle_name(s.name, answers[s.id][0], released.live[s.id].proposed) for s in found
    }
    names = {s.id: (s.name, s.identity.name_source) for s in profile.segments if s.name}
    changed = {name: answers[name] for name, (text, _) in settled.items() if text != names[name][0]}
    while True:  # a name that another segment keeps is not taken from it
        told = [text.casefold() for text, _ in (names | changed).values()]
        clash = [name for name, (text, _) in changed.items() if told.count(text.casefold()) > 1]
        if not clash:
            break
        del changed[clash[0]]
    waiting = {
        name: answers[name][0]
        for name in settled
        if name not in changed and answers[name][0] != names[name][0]
    }
    return _with_names(profile, changed), released.named(changed, waiting)


def _with_names(profile: Profile, names: Mapping[str, tuple[str, str]]) -> Profile:
    """Return the profile with (name, source) of these segments."""
    segments = tuple(
        replace(s, identity=replace(s.identity, name=names[s.id][0], name_source=names[s.id][1]))
        if s.id in names
        else s
        for s in profile.segments
    )
    return replace(profile, segments=segments)


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
