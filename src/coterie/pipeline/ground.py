"""What offers are planned on: everybody in the published run, and all touches, as tables."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from coterie.config import Settings
from coterie.engine.base import scalar
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import NotReadyError, ParameterError
from coterie.features.attributes import NUMERIC_KINDS
from coterie.features.windows import to_date, to_day
from coterie.offers.catalogue import Offer
from coterie.offers.eligibility import Columns
from coterie.offers.evidence import Contacts
from coterie.offers.feedback import gather
from coterie.offers.uplift import Ints, Trials
from coterie.profiling.words import inside, readable
from coterie.schema import MICROS, Attribute
from coterie.segmentation.placing import NONE
from coterie.segmentation.released import load_released
from coterie.store.home import Home
from coterie.store.results import Run, published_run
from coterie.store.runs import MANIFEST, first_changed, read_json
from coterie.validation.future import beyond
from coterie.validation.moment import see_people

PEOPLE, TOUCHES, PLACES = "offers__people", "offers__touches", "offers__places"


@dataclass(frozen=True)
class Ground:
    """The published run as tables of the working database.

    Parameters
    ----------
    run_id : str
        The published run.
    as_of : int or None
        Day of the plan; None if neither the run nor a touch has a date.
    segments : mapping of str to str
        Id -> name, in the order of their numbers; the last is ``none``.
    columns : Columns
        What conditions may ask about.
    touches : int
        Touches before the day.
    later : int
        Touches on or after the day, which do not count.
    unknown_offers : mapping of str to int
        Touches of offers that the catalogue does not have.
    earlier : tuple of str, optional
        Runs that tell in which segment customers were when they were contacted.
    """

    run_id: str
    as_of: int | None
    segments: Mapping[str, str]
    columns: Columns
    touches: int
    later: int
    unknown_offers: Mapping[str, int]
    earlier: tuple[str, ...] = ()


def open_ground(
    db: DuckDB,
    settings: Settings,
    folder: Path,
    feedback: Sequence[Path],
    *,
    as_of: date | None = None,
) -> Ground:
    """Make the tables of customers and touches.

    Parameters
    ----------
    db : DuckDB
        Gets them.
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    feedback : sequence of Path
        Folders of what was fed, the oldest first.
    as_of : date, optional
        Day of the plan.

    Returns
    -------
    Ground
        What lies in the database.

    Raises
    ------
    NotReadyError
        If there is no run, or its data are gone.
    ParameterError
        If ``as_of`` lies before the run's.
    """
    run = published_run(folder)
    data = Home(folder).data / str(run.manifest["data"])
    _check_data(run, data)
    columns = _see_people(db, run, data)
    of_run = to_day(date.fromisoformat(run.as_of)) if run.as_of else None
    folders = [data / "touches", *(path / "touches" for path in feedback)]
    gather(db, TOUCHES, folders)
    day = _moment(db, of_run, as_of)
    later = (
        0 if day is None else int(scalar(db, f"SELECT count(*) FROM {TOUCHES} WHERE day >= {day}"))
    )
    if later:  # a touch fed twice, once with a wrong day, counts as it was fed before
        gather(db, TOUCHES, folders, before=day)
    earlier = _see_places(db, Home(folder), of_run)
    db.lock([folder / ".coterie"])
    known = ", ".join(literal(offer.id) for offer in settings.offers)
    unknown = db.rows(
        f"SELECT offer_id, count(*) FROM {TOUCHES} WHERE offer_id NOT IN ({known}) "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    n = int(scalar(db, f"SELECT count(*) FROM {TOUCHES}"))
    return Ground(run.id, day, columns.segments, columns, n, later, dict(unknown), earlier)


def _check_data(run: Run, data: Path) -> None:
    """Refuse tables that are gone or were changed since the run."""
    about = data / "tables.json"
    files = read_json(about)["files"] if about.is_file() else {"tables.json": {}}
    asked = ("tables.json", "customers/", "touches/")
    changed = first_changed(data, {n: e for n, e in files.items() if n.startswith(asked)})
    if changed:
        raise NotReadyError(
            f"{data / changed} is missing or was changed since run {run.id}.",
            hint="Run again: coterie run",
        )


def _see_people(db: DuckDB, run: Run, data: Path) -> Columns:
    """Make the table of customers; features come before attributes of the same name."""
    released = load_released(run.folder)
    attributes = [Attribute.from_dict(a) for a in read_json(data / "tables.json")["attributes"]]
    assignments, features = (
        f"read_parquet({literal(str((run.folder / name).resolve()))})"
        for name in ("assignments.parquet", "features.parquet")
    )
    _view(db, "customers", data / "customers")
    see_people(db, to_day(date.fromisoformat(run.as_of)) if run.as_of else None)
    db.view("measured", f"SELECT * EXCLUDE (status) FROM {features}")
    numbers = [name for name in db.columns("measured") if name != "customer_id"]
    taken = {name.lower() for name in (*numbers, "customer_id", "segment")}
    more = [
        a for a in attributes if a.kind not in {"key", "ignore"} and a.name.lower() not in taken
    ]
    wanted = ["a.customer_id", "a.segment_id AS segment"]
    wanted += [f"f.{identifier(name)}" for name in numbers if name.lower() != "segment"]
    # A flag is 1 or 0, so that it can be counted with as with any number.
    wanted += [
        f"CAST(p.{identifier(a.name)} AS INTEGER) AS {identifier(a.name)}"
        if a.kind == "flag"
        else f"p.{identifier(a.name)}"
        for a in more
    ]
    db.create(
        PEOPLE,
        f"SELECT {', '.join(wanted)} FROM {assignments} AS a "
        "LEFT JOIN measured AS f USING (customer_id) LEFT JOIN people AS p USING (customer_id)",
    )
    names = {segment["id"]: str(segment["name"]) for segment in run.segments}
    said = {name: readable(name) for name in (*numbers, *(a.name for a in more))}
    labels = {name: inside(label) for name, label in (said | released.words).items()}
    protected = {a.name for a in attributes if a.protected}
    return Columns(
        (*numbers, *(a.name for a in more if a.kind in NUMERIC_KINDS)),
        tuple(a.name for a in more if a.kind not in NUMERIC_KINDS),
        {**names, NONE: "no segment"},
        tuple(attributes),
        bool(protected & set(released.matrix.sources)),
        labels,
    )


def _view(db: DuckDB, name: str, folder: Path) -> None:
    files = literal(str(folder.resolve() / "*.parquet"))
    db.view(name, f"SELECT * FROM read_parquet({files})")


def _moment(db: DuckDB, of_run: int | None, as_of: date | None) -> int | None:
    """Return the day of the plan: as asked, else the later of the run's and that of the touches.

    A touch dated far after all others and the run does not move it.
    """
    if as_of is not None:
        if of_run is not None and to_day(as_of) < of_run:
            raise ParameterError(
                f"as_of={as_of} lies before the run, which saw all up to {to_date(of_run - 1)}.",
                allowed=f"From {to_date(of_run)} on.",
                where="as_of",
            )
        return to_day(as_of)
    days = f"SELECT day FROM {TOUCHES}" + (
        f" UNION ALL SELECT {of_run - 1}" if of_run is not None else ""
    )
    far = beyond(db, f"({days})")
    last = scalar(db, f"SELECT max(day) FROM ({days}) " + (f"WHERE NOT ({far})" if far else ""))
    return None if last is None else int(last) + 1


def _see_places(db: DuckDB, home: Home, of_run: int | None) -> tuple[str, ...]:
    """Make the table of where customers were on each day with touches: in the last run before.

    Today's segment would not do: whoever answers may have moved because of it. Days before all
    runs take the first; a run whose assignments are gone or were changed tells nothing.
    """
    none = "SELECT CAST(NULL AS INTEGER) AS day, '' AS customer_id, '' AS segment WHERE FALSE"
    db.create(PLACES, none)
    if of_run is None:
        return ()
    with home.registry() as registry:
        rows = registry.runs()
    folders: dict[int, Path] = {}
    for row in rows:  # the newest first
        if row["as_of"] is not None and row["as_of"] <= of_run and _is_whole(home, row["run_id"]):
            folders.setdefault(int(row["as_of"]), home.runs / row["run_id"])
    starts = sorted(folders)
    used: dict[int, list[int]] = {}
    for (day,) in db.rows(f"SELECT DISTINCT day FROM {TOUCHES} ORDER BY 1"):
        if starts:
            used.setdefault(starts[max(bisect_right(starts, day) - 1, 0)], []).append(int(day))
    for start, days in used.items():
        file = literal(str((folders[start] / _PLACED).resolve()))
        db.execute(
            f"INSERT INTO {PLACES} SELECT t.day, a.customer_id, a.segment_id "
            f"FROM read_parquet({file}) AS a JOIN (SELECT DISTINCT customer_id, day FROM {TOUCHES} "
            f"WHERE day IN ({', '.join(map(str, days))})) AS t USING (customer_id)"
        )
    return tuple(folders[start].name for start in used)


_PLACED = "assignments.parquet"


def _is_whole(home: Home, run_id: str) -> bool:
    manifest = home.runs / run_id / MANIFEST
    if not manifest.is_file():
        return False
    files = read_json(manifest)["files"]
    return not first_changed(manifest.parent, {_PLACED: files.get(_PLACED, {})})


def read_contacts(db: DuckDB, offers: Sequence[Offer], ground: Ground) -> Contacts:
    """Return the touches of offers in the catalogue as arrays.

    Parameters
    ----------
    db : DuckDB
        With the tables of ``open_ground``.
    offers : sequence of Offer
        The catalogue.
    ground : Ground
        What lies in the database.

    Returns
    -------
    Contacts
        In the order of touch ids, each with the segment that the customer was in when she was
        contacted, or is in now if that is not known or has ended. Touches that do not say whether
        she was contacted are left out; customers who are not in the run have segment ``none``.
    """
    known = ", ".join(literal(offer.id) for offer in offers)
    live = ", ".join(literal(key) for key in ground.segments)
    table = db.query(
        f"SELECT t.offer_id, CASE WHEN w.segment IN ({live}) THEN w.segment "
        f"ELSE COALESCE(p.segment, {literal(NONE)}) END AS segment, "
        "dense_rank() OVER (ORDER BY t.customer_id) AS who, t.treated, "
        "CAST(t.responded AS DOUBLE) AS answer, "
        f"CASE WHEN t.responded THEN t.value_micros / {MICROS}.0 "
        "WHEN t.responded IS NOT NULL THEN 0.0 END AS money, t.propensity "
        f"FROM {TOUCHES} AS t LEFT JOIN {PEOPLE} AS p USING (customer_id) "
        f"LEFT JOIN {PLACES} AS w ON w.customer_id = t.customer_id AND w.day = t.day "
        f"WHERE t.offer_id IN ({known}) AND t.treated IS NOT NULL ORDER BY t.touch_id"
    )
    number = {offer.id: i for i, offer in enumerate(offers)}
    place = {key: i for i, key in enumerate(ground.segments)}
    answer, money, chance = (
        table.column(name).to_numpy().astype(np.float64)
        for name in ("answer", "money", "propensity")
    )
    who = table.column("who").to_numpy().astype(np.int64)
    treated = table.column("treated").to_numpy(zero_copy_only=False).astype(np.bool_)
    return Contacts(
        _code(table.column("offer_id"), number),
        _code(table.column("segment"), place),
        Trials(who, treated, answer, chance),
        money,
    )


def _code(column: pa.ChunkedArray, numbers: Mapping[str, int]) -> Ints:
    coded = column.combine_chunks().dictionary_encode()
    table = np.array([numbers[key] for key in coded.dictionary.to_pylist()], dtype=np.int64)
    return table[coded.indices.to_numpy()] if len(coded) else np.zeros(0, np.int64)
