"""Carries the outbox to the centre: parcel by parcel, each report until it is acknowledged or refused for good."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext

import structlog

from acoustic.errors import InputError, ResourceError
from arrays.outbox import Outbox, Waiting
from arrays.parcel import MOST_REPORTS, Outcome, digest, pack
from arrays.uplink import BusyError, TakeOrders, Uplink
from arrays.uplink.backoff import Backoff
from arrays.uplink.budget import Budget

RETRIED = (408, 425, 429)  # of the 4xx: asks to come again
BUSY_WAIT_S = 1.0
SMALLEST, FIRST, LARGEST = 1_000, 4_000, 64_000  # bytes of reports in a parcel, before they are compressed
QUICK_S, SLOW_S = 1.0, 4.0
BUDGET_LOOK_S = 1.0
log = structlog.get_logger()


class Courier:
    """Threads, one a lane of the uplink, that send what waits; `wake` makes them look at once. `problem` says why the
    last try failed. Parcels grow on a quick link, and are small on a slow one, so that no alert waits behind much."""

    def __init__(
        self, outbox: Outbox, uplink: Uplink, orders: TakeOrders, seed: int = 0, budget: Budget | None = None
    ) -> None:
        self.problem = ""
        self._budget = budget or Budget(0.0)
        self._outbox, self._uplink, self._orders = outbox, uplink, orders
        self._backoff = Backoff(seed)
        self._most_bytes = FIRST
        self._ended = threading.Event()
        self._news, self._news_count = threading.Condition(), 0
        self._alone = threading.Lock()  # while the way is broken, one lane tries, the others wait
        self._threads = [
            threading.Thread(target=self._run, name=f"courier-{lane}", daemon=True) for lane in range(uplink.lanes)
        ]

    def start(self) -> None:
        """Begin to send."""
        self._uplink.listen(self._orders)
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something was added to the outbox."""
        with self._news:
            self._news_count += 1
            self._news.notify_all()

    def end(self, within_s: float) -> None:
        """Stop sending; what is under way gets this long."""
        self._ended.set()
        self.wake()
        end_s = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))
        self._uplink.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            seen = self._news_count
            with self._alone if self.problem else nullcontext():
                sent, wait_s = self._next()
                if wait_s > 0.0:
                    self._ended.wait(wait_s)
            if not sent:
                self._await_news(seen)

    def _await_news(self, seen: int) -> None:
        saving = self._budget.bytes_per_hour and self._outbox.waiting()  # what waits may go once there is budget
        with self._news:
            self._news.wait_for(
                lambda: self._news_count != seen or self._ended.is_set(), BUDGET_LOOK_S if saving else None
            )

    def _next(self) -> tuple[bool, float]:
        """Send a parcel; whether there was anything to send, and how many seconds to wait, 0 where all is well."""
        if self._ended.is_set():
            return True, 0.0
        try:
            taken = self._affordable()
        except ResourceError as error:
            return True, self._later(str(error), 0.0)
        return bool(taken), self.carry(taken) if taken else 0.0

    def _affordable(self) -> list[Waiting]:
        """What waits and may go within the budget."""
        if not self._budget.allows_arrivals():
            return []
        return self._outbox.take(self._most_bytes, MOST_REPORTS, health=self._budget.allows_health())

    def carry(self, taken: Sequence[Waiting]) -> float:
        """Try to send reports that were taken from the outbox; return how long to wait before the next try, 0 where
        all is well."""
        began_s = time.monotonic()
        parcel = pack([one.body for one in taken])
        self._budget.spend(len(parcel) + self._uplink.exchange_bytes)
        try:
            answers = self._uplink.send(parcel)
        except ResourceError as error:
            return self._again(taken, str(error), error.wait_s if isinstance(error, BusyError) else 0.0)
        except InputError as error:
            return self._again(taken, f"the centre's answer cannot be read: {error}")
        if answers.about != digest(parcel) or len(answers.outcomes) != len(taken):
            return self._again(taken, "the centre answered something else than what it was sent")
        self._fit(time.monotonic() - began_s)
        waits_s = [self._settle(one.sequence, outcome) for one, outcome in zip(taken, answers.outcomes, strict=True)]
        if not any(waits_s):
            self._fine()
        self._orders(answers.orders)
        return max(waits_s)

    def _again(self, taken: Sequence[Waiting], problem: str, asked_s: float = 0.0) -> float:
        self._outbox.back(one.sequence for one in taken)
        return self._later(problem, asked_s)

    def _settle(self, sequence: int, outcome: Outcome) -> float:
        """What becomes of one report; how long to wait where it must be sent again."""
        if outcome.status == 200:
            self._outbox.done(sequence)
            return 0.0
        sentence = f"the centre answered {outcome.status}: {outcome.problem[:300] or 'no reason given'}"
        if 400 <= outcome.status < 500 and outcome.status not in RETRIED:
            log.error("a report was refused and is set aside", sequence=sequence, problem=sentence)
            self._outbox.park(sequence, sentence)
            return 0.0
        self._outbox.back([sequence])
        return self._later(sentence, BUSY_WAIT_S)

    def _fit(self, took_s: float) -> None:
        """The next parcel larger or smaller, by how long this one took."""
        if took_s < QUICK_S:
            self._most_bytes = min(LARGEST, 2 * self._most_bytes)
        elif took_s > SLOW_S:
            self._most_bytes = max(SMALLEST, self._most_bytes // 2)

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
