"""When a sound card's samples were taken: by the computer's clock, and by a pulse per second beside the microphones."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from arrays.clock import Clock
from arrays.computer import Standing
from arrays.timebase import Timebase

FIX_S = 1.0  # between comparisons with the computer's clock
JITTER_S = 0.003  # of one: when the driver calls
PULSE_SIGMA_S = 5e-6  # of an edge: a quarter of a sample at 48 kHz, 20 times what is measured 40 dB above the noise
NUMBERED_S = 0.1  # the computer's σ with which a pulse's second is certain
LATE_S = 10.0  # without a pulse, after which that is said


class Dating:
    """Two clocks of one stream, and the better of them: one fitted to the computer's, one to the pulses.

    A pulse says when a second begins; which one, the computer's clock must say, right to less than half a second. While
    pulses fail their clock holds over, until the computer's is known better. A step of the computer's clock, and a leap
    second, which is one, are disputed by both for a minute, with σ as wide as the step, and then believed.
    """

    def __init__(self, rate_hz: float, standing: Callable[[], Standing], pps_channel: int | None = None) -> None:
        self._rate_hz, self._standing, self._pps_channel = rate_hz, standing, pps_channel
        self._computer: Clock | None = None
        self._pulsed: Clock | None = None
        self._read = (0, 0)  # of the computer's clock: sample, UTC in ns
        self._fixed = 0  # sample of the last comparison
        self._pulse = -math.inf  # sample of the last pulse

    def read(self, sample: int, utc_ns: int) -> None:
        """The computer's clock said `utc_ns` when `sample` was taken."""
        utc_ns = self._standing().utc_ns(utc_ns)
        self._read = (sample, utc_ns)
        if self._computer is None:
            self._computer, self._fixed = Clock(sample, utc_ns, JITTER_S, self._rate_hz), sample
        elif sample - self._fixed >= FIX_S * self._rate_hz:
            self._computer.fix(sample, utc_ns, JITTER_S)
            self._fixed = sample

    def pulse(self, edge: float) -> None:
        """A second of UTC began at the fractional sample `edge`."""
        if self._standing().sigma_s > NUMBERED_S:
            return
        read_at, read_ns = self._read
        said_ns = read_ns + round((edge - read_at) / self._rate_hz * 1e9)
        sample = math.floor(edge)
        second_ns = (said_ns + 500_000_000) // 10**9 * 10**9
        utc_ns = second_ns - round((edge - sample) / self._rate_hz * 1e9)
        if self._pulsed is None:
            self._pulsed = Clock(sample, utc_ns, PULSE_SIGMA_S, self._rate_hz)
        else:
            self._pulsed.fix(sample, utc_ns, PULSE_SIGMA_S)
        self._pulse = sample

    def doubt(self, sigma_s: float) -> None:
        """Samples were lost, or counted twice: the place of what follows is known to so much less."""
        for clock in (self._computer, self._pulsed):
            if clock is not None:
                clock.doubt(sigma_s)

    def timebase(self, sample: int) -> Timebase:
        """The better of the two at `sample`."""
        sigma_s = self._standing().sigma_s
        if self._computer is None:
            return Timebase(0, time.time_ns(), self._rate_hz, sigma_s)
        fitted = self._computer.timebase(sample)
        by_computer = replace(fitted, sigma_s=math.hypot(fitted.sigma_s, sigma_s))
        if self._pulsed is None:
            return by_computer
        return min(self._pulsed.timebase(sample), by_computer, key=lambda base: base.sigma_s)

    def problem(self, sample: int) -> str:
        """Why time is not known better at `sample`; empty where all is well."""
        if self._pps_channel is None:
            return self._standing().problem
        if sample - self._pulse < LATE_S * self._rate_hz:
            return ""
        if self._standing().sigma_s > NUMBERED_S:
            return f"the computer's clock is not right to {NUMBERED_S:g} s, so pulses cannot tell which second begins"
        return f"there is no pulse per second on channel {self._pps_channel}"
