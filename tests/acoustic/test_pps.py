"""A pulse per second against edges whose places are known: band-limited steps, as a converter gives them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.pps import Pulses
from tests.acoustic.steps import step

RATE_HZ = 8_000  # the lowest of a node: a sample is 125 µs
WIDTH_S = 0.1
HEIGHT = 0.4


def pulses(edges: list[float], samples: int, height: float = HEIGHT, width_s: float = WIDTH_S) -> NDArray[np.float64]:
    at = np.arange(samples, dtype=np.float64)
    sound = np.zeros(samples)
    for edge in edges:
        sound += height * (step(at - edge) - step(at - edge - width_s * RATE_HZ))
    return sound


def noisy(sound: NDArray[np.float64], sigma: float = 1e-3, seed: int = 1) -> NDArray[np.float32]:
    return (sound + np.random.default_rng(seed).normal(0.0, sigma, len(sound))).astype(np.float32)


def found(sound: NDArray[np.float32], chunk: int = 160) -> list[float]:
    stream = Pulses(RATE_HZ)
    return [e for at in range(0, len(sound), chunk) for e in stream.push(at, sound[at : at + chunk])]


def seconds(count: int, first: float = 500.3, rate: float = 1.0) -> list[float]:
    return [first + n * RATE_HZ * rate for n in range(count)]


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5, 0.77, 0.999])
def test_an_edge_is_found_to_a_hundredth_of_a_sample_from_the_third_second_on(fraction: float) -> None:
    edges = seconds(8, 500.0 + fraction)
    assert found(noisy(pulses(edges, 9 * RATE_HZ), 1e-5)) == pytest.approx(edges[2:], abs=0.01)


def test_noise_costs_what_it_must() -> None:
    """52 dB below the pulse, by the slope of a step of this height: about 0.002 / 0.4 of a sample."""
    edges = seconds(40, 500.37)
    errors = np.array(found(noisy(pulses(edges, 41 * RATE_HZ), 1e-3))) - edges[2:]
    assert np.sqrt(np.mean(errors**2)) < 0.01
    assert abs(np.mean(errors)) < 0.005


@pytest.mark.parametrize("ppm", [-100.0, 100.0])
def test_a_card_100_ppm_off_shows_in_the_edges(ppm: float) -> None:
    edges = seconds(8, 500.3, 1.0 + ppm * 1e-6)
    assert found(noisy(pulses(edges, 9 * RATE_HZ))) == pytest.approx(edges[2:], abs=0.03)


def test_through_a_capacitor_the_edges_stay_where_they_are() -> None:
    """First-order high-pass at 10 Hz: the level sags, and jumps down and creeps up again behind each pulse."""
    edges = seconds(6)
    sound = pulses(edges, 7 * RATE_HZ)
    keep, coupled = 1.0 / (1.0 + 2.0 * np.pi * 10.0 / RATE_HZ), np.zeros(len(sound))
    for n in range(1, len(sound)):
        coupled[n] = keep * (coupled[n - 1] + sound[n] - sound[n - 1])
    assert found(noisy(coupled)) == pytest.approx(edges[2:], abs=0.1)


def test_a_missing_pulse_costs_itself_and_two_more() -> None:
    edges = seconds(10)
    sound = noisy(pulses(edges[:5] + edges[6:], 11 * RATE_HZ))
    assert found(sound) == pytest.approx(edges[2:5] + edges[8:], abs=0.03)


def test_false_pulses_are_not_believed_and_do_not_cost_true_ones() -> None:
    edges, draw = seconds(20), np.random.default_rng(3)
    false = [float(f) for n in range(20) for f in edges[n] + draw.uniform(0.2, 0.8, 2) * RATE_HZ]
    sound = noisy(pulses(edges, 21 * RATE_HZ) + pulses(false, 21 * RATE_HZ, 0.5, 0.01))
    assert found(sound) == pytest.approx(edges[2:], abs=0.1)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.zeros(5 * RATE_HZ), id="silence"),
        pytest.param(pulses(seconds(5), 5 * RATE_HZ, 0.03), id="too faint"),
        pytest.param(0.5 * np.sin(2.0 * np.pi * 50.0 / RATE_HZ * np.arange(5 * RATE_HZ)), id="hum"),
        pytest.param(pulses([500.3 + n * 7_000 for n in range(5)], 5 * RATE_HZ), id="another rhythm"),
    ],
)
def test_what_is_no_pulse_per_second_has_no_edges(sound: NDArray[np.float64]) -> None:
    assert found(noisy(sound)) == []


def test_loud_noise_has_no_edges() -> None:
    assert found(noisy(np.zeros(20 * RATE_HZ), 0.3)) == []


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5 * RATE_HZ - 1), max_size=8, unique=True))
def test_however_the_stream_is_cut_the_edges_are_the_same(cuts: list[int]) -> None:
    sound = noisy(pulses(seconds(5), 5 * RATE_HZ))
    stream, whole, ends = Pulses(RATE_HZ), Pulses(RATE_HZ).push(0, sound), [0, *sorted(cuts), len(sound)]
    cut = [e for a, b in itertools.pairwise(ends) for e in stream.push(a, sound[a:b])]
    assert len(whole) == 3
    assert cut == whole


def test_sample_by_sample_is_the_same_too() -> None:
    sound = noisy(pulses(seconds(4), 4 * RATE_HZ))
    assert found(sound, 1) == found(sound, 4 * RATE_HZ)
    assert len(found(sound)) == 2


def test_a_pulse_of_two_levels_only_is_one_edge() -> None:
    """Without noise the rise is equally large at several samples."""
    sound = np.zeros(4 * RATE_HZ, np.float32)
    for second in range(4):
        sound[second * RATE_HZ + 500 : second * RATE_HZ + 1300] = 0.5
    edges = [second * RATE_HZ + 499.5 for second in (2, 3)]
    assert found(sound, 1) == found(sound, 4 * RATE_HZ) == pytest.approx(edges, abs=0.01)


def test_after_a_hole_the_count_begins_anew() -> None:
    edges = seconds(9)
    sound, stream, lost = noisy(pulses(edges, 9 * RATE_HZ)), Pulses(RATE_HZ), 333
    before = stream.push(0, sound[: 4 * RATE_HZ])
    after = stream.push(4 * RATE_HZ + lost, sound[4 * RATE_HZ :])
    assert before == pytest.approx(edges[2:4], abs=0.03)
    assert after == pytest.approx([e + lost for e in edges[6:]], abs=0.03)
