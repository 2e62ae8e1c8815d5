"""The page of a prediction: what it is worth, what it hangs on, what to beware of, the form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt

from coterie.prediction.fields import Field
from coterie.prediction.form import Form
from coterie.profiling import format as fmt
from coterie.profiling.charts import NARROW, Chart, finish, rows
from coterie.profiling.page import Figure, Section, Table, page
from coterie.profiling.palette import light

MOST_DRIVERS = 12
BY_MODEL = (
    "The published model looks at attributes alone, so it places people itself, by the rule that "
    "placed the customers. No classifier stands between, and there is no error to report."
)


def prospects_page(project: str, as_of: str | None, form: Form, about: Mapping[str, Any]) -> str:
    """Return the page as one self-contained HTML text.

    Parameters
    ----------
    project : str
        Name of the project.
    as_of : str or None
        Day of the run.
    form : Form
        The fields.
    about : mapping
        What is told of the prediction, as plain JSON.

    Returns
    -------
    str
        HTML; the same for the same input.
    """
    until = f"Until {fmt.long_date(date.fromisoformat(as_of))}" if as_of else "Without dates"
    what = about["label"] or "the segment"
    sections = [_form_section(form)]
    lead = BY_MODEL
    if about["by"] == "prospects":
        lead = summary(about)
        sections = [*_proof_sections(about), *sections]
    return page(
        project=project,
        heading=f"Prospects: {what} of a person",
        until=until,
        lead=lead,
        sections=sections,
    )


def summary(about: Mapping[str, Any]) -> str:
    """Return in two or three sentences what a classifier is worth.

    Parameters
    ----------
    about : mapping
        What is told of the prediction, with its proof.

    Returns
    -------
    str
        Alarms come first.
    """
    proof = about["proof"]
    test, simple, majority = proof["test"], proof["simple"], proof["majority"]
    low, high = test["accuracy_ci"]
    text = (
        f"Of {fmt.count(test['n'])} customers kept apart, {fmt.share(test['accuracy'])} were "
        f"told rightly (95% interval {fmt.share_range(low, high)}). Always naming the largest "
        f"class gets {fmt.share(majority['accuracy'])}, a tree of four leaves "
        f"{fmt.share(simple['accuracy'])}."
    )
    if low <= majority["accuracy"]:
        text += " It is not shown to be better than always naming the largest class."
    alarms = [leak for leak in about["leaks"] if leak["level"] == "alarm"]
    if alarms:
        return f"Do not trust these scores yet. {alarms[0]['why']} {text}"
    return text


def _proof_sections(about: Mapping[str, Any]) -> list[Section]:
    proof, classes = about["proof"], about["classes"]
    parts: list[Section] = []
    if about["leaks"]:
        told = [f"{leak['why']} What to do: {leak['advice']}" for leak in about["leaks"]]
        parts.append(Section("Beware", told))
    worth: list[str | Table | Figure] = [_scores_table(proof)]
    if proof["distance"]:
        worth += [_distance_table(proof["distance"]), proof["distance"]["worth"]]
    worth.append(_confusion_table(proof["test"]["confusion"], classes))
    parts.append(Section("What it is worth", worth))
    note = "On the line, answers are right as often as they say; below it they are too sure."
    chart = Figure(_calibration(proof["test"]["bins"]), "How sure, and how often right", note)
    parts.append(Section("Whether 70% means seven in ten", [chart]))
    parts.append(Section("What it hangs on", [_drivers_table(about["drivers"])]))
    parts.append(Section("How it was chosen", _choice_parts(about)))
    return parts


def _scores_table(proof: Mapping[str, Any]) -> Table:
    measured = {
        "Untouched test part": proof["test"],
        "Nested cross-validation": proof["nested"],
        f"Tree of four leaves ({', '.join(proof['simple_asks'])})": proof["simple"],
        "Always the largest class": proof["majority"],
    }
    return Table(
        "Scores on customers that were not learnt from. Of log loss, Brier score (0 to 2) and "
        "calibration error less is better.",
        ["Measured on", "n", "Accuracy", "Macro F1", "AUC", "Log loss", "Brier", "Calibration"],
        [
            [
                name,
                fmt.count(one["n"]),
                fmt.share(one["accuracy"]),
                *(
                    "not known" if one[key] is None else f"{one[key]:.3f}"
                    for key in ("macro_f1", "auc", "log_loss", "brier", "ece")
                ),
            ]
            for name, one in measured.items()
        ],
    )


def _distance_table(found: Mapping[str, Any]) -> Table:
    r2 = "not known" if found["r2"] is None else f"{found['r2']:.3f}".replace("-", "−")
    return Table(
        "The answers of the test part as distances, classes being numbers.",
        ["Measured on", "Mean absolute error", "Mean squared error", "R²"],
        [["Untouched test part", f"{found['mae']:.3f}", f"{found['mse']:.3f}", r2]],
    )


def _confusion_table(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> Table:
    return Table(
        "Customers of the test part: what they are (rows), and what was said (columns).",
        ["Is \\ said", *classes],
        [
            [name, *(fmt.count(count) for count in counts)]
            for name, counts in zip(classes, confusion, strict=True)
        ],
    )


def _drivers_table(drivers: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        "Fields by how much worse the chances of the test part get if the field is another "
        "customer's. What goes with what is no cause.",
        ["Field", "What goes with it", "Accuracy lost", "Log loss added"],
        [
            [one["field"], one["text"], fmt.share(one["accuracy"]), f"{one['loss']:.3f}"]
            for one in drivers[:MOST_DRIVERS]
        ],
        numbers=2,
    )


def _choice_parts(about: Mapping[str, Any]) -> list[str | Table | Figure]:
    proof = about["proof"]
    parts: list[str | Table | Figure] = [
        f"Learnt from {fmt.count(proof['n_train'])} customers: {proof['recipe']}, the simplest "
        "within one standard error of the best. The classifier in use was fitted again with the "
        "test part; the scores are of the one before.",
        Table(
            "Cross-validated log loss of what was tried; less is better.",
            ["Classifier", "Log loss"],
            [[name, f"{loss:.4f}"] for name, loss in proof["tried"].items()],
        ),
    ]
    if about["protected"]:
        listed = ", ".join(about["protected"])
        parts.append(f"It looks at protected attributes, as the settings say: {listed}.")
    left = (
        f"Left out: {one['class']}, with {one['n']} customers only." for one in about["left_out"]
    )
    return [*parts, *left]


def _form_section(form: Form) -> Section:
    return Section(
        "The form",
        [
            Table(
                "What a person is asked. Fields that play no part are taken and left aside.",
                ["Field", "Kind", "Answers", "Needed", "For example"],
                [
                    [
                        field.name,
                        field.kind,
                        _allowed(field),
                        _needed(field),
                        field.example or "–",
                    ]
                    for field in form.fields
                ],
                numbers=9,
            )
        ],
    )


def _allowed(field: Field) -> str:
    if field.choices:
        return ", ".join(
            word if code == word else f"{code} = {word}" for code, word in field.choices
        )
    if field.low is None:
        return "any text" if field.kind == "extra" else "any"
    return f"customers have {field.say(field.low)} to {field.say(field.high)}"


def _needed(field: Field) -> str:
    if field.kind == "extra":
        return "no, handed on to offers"
    return "yes" if field.required else "no" if field.used else "no, plays no part"


def _calibration(bins: Sequence[Mapping[str, Any]]) -> Chart:
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    diagonal = alt.Chart(rows([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(
        color=light("line"), strokeWidth=2
    )
    ink = light("ink-2")
    points = alt.Chart(rows([dict(one) for one in bins]))
    x = alt.X("said:Q", title="How sure", scale=scale, axis=axis)
    y = alt.Y("came:Q", title="Share that was right", scale=scale, axis=axis)
    drawn = points.mark_line(color=ink, point={"color": ink}).encode(x=x, y=y)
    layers = alt.layer(diagonal.encode(x="x:Q", y="y:Q"), drawn)
    return finish(layers.properties(width=NARROW, height=NARROW))
