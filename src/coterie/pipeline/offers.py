"""The plan of offers, and what is known of each, from the published run and all touches."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.errors import NotReadyError, ParameterError
from coterie.features.windows import to_date
from coterie.offers import page as pages
from coterie.offers.catalogue import Offer
from coterie.offers.eligibility import Suits, check_offer, eligibility, guard_counts
from coterie.offers.evidence import (
    Contacts,
    Promise,
    Proof,
    evidence_rows,
    in_money,
    promises,
    prove,
    scores,
    sent,
)
from coterie.offers.explore import draw_uplifts
from coterie.offers.kept_plan import SUITS, Planned
from coterie.offers.planned import (
    Asked,
    offer_rows,
    plan_table,
    segment_rows,
    totals,
)
from coterie.offers.policy import Drawn, Groups, draw, share_out, whole
from coterie.offers.replay import replay, replay_json
from coterie.pipeline.feedback import fed, fed_by_stream
from coterie.pipeline.ground import PEOPLE, TOUCHES, Ground, open_ground, read_contacts
from coterie.pipeline.plan import Tell
from coterie.privacy.consent import Consent, find_consent
from coterie.store.home import Home
from coterie.store.predictions import PAGE, SUMMARY, kept
from coterie.store.runs import FolderWriter


@dataclass(frozen=True)
class Wish:
    """How to plan.

    Parameters
    ----------
    as_of : date, optional
        Day of the plan: offers must run on it, contacts before it count. Default: the run's, or
        the day after the last touch.
    explore : bool, default False
        Draw offers as often as they may well be the best, to learn.
    seed : int, optional
        Default: that of the settings.
    budget : float, optional
        Most that all contacts may cost.
    """

    as_of: date | None = None
    explore: bool = False
    seed: int | None = None
    budget: float | None = None


def plan_offers(
    settings: Settings, folder: Path, wish: Wish | None = None, *, tell: Tell | None = None
) -> Planned:
    """Plan who is offered what next.

    Parameters
    ----------
    settings : Settings
        Of the project, with ``[[offers]]``.
    folder : Path
        The project folder.
    wish : Wish, optional
        How to plan.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Planned
        The same for the same run, catalogue, touches and wish.

    Raises
    ------
    NotReadyError
        If there is no run, or no offer.
    ParameterError
        If the catalogue or the wish will not do.
    """
    asked = wish or Wish()
    if asked.budget is not None and not 0 <= asked.budget < float("inf"):
        raise ParameterError(f"budget={asked.budget}.", allowed="Money, 0 or more.", where="budget")
    return _kept(settings, folder, asked, "offers", tell or (lambda *_: None))


def report_offers(
    settings: Settings, folder: Path, wish: Wish | None = None, *, tell: Tell | None = None
) -> Planned:
    """Report what is known of every offer: effects with intervals, overall and by segment.

    Parameters
    ----------
    settings : Settings
        Of the project, with ``[[offers]]``.
    folder : Path
        The project folder.
    wish : Wish, optional
        Of it only ``as_of`` and ``seed`` count.
    tell : callable, optional
        Told about progress.

    Returns
    -------
    Planned
        With a summary and a page, and without a plan.

    Raises
    ------
    NotReadyError
        If there is no run, or no offer.
    ParameterError
        If the catalogue will not do.
    """
    asked = wish or Wish()
    plain = Wish(asked.as_of, seed=asked.seed)
    return _kept(settings, folder, plain, "evidence", tell or (lambda *_: None))


def _kept(settings: Settings, folder: Path, wish: Wish, kind: str, tell: Tell) -> Planned:
    if not settings.offers:
        raise NotReadyError(
            "There is no offer in coterie.toml.",
            hint="Write [[offers]]; see an example: coterie offers example retail",
        )
    seed = settings.segmentation.seed if wish.seed is None else wish.seed
    if seed < 0:
        raise ParameterError(f"seed={seed}.", allowed="0 or more.", where="seed")
    home = Home(folder)
    with (
        home.alone(),
        home.workplace() as work,
        DuckDB(work, threads=settings.threads, memory_limit=settings.memory_limit or None) as db,
    ):
        tell("read", 0.0, "reading the published run and the touches")
        feedback = [*fed(home), *fed_by_stream(home, work)]
        ground = open_ground(db, settings, folder, feedback, as_of=wish.as_of)
        key = {
            "run": ground.run_id,
            "earlier": list(ground.earlier),
            "version": importlib.metadata.version("coterie"),
            "names": dict(ground.segments),
            "offers": [offer.model_dump(mode="json") for offer in settings.offers],
            "feedback": [path.name for path in feedback],
            "as_of": str(_date(ground.as_of)),
            "project": [settings.project.name, settings.project.currency],
            "explore": wish.explore,
            "seed": seed,
            "budget": wish.budget,
        }
        if consent := _consent(settings, ground):
            key["consent"] = consent.sql
        make = write_plan if kind == "offers" else _report

        def write(writer: FolderWriter) -> None:
            tell("profile", 0.0, "asking every customer what suits her")
            make(db, settings, ground, wish, seed, writer)

        return Planned(kept(home, kind, key, write))


def _date(day: int | None) -> date | None:
    return to_date(day) if day is not None else None


@dataclass(frozen=True)
class _Known:
    """What is known of every offer before anything is planned."""

    suits: list[Suits]
    contacts: Contacts
    proofs: list[Proof]
    promises: list[list[Promise]]

    @property
    def offers(self) -> list[Offer]:
        return [one.offer for one in self.suits]


def _known(db: DuckDB, settings: Settings, ground: Ground, seed: int) -> _Known:
    suits = [check_offer(db, PEOPLE, offer, ground.columns) for offer in settings.offers]
    contacts = read_contacts(db, settings.offers, ground)
    proofs = prove(contacts, settings.offers, len(ground.segments), seed=seed)
    found = promises(
        settings.offers, proofs, len(ground.segments), sensitive=ground.columns.sensitive
    )
    return _Known(suits, contacts, proofs, found)


def _report(
    db: DuckDB,
    settings: Settings,
    ground: Ground,
    wish: Wish,
    seed: int,
    writer: FolderWriter,
) -> None:
    del wish
    known = _known(db, settings, ground, seed)
    summary = {
        **_heads(ground, seed),
        "offers": evidence_rows(known.offers, known.proofs, known.contacts, ground.segments),
        "touches": ground.touches,
        "notes": _notes(known.suits, ground),
    }
    writer.json(SUMMARY, summary)
    writer.text(PAGE, pages.evidence_page(summary, **_titles(settings)))


def write_plan(
    db: DuckDB,
    settings: Settings,
    ground: Ground,
    wish: Wish,
    seed: int,
    writer: FolderWriter,
) -> None:
    """Work out a plan and write its files.

    Parameters
    ----------
    db : DuckDB
        With the tables of ``open_ground``.
    settings : Settings
        Of the project, with ``[[offers]]``.
    ground : Ground
        What lies in the database.
    wish : Wish
        How to plan.
    seed : int
        Of all that is drawn by lot.
    writer : FolderWriter
        Gets ``plan.parquet``, ``summary.json`` and ``report.html``.
    """
    known = _known(db, settings, ground, seed)
    day = _date(ground.as_of)
    held = _hold_back(db, _consent(settings, ground))
    asked = _ask(db, known.suits, ground)
    open_now = sum(1 << i for i, offer in enumerate(known.offers) if offer.runs_on(day))
    groups = Groups.of(asked.segment, asked.may & np.int64(open_now), len(known.offers))
    planned, drawn = _draw(known, groups, wish, seed, len(ground.segments))
    learning = wish.explore
    table = plan_table(
        asked, drawn, known.suits, known.promises, ground.segments, learning=learning
    )
    rows = offer_rows(
        asked, drawn, known.suits, known.proofs, guard_counts(db, PEOPLE, known.suits)
    )
    for row, offer in zip(rows, known.offers, strict=True):
        row["runs"] = offer.runs_on(day)
    past = replay(known.contacts, known.offers, planned, groups, len(ground.segments))
    summary = {
        **_heads(ground, seed),
        "explore": wish.explore,
        "budget": wish.budget,
        "customers": len(asked.customers),
        **totals(rows, table),
        "offers": rows,
        "segments": segment_rows(asked, drawn, known.suits, known.promises, ground.segments),
        "before_it_starts": replay_json(past),
        "notes": [*_notes(known.suits, ground), *held],
    }
    writer.table("plan.parquet", table)
    writer.table(
        SUITS,
        pa.table(
            {
                "customer_id": asked.customers,
                "may": asked.may,
                "waits": asked.waits,
                "guarded": asked.guarded,
            }
        ),
    )
    writer.json(SUMMARY, summary)
    writer.text(PAGE, pages.plan_page(summary, **_titles(settings)))


def _ask(db: DuckDB, suits: Sequence[Suits], ground: Ground) -> Asked:
    found = eligibility(db, PEOPLE, suits, touches=TOUCHES, as_of=ground.as_of)
    codes = pa.array(list(ground.segments), pa.string())
    segment = found.column("segment").combine_chunks().dictionary_encode()
    place = np.array([codes.to_pylist().index(key) for key in segment.dictionary.to_pylist()])
    may, guarded, waits = (found.column(n).to_numpy() for n in ("may", "guarded", "waits"))
    return Asked(
        found.column("customer_id").combine_chunks(),
        place[segment.indices.to_numpy()].astype(np.int64),
        may,
        guarded,
        waits,
    )


def _draw(
    known: _Known, groups: Groups, wish: Wish, seed: int, n_segments: int
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Drawn]:
    """Share out the offers, over many possible worlds if there is to be learned, and draw who."""
    goal = scores(known.promises)
    if wish.explore:
        there, control = sent(known.contacts, n_segments, len(known.offers))
        guess = np.array([np.nan if o.response is None else o.response for o in known.offers])
        uplifts = draw_uplifts(there, control, guess, seed=seed)
        worlds = in_money(uplifts, known.offers, known.proofs)
        shared = np.zeros(groups.may.shape)
        for one in worlds:
            shared += share_out(groups, known.offers, one, budget=wish.budget)
        shared /= len(worlds)
    else:
        shared = share_out(groups, known.offers, goal, budget=wish.budget)
    planned = whole(shared, groups, known.offers, goal, budget=wish.budget)
    return planned, draw(planned, groups, known.offers, seed=seed)


def _consent(settings: Settings, ground: Ground) -> Consent | None:
    columns = ground.columns.numbers, ground.columns.words
    return find_consent([name for names in columns for name in names], settings.privacy.consent)


def _hold_back(db: DuckDB, consent: Consent | None) -> list[str]:
    """Leave out who may not be written to, once all that was learned of them is known."""
    if consent is None:
        return []
    ((held,),) = db.rows(f"SELECT COUNT(*) FROM {PEOPLE} WHERE NOT ({consent.sql})")
    db.execute(f"DELETE FROM {PEOPLE} WHERE NOT ({consent.sql})")
    return [f"Held back {held:,}: no consent ({consent.column})."] if held else []


def _heads(ground: Ground, seed: int) -> dict[str, Any]:
    day = _date(ground.as_of)
    return {"run_id": ground.run_id, "day": day.isoformat() if day else None, "seed": seed}


def _titles(settings: Settings) -> dict[str, str]:
    return {"project": settings.project.name, "currency": settings.project.currency}


def _notes(suits: Sequence[Suits], ground: Ground) -> list[str]:
    notes = [
        f"Offer {one.offer.id!r} is one of credit, and the project lacks the columns to check "
        f"{', '.join(one.unchecked)}. Write whom they should keep back into eligible."
        for one in suits
        if one.unchecked
    ]
    if ground.later:
        notes.append(
            f"Touches that do not count, since they are dated {_date(ground.as_of)} or later: "
            f"{ground.later:,}."
        )
    if ground.unknown_offers:
        named = ", ".join(repr(name) for name in list(ground.unknown_offers)[:5])
        notes.append(
            "Touches of offers that the catalogue does not have: "
            f"{sum(ground.unknown_offers.values()):,} ({named}); they count as contacts, "
            "and nothing is measured of them."
        )
    return notes
