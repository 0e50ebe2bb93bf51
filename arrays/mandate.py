"""A site's mandate: where, what for and from when to when its nodes may listen, signed by the centre.

Outside of it a node does not listen. A revoked node has none. Orders bring both; the newest is kept on the node's disk.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import structlog

from acoustic.errors import InputError
from arrays.order import Order, verify_order
from arrays.timebase import LATEST_NS
from arrays.whole import write_whole
from localisation.area import Area

MANDATE, REVOKE = "mandate", "revoke"
FILE = "mandate.json"
LONGEST_PURPOSE = 300
MOST_CORNERS = 1000
FARTHEST_M = 1e6
NONE = "the centre has given no mandate yet"
log = structlog.get_logger()
Ring = tuple[tuple[float, float], ...]


class Mandate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`zone`: rings of corners in metres east and north of the centre's origin, a ring in a ring being a hole; UTC ns.

    `clips`: whether the seconds of a located shot may leave a node as sound.
    """

    purpose: str
    zone: tuple[Ring, ...]
    start_ns: int
    end_ns: int
    clips: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.purpose.strip()) <= LONGEST_PURPOSE:
            raise InputError(f"purpose has {len(self.purpose)} characters; expected 1 to {LONGEST_PURPOSE}")
        if not 0 <= self.start_ns < self.end_ns < LATEST_NS:
            raise InputError(f"start {say_when(self.start_ns)} is not before the end {say_when(self.end_ns)}")
        corners = [corner for ring in self.zone for corner in ring]
        if not self.zone or min(map(len, self.zone)) < 3 or len(corners) > MOST_CORNERS:
            raise InputError(f"zone has {len(corners)} corners; expected rings of 3 or more, {MOST_CORNERS} in all")
        if not all(math.isfinite(v) and abs(v) <= FARTHEST_M for corner in corners for v in corner):
            raise InputError(f"zone has a corner farther than {FARTHEST_M:g} m; expected metres from the origin")

    def holds(self, x: float, y: float) -> bool:
        """Whether a place, metres east and north, lies in the zone."""
        area = Area(tuple(np.array(ring) for ring in self.zone))
        return bool(area.holds(np.array([[x, y]]))[0])

    def said(self) -> str:
        """In words."""
        clips = "clips of located shots may leave a node" if self.clips else "no sound leaves a node"
        return f"{self.purpose}, from {say_when(self.start_ns)} to {say_when(self.end_ns)}; {clips}"


def mandate_order(mandate: Mandate, issued_ns: int) -> Order:
    """The order, unsigned, that brings it."""
    return Order(
        id=f"mandate-{issued_ns}",
        kind=MANDATE,
        issued_ns=issued_ns,
        expires_ns=mandate.end_ns,
        body=msgspec.to_builtins(mandate),
    )


def revoke_order(node: str, issued_ns: int) -> Order:
    """The order, unsigned, that ends a node's work."""
    return Order(id=f"revoke-{issued_ns}", kind=REVOKE, issued_ns=issued_ns, expires_ns=LATEST_NS, body={"node": node})


def read_mandate(order: Order) -> Mandate:
    """What a mandate order says. Raises InputError naming the field."""
    try:
        return msgspec.convert(order.body, Mandate)
    except msgspec.ValidationError as error:
        raise InputError(f"order {order.id[:80]!r} is not a mandate: {error}") from error


class Warden:
    """Says why the node may not listen now; empty where it may.

    Time is the computer's clock, but never before what the centre last signed, counted on by a clock that nobody sets:
    to set the computer's clock back does not outlive a mandate. A clock that is ahead ends it early, until it is right.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        place: tuple[float, float],
        order_key: bytes,
        clock_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._path, self._node, self._place, self._order_key = folder / FILE, node, place, order_key
        self._clock_ns, self._steady_ns = clock_ns, steady_ns
        self._signed = (0, 0)  # the newest time that the centre signed, and the steady clock when it was learnt
        self._order: Order | None = None
        self._mandate: Mandate | None = None
        self._inside = False
        self._closed = NONE
        self._recall()

    @property
    def revoked(self) -> bool:
        """Whether the centre trusts this node no more, and takes nothing from it."""
        return self._order is not None and self._order.kind == REVOKE

    @property
    def mandate(self) -> Mandate | None:
        """The one that is held; None for none, and for a node that was revoked."""
        return self._mandate

    def saw(self, order: Order) -> None:
        """The centre signed this order: it is no earlier now than it says."""
        if order.issued_ns > self._least_ns():
            self._signed = (order.issued_ns, self._steady_ns())

    def take(self, order: Order) -> bool:
        """Keep a mandate or a revocation whose signature is good; False where an older one, or none of this node."""
        if self._order is not None and order.issued_ns <= self._order.issued_ns:
            return order.signature == self._order.signature
        try:
            self._hold(order)
        except InputError as error:
            log.warning("an order cannot be read", order=order.id, problem=str(error))
            return False
        try:
            write_whole(self._path, msgspec.json.encode(order))
        except OSError as error:  # it holds until the next start
            log.warning("the mandate could not be kept", file=str(self._path), problem=error.strerror)
        return True

    def forbids(self) -> str:
        """Why not, in one sentence; empty where it may listen."""
        mandate = self._mandate
        if mandate is None:
            return self._closed
        if not self._inside:
            return "the node's place lies outside the zone of its mandate"
        now_ns = self._now_ns()
        if now_ns < mandate.start_ns:
            return f"the mandate begins on {say_when(mandate.start_ns)}"
        if now_ns >= mandate.end_ns:
            return f"the mandate ended on {say_when(mandate.end_ns)}"
        return ""

    def _now_ns(self) -> int:
        return max(self._clock_ns(), self._least_ns())

    def _least_ns(self) -> int:
        signed_ns, steady_ns = self._signed
        return signed_ns + self._steady_ns() - steady_ns if signed_ns else 0

    def _hold(self, order: Order) -> None:
        mandate = read_mandate(order) if order.kind == MANDATE else None
        if mandate is None and order.body.get("node") != self._node:
            raise InputError(f"order {order.id[:80]!r} revokes another node than this")
        self._order, self._mandate = order, mandate
        self._inside = mandate is not None and mandate.holds(*self._place)  # once: it is asked ten times a second
        self._closed = "" if mandate else f"the centre revoked this node on {say_when(order.issued_ns)}"
        self.saw(order)

    def _read(self) -> Order:
        order = msgspec.json.decode(self._path.read_bytes(), type=Order)
        if not verify_order(order, self._order_key):
            raise InputError("it is not signed by the centre")
        return order

    def _recall(self) -> None:
        try:
            self._hold(self._read())
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
            self._closed = f"{self._path} cannot be used: {error}; the centre is asked for another mandate"
            log.warning("the mandate cannot be used", problem=self._closed)


def say_when(utc_ns: int) -> str:
    """A time as people read it, UTC."""
    try:
        return f"{datetime.fromtimestamp(utc_ns * 1e-9, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return f"{utc_ns} ns"
