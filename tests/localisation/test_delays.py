"""Delays between microphones: simulated pulses with known delays, and the symmetries that hold for any sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast
from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.propagation import delayed, frequencies_hz, loss_per_metre, spectrum
from localisation.delays import arrival_times, closure_s, delays

RATE_HZ, SAMPLES, REACH_S = 48_000.0, 1024, 1.2e-3
PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
HZ = frequencies_hz(SAMPLES, RATE_HZ)
PULSE = spectrum(lambda t: blast.friedlander(t, 1.0, 0.6e-3), SAMPLES, RATE_HZ) * np.exp(
    150.0 * loss_per_metre(HZ, Air(temperature_c=15.0, humidity_pct=60.0))
)

lateness = st.lists(st.floats(-0.5e-3, 0.5e-3), min_size=4, max_size=4)


def heard(times_s: NDArray[np.float64], noise: float = 0.0, seed: int = 0) -> NDArray[np.float64]:
    """A distant shot at microphones that hear it `times_s` (…, mics) after 6 ms; noise re the peak."""
    clean = fft.irfft(delayed(PULSE, times_s + 6e-3, SAMPLES, RATE_HZ), SAMPLES)
    return np.asarray(clean + noise * clean.max() * np.random.default_rng(seed).standard_normal(clean.shape))


def bound_s(noise: float) -> float:
    """Cramér–Rao bound of one microphone's time against the mean of four, the pulse unknown."""
    clean = fft.irfft(PULSE, SAMPLES)
    variance = SAMPLES * (noise * clean.max()) ** 2
    information = 2.0 * float(np.sum((2.0 * math.pi * HZ) ** 2 * np.abs(PULSE) ** 2)) / variance
    return math.sqrt(0.75 / information)


def some_times(events: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(-0.5e-3, 0.5e-3, (events, 4))


@given(lateness)
@settings(max_examples=40, deadline=None)
def test_delays_of_a_clean_pulse_are_found_to_a_fraction_of_a_sample(late: list[float]) -> None:
    times = np.array(late)
    window = heard(times, noise=1e-4)
    found = delays(window, RATE_HZ, REACH_S)
    wanted = np.array([times[j] - times[i] for i, j in PAIRS])
    assert found.pairs.tolist() == [list(pair) for pair in PAIRS]
    assert found.seconds == pytest.approx(wanted, abs=0.03 / RATE_HZ)
    assert found.strength.min() > 0.95
    fine = arrival_times(window, RATE_HZ, REACH_S)
    assert fine.seconds == pytest.approx(times - times.mean(), abs=0.002 / RATE_HZ)


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_arrival_times_come_near_the_bound_and_know_it(noise: float) -> None:
    times = some_times(400)
    found = arrival_times(heard(times, noise), RATE_HZ, REACH_S)
    error = found.seconds - (times - times.mean(axis=1, keepdims=True))
    assert float(np.sqrt(np.mean(error**2))) < 1.4 * bound_s(noise)
    assert float(np.sqrt(np.mean((error / found.sigma_s[:, None]) ** 2))) == pytest.approx(1.0, abs=0.2)


def test_likelihood_beats_the_phase_transform() -> None:
    times = some_times(300)
    windows = heard(times, 0.03)
    wanted = np.stack([times[:, j] - times[:, i] for i, j in PAIRS], axis=1)
    pairwise = delays(windows, RATE_HZ, REACH_S).seconds
    fine = arrival_times(windows, RATE_HZ, REACH_S).seconds
    joint = np.stack([fine[:, j] - fine[:, i] for i, j in PAIRS], axis=1)
    assert np.mean((joint - wanted) ** 2) < 0.5 * np.mean((pairwise - wanted) ** 2)


@given(lateness, st.permutations(range(4)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_microphones_does_not_matter(late: list[float], order: list[int]) -> None:
    window = heard(np.array(late), 0.02)
    one = arrival_times(window, RATE_HZ, REACH_S).seconds
    other = arrival_times(window[order], RATE_HZ, REACH_S).seconds
    assert other == pytest.approx(one[order], abs=1e-8)


@given(st.floats(1e-4, 1e4), lateness)
@settings(max_examples=20, deadline=None)
def test_loudness_does_not_matter(gain: float, late: list[float]) -> None:
    window = heard(np.array(late), 0.02)
    one, other = (arrival_times(gain * window, RATE_HZ, REACH_S) for gain in (1.0, gain))
    assert other.seconds == pytest.approx(one.seconds, abs=1e-8)
    assert other.sigma_s == pytest.approx(one.sigma_s, rel=1e-2)


def test_a_batch_gives_what_its_events_give_alone() -> None:
    windows = heard(some_times(130), 0.05)
    batch = arrival_times(windows.reshape(2, 65, 4, SAMPLES), RATE_HZ, REACH_S)
    assert batch.seconds.shape == (2, 65, 4)
    for n in (0, 64, 65, 129):
        alone = arrival_times(windows[n], RATE_HZ, REACH_S)
        assert batch.seconds.reshape(-1, 4)[n] == pytest.approx(alone.seconds, abs=1e-9)
        assert batch.sigma_s.reshape(-1)[n] == pytest.approx(float(alone.sigma_s), rel=1e-4)


def test_triangles_close_for_one_sound_and_not_for_none() -> None:
    sound = delays(heard(some_times(50), 0.02), RATE_HZ, REACH_S)
    noise = delays(np.random.default_rng(2).standard_normal((50, 4, SAMPLES)), RATE_HZ, REACH_S)
    assert closure_s(sound).max() < 5e-6
    assert np.median(closure_s(noise)) > 1e-4


def test_noise_alone_is_called_unknown() -> None:
    found = arrival_times(np.random.default_rng(2).standard_normal((100, 4, SAMPLES)), RATE_HZ, REACH_S)
    assert np.median(found.sigma_s) > 20e-6
    assert np.median(found.snr) < 0.2


def test_silence_is_called_unknown() -> None:
    found = arrival_times(np.zeros((4, SAMPLES)), RATE_HZ, REACH_S)
    assert math.isinf(float(found.sigma_s))


@pytest.mark.parametrize(
    ("shape", "rate_hz", "reach_s", "says"),
    [
        ((1024,), RATE_HZ, REACH_S, r"windows has shape \(1024,\)"),
        ((1, 1024), RATE_HZ, REACH_S, "windows holds 1 microphones; expected at least 2"),
        ((4, 64), RATE_HZ, REACH_S, "windows holds 64 samples"),
        ((4, 0), RATE_HZ, REACH_S, r"windows has shape \(4, 0\)"),
        ((4, 1024), -1.0, REACH_S, "rate_hz is -1"),
        ((4, 1024), RATE_HZ, 0.0, "reach_s is 0"),
        ((4, 1024), RATE_HZ, 1.0, "reach_s is 1"),
        ((4, 1024), RATE_HZ, math.nan, "reach_s is nan"),
    ],
)
def test_what_cannot_be_correlated_is_named(shape: tuple[int, ...], rate_hz: float, reach_s: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        delays(np.zeros(shape), rate_hz, reach_s)
