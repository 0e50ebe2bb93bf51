"""What every target of alerts is: frozen settings, and a way to send. HTTP is here, for those that speak it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import msgspec

from acoustic.errors import InputError, ResourceError
from dispatch.checks import web_address

ANSWER_S = 10.0  # how long a receiver may say nothing
LINGER_S = 1.0  # how long one is given to close a connection that carries no answer


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """Where alerts go, and in which standard."""


class WebTarget(Target, frozen=True, kw_only=True):
    """Something on a web server. `token` goes as bearer token; `ca` is a file of authorities in place of the usual."""

    url: str
    token: str = ""
    ca: str = ""

    def __post_init__(self) -> None:
        web_address("url", self.url)
        if not self.token.isascii() or not self.token.isprintable():
            raise InputError("token has characters that a header cannot carry; expected plain ASCII")

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body; raises ResourceError where the answer is anything but success."""
        if self.token:
            headers = {**headers, "Authorization": f"Bearer {self.token}"}
        await request("POST", self.url.rstrip("/") + path if path else self.url, body, headers, self.ca)


async def request(
    method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, ca: str = ""
) -> None:
    """One HTTP request of which only the status is read; raises ResourceError where that is not 2xx."""
    import httpx  # here, because only who sends by HTTP needs it

    try:
        async with (
            httpx.AsyncClient(timeout=ANSWER_S, verify=trusting(ca), trust_env=False) as client,
            client.stream(method, url, content=body, headers=headers) as answer,
        ):
            if not answer.is_success:
                raise ResourceError(f"{url} answered {answer.status_code}; expected 2xx")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise ResourceError(f"{url} did not answer as it should: {error or type(error).__name__}") from error


async def send_stream(host: str, port: int, body: bytes, tls: ssl.SSLContext | None) -> None:
    """One body over one connection; raises OSError. The receiver has it once its machine has closed in turn."""
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        writer.write(body)
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), LINGER_S)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@cache
def trusting(ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS that trusts the authorities of this file, or the usual ones, and shows a certificate where there is one.

    Raises ResourceError, InputError.
    """
    for name, path in (("ca", ca), ("certificate", certificate), ("key", key)):
        if path and not Path(path).is_file():
            raise ResourceError(f"{name} {path} is not a file; expected PEM")
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate:
            context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise InputError(f"ca {ca}, certificate {certificate} or key {key} cannot be used: {error}") from error
    return context
