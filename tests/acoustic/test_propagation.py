"""Propagation: the standard's table, and the ways sound must behave whatever the air."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic import blast
from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.propagation import (
    absorption_db_m,
    aged,
    delayed,
    effective_speed_ms,
    frequencies_hz,
    loss_per_metre,
    minimum_phase,
    received,
    spectrum,
)

Floats = NDArray[Any]
RATE_HZ, SAMPLES = 48_000.0, 2048
AIR = Air(temperature_c=10.0, humidity_pct=70.0)
EXACT_HZ = [1000.0 * 10.0 ** (0.3 * k) for k in (-4, -3, -2, -1, 0, 1, 2, 3)]  # octaves from 63 Hz to 8 kHz


def pulse(
    time_s: Floats,
) -> Floats:
    return blast.friedlander(time_s, 1000.0, 0.5e-3)


@pytest.mark.parametrize(
    ("temperature_c", "humidity_pct", "table_db_km"),
    [
        (10.0, 70.0, [0.122, 0.411, 1.04, 1.93, 3.66, 9.66, 32.8, 117.0]),
        (20.0, 70.0, [0.0898, 0.339, 1.13, 2.80, 4.98, 9.02, 22.9, 76.6]),
        (15.0, 20.0, [0.27, 0.65, 1.22, 2.70, 8.17, 28.2, 88.8, 202.0]),
    ],
)
def test_absorption_is_that_of_the_standard(
    temperature_c: float, humidity_pct: float, table_db_km: list[float]
) -> None:
    """ISO 9613-1:1993, table 1 (as ISO 9613-2, table 2, repeats it), at the exact octave frequencies."""
    ours = 1000.0 * absorption_db_m(EXACT_HZ, temperature_c, humidity_pct)
    assert ours == pytest.approx(table_db_km, rel=0.03)


@given(st.floats(-20.0, 50.0), st.floats(10.0, 100.0))
def test_absorption_grows_with_frequency(temperature_c: float, humidity_pct: float) -> None:
    assert np.all(np.diff(absorption_db_m(np.arange(50.0, 20_000.0, 50.0), temperature_c, humidity_pct)) > 0.0)


def test_a_delay_of_whole_samples_is_a_shift() -> None:
    bins = spectrum(pulse, SAMPLES, RATE_HZ)
    still, moved = (np.fft.irfft(delayed(bins, d / RATE_HZ, SAMPLES, RATE_HZ), SAMPLES) for d in (0.0, 7.0))
    assert np.roll(still, 7) == pytest.approx(moved, abs=1e-6)


@given(st.floats(0.0, 5e-3), st.floats(0.0, 5e-3))
@settings(max_examples=20)
def test_delays_add_up(first_s: float, second_s: float) -> None:
    bins = spectrum(pulse, SAMPLES, RATE_HZ)
    twice = delayed(delayed(bins, first_s, SAMPLES, RATE_HZ), second_s, SAMPLES, RATE_HZ)
    assert twice == pytest.approx(delayed(bins, first_s + second_s, SAMPLES, RATE_HZ), abs=1e-6 * abs(bins).max())


def test_a_band_limited_waveform_keeps_its_shape() -> None:
    """Half a sample late it is what the ideal waveform is there, but for the top of the band."""
    heard = received(pulse, 1.0, AIR, rate_hz=RATE_HZ, samples=SAMPLES, onset_s=100.5 / RATE_HZ)
    ideal = pulse((np.arange(SAMPLES) - 100.5) / RATE_HZ)
    assert np.abs(heard - ideal)[np.abs(np.arange(SAMPLES) - 100.5) > 4].max() < 0.03 * 1000.0


def test_spreading_takes_six_decibels_a_doubling_where_the_air_takes_nothing() -> None:
    def rumble(
        time_s: Floats,
    ) -> Floats:
        return blast.friedlander(time_s, 1000.0, 10e-3)

    near, far = (np.square(received(rumble, d, AIR, rate_hz=RATE_HZ, samples=16_384)).sum() for d in (50.0, 100.0))
    assert 10.0 * math.log10(near / far) == pytest.approx(6.02, abs=0.25)


def test_distance_dulls_and_nothing_is_heard_before_its_time() -> None:
    onset = round(10e-3 * RATE_HZ)
    waves = [received(pulse, d, AIR, rate_hz=RATE_HZ, samples=SAMPLES, onset_s=10e-3) * d for d in (1.0, 200.0, 800.0)]
    peaks = [wave.max() for wave in waves]
    assert peaks[0] > 1.2 * peaks[1] > 1.5 * peaks[2]
    for wave in waves:
        assert np.abs(wave[: onset - 12]).max() < 0.01 * wave.max()


def test_the_filter_of_the_air_has_the_gain_it_was_made_for() -> None:
    hz = frequencies_hz(SAMPLES, RATE_HZ)
    gain = np.abs(np.exp(300.0 * loss_per_metre(hz, AIR)))
    wanted = 10.0 ** (-300.0 * absorption_db_m(hz, 10.0, 70.0) / 20.0)
    assert gain == pytest.approx(wanted, rel=1e-6)
    assert np.exp(minimum_phase(np.full(17, 0.5))) == pytest.approx(np.full(17, 0.5))


def test_a_strong_shock_grows_longer_and_loses_more_than_spreading_takes() -> None:
    peak_pa, positive_s = aged(2000.0, 0.5e-3, 1.0, 300.0, 340.0)
    assert peak_pa < 2000.0 / 300.0
    assert positive_s == pytest.approx(0.5e-3 * 2000.0 / 300.0 / peak_pa)
    assert 1.1 < positive_s / 0.5e-3 < 1.6
    weak_pa, weak_s = aged(0.02, 0.5e-3, 1.0, 300.0, 340.0)
    assert (weak_pa, weak_s) == pytest.approx((0.02 / 300.0, 0.5e-3), rel=1e-3)


def test_wind_carries_sound_along_and_holds_it_back_against() -> None:
    air = Air(temperature_c=20.0, wind_east_ms=5.0, wind_north_ms=0.0)
    speeds = effective_speed_ms(air, np.array([[10.0, 0.0, 0.0], [-3.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    assert speeds == pytest.approx(np.array([5.0, -5.0, 0.0, 0.0]) + 343.2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: absorption_db_m(1000.0, 200.0), "temperature_c is 200.0"),
        (lambda: absorption_db_m(1000.0, 20.0, 120.0), "humidity_pct is 120.0"),
        (lambda: absorption_db_m(1000.0, 20.0, 50.0, 0.0), "pressure_pa is 0.0"),
        (lambda: aged(100.0, 1e-3, 10.0, 5.0, 340.0), "to_m is 5; expected at least from_m"),
        (lambda: received(pulse, 0.5, AIR, rate_hz=RATE_HZ, samples=SAMPLES), "distance_m is 0.5"),
    ],
)
def test_nonsense_is_named(call: object, says: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=says):
        call()
