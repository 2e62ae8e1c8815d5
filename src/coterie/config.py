"""Settings: what ``coterie.toml``, the environment and the flags say, checked as one.

Later wins: defaults, ``coterie.toml``, ``COTERIE_…`` variables, flags. A key that is
not known is an error that names the nearest known one.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from coterie.errors import NotReadyError, ParameterError
from coterie.features.catalogue import Feature
from coterie.features.level1 import Rules
from coterie.features.measures import Measure
from coterie.offers.catalogue import Offer, called, check_catalogue
from coterie.prediction.params import PredictParams
from coterie.privacy.disclosure import FLOOR
from coterie.privacy.params import PrivacyParams
from coterie.schema import INPUT_TABLES, ColumnParams, Params
from coterie.segmentation.base import SegmentationParams
from coterie.segmentation.wishes import Rule, Weights
from coterie.sources.base import Source
from coterie.store.places import FILE, SECTION, StoreParams
from coterie.streaming.params import StreamParams

_PREFIX = "COTERIE_"
_LATER = ("weights", "rules", "value", "basis")
"""Settings that are younger than the format: not used, they must change no id and no hash."""


class ProjectParams(Params):
    """``[project]``: what holds for all of it."""

    name: str = "project"
    timezone: str = "UTC"
    currency: str = ""

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not a time zone; write one like UTC or Europe/London") from error
        return timezone


class Settings(BaseSettings):
    """All that a run depends on besides the data, and how much of the machine it may use."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=_PREFIX, env_nested_delimiter="__"
    )

    project: ProjectParams = ProjectParams()
    sources: dict[str, Source] = {}
    columns: dict[str, ColumnParams] = {}
    segmentation: SegmentationParams = SegmentationParams()
    features: tuple[Feature, ...] = ()
    measures: tuple[Measure, ...] = ()
    predict: PredictParams = PredictParams()
    offers: tuple[Offer, ...] = ()
    privacy: PrivacyParams = PrivacyParams()
    store: StoreParams = StoreParams()
    stream: StreamParams = StreamParams()
    threads: int | None = Field(default=None, ge=1, le=1_024)
    memory_limit: str = Field(default="", pattern=r"^(\d{1,6}(\.\d{1,3})?\s*[KMGT]i?B)?$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing by itself: ``make_settings`` merges file, environment and flags."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @model_validator(mode="after")
    def _check_tables(self) -> Settings:
        for name, source in self.sources.items():
            if source.table is None and name not in INPUT_TABLES:
                raise ParameterError(
                    f"[sources.{name}] does not say which table its rows belong to.",
                    allowed=f"Known: {', '.join(INPUT_TABLES)}.",
                    hint=f'Name it so, or add: table = "orders" to [sources.{name}].',
                )
            if bool(source.file) == bool(source.database):
                raise ParameterError(f"[sources.{name}] needs either file or database.")
        return self

    @model_validator(mode="after")
    def _check_effect(self) -> Settings:
        tables = {self.table_of(name) for name in self.sources}
        if self.sources and "orders" not in tables and (self.features or self.measures):
            raise ParameterError(
                "[[features]] and [[measures]] need orders, and there is no source of orders.",
                hint="Add [sources.orders], or leave them out.",
            )
        return self

    @field_validator("offers")
    @classmethod
    def _check_offers(cls, offers: tuple[Offer, ...]) -> tuple[Offer, ...]:
        check_catalogue(offers)
        return offers

    @property
    def result_bearing(self) -> dict[str, Any]:
        """All settings that can change a run, as JSON; what looks ahead names its own."""
        apart = {"threads", "memory_limit", "predict", "offers", "privacy", "store", "stream"}
        kept = self.model_dump(mode="json", exclude=apart)
        hides = next((n for n in ("pseudonyms", "sealed") if getattr(self.privacy, n)), None)
        if hides:  # with pseudonyms the same columns are empty, sealed or not
            kept["privacy"] = {hides: True, "identity": sorted(self.privacy.identity)}
        if self.privacy.floor != FLOOR:  # the report hides by it
            kept.setdefault("privacy", {})["floor"] = self.privacy.floor
        for name in _LATER:
            if not kept["segmentation"][name]:
                del kept["segmentation"][name]
        return kept

    @property
    def model_bearing(self) -> dict[str, Any]:
        """The settings that a fitted model depends on; a change of them asks for a new fit."""
        kept = self.result_bearing
        del kept["sources"], kept["project"]["name"]
        kept.get("privacy", {}).pop("floor", None)
        if not kept.get("privacy"):
            kept.pop("privacy", None)
        rules = ("returns", "duplicates", "free_orders")
        kept["rules"] = {
            name: {rule: getattr(source, rule) for rule in rules}
            for name, source in self.sources.items()
        }
        return kept

    def trying(self, **segmentation: Any) -> Settings:
        """Return the same settings with other values in ``[segmentation]``.

        Raises
        ------
        ParameterError
            If one of them will not do.

        Examples
        --------
        >>> Settings().trying(k=5).segmentation.k
        5
        """
        asked = self.segmentation.model_dump(exclude_unset=True) | segmentation
        return self.model_copy(update={"segmentation": SegmentationParams(**asked)})

    @property
    def rules(self) -> Rules:
        """How order lines are counted.

        Raises
        ------
        ParameterError
            If the sources of orders differ in it.
        """
        found = {
            (source.returns, source.free_orders)
            for name, source in self.sources.items()
            if self.table_of(name) == "orders"
        }
        if len(found) > 1:
            raise ParameterError(
                "The order sources differ in returns or free_orders.",
                hint="Give all [sources.…] of orders the same two settings.",
            )
        returns, free_orders = found.pop() if found else ("net", False)
        return Rules(returns, free_orders, self.project.timezone)

    def check_ready(self) -> None:
        """Raise a NotReadyError if there is nothing to read."""
        if not self.sources:
            raise NotReadyError("The project has no sources.", hint="Make them: coterie init FILE…")

    def table_of(self, name: str) -> str:
        """Return the input table that the rows of a source belong to."""
        return self.sources[name].table or name


def load_settings(folder: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of the project in ``folder``.

    Parameters
    ----------
    folder : Path
        Project folder with a ``coterie.toml``.
    flags : mapping, optional
        Settings given on the command line, nested like the file; they win.

    Raises
    ------
    NotReadyError
        If there is no ``coterie.toml``.
    ParameterError
        If it is not TOML, or a key or value is not accepted.
    """
    path = folder / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise NotReadyError(
            f"There is no {FILE} in {folder.resolve()}.",
            hint="Make one: coterie init FILE…",
            where=str(path),
        ) from error
    except OSError as error:
        raise ParameterError(
            f"{path} cannot be read: {error.strerror or error}.", where=str(path)
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
        raise ParameterError(
            f"{path} is not valid TOML: {error}.", hint=hint, where=str(path)
        ) from error
    return make_settings(data, flags, where=str(path))


def make_settings(
    data: Mapping[str, Any], flags: Mapping[str, Any] | None = None, *, where: str = "settings"
) -> Settings:
    """Check settings given as plain data.

    Parameters
    ----------
    data : mapping
        Nested like ``coterie.toml``. Variables of the environment win over it.
    flags : mapping, optional
        Settings that win over both.
    where : str
        What errors call ``data``: the name of the file.

    Returns
    -------
    Settings
        Checked and frozen.

    Raises
    ------
    ParameterError
        If a key or a value is not accepted, naming the nearest that is.
    """
    environment = _environment()
    merged = _merged(_merged(data, environment), flags or {})
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise _explain(error, where, environment, merged) from error


def _environment() -> dict[str, Any]:
    """Return what ``COTERIE_…`` variables say, nested like the file."""
    fields = Settings.model_fields
    for name in sorted(os.environ):
        given = name.removeprefix(_PREFIX).lower().split("__")[0]
        if not name.startswith(_PREFIX) or given in fields:
            continue
        # Other variables of ours exist; only what looks like a setting is a mistake.
        near = get_close_matches(given, fields, n=1, cutoff=0.75)
        if near or "__" in name:
            hint = f"Did you mean {_PREFIX}{near[0].upper()}?" if near else ""
            raise ParameterError(
                f"The environment variable {name} is not a known setting.", hint=hint, where=name
            )
    try:
        said = dict(EnvSettingsSource(Settings)())
    except SettingsError as error:
        found = re.search(r'field "(\w+)"', str(error))
        name = _PREFIX + (found[1].upper() if found else "…")
        raise ParameterError(
            f"The environment variable {name} is not JSON.",
            hint=f"Set single values by their path, such as {_PREFIX}SEGMENTATION__K=5.",
            where=name,
        ) from error
    if SECTION in said:
        raise ParameterError(
            f"[{SECTION}] is no setting for the environment.",
            hint=f"Write it into {FILE}: everybody who opens the folder must find the same runs.",
        )
    return said


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


_MUST = {
    "bool": "must be true or false",
    "dict": "must be a section, such as [segmentation]",
    "float": "must be a number",
    "finite": "must be a finite number",
    "int": "must be a whole number",
    "missing": "is missing",
    "model": "must be a section, such as [segmentation]",
    "string_pattern": "must be written like 4GB",
    "string": "must be text in quotes",
    "tuple": "must be a list in brackets",
}
"""Beginning of pydantic's kind of complaint -> our words."""


def _explain(
    error: ValidationError, where: str, environment: Mapping[str, Any], merged: Mapping[str, Any]
) -> ParameterError:
    """Turn the first complaint of pydantic into one sentence with the nearest known key."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["loc"][:1] == ("offers",) and len(first["loc"]) > 1:  # an offer is known by its id
        place = " ".join([called(merged["offers"][first["loc"][1]]), *map(str, first["loc"][2:])])
    where = _origin(first["loc"], environment) or where
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ParameterError):
        return ParameterError(
            f"{where}: {cause.message}",
            allowed=cause.allowed,
            hint=cause.hint,
            where=place or where,
        )
    if first["type"] == "extra_forbidden":
        known = _known_keys(first["loc"][:-1])
        unknown = ParameterError.unknown(place, str(first["loc"][-1]), known)
        said = f"{where}: {place} is not a known setting."
    elif first["type"] == "literal_error":
        values = re.findall(r"'([^']*)'", str(first.get("ctx", {}).get("expected")))
        # What may also be empty has '' among its values; a mark is shown in quotes.
        known = tuple(value if value[0].isalnum() else repr(value) for value in values if value)
        unknown = ParameterError.unknown(place, str(first["input"]), known)
        said = f"{where}: {unknown.message}"
    else:
        must = next((words for kind, words in _MUST.items() if first["type"].startswith(kind)), "")
        must = must or re.sub(r"^Value error, ", "", first["msg"]).replace("Input should", "must")
        given = "" if first["type"] == "missing" else f" (given: {str(first['input'])[:80]!r})"
        return ParameterError(f"{where}: {place} {must}{given}.", where=place)
    return ParameterError(said, allowed=unknown.allowed, hint=unknown.hint, where=place)


def _origin(location: tuple[int | str, ...], environment: Mapping[str, Any]) -> str:
    """Return the name of the variable that a setting came from, or nothing."""
    found: Any = environment
    for part in location:
        if not isinstance(found, Mapping) or part not in found:
            return ""
        found = found[part]
    return _PREFIX + "__".join(str(part).upper() for part in location) if location else ""


def _known_keys(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that are allowed at a place in the settings."""
    model: type[BaseModel] = Settings
    parts: dict[str, type[BaseModel]] = {
        "project": ProjectParams,
        "sources": Source,
        "columns": ColumnParams,
        "segmentation": SegmentationParams,
        "features": Feature,
        "measures": Measure,
        "predict": PredictParams,
        "offers": Offer,
        "privacy": PrivacyParams,
        "stream": StreamParams,
    }
    if location:
        model = parts.get(str(location[0]), Settings)
        if location[0] == "segmentation" and len(location) > 1:
            inner: dict[str, type[BaseModel]] = {"weights": Weights, "rules": Rule}
            model = inner.get(str(location[1]), model)
    return tuple(model.model_fields)
