"""The waveform's features: what a blast and an N-wave are like, whatever the level, the sign and the moment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic import blast
from acoustic.features import BEFORE_S, HIGH_HZ, LOW_HZ, RATE_HZ, SAMPLES, normalised
from acoustic.waveform import BLAST_MS, NAMES, waveform

ONSET = round(BEFORE_S * RATE_HZ)
TIME_S = (np.arange(SAMPLES) - ONSET) / RATE_HZ
FINE = 16


def recorded(make: str, length_ms: float, late_samples: float = 0.0) -> NDArray[np.float64]:
    """A blast or an N-wave, begun `late_samples` behind the onset, as a microphone's samples: means of those around."""
    fine_s = ((np.arange(SAMPLES * FINE) - (FINE - 1) / 2) / FINE - ONSET - late_samples) / RATE_HZ
    seconds = 1e-3 * length_ms
    wave = blast.friedlander(fine_s, 1.0, seconds) if make == "blast" else blast.n_wave(fine_s, 1.0, seconds)
    return np.asarray(wave.reshape(SAMPLES, FINE).mean(axis=1))


def looked_at(*sounds: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    shaped = normalised(np.stack(sounds)).astype(np.float32)
    return dict(zip(NAMES, waveform(shaped, RATE_HZ, ONSET, (LOW_HZ, HIGH_HZ)).T, strict=True))


@pytest.mark.parametrize("length_ms", BLAST_MS)
def test_a_blast_is_most_like_the_blast_of_its_own_length(length_ms: float) -> None:
    found = looked_at(recorded("blast", length_ms))
    matches = {ms: float(found[f"blast_{ms:g}_ms_match"][0]) for ms in BLAST_MS}
    assert max(matches, key=lambda ms: matches[ms]) == length_ms
    assert matches[length_ms] > 0.97
    assert matches[length_ms] > found["n_wave_match"][0]


@pytest.mark.parametrize("length_ms", [0.2, 0.3, 0.5, 0.7])
def test_an_n_wave_is_most_like_an_n_wave(length_ms: float) -> None:
    found = looked_at(recorded("n", length_ms))
    assert found["n_wave_match"][0] > 0.8
    assert found["n_wave_match"][0] > max(found[f"blast_{ms:g}_ms_match"][0] for ms in BLAST_MS)


@pytest.mark.parametrize("length_ms", [0.6, 1.0, 2.0])
def test_the_phases_of_a_blast_last_as_long_as_its_own(length_ms: float) -> None:
    found = looked_at(recorded("blast", length_ms))
    # the band takes what is under 130 Hz out of a long wave: its positive phase is heard somewhat short
    assert found["positive_ms"][0] == pytest.approx(length_ms, rel=0.3, abs=0.2)
    assert found["negative_ms"][0] > found["positive_ms"][0]
    # a blast's suction is e⁻² of its jump (decay 1); the band's limits add some
    assert -18.0 < found["suction_db"][0] < -7.0
    assert found["front_ms"][0] <= 0.35


def test_a_slow_front_is_longer_than_a_jump() -> None:
    slow = np.exp(-(((TIME_S - 2e-3) / 1e-3) ** 2))
    jump = recorded("blast", 1.0)
    found = looked_at(slow, jump)
    assert found["front_ms"][0] > found["front_ms"][1] + 0.4


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["blast", "n"]), st.floats(0.2, 3.0), st.floats(-60.0, 60.0), st.booleans(), st.integers(0, 99))
def test_level_and_polarity_change_nothing_but_the_sign(
    make: str, length_ms: float, gain_db: float, turned: bool, seed: int
) -> None:
    sound = recorded(make, length_ms) + 0.01 * np.random.default_rng(seed).standard_normal(SAMPLES)
    found = looked_at(sound, (-1.0 if turned else 1.0) * 10.0 ** (gain_db / 20.0) * sound)
    for name, (one, other) in found.items():
        wanted = -one if name == "sign" and turned else one
        assert other == pytest.approx(wanted, abs=2e-3), name


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 2.0), st.floats(-2.0, 12.0))  # earlier, there is no room for an N whose end is the jump
def test_a_blast_begun_a_little_later_is_the_same_blast(length_ms: float, late_samples: float) -> None:
    found = looked_at(recorded("blast", length_ms), recorded("blast", length_ms, late_samples))
    for name in ("n_wave_match", *(f"blast_{ms:g}_ms_match" for ms in BLAST_MS)):
        assert found[name][1] == pytest.approx(found[name][0], abs=0.12), name  # a part of a sample turns an edge
    assert found["positive_ms"][1] == pytest.approx(found["positive_ms"][0], abs=0.2)


def test_noise_is_like_nothing() -> None:
    found = looked_at(*np.random.default_rng(1).standard_normal((40, SAMPLES)))
    for name in ("n_wave_match", *(f"blast_{ms:g}_ms_match" for ms in BLAST_MS)):
        assert np.median(found[name]) < 0.65, name


def test_silence_is_finite() -> None:
    assert all(np.isfinite(values).all() for values in looked_at(np.zeros(SAMPLES)).values())
