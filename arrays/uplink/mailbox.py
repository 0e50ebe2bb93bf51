"""Where answers that come over a broker meet the parcels that wait for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError
from contextlib import contextmanager

import structlog

from acoustic.errors import InputError, ResourceError
from arrays.parcel import Answers, digest, open_sealed
from arrays.uplink import TakeOrders

log = structlog.get_logger()


class Mailbox:
    """One node's, for any thread. `centre_key`: 32 bytes, with which the centre signs orders and answers."""

    def __init__(self, node: str, centre_key: bytes) -> None:
        self.node = node
        self._centre_key = centre_key
        self._lock = threading.Lock()
        self._waiting: dict[bytes, Future[Answers]] = {}
        self._take: TakeOrders | None = None

    def listen(self, take: TakeOrders) -> None:
        """Hand on orders that come by themselves."""
        self._take = take

    @contextmanager
    def expecting(self, parcel: bytes) -> Iterator[Future[Answers]]:
        """The answer to a parcel that is sent within the block."""
        key, answer = digest(parcel), Future[Answers]()
        with self._lock:
            self._waiting[key] = answer
        try:
            yield answer
        finally:
            with self._lock:
                self._waiting.pop(key, None)

    def hear(self, message: bytes) -> None:
        """A message came; one that the centre did not sign is dropped."""
        try:
            answers = open_sealed(self.node, message, self._centre_key)
        except InputError as error:
            log.warning("a message on the broker is dropped", problem=str(error))
            return
        with self._lock:
            waiting = self._waiting.pop(answers.about, None)
        if waiting is not None:
            waiting.set_result(answers)
        elif answers.orders and self._take is not None:
            self._take(answers.orders)

    def lost(self, why: str) -> None:
        """The connection is gone: nothing that waits will be answered on it."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_exception(ResourceError(why))


def answered(answer: Future[Answers], within_s: float, place: str) -> Answers:
    """The answer, once it comes. Raises ResourceError where it does not, or the connection is lost."""
    try:
        return answer.result(within_s)
    except LateError as error:
        raise ResourceError(f"no answer from the centre by way of the {place} within {within_s:.0f} s") from error
