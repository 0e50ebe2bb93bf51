"""How much a link that is paid by the byte may carry."""

from __future__ import annotations

import time
from collections.abc import Callable

HOUR_S = 3600.0
HEALTH_BYTES = 220  # of a parcel with one word on health
HEALTH_SHARE = 0.5  # of the budget, at most
METERED_HEALTH_S = 10.0


class Budget:
    """So many bytes an hour, saved up for an hour at most. Health stays within it; arrivals may be in debt by as much
    again, then they wait too. 0: not metered. For any thread."""

    def __init__(self, bytes_per_hour: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.bytes_per_hour, self._clock_s = bytes_per_hour, clock_s
        self._level, self._at_s = 0.0, clock_s()

    def spend(self, count: int) -> None:
        """So many bytes went over the link, both ways together."""
        self._level = self._saved() - count
        self._at_s = self._clock_s()

    def allows_health(self) -> bool:
        """Whether health may be sent now."""
        return not self.bytes_per_hour or self._saved() >= 0.0

    def allows_arrivals(self) -> bool:
        """Whether arrivals may be sent now."""
        return not self.bytes_per_hour or self._saved() > -self.bytes_per_hour

    def allows(self, count: int) -> bool:
        """Whether so many bytes, which nothing else may wait for, may be sent now."""
        return not self.bytes_per_hour or self._saved() >= count

    @property
    def problem(self) -> str:
        """That arrivals wait for want of budget, or nothing."""
        return "" if self.allows_arrivals() else f"the link's {self.bytes_per_hour:.0f} bytes an hour are used up"

    def _saved(self) -> float:
        grown = self._level + (self._clock_s() - self._at_s) * self.bytes_per_hour / HOUR_S
        return min(self.bytes_per_hour, grown)


def health_interval_s(wanted_s: float, bytes_per_hour: float, exchange_bytes: int) -> float:
    """How often to say how the node is: as wanted; on a metered link every 10 s at most, and so seldom that it takes
    half the budget."""
    if not bytes_per_hour:
        return wanted_s
    affordable_s = (HEALTH_BYTES + exchange_bytes) * HOUR_S / (HEALTH_SHARE * bytes_per_hour)
    return round(max(wanted_s, METERED_HEALTH_S, affordable_s), 1)
