"""A stream's clock: its sample counter, fitted recursively to what a time source says of UTC."""

from __future__ import annotations

import math

from acoustic.errors import InputError
from arrays.timebase import Timebase

RATE_SIGMA = 1e-4  # a cheap sound card's crystal, before it is known: 100 ppm
WANDER_PER_S = 1e-15  # variance the rate gains a second: 1 ppm in 1,000 s, a crystal without oven out of doors
DISPUTE_SIGMAS = 6.0
SETTLED_S = 60.0
FIX_S = 1.0  # of arrivals, the least late of which is a fix
ARRIVAL_SIGMA_S = 0.002  # of that one: how far even it waited for the machine
FIRST_SIGMA_S = 1.0  # before the first second of arrivals is over: a pipe may hold old sound


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


class ArrivalClock:
    """The clock of sound that tells no time but comes as it is taken: each second's least late arrival is a fix.

    Waiting only adds, so the least late waited least. What every arrival waits for, such as the sender's own packing,
    stays in the time. Raises InputError for a rate that is not finite and positive.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._clock: Clock | None = None
        self._least: tuple[int, int, int] | None = None  # ns late, sample, UTC in ns
        self._since: int | None = None
        self._first = True

    def arrived(self, sample: int, utc_ns: int) -> None:
        """All before `sample`, which is later than at every call before, was there at `utc_ns`."""
        arrival = (utc_ns - round(sample * (1e9 / self._rate_hz)), sample, utc_ns)
        self._least = min(self._least or arrival, arrival)
        self._since = sample if self._since is None else self._since
        over = sample - self._since >= FIX_S * self._rate_hz
        _, at, at_ns = self._least
        if self._first or self._clock is None:
            self._clock = Clock(at, at_ns, ARRIVAL_SIGMA_S if over else FIRST_SIGMA_S, self._rate_hz)
        elif over:
            self._clock.fix(at, at_ns, ARRIVAL_SIGMA_S)
        if over:
            self._least, self._since, self._first = None, sample, False

    def doubt(self, sigma_s: float) -> None:
        """Samples were lost, as many as `sigma_s` tells: what was late until now says nothing of what comes."""
        self._least = None
        if self._clock is not None:
            self._clock.doubt(sigma_s)

    def timebase(self, sample: int) -> Timebase:
        """The map from samples to UTC, with its σ at `sample`; before the first arrival it means nothing."""
        if self._clock is None:
            return Timebase(0, 0, self._rate_hz, FIRST_SIGMA_S)
        return self._clock.timebase(sample)


def _positive(sigma_s: float) -> float:
    if not (math.isfinite(sigma_s) and sigma_s > 0.0):
        raise InputError(f"sigma_s is {sigma_s}; expected more than 0 seconds")
    return sigma_s
