"""One node at work: a thread that listens, a thread that sends, and a steady word about its health."""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.classify import Model
from acoustic.errors import InputError, TocsinError
from arrays.capture import Block, Gap, Source
from arrays.capture.files import SessionFile
from arrays.capture.raw import RawInput
from arrays.capture.rtp import NetworkMicrophone
from arrays.capture.sound import SoundCard
from arrays.computer import ComputerClock
from arrays.enrolment import read_membership
from arrays.geometry import offsets
from arrays.gpsd import Gpsd
from arrays.health import Facts, judge
from arrays.holding import hold
from arrays.identity import CERTIFICATE, KEY, open_identity
from arrays.order import REPICK, Order, read_repick, verify_order
from arrays.outbox import ARRIVALS, DAY_S, HEALTH, Bounds, Outbox
from arrays.pipeline import Heard, Pipeline, PipelineSettings
from arrays.renewal import Renewal
from arrays.report import (
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
from arrays.sdp import read_sdp
from arrays.service import notify
from arrays.session import Session, SessionNode, read_session
from arrays.settings import RtpSource, SessionSource, Settings, SoundSource, StdinSource
from arrays.status import Status, write_status
from arrays.timebase import parse_utc_ns
from arrays.uplink.courier import Courier
from arrays.uplink.https import HttpsUplink

PARTING_S = 2.0  # for what is under way when the node is told to end
STUCK_S = 60.0  # without sound, and without a word of why
NOISE_S, NOISE_STEP_S = 3.0, 0.02  # the noise is the median of short steps: a bang does not count
log = structlog.get_logger()


class Node:
    """A node from its settings: `run` works until the source ends and all is sent, or until `stop` is set.

    Raises InputError or ResourceError where settings, session, key, membership or outbox cannot be used.
    """

    def __init__(self, settings: Settings, model: Model, stop: threading.Event | None = None) -> None:
        self.settings, self.stop = settings, stop or threading.Event()
        folder = Path(settings.data)
        self._membership = read_membership(folder)
        self._lock = hold(folder, "node")
        self._key = open_identity(folder / KEY)
        self._source, microphones, air = open_source(settings, self.stop)
        self._model = model
        welcome = self._membership.welcome
        place, first = welcome.position, (welcome.first_sequence, welcome.first_number)
        self._outbox = Outbox(folder / "outbox.db", outbox_bounds(settings), first)
        self._pipeline = Pipeline(
            settings.node,
            (place.x, place.y, place.z),
            microphones,
            self._source.rate_hz,
            self._source.timebase,
            model,
            air,
            PipelineSettings(ring_s=settings.ring_s),
            self._outbox.next_number,
        )
        shown = folder / CERTIFICATE, folder / KEY
        uplink = HttpsUplink(self._membership.centre, welcome.ca, shown=shown, orders=True)
        self._renewal = Renewal(folder, settings.node, self._key, self._membership, uplink.renew, self.stop)
        self._courier = Courier(self._outbox, uplink, self._take_orders, zlib.crc32(settings.node.encode()))
        self._program = program()
        self._started_s = time.monotonic()
        self._ended = threading.Event()
        self._hearing = threading.Lock()  # of the pipeline: the listener feeds it, orders look into its ring
        self._capture_problem = self._status_problem = ""
        self._gaps = 0
        self._gap_at_s: float | None = None
        self._sound_at_s: float | None = None
        self._powers: deque[float] = deque(maxlen=round(NOISE_S / NOISE_STEP_S))

    def run(self) -> None:
        """Listen, send, say how it is."""
        log.info("node listens", node=self.settings.node, centre=self._membership.centre, model=self._model.digest[:12])
        listening = threading.Thread(target=self._listen, name="listener")
        self._renewal.start()
        self._courier.start()
        listening.start()
        self._say_health()
        while not self._over():
            self._say_health()
        self.stop.set()
        listening.join()
        self._say_health()
        self._part()
        log.info("node ends", waiting=self._outbox.waiting())

    def _over(self) -> bool:
        """Wait for the next health report; True where there will be none: told to stop, or all heard and sent."""
        end_s = time.monotonic() + self.settings.health_interval_s
        while (left_s := end_s - time.monotonic()) > 0.0:
            if self._ended.is_set() and not self._capture_problem and self._outbox.waiting() == 0:
                return True
            if self.stop.wait(min(left_s, 0.1)):
                return True
        return False

    def _listen(self) -> None:
        """The listener's thread: sound to arrivals to the outbox, until the source ends."""
        try:
            for item in self._source.blocks():
                self._take(item)
            with self._hearing:
                self._tell(self._pipeline.flush())
        except TocsinError as error:
            self._capture_problem = str(error)
            log.warning("capture failed", problem=str(error))
        except Exception:  # a listener that died unseen would look like a quiet street
            self._capture_problem = "capture failed for a reason that the node's log tells"
            log.exception("capture failed")
        finally:
            self._ended.set()

    def _take(self, item: Block | Gap) -> None:
        self._sound_at_s = time.monotonic()
        if isinstance(item, Gap):
            self._gaps, self._gap_at_s = self._gaps + 1, self._sound_at_s
        else:
            self._powers.extend(powers(item.samples, round(NOISE_STEP_S * self._source.rate_hz)))
        with self._hearing:
            self._pipeline.timebase = self._source.timebase
            self._tell(self._pipeline.push(item))

    def _tell(self, heard: Sequence[Heard]) -> None:
        if heard:
            self._keep(ARRIVALS, [wire_arrival(one) for one in heard], None)

    def _say_health(self) -> None:
        facts = self._facts()
        health = judge(facts)
        self._keep(HEALTH, [], health)
        said = Status(node=self.settings.node, program=self._program, said_ns=time.time_ns(), health=health)
        before, self._status_problem = self._status_problem, write_status(Path(self.settings.data), said)
        if self._status_problem != before:
            log.warning("the node's status", problem=self._status_problem or "is written again")
        stuck = not facts.capture and (facts.quiet_s or 0.0) > STUCK_S
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
        now_s = time.monotonic()
        sound_s, gap_s, powers = self._sound_at_s, self._gap_at_s, list(self._powers)
        return Facts(
            uptime_s=round(now_s - self._started_s, 3),
            interval_s=self.settings.health_interval_s,
            capture=self._capture_problem or ("" if self._ended.is_set() else self._source.problem),
            disk=self._outbox.problem,
            link="; ".join(filter(None, [self._renewal.problem, self._courier.problem])),
            clock=self._source.clock_problem,
            refused=len(self._outbox.parked),
            dropped=self._outbox.dropped,
            set_aside=self._outbox.set_aside,
            outbox=self._outbox.waiting(),
            gaps=self._gaps,
            gap_s=None if gap_s is None else now_s - gap_s,
            quiet_s=None if sound_s is None or self._ended.is_set() else now_s - sound_s,
            clock_sigma_s=self._source.timebase.sigma_s,
            noise_db=round(10.0 * math.log10(max(float(np.median(powers)), 1e-20)), 1) if powers else None,
        )

    def _take_orders(self, orders: Sequence[Order]) -> None:
        """Check each order, carry it out, and answer it in a report."""
        for order in orders:
            if not verify_order(order, self._membership.order_key):
                log.warning("an order is not signed by the centre", order=order.id, kind=order.kind)
            elif order.kind == REPICK:
                self._repick(order)
            elif order.expires_ns < time.time_ns():
                log.info("an order came too late", order=order.id, kind=order.kind)
            else:
                log.info("an order is not supported yet", order=order.id, kind=order.kind)

    def _repick(self, order: Order) -> None:
        """Look again where the centre knows a shot to be; say what is there, or that the ring does not hold it."""
        state, found = GONE, None
        try:
            ask = read_repick(order, self.settings.node)
            with self._hearing:
                if order.expires_ns >= time.time_ns():
                    held, found = self._pipeline.look_back(ask)
                    state = FOUND if found else NOTHING if held else GONE
                self._keep(
                    ARRIVALS, [wire_arrival(found)] if found else [], None, [WireAnswer(order=order.id, state=state)]
                )
        except InputError as error:
            state = REFUSED
            log.warning("an order cannot be read", order=order.id, problem=str(error))
            self._keep(ARRIVALS, [], None, [WireAnswer(order=order.id, state=state)])
        log.info("looked again", order=order.id, state=state)

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
    )


def open_source(settings: Settings, stop: threading.Event) -> tuple[Source, NDArray[np.float64], Air]:
    """The source, its microphones (channels, 3) m, and the air. Raises InputError, ResourceError."""
    source, air = settings.source, settings.own_air()
    if isinstance(source, SessionSource):
        session, node = session_node(settings)
        start_ns = parse_utc_ns(source.start_at_utc) if source.start_at_utc else None
        stated = air if air != Air() else session.air
        return SessionFile(node, start_ns, stop), node.microphones, stated
    microphones, standing = own_microphones(settings, source), ComputerClock(source.time_sigma_s, Gpsd(), stop).standing
    if isinstance(source, StdinSource):
        return RawInput(source.format, source.rate_hz, source.channels, standing, stop), microphones, air
    if isinstance(source, RtpSource):
        stream = read_sdp(Path(source.sdp))
        depth_s, sigma_s = source.depth_ms * 1e-3, source.time_sigma_s
        return NetworkMicrophone(stream, depth_s, sigma_s, standing, source.interface, stop), microphones, air
    card = SoundCard(source.device, source.rate_hz, source.channels, standing, source.pps_channel, stop)
    return card, microphones, air


def own_microphones(settings: Settings, source: SoundSource | StdinSource | RtpSource) -> NDArray[np.float64]:
    """Offsets (channels, 3) m as the settings state them, for as many channels as the source has. Raises InputError."""
    match source:
        case SoundSource():
            channels = len(source.channels)
        case StdinSource():
            channels = source.channels
        case RtpSource():
            channels = read_sdp(Path(source.sdp)).channels
    return offsets(settings.microphones, channels)


def session_node(settings: Settings) -> tuple[Session, SessionNode]:
    """The session of a session source and this node's recording in it. Raises InputError."""
    source = settings.source
    if not isinstance(source, SessionSource):
        raise InputError(f"source.kind is {source.__struct_config__.tag}; expected session")
    session = read_session(Path(source.folder))
    return session, session.node(source.node or settings.node)


def powers(samples: NDArray[np.float32], step: int) -> list[float]:
    """Mean square of each whole `step` of (channels, n) samples, of all of them where there are fewer."""
    step = min(step, samples.shape[1])
    count = samples.shape[1] // step if step else 0
    cut = samples[:, : count * step].reshape(len(samples), count, step)
    return [float(p) for p in np.square(cut).mean(axis=(0, 2))]


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
