"""Where nodes report and are enrolled: verify, keep, then acknowledge.

A report is acknowledged only when it is on the disk. Reports that come at the same time share one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import sqlalchemy as sa
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acoustic.errors import InputError, ResourceError
from arrays.report import (
    LISTENING,
    Answer,
    Envelope,
    Report,
    decode_envelope,
    decode_report,
    encode,
    station_arrival,
    verify,
)
from dispatch.buckets import Buckets
from dispatch.centre import Centre
from dispatch.enrolment import Enrolled, RefusedError, enrol, read_request
from dispatch.locator import Locator
from dispatch.peers import Peer
from dispatch.renewal import certify, read_renewal, renew
from dispatch.store.nodes import NodeRecord, revoked_nodes
from dispatch.store.reports import Received, add_reports

BODY_BYTES = 1 << 20
BATCH = 500
FUTURE_NS = 24 * 3600 * 10**9
MSGPACK = "application/msgpack"
log = structlog.get_logger()


class HttpError(Exception):
    """An answer that ends the request: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Keeper:
    """The one task that writes reports: all that wait at a time in one transaction, each answered after the sync."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._waiting: asyncio.Queue[tuple[Received, asyncio.Future[bool]]] = asyncio.Queue()

    async def keep(self, report: Received) -> bool:
        """True once the report is on the disk; False where its sequence is taken by other bytes."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((report, done))
        return await done

    async def run(self) -> None:
        """For ever: write what waits."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._write(batch)

    async def _write(self, batch: list[tuple[Received, asyncio.Future[bool]]]) -> None:
        reports = [report for report, _ in batch]

        def work(connection: sa.Connection) -> tuple[set[str], list[bool]]:
            gone = set(revoked_nodes(connection))  # here, so that no report is kept after a revocation
            return gone, add_reports(connection, [report for report in reports if report.node not in gone])

        try:
            gone, kept = await self._centre.store.write(work)
        except ResourceError as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        results = iter(kept)
        for report, done in batch:
            result = None if report.node in gone else next(results)
            if done.done():  # its node may have hung up
                continue
            if result is None:
                done.set_exception(_revoked(report.node))
            else:
                done.set_result(result)


class Ingest:
    """The routes of the nodes' listener."""

    def __init__(self, centre: Centre, keeper: Keeper, locator: Locator) -> None:
        self._centre = centre
        self._keeper = keeper
        self._locator = locator
        limits = centre.settings.limits
        self._buckets = Buckets(limits.reports_per_s, limits.burst)

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/report", _answering(self.report), methods=["POST"]),
                Route("/enrol", _answering(self.enrol), methods=["POST"]),
                Route("/renew", _answering(self.renew), methods=["POST"]),
                Route("/ca", _answering(self.ca), methods=["GET"]),
            ]
        )

    async def report(self, request: Request) -> Response:
        """Take one signed report, from the node whose certificate it comes under."""
        now_ns = self._centre.clock_ns()
        envelope = decode_envelope(await _body(request))
        _check_peer(request.state.peer, envelope.node, now_ns)
        record = self._centre.nodes.find(envelope.node)
        if record is None:
            raise HttpError(403, f"node {envelope.node[:80]!r} is not enrolled here")
        if record.revoked_ms is not None:
            raise _revoked(record.id)
        until_sequence = _signed_until(envelope, record)
        if not self._buckets.take(record.id, now_ns):
            raise HttpError(429, f"node {record.id!r} sends too many reports; send again later")
        report = decode_report(envelope.body)
        _check(report, record, until_sequence, now_ns)
        received = _received(envelope, report, record, now_ns)
        if not await self._keeper.keep(received):
            raise HttpError(409, f"sequence {report.sequence} of node {record.id!r} came before with other bytes")
        self._centre.nodes.heard(record.id, now_ns, report.sent_ns, report.health)
        self._locator.take(received.arrivals)
        for answer in report.answers:
            log.info("order answered", node=record.id, order=answer.order, state=answer.state)
        listening = self._centre.nodes.state(record.id) in LISTENING
        orders = self._centre.orders.due(record.id) if listening else []
        return Response(encode(Answer(sequence=report.sequence, orders=orders)), media_type=MSGPACK)

    async def enrol(self, request: Request) -> Response:
        """Make a node known by its one-time token."""
        centre = self._centre
        asked = read_request(await _body(request))
        now_ms, origin = centre.now_ms, centre.settings.origin

        def work(connection: sa.Connection) -> tuple[Enrolled, str]:
            done = enrol(connection, asked, origin, now_ms)
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
        if not self._buckets.take(f"renewal of {asked.node}", centre.clock_ns()):
            raise HttpError(429, f"node {asked.node[:80]!r} renews too often; ask again later")
        now_ms, authority = centre.now_ms, centre.authority
        record, certificate = await centre.store.write(lambda connection: renew(connection, asked, authority, now_ms))
        centre.nodes.add(record)
        log.info("certificate renewed", node=record.id)
        return JSONResponse({"certificate": certificate, "ca": authority.ca_pem.decode()})

    async def ca(self, _request: Request) -> Response:
        """The CA's certificate; a node checks it against the digest in its token."""
        return Response(self._centre.authority.ca_pem, media_type="application/x-pem-file")

    def _welcome(self, enrolled: Enrolled, certificate: str) -> dict[str, object]:
        origin = enrolled.frame.origin
        record = enrolled.record
        return {
            "ca": self._centre.authority.ca_pem.decode(),
            "origin": None if origin is None else msgspec.to_builtins(origin),
            "position": {"x": record.x, "y": record.y, "z": record.z},
            "centre_key": self._centre.authority.order_public_key,
            "certificate": certificate,
            "first_sequence": enrolled.first_sequence,
            "first_number": enrolled.first_number,
        }


def _answering(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Every error of a route as its status and one sentence."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except HttpError as error:
            return _problem(error.status, str(error))
        except RefusedError as error:
            return _problem(403, str(error))
        except InputError as error:
            return _problem(400, str(error))
        except ResourceError as error:
            log.warning("a request could not be kept", problem=str(error))
            return _problem(503, f"the centre could not keep this ({error}); send it again later")

    return answer


def _problem(status: int, sentence: str) -> JSONResponse:
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse({"error": sentence}, status, headers)


async def _body(request: Request) -> bytes:
    """The request's body; refuses one that is too long before reading all of it."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > BODY_BYTES:
            raise HttpError(413, f"the body has more than {BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _check_peer(peer: Peer | None, node: str, now_ns: int) -> None:
    """The connection's certificate is that node's, and has not ended since the handshake."""
    if peer is None:
        raise HttpError(401, "a report must come under its node's certificate; enrol the node, or let it renew")
    if peer.until_ns < now_ns:
        raise HttpError(401, f"the certificate of node {peer.node!r} has ended; renew it")
    if peer.node != node:
        raise HttpError(
            403, f"the report is of node {node[:80]!r}; expected {peer.node!r}, whose certificate it came under"
        )


def _signed_until(envelope: Envelope, record: NodeRecord) -> int | None:
    """The sequence up to which the key counts that signed it; None: the node's present key."""
    if verify(envelope, record.public_key):
        return None
    for former in record.former:
        if former.until_sequence > 0 and verify(envelope, former.public_key):
            return former.until_sequence
    raise HttpError(403, f"the signature is not that of node {record.id!r}")


def _revoked(node: str) -> HttpError:
    return HttpError(403, f"node {node!r} was revoked; nothing is taken from it")


def _check(report: Report, record: NodeRecord, until_sequence: int | None, now_ns: int) -> None:
    if until_sequence is not None and report.sequence > until_sequence:
        raise HttpError(403, f"node {record.id!r} signs with another key since sequence {until_sequence + 1}")
    if report.node != record.id:
        raise HttpError(
            403, f"the report inside is of node {report.node[:80]!r}; expected {record.id!r}, who signed it"
        )
    newest_ns = max([report.sent_ns, *(arrival.time_ns for arrival in report.arrivals)])
    if newest_ns > now_ns + FUTURE_NS:
        ahead_h = (newest_ns - now_ns) / 3.6e12
        raise HttpError(422, f"the clock of node {record.id!r} is {ahead_h:.0f} h ahead of the centre's; set it right")


def _received(envelope: Envelope, report: Report, record: NodeRecord, now_ns: int) -> Received:
    return Received(
        node=record.id,
        sequence=report.sequence,
        received_ns=now_ns,
        body=envelope.body,
        signature=envelope.signature,
        arrivals=tuple(station_arrival(record.id, (record.x, record.y, record.z), one) for one in report.arrivals),
    )
