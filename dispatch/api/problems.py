"""Every error as its status and one sentence."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from acoustic.errors import InputError, ResourceError
from dispatch.api.models import Problem
from dispatch.people.errors import BusyError, ForbiddenError, StrangerError, TooManyError
from dispatch.store.decisions import AbsentError
from recordings.decisions import ConflictError

RETRY_AFTER = {429: "60", 503: "5"}
STATUS: dict[type[Exception], int] = {
    StrangerError: 401,
    ForbiddenError: 403,
    TooManyError: 429,
    BusyError: 503,
    ConflictError: 409,
    AbsentError: 404,  # an InputError too, so before it
    InputError: 400,
    ResourceError: 503,
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": what}
    for status, what in {
        400: "something in the request is not what was expected",
        401: "nobody is logged in",
        403: "the caller may not",
        404: "there is no such thing",
        409: "it does not suit what was decided or entered before",
        429: "too many attempts",
        503: "the centre cannot answer now",
    }.items()
}
log = structlog.get_logger()


def problem(status: int, sentence: str, **more: bool) -> JSONResponse:
    """An answer that says what went wrong."""
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else None
    return JSONResponse({"error": sentence, **more}, status, headers)


def answer_problems(app: FastAPI) -> None:
    """Have an application answer every error so."""
    for kind in STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _known(request: Request, error: Exception) -> JSONResponse:
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    if isinstance(error, ResourceError):
        log.warning("a request could not be answered", path=request.url.path, problem=str(error))
    if isinstance(error, StrangerError) and error.code_needed:
        return problem(status, str(error), code_needed=True)
    return problem(status, str(error))


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """The first thing that is wrong; never what was sent, which may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 — the handler is registered for it alone
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return problem(422, f"{field}: {first['msg']}")


async def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 — the handler is registered for it alone
    return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)
