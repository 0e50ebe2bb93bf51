"""One node at work: a thread that listens, a thread that sends, and a steady word about its health."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from acoustic.classify import Model
from acoustic.errors import InputError, TocsinError
from arrays.board import free_bytes, temperature_c
from arrays.clip import CLIP, ClipAsk, Excerpt
from arrays.ear import Ear
from arrays.enrolment import read_membership
from arrays.health import Facts, judge
from arrays.holding import hold
from arrays.identity import CERTIFICATE, KEY, open_identity
from arrays.mandate import MANDATE, REVOKE, Warden
from arrays.order import REPICK, Order, read_repick, verify_order
from arrays.outbox import ARRIVALS, DAY_S, HEALTH, Bounds, Outbox
from arrays.pipeline import Heard
from arrays.release import KINDS as RELEASES
from arrays.release import Release
from arrays.renewal import Renewal
from arrays.report import (
    DONE,
    FOUND,
    GONE,
    NOTHING,
    REFUSED,
    Health,
    Report,
    WireAnswer,
    WireArrival,
    WireRepeat,
    encode,
    program,
    sign,
)
from arrays.service import notify
from arrays.settings import Settings, StdinSource
from arrays.sources import close_standard_input, opens_again
from arrays.status import Status, write_status
from arrays.uplink.budget import Budget, health_interval_s
from arrays.uplink.choice import open_uplink
from arrays.uplink.clips import Clips
from arrays.uplink.courier import Courier
from arrays.uplink.https import HttpsUplink

PARTING_S = 2.0  # for what is under way when the node is told to end
STUCK_S = 60.0  # without sound, and without a word of why
GUARD_S = 0.1  # between looks at the mandate while there is none
REOPEN_S = 5.0  # between tries to open a source again
log = structlog.get_logger()


class Node:
    """A node from its settings: `run` works until the source ends and all is sent, or until `stop` is set.

    `release`: what the settings hold beyond the node's own; where it changes, the node ends, to be started anew. Raises
    InputError or ResourceError where settings, session, key, membership or outbox cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        model: Model,
        stop: threading.Event | None = None,
        release: Release | None = None,
    ) -> None:
        self.settings, self.stop = settings, stop or threading.Event()
        folder = Path(settings.data)
        self._release = release or Release(folder, settings)
        self._membership = read_membership(folder)
        self._lock = hold(folder, "node")
        self._key = open_identity(folder / KEY)
        self._model = model
        welcome = self._membership.welcome
        place, first = welcome.position, (welcome.first_sequence, welcome.first_number)
        self._outbox = Outbox(folder / "outbox.db", outbox_bounds(settings), first)
        self._place = (place.x, place.y, place.z)
        self._warden = Warden(folder, settings.node, (place.x, place.y), self._membership.order_key)
        self._ear = None if self._warden.forbids() else self._opened()
        shown = folder / CERTIFICATE, folder / KEY
        uplink = open_uplink(settings, self._membership, shown)
        renewed = uplink.renew if isinstance(uplink, HttpsUplink) else lambda _ca_pem: None
        self._renewal = Renewal(folder, settings.node, self._key, self._membership, renewed, self.stop)
        metered = settings.link.bytes_per_hour
        self._interval_s = health_interval_s(settings.health_interval_s, metered, uplink.exchange_bytes)
        self._budget = Budget(metered)
        seed = zlib.crc32(settings.node.encode())
        self._courier = Courier(self._outbox, uplink, self._take_orders, seed, self._budget)
        warden, stop = self._warden, self.stop
        self._clips = Clips(folder, settings.node, self._key, warden, self._budget, self._excerpt, self._answer, stop)
        self._program = program()
        self._started_s = time.monotonic()
        self._ended = threading.Event()
        self._failure = self._status_problem = ""

    def run(self) -> None:
        """Listen, send, say how it is."""
        log.info("node listens", node=self.settings.node, centre=self._membership.centre, model=self._model.digest[:12])
        listening = threading.Thread(target=self._listen, name="listener")
        self._renewal.start()
        self._clips.start()
        self._courier.start()
        listening.start()
        try:
            self._say_health()
            while not self._over():
                self._say_health()
        finally:  # a listener that goes on alone would keep a node alive that nobody hears of
            self.stop.set()
            if (ear := self._ear) is not None:
                ear.close()
            listening.join()
        self._say_health()
        self._part()
        log.info("node ends", waiting=self._outbox.waiting())

    def _over(self) -> bool:
        """Wait for the next health report; True where there will be none: told to stop, or all heard and sent."""
        end_s = time.monotonic() + self._interval_s
        while (left_s := end_s - time.monotonic()) > 0.0:
            if self._guard():
                return False
            if self._ended.is_set() and not self._failure and self._outbox.waiting() == 0:
                return True
            if self.stop.wait(min(left_s, 0.1)):
                return True
        return False

    def _guard(self) -> bool:
        """Close the source once the mandate forbids to listen; whether that was now."""
        ear = self._ear
        if ear is None or ear.closing or not (why := self._warden.forbids()):
            return False
        log.warning("the node stops listening", because=why)
        ear.close()
        return True

    def _listen(self) -> None:
        """The listener's thread: an ear while the mandate allows it, none while it does not."""
        try:
            while not self.stop.is_set():
                ear = self._ear = self._ear or self._open_if_allowed()
                if ear is None:
                    continue
                ear.hear(self._tell)
                if self.stop.is_set() or not ear.closing:
                    self._failure = ear.failure
                    return
                self._ear = None  # with it goes what its ring held
                if not opens_again(self.settings):
                    self._let_go()
                    return
        finally:
            self._ended.set()

    def _open_if_allowed(self) -> Ear | None:
        """An ear, unless the mandate forbids it or the source cannot be opened now: then None, after a while."""
        if self._warden.forbids():
            self.stop.wait(GUARD_S)
            return None
        try:
            ear = self._opened()
        except TocsinError as error:
            if str(error) != self._failure:
                log.warning("the source cannot be opened; it is tried again", problem=str(error))
            self._failure = str(error)
            self.stop.wait(REOPEN_S)
            return None
        self._failure = ""
        log.info("the node listens again")
        return ear

    def _let_go(self) -> None:
        """A pipe or a file was closed for good: end once there is a mandate again, to be started anew."""
        if isinstance(self.settings.source, StdinSource):
            close_standard_input()
        while self._warden.forbids() and not self.stop.wait(GUARD_S):
            pass

    def _opened(self) -> Ear:
        return Ear(self.settings, self._place, self._model, self._outbox.next_number)

    def _tell(self, heard: Sequence[Heard]) -> None:
        if heard:
            self._keep(ARRIVALS, [wire_arrival(one) for one in heard], None)

    def _say_health(self) -> None:
        facts = self._facts()
        health = judge(facts)
        if not self._warden.revoked:
            self._keep(HEALTH, [], health)
            self._judge_release(health)
        unlocked = "" if self._ear is None else self._ear.unlocked
        names = {"node": self.settings.node, "program": self._program, "unlocked": unlocked}
        said = Status(said_ns=time.time_ns(), health=health, **names)
        before, self._status_problem = self._status_problem, write_status(Path(self.settings.data), said)
        if self._status_problem != before:
            log.warning("the node's status", problem=self._status_problem or "is written again")
        stuck = not facts.capture and not facts.waits and (facts.quiet_s or 0.0) > STUCK_S
        alive = [] if stuck else ["READY=1", "WATCHDOG=1"]
        notify(*alive, f"STATUS={'; '.join([health.state, *health.reasons])}")

    def _keep(
        self,
        kind: str,
        arrivals: Sequence[WireArrival],
        health: Health | None,
        answers: Sequence[WireAnswer] = (),
    ) -> None:
        """Sign a report, keep it, wake the courier."""

        def make(sequence: int) -> bytes:
            report = Report(
                node=self.settings.node,
                sequence=sequence,
                sent_ns=time.time_ns(),
                program=self._program,
                model=self._model.digest,
                arrivals=arrivals,
                health=health,
                answers=answers,
            )
            return encode(sign(report, self._key))

        before = self._outbox.problem
        self._outbox.add(kind, make, arrivals[-1].number if arrivals else 0)
        if (problem := self._outbox.problem) != before:
            log.warning("the outbox's disk", problem=problem or "takes reports again")
        self._courier.wake()

    def _facts(self) -> Facts:
        now_s, ear = time.monotonic(), self._ear
        facts = Facts(
            uptime_s=round(now_s - self._started_s, 3),
            interval_s=self._interval_s,
            mandate=self._warden.forbids(),
            failure=self._failure,
            disk=self._outbox.problem,
            link=self._courier.problem or self._budget.problem,
            certificate=self._renewal.problem,
            refused=len(self._outbox.parked),
            dropped=self._outbox.dropped,
            set_aside=self._outbox.set_aside,
            outbox=self._outbox.waiting(),
            temperature_c=temperature_c(),
            free_bytes=free_bytes(Path(self.settings.data)),
        )
        if ear is None:
            return facts
        listening = not ear.ended and not ear.closing
        since_s = ear.opened_at_s if ear.sound_at_s is None else ear.sound_at_s
        return replace(
            facts,
            capture=ear.source.problem if listening else "",
            waits=listening and ear.sound_at_s is None,
            clock=ear.source.clock_problem,
            gaps=ear.gaps,
            gap_s=None if ear.gap_at_s is None else now_s - ear.gap_at_s,
            quiet_s=now_s - since_s if listening else None,
            clock_sigma_s=ear.source.timebase.sigma_s,
            noise_db=ear.levels.noise_db,
            microphones=list(ear.levels.faults()) if listening else [],
            locked=not ear.unlocked,
        )

    def _take_orders(self, orders: Sequence[Order]) -> None:
        """Check each order, carry it out, and answer it in a report."""
        for order in orders:
            if not verify_order(order, self._membership.order_key):
                log.warning("an order is not signed by the centre", order=order.id, kind=order.kind)
                continue
            self._warden.saw(order)
            if order.kind == REPICK:
                self._repick(order)
            elif order.kind in (MANDATE, REVOKE):
                self._mandate(order)
            elif order.kind in RELEASES:
                self._take_release(order)
            elif order.kind == CLIP:
                self._clips.take(order)
            elif order.expires_ns < time.time_ns():
                log.info("an order came too late", order=order.id, kind=order.kind)
            else:
                log.info("an order is not supported yet", order=order.id, kind=order.kind)

    def _mandate(self, order: Order) -> None:
        """Keep a newer mandate, or that there is none any more; from then on the node is silent."""
        before, state = self._warden.revoked, DONE if self._warden.take(order) else REFUSED
        if before and self._warden.revoked:
            return  # every refusal says so again
        log.info("a mandate came", order=order.id, state=state, forbids=self._warden.forbids())
        if not self._warden.revoked:
            self._answer(WireAnswer(order=order.id, state=state))

    def _take_release(self, order: Order) -> None:
        """Try what was rolled out, from a new start on."""
        try:
            answer = self._release.take(order, judge(self._facts()))
        except TocsinError as error:
            answer = WireAnswer(order=order.id, state=REFUSED, why=str(error)[:300])
        log.info("a release came", order=order.id, kind=order.kind, state=answer.state if answer else "on trial")
        if answer is not None:
            self._answer(answer)
        elif self._release.changed:
            self.stop.set()

    def _judge_release(self, health: Health) -> None:
        """Keep what is tried, or go back to what was before, once that is known."""
        try:
            answer = self._release.judge(health)
        except TocsinError as error:  # a full disk: judged again at the next word on health
            log.warning("the release cannot be settled", problem=str(error))
            return
        if answer is not None:
            self._answer(answer)
        if self._release.changed:
            self.stop.set()

    def _answer(self, answer: WireAnswer) -> None:
        self._keep(ARRIVALS, [], None, [answer])

    def _excerpt(self, ask: ClipAsk) -> Excerpt | None:
        """The sound that a clip order asks for; None while the node does not listen."""
        ear = self._ear
        return None if ear is None or ear.closing else ear.excerpt(ask.arrivals)

    def _repick(self, order: Order) -> None:
        """Look again where the centre knows a shot to be; say what is there, or that the ring does not hold it."""
        said: list[str] = []

        def then(held: bool, found: Heard | None) -> None:
            said.append(FOUND if found else NOTHING if held else GONE)
            arrivals = [wire_arrival(found)] if found else []
            self._keep(ARRIVALS, arrivals, None, [WireAnswer(order=order.id, state=said[0])])

        ear = self._ear
        try:
            ask = read_repick(order, self.settings.node)
            if ear is None or ear.closing or order.expires_ns < time.time_ns():
                then(False, None)
            else:
                ear.look_back(ask, then)
        except InputError as error:
            said = [REFUSED]
            log.warning("an order cannot be read", order=order.id, problem=str(error))
            self._answer(WireAnswer(order=order.id, state=REFUSED, why=str(error)[:300]))
        log.info("looked again", order=order.id, state=said[0])

    def _part(self) -> None:
        """Send what can be sent in a moment; the rest stays in the outbox for the next start."""
        end_s = time.monotonic() + PARTING_S
        while self._outbox.waiting() and not self._courier.problem and time.monotonic() < end_s:
            time.sleep(0.01)
        self._courier.end(PARTING_S)
        self._outbox.close()
        self._lock.close()


def outbox_bounds(settings: Settings) -> Bounds:
    """How much may wait, as the settings say."""
    return Bounds(
        reports=settings.outbox_reports,
        bytes=round(settings.outbox_mb * 1e6),
        age_s=settings.outbox_days * DAY_S,
        newest_health_only=bool(settings.link.bytes_per_hour),
    )


def wire_arrival(heard: Heard) -> WireArrival:
    """An arrival as it travels; the centre knows the node's place."""
    arrival = heard.arrival
    return WireArrival(
        number=heard.number,
        time_ns=arrival.time_ns,
        sigma_s=arrival.sigma_s,
        snr_db=heard.snr_db,
        level_db=heard.level_db,
        azimuth_deg=arrival.azimuth_deg,
        azimuth_sigma_deg=arrival.azimuth_sigma_deg,
        elevation_deg=arrival.elevation_deg,
        elevation_sigma_deg=arrival.elevation_sigma_deg,
        shock_lead_s=arrival.shock_lead_s,
        probabilities=arrival.probabilities or {},
        repeats=[WireRepeat(int(r.arrival.rpartition(":")[2]), r.interval_s, r.coherence) for r in arrival.repeats],
        again=arrival.again,
    )
