"""How reports reach the centre: one file a way, and the courier that carries the outbox over any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from acoustic.errors import ResourceError
from arrays.order import Order
from arrays.parcel import Answers

TakeOrders = Callable[[Sequence[Order]], None]


class BusyError(ResourceError):
    """The centre answers that it cannot take this now; `wait_s`: how long it asks to wait, 0 where it does not say."""

    def __init__(self, sentence: str, wait_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


class Uplink(Protocol):
    """A way to the centre. `lanes`: how many parcels may be under way at a time; `exchange_bytes`: what the way itself
    adds to a parcel and its answer, both directions together, as measured."""

    lanes: int
    exchange_bytes: int

    def send(self, parcel: bytes) -> Answers:
        """Send a parcel. Raises ResourceError where there is no answer, InputError where it cannot be read."""

    def listen(self, take: TakeOrders) -> None:
        """Hand on orders that come between answers, as soon as they come."""

    def close(self) -> None:
        """Let the connection go."""
