"""Carries clips to the centre: from memory over HTTPS, one at a time, past the outbox, which is on a disk.

A broker keeps what it carries on its own disk, so no clip goes by one. What cannot be sent while its order is good is
dropped, and nothing else with it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acoustic.errors import InputError, ResourceError
from arrays.clip import ClipAsk, Excerpt, read_clip_order, sealed_clip
from arrays.enrolment import read_membership
from arrays.identity import CERTIFICATE, KEY
from arrays.mandate import Warden
from arrays.order import Order
from arrays.report import FOUND, GONE, REFUSED, WireAnswer
from arrays.uplink.budget import Budget
from arrays.uplink.https import HttpsUplink, error_text

MOST_WAITING = 4
MOST_KNOWN = 100  # orders that are remembered, for each is given again until its answer has come
AGAIN_S = 2.0
PATH = "/clips"
FORBIDDEN = "the mandate allows no clips"
log = structlog.get_logger()


class Clips:
    """A thread that answers clip orders; `take` hands it one. `excerpt` gives the sound of arrivals, None where that is
    gone; `answer` says what became of an order, once."""

    def __init__(
        self,
        folder: Path,
        node: str,
        key: Ed25519PrivateKey,
        warden: Warden,
        budget: Budget,
        excerpt: Callable[[ClipAsk], Excerpt | None],
        answer: Callable[[WireAnswer], None],
        stop: threading.Event,
    ) -> None:
        self._folder, self._node, self._key, self._warden, self._budget = folder, node, key, warden, budget
        self._excerpt, self._answer, self._stop = excerpt, answer, stop
        self._waiting: queue.Queue[Order] = queue.Queue(MOST_WAITING)
        self._known: deque[str] = deque(maxlen=MOST_KNOWN)
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def take(self, order: Order) -> None:
        """An order whose signature is good."""
        if order.id in self._known:
            return
        self._known.append(order.id)
        try:
            self._waiting.put_nowait(order)
        except queue.Full:
            self._say(order, REFUSED, f"{MOST_WAITING} other clips wait to be sent")

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                order = self._waiting.get(timeout=1.0)
            except queue.Empty:
                continue
            try:
                state, why = self._fulfil(order)
            except InputError as error:
                state, why = REFUSED, str(error)
            except Exception:  # the next order is not to wait for a thread that died
                state, why = REFUSED, "the clip could not be made for a reason that the node's log tells"
                log.exception("a clip could not be made")
            self._say(order, state, why)

    def _fulfil(self, order: Order) -> tuple[str, str]:
        ask = read_clip_order(order)
        if why := self._forbids():
            return REFUSED, why
        excerpt = self._excerpt(ask) if order.expires_ns > time.time_ns() else None
        if excerpt is None:
            return GONE, ""
        message = sealed_clip(order.id, self._node, ask.event, excerpt, self._key)
        if not self._budget.allows(len(message)):
            return REFUSED, f"the clip has {len(message)} bytes, more than the link's budget has left"
        problem = "the node was told to end"
        while not self._stop.is_set():
            if why := self._forbids():
                return REFUSED, why
            problem = self._send(message)
            if not problem:
                return FOUND, ""
            if time.time_ns() + AGAIN_S * 1e9 > order.expires_ns:
                break
            self._stop.wait(AGAIN_S)
        return REFUSED, f"the clip could not be sent: {problem}"

    def _forbids(self) -> str:
        """Why no clip may leave now; empty where one may."""
        mandate = self._warden.mandate
        return self._warden.forbids() or ("" if mandate is not None and mandate.clips else FORBIDDEN)

    def _send(self, message: bytes) -> str:
        """What went wrong; nothing where the centre has it. Raises InputError where the centre will not have it."""
        self._budget.spend(len(message))
        membership = read_membership(self._folder)  # as it is now: the authority may have been renewed
        shown = self._folder / CERTIFICATE, self._folder / KEY
        uplink = HttpsUplink(membership.centre, membership.welcome.ca, shown=shown)
        try:
            reply = uplink.post(PATH, message, "application/msgpack")
        except ResourceError as error:
            return str(error)
        finally:
            uplink.close()
        sentence = f"the centre answered {reply.status}: {error_text(reply.body)}" if reply.status != 200 else ""
        if 400 <= reply.status < 500 and reply.status != 429:
            raise InputError(sentence)
        return sentence

    def _say(self, order: Order, state: str, why: str) -> None:
        log.info("a clip was asked for", order=order.id, state=state, problem=why)
        self._answer(WireAnswer(order=order.id, state=state, why=why[:300]))
