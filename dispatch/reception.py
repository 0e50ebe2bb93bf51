"""What the centre does with reports, whichever way they come: verify, keep, then acknowledge; and orders for nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import sqlalchemy as sa
import structlog

from acoustic.errors import InputError, ResourceError
from arrays.clip import open_clip, verify_clip
from arrays.mandate import read_mandate
from arrays.order import Order
from arrays.parcel import Answers, Outcome, digest, unpack
from arrays.report import (
    FOUND,
    Envelope,
    Report,
    WireAnswer,
    decode_envelope,
    decode_report,
    station_arrivals,
)
from dispatch.buckets import Buckets
from dispatch.centre import Centre
from dispatch.clips import NO_CLIPS
from dispatch.store import clips, rollouts
from dispatch.store.nodes import NodeRecord, revoked_nodes
from dispatch.store.reports import Received, add_reports
from dispatch.trust.signatures import signed_by
from localisation.arrivals import Arrival
from recordings.decisions import ConflictError

BATCH = 500
FUTURE_NS = 24 * 3600 * 10**9
LOOK_EVERY_S = 0.1  # for orders that have become due
log = structlog.get_logger()


class RejectedError(Exception):
    """A report or request that is not taken: a status as in HTTP, and one sentence."""

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


class Takes(Protocol):
    """Who locates, here or elsewhere."""

    def take(self, arrivals: Sequence[Arrival]) -> None:
        """Take arrivals that are kept already."""


class Reception:
    """Takes reports and gives orders."""

    def __init__(self, centre: Centre, keeper: Keeper, locator: Takes) -> None:
        self._centre = centre
        self._keeper = keeper
        self._locator = locator
        limits = centre.settings.limits
        self._buckets = Buckets(limits.reports_per_s, limits.burst)
        self._asking: dict[str, object] = {}

    async def take(self, message: bytes, sender: str | None) -> Report:
        """Take one signed report. `sender`: the node whose certificate it came under; None on a way where its signature
        alone vouches for it. Raises RejectedError, InputError, and ResourceError where it cannot be kept."""
        metrics = self._centre.metrics
        try:
            report = await self._take(message, sender)
        except (RejectedError, InputError, ResourceError) as error:
            metrics.refused[_code(error)] += 1
            raise
        metrics.reports += 1
        return report

    async def _take(self, message: bytes, sender: str | None) -> Report:
        now_ns = self._centre.clock_ns()
        envelope = decode_envelope(message)
        if sender not in (None, envelope.node):
            raise RejectedError(
                403,
                f"the report is of node {envelope.node[:80]!r}; expected {sender!r}, whose certificate it came under",
            )
        record = self._record(envelope.node)
        until_sequence = _signed_until(envelope, record)
        if not self.allows(record.id):
            raise RejectedError(429, f"node {record.id!r} sends too many reports; send again later")
        report = decode_report(envelope.body)
        _check(report, record, until_sequence, now_ns)
        received = _received(envelope, report, record, now_ns)
        if not await self._keeper.keep(received):
            raise RejectedError(409, f"sequence {report.sequence} of node {record.id!r} came before with other bytes")
        if not report.exercise:
            self._centre.nodes.heard(record.id, now_ns, report.sequence, report.health, (report.program, report.model))
        self._locator.take(received.arrivals)
        for answer in report.answers:
            self._centre.mandates.answered(record.id, answer.order)
            await self._clip_answered(record.id, answer)
            if self._centre.rollouts.asks(record.id, answer.order):
                await self._released(record.id, answer)
            log.info("order answered", node=record.id, order=answer.order, state=answer.state)
        return report

    async def take_clip(self, message: bytes, sender: str) -> None:
        """Take a clip that was asked for. Raises as `take` does."""
        envelope, clip = open_clip(message)
        record = self._record(envelope.node)
        if sender != record.id or clip.node != record.id:
            raise RejectedError(403, f"the clip is of node {clip.node!r}; expected {sender!r}, whose line it came by")
        if not verify_clip(envelope.body, envelope.signature, record.public_key):
            raise RejectedError(403, f"the signature is not that of node {record.id!r}")
        if not self.allows(record.id):
            raise RejectedError(429, f"node {record.id!r} sends too much; send again later")
        if not read_mandate(self._centre.mandates.current).clips:
            raise RejectedError(403, NO_CLIPS)
        now_ms = self._centre.now_ms
        try:
            await self._centre.store.write(lambda connection: clips.keep(connection, envelope, clip, now_ms))
        except ConflictError as error:
            raise RejectedError(409, str(error)) from error
        self._centre.clips.answered(record.id, clip.order)

    async def _clip_answered(self, node: str, answer: WireAnswer) -> None:
        self._centre.clips.answered(node, answer.order)
        if answer.order.startswith("clip-") and answer.state != FOUND:  # what was found has come already
            now_ms, told = self._centre.now_ms, (node, answer.order, answer.state, answer.why)
            await self._centre.store.write(lambda connection: clips.answered(connection, *told, now_ms))

    async def _released(self, node: str, answer: WireAnswer) -> None:
        now_ms, told = self._centre.now_ms, (node, answer.order, answer.state, answer.why)
        await self._centre.store.write(lambda connection: rollouts.answered(connection, *told, now_ms))

    async def answer(self, parcel: bytes, sender: str | None) -> tuple[str, Answers]:
        """Take a parcel; the node that sent it, empty where none is known, and what to answer. Raises InputError."""
        taken = await asyncio.gather(*(self._outcome(envelope, sender) for envelope in unpack(parcel)))
        node = sender or next((report.node for report, _ in taken if report is not None), "")
        outcomes = [outcome for _, outcome in taken]
        return node, Answers(about=digest(parcel), outcomes=outcomes, orders=self.orders(node) if node else [])

    async def held(self, node: str, hold_s: float) -> Answers:
        """Answer a node's request for orders: as soon as there are any, or with none after a while. A node's newer
        request ends an older one, whose connection may be gone. Raises RejectedError."""
        self._record(node)
        this = self._asking[node] = object()
        clock = asyncio.get_running_loop().time
        end_s = clock() + hold_s
        while clock() < end_s and self._asking[node] is this and not self._centre.bus.closed:
            if orders := self.orders(node):
                return Answers(orders=orders)
            await asyncio.sleep(LOOK_EVERY_S)
        return Answers()

    def allows(self, name: str) -> bool:
        """Whether whoever has this name may send once more now."""
        return self._buckets.take(name, self._centre.clock_ns())

    def orders(self, node: str) -> Sequence[Order]:
        """What a node is to be told and asked now."""
        return self._centre.orders_for(node)

    async def _outcome(self, envelope: bytes, sender: str | None) -> tuple[Report | None, Outcome]:
        try:
            return await self.take(envelope, sender), Outcome(200)
        except (RejectedError, InputError, ResourceError) as error:
            return None, Outcome(*status_of(error))

    def _record(self, node: str) -> NodeRecord:
        record = self._centre.nodes.find(node)
        if record is None:
            raise RejectedError(403, f"node {node[:80]!r} is not enrolled here")
        if record.revoked_ms is not None:
            raise _revoked(record.id)
        return record


def status_of(error: Exception) -> tuple[int, str]:
    """A refusal as a status and one sentence."""
    code = _code(error)
    if code != 503:
        return code, str(error)
    log.warning("a request could not be kept", problem=str(error))
    return code, f"the centre could not keep this ({error}); send it again later"


def _code(error: Exception) -> int:
    if isinstance(error, RejectedError):
        return error.status
    return 400 if isinstance(error, InputError) else 503


def _signed_until(envelope: Envelope, record: NodeRecord) -> int | None:
    """The sequence up to which the key counts that signed it; None: the node's present key."""
    if signed_by(envelope, record.public_key):
        return None
    for former in record.former:
        if former.until_sequence > 0 and signed_by(envelope, former.public_key):
            return former.until_sequence
    raise RejectedError(403, f"the signature is not that of node {record.id!r}")


def _revoked(node: str) -> RejectedError:
    return RejectedError(403, f"node {node!r} was revoked; nothing is taken from it")


def _check(report: Report, record: NodeRecord, until_sequence: int | None, now_ns: int) -> None:
    if until_sequence is not None and report.sequence > until_sequence:
        raise RejectedError(403, f"node {record.id!r} signs with another key since sequence {until_sequence + 1}")
    if report.node != record.id:
        raise RejectedError(
            403, f"the report inside is of node {report.node[:80]!r}; expected {record.id!r}, who signed it"
        )
    newest_ns = max([report.sent_ns, *(arrival.time_ns for arrival in report.arrivals)])
    if newest_ns > now_ns + FUTURE_NS:
        ahead_h = (newest_ns - now_ns) / 3.6e12
        raise RejectedError(
            422, f"the clock of node {record.id!r} is {ahead_h:.0f} h ahead of the centre's; set it right"
        )


def _received(envelope: Envelope, report: Report, record: NodeRecord, now_ns: int) -> Received:
    return Received(
        node=record.id,
        sequence=report.sequence,
        received_ns=now_ns,
        body=envelope.body,
        signature=envelope.signature,
        arrivals=station_arrivals(report, (record.x, record.y, record.z)),
    )
