"""A microphone on the network as a source: L16 or L24 over RTP, as AES67 devices and small senders give it."""

from __future__ import annotations

import math
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from acoustic.errors import ResourceError
from arrays import pcm
from arrays.capture import Block, Gap
from arrays.clock import ArrivalClock
from arrays.computer import Standing
from arrays.packets import Packet, Sequencer, parse_packet, signed
from arrays.sdp import Stream
from arrays.timebase import Timebase

TAI_UTC_S = 37  # TAI - UTC since 2017-01-01 (IERS Bulletin C 52); the next leap second changes it
BLOCK_S = 0.02
QUEUE_S = 2.0
POLL_S = 0.1
SILENT_S = 2.0
LARGEST_PACKET = 65_535  # bytes
TRUST_S = 10.0  # by which a sender's time stamps may differ from our clock and still count what was lost
RESTART_SIGMA_S = 0.02  # of a gap that only our clock measured
DISPUTE_S = 1.0  # between PTP and the computer's clock, network and jitter included: beyond it σ is as wide
COUNTS_S = 60.0  # between words on packets that were of no use
NS = 1_000_000_000
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Came:
    """A datagram from a sender that may send, when it came by the computer's clock, and by one that is never set."""

    data: bytes
    utc_ns: int
    at_s: float


class NetworkMicrophone:
    """The stream of a session description; `interface` is the address of the network card where that is multicast.

    A lost packet is waited for while `depth_s` of sound behind it comes; then it is a gap of its own samples, by the
    time stamps. Those date the sound too, to `time_sigma_s`, where they count a PTP clock; where they do not, the
    computer's clock does, which `standing` tells of. A sender that begins anew goes on
    after a gap as long as it was away. Raises ResourceError where the address cannot be listened on.
    """

    def __init__(
        self,
        stream: Stream,
        depth_s: float,
        time_sigma_s: float,
        standing: Callable[[], Standing],
        interface: str = "",
        stop: threading.Event | None = None,
    ) -> None:
        self.rate_hz, self.channels = float(stream.rate_hz), stream.channels
        self._stream, self._sigma_s, self._standing = stream, time_sigma_s, standing
        self._frame = pcm.WIDTHS[stream.form] * stream.channels  # bytes
        self._sequencer = Sequencer(round(depth_s * stream.rate_hz) * self._frame)
        self._stop = stop or threading.Event()
        self._closed = threading.Event()
        self._queue: queue.Queue[_Came] = queue.Queue(math.ceil(QUEUE_S / stream.packet_s))
        self._foreign = self._overrun = self._malformed = 0  # the first two are the reader's
        self._said: dict[str, int] = {}
        self._said_at_s = -math.inf
        self._sound: list[bytes] = []  # of the block that is being filled
        self._filled = self._now = 0  # samples: in it, and before the next packet
        self._last: Packet | None = None
        self._clock = ArrivalClock(self.rate_hz)
        self._anchor: tuple[int, int] | None = None  # sample and UTC in ns, of a PTP clock
        self._dispute_s = 0.0
        self._heard_at_s = time.monotonic()
        self._socket = _listening(stream, interface)

    @property
    def timebase(self) -> Timebase:
        """The sample counter in UTC, by the sender's PTP clock or else as the computer's clock has it so far."""
        if self._anchor is not None:
            return Timebase(*self._anchor, self.rate_hz, math.hypot(self._sigma_s, self._dispute_s))
        fitted = self._clock.timebase(self._now)
        return replace(fitted, sigma_s=math.hypot(fitted.sigma_s, self._standing().sigma_s))

    @property
    def clock_problem(self) -> str:
        """Why that is not known better."""
        return "" if self._stream.offset is not None else self._standing().problem

    @property
    def counts(self) -> dict[str, int]:
        """Packets that were of no use, by reason."""
        counts = {
            "late": self._sequencer.late,
            "doubled": self._sequencer.doubled,
            "foreign": self._foreign + self._sequencer.strangers,
            "malformed": self._malformed,
            "too_slow": self._overrun,
        }
        return {name: count for name, count in counts.items() if count}

    @property
    def problem(self) -> str:
        """Why no sound comes."""
        silent_s = time.monotonic() - self._heard_at_s
        if silent_s <= SILENT_S:
            return ""
        useless = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        unused = f"; of no use so far: {useless}" if useless else ""
        return f"no packets for {self._stream.address}:{self._stream.port} for {silent_s:.0f} s{unused}"

    def blocks(self) -> Iterator[Block | Gap]:
        """The stream, until `stop`. Raises ResourceError where the network cannot be read."""
        with self._socket, ThreadPoolExecutor(1, "rtp") as pool:
            reading = pool.submit(self._read)
            try:
                while not self._stop.is_set():
                    try:
                        came = self._queue.get(timeout=POLL_S)
                    except queue.Empty:
                        came = None
                    if came is not None:
                        yield from self._taken(came)
                    elif reading.done():
                        raise ResourceError(
                            f"the network cannot be read: {reading.exception()}"
                        ) from reading.exception()
                    else:
                        yield from self._flushed()
                    self._say()
                yield from self._flushed()
            finally:
                self._closed.set()

    def _read(self) -> None:
        """The reader's thread: takes what comes at once; what the node is too slow for is lost as in the network."""
        senders = self._stream.senders
        while not self._closed.is_set():
            try:
                data, (sender, _) = self._socket.recvfrom(LARGEST_PACKET)
            except TimeoutError:
                continue
            if senders and sender not in senders:
                self._foreign += 1
            elif self._queue.full():
                self._overrun += 1
            else:
                self._queue.put_nowait(_Came(data, time.time_ns(), time.monotonic()))

    def _taken(self, came: _Came) -> Iterator[Block | Gap]:
        packet = parse_packet(came.data, self._stream.payload_type, self._frame, came.utc_ns, came.at_s)
        if packet is None:
            self._malformed += 1
            return
        for one in self._sequencer.push(packet):
            self._heard_at_s = one.at_s
            yield from self._handed_on(one)

    def _handed_on(self, packet: Packet) -> Iterator[Block | Gap]:
        lost, counted = self._lost_before(packet)
        if lost or not counted:
            yield from self._flushed()
        if lost:
            yield Gap(self._now, lost)
            self._now += lost
        if not counted:
            log.warning("the sender began anew", away_s=lost / self.rate_hz)
            self._clock.doubt(RESTART_SIGMA_S)
        samples = len(packet.payload) // self._frame
        self._date(packet, samples)
        self._sound.append(packet.payload)
        self._filled += samples
        self._now += samples
        self._last = packet
        if self._filled >= BLOCK_S * self.rate_hz:
            yield from self._flushed()

    def _flushed(self) -> Iterator[Block]:
        """The block that is being filled, as far as it is."""
        if self._filled:
            samples = pcm.samples(b"".join(self._sound), self._stream.form, self.channels)
            index, self._sound, self._filled = self._now - self._filled, [], 0
            yield Block(index, samples)

    def _lost_before(self, packet: Packet) -> tuple[int, bool]:
        """Samples missing before a packet, and whether the sender counted them: otherwise our clock did."""
        last = self._last
        if last is None:
            return 0, True
        away = (packet.at_s - last.at_s) * self.rate_hz - len(packet.payload) // self._frame
        step = signed(packet.timestamp - last.timestamp - len(last.payload) // self._frame, 32)
        one_clock = packet.sender == last.sender or self._stream.offset is not None
        if one_clock and step >= 0 and abs(step - away) <= TRUST_S * self.rate_hz:
            return step, True
        return max(0, round(away)), False

    def _date(self, packet: Packet, samples: int) -> None:
        """A packet's first sample is the one its time stamp dates; its last was there when it came."""
        if self._stream.offset is None:
            self._clock.arrived(self._now + samples, self._standing().utc_ns(packet.utc_ns))
            return
        utc_ns = ptp_utc_ns(packet.timestamp - self._stream.offset, self._stream.rate_hz, packet.utc_ns)
        apart_s = abs(packet.utc_ns - utc_ns) * 1e-9
        if apart_s > DISPUTE_S and not self._dispute_s:
            log.warning("the sender's PTP clock and this computer's differ: σ is as wide", apart_s=apart_s)
        self._anchor, self._dispute_s = (self._now, utc_ns), apart_s if apart_s > DISPUTE_S else 0.0

    def _say(self) -> None:
        """What was of no use, once a minute where it became more."""
        if time.monotonic() - self._said_at_s > COUNTS_S and self.counts != self._said:
            self._said, self._said_at_s = self.counts, time.monotonic()
            log.warning("packets were of no use", **self._said)


def ptp_utc_ns(count: int, rate_hz: int, near_utc_ns: int) -> int:
    """UTC in ns of a count of samples since 1970 TAI, known modulo 2³²: the instant nearest to `near_utc_ns`."""
    near = (near_utc_ns + TAI_UTC_S * NS) * rate_hz // NS
    whole = near + signed(count - near, 32)
    return (whole * NS + rate_hz // 2) // rate_hz - TAI_UTC_S * NS


def _listening(stream: Stream, interface: str) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.settimeout(POLL_S)
        if stream.address.is_multicast:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            group = stream.address.packed + socket.inet_aton(interface or "0.0.0.0")  # noqa: S104 — as routed
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        listening.bind((str(stream.address), stream.port))
    except OSError as error:
        listening.close()
        raise ResourceError(f"{stream.address}:{stream.port} cannot be listened on: {error.strerror}") from error
    return listening
