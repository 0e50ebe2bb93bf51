"""The computer's clock: how far it may be from UTC, as whatever keeps it right says."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import structlog

from acoustic.errors import TocsinError
from arrays.chrony import ask_chrony

POLL_S = 4.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`source` says that the computer's clock is within `sigma_s` of UTC; `problem`: why none better does, or empty."""

    source: str
    sigma_s: float
    problem: str = ""


def standing(stated_sigma_s: float) -> Standing:
    """Ask chrony; where it is absent or not synchronised, what the settings state holds, and why is said."""
    try:
        tracking = ask_chrony()
    except TocsinError as error:
        reason = str(error)
    else:
        if tracking.synchronised:
            return Standing(source=f"chrony, which follows {tracking.name}", sigma_s=tracking.bound_s)
        reason = "chrony is not synchronised"
    taken = f"the computer's clock is taken to be right to {stated_sigma_s * 1e3:g} ms, as the settings state"
    return Standing(source="the settings", sigma_s=stated_sigma_s, problem=f"{reason}; {taken}")


class ComputerClock:
    """A thread that asks every few seconds, from now until `stop`; `standing` is the last answer."""

    def __init__(self, stated_sigma_s: float, stop: threading.Event) -> None:
        self._stated_sigma_s, self._stop = stated_sigma_s, stop
        self._standing = standing(stated_sigma_s)
        threading.Thread(target=self._watch, name="computer-clock", daemon=True).start()

    def standing(self) -> Standing:
        """What was said last."""
        return self._standing

    def _watch(self) -> None:
        while not self._stop.wait(POLL_S):
            now = standing(self._stated_sigma_s)
            if now.source != self._standing.source:
                log.info("the computer's clock", source=now.source, sigma_s=now.sigma_s, problem=now.problem)
            self._standing = now
