"""What an impulse is: a small neural network in plain numpy, its weights handed in as bytes.

A window is cut by `acoustic.features.window` (12 kHz, 50 ms before the onset to 350 ms behind it). Several networks are
averaged in log-odds; a temperature makes their probabilities calibrated. What no class claims is "unknown".
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError, UnknownVersionError
from acoustic.features import FEATURES, features

LABELS = ("gunshot", "shock_wave", "firework", "other")
UNKNOWN = "unknown"
LEAST = 0.5  # a class is named from this probability on
VERSION = 1
MOST_DEVIATIONS = 6.0  # a feature further from its training range says nothing more


@dataclass(frozen=True, slots=True)
class Model:
    """Networks of two hidden layers: `layers[n]` is ((weights, bias), …); `digest` names the bytes they came from."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: tuple[tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...], ...]
    temperature: float
    digest: str

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read what `recordings.training.to_bytes` wrote.

        Raises InputError for anything else, UnknownVersionError for another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                arrays = dict(file)
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise InputError(f"model is not a Tocsin model file: {error}") from error
        version = int(arrays.get("version", -1))
        if version != VERSION:
            raise UnknownVersionError(f"model.version is {version}; this program reads {VERSION}")
        if arrays["mean"].shape != (FEATURES,):
            raise InputError(f"model expects {len(arrays['mean'])} features; this program has {FEATURES}")
        count, depth = int(arrays["networks"]), int(arrays["depth"])
        layers = tuple(tuple((arrays[f"w{n}_{d}"], arrays[f"b{n}_{d}"]) for d in range(depth)) for n in range(count))
        digest = hashlib.sha256(data).hexdigest()
        return cls(arrays["mean"], arrays["scale"], layers, float(arrays["temperature"]), digest)

    def scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds (n, LABELS) of features (n, FEATURES), averaged over the networks, before the temperature."""
        x = np.clip((rows - self.mean) / self.scale, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        total = np.zeros((len(rows), len(LABELS)))
        for network in self.layers:
            h = x
            for weights, bias in network[:-1]:
                h = np.maximum(h @ weights + bias, 0)
            weights, bias = network[-1]
            out = h @ weights + bias
            total += out - out.mean(1, keepdims=True)
        return total / len(self.layers)

    def probabilities(self, windows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (n, LABELS) of windows (n, SAMPLES); see the module. Raises InputError for another shape."""
        return self.of_features(features(windows))

    def of_features(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, LABELS) of features (n, FEATURES)."""
        scores = self.scores(rows) / self.temperature
        odds = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True))


def label(probabilities: NDArray[np.floating]) -> str:
    """The class that one row of probabilities (LABELS,) names, or "unknown"."""
    best = int(np.argmax(probabilities))
    return LABELS[best] if probabilities[best] >= LEAST else UNKNOWN
