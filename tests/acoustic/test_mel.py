"""Mel filters and power: librosa's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from acoustic.features import BANDS, FRAME, HIGH_HZ, HOP, LOW_HZ, RATE_HZ, SAMPLES
from acoustic.mel import filters, spectra


@pytest.mark.parametrize(
    ("rate_hz", "length", "bands", "low_hz", "high_hz"),
    [(RATE_HZ, FRAME, BANDS, LOW_HZ, HIGH_HZ), (22_050, 2048, 128, 0.0, 11_025.0), (48_000, 1024, 40, 20.0, 9_000.0)],
)
def test_the_mel_filters_are_librosas(rate_hz: int, length: int, bands: int, low_hz: float, high_hz: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa's own imports, and its word on empty filters
        import librosa.filters

        theirs = librosa.filters.mel(
            sr=rate_hz, n_fft=length, n_mels=bands, fmin=low_hz, fmax=high_hz, htk=False, norm="slaney"
        )
    np.testing.assert_allclose(filters(rate_hz, length, bands, low_hz, high_hz), theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_mel_power_is_librosas(kind: type[np.floating]) -> None:
    sound = np.random.default_rng(1).standard_normal((3, SAMPLES)).astype(kind)
    ours = spectra(sound, FRAME, HOP) @ filters(RATE_HZ, FRAME, BANDS, LOW_HZ, HIGH_HZ).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import librosa

        theirs = librosa.feature.melspectrogram(
            y=sound, sr=RATE_HZ, n_fft=FRAME, hop_length=HOP, n_mels=BANDS, fmin=LOW_HZ, fmax=HIGH_HZ, center=False
        )
    np.testing.assert_allclose(ours.transpose(0, 2, 1), theirs, rtol=1e-4, atol=1e-5 * float(theirs.max()))
    assert spectra(sound, FRAME, HOP).dtype == kind
