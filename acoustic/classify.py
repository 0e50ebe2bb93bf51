"""What an impulse is: a small neural network in plain numpy, its weights handed in as bytes.

A window is cut by `acoustic.features.window` (12 kHz, 50 ms before the onset to 350 ms behind it). Several networks are
averaged in log-odds; a temperature makes their probabilities calibrated. What no class claims is "unknown".
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

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
        arrays = _read(data)
        version = int(_array(arrays, "version", ())) if "version" in arrays else -1
        if version != VERSION:
            raise UnknownVersionError(f"model.version is {version}; this program reads {VERSION}")
        mean, scale = _array(arrays, "mean", (FEATURES,)), _array(arrays, "scale", (FEATURES,))
        temperature = float(_array(arrays, "temperature", ()))
        if not (temperature > 0 and (scale > 0).all()):
            raise InputError("model.temperature or model.scale is not above 0")
        count, depth = (int(_array(arrays, name, ())) for name in ("networks", "depth"))
        if count < 1 or depth < 1:
            raise InputError(f"model has {count} networks of {depth} layers; expected at least 1 of each")
        layers = tuple(_network(arrays, n, depth) for n in range(count))
        return cls(mean, scale, layers, temperature, hashlib.sha256(data).hexdigest())

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


def _read(data: bytes) -> dict[str, NDArray[Any]]:
    """The named arrays of an .npz file; a pickle in it is never run."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {
                name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
            }
    except (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"model is not a Tocsin model file: {error}") from error


def _array(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """One array of a model, if it is there, of that shape (−1: any length) and finite."""
    if name not in arrays:
        raise InputError(f"model.{name} is missing")
    array = arrays[name]
    if array.ndim != len(shape) or any(n not in (-1, m) for m, n in zip(array.shape, shape, strict=True)):
        raise InputError(f"model.{name} has shape {array.shape}; expected {shape}")
    if array.dtype.kind not in "if" or not np.isfinite(array).all():
        raise InputError(f"model.{name} holds something that is not a finite number")
    return array


def _network(arrays: dict[str, NDArray[Any]], number: int, depth: int) -> tuple[tuple[NDArray[Any], NDArray[Any]], ...]:
    """The (weights, bias) of each layer of one network, from FEATURES to LABELS."""
    layers, width = [], FEATURES
    for d in range(depth):
        weights = _array(arrays, f"w{number}_{d}", (width, len(LABELS) if d == depth - 1 else -1))
        width = weights.shape[1]
        layers.append((weights, _array(arrays, f"b{number}_{d}", (width,))))
    return tuple(layers)
