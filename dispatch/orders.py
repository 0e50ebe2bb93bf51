"""What nodes are to be asked: for each surely located shot, the healthy ones that told nothing of it, to look again.

An order travels in the answer to the node's next report. It is due when the sound has reached the node and what the
node heard by itself would have come, and no longer than the node's ring holds it. A shot asks a node once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.air import Air
from arrays.order import Order, repick, sign_order
from dispatch.buckets import Buckets
from localisation.again import asks
from localisation.arrivals import Ask, Shot, Station

NS = 1_000_000_000
SETTLED_NS = NS  # after the sound has passed: a node needs 0.8 s of sound to look again, and to hear by itself less
RING_NS = 10 * NS  # after which the node has forgotten it
A_MINUTE, AT_ONCE = 30, 10  # orders a node gets at most
log = structlog.get_logger()


class Orders:
    """Orders that wait for their node's next report. `clock_ns`: the centre's UTC clock in nanoseconds."""

    def __init__(self, key: Ed25519PrivateKey, clock_ns: Callable[[], int]) -> None:
        self._key, self._clock_ns = key, clock_ns
        self._open: dict[str, dict[str, Ask]] = {}  # of a shot: by node
        self._asked: dict[tuple[str, str], int] = {}  # shot and node: until when it matters
        self._allowance = Buckets(A_MINUTE / 60.0, AT_ONCE)

    def consider(self, shots: Iterable[Shot], stations: Sequence[Station], air: Air) -> None:
        """New versions of shots: whom to ask about each as it is now. `stations`: healthy and listening."""
        for shot in shots:
            self._open[shot.key] = {ask.node: ask for ask in asks(shot, stations, air)}

    def due(self, node: str) -> list[Order]:
        """The signed orders for a node now; none of them is given again."""
        now_ns = self._clock_ns()
        self._forget(now_ns)
        orders = []
        for key, waiting in sorted(self._open.items()):
            ask = waiting.get(node)
            if ask is None or (key, node) in self._asked or ask.time_ns + SETTLED_NS > now_ns:
                continue
            if not self._allowance.take(node, now_ns):
                log.warning("a node is asked too often; not asked again", node=node, shot=key)
                break
            self._asked[key, node] = ask.time_ns + RING_NS
            order = sign_order(repick(ask, now_ns, ask.time_ns + RING_NS), self._key)
            log.info("order given", node=node, order=order.id, kind=order.kind)
            orders.append(order)
        return orders

    def _forget(self, now_ns: int) -> None:
        """Drop what no ring holds any more."""
        late = now_ns - RING_NS
        self._open = {
            key: left
            for key, waiting in self._open.items()
            if (left := {node: ask for node, ask in waiting.items() if ask.time_ns > late})
        }
        self._asked = {one: until_ns for one, until_ns in self._asked.items() if until_ns > now_ns}
