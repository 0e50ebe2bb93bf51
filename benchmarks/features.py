"""Features and class of impulses: many at once and one at a time; the peer is librosa's mel spectrogram alone, in dB,
one impulse at a time, without any class.

`floor` is the bare matrix products of the networks, on inputs that lie ready: less is not possible with these networks.
`quality` holds the rest, and how far our mel power lies from librosa's of the same frames, relative to the loudest.
"""

from __future__ import annotations

import librosa
import numpy as np
from numpy.typing import NDArray

from acoustic import mel as ours
from acoustic.classify import KERNELS, STRIDE, Model
from acoustic.features import (
    AT_ONCE,
    BANDS,
    FRAME,
    HIGH_HZ,
    HOP,
    LOW_HZ,
    PICTURE_BANDS,
    PICTURE_FRAMES,
    RATE_HZ,
    SAMPLES,
    features,
    normalised,
)
from benchmarks.timing import seconds
from recordings import models
from recordings.simulation import KINDS, impulse
from recordings.simulation import RATE_HZ as SIMULATED_HZ

MANY, SINGLY = 512, 64


def windows() -> NDArray[np.float64]:
    """Simulated impulses of every kind in noise, (MANY, SAMPLES)."""
    draw = np.random.default_rng(1)
    whole = 0.01 * draw.standard_normal((MANY, SAMPLES))
    step = round(SIMULATED_HZ / RATE_HZ)
    for row, n in zip(whole, range(MANY), strict=True):
        wave = impulse(list(KINDS)[n % len(KINDS)], n)[::step]
        at = round(0.05 * RATE_HZ)
        count = min(len(wave), SAMPLES - at)
        row[at : at + count] += wave[:count] / max(float(np.abs(wave).max()), 1e-9)
    return whole


def mel(window: NDArray[np.float64], bands: int) -> NDArray[np.float64]:
    """Librosa's mel power (bands, frames) of a window."""
    power = librosa.feature.melspectrogram(
        y=window, sr=RATE_HZ, n_fft=FRAME, hop_length=HOP, n_mels=bands, fmin=LOW_HZ, fmax=HIGH_HZ, center=False
    )
    return np.asarray(power)


def products(model: Model) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Inputs and weights of every matrix product of the networks for AT_ONCE impulses."""
    found = [(np.ones((AT_ONCE, weights.shape[1]), np.float32), weights) for weights, _ in model.dense]
    frames = PICTURE_FRAMES
    for layer, (weights, _) in enumerate(model.networks):
        if layer < len(KERNELS):
            frames = (frames + STRIDE - 1) // STRIDE
        rows = AT_ONCE * (frames if layer < len(KERNELS) else 1)
        found.append((np.ones((rows, weights.shape[1]), np.float32), weights))
    return found


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json, in impulses a second on one core."""
    model, heard = Model.from_bytes(models.default()), windows()
    ready = products(model)

    def floor() -> None:
        for inputs, weights in ready:
            inputs @ weights

    many_s, one_s, features_s, peer_s, floor_s = seconds(
        lambda: model.probabilities(heard),
        lambda: [model.probabilities(heard[n : n + 1]) for n in range(SINGLY)],
        lambda: features(heard),
        lambda: [librosa.power_to_db(mel(one, PICTURE_BANDS)) for one in heard[:SINGLY]],
        floor,
    )
    shaped = normalised(heard[:SINGLY])
    theirs = np.stack([mel(one, BANDS).T for one in shaped])
    power = ours.spectra(shaped, FRAME, HOP) @ ours.filters(RATE_HZ, FRAME, BANDS, LOW_HZ, HIGH_HZ).T
    rate, peer_rate = MANY / many_s, SINGLY / peer_s
    return {
        "ours": round(rate),
        "unit": "impulses/s, features and class",
        "peer": "librosa melspectrogram alone",
        "peer_value": round(peer_rate),
        "ratio": round(rate / peer_rate, 2),
        "floor": round(AT_ONCE / floor_s),
        "quality": {
            "singly_per_s": round(SINGLY / one_s),
            "engineered_features_per_s": round(MANY / features_s),
            "mel_off_librosa": float(f"{np.abs(power - theirs).max() / theirs.max():.1e}"),
        },
    }
