"""Type in a person and learn the segment, or what a column of the customer table would say.

If the published model looks at attributes alone, it places people itself; else a classifier
is learnt from the customers, once for a run, and kept with its proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import ParameterError
from coterie.pipeline.people import not_known, read_people
from coterie.pipeline.plan import Tell
from coterie.pipeline.prospects_made import Asked, make
from coterie.prediction.form import Answers, Form
from coterie.prediction.prospects import Prospects
from coterie.prediction.words import contributions, reasons, tiers
from coterie.segmentation.base import NOISE, SoftModel
from coterie.segmentation.reasons import reasons as model_reasons
from coterie.segmentation.released import Released
from coterie.store.predictions import PAGE, kept_alone
from coterie.store.runs import read_json


@dataclass(frozen=True)
class Prediction:
    """Answers for people, with the form that they filled in and what the answers are worth.

    Parameters
    ----------
    rows : list of dict
        The wire form of each person: id, segment_id, segment_name (or label), probability,
        margin, reasons, by, problems, extra.
    by : {'model', 'prospects'}
        Who answered.
    form : Form
        The fields.
    about : dict
        Label, classes, drivers, leaks and proof, as plain JSON; no proof where the model
        answered, for it is right by definition.
    page : Path
        A page for people with all of it.
    notes : tuple of str
        Columns of the file that nothing knows, a sentence for each.
    """

    rows: list[dict[str, Any]]
    by: str
    form: Form
    about: dict[str, Any]
    page: Path
    notes: tuple[str, ...] = ()


def predict(
    settings: Settings,
    folder: Path,
    people: Sequence[Mapping[str, Any]] | Path,
    *,
    label: str = "",
    tier_by: str = "",
    tell: Tell | None = None,
) -> Prediction:
    """Answer for people which segment they belong to, or what their label would be.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    people : sequence of mapping, or Path
        Fields and answers of each person, or a file of them. None at all: the form and the
        proof alone.
    label : str, optional
        A column of the customer table to predict instead of the segment; ``segment`` lets a
        classifier tell the segment, with its chance, even where the model can.
    tier_by : str, optional
        A column of numbers; segments in the order of its median become three tiers.
    tell : callable, optional
        Told the stage, the share of it that is done, and what is being done.

    Returns
    -------
    Prediction
        One row a person, in their order; wrong answers are told in ``problems``, never raised.

    Raises
    ------
    NotReadyError
        If nothing is published, there is no customer table, or too few customers to learn from.
    ParameterError
        If a column is not known or cannot be used so.
    """
    asked = Asked(settings, folder, label)
    ranks = _tiers(asked, tier_by) if tier_by else {}
    typed = not isinstance(people, Path)
    given = read_people(people, folder) if isinstance(people, Path) else people
    made = kept_alone(asked.home, "prospects", asked.key, lambda writer: make(asked, writer, tell))
    form = Form.from_dict(read_json(made / "form.json"))
    about = read_json(made / "about.json")
    answers = form.read(given, typed=typed)
    names = asked.segment_names
    if asked.by == "model":
        rows = _placed(asked.released, form, answers, about["typical"])
    else:
        stored = read_json(made / "model.json")
        prospects = Prospects.from_dict(stored, pq.read_table(made / "nodes.parquet"))
        rows = _classified(prospects, form, answers)
    wire = [
        _common({"id": answers.ids[at]} | _row(found, asked, names, ranks), answers, at, form)
        for at, found in enumerate(rows)
    ]
    notes = not_known(answers.passed, asked.known_columns)
    return Prediction(wire, asked.by, form, about, made / PAGE, tuple(notes))


def _tiers(asked: Asked, column: str) -> dict[str, str]:
    """Return the tier of each segment by the median of a column among its customers."""
    if asked.label:
        raise ParameterError("A label has no tiers.", allowed="Give --label or --tiers.")
    numbers = [one.name for one in asked.attributes if one.kind in {"number", "ordinal"}]
    if column not in numbers:
        raise ParameterError.unknown("tiers", column, numbers)
    placed = literal(str(asked.run.folder / "assignments.parquet"))
    files = literal(str(asked.data / "customers" / "*.parquet"))
    with DuckDB(threads=1) as db:
        medians = db.rows(
            f"SELECT a.segment_id, median(c.{identifier(column)}) FROM read_parquet({placed}) AS a "
            f"JOIN read_parquet({files}) AS c USING (customer_id) WHERE a.status = 'ok' "
            "GROUP BY a.segment_id ORDER BY a.segment_id"
        )
    return tiers(
        [(str(name), float(value)) for name, value in medians if value is not None], column
    )


def _placed(
    released: Released, form: Form, answers: Answers, typical: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Place people by the model itself."""
    frame, model = answers.frame, released.model
    numbers = released.matrix.transform(frame)
    placed = model.place(numbers)
    said = model_reasons(frame, released.matrix, model, released.words, say=form.say)
    soft = model.soft(numbers) if isinstance(model, SoftModel) else None
    if isinstance(model, SoftModel) and soft is not None:
        known = {name: typical[name] for name in released.matrix.sources}
        own = np.maximum(placed.segment, 0).astype(np.int64)
        found = contributions(
            lambda table: model.soft(released.matrix.transform(table)), frame, known, own
        )
        said = reasons(frame, found, known, say=form.say)
    rows = []
    for at, number in enumerate(placed.segment.tolist()):
        row: dict[str, Any] = {
            "class": released.ids[number] if number != NOISE else None,
            "probability": None,
            "margin": round(float(placed.margin[at]), 6),
            "reasons": said[at],
            "by": "model",
        }
        if soft is None or number == NOISE:
            row["probability_reason"] = "This model knows no chances; the margin says how clear."
        else:
            row["probability"] = round(float(soft[at, number]), 6)
            row["chances"] = dict(zip(released.ids, soft[at].round(6).tolist(), strict=True))
        rows.append(row)
    return rows


def _classified(prospects: Prospects, form: Form, answers: Answers) -> list[dict[str, Any]]:
    """Let the classifier answer."""
    chances = prospects.chances(answers.frame)
    best = chances.argmax(axis=1)
    found = contributions(prospects.chances, answers.frame, prospects.typical, best)
    said = reasons(answers.frame, found, prospects.typical, say=form.say)
    return [
        {
            "class": prospects.classes[number],
            "probability": round(float(chances[at, number]), 6),
            "margin": None,
            "reasons": said[at],
            "by": "prospects",
            "chances": dict(zip(prospects.classes, chances[at].round(6).tolist(), strict=True)),
        }
        for at, number in enumerate(best.tolist())
    ]


def _row(
    found: dict[str, Any], asked: Asked, names: Mapping[str, str], ranks: Mapping[str, str]
) -> dict[str, Any]:
    answer = found.pop("class")
    head: dict[str, Any] = {"segment_id": answer, "segment_name": names.get(answer)}
    if asked.label:
        head = {"segment_id": None, "segment_name": None, "label": answer}
    if ranks:
        head["tier"] = ranks.get(answer)
    return head | found


def _common(row: dict[str, Any], answers: Answers, at: int, form: Form) -> dict[str, Any]:
    """Return a row with what is said of every person; who cannot be placed has no answer."""
    problems = answers.problems[at]
    same: dict[str, Any] = {"problems": [problem.to_dict() for problem in problems]}
    if any(field.kind == "extra" for field in form.fields):
        same["extra"] = answers.extra[at]
    if any(problem.fatal for problem in problems):
        empty = ("segment_id", "segment_name", "label", "tier", "probability", "margin", "chances")
        same |= {name: None for name in empty if name in row} | {"reasons": []}
    return row | same
