"""The site's mandate: kept, journaled, and carried down to every node until the node says that it has it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError
from arrays.mandate import Mandate, mandate_order, read_mandate
from arrays.order import Order, sign_order
from dispatch.store.journal import add_entry
from dispatch.store.nodes import NodeRecord
from dispatch.store.notes import note, set_note
from dispatch.town.places import Frame
from recordings.ground import read_ground

NOTE = KIND = "mandate"
SITE = "site"
NS = 1_000_000_000
YEAR_NS = 365 * 24 * 3600 * NS
BEHIND_NS = 3600 * NS  # a node's clock may be a little behind
PURPOSE = "to locate gunshots"
REACH_M = 10_000.0  # of the zone that nobody drew, from the origin: a town
AGAIN_NS = 10 * NS  # between two tries to give a node the same mandate


def default_mandate(now_ns: int) -> Mandate:
    """For a site that nobody has set one for: a year, a town around the origin, no clips."""
    r = REACH_M
    square = ((-r, -r), (r, -r), (r, r), (-r, r))
    return Mandate(purpose=PURPOSE, zone=(square,), start_ns=now_ns - BEHIND_NS, end_ns=now_ns + YEAR_NS)


def set_mandate(
    connection: sa.Connection, mandate: Mandate, key: Ed25519PrivateKey, now_ns: int, by: str = ""
) -> Order:
    """Sign a mandate, keep it in place of the one before, and write it in the journal, with who did where known."""
    order = sign_order(mandate_order(mandate, now_ns), key)
    set_note(connection, NOTE, msgspec.json.encode(order).decode())
    told = msgspec.to_builtins(mandate) | ({"by": by} if by else {})
    add_entry(connection, KIND, SITE, told, now_ns // 1_000_000)
    return order


def kept_mandate(connection: sa.Connection) -> Order | None:
    """The order that brings the site's mandate; None before the first start."""
    kept = note(connection, NOTE)
    return None if kept is None else msgspec.json.decode(kept, type=Order)


def first_mandate(connection: sa.Connection, key: Ed25519PrivateKey, now_ns: int) -> Order:
    """The mandate that is kept; the default, kept from now on, where there is none."""
    return kept_mandate(connection) or set_mandate(connection, default_mandate(now_ns), key, now_ns)


def zone_of(path: Path, frame: Frame) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The polygons of a GeoJSON file in the site's metres. Raises InputError."""
    plan = read_ground(path)
    if plan.zone is None:
        raise InputError(f"{path} holds no polygon; expected the zone in which nodes may listen")
    rings = []
    for ring in plan.zone.rings:
        degrees = plan.degrees(np.asarray(ring))
        rings.append(tuple(frame.metres(lat, lon, 0.0)[:2] for lon, lat in degrees))
    return tuple(rings)


def check_place(order: Order, record: NodeRecord) -> None:
    """Raise InputError where a node would stand outside the zone."""
    if not read_mandate(order).holds(record.x, record.y):
        raise InputError(
            f"position of node {record.id!r} lies outside the zone of the site's mandate; "
            "expected a place inside, or another zone: tocsin centre mandate --zone"
        )


class Mandates:
    """What each node has of it. `clock_ns`: the centre's UTC clock in nanoseconds."""

    def __init__(self, current: Order, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.current = current
        self._clock_ns = clock_ns
        self._answered: dict[str, str] = {}
        self._given_ns: dict[str, int] = {}

    def due(self, node: str) -> Sequence[Order]:
        """The mandate, where the node has not said that it has it; again after a while where its word was lost."""
        now_ns = self._clock_ns()
        if self._answered.get(node) == self.current.id or self._given_ns.get(node, 0) + AGAIN_NS > now_ns:
            return []
        self._given_ns[node] = now_ns
        return [self.current]

    def set(self, order: Order) -> None:
        """There is another."""
        if order.id != self.current.id:
            self.current = order
            self._given_ns.clear()

    def has(self, node: str) -> bool:
        """Whether the node has said, since this centre started, that it has the one that holds."""
        return self._answered.get(node) == self.current.id

    def answered(self, node: str, order: str) -> None:
        """A node answered an order, perhaps this one."""
        if order == self.current.id:
            self._answered[node] = order
