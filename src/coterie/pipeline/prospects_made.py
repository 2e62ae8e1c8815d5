"""The form of a project's prospects, and the classifier that is learnt from its customers.

What is kept holds no row of a customer: typical values, weights, and trees with ten customers
and more in a leaf.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any, Literal

from coterie.config import Settings
from coterie.errors import NotReadyError, ParameterError
from coterie.features.matrix import Wanted
from coterie.pipeline.people import Customers, read_customers
from coterie.pipeline.plan import Tell
from coterie.prediction.drivers import find_drivers
from coterie.prediction.fields import Field, make_field
from coterie.prediction.form import Form
from coterie.prediction.labels import Target, target_of
from coterie.prediction.leakage import find_leaks
from coterie.prediction.proof import Proven, prove
from coterie.prediction.prospects import Task, typical_value
from coterie.prediction.prospects_page import prospects_page
from coterie.schema import Attribute, ColumnParams
from coterie.segmentation.parallel import each
from coterie.segmentation.released import Released, load_released
from coterie.store.home import Home
from coterie.store.predictions import PAGE
from coterie.store.results import Run, published_run
from coterie.store.runs import FolderWriter, read_json

_UNTOLD = {"key", "ignore"}
SEGMENT = "segment"
"""Label of the segments themselves."""


class Asked:
    """What determines a prediction: the run, the columns and who answers.

    Parameters
    ----------
    settings : Settings
        Of the project.
    folder : Path
        The project folder.
    label : str
        A column of the customer table to predict, or ``segment`` to learn a classifier of
        the segments even where the model can place people; empty for the segment.

    Raises
    ------
    NotReadyError
        If nothing is published, or there is no customer table or column to tell from.
    ParameterError
        If a column is not known.
    """

    def __init__(self, settings: Settings, folder: Path, label: str) -> None:
        self.settings = settings
        self.run: Run = published_run(folder)
        self.released: Released = load_released(self.run.folder)
        self.home = Home(folder)
        self.attributes = self._attributes()
        names = {attribute.name for attribute in self.attributes}
        self._check_label(label)
        sources = set(self.released.matrix.sources)
        whole = sources <= names
        forced = label == SEGMENT and SEGMENT not in names
        self.label = label = "" if forced else label
        self.by = "model" if whole and not label and not forced else "prospects"
        if label and label not in names:
            raise ParameterError.unknown("label", label, names)
        self.made_from = sorted(sources & names) if not label else []
        self.fields = [*self.released.matrix.sources] if self.by == "model" else self._chosen()

    @property
    def key(self) -> dict[str, Any]:
        """All that the kept files depend on."""
        bounds = {name: one.model_dump(mode="json") for name, one in self.settings.columns.items()}
        return {
            "run": self.run.id,
            "version": importlib.metadata.version("coterie"),
            "label": self.label,
            "by": self.by,
            "fields": self.fields,
            "columns": bounds,
            "ask": {name: list(words) for name, words in self.settings.predict.ask.items()},
            "names": self.segment_names,
        }

    @property
    def data(self) -> Path:
        """Folder of the checked tables of the run."""
        return self.home.data / str(self.run.manifest.get("data", ""))

    @property
    def segment_names(self) -> dict[str, str]:
        """Segment id -> name."""
        return {one["id"]: str(one["name"]) for one in self.run.segments}

    @property
    def known_columns(self) -> list[str]:
        """Every column of the customer table, whether it says something of people or not."""
        return [one.name for one in self._every()]

    def attribute(self, name: str) -> Attribute:
        """Return an attribute by its name."""
        return next(one for one in self.attributes if one.name == name)

    def _attributes(self) -> list[Attribute]:
        if not self.data.is_dir():
            hint = "Make it again: coterie run"
            raise NotReadyError("The customer table of this run is gone.", hint=hint)
        found = [one for one in self._every() if one.kind not in _UNTOLD]
        if not found:
            raise NotReadyError(
                "Prospects are told from attributes, and no customer table here has any.",
                hint="Add [sources.customers] and run again: coterie run",
            )
        return found

    def _every(self) -> list[Attribute]:
        about = read_json(self.data / "tables.json")
        return [Attribute.from_dict(one) for one in about["attributes"]]

    def _check_label(self, label: str) -> None:
        """Refuse a column that is there but says nothing; of one that is not, others tell."""
        for one in self._every():
            if one.name == label and one.kind in _UNTOLD:
                raise ParameterError(
                    f"{label!r} is of kind {one.kind!r} and cannot be predicted.",
                    allowed="A label is a category, a flag, an ordinal or a number.",
                    hint=f"If it is one, say its kind under [columns.{label}] and run again.",
                    where="label",
                )

    def _chosen(self) -> list[str]:
        """Return the columns to predict from: as listed, else all that are not protected."""
        names = [one.name for one in self.attributes]
        listed = self.settings.predict.fields
        for name in listed:
            if name not in names:
                raise ParameterError.unknown("predict.fields", name, names)
        allowed = set(self.settings.segmentation.include_protected)
        found = listed or [
            one.name for one in self.attributes if not one.protected or one.name in allowed
        ]
        chosen = [name for name in found if name != self.label]
        if not chosen:
            raise NotReadyError(
                "No column is left to predict from.",
                hint='Name them: [predict] fields = ["…"]. Protected ones must be named.',
            )
        return chosen


def make(asked: Asked, writer: FolderWriter, tell: Tell | None) -> None:
    """Write form, classifier, proof and page of a prediction.

    Parameters
    ----------
    asked : Asked
        What determines it.
    writer : FolderWriter
        Of the folder.
    tell : callable, optional
        Told the stage, the share of it that is done, and what is being done.

    Raises
    ------
    NotReadyError
        If there are too few customers to learn from.
    """
    people = read_customers(asked.run, asked.data, [one.name for one in asked.attributes])
    form = _form(asked, people)
    about: dict[str, Any] = {"label": asked.label, "by": asked.by, "fields": asked.fields}
    if asked.by == "prospects":
        # Even sums outside the fits are made by one thread, so that all bytes are the same.
        (told,) = each(lambda found: _learn(asked, found, form, writer, tell), [people])
        about |= told
    else:
        about["classes"] = [asked.segment_names[name] for name in asked.released.ids]
    frame = people.frame
    about["typical"] = {name: typical_value(frame.column(name)) for name in asked.fields}
    writer.json("form.json", form.to_dict())
    writer.json("about.json", about)
    project = asked.settings.project.name
    page = prospects_page(project, asked.run.as_of, form, about)
    writer.text(PAGE, page)


def _form(asked: Asked, people: Customers) -> Form:
    settings, label = asked.settings, asked.label
    fields = [
        make_field(
            one,
            people.frame.column(one.name),
            settings.columns.get(one.name, ColumnParams()),
            used=one.name in asked.fields,
        )
        for one in asked.attributes
        if one.name != label
    ]
    asks = [
        Field(name, "extra", name, choices=tuple((word, word) for word in words))
        for name, words in settings.predict.ask.items()
    ]
    key = next(
        (
            source.mapping().get("customer_id", "")
            for name, source in settings.sources.items()
            if settings.table_of(name) == "customers"
        ),
        "",
    )
    return Form((*fields, *asks), key)


def _learn(
    asked: Asked, people: Customers, form: Form, writer: FolderWriter, tell: Tell | None
) -> dict[str, Any]:
    """Write the classifier; return what is to be told of it."""
    target = _target(asked, people)
    numeric = {"number", "ordinal", "date"}
    kinds: dict[str, Literal["number", "category"]] = {
        name: "number" if asked.attribute(name).kind in numeric else "category"
        for name in asked.fields
    }
    wanted = [Wanted(name, kind=kind) for name, kind in kinds.items()]
    seed = asked.settings.segmentation.seed
    task = Task.of(
        people.frame, wanted, target.labels, ids=people.ids, order=target.order, seed=seed
    )
    values = None
    if target.values is not None:
        values = [target.values[target.order.index(name)] for name in task.classes]
    proven = prove(task, values=values, seed=seed, tell=tell)
    if tell:
        tell("choose", 0.95, "looking for leaks")
    told = _told(asked, task, proven, form, seed)
    data, nodes = proven.prospects.to_dict()
    writer.json("model.json", data)
    writer.table("nodes.parquet", nodes)
    return told


def _told(asked: Asked, task: Task, proven: Proven, form: Form, seed: int) -> dict[str, Any]:
    label, names = asked.label, asked.segment_names
    called = {
        name: name if name.startswith(label) else f"{label} {name}"
        for name in task.classes
        if label
    }
    drivers = find_drivers(
        proven.tested, proven.test, task, say=form.say, names=called or names, seed=seed
    )
    leaks = find_leaks(
        task,
        label=label or "The segment",
        scores=(proven.proof.test, proven.proof.nested),
        made_from=asked.made_from,
        leading=[driver.field for driver in drivers],
    )
    return {
        "classes": [name if label else names[name] for name in task.classes],
        "left_out": [{"class": name, "n": n} for name, n in task.left_out],
        "customers": len(task.labels),
        "protected": [n for n in asked.fields if asked.attribute(n).protected],
        "drivers": [driver.to_dict() for driver in drivers],
        "leaks": [leak.to_dict() for leak in leaks],
        "proof": proven.proof.to_dict(),
    }


def _target(asked: Asked, people: Customers) -> Target:
    if not asked.label:
        return Target(people.segments, asked.released.ids)
    attribute = asked.attribute(asked.label)
    column = people.frame.column(asked.label)
    field = make_field(attribute, column, ColumnParams(), used=False)
    return target_of(attribute, column, field.say)
