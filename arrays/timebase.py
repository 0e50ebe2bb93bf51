"""Time is a sample count; UTC is attached once, here, with its uncertainty."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from acoustic.errors import InputError

LATEST_NS = 2**62  # in 2116: no time that is recorded or sent is later
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class Timebase:
    """Maps sample index to UTC: sample `anchor_sample` was taken at `anchor_utc_ns`; `sigma_s` its uncertainty.

    Raises InputError for a rate that is not positive or a σ that is negative or not finite.
    """

    anchor_sample: int
    anchor_utc_ns: int
    rate_hz: float
    sigma_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate_hz) and self.rate_hz > 0.0):
            raise InputError(f"rate_hz is {self.rate_hz}; expected a positive number")
        if not (math.isfinite(self.sigma_s) and self.sigma_s >= 0.0):
            raise InputError(f"time_sigma_s is {self.sigma_s}; expected 0 or more seconds")

    def utc_ns(self, sample: float) -> int:
        """UTC in nanoseconds since 1970 of a (fractional) sample index."""
        return self.anchor_utc_ns + round((sample - self.anchor_sample) * (1e9 / self.rate_hz))

    def sample_at(self, utc_ns: int) -> float:
        """The (fractional) sample index at a UTC in nanoseconds since 1970."""
        return self.anchor_sample + (utc_ns - self.anchor_utc_ns) * 1e-9 * self.rate_hz


def parse_utc_ns(text: str) -> int:
    """Nanoseconds since 1970 of an ISO 8601 instant with up to nine decimals; one without zone is UTC.

    Raises ValueError for anything else.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:80]!r} is not an instant such as 2018-12-19T00:49:26.000Z")
    whole, decimals, zone = match.groups()
    at = datetime.fromisoformat(whole + (zone or "Z"))
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + int((decimals or "").ljust(9, "0"))


def format_utc_ns(utc_ns: int) -> str:
    """ISO 8601, UTC, nine decimals."""
    seconds, rest = divmod(utc_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
