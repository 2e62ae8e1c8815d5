"""The segment of people who are no customers yet: one, many, or a file of them."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.routing import Route

from coterie.errors import DataError, ParameterError
from coterie.pipeline.predictor import Predictor
from coterie.service.batches import answer_csv
from coterie.service.deps import only_project
from coterie.service.models import Form, PredictAnswer, PredictWish
from coterie.service.predictors import Predictors
from coterie.service.problems import TooLargeError

router = APIRouter(tags=["predict"])
root = APIRouter(tags=["predict"])
MOST_ROWS = 10_000
"""People in one JSON request; a CSV file may have any number."""
_AT_ONCE = 8
"""People who are answered without leaving the loop that listens."""
_JSON = msgspec.json.Decoder(dict[str, Any])
_TO_JSON = msgspec.json.Encoder()
_CSV = "text/csv"
Label = Annotated[
    str, Query(max_length=200, description="A column to predict instead of the segment.")
]
ProjectName = Annotated[str, InPath(description="Name of the project.", max_length=63)]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": PredictWish.model_json_schema()},
            _CSV: {"schema": {"type": "string"}},
        },
    }
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"model": PredictAnswer, "content": {_CSV: {"schema": {"type": "string"}}}}
}


@router.post("/projects/{project}/predict", openapi_extra=_BODY, responses=_ANSWER)
async def predict(request: Request, project: ProjectName, label: Label = "") -> Response:
    """Tell the segment (or a label) of people from their attributes.

    JSON: ``{"rows": [{…}]}``, up to 10,000. CSV: a header and any number of rows; the answer
    is CSV too, and begins while the rest is still being worked out.
    """
    return await _answer(request, project, label)


@root.post("/predict", openapi_extra=_BODY, responses=_ANSWER)
async def predict_here(
    request: Request,
    project: Annotated[str, Query(max_length=63, description="Needed if there are several.")] = "",
    label: Label = "",
) -> Response:
    """Tell the segment of people, of the project that is named or the only one there is."""
    return await _answer(request, project or only_project(request), label)


async def _hot(request: Request) -> Response:
    label = request.query_params.get("label", "")
    return await _answer(request, request.path_params["project"], label)


HOT = Route("/api/v1/projects/{project}/predict", _hot, methods=["POST"])
"""``predict`` without what FastAPI adds to each request; it is asked before all others."""


@router.get("/projects/{project}/predict/form")
def show_form(request: Request, project: ProjectName, label: Label = "") -> Form:
    """Show the fields that are asked for, and what the answers are worth."""
    predictor = _predictors(request).get(project, label)
    by = "model" if predictor.prospects is None else "prospects"
    return Form.model_validate({**predictor.form.to_dict(), "by": by, "about": predictor.about})


def _predictors(request: Request) -> Predictors:
    found: Predictors = request.app.state.predictors
    return found


async def _answer(request: Request, project: str, label: str) -> Response:
    predictors = _predictors(request)
    predictor = predictors.fresh(project, label)
    if predictor is None:
        predictor = await run_in_threadpool(predictors.get, project, label)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind == _CSV:
        return await _answer_csv(request, predictor)
    if kind != "application/json":
        raise ParameterError(
            f"{kind[:100]!r} is not understood.",
            allowed=f"application/json, {_CSV}",
            where="content-type",
        )
    people = _people(await request.body())
    if len(people) <= _AT_ONCE:
        return _wire(predictor, people)
    return await run_in_threadpool(_wire, predictor, people)


def _people(body: bytes) -> list[dict[str, Any]]:
    try:
        wish = _JSON.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"This is no JSON object: {error}.", hint='{"rows": [{…}]}') from error
    rows = wish.get("rows")
    plain = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    if not plain or not rows or set(wish) != {"rows"}:
        raise ParameterError(
            "The request has no rows of people.",
            allowed='{"rows": [{"Age": 41, …}]}, one at least',
            where="rows",
        )
    if len(rows) > MOST_ROWS:
        raise TooLargeError(
            f"The request has {len(rows):,} rows.",
            allowed=f"at most {MOST_ROWS:,}",
            hint=f"Send them as {_CSV}.",
        )
    return list(rows)


def _wire(predictor: Predictor, people: list[dict[str, Any]]) -> Response:
    rows = predictor.answer(predictor.form.read(people))
    told = {"by": predictor.asked.by, "run_id": predictor.asked.run.id, "rows": rows}
    return Response(_TO_JSON.encode(told), media_type="application/json")


async def _answer_csv(request: Request, predictor: Predictor) -> Response:
    work = tempfile.TemporaryDirectory(prefix="coterie-")
    try:
        file = Path(work.name) / "people.csv"
        with file.open("wb") as out:
            async for block in request.stream():
                await run_in_threadpool(out.write, block)
        parts = answer_csv(predictor, file)
        # What is wrong at the beginning is still an answer of its own.
        head = await run_in_threadpool(lambda: [next(parts), next(parts, b"")])
    except BaseException:
        work.cleanup()
        raise
    return StreamingResponse(
        _rest(head, parts), media_type=_CSV, background=BackgroundTask(work.cleanup)
    )


async def _rest(head: list[bytes], parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in head:
        yield part
    while part := await run_in_threadpool(next, parts, b""):
        yield part
