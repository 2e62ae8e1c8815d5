"""The one shape of an error: problem+json (RFC 9457), made of the errors of the core."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from coterie.errors import CoterieError, DataError, MissingExtraError, NotReadyError, ParameterError
from coterie.service.headers import STRICT
from coterie.store.accounts import LastAdminError, TakenError
from coterie.store.database import DatabaseError

_LOG = logging.getLogger("coterie.service")

MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[CoterieError], int], ...] = (
    (NotReadyError, 409),
    (MissingExtraError, 501),
    (DatabaseError, 503),
    (ParameterError, 422),
    (DataError, 422),
    (CoterieError, 422),
)
_LONGEST = 200
"""Characters of what came that an answer repeats."""


class NotFoundError(CoterieError):
    """There is nothing of this name."""

    code = "not_found"


class ConflictError(CoterieError):
    """Something of this name is there already, or has changed meanwhile."""

    code = "conflict"


class TooLargeError(CoterieError):
    """More came than is taken."""

    code = "too_large"


class RefusedError(CoterieError):
    """Somebody may not do this, or not yet; what is said tells nothing that she did not know.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        Why.
    code : str, optional
        What kind of refusal, for programs.
    wait : int, optional
        Seconds after which it may be tried again.
    where : str, optional
        What is wrong.
    """

    code = "forbidden"

    def __init__(
        self, status: int, message: str, *, code: str = "", wait: int = 0, where: str = ""
    ) -> None:
        super().__init__(message, where=where)
        self.status, self.wait = status, wait
        self.code = code or type(self).code


_STATUS = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (LastAdminError, 409),
    (TakenError, 409),
    (TooLargeError, 413),
    *_STATUS,
)


def problem(status: int, code: str, title: str, **more: Any) -> dict[str, Any]:
    """Return the body of a problem.

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        What kind of problem, for programs.
    title : str
        What came and why it will not do.
    **more : str or list
        ``allowed``, ``hint``, ``where``, ``errors``; what is empty is left out.

    Returns
    -------
    dict
        As ``models.Problem``.

    Examples
    --------
    >>> problem(404, "not_found", "There is no run r1.")["type"]
    'urn:coterie:problem:not_found'
    """
    given = {name: value for name, value in more.items() if value}
    kind = HTTPStatus(status).phrase
    return {
        "type": f"urn:coterie:problem:{code}",
        "title": kind,
        "status": status,
        "code": code,
        "detail": title,
        **given,
    }


def of_error(error: CoterieError) -> tuple[int, dict[str, Any]]:
    """Return the status and the body for an error of the core."""
    if isinstance(error, RefusedError):
        status = error.status
    else:
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
    given = error.to_dict()
    del given["code"]
    return status, problem(status, error.code, given.pop("message"), **given)


def answer(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem as a response.

    Parameters
    ----------
    status : int
        Of HTTP.
    body : mapping
        As ``problem`` makes it.
    headers : mapping, optional
        To be sent with it.

    Returns
    -------
    JSONResponse
        Of the type ``application/problem+json``.
    """
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def told(error: CoterieError) -> JSONResponse:
    """Return an error of the core as a response."""
    headers: dict[str, str] = {}
    if isinstance(error, RefusedError):
        if error.status == 401:
            headers["www-authenticate"] = "Bearer"
        if error.wait:
            headers["retry-after"] = str(error.wait)
    return answer(*of_error(error), headers)


def add_problems(app: FastAPI) -> None:
    """Let every error leave as a problem."""

    @app.exception_handler(CoterieError)
    def known(_: Request, error: CoterieError) -> JSONResponse:
        return told(error)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [_field(one) for one in error.errors()]
        said = f"{len(wrong)} of what came will not do."
        return answer(422, problem(422, "invalid_request", said, errors=wrong))

    @app.exception_handler(Exception)
    def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _LOG.error("unforeseen error", exc_info=error)
        said = "Something went wrong here; the log has it under the request id."
        request_id = getattr(request.state, "request_id", "")
        # Made outside of all else: what every answer carries is added here.
        return answer(500, problem(500, "internal", said, request_id=request_id), STRICT)

    @app.exception_handler(HTTPException)
    def plain(_: Request, error: HTTPException) -> JSONResponse:
        kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        code = getattr(error, "code", kind)
        body = problem(error.status_code, code, str(error.detail))
        return answer(error.status_code, body, error.headers)


def _field(one: Mapping[str, Any]) -> dict[str, str]:
    where = ".".join(str(part) for part in one["loc"])
    return {"where": where[:_LONGEST], "message": str(one["msg"])[:_LONGEST]}
