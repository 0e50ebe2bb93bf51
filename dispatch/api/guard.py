"""Stands before the page and its API: this site's own names, its own page's requests, short bodies, safe headers."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
HEALTH = frozenset({"/healthz", "/readyz"})  # asked for by address, and they tell nothing
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES = 1 << 20
STREAMED = frozenset({"/api/site/addresses"})  # whose route reads a long body as it comes, and bounds it itself
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; media-src blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
TLS = {"Strict-Transport-Security": "max-age=31536000"}


class Guard:
    """Refuses a Host that is not ours (a foreign page that rebinds its name), what another site's page sends with our
    cookie, and bodies that are too long; adds the headers.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = HOSTS, *, tls: bool = False) -> None:
        self.app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._scheme = "https" if tls else "http"
        self._headers = {**SECURITY, **(TLS if tls else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if scope["path"].startswith("/api/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer: ASGIApp = self._refusal(scope) or self.app
        if answer is self.app and scope["method"] not in SAFE and scope["path"] not in STREAMED:
            body = await _body(receive)
            if body is None:
                answer = _problem(413, f"the body has more than {BODY_BYTES} bytes")
            else:
                receive = _again(body, receive)
        await answer(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _name(host) not in self._hosts and scope["path"] not in HEALTH:
            return _problem(421, f"Host is {host[:80]!r}; expected {' or '.join(sorted(self._hosts))}")
        if scope["method"] in SAFE:
            return None
        # Browsers name the page that sends; a program has no cookie that another site could borrow.
        own, origin = f"{self._scheme}://{host}".lower(), headers.get("origin")
        if origin is None and "cookie" not in headers:
            return None
        if origin is None or origin.lower() != own:
            return _problem(403, f"Origin is {(origin or 'absent')[:80]!r}; expected {own}, this page's own")
        return None


async def _body(receive: Receive) -> bytes | None:
    """All of the body; None where it is too long."""
    parts, length, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        if length > BODY_BYTES:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read, then what comes after it."""
    read = iter([body])

    async def receive_again() -> Message:
        for whole in read:
            return {"type": "http.request", "body": whole, "more_body": False}
        return await receive()

    return receive_again


def _problem(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).strip("[]").lower()
