"""Answers for people, by what was learnt once: opened for a run, then asked as often as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from coterie.pipeline.plan import Tell
from coterie.pipeline.prospects_made import Asked, make
from coterie.prediction.form import Answers, Form
from coterie.prediction.prospects import Prospects
from coterie.prediction.words import contributions, reasons
from coterie.segmentation.base import NOISE, Floats, SoftModel
from coterie.segmentation.centroids import KMeansModel
from coterie.segmentation.reasons import reasons as model_reasons
from coterie.segmentation.released import Released
from coterie.store.predictions import PAGE, kept_alone
from coterie.store.runs import read_json

NO_CHANCE = "This model knows no chances; the margin says how clear."
_EMPTY = ("segment_id", "segment_name", "label", "tier", "probability", "margin", "chances")


@dataclass(frozen=True)
class Told:
    """What is told of rows at once, without words: arrays of shape (n,).

    Parameters
    ----------
    number : int array
        Of the class; ``NOISE`` for none.
    probability : float64 array or None
        None where the model knows no chances.
    margin : float64 array or None
        None where a classifier answers.
    """

    number: Any
    probability: Floats | None
    margin: Floats | None


@dataclass(frozen=True)
class Predictor:
    """Who answers for people.

    Parameters
    ----------
    asked : Asked
        The run, and what is predicted.
    form : Form
        The fields.
    about : dict
        What the answers are worth.
    page : Path
        A page for people with all of it.
    prospects : Prospects or None
        The classifier; None if the published model answers.
    """

    asked: Asked
    form: Form
    about: dict[str, Any]
    page: Path
    prospects: Prospects | None

    @property
    def classes(self) -> tuple[str, ...]:
        """What is told of people: segment ids, or the values of the label."""
        return self.prospects.classes if self.prospects else tuple(self.asked.released.ids)

    def tell(self, frame: pa.Table) -> Told:
        """Answer for many rows, without reasons.

        Parameters
        ----------
        frame : pa.Table
            As ``Form.read`` makes it.

        Returns
        -------
        Told
            In the order of the rows.
        """
        if self.prospects:
            chances = self.prospects.chances(frame)
            best = chances.argmax(axis=1)
            return Told(best, chances[np.arange(len(best)), best], None)
        model = self.asked.released.model
        numbers = self.asked.released.matrix.transform(frame)
        placed = model.place(numbers)
        if not isinstance(model, SoftModel):
            return Told(placed.segment, None, placed.margin)
        at = np.maximum(placed.segment, 0)
        return Told(placed.segment, model.soft(numbers)[np.arange(len(at)), at], placed.margin)

    def answer(
        self, answers: Answers, *, ranks: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Answer for people, with reasons.

        Parameters
        ----------
        answers : Answers
            As ``form`` read them.
        ranks : mapping of str to str, optional
            The tier of each segment.

        Returns
        -------
        list of dict
            The wire form of each person, in their order.
        """
        if self.prospects:
            rows = _classified(self.prospects, self.form, answers)
        else:
            rows = _placed(self.asked.released, self.form, answers, self.about["typical"])
        names = self.asked.segment_names
        return [
            _common(
                {"id": answers.ids[at]} | _row(found, self.asked, names, ranks or {}),
                answers,
                at,
                self.form,
            )
            for at, found in enumerate(rows)
        ]


def open_predictor(asked: Asked, *, tell: Tell | None = None) -> Predictor:
    """Open what answers for people; it is learnt the first time.

    Parameters
    ----------
    asked : Asked
        The run, and what is predicted.
    tell : callable, optional
        Told the stage, the share of it that is done, and what is being done.

    Returns
    -------
    Predictor
        Ready to answer.
    """
    made = kept_alone(asked.home, "prospects", asked.key, lambda writer: make(asked, writer, tell))
    prospects = None
    if asked.by != "model":
        nodes = pq.read_table(made / "nodes.parquet")
        prospects = Prospects.from_dict(read_json(made / "model.json"), nodes)
    form = Form.from_dict(read_json(made / "form.json"))
    return Predictor(asked, form, read_json(made / "about.json"), made / PAGE, prospects)


def _placed(
    released: Released, form: Form, answers: Answers, typical: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Place people by the model itself."""
    frame, model = answers.frame, released.model
    numbers = released.matrix.transform(frame)
    placed = model.place(numbers)
    said = model_reasons(
        frame, released.matrix, model, released.words, say=form.say, known=(numbers, placed)
    )
    soft = None
    if not isinstance(model, KMeansModel) and isinstance(model, SoftModel):
        soft = model.soft(numbers)
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
            row["probability_reason"] = NO_CHANCE
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
        same |= {name: None for name in _EMPTY if name in row} | {"reasons": []}
    return row | same
