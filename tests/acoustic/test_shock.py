"""Shock waves among other impulses: made by the physics of `acoustic.blast`, carried through the air, and real ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast
from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.propagation import delayed, received, spectrum
from acoustic.shock import first_blast, n_wave, needs_s

Floats = NDArray[np.float64]
RATE_HZ, SAMPLES = 48_000.0, 4096
AIR = Air(temperature_c=15.0)
ONSET_S = 0.02
RIFLES = [w.bullet for w in (blast.RIFLE_556, blast.RIFLE_762)]


def placed(waveform: Callable[[Floats], Floats], onset_s: float, rate_hz: float = RATE_HZ) -> Floats:
    """A waveform as a microphone samples it, band-limited, from any instant on: (SAMPLES,)."""
    bins = spectrum(waveform, SAMPLES, rate_hz)
    return np.asarray(fft.irfft(delayed(bins, onset_s, SAMPLES, rate_hz), SAMPLES))


def crack(bullet: blast.Bullet, miss_m: float, onset_s: float = ONSET_S, rate_hz: float = RATE_HZ) -> Floats:
    """A bullet's shock wave, Pa."""
    peak_pa = float(blast.shock_peak_pa(bullet, miss_m, AIR.speed_ms))
    duration_s = float(blast.shock_duration_s(bullet, miss_m, AIR.speed_ms))
    return placed(lambda t: blast.n_wave(t, peak_pa, duration_s), onset_s, rate_hz)


def bang(weapon: blast.Weapon, distance_m: float, onset_s: float = ONSET_S) -> Floats:
    """A muzzle blast at a distance, Pa."""
    return received(
        lambda t: blast.friedlander(t, weapon.peak_pa, weapon.positive_s),
        distance_m,
        AIR,
        rate_hz=RATE_HZ,
        samples=SAMPLES,
        onset_s=onset_s,
    )


def street(seed: int = 1, level_pa: float = 0.02) -> Floats:
    return np.asarray(level_pa * np.random.default_rng(seed).standard_normal(SAMPLES))


@given(st.sampled_from(RIFLES), st.floats(5.0, 200.0), st.floats(0.015, 0.03), st.floats(-0.3e-3, 0.3e-3))
@settings(max_examples=60, deadline=None)
def test_the_shock_wave_of_a_rifle_is_found(
    bullet: blast.Bullet, miss_m: float, onset_s: float, picked_late_s: float
) -> None:
    wave = n_wave(crack(bullet, miss_m, onset_s) + street(), RATE_HZ, (onset_s + picked_late_s) * RATE_HZ)
    assert wave is not None
    duration_s = float(blast.shock_duration_s(bullet, miss_m, AIR.speed_ms))
    assert wave.onset_sample == pytest.approx(onset_s * RATE_HZ, abs=0.1 * duration_s * RATE_HZ + 1.0)
    assert wave.duration_s == pytest.approx(duration_s, rel=0.25)
    assert 0.75 <= wave.quality <= 1.0


@pytest.mark.parametrize("rate_hz", [44_100.0, 48_000.0, 96_000.0, 192_000.0])
def test_any_rate_that_resolves_it_will_do_and_no_other(rate_hz: float) -> None:
    onset_s = 0.4 * SAMPLES / rate_hz
    wave = n_wave(crack(RIFLES[1], 50.0, onset_s, rate_hz), rate_hz, onset_s * rate_hz)
    assert wave is not None
    assert wave.onset_sample / rate_hz == pytest.approx(onset_s, abs=3e-5)
    assert n_wave(crack(RIFLES[1], 50.0, ONSET_S, 12_000.0), 12_000.0, ONSET_S * 12_000.0) is None


@given(st.floats(1e-4, 1e3), st.floats(-1.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_neither_level_nor_offset_matters(gain: float, offset: float) -> None:
    sound = crack(RIFLES[0], 30.0) + street()
    wave, other = (n_wave(x, RATE_HZ, ONSET_S * RATE_HZ) for x in (sound, gain * (sound + offset)))
    assert wave is not None
    assert other is not None
    assert other.quality == pytest.approx(wave.quality, rel=1e-6)
    assert (other.onset_sample, other.duration_s) == (wave.onset_sample, wave.duration_s)


@pytest.mark.parametrize("later_s", [0.9e-3, 1.7e-3, 4e-3])
def test_the_ground_s_copy_is_forgiven_and_the_first_wave_is_the_one(later_s: float) -> None:
    sound = crack(RIFLES[1], 40.0) + 0.7 * crack(RIFLES[1], 40.0, ONSET_S + later_s) + street()
    wave = n_wave(sound, RATE_HZ, ONSET_S * RATE_HZ)
    assert wave is not None
    assert wave.onset_sample == pytest.approx(ONSET_S * RATE_HZ, abs=2.5)


def test_a_clipped_wave_is_still_one() -> None:
    sound = crack(RIFLES[0], 20.0)
    assert n_wave(np.clip(sound, -0.5 * sound.max(), 0.5 * sound.max()), RATE_HZ, ONSET_S * RATE_HZ) is not None


def ring(hz: float, decay_s: float) -> Floats:
    t = np.arange(SAMPLES) / RATE_HZ - ONSET_S
    return np.where(
        t >= 0.0, np.sin(2.0 * math.pi * hz * np.maximum(t, 0.0)) * np.exp(-np.maximum(t, 0.0) / decay_s), 0.0
    )


CLICK = np.eye(1, SAMPLES, round(ONSET_S * RATE_HZ))[0]
OTHERS = {
    **{f"{w.name} at {d} m": bang(w, d) for w in blast.WEAPONS for d in (5.0, 50.0, 300.0)},
    "firecracker": placed(blast.firecracker, ONSET_S),
    "shell": placed(blast.aerial_shell, ONSET_S),
    "slam": placed(blast.slam, ONSET_S),
    "ring 500 Hz": ring(500.0, 0.02),
    "ring 2 kHz": ring(2000.0, 0.003),
    "ring 4 kHz": ring(4000.0, 0.002),
    "click": CLICK,
    "step": np.cumsum(CLICK),
    "inverted": -crack(RIFLES[0], 30.0),
    "two swings": crack(RIFLES[1], 40.0)
    + crack(RIFLES[1], 40.0, ONSET_S + 0.7e-3)
    + crack(RIFLES[1], 40.0, ONSET_S + 1.5e-3),
    "late in a rumble": crack(RIFLES[0], 30.0) + 200.0 * street(2),
    "silence": np.zeros(SAMPLES),
}


@pytest.mark.parametrize("sound", OTHERS.values(), ids=OTHERS.keys())
def test_other_impulses_are_no_shock_waves(sound: Floats) -> None:
    assert n_wave(sound, RATE_HZ, ONSET_S * RATE_HZ) is None


def test_noise_holds_no_shock_waves() -> None:
    sound = np.random.default_rng(4).standard_normal(200_000)
    assert not any(n_wave(sound, RATE_HZ, at) for at in range(1_000, 199_000, 97))


def test_no_more_sound_is_looked_at_than_is_said() -> None:
    before, after = (math.ceil(s * RATE_HZ) + 2 for s in needs_s())
    onset = round(ONSET_S * RATE_HZ)
    sound = crack(RIFLES[0], 30.0) + street()
    cut = sound[onset - before : onset + after]
    whole, part = n_wave(sound, RATE_HZ, onset), n_wave(cut, RATE_HZ, before)
    assert whole is not None
    assert part is not None
    assert part.onset_sample + onset - before == pytest.approx(whole.onset_sample)
    assert part.quality == whole.quality


def test_a_blast_after_its_shock_wave_is_the_first_even_if_that_is_louder() -> None:
    lead_s = 0.03
    after = bang(blast.RIFLE_762, 100.0, ONSET_S + lead_s)
    for louder in (0.3, 1.0, 5.0):
        shock = crack(RIFLES[1], 40.0)
        shock *= louder * after.max() / shock.max()
        since = (shock + after)[round(ONSET_S * RATE_HZ) :]
        assert first_blast(since, RATE_HZ, lead_s * RATE_HZ)


def test_the_echo_of_a_blast_that_hides_behind_its_shock_wave_is_not_the_first() -> None:
    hidden, echo = bang(blast.RIFLE_762, 100.0, ONSET_S + 0.008), 0.5 * bang(blast.RIFLE_762, 120.0, ONSET_S + 0.04)
    since = (crack(RIFLES[1], 40.0) + hidden + echo)[round(ONSET_S * RATE_HZ) :]
    assert not first_blast(since, RATE_HZ, 0.04 * RATE_HZ)


def test_a_sound_of_several_channels_is_refused() -> None:
    with pytest.raises(InputError, match="sound has 2 dimensions; expected 1"):
        n_wave(np.zeros((2, 500)), RATE_HZ, 100.0)


def test_a_real_bullet_s_shock_wave_is_found(impulses: Path) -> None:
    """AR-15 from in front of the shooter (Free Firearm Sound Library, CC0): the crack 34 ms before the blast."""
    file = impulses / "train" / "gunshot" / "ffl__AR-15_D_24P.flac"
    sound, rate_hz = soundfile.read(file, stop=96_000)
    wave = n_wave(sound, rate_hz, 0.4684 * rate_hz)
    assert wave is not None
    assert wave.onset_sample / rate_hz == pytest.approx(0.4684, abs=2e-4)
    assert n_wave(sound, rate_hz, 0.502 * rate_hz) is None
    since = sound[round(0.4684 * rate_hz) :]
    assert first_blast(since, rate_hz, (0.502 - 0.4684) * rate_hz)
