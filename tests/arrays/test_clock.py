"""A stream's clock against simulated sound cards and time sources whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acoustic.errors import InputError
from arrays.clock import ArrivalClock, Clock

RATE_HZ = 48_000
START_NS = 1_545_180_566 * 10**9
FAST = 1.0001  # the card's crystal is 100 ppm fast
NOISE_S = 1e-4


def true_ns(sample: int) -> int:
    return START_NS + round(sample / (RATE_HZ * FAST) * 1e9)


def disciplined(seconds: int = 600, seed: int = 1) -> Clock:
    noise_ns = np.random.default_rng(seed).normal(0.0, NOISE_S * 1e9, seconds)
    clock = Clock(0, true_ns(0) + round(noise_ns[0]), NOISE_S, RATE_HZ)
    for second in range(1, seconds):
        clock.fix(second * RATE_HZ, true_ns(second * RATE_HZ) + round(noise_ns[second]), NOISE_S)
    return clock


def error_s(clock: Clock, sample: int) -> float:
    return abs(clock.timebase(sample).utc_ns(sample) - true_ns(sample)) * 1e-9


def test_a_card_100_ppm_off_is_followed_within_what_its_sigma_says() -> None:
    now = 599 * RATE_HZ
    errors = np.array([error_s(disciplined(seed=seed), now) for seed in range(20)])
    sigma_s = disciplined().timebase(now).sigma_s
    assert sigma_s < NOISE_S / 3
    assert 0.5 < math.sqrt(np.mean(errors**2)) / sigma_s < 1.5
    assert disciplined().timebase(now).rate_hz == pytest.approx(RATE_HZ * FAST, rel=2e-6)


def test_without_its_source_sigma_grows_and_holds_the_truth() -> None:
    clock = disciplined()
    sigmas = [clock.timebase((600 + held) * RATE_HZ).sigma_s for held in (0, 60, 600, 3600)]
    assert sigmas == sorted(sigmas)
    assert sigmas[-1] > 10 * sigmas[0]
    assert error_s(clock, 4200 * RATE_HZ) < 3 * sigmas[-1]


def test_a_clock_fixed_once_is_worth_its_crystal() -> None:
    assert Clock(0, START_NS, NOISE_S, RATE_HZ).timebase(1000 * RATE_HZ).sigma_s == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("step_s", [3600, -3600, 1, -1])
def test_an_hour_or_a_leap_second_widens_sigma_and_moves_nothing(step_s: int) -> None:
    clock, now = disciplined(), 600 * RATE_HZ
    before_ns = clock.timebase(now).utc_ns(now)
    clock.fix(now, true_ns(now) + step_s * 10**9, NOISE_S)
    assert clock.timebase(now).utc_ns(now) == before_ns
    assert clock.timebase(now).sigma_s == pytest.approx(abs(step_s), rel=0.01)
    assert clock.disputed_s == pytest.approx(abs(step_s), rel=0.01)
    clock.fix(now + RATE_HZ, true_ns(now + RATE_HZ), NOISE_S)
    assert clock.disputed_s == 0.0
    assert clock.timebase(now + RATE_HZ).sigma_s < NOISE_S


@pytest.mark.parametrize("sigma_s", [0.0, -1.0, math.nan, math.inf])
def test_a_fix_without_a_true_sigma_is_refused(sigma_s: float) -> None:
    with pytest.raises(InputError, match="sigma_s"):
        Clock(0, START_NS, sigma_s, RATE_HZ)


def test_a_fix_from_before_is_refused() -> None:
    with pytest.raises(InputError, match="sample"):
        disciplined().fix(5, START_NS, NOISE_S)


def test_a_source_that_keeps_to_its_step_is_believed_after_a_minute() -> None:
    """A computer without a battery starts in the past; once it is told the time, its clock steps and stays."""
    clock, hour_ns, sigmas = disciplined(), 3600 * 10**9, []
    for second in range(600, 700):
        clock.fix(second * RATE_HZ, true_ns(second * RATE_HZ) + hour_ns, NOISE_S)
        sigmas.append(clock.timebase(second * RATE_HZ).sigma_s)
    assert min(sigmas[:59]) > 3500.0
    assert sigmas[-1] < 1e-3
    now = 699 * RATE_HZ
    assert clock.timebase(now).utc_ns(now) == pytest.approx(true_ns(now) + hour_ns, abs=1e6)


def test_lost_samples_widen_sigma_until_fixes_find_the_place_again() -> None:
    clock, lost_s = disciplined(), 0.004
    clock.doubt(0.02)
    assert clock.timebase(600 * RATE_HZ).sigma_s > 0.019
    for second in range(600, 660):
        clock.fix(second * RATE_HZ, true_ns(second * RATE_HZ) + round(lost_s * 1e9), NOISE_S)
    now = 659 * RATE_HZ
    assert clock.timebase(now).sigma_s < 1e-3
    assert clock.timebase(now).utc_ns(now) == pytest.approx(true_ns(now) + round(lost_s * 1e9), abs=1e6)


def test_sound_that_waits_on_its_way_is_dated_by_what_waited_least() -> None:
    """Packets of 1 ms wait 0.2 ms and, exponentially, 5 ms more: the mean would date them 5 ms late."""
    waits_s = 2e-4 + np.random.default_rng(1).exponential(5e-3, 60_000)
    clock = ArrivalClock(RATE_HZ)
    for packet, wait_s in enumerate(waits_s):
        clock.arrived((packet + 1) * 48, true_ns((packet + 1) * 48) + round(wait_s * 1e9))
    fitted = clock.timebase(60 * RATE_HZ)
    off_s = (fitted.utc_ns(60 * RATE_HZ) - true_ns(60 * RATE_HZ)) * 1e-9
    assert off_s == pytest.approx(2e-4, abs=3e-4)
    assert fitted.sigma_s < 0.003


def test_sound_from_before_anyone_listened_is_not_believed() -> None:
    """A pipe held a second of it: all of that comes at once, late; then it is live."""
    clock = ArrivalClock(RATE_HZ)
    clock.arrived(RATE_HZ, true_ns(2 * RATE_HZ))
    assert clock.timebase(RATE_HZ).sigma_s >= 1.0
    for packet in range(1, 150):
        clock.arrived(RATE_HZ + 960 * packet, true_ns(RATE_HZ + 960 * packet))
    fitted = clock.timebase(3 * RATE_HZ)
    assert abs(fitted.utc_ns(3 * RATE_HZ) - true_ns(3 * RATE_HZ)) * 1e-9 < 3 * fitted.sigma_s < 0.01
