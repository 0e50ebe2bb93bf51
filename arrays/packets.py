"""RTP packets of one stream (RFC 3550): from bytes, and back into their order; apart from sockets and clocks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MOST_AHEAD, MOST_BEHIND = 3000, 100  # packets; RFC 3550, appendix A.1: what is farther off began anew
TAKEOVER_S = 0.5  # of silence, after which another sender is followed
REMEMBERED = 64  # stretches given up, so that a late packet is told from a doubled one


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet's header as far as it matters, its sound as bytes, and when it came: UTC, and a clock never set."""

    sequence: int
    timestamp: int
    sender: int
    payload: bytes
    utc_ns: int
    at_s: float


def parse_packet(data: bytes, payload_type: int, frame_bytes: int, utc_ns: int = 0, at_s: float = 0.0) -> Packet | None:
    """A packet of whole frames of this payload type; None for anything else."""
    if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F != payload_type:
        return None
    start, end = 12 + 4 * (data[0] & 0x0F), len(data)
    if data[0] & 0x10:
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    if data[0] & 0x20:
        end -= data[-1] or end  # padding counts itself: none is malformed
    if start >= end or (end - start) % frame_bytes:
        return None
    sequence, timestamp, sender = (int.from_bytes(data[a:b], "big") for a, b in ((2, 4), (4, 8), (8, 12)))
    return Packet(sequence, timestamp, sender, data[start:end], utc_ns, at_s)


def signed(difference: int, bits: int) -> int:
    """A difference of two counters that wrap, within half a turn."""
    half = 1 << (bits - 1)
    return (difference + half) % (2 * half) - half


class Sequencer:
    """Hands each packet on once, in order of sequence numbers.

    One that is missing is waited for until `depth_bytes` of sound behind it are there. What comes after that is `late`,
    what came before is `doubled`. A sender that begins anew, under another name or by two numbers in a row that lie far
    off, is followed; one that speaks while the present one is heard is a `stranger`.
    """

    def __init__(self, depth_bytes: int) -> None:
        self._depth_bytes = depth_bytes
        self._held: dict[int, Packet] = {}
        self._given_up: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)  # first number, count
        self._sender: int | None = None
        self._next = 0
        self._far: int | None = None  # the number that would prove a new beginning
        self._heard_s = 0.0
        self.late = self.doubled = self.strangers = 0

    def push(self, packet: Packet) -> list[Packet]:
        """Take a packet as it came; return those whose turn it is."""
        if packet.sender != self._sender:
            if self._sender is not None and packet.at_s - self._heard_s < TAKEOVER_S:
                self.strangers += 1
                return []
            return self._begin(packet)
        self._heard_s = packet.at_s
        ahead = signed(packet.sequence - self._next, 16)
        if not -MOST_BEHIND <= ahead <= MOST_AHEAD:
            if packet.sequence == self._far:
                return self._begin(packet)
            self._far = (packet.sequence + 1) % 2**16
            self.late += 1
            return []
        self._far = None
        if ahead < 0 and any((packet.sequence - first) % 2**16 < count for first, count in self._given_up):
            self.late += 1
        elif ahead < 0 or packet.sequence in self._held:
            self.doubled += 1
        else:
            self._held[packet.sequence] = packet
        return self._ready()

    def _begin(self, packet: Packet) -> list[Packet]:
        """What the sender before left behind, and the first of the new."""
        left = sorted(self._held.values(), key=lambda p: (p.sequence - self._next) % 2**16)
        self._held.clear()
        self._given_up.clear()
        self._sender, self._heard_s, self._far = packet.sender, packet.at_s, None
        self._next = (packet.sequence + 1) % 2**16
        return [*left, packet]

    def _ready(self) -> list[Packet]:
        out = []
        while self._held:
            if self._next not in self._held:
                if sum(len(p.payload) for p in self._held.values()) < self._depth_bytes:
                    break
                missing = min((number - self._next) % 2**16 for number in self._held)
                self._given_up.append((self._next, missing))
                self._next = (self._next + missing) % 2**16
            out.append(self._held.pop(self._next))
            self._next = (self._next + 1) % 2**16
        return out
