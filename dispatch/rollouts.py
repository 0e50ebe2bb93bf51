"""The orders of the roll-out that is under way: which nodes are to try it now. Each node is told until it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.order import Order, sign_order
from dispatch.store.rollouts import advance, content, given

NS = 1_000_000_000
GOOD_FOR_NS = 365 * 24 * 3600 * NS
AGAIN_NS = 300 * NS  # between two tries to tell a node: a classifier is 0.6 MB, and a trial takes its time


class RollOuts:
    """Signed orders for nodes. `clock_ns`: the centre's UTC clock in nanoseconds."""

    def __init__(self, key: Ed25519PrivateKey, clock_ns: Callable[[], int]) -> None:
        self._key, self._clock_ns = key, clock_ns
        self._open: dict[str, Order] = {}
        self._told_ns: dict[str, int] = {}

    @property
    def busy(self) -> bool:
        """Whether a node has yet to answer."""
        return bool(self._open)

    def look(self, connection: sa.Connection, states: Mapping[str, str]) -> None:
        """Go on with what is under way, and see what nodes are to be told. `states`: how each node is."""
        advance(connection, states, self._clock_ns() // 1_000_000)
        found = given(connection)
        identity, steps = ("", []) if found is None else found
        wanted = {f"{identity}-{step.node}": step for step in steps}
        if wanted.keys() == {order.id for order in self._open.values()}:
            return
        self._open = {}
        if steps:
            kind, body = content(connection, identity)
            told = msgspec.to_builtins(body, builtin_types=(bytes,))
            for name, step in wanted.items():
                issued_ns = (step.given_ms or 0) * 1_000_000
                expires_ns = issued_ns + GOOD_FOR_NS
                order = Order(id=name, kind=kind, issued_ns=issued_ns, expires_ns=expires_ns, body=told)
                self._open[step.node] = sign_order(order, self._key)
        self._told_ns = {node: told_ns for node, told_ns in self._told_ns.items() if node in self._open}

    def asks(self, node: str, order: str) -> bool:
        """Whether a node has yet to answer this order."""
        return node in self._open and self._open[node].id == order

    def due(self, node: str) -> list[Order]:
        """What a node is to be told now; again after a while, for its answer may be lost."""
        now_ns = self._clock_ns()
        if node not in self._open or self._told_ns.get(node, -AGAIN_NS) + AGAIN_NS > now_ns:
            return []
        self._told_ns[node] = now_ns
        return [self._open[node]]
