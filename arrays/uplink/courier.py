"""Carries the outbox to the centre: one report at a time, each until it is acknowledged or refused for good."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Sequence

import structlog

from acoustic.errors import InputError, ResourceError
from arrays.order import Order
from arrays.outbox import Outbox, Waiting
from arrays.report import decode_answer
from arrays.uplink import Reply, Uplink

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0
RETRIED = (401, 408, 425, 429)  # of the 4xx: asks to come again, 401 with a certificate that is good
log = structlog.get_logger()


class Backoff:
    """Waits that double from try to try, each shortened at random by up to a half: nodes must not march in step."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 — spreads load, guards nothing
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait after one more failure."""
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait_s * self._random.uniform(0.5, 1.0)

    def worked(self) -> None:
        """Begin again from the shortest wait."""
        self._failures = 0


class Courier:
    """A thread that sends what waits; `wake` makes it look at once. `problem` says why the last try failed."""

    def __init__(
        self, outbox: Outbox, uplink: Uplink, orders: Callable[[Sequence[Order]], None], seed: int = 0
    ) -> None:
        self.problem = ""
        self._outbox, self._uplink, self._orders = outbox, uplink, orders
        self._backoff = Backoff(seed)
        self._news, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Something was added to the outbox."""
        self._news.set()

    def end(self, within_s: float) -> None:
        """Stop sending; what is under way gets this long."""
        self._ended.set()
        self._news.set()
        self._thread.join(within_s)
        self._uplink.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._news.clear()
            try:
                waiting = self._outbox.next()
            except ResourceError as error:
                self._ended.wait(self._later(str(error), 0.0))
                continue
            if waiting is None:
                self._news.wait()
                continue
            wait_s = self.carry(waiting)
            if wait_s > 0.0:
                self._ended.wait(wait_s)

    def carry(self, waiting: Waiting) -> float:
        """Try to send one report; return how many seconds to wait before the next try, 0 where all is well."""
        try:
            reply = self._uplink.send(waiting.body)
        except ResourceError as error:
            return self._later(str(error), 0.0)
        if reply.status == 200:
            return self._acknowledged(waiting, reply)
        sentence = f"the centre answered {reply.status}: {error_text(reply.body)}"
        if 400 <= reply.status < 500 and reply.status not in RETRIED:
            log.error("a report was refused and is set aside", sequence=waiting.sequence, problem=sentence)
            self._outbox.park(waiting.sequence, sentence)
            self._fine()
            return 0.0
        return self._later(sentence, reply.wait_s)

    def _acknowledged(self, waiting: Waiting, reply: Reply) -> float:
        try:
            answer = decode_answer(reply.body)
        except InputError as error:
            return self._later(f"the centre's answer cannot be read: {error}", 0.0)
        if answer.sequence != waiting.sequence:
            return self._later(f"the centre acknowledged {answer.sequence}, not {waiting.sequence}", 0.0)
        self._outbox.done(waiting.sequence)
        self._fine()
        self._orders(answer.orders)
        return 0.0

    def _fine(self) -> None:
        if self.problem:
            log.info("the centre answers again", waiting=self._outbox.waiting())
        self.problem = ""
        self._backoff.worked()

    def _later(self, problem: str, asked_s: float) -> float:
        if problem != self.problem:
            log.warning("a report could not be sent; trying again", problem=problem)
        self.problem = problem
        return max(asked_s, self._backoff.failed())


def error_text(body: bytes) -> str:
    """The sentence in a refusal's JSON, or that there is none."""
    try:
        return str(json.loads(body)["error"])[:300]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "no reason given"
