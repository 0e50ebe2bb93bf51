"""What a street sounds like and no impulse is: wind, rain, a siren, traffic, a hum; and shots in the midst of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.impulses import DetectorSettings, detect
from tests.acoustic.test_impulses import blast

Samples = NDArray[np.float64]
RATE_HZ = 48_000.0
SECONDS = 20.0
SURE_DB = 11.5


def shaped(seed: int, gain: Callable[[Samples], NDArray[np.floating]], seconds: float = SECONDS) -> Samples:
    """Gaussian noise of a given amplitude spectrum, rms 1."""
    count = round(seconds * RATE_HZ)
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    draw = np.random.default_rng(seed)
    sound = np.fft.irfft(gain(np.maximum(hz, 0.1)) * draw.standard_normal((2, len(hz))).T.copy().view(complex)[:, 0])
    return np.asarray(sound / sound.std())


def slowly(seed: int, hz: float, swing_db: float) -> Samples:
    """A gain that wanders by `swing_db` rms at a rate below `hz`."""
    return np.asarray(10.0 ** (swing_db / 20 * shaped(seed, lambda f: (f < hz).astype(np.float64))))


def wind(seed: int) -> Samples:
    """Turbulence at a microphone: pressure falling with f^(−5/3) in power, gusts of ±10 dB within half a second."""
    return 0.1 * shaped(seed, lambda f: f ** (-5 / 6)) * slowly(seed + 1, 2.0, 5.0)


def siren(seed: int) -> Samples:
    """600 to 1,500 Hz and back, four times a second, with harmonics, passing by."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    phase = 2 * math.pi * np.cumsum(1_050.0 - 450.0 * np.cos(2 * math.pi * 4.0 * time_s)) / RATE_HZ
    tone = sum(np.sin(k * phase + seed) / k for k in (1, 2, 3))
    return 0.1 * tone * np.exp(-(((time_s - 10.0) / 5.0) ** 2)) + 1e-3 * shaped(seed, np.ones_like)


def rain(seed: int) -> Samples:
    """Drops on roofs and leaves around, 20,000 a second, each a click of a fraction of a millisecond."""
    draw = np.random.default_rng(seed)
    count = round(SECONDS * RATE_HZ)
    hits = np.zeros(count)
    np.add.at(hits, draw.integers(0, count, round(20_000 * SECONDS)), draw.exponential(0.02, round(20_000 * SECONDS)))
    click = np.exp(-np.arange(30) / 6.0) * np.cos(np.arange(30) * 1.1)
    return np.convolve(hits, click, "same") + 1e-3 * shaped(seed, np.ones_like)


def traffic(seed: int) -> Samples:
    """Tyres and engines: low noise that swells and falls by 10 dB within seconds."""
    return 0.05 * shaped(seed, lambda f: 1 / (1 + f / 1_000.0)) * slowly(seed + 1, 0.5, 5.0)


def hum(seed: int) -> Samples:
    """A transformer's harmonics over noise."""
    time_s, phases = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ, np.random.default_rng(seed).uniform(0, 6.3, 12)
    tones = sum(0.1 / k**2 * np.sin(200 * k * math.pi * time_s + phases[k]) for k in range(1, 12))
    return np.asarray(tones + 1e-3 * shaped(seed, np.ones_like))


STREETS = [wind, siren, rain, traffic, hum]


@pytest.mark.parametrize("street", STREETS)
def test_what_lasts_raises_few_impulses_and_none_that_is_clear(street: Callable[[int], Samples]) -> None:
    """In a minute at most six, all within 3.5 dB of the threshold: a gust's or a large drop's crest."""
    found = [i for seed in range(3) for i in detect(street(seed), RATE_HZ)]
    assert len(found) <= 6
    assert all(i.snr_db < SURE_DB for i in found)


@pytest.mark.parametrize("street", STREETS)
def test_a_shot_is_heard_in_the_midst_of_it(street: Callable[[int], Samples]) -> None:
    """Five blasts, their peaks 32 dB above the street's rms in the detector's band; the siren is loudest at 10 s."""
    times_s = [5.2, 8.1, 9.9, 12.3, 16.7]
    sound = street(5)
    rms = math.sqrt(float(np.mean((sound - np.convolve(sound, np.ones(96) / 96, "same")) ** 2)))
    heard = sound + blast(SECONDS, times_s, RATE_HZ, peak=40.0 * rms, noise=0.0)
    found = [i.onset_sample / RATE_HZ for i in detect(heard, RATE_HZ) if i.snr_db > SURE_DB]
    assert found == pytest.approx(times_s, abs=1e-3)


def test_a_knock_on_the_housing_is_slow_and_a_shot_is_not() -> None:
    """Handling moves the capsule below 50 Hz; 0.5 of full scale of that is no impulse, a blast of 0.05 is."""
    time_s = np.arange(round(3.0 * RATE_HZ)) / RATE_HZ
    push = 0.5 * np.exp(-(((time_s - 1.0) / 0.03) ** 2))
    still = 1e-3 * shaped(3, np.ones_like, 3.0)
    assert detect(push + still, RATE_HZ) == []
    found = detect(push + still + blast(3.0, [1.01], RATE_HZ, peak=0.05, noise=0.0), RATE_HZ)
    assert [i.onset_sample / RATE_HZ for i in found] == pytest.approx([1.01], abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.0, 1.0), st.sampled_from([12_000.0, 48_000.0]))
def test_an_onset_is_told_to_a_fraction_of_a_sample(fraction: float, rate_hz: float) -> None:
    """A pulse shifted by a fraction of a sample moves its onset by as much, to 0.3 of a working sample (1/6 ms)."""
    width = 40.0 * rate_hz / 48_000.0
    at = np.arange(round(rate_hz)) - 0.5 * rate_hz

    def onset(shift: float) -> float:
        pulse = 0.2 * np.exp(-(((at - shift) / width) ** 2)) * np.cos((at - shift) / width)
        (one,) = detect(pulse + 1e-7 * np.random.default_rng(1).standard_normal(len(at)), rate_hz)
        return one.onset_sample

    assert onset(fraction) - onset(0.0) == pytest.approx(fraction, abs=0.3 * rate_hz / 6_000.0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 20_000), st.booleans())
def test_sound_that_comes_later_has_its_onsets_as_much_later(shift: int, joint: bool) -> None:
    """Steps and frames are cut elsewhere in it: an onset may move by the step that its peak is sought from, no more."""
    rate_hz = 12_000.0
    sound = np.stack([blast(2.0, [0.7, 1.1, 1.15], rate_hz, peak=0.1) for _ in range(2)])
    later = np.concatenate([1e-3 * np.random.default_rng(2).standard_normal((2, shift)), sound], axis=1)
    how = DetectorSettings(joint=joint)
    plain, late = detect(sound, rate_hz, how), detect(later, rate_hz, how)
    assert len(plain) == (3 if joint else 6)
    assert [i.onset_sample - shift for i in late] == pytest.approx([i.onset_sample for i in plain], abs=1.0)
    assert [i.snr_db for i in late] == pytest.approx([i.snr_db for i in plain], abs=3.0)


@pytest.mark.parametrize("rate_hz", [8_000.0, 9_999.0, 16_000.0, 22_050.0, 48_000.0, 88_200.0, 176_400.0, 192_000.0])
@pytest.mark.parametrize("channels", [1, 2, 5, 16])
def test_any_rate_and_any_number_of_channels(rate_hz: float, channels: int) -> None:
    sound = np.stack([blast(1.3, [0.6], rate_hz) for _ in range(channels)])
    found = detect(sound, rate_hz)
    assert [i.channel for i in found] == list(range(channels))
    assert [i.onset_sample / rate_hz for i in found] == pytest.approx([0.6] * channels, abs=3e-4)
