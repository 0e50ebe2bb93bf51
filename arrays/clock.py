"""A stream's clock: its sample counter, fitted recursively to what a time source says of UTC."""

from __future__ import annotations

import math

from acoustic.errors import InputError
from arrays.timebase import Timebase

RATE_SIGMA = 1e-4  # a cheap sound card's crystal, before it is known: 100 ppm
WANDER_PER_S = 1e-15  # variance the rate gains a second: 1 ppm in 1,000 s, a crystal without oven out of doors
DISPUTE_SIGMAS = 6.0
SETTLED_S = 60.0


class Clock:
    """A Kalman filter of offset (s) and relative rate error, started by one fix.

    A fix that contradicts the fit, such as a step of the source, moves nothing: `disputed_s` is by how much it differs
    and σ is at least that, until a fix agrees again. A source that keeps to its step for `SETTLED_S` is believed (a
    computer without a battery starts in the past): the fit begins anew there. Without fixes σ grows as the rate's
    uncertainty and wander say. Raises InputError for a rate or σ that is not finite and positive.
    """

    def __init__(self, sample: int, utc_ns: int, sigma_s: float, rate_hz: float) -> None:
        if not (math.isfinite(rate_hz) and rate_hz > 0.0):
            raise InputError(f"rate_hz is {rate_hz}; expected a positive number")
        self._sample, self._utc_ns, self._rate_hz = sample, utc_ns, rate_hz
        self._skew = self.disputed_s = 0.0
        self._step: Clock | None = None  # where the source says that it is now, since when it is disputed
        self._since = sample
        self._variances = (_positive(sigma_s) ** 2, 0.0, RATE_SIGMA**2)

    def fix(self, sample: int, utc_ns: int, sigma_s: float) -> None:
        """The source says that `sample`, later than every one before, was taken at `utc_ns`, give or take `sigma_s`."""
        noise = _positive(sigma_s) ** 2
        if sample <= self._sample:
            raise InputError(f"sample is {sample}; expected one after {self._sample}")
        offset, cross, rate = self._after(sample)
        expected_ns = self.timebase(sample).utc_ns(sample)
        error_s = (utc_ns - expected_ns) * 1e-9
        self._sample, self._utc_ns, self._variances = sample, expected_ns, (offset, cross, rate)
        if abs(error_s) > DISPUTE_SIGMAS * math.sqrt(offset + noise):
            self.disputed_s = abs(error_s)
            self._dispute(sample, utc_ns, sigma_s)
            return
        gain, rate_gain = offset / (offset + noise), cross / (offset + noise)
        self._utc_ns += round(gain * error_s * 1e9)
        self._skew += rate_gain * error_s
        self._variances = ((1.0 - gain) * offset, (1.0 - gain) * cross, rate - rate_gain * cross)
        self.disputed_s, self._step = 0.0, None

    def doubt(self, sigma_s: float) -> None:
        """Samples were lost, or counted twice: the offset is known to so much less."""
        offset, cross, rate = self._variances
        self._variances = (offset + _positive(sigma_s) ** 2, cross, rate)

    def _dispute(self, sample: int, utc_ns: int, sigma_s: float) -> None:
        """Follow a source that stepped, and believe it once it has kept to its step."""
        if self._step is not None:
            self._step.fix(sample, utc_ns, sigma_s)
        if self._step is None or self._step.disputed_s > 0.0:
            self._step, self._since = Clock(sample, utc_ns, sigma_s, self._rate_hz), sample
        elif sample - self._since >= SETTLED_S * self._rate_hz:
            step, self._step, self.disputed_s = self._step, None, 0.0
            self._sample, self._utc_ns, self._skew, self._variances = (
                step._sample,
                step._utc_ns,
                step._skew,
                step._variances,
            )

    def timebase(self, sample: int) -> Timebase:
        """The map from samples to UTC, with its σ at `sample`, from the last fix on."""
        sigma_s = math.hypot(math.sqrt(self._after(sample)[0]), self.disputed_s)
        return Timebase(self._sample, self._utc_ns, self._rate_hz / (1.0 + self._skew), sigma_s)

    def _after(self, sample: int) -> tuple[float, float, float]:
        """Variances of offset, both, rate at `sample`."""
        offset, cross, rate = self._variances
        dt = (sample - self._sample) / self._rate_hz
        wander = WANDER_PER_S * dt
        return (
            offset + dt * (2.0 * cross + dt * (rate + wander / 3.0)),
            cross + dt * (rate + wander / 2.0),
            rate + wander,
        )


def _positive(sigma_s: float) -> float:
    if not (math.isfinite(sigma_s) and sigma_s > 0.0):
        raise InputError(f"sigma_s is {sigma_s}; expected more than 0 seconds")
    return sigma_s
