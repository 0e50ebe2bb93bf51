"""The centre's parts in one place: what it keeps, what it knows now, and how it publishes."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import sqlalchemy as sa
import structlog

from acoustic.errors import ResourceError
from arrays.holding import hold
from arrays.mandate import revoke_order
from arrays.order import Order, sign_order
from arrays.report import LISTENING, program, read_report
from dispatch.alerts.announce import Announcer
from dispatch.alerts.health import Health
from dispatch.api.incoming_models import came
from dispatch.api.models import Node
from dispatch.api.render import render_event, render_node
from dispatch.bell import Bell
from dispatch.clips import ClipOrders
from dispatch.incoming import INCOMING
from dispatch.metrics import Metrics
from dispatch.nodes import Nodes
from dispatch.orders import Orders
from dispatch.people.roles import Right
from dispatch.rollouts import RollOuts
from dispatch.settings import Settings, address
from dispatch.store import Store
from dispatch.store.events import REMINDER, EventRecord, events_of
from dispatch.store.incoming import those
from dispatch.store.journal import Entry, add_entry, entries_after, last_entry
from dispatch.store.methods import keep_method
from dispatch.store.nodes import all_nodes, revoked_nodes
from dispatch.store.reports import last_bodies
from dispatch.store.rollouts import running
from dispatch.stream import Bus, Message
from dispatch.town.addresses import Addresses
from dispatch.town.ground import check as check_ground
from dispatch.town.places import Frame, kept_frame
from dispatch.town.zones import zone_info
from dispatch.trust.authority import Authority, open_authority, server_names
from dispatch.trust.mandate import Mandates, first_mandate, kept_mandate
from localisation.arrivals import Arrival, Shot
from localisation.verdict import WITHDRAWN
from recordings import decisions
from recordings.evidence.contents import present_method

LOOK_EVERY_S = 0.5
EVENT_NEWS = frozenset({"event", decisions.KIND, REMINDER})  # kinds of lines after which an event is other than it was
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told: messages to the pages, and shots that nodes may be asked about; up to which line."""

    last: int
    messages: list[Message]
    shots: list[Shot]


class Centre:
    """One site. Raises ResourceError where its folder is unusable or another centre holds it; InputError for settings
    that contradict what is kept there."""

    def __init__(self, settings: Settings, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.settings = settings
        self.clock_ns = clock_ns
        check_ground(settings.ground)
        folder = Path(settings.data)
        self.store = Store(folder, settings.database)
        self._lock = hold(folder, "centre")
        self.names = server_names([address(settings.listen)[0], settings.page_host, *settings.names])
        self.renew_authority()
        self.method = present_method(settings.air.air(), program())
        self.store.write_now(lambda connection: keep_method(connection, self.method))
        self.frame = self.store.write_now(lambda connection: kept_frame(connection, settings.origin)) or Frame()
        self.nodes = Nodes(self.store.read_now(all_nodes), clock_ns)
        self._recall_health()
        self.orders = Orders(self.authority.order_key, clock_ns)
        self.clips = ClipOrders(self.authority.order_key, clock_ns)
        self.rollouts = RollOuts(self.authority.order_key, clock_ns)
        key, now_ns = self.authority.order_key, clock_ns()
        mandate = self.store.write_now(lambda connection: first_mandate(connection, key, now_ns))
        self.mandates = Mandates(mandate, clock_ns)
        self.bus = Bus(self.store.read_now(last_entry))
        self.addresses = Addresses(folder)
        self.announcer = Announcer(
            site=settings.name,
            destinations=settings.alerts,
            addresses=self.addresses,
            zones=settings.zones,
            clock=zone_info(settings.timezone),
        )
        self.alert_health = {destination.name: Health() for destination in settings.alerts}
        self.alerts_queued = Bell()
        self.metrics = Metrics()
        self.ingest_port = address(settings.listen)[1]
        self.hand_over: Callable[[Sequence[Arrival]], None] = lambda _arrivals: None  # the locator's, once it runs
        self._publishing = asyncio.Lock()

    def renew_authority(self) -> None:
        """Open the authority, and make anew what nears its end. Raises ResourceError, InputError."""
        now = dt.datetime.fromtimestamp(self.clock_ns() * 1e-9, dt.UTC)
        self.authority: Authority = open_authority(Path(self.settings.data), self.names, now)

    @property
    def now_ms(self) -> int:
        """UTC now, milliseconds."""
        return self.clock_ns() // 1_000_000

    async def publish(self, work: Callable[[sa.Connection], list[Entry]]) -> None:
        """Keep what `work` writes and the alerts that follow from it; then tell every open page, in the order of the
        journal."""

        def keep_and_render(connection: sa.Connection) -> News:
            entries = work(connection)
            if changed := list(dict.fromkeys(line.subject for line in entries if line.kind in EVENT_NEWS)):
                self.announcer.events(connection, changed, self.frame, self.now_ms)
            return self._untold(connection)

        async with self._publishing:
            self._tell(await self.store.write(keep_and_render))

    async def catch_up(self) -> None:
        """Tell what other processes wrote in the journal since."""
        async with self._publishing:
            self._tell(await self.store.read(self._untold))

    def _untold(self, connection: sa.Connection) -> News:
        """What the journal has after what was told last: another process may have written before this one."""
        lines, last = entries_after(connection, self.bus.last_id), last_entry(connection)
        events, located = _told_of(connection, lines), {line.subject for line in lines if line.kind == "event"}
        changed = [record for identity, record in events.items() if identity in located]
        shots = [shot for record in changed for shot in record.event.shots if not shot.exercise]
        return News(last=last, messages=self._messages(connection, lines, events), shots=shots)

    def _tell(self, news: News) -> None:
        for message in news.messages:
            self.bus.publish(message)
        self.bus.passed(news.last)
        standing_last = sorted(news.shots, key=lambda shot: shot.verdict.label != WITHDRAWN)
        self.orders.consider(standing_last, self.nodes.stations(), self.method.air)
        self.alerts_queued.ring()

    def messages(self, connection: sa.Connection, entries: Iterable[Entry]) -> list[Message]:
        """Journal lines as news: each subject as it is now."""
        lines = list(entries)
        return self._messages(connection, lines, _told_of(connection, lines))

    def _messages(
        self, connection: sa.Connection, lines: Sequence[Entry], events: Mapping[str, EventRecord]
    ) -> list[Message]:
        rendered = {identity: render_event(record, self.frame) for identity, record in events.items()}
        incoming = {one.line: came(one) for one in those(connection, [e.subject for e in lines if e.kind == INCOMING])}
        messages = []
        for line in lines:
            if line.kind == "node":
                messages += self._node_news(line.subject, line.id)
            elif line.kind in EVENT_NEWS and line.subject in rendered:
                messages.append(Message(id=line.id, kind="event", data=rendered[line.subject].model_dump_json()))
            elif line.id in incoming:
                told = incoming[line.id].model_dump_json()
                messages.append(Message(id=line.id, kind="incoming", data=told, right=Right.READ_LOG))
        return messages

    def orders_for(self, node: str) -> list[Order]:
        """What a node is to be told now: that it was revoked, a mandate that it has not got, where to look again, what
        sound is wanted, what was rolled out."""
        status = self.nodes.status(node)
        if status is None:
            return []
        if status.record.revoked_ms is not None:
            return [sign_order(revoke_order(node, status.record.revoked_ms * 1_000_000), self.authority.order_key)]
        again = self.orders.due(node) if self.nodes.state(node) in LISTENING else []
        return [*self.mandates.due(node), *self.clips.due(node), *again, *self.rollouts.due(node)]

    def node_model(self, identity: str, *, exact: bool) -> Node | None:
        """A node as the page shows it, its place as a zone unless `exact`; None for one that is unknown."""
        status = self.nodes.status(identity)
        return None if status is None else render_node(status, self.nodes.state(identity), self.frame, exact=exact)

    def _node_news(self, identity: str, number: int, *, passing: bool = False) -> list[Message]:
        status = self.nodes.status(identity)
        if status is not None and status.record.over:
            return [Message(id=number, kind="gone", data=msgspec.json.encode({"id": identity}).decode())]
        both = [self.node_model(identity, exact=exact) for exact in (True, False)]
        data, zoned = ["" if model is None else model.model_dump_json() for model in both]
        return [Message(id=number, kind="node", data=data, zoned=zoned, passing=passing)] if data else []

    async def watch_nodes(self) -> None:
        """For ever: journal every change of a node's state, pass on every figure that a node reports."""
        while True:
            try:
                revoked, mandate, rollout = await self.store.read(
                    lambda c: (revoked_nodes(c), kept_mandate(c), running(c))
                )
                self.nodes.revoke(revoked)
                self.mandates.set(mandate or self.mandates.current)
                if rollout is not None or self.rollouts.busy:
                    states = {status.record.id: self.nodes.state(status.record.id) for status in self.nodes.all()}
                    await self.store.write(partial(self.rollouts.look, states=states))
                changed, heard = self.nodes.news()
                if changed:
                    await self.publish(self._note_states(changed))
                for node in heard:
                    for message in self._node_news(node, self.bus.last_id, passing=True):
                        self.bus.publish(message)
                self.nodes.told([*changed, *heard])
            except ResourceError as error:  # a full disk: what changed is told once there is room
                log.warning("a node's state could not be kept; trying again", problem=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    def _note_states(self, changed: dict[str, str]) -> Callable[[sa.Connection], list[Entry]]:
        now_ms = self.now_ms

        def work(connection: sa.Connection) -> list[Entry]:
            return [add_entry(connection, "node", node, {"state": state}, now_ms) for node, state in changed.items()]

        return work

    def _recall_health(self) -> None:
        for received_ns, body in self.store.read_now(last_bodies):
            report = read_report(body)
            if self.nodes.find(report.node) is not None and not report.exercise:
                self.nodes.heard(
                    report.node, received_ns, report.sequence, report.health, (report.program, report.model)
                )

    def close(self) -> None:
        """Let go of the folder."""
        self.store.close()
        self._lock.close()


def _told_of(connection: sa.Connection, lines: Iterable[Entry]) -> dict[str, EventRecord]:
    """The events that lines of the journal are about, as they are now."""
    ids = list(dict.fromkeys(line.subject for line in lines if line.kind in EVENT_NEWS))
    return {record.event.id: record for record in events_of(connection, ids)}
