"""What goes over the wire: the shapes of requests and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Item = TypeVar("Item")
Name = Annotated[str, StringConstraints(min_length=1, max_length=63)]
JobKind = Literal["run", "train", "candidate", "prospects", "value", "products", "offers", "flows"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class Wire(BaseModel):
    """A request: what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """What went wrong: what came, what is allowed, what to try (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:coterie:problem:not_found",
                "title": "Not Found",
                "status": 404,
                "code": "not_found",
                "detail": "There is no project 'shop'.",
                "where": "project",
            }
        }
    )
    type: str
    title: str
    status: int
    code: str
    detail: str
    allowed: str = ""
    hint: str = ""
    where: str = ""
    errors: list[dict[str, str]] = []


class Page(BaseModel, Generic[Item]):
    """A part of a list; ``next`` is the cursor of the following part, null on the last."""

    items: list[Item]
    next: str | None = None
    total: int


class NewProject(Wire):
    """A project to be made."""

    name: Name = Field(description="Small letters, digits and hyphens.", examples=["shop"])


class Uses(BaseModel):
    """What a project holds, and what leans on it."""

    runs: int
    uploads: int
    customers: int = Field(description="Of the published run.")
    live: bool = Field(description="Whether events come to it.")
    jobs: int = Field(description="That wait or are at work: until they end it cannot be removed.")
    schedules: int = Field(description="That are on.")
    keys: int = Field(description="For this project alone, not revoked.")
    members: int = Field(description="Users with a role in it.")


class ProjectInfo(BaseModel):
    """A project, and the run that is published."""

    name: str
    title: Annotated[str, Field(description="The name in its settings.")] = ""
    mapped: bool = Field(description="Whether it has sources.")
    run_id: str | None = None
    as_of: date | None = None
    live: Annotated[bool, Field(description="Whether it has a stream of events.")] = False


class Upload(BaseModel):
    """A file that was uploaded; the same content has the same id."""

    id: str
    name: str
    bytes: int
    sha256: str


class MappingWish(Wire):
    """Which uploads a mapping is proposed for."""

    uploads: list[str] = Field(min_length=1, max_length=16, examples=[["u0123456789ab"]])


class Mapping(BaseModel):
    """What files seem to hold, with a reason for every choice, and the settings that follow."""

    proposals: list[dict[str, Any]] = Field(
        description="One an upload: table, columns with examples and how sure, what is missing."
    )
    toml: str = Field(description="The commented settings; PUT them to accept.")


class Settings(Wire):
    """The settings of a project as TOML."""

    toml: str = Field(max_length=200_000, examples=['[sources.orders]\nfile = "uploads/…"'])


class RunWish(Wire):
    """How to run; nothing has to be said."""

    as_of: Annotated[date | None, Field(description="Rows on or after this day are not read.")] = (
        None
    )
    refit: bool = False


class CandidateWish(Wire):
    """Which candidate is made whole, to be looked at: as the table of candidates tells it."""

    algorithm: Annotated[str, Field(max_length=60, examples=["kmeans"])]
    k: Annotated[int, Field(ge=2, le=100)]
    features: Annotated[str, Field(max_length=100, examples=["log RFM"])] = ""
    as_of: Annotated[date | None, Field(description="Rows on or after this day are not read.")] = (
        None
    )


class ProspectsWish(Wire):
    """What a classifier is to tell; the segment if nothing is said."""

    label: Annotated[str, Field(max_length=200)] = ""


class ValueWish(Wire):
    """How far ahead; by default the horizon of the project."""

    horizon: Annotated[str, Field(max_length=10, examples=["90d"])] = ""


class ProductsWish(Wire):
    """Nothing has to be said."""


class OffersWish(Wire):
    """How offers are planned."""

    as_of: date | None = None
    explore: bool = False
    budget: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None


class FlowsWish(Wire):
    """Two dates, or two runs."""

    start: Annotated[date | str, Field(max_length=40, examples=["2011-11-11"])]
    end: Annotated[date | str, Field(max_length=40, examples=["2011-12-10"])]


WISHES: dict[JobKind, type[Wire]] = {
    "run": RunWish,
    "train": RunWish,
    "candidate": CandidateWish,
    "prospects": ProspectsWish,
    "value": ValueWish,
    "products": ProductsWish,
    "offers": OffersWish,
    "flows": FlowsWish,
}
"""What may be said of each kind of job."""


class JobWish(Wire):
    """Long work to be done."""

    kind: JobKind
    params: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check_params(self) -> Self:
        told = WISHES[self.kind].model_validate(self.params)
        self.params = told.model_dump(mode="json")
        return self


class JobError(BaseModel):
    """Why a job failed."""

    code: str
    message: str
    allowed: str = ""
    hint: str = ""
    where: str = ""


class Job(BaseModel):
    """Long work: waiting, at work, or ended."""

    id: str
    kind: str
    state: JobState
    stage: str = ""
    fraction: float = 0.0
    result: dict[str, Any] | None = None
    error: JobError | None = None
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    attempts: int = 0


class RunInfo(BaseModel):
    """A run in the list of runs."""

    run_id: str
    as_of: date | None = None
    model_id: str
    parent_run: str | None = None
    published: bool
    trial: bool = Field(default=False, description="It was never published.")


class PredictWish(Wire):
    """People of whom something is known."""

    rows: list[dict[str, Any]] = Field(
        min_length=1, max_length=10_000, examples=[[{"Age": 41, "Income": 36_000}]]
    )


class Answer(BaseModel):
    """What is told of one person; with a label there is ``label`` in place of the segment."""

    model_config = ConfigDict(extra="allow")
    id: str
    segment_id: str | None = None
    segment_name: str | None = None
    probability: float | None = None
    margin: float | None = None
    reasons: list[str] = []
    by: str
    problems: list[dict[str, Any]] = []


class PredictAnswer(BaseModel):
    """What is told of people, and by whom: the published model itself, or a classifier."""

    by: Literal["model", "prospects"]
    run_id: str
    rows: list[Answer]


class Form(BaseModel):
    """The fields that are asked for, and what the answers are worth."""

    by: Literal["model", "prospects"]
    key: str
    fields: list[dict[str, Any]]
    about: dict[str, Any]
