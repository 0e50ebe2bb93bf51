"""How a route says who may call it: `requires(right)` or `ANYONE`, one of them on every route.

    @router.get("/things")
    async def things(caller: Annotated[Caller, requires(Right.SEE_EVENTS)]) -> Things: ...

`page_app` refuses to start with a route that says neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute

from dispatch.people.door import Caller, Door
from dispatch.people.roles import Right

BEARER = "bearer "


class Requires:
    """Lets a caller through who has a right; `None`: who is logged in at all."""

    def __init__(self, right: Right | None) -> None:
        self.right = right

    async def __call__(self, request: Request) -> Caller:
        """The caller; raises StrangerError or ForbiddenError."""
        return await door_of(request).caller(session_secret(request), token(request), self.right)


def requires(right: Right | None) -> Any:
    """The caller, who has a right; with None, whoever is logged in."""
    return Depends(Requires(right))


async def _anyone() -> None:
    """Nothing is asked."""


ANYONE = Depends(_anyone)


def stated(routes: Iterable[BaseRoute]) -> dict[str, list[Right | None]]:
    """The rights that each route asks for, by `METHOD path`; none where it lets anyone in.

    Raises LookupError for a route that says neither.
    """
    return {f"{method} {one.path}": _rights(one) for one in _flat(routes) for method in sorted(one.methods or ())}


def _flat(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        inner: APIRouter | None = getattr(route, "original_router", None)  # newer FastAPI keeps routers whole
        if inner is not None:
            yield from _flat(inner.routes)
        elif isinstance(route, APIRoute):
            yield route
        else:
            raise LookupError(f"{route} cannot say who may call it; expected a route of FastAPI's")


def _rights(route: APIRoute) -> list[Right | None]:
    calls = [dependant.call for dependant in _all(route.dependant)]
    rights = [call.right for call in calls if isinstance(call, Requires)]
    if not rights and _anyone not in calls:
        raise LookupError(f"{route.path} says not who may call it; expected requires(…) or ANYONE")
    return rights


def door_of(request: Request) -> Door:
    """The application's door."""
    door: Door = request.app.state.door
    return door


def session_secret(request: Request) -> str | None:
    """What the session's cookie holds."""
    return request.cookies.get(request.app.state.cookie)


def token(request: Request) -> str | None:
    """What a machine shows in `Authorization: Bearer …`."""
    header = request.headers.get("authorization", "")
    return header[len(BEARER) :].strip() if header.lower().startswith(BEARER) else None


def set_session(request: Request, response: Response, secret: str, lasts_ms: int) -> None:
    """Give the browser its session: for this site alone, and out of its scripts' reach."""
    name: str = request.app.state.cookie
    response.set_cookie(
        name, secret, max_age=lasts_ms // 1000, httponly=True, samesite="strict", secure=name.startswith("__Host-")
    )


def cookie_name(fingerprint: str, *, tls: bool) -> str:
    """One a centre: browsers hold cookies for a host, whatever its port. `__Host-` binds it to this host over TLS."""
    return f"{'__Host-' if tls else ''}tocsin-{fingerprint[:8]}"


def _all(dependant: Dependant) -> Iterable[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _all(one)
