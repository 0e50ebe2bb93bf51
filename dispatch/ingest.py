"""Where nodes report and are enrolled over HTTPS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import sqlalchemy as sa
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acoustic.errors import InputError, ResourceError
from arrays.clip import MOST_BYTES
from arrays.report import Answer, encode
from arrays.uplink.https import ORDERS_HELD_S
from dispatch.centre import Centre
from dispatch.reception import Reception, RejectedError, status_of
from dispatch.trust.enrolment import Enrolled, RefusedError, enrol, read_request
from dispatch.trust.mandate import check_place
from dispatch.trust.peers import Peer
from dispatch.trust.renewal import certify, read_renewal, renew

BODY_BYTES = 1 << 20
MSGPACK = "application/msgpack"
log = structlog.get_logger()


class Ingest:
    """The routes of the nodes' listener."""

    def __init__(self, centre: Centre, reception: Reception) -> None:
        self._centre = centre
        self._reception = reception

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/reports", _answering(self.reports), methods=["POST"]),
                Route("/report", _answering(self.report), methods=["POST"]),
                Route("/clips", _answering(self.clips), methods=["POST"]),
                Route("/orders", _answering(self.orders), methods=["GET"]),
                Route("/enrol", _answering(self.enrol), methods=["POST"]),
                Route("/renew", _answering(self.renew), methods=["POST"]),
                Route("/ca", _answering(self.ca), methods=["GET"]),
            ]
        )

    async def reports(self, request: Request) -> Response:
        """Take a parcel of signed reports."""
        node = self._sender(request)
        _, answers = await self._reception.answer(await _body(request), node)
        return Response(msgspec.msgpack.encode(answers), media_type=MSGPACK)

    async def report(self, request: Request) -> Response:
        """Take one signed report as it is."""
        node = self._sender(request)
        report = await self._reception.take(await _body(request), node)
        answer = Answer(sequence=report.sequence, orders=self._reception.orders(report.node))
        return Response(encode(answer), media_type=MSGPACK)

    async def clips(self, request: Request) -> Response:
        """Take a clip that was asked for."""
        node = self._sender(request)
        await self._reception.take_clip(await _body(request, MOST_BYTES + BODY_BYTES), node)
        return Response()

    async def orders(self, request: Request) -> Response:
        """Hold a node's request until there are orders for it."""
        answers = await self._reception.held(self._sender(request), ORDERS_HELD_S)
        return Response(msgspec.msgpack.encode(answers), media_type=MSGPACK)

    async def enrol(self, request: Request) -> Response:
        """Make a node known by its one-time token."""
        centre = self._centre
        asked = read_request(await _body(request))
        now_ms, origin = centre.now_ms, centre.settings.origin

        def work(connection: sa.Connection) -> tuple[Enrolled, str]:
            done = enrol(connection, asked, origin, now_ms)
            check_place(centre.mandates.current, done.record)
            return done, certify(connection, done.record.id, done.record.public_key, centre.authority, now_ms)

        enrolled, certificate = await centre.store.write(work)
        centre.frame = enrolled.frame
        centre.nodes.add(enrolled.record)
        log.info("node enrolled", node=enrolled.record.id)
        return JSONResponse(self._welcome(enrolled, certificate))

    async def renew(self, request: Request) -> Response:
        """Give a node a new certificate, for the key that it has or for one that this key vouches for."""
        centre = self._centre
        asked = read_renewal(await _body(request))
        if not self._reception.allows(f"renewal of {asked.node}"):
            raise RejectedError(429, f"node {asked.node[:80]!r} renews too often; ask again later")
        now_ms, authority = centre.now_ms, centre.authority
        record, certificate = await centre.store.write(lambda connection: renew(connection, asked, authority, now_ms))
        centre.nodes.add(record)
        log.info("certificate renewed", node=record.id)
        return JSONResponse({"certificate": certificate, "ca": authority.ca_pem.decode()})

    async def ca(self, _request: Request) -> Response:
        """The CA's certificate; a node checks it against the digest in its token."""
        return Response(self._centre.authority.ca_pem, media_type="application/x-pem-file")

    def _sender(self, request: Request) -> str:
        return sender(request.state.peer, self._centre.clock_ns())

    def _welcome(self, enrolled: Enrolled, certificate: str) -> dict[str, object]:
        origin = enrolled.frame.origin
        record = enrolled.record
        return {
            "ca": self._centre.authority.ca_pem.decode(),
            "origin": None if origin is None else msgspec.to_builtins(origin),
            "position": {"x": record.x, "y": record.y, "z": record.z},
            "centre_key": self._centre.authority.order_public_key,
            "certificate": certificate,
            "mandate": msgspec.to_builtins(self._centre.mandates.current),
            "first_sequence": enrolled.first_sequence,
            "first_number": enrolled.first_number,
        }


def sender(peer: Peer | None, now_ns: int) -> str:
    """The node whose certificate a connection is under, which has not ended since the handshake."""
    if peer is None:
        raise RejectedError(401, "a report must come under its node's certificate; enrol the node, or let it renew")
    if peer.until_ns < now_ns:
        raise RejectedError(401, f"the certificate of node {peer.node!r} has ended; renew it")
    return peer.node


def _answering(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Every error of a route as its status and one sentence."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except RefusedError as error:
            return _problem(403, str(error))
        except (RejectedError, InputError, ResourceError) as error:
            return _problem(*status_of(error))

    return answer


def _problem(status: int, sentence: str) -> JSONResponse:
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse({"error": sentence}, status, headers)


async def _body(request: Request, most: int = BODY_BYTES) -> bytes:
    """The request's body; refuses one that is too long before reading all of it."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            raise RejectedError(413, f"the body has more than {most} bytes")
        parts.append(part)
    return b"".join(parts)
