"""Levels: mu-law and padding are recognised in real and made sound, and not where they are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from acoustic.levels import is_mu_law, mu_law_levels, padding_share


def noise(count: int = 48_000) -> NDArray[np.float64]:
    return np.random.default_rng(1).standard_normal(count)


def test_the_levels_are_those_of_g711() -> None:
    """First and last values of each segment, from the standard's decoder table on its 14-bit scale."""
    levels = mu_law_levels() // 4
    assert levels[:3].tolist() == [0, 2, 4]
    assert levels[[15, 16, 31, 32, 127]].tolist() == [30, 33, 93, 99, 8031]


def test_a_codec_s_own_mu_law_is_recognised(tmp_path: Path) -> None:
    """Coded and decoded by libsndfile."""
    file = tmp_path / "coded.wav"
    soundfile.write(file, np.clip(0.1 * noise(), -1, 1), 8_000, subtype="ULAW")
    coded, _ = soundfile.read(file, dtype="float32")
    assert is_mu_law(coded)


@pytest.mark.parametrize("bits", [8, 12, 13, 16, 24])
@pytest.mark.parametrize("rms", [0.001, 0.01, 0.3])
def test_linear_sound_of_any_depth_is_not(bits: int, rms: float) -> None:
    full = 2.0 ** (bits - 1)
    assert not is_mu_law(np.round(np.clip(rms * noise(), -1, 1) * full) / full)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(500), np.ones(3), np.full(9, 0.5)])
def test_too_little_sound_is_not_called_mu_law(sound: NDArray[np.float64]) -> None:
    assert not is_mu_law(sound)


def test_runs_of_zeros_are_padding_and_single_zeros_are_not() -> None:
    sound = noise(10_000)
    assert padding_share(sound) == 0.0
    sound[::7] = 0.0
    assert padding_share(sound) == 0.0
    sound[1_000:3_500] = 0.0
    assert padding_share(sound) == pytest.approx(0.25, abs=1e-3)
    assert padding_share(np.zeros(10_000)) == 1.0
    assert padding_share(np.zeros(0)) == 0.0


def test_pittsburgh_s_sensors_sent_mu_law_and_its_files_are_padded(shared: Path) -> None:
    """What its README measured: every file has these levels, and some hold long runs of zeros."""
    files = sorted((shared / "pittsburgh" / "FP2").glob("*/*.wav"))[:40]
    sounds = [soundfile.read(f, dtype="float32")[0] for f in files]
    loud = [s for s in sounds if np.abs(s).max() > 0.2]
    assert len(loud) > 5
    assert all(is_mu_law(s) for s in loud)
    assert max(padding_share(s) for s in sounds) > 0.1
