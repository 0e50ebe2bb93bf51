"""Which nodes are asked for the sound of an event, and the orders that wait for their next word.

Only of an event that stands, located by three nodes or more; only while a ring may still hold it; the loudest three.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from operator import itemgetter

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.clip import AROUND_S, MOST_ARRIVALS, ClipAsk, clip_order
from arrays.order import Order, sign_order
from recordings.decisions import ConflictError
from recordings.events import Event

NS = 1_000_000_000
NEEDED_NODES = 3  # that located a shot
MOST_NODES = 3
LONGEST_RING_NS = 60 * NS
GOOD_FOR_NS = 60 * NS  # to make the clip, and to send it over a poor link
AGAIN_NS = 5 * NS  # between two tries to tell a node
NO_CLIPS = "the site's mandate allows no clips; tocsin centre mandate --clips would"
TOO_FEW = f"no shot of this event was located by {NEEDED_NODES} nodes or more"
TOO_LATE = "the shots are too long ago: no node remembers their sound"
NOBODY = "none of the nodes that heard it listens now"
log = structlog.get_logger()


def wanted(event: Event, listening: Collection[str]) -> list[tuple[str, ClipAsk]]:
    """Whom to ask for an event's sound, and for which of its arrivals. Raises ConflictError where nobody may be."""
    shots = [s for s in event.standing if len({used.node for used in s.origin.used}) >= NEEDED_NODES]
    if not shots:
        raise ConflictError(TOO_FEW)
    numbers: dict[str, list[int]] = {}
    loudest: dict[str, float] = {}
    for shot in shots:
        clear_db = {a.id: a.snr_db if a.snr_db is not None else 0.0 for a in shot.arrivals}
        for used in shot.origin.used:
            numbers.setdefault(used.node, []).append(int(used.arrival.rpartition(":")[2]))
            loudest[used.node] = max(loudest.get(used.node, -300.0), clear_db.get(used.arrival, 0.0))
    nodes = sorted(((loudest[node], node) for node in numbers if node in listening), key=itemgetter(0), reverse=True)
    if not nodes:
        raise ConflictError(NOBODY)
    return [
        (node, ClipAsk(event=event.id, arrivals=tuple(sorted(numbers[node])[:MOST_ARRIVALS])))
        for _, node in nodes[:MOST_NODES]
    ]


def check_age(event: Event, now_ns: int) -> None:
    """Raise ConflictError where no ring can hold an event's first shot any more."""
    if now_ns - event.first.origin.time_ns > LONGEST_RING_NS - round(AROUND_S * NS):
        raise ConflictError(TOO_LATE)


class ClipOrders:
    """Those that were not answered yet. `clock_ns`: the centre's UTC clock in nanoseconds."""

    def __init__(self, key: Ed25519PrivateKey, clock_ns: Callable[[], int]) -> None:
        self._key, self._clock_ns = key, clock_ns
        self._open: dict[str, list[Order]] = {}
        self._given_ns: dict[str, int] = {}

    def add(self, asks: Iterable[tuple[str, ClipAsk]]) -> None:
        """Ask these nodes, as soon as they come."""
        now_ns = self._clock_ns()
        for node, ask in asks:
            order = sign_order(clip_order(node, ask, now_ns, now_ns + GOOD_FOR_NS), self._key)
            self._open.setdefault(node, []).append(order)

    def due(self, node: str) -> list[Order]:
        """What a node is to be told now; again after a while, for its answer may be lost."""
        now_ns, given = self._clock_ns(), []
        for order in list(self._open.get(node, ())):
            if order.expires_ns <= now_ns:
                self.answered(node, order.id)
            elif self._given_ns.get(order.id, 0) + AGAIN_NS <= now_ns:
                self._given_ns[order.id] = now_ns
                log.info("order given", node=node, order=order.id, kind=order.kind)
                given.append(order)
        return given

    def answered(self, node: str, order: str) -> None:
        """It need not be told again."""
        left = [one for one in self._open.pop(node, ()) if one.id != order]
        self._given_ns.pop(order, None)
        if left:
            self._open[node] = left
