"""Bearings: known directions, turned arrays, flat arrays, and sound that has no direction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast
from acoustic.errors import InputError
from acoustic.propagation import delayed, spectrum
from localisation.bearing import Bearing, bearing, bearing_of_times

RATE_HZ, SAMPLES, SPEED_MS = 48_000.0, 480, 340.0
TETRAHEDRON = np.array([[0.2, 0.0, -0.07], [-0.1, 0.173, -0.07], [-0.1, -0.173, -0.07], [0.0, 0.0, 0.21]])
FLAT = np.array([[0.2, 0.0, 0.0], [0.0, 0.2, 0.0], [-0.2, 0.0, 0.0], [0.0, -0.2, 0.0]])
UPRIGHT = FLAT[:, [0, 2, 1]]
PULSE = spectrum(lambda t: blast.friedlander(t, 1.0, 0.6e-3), SAMPLES, RATE_HZ)

azimuths = st.floats(0.0, 360.0)
elevations = st.floats(-60.0, 60.0)


def towards(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    a, e = math.radians(azimuth_deg), math.radians(elevation_deg)
    return np.array([math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), math.sin(e)])


def heard(
    microphones: NDArray[np.float64], azimuth_deg: float, elevation_deg: float, noise: float, seed: int = 0
) -> NDArray[np.float64]:
    times = 3e-3 - microphones @ towards(azimuth_deg, elevation_deg) / SPEED_MS
    clean = fft.irfft(delayed(PULSE, times, SAMPLES, RATE_HZ), SAMPLES)
    return np.asarray(clean + noise * np.random.default_rng(seed).standard_normal(clean.shape))


def turn(one_deg: float, other_deg: float) -> float:
    return (one_deg - other_deg + 180.0) % 360.0 - 180.0


def found(window: NDArray[np.float64], microphones: NDArray[np.float64]) -> Bearing:
    direction = bearing(window, microphones, RATE_HZ, SPEED_MS)
    assert direction is not None
    return direction


@given(azimuths, elevations)
@settings(max_examples=60, deadline=None)
def test_a_direction_is_found(azimuth_deg: float, elevation_deg: float) -> None:
    direction = found(heard(TETRAHEDRON, azimuth_deg, elevation_deg, 1e-3), TETRAHEDRON)
    assert turn(direction.azimuth_deg, azimuth_deg) == pytest.approx(0.0, abs=0.3)
    assert direction.elevation_deg == pytest.approx(elevation_deg, abs=0.3)
    assert direction.azimuth_sigma_deg < 0.5


@given(azimuths, st.floats(-30.0, 30.0), azimuths)
@settings(max_examples=30, deadline=None)
def test_turning_the_array_with_its_sound_turns_the_azimuth(azimuth: float, elevation: float, by_deg: float) -> None:
    a = math.radians(by_deg)
    turned = TETRAHEDRON @ np.array(
        [[math.cos(a), -math.sin(a), 0.0], [math.sin(a), math.cos(a), 0.0], [0.0, 0.0, 1.0]]
    )
    window = heard(TETRAHEDRON, azimuth, elevation, 0.01)
    still, moved = found(window, TETRAHEDRON), found(window, turned)
    assert turn(moved.azimuth_deg, still.azimuth_deg + by_deg) == pytest.approx(0.0, abs=1e-3)
    assert moved.elevation_deg == pytest.approx(still.elevation_deg, abs=1e-3)


@given(st.floats(-100.0, 100.0), azimuths)
@settings(max_examples=20, deadline=None)
def test_where_the_array_stands_does_not_matter(offset_m: float, azimuth: float) -> None:
    window = heard(TETRAHEDRON, azimuth, 5.0, 0.01)
    here, there = found(window, TETRAHEDRON), found(window, TETRAHEDRON + offset_m)
    assert turn(there.azimuth_deg, here.azimuth_deg) == pytest.approx(0.0, abs=1e-3)


@given(st.floats(1.0, 20.0), azimuths, elevations)
@settings(max_examples=20, deadline=None)
def test_a_scaled_array_in_scaled_time_hears_the_same(scale: float, azimuth: float, elevation: float) -> None:
    times = -TETRAHEDRON @ towards(azimuth, elevation) / SPEED_MS
    direction = bearing_of_times(scale * times, 1e-6, scale * TETRAHEDRON, SPEED_MS)
    assert direction is not None
    assert turn(direction.azimuth_deg, azimuth) == pytest.approx(0.0, abs=0.05)
    assert direction.elevation_deg == pytest.approx(elevation, abs=0.05)


@pytest.mark.parametrize("noise", [0.03, 0.1])
@pytest.mark.parametrize("microphones", [TETRAHEDRON, FLAT, TETRAHEDRON[:3]], ids=["tetrahedron", "flat", "three"])
def test_the_stated_deviation_is_the_true_one(microphones: NDArray[np.float64], noise: float) -> None:
    draw = np.random.default_rng(5)
    scores = []
    for n in range(300):
        azimuth, elevation = draw.uniform(0.0, 360.0), draw.uniform(-25.0, 10.0)
        direction = found(heard(microphones, azimuth, elevation, noise, seed=n), microphones)
        scores.append(turn(direction.azimuth_deg, azimuth) / direction.azimuth_sigma_deg)
    assert float(np.sqrt(np.mean(np.square(scores)))) == pytest.approx(1.0, abs=0.2)


def test_a_flat_array_knows_the_azimuth_and_says_that_up_or_down_is_unknown() -> None:
    direction = found(heard(FLAT, 130.0, 20.0, 0.005), FLAT)
    assert turn(direction.azimuth_deg, 130.0) == pytest.approx(0.0, abs=0.5)
    assert direction.elevation_deg == pytest.approx(0.0, abs=1.0)
    assert direction.elevation_sigma_deg == pytest.approx(20.0, abs=1.5)


def test_an_upright_flat_array_cannot_tell_front_from_back() -> None:
    assert bearing(heard(UPRIGHT, 20.0, 5.0, 0.005), UPRIGHT, RATE_HZ, SPEED_MS) is None
    beside = found(heard(UPRIGHT, 90.0, 10.0, 0.005), UPRIGHT)
    assert turn(beside.azimuth_deg, 90.0) == pytest.approx(0.0, abs=3.0 * beside.azimuth_sigma_deg)


def test_noise_has_no_direction() -> None:
    draw = np.random.default_rng(7)
    none = [bearing(draw.standard_normal((4, SAMPLES)), TETRAHEDRON, RATE_HZ, SPEED_MS) is None for _ in range(100)]
    assert sum(none) > 90


def test_silence_and_a_dead_channel_have_no_direction() -> None:
    assert bearing(np.zeros((4, SAMPLES)), TETRAHEDRON, RATE_HZ, SPEED_MS) is None
    window = heard(TETRAHEDRON, 40.0, 0.0, 0.01)
    window[2] = 0.0
    direction = bearing(window, TETRAHEDRON, RATE_HZ, SPEED_MS)
    assert direction is None or abs(turn(direction.azimuth_deg, 40.0)) < 4.0 * direction.azimuth_sigma_deg


def test_times_of_no_plane_wave_have_no_direction() -> None:
    assert bearing_of_times([0.0, 0.4e-3, -0.5e-3, 0.6e-3], 1e-6, TETRAHEDRON, SPEED_MS) is None


@pytest.mark.parametrize(
    ("window", "microphones", "speed_ms", "says"),
    [
        (np.zeros((2, SAMPLES)), TETRAHEDRON[:2], SPEED_MS, r"microphones has shape \(2, 3\)"),
        (np.zeros((3, SAMPLES)), [[0, 0, 0], [1, 0, 0], [2, 0, 0]], SPEED_MS, "on one line"),
        (np.zeros((3, SAMPLES)), [[0, 0, 0]] * 3, SPEED_MS, "on one line or at one place"),
        (np.zeros((3, SAMPLES)), [[0, 0, 0], [1, 0, 0], [0, math.nan, 0]], SPEED_MS, "a place that is not finite"),
        (np.zeros((3, SAMPLES)), TETRAHEDRON, SPEED_MS, r"window has shape \(3, 480\); expected \(4, samples\)"),
        (np.full((4, SAMPLES), math.nan), TETRAHEDRON, SPEED_MS, "not a finite number"),
        (np.zeros((4, SAMPLES)), TETRAHEDRON, -340.0, "speed_ms is -340"),
    ],
)
def test_what_cannot_have_a_bearing_is_named(window: object, microphones: object, speed_ms: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        bearing(np.asarray(window), np.asarray(microphones, dtype=np.float64), RATE_HZ, speed_ms)
