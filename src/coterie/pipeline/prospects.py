"""Type in a person and learn the segment, or what a column of the customer table would say.

If the published model looks at attributes alone, it places people itself; else a classifier
is learnt from the customers, once for a run, and kept with its proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coterie.config import Settings
from coterie.engine.duckdb import DuckDB
from coterie.engine.sql import identifier, literal
from coterie.errors import ParameterError
from coterie.pipeline.people import not_known, read_people
from coterie.pipeline.plan import Tell
from coterie.pipeline.predictor import open_predictor
from coterie.pipeline.prospects_made import Asked
from coterie.prediction.form import Form
from coterie.prediction.words import tiers


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
    predictor = open_predictor(asked, tell=tell)
    answers = predictor.form.read(given, typed=typed)
    rows = predictor.answer(answers, ranks=ranks)
    notes = not_known(answers.passed, asked.known_columns)
    return Prediction(rows, asked.by, predictor.form, predictor.about, predictor.page, tuple(notes))


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
