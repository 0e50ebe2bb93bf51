"""Log-in by the operator's identity provider: off to it, and back with its word. Only where the settings name one."""

from __future__ import annotations

import hmac
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from acoustic.errors import TocsinError
from dispatch.api.access import ANYONE, door_of, set_session
from dispatch.people.errors import StrangerError
from dispatch.people.login import Login
from dispatch.people.provider import Pending, Provider

LASTS_S = 600
log = structlog.get_logger()


def provider_routes(login: Login) -> APIRouter:
    """The two ways."""
    router = APIRouter(prefix="/api/session/provider", tags=["session"], default_response_class=RedirectResponse)
    provider = Provider(login)

    @router.get("", dependencies=[ANYONE], status_code=303)
    async def leave(request: Request) -> RedirectResponse:
        """Off to the provider."""
        try:
            address, pending = await provider.question(_back(request))
        except TocsinError as error:
            return _refused(error)
        answer = RedirectResponse(address, 303)
        cookie = _cookie(request)
        # It must come along from the provider's page, so it is not a strict one; it lets nobody in.
        answer.set_cookie(
            cookie,
            msgspec.json.encode(pending).hex(),
            max_age=LASTS_S,
            httponly=True,
            samesite="lax",
            secure=cookie.startswith("__Host-"),
        )
        return answer

    @router.get("/back", dependencies=[ANYONE], status_code=303)
    async def back(
        request: Request,
        state: Annotated[str, Query(max_length=400)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
    ) -> RedirectResponse:
        """Back from it."""
        try:
            pending = _pending(request)
            if not code or not hmac.compare_digest(state.encode(), pending.state.encode()):
                raise StrangerError("the identity provider let nobody in, or for another browser")
            name = await provider.name(pending, code, _back(request))
            address = request.client.host if request.client else ""
            secret, caller = await door_of(request).vouched(name, address)
        except TocsinError as error:
            return _refused(error)
        answer = RedirectResponse("/", 303)
        set_session(request, answer, secret, caller.ends_ms - request.app.state.now_ms())
        answer.delete_cookie(_cookie(request))
        return answer

    return router


def _back(request: Request) -> str:
    return str(request.url_for("back"))


def _cookie(request: Request) -> str:
    return f"{request.app.state.cookie}-way"


def _pending(request: Request) -> Pending:
    try:
        return msgspec.json.decode(bytes.fromhex(request.cookies.get(_cookie(request), "")), type=Pending)
    except (ValueError, msgspec.DecodeError) as error:
        raise StrangerError("this browser asked for nothing, or long ago") from error


def _refused(error: TocsinError) -> RedirectResponse:
    """Back to the log-in, which says so; the log says why."""
    log.warning("the identity provider let nobody in", problem=str(error))
    return RedirectResponse("/#/refused", 303)
