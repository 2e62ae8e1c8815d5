"""A run from its settings to the published folder.

To load what computes takes a second, so it is loaded while the sources are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.pipeline.erasing import find_erasures, finish_pending, scope_of, tidy
from coterie.schema import Attribute
from coterie.segmentation.parallel import at_most
from coterie.store.home import Home
from coterie.store.registry import Registry
from coterie.validation.ingest import ingest
from coterie.validation.moment import find_as_of, see_people

if TYPE_CHECKING:
    from coterie.pipeline.plan import Outcome, Tell


@dataclass(frozen=True)
class Places:
    """Where a run is written, since when, who is told, and whether it is published."""

    home: Home
    registry: Registry
    started: datetime
    tell: Tell
    publish: bool = True


def run(
    settings: Settings,
    folder: Path,
    *,
    as_of: date | None = None,
    refit: bool = False,
    publish: bool = True,
    tell: Tell | None = None,
) -> Outcome:
    """Read, check, measure, segment, profile and publish.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder; all that is written goes to its ``.coterie``.
    as_of : date, optional
        Rows on or after this day are not read. Default: the day after the last one.
    refit : bool, default False
        Fit again even if a published model fits the settings.
    publish : bool, default True
        False: the run is made to be looked at, and what is published stays.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Outcome
        Where the run lies. The same input gives the same id and the same bytes.

    Raises
    ------
    CoterieError
        If the data or the settings will not do; nothing is left half-written.
    """
    home = Home(folder)
    tell = tell or (lambda *_: None)
    settings.check_ready()
    asks_of_people = any(settings.table_of(name) == "customers" for name in settings.sources)
    if not asks_of_people:
        _check_names(settings, ())
    share = at_most(settings.threads)
    with (
        ThreadPoolExecutor(1) as aside,
        home.alone(),
        share,
        home.workplace() as work,
        home.registry() as registry,
        DuckDB(work, threads=settings.threads, memory_limit=settings.memory_limit or None) as db,
    ):
        rest = aside.submit(_load_the_rest)
        scope, started = scope_of(settings, home, registry), datetime.now(UTC)
        finish_pending(scope, started)
        ingested = ingest(
            db,
            settings.sources,
            settings.columns,
            timezone=settings.project.timezone,
            home=home,
            tell=partial(tell, "read", 0.0),
            erasures=find_erasures(settings, home, registry),
        )
        if asks_of_people:
            _check_names(settings, ingested.attributes)
        moment = find_as_of(db, as_of)
        see_people(db, moment)
        places = Places(home, registry, started, tell, publish)
        make_run = rest.result()
        done = make_run(db, settings, ingested, places, as_of=moment, refit=refit)
        tidy(scope, settings, started)
        return done


def _check_names(settings: Settings, attributes: Sequence[Attribute]) -> None:
    """Tell a typo in a rule of the settings before anything is measured."""
    if settings.segmentation.rules:
        from coterie.pipeline.asked import check_names

        check_names(settings.segmentation, settings.features, attributes)


def _load_the_rest() -> Callable[..., Outcome]:
    import scipy.stats  # noqa: F401  what the modules below load only where they use it
    import sklearn.cluster
    import sklearn.ensemble
    import sklearn.metrics
    import sklearn.mixture
    import sklearn.tree  # noqa: F401  as above

    from coterie.pipeline.make import make_run

    return make_run
