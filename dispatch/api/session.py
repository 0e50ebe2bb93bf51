"""Routes by which people come and go: log in, follow a one-time link, who am I, log out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from dispatch.api.access import ANYONE, door_of, requires, session_secret, set_session, token
from dispatch.api.models import Model
from dispatch.api.problems import ANSWERS
from dispatch.people.codes import DIGITS
from dispatch.people.door import Caller
from dispatch.people.errors import StrangerError

Secret = Annotated[str, Field(min_length=1, max_length=400)]
Code = Annotated[str, Field(pattern=f"^[0-9]{{{DIGITS}}}$")]


class LogIn(Model):
    """A name and its password; the one-time code where the answer to these two asks for it (`code_needed`)."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Secret
    code: Code | None = None


class Follow(Model):
    """A one-time link's secret; a new password where it asks for one, and a name for the first administrator."""

    secret: Secret
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    password: Secret | None = None


class Me(Model):
    """Who is logged in, what they may, and when the session ends at the latest (UTC)."""

    name: str
    role: str | None
    rights: list[str]
    ends_ms: int
    has_codes: bool


class Ways(Model):
    """How people may log in, beside name and password: what the operator's identity provider is called."""

    provider: str | None


router = APIRouter(prefix="/api/session", tags=["session"])


@router.get("", dependencies=[ANYONE])
async def me(request: Request) -> Me | None:
    """Who is logged in; null where nobody is."""
    try:
        return _me(await door_of(request).caller(session_secret(request), token(request)))
    except StrangerError:
        return None


@router.get("/ways", dependencies=[ANYONE])
async def ways(request: Request) -> Ways:
    """How people may log in."""
    return Ways(provider=request.app.state.provider)


@router.post("", dependencies=[ANYONE], responses={k: ANSWERS[k] for k in (401, 429, 503)})
async def log_in(asked: LogIn, request: Request, response: Response) -> Me:
    """Log in; the answer sets the session's cookie."""
    address = request.client.host if request.client else ""
    came = await door_of(request).log_in(asked.name, asked.password, address, asked.code)
    return _let_in(request, response, *came)


@router.post("/link", dependencies=[ANYONE], responses={k: ANSWERS[k] for k in (400, 401, 503)})
async def follow(asked: Follow, request: Request, response: Response) -> Me:
    """Come in by a one-time link; the answer sets the session's cookie."""
    came = await door_of(request).follow(asked.secret, asked.name, asked.password)
    return _let_in(request, response, *came)


@router.delete("", status_code=204, responses={401: ANSWERS[401]})
async def log_out(caller: Annotated[Caller, requires(None)], request: Request, response: Response) -> None:
    """Log out."""
    await door_of(request).log_out(caller)
    response.delete_cookie(request.app.state.cookie)


def _let_in(request: Request, response: Response, secret: str, caller: Caller) -> Me:
    set_session(request, response, secret, caller.ends_ms - request.app.state.now_ms())
    return _me(caller)


def _me(caller: Caller) -> Me:
    return Me(
        name=caller.name,
        role=caller.role,
        rights=sorted(caller.rights),
        ends_ms=caller.ends_ms,
        has_codes=caller.has_codes,
    )
