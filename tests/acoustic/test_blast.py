"""Waveforms: the physics that a listener or a text book would check."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic import blast
from acoustic.errors import InputError

peaks = st.floats(0.1, 5000.0)
phases = st.floats(0.05e-3, 5e-3)
TIME_S = np.arange(-2_000, 60_000) * 1e-6


@given(peaks, phases)
def test_a_blast_jumps_to_its_peak_and_crosses_zero_once(peak_pa: float, positive_s: float) -> None:
    assert blast.friedlander(-1e-9, peak_pa, positive_s) == 0.0
    assert blast.friedlander(0.0, peak_pa, positive_s) == pytest.approx(peak_pa)
    assert blast.friedlander(positive_s, peak_pa, positive_s) == pytest.approx(0.0, abs=1e-9 * peak_pa)
    later = blast.friedlander(positive_s * np.linspace(1.01, 20.0, 50), peak_pa, positive_s)
    assert np.all(later < 0.0)
    assert later.min() > -0.2 * peak_pa


def test_far_from_a_source_pressure_and_suction_cancel() -> None:
    wave = blast.friedlander(TIME_S, 1000.0, 0.5e-3)
    assert abs(wave.sum()) < 0.01 * wave[wave > 0].sum()


@given(st.floats(-1e-3, 1e-3), peaks)
def test_an_n_wave_is_odd_about_its_middle(offset_s: float, peak_pa: float) -> None:
    before, after = blast.n_wave(np.array([0.5e-3 - offset_s, 0.5e-3 + offset_s]), peak_pa, 1e-3)
    assert before == pytest.approx(-after, abs=1e-9 * peak_pa)


def test_the_shock_wave_weakens_and_lengthens_as_whitham_says() -> None:
    bullet = blast.RIFLE_762.bullet
    near, far = blast.shock_peak_pa(bullet, np.array([10.0, 160.0]), 340.0)
    assert near / far == pytest.approx(16**0.75)
    short, long = blast.shock_duration_s(bullet, np.array([10.0, 160.0]), 340.0)
    assert long / short == pytest.approx(2.0)


def test_the_shock_wave_of_a_rifle_is_loud_and_short() -> None:
    """Whitham's formula, by hand: 160 Pa and 0.27 ms at 15 m."""
    bullet = blast.RIFLE_762.bullet
    assert float(blast.shock_peak_pa(bullet, 15.0, 340.0)) == pytest.approx(160.0, rel=0.02)
    assert float(blast.shock_duration_s(bullet, 15.0, 340.0)) == pytest.approx(0.272e-3, rel=0.02)


def test_a_slow_bullet_makes_no_shock_wave() -> None:
    assert float(blast.shock_peak_pa(blast.PISTOL.bullet, 10.0, 340.0)) == 0.0
    with pytest.raises(InputError, match=r"bullet\.speed_ms is 320; expected more than 340"):
        blast.shock_duration_s(blast.PISTOL.bullet, 10.0, 340.0)


def test_a_gun_is_loudest_ahead() -> None:
    ahead, aside, behind = 20.0 * np.log10(blast.muzzle_gain(np.radians([0.0, 90.0, 180.0])))
    assert (ahead, aside, behind) == pytest.approx((5.0, 0.0, -10.0))


@pytest.mark.parametrize("weapon", blast.WEAPONS, ids=lambda w: w.name)
def test_weapons_lie_in_the_range_that_the_table_states(weapon: blast.Weapon) -> None:
    assert 150.0 < 20.0 * math.log10(weapon.peak_pa / blast.REFERENCE_PA) < 163.0
    assert 0.3e-3 <= weapon.positive_s <= 1.5e-3


def centroid_hz(wave: NDArray[np.float64]) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    hz = np.fft.rfftfreq(len(wave), 1e-6)
    return float((power * hz).sum() / power.sum())


def test_a_cracker_sounds_sharper_than_a_gun_and_a_shell_duller() -> None:
    cracker, shell = centroid_hz(blast.firecracker(TIME_S)), centroid_hz(blast.aerial_shell(TIME_S))
    guns = [centroid_hz(blast.friedlander(TIME_S, w.peak_pa, w.positive_s)) for w in blast.WEAPONS]
    assert shell < min(guns)
    assert max(guns) < cracker


def test_a_slam_rises_slowly_and_stays_low() -> None:
    wave = blast.slam(TIME_S, peak_pa=2.0)
    assert np.all(wave[TIME_S < 0] == 0.0)
    assert np.abs(wave).max() <= 2.0
    assert TIME_S[np.abs(wave).argmax()] > 3e-3
    assert centroid_hz(wave) < 400.0


def test_a_string_goes_off_in_order_within_its_gaps() -> None:
    times = blast.string_times_s(40, 0.03, 0.15, np.random.default_rng(3))
    assert times[0] == 0.0
    assert len(times) == 40
    assert np.all((np.diff(times) >= 0.03) & (np.diff(times) <= 0.15))


@pytest.mark.parametrize("positive_s", [0.0, -1.0, math.nan, math.inf])
def test_a_phase_without_length_is_refused(positive_s: float) -> None:
    with pytest.raises(InputError, match=r"positive_s is .*; expected a positive number"):
        blast.friedlander(0.0, 1.0, positive_s)


def test_a_slam_without_resonances_is_refused() -> None:
    with pytest.raises(InputError, match="modes is empty"):
        blast.slam(TIME_S, modes=())
