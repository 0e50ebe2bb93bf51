"""Whom the centre asks to look again: in time, once a shot, not too often, and nobody about what is not sure."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arrays.order import read_repick, verify_order
from dispatch.orders import AT_ONCE, Orders
from localisation.arrivals import Shot
from localisation.network import locate
from tests.localisation.simulated import AIR
from tests.localisation.test_again import HEALTHY, ONE, told

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SILENT = "n3"


def shot() -> Shot:
    """A shot that all heard but one."""
    (found,) = locate(told(ONE, 2.0, {SILENT}), AIR, HEALTHY)
    return found


class Clock:
    """The centre's clock, set by hand: `late_s` after the shot was fired."""

    def __init__(self, fired_ns: int) -> None:
        self._fired_ns = fired_ns
        self.late_s = 0.0

    def __call__(self) -> int:
        return self._fired_ns + round(self.late_s * 1e9)


def test_the_silent_node_is_asked_once_when_the_sound_has_passed() -> None:
    heard = shot()
    clock = Clock(heard.origin.time_ns)
    orders = Orders(KEY, clock)
    orders.consider([heard], HEALTHY, AIR)
    assert orders.due(SILENT) == []  # the sound may still be under way
    clock.late_s = 3.0
    assert orders.due("n4") == []  # heard it by itself
    (order,) = orders.due(SILENT)
    assert verify_order(order, PUBLIC)
    ask = read_repick(order, SILENT)
    assert (ask.shot, ask.node) == (heard.key, SILENT)
    assert order.expires_ns == ask.time_ns + 10 * 10**9
    orders.consider([replace(heard, version=2)], HEALTHY, AIR)
    assert orders.due(SILENT) == []


def test_what_no_ring_holds_any_more_is_not_asked_for() -> None:
    heard = shot()
    clock = Clock(heard.origin.time_ns)
    orders = Orders(KEY, clock)
    orders.consider([heard], HEALTHY, AIR)
    clock.late_s = 15.0
    assert orders.due(SILENT) == []


def test_a_node_that_is_not_listening_is_not_asked() -> None:
    heard = shot()
    clock = Clock(heard.origin.time_ns)
    clock.late_s = 3.0
    orders = Orders(KEY, clock)
    orders.consider([heard], [s for s in HEALTHY if s.node != SILENT], AIR)
    assert orders.due(SILENT) == []


def test_a_shot_that_became_unsure_asks_nobody() -> None:
    heard = shot()
    clock = Clock(heard.origin.time_ns)
    clock.late_s = 3.0
    orders = Orders(KEY, clock)
    orders.consider([heard], HEALTHY, AIR)
    orders.consider([replace(heard, origin=replace(heard.origin, ambiguous=True))], HEALTHY, AIR)
    assert orders.due(SILENT) == []


def test_many_shots_at_once_do_not_flood_a_node() -> None:
    heard = shot()
    clock = Clock(heard.origin.time_ns)
    clock.late_s = 3.0
    orders = Orders(KEY, clock)
    orders.consider([replace(heard, key=f"{n:016x}") for n in range(40)], HEALTHY, AIR)
    assert len(orders.due(SILENT)) == AT_ONCE
    clock.late_s = 7.0  # two more at 30 a minute
    assert len(orders.due(SILENT)) == 2
