"""The computer's clock: how far it may be from UTC, as whatever keeps it right says."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import partial

import structlog

from acoustic.errors import ResourceError, TocsinError
from arrays.chrony import ask_chrony
from arrays.gpsd import Gpsd

POLL_S = 4.0
LISTEN_S = 2.5  # to gpsd, whose pulses come every second
DRIFT = 5e-5  # of a computer's clock that nobody keeps, until the next answer
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`source` says that the computer's clock is `ahead_s` of UTC, give or take `sigma_s`.

    `problem`: why no source says it but the settings; empty where one does.
    """

    source: str
    sigma_s: float
    ahead_s: float = 0.0
    problem: str = ""

    def utc_ns(self, said_ns: int) -> int:
        """UTC when the computer's clock said `said_ns`."""
        return said_ns - round(self.ahead_s * 1e9)


def standing(stated_sigma_s: float, gpsd: Gpsd) -> Standing:
    """Ask gpsd and chrony, and take who knows better; where neither does, the stated σ holds, and why is said.

    Listens `LISTEN_S` where gpsd answers.
    """
    found, reasons = [], []
    for ask in (partial(_by_gpsd, gpsd), _by_chrony):
        try:
            found.append(ask())
        except TocsinError as error:
            reasons.append(str(error))
    if found:
        return min(found, key=lambda one: one.sigma_s)
    taken = f"the computer's clock is taken to be right to {stated_sigma_s * 1e3:g} ms, as the settings state"
    return Standing(source="the settings", sigma_s=stated_sigma_s, problem="; ".join([*reasons, taken]))


def _by_gpsd(gpsd: Gpsd) -> Standing:
    pulse = gpsd.newest(LISTEN_S)
    sigma_s = math.hypot(pulse.sigma_s, DRIFT * (POLL_S + 2.0 * LISTEN_S))
    return Standing(source="gpsd, by a pulse per second", sigma_s=sigma_s, ahead_s=pulse.ahead_s)


def _by_chrony() -> Standing:
    tracking = ask_chrony()
    if not tracking.synchronised:
        raise ResourceError("chrony is not synchronised")
    return Standing(source=f"chrony, which follows {tracking.name}", sigma_s=tracking.bound_s)


class ComputerClock:
    """A thread that asks every few seconds, from now until `stop`; `standing` is the last answer."""

    def __init__(self, stated_sigma_s: float, gpsd: Gpsd, stop: threading.Event) -> None:
        self._stated_sigma_s, self._gpsd, self._stop = stated_sigma_s, gpsd, stop
        self._standing = standing(stated_sigma_s, gpsd)
        threading.Thread(target=self._watch, name="computer-clock", daemon=True).start()

    def standing(self) -> Standing:
        """What was said last."""
        return self._standing

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            now = standing(self._stated_sigma_s, self._gpsd)
            if now.source != self._standing.source:
                log.info("the computer's clock", source=now.source, sigma_s=now.sigma_s, problem=now.problem)
            self._standing = now
        self._gpsd.close()
