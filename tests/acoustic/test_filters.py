"""The front end: the textbook's high-pass, frames that do not feel how many of them are filtered at once."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.filters import FRAME_STEPS, FrontEnd, Grid, highpass_taps

Samples = NDArray[np.float32]
RATES = [8_000.0, 11_025.0, 12_000.0, 16_000.0, 22_050.0, 44_100.0, 48_000.0, 96_000.0, 192_000.0]


def filtered(front: FrontEnd, grid: Grid, sound: Samples) -> tuple[Samples, Samples]:
    """Decimated and high-passed, both (channels, n)."""
    wave = np.empty((len(sound), sound.shape[1] // grid.decimation), np.float32)
    return front(sound, wave).copy(), wave


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_step_is_about_a_millisecond_at_every_rate(rate_hz: float) -> None:
    grid = Grid.of(rate_hz)
    assert grid.step_s == pytest.approx(1e-3, rel=0.1)
    assert 6_000.0 <= grid.working_hz < 12_000.0
    assert grid.frame == FRAME_STEPS * grid.step * grid.decimation


@pytest.mark.parametrize("rate_hz", [0.0, 7_999.9, 192_000.1, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused(rate_hz: float) -> None:
    with pytest.raises(InputError, match="expected 8000 to 192000 Hz"):
        Grid.of(rate_hz)


def test_the_taps_are_scipys_butterworth_but_blind_to_a_constant() -> None:
    b, a = scipy.signal.butter(2, 300.0, "highpass", fs=6_000.0)
    theirs = scipy.signal.lfilter(b, a, np.eye(1, 129)[0])
    ours = highpass_taps(6_000.0, 300.0, 129)
    assert ours == pytest.approx(theirs, abs=1e-6)
    assert ours.sum() == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("rate_hz", RATES)
def test_wind_is_kept_out_and_a_shot_let_in(rate_hz: float) -> None:
    grid = Grid.of(rate_hz)
    time_s = np.arange(8 * grid.frame) / rate_hz
    level = {}
    for hz in (30.0, 1_000.0):
        tone = np.sin(2 * np.pi * hz * time_s).astype(np.float32)
        _, wave = filtered(FrontEnd(grid, 1, 300.0, 8), grid, tone[None])
        level[hz] = 20 * np.log10(float(wave[0, wave.shape[1] // 2 :].std()) * np.sqrt(2))
    assert level[30.0] < -35.0
    assert level[1_000.0] == pytest.approx(0.0, abs=0.7)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(RATES), st.integers(1, 3), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_frames_filtered_together_or_apart_are_the_same_bytes(rate_hz: float, channels: int, counts: list[int]) -> None:
    grid = Grid.of(rate_hz)
    sound = np.random.default_rng(2).standard_normal((channels, sum(counts) * grid.frame)).astype(np.float32)
    low, wave = filtered(FrontEnd(grid, channels, 300.0, sum(counts)), grid, sound)
    apart = FrontEnd(grid, channels, 300.0, 4)
    cuts = np.cumsum(counts)[:-1] * grid.frame
    parts = [filtered(apart, grid, np.ascontiguousarray(part)) for part in np.split(sound, cuts, axis=1)]
    assert np.concatenate([p[0] for p in parts], axis=1).tobytes() == low.tobytes()
    assert np.concatenate([p[1] for p in parts], axis=1).tobytes() == wave.tobytes()


def test_a_constant_makes_nothing_and_a_restart_forgets() -> None:
    grid = Grid.of(12_000.0)
    front = FrontEnd(grid, 1, 300.0, 2)
    constant = np.full((1, 2 * grid.frame), 0.7, np.float32)
    assert np.abs(filtered(front, grid, constant)[1]).max() < 1e-5
    noise = np.random.default_rng(3).standard_normal((1, grid.frame)).astype(np.float32)
    fresh = filtered(FrontEnd(grid, 1, 300.0, 2), grid, noise)[1]
    assert not np.array_equal(filtered(front, grid, noise)[1], fresh)
    front.restart()
    assert np.array_equal(filtered(front, grid, noise)[1], fresh)
