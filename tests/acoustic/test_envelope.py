"""The envelope's features: decay as it was made, and even rounds told from uneven ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.envelope import LAGS_MS, NAMES, envelope
from acoustic.features import BEFORE_S, ENVELOPE, RATE_HZ, SAMPLES

ONSET = round(BEFORE_S * RATE_HZ)
TIME_S = (np.arange(SAMPLES) - ONSET) / RATE_HZ


def looked_at(*sounds: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    shaped = np.stack(sounds).astype(np.float32)
    return dict(zip(NAMES, envelope(shaped, ENVELOPE, ONSET).T, strict=True))


def bangs(at_s: list[float], decay_s: float = 8e-3, seed: int = 1) -> NDArray[np.float64]:
    """A tone of 2 kHz that jumps up at each instant and dies away, in weak noise."""
    late_s = TIME_S[:, None] - np.array(at_s)
    loud = np.where(late_s >= 0.0, np.exp(-np.maximum(late_s, 0.0) / decay_s), 0.0).max(axis=1)
    noise = 1e-3 * np.random.default_rng(seed).standard_normal(SAMPLES)
    return np.asarray(loud * np.sin(2.0 * np.pi * 2_000.0 * TIME_S) + noise)


def test_a_level_that_falls_evenly_has_that_slope() -> None:
    # amplitude exp(−t/τ): 20 lg e ÷ τ decibels a second
    found = looked_at(bangs([0.0], 0.06))
    per_100_ms = 20.0 * np.log10(np.e) * 0.1 / 0.06
    assert found["early_slope_db"][0] == pytest.approx(-per_100_ms, abs=4.0)
    assert found["late_slope_db"][0] == pytest.approx(-per_100_ms, abs=2.0)
    assert found["decay20_ms"][0] == pytest.approx(60.0 * np.log(10.0), abs=15.0)


def test_what_came_before_is_told() -> None:
    alone, second = looked_at(bangs([0.0]))["before_peak_db"][0], looked_at(bangs([-0.03, 0.0]))["before_peak_db"][0]
    assert alone < -40.0
    assert second > -10.0


@settings(max_examples=20, deadline=None)
@given(st.floats(0.055, 0.11), st.integers(0, 99))
def test_even_rounds_come_again_at_their_gap(gap_s: float, seed: int) -> None:
    found = looked_at(bangs([n * gap_s for n in range(7)], seed=seed))
    again = {edges: found[f"again_{edges[0]}_{edges[1]}_ms"][0] for edges in pairwise(LAGS_MS)}
    near = [value for (low, high), value in again.items() if low - 3 <= 1e3 * gap_s <= high + 3]
    assert max(near) > 0.4
    assert found["unevenness"][0] < 0.12
    assert found["gap_ms"][0] == pytest.approx(1e3 * gap_s, rel=0.12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_uneven_bangs_are_less_even_than_a_gun(seed: int) -> None:
    draw = np.random.default_rng(seed)
    gaps = draw.permutation([0.025, 0.04, 0.07, 0.12])  # as a fuse burns
    found = looked_at(bangs([0.0, *np.cumsum(gaps).tolist()], seed=seed))
    assert found["pulses"][0] >= 4
    assert found["unevenness"][0] > 0.25


def test_one_bang_has_one_pulse_and_no_rhythm() -> None:
    found = looked_at(bangs([0.0]))
    assert found["pulses"][0] == 1
    assert found["gap_ms"][0] == 0
    assert found["unevenness"][0] == 0.5
    assert max(values[0] for name, values in found.items() if name.startswith("again")) < 0.35


def test_bangs_of_one_strength_differ_less_than_others() -> None:
    even = bangs([0.0, 0.08, 0.16, 0.24])
    louder = even * np.where(np.abs(TIME_S - 0.1) < 0.04, 1.8, 1.0)
    found = looked_at(even, louder)
    assert found["pulses_differ_db"][1] > found["pulses_differ_db"][0] + 1.0


@settings(max_examples=20, deadline=None)
@given(st.floats(-40.0, 20.0), st.integers(0, 99))
def test_level_and_polarity_change_nothing(gain_db: float, seed: int) -> None:
    sound = bangs([0.0, 0.07, 0.15], seed=seed)
    found = looked_at(sound, -(10.0 ** (gain_db / 20.0)) * sound)
    for name, (one, other) in found.items():
        assert other == pytest.approx(one, abs=5e-2), name


def test_silence_and_a_constant_are_finite() -> None:
    found = looked_at(np.zeros(SAMPLES), np.ones(SAMPLES))
    assert all(np.isfinite(values).all() for values in found.values())
