"""Where nodes report and are enrolled: verify, keep, then acknowledge.

A report is acknowledged only when it is on the disk. Reports that come at the same time share one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
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
from dispatch.store.nodes import NodeRecord
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
        try:
            kept = await self._centre.store.write(lambda connection: add_reports(connection, reports))
        except ResourceError as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for (_, done), result in zip(batch, kept, strict=True):
            if not done.done():  # its node may have hung up
                done.set_result(result)


class Ingest:
    """The three routes of the nodes' listener."""

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
                Route("/ca", _answering(self.ca), methods=["GET"]),
            ]
        )

    async def report(self, request: Request) -> Response:
        """Take one signed report."""
        now_ns = self._centre.clock_ns()
        envelope = decode_envelope(await _body(request))
        record = self._centre.nodes.find(envelope.node)
        if record is None:
            raise HttpError(403, f"node {envelope.node[:80]!r} is not enrolled here")
        if not verify(envelope, record.public_key):
            raise HttpError(403, f"the signature is not that of node {record.id!r}")
        if not self._buckets.take(record.id, now_ns):
            raise HttpError(429, f"node {record.id!r} sends too many reports; send again later")
        report = decode_report(envelope.body)
        _check(report, record, now_ns)
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
        enrolled = await centre.store.write(lambda connection: enrol(connection, asked, origin, now_ms))
        centre.frame = enrolled.frame
        centre.nodes.add(enrolled.record)
        log.info("node enrolled", node=enrolled.record.id)
        return JSONResponse(self._welcome(enrolled))

    async def ca(self, _request: Request) -> Response:
        """The CA's certificate; a node checks it against the digest in its token."""
        return Response(self._centre.authority.ca_pem, media_type="application/x-pem-file")

    def _welcome(self, enrolled: Enrolled) -> dict[str, object]:
        origin = enrolled.frame.origin
        record = enrolled.record
        return {
            "ca": self._centre.authority.ca_pem.decode(),
            "origin": None if origin is None else msgspec.to_builtins(origin),
            "position": {"x": record.x, "y": record.y, "z": record.z},
            "centre_key": self._centre.authority.order_public_key,
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


def _check(report: Report, record: NodeRecord, now_ns: int) -> None:
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
