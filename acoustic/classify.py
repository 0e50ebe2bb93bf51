"""What an impulse is: small networks in plain numpy, their weights handed in as bytes.

A window is cut by `acoustic.features.window` (12 kHz, 50 ms before the onset to 350 ms behind it). Dense networks look
at its features, convolutional ones at its log-mel picture; each kind is averaged, and the two kinds, two to one, in
log-odds. What does not stand clear of the noise is less likely a shot, and a temperature makes the probabilities
calibrated. What no class claims is "unknown".
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
from acoustic.features import AT_ONCE, FEATURES, PICTURE_BANDS, described

LABELS = ("gunshot", "shock_wave", "firework", "other")
UNKNOWN = "unknown"
LEAST = 0.5  # a class is named from this probability on
VERSION = 4
CLEAR_DB = 20.0  # over the noise; under it the log-odds of a gunshot fall by UNCLEAR a dB
UNCLEAR = 0.5
NUMBERS = 2 / 3  # share of the dense networks in the log-odds
KERNELS = (5, 3, 3)  # of the convolutions over time, steps; each is padded by half its size
STRIDE = 2
DENSE_LAYERS = 3
Rows = NDArray[np.float32]
Layers = tuple[tuple[Rows, Rows], ...]  # of each layer (networks, inputs, outputs) weights, (networks, 1, outputs) bias


@dataclass(frozen=True, slots=True)
class Model:
    """`dense` networks of features and `networks` of pictures, of each kind any number side by side; `mean` and `scale`
    of the features in training, which the weights already take into account; `digest` names the bytes they came from.
    """

    mean: Rows
    scale: Rows
    dense: Layers
    networks: Layers
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
        layers = _dense_layers(arrays), _convolutions(arrays)
        if any(len({len(weights) for weights, _ in kind}) > 1 for kind in layers):
            raise InputError("model holds layers of different numbers of networks")
        return cls(mean, scale, *layers, temperature, hashlib.sha256(data).hexdigest())

    def scores(self, rows: Rows, seen: Rows) -> NDArray[np.float64]:
        """Log-odds (n, LABELS) of features (n, FEATURES) and pictures, before the temperature."""
        total = np.empty((len(rows), len(LABELS)))
        for n in range(0, len(rows), AT_ONCE):
            part, odds = slice(n, n + AT_ONCE), np.zeros(len(LABELS), np.float32)
            if self.dense:
                odds = odds + through(rows[part], self.dense).mean(0) * np.float32(NUMBERS if self.networks else 1)
            if self.networks:
                odds = odds + convolved(seen[part], self.networks).mean(0) * np.float32(
                    1 - NUMBERS if self.dense else 1
                )
            total[part] = odds
        total -= total.sum(1, keepdims=True) / len(LABELS)
        return total

    def probabilities(
        self, windows: NDArray[np.floating], snr_db: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Probabilities (n, LABELS) of windows (n, SAMPLES) whose onsets stand `snr_db` (n,) over the noise, where that
        is known; see the module.

        Raises InputError for another shape, or a sample that is no number.
        """
        return self.decided(self.scores(*described(windows)), snr_db)

    def decided(self, scores: NDArray[np.float64], snr_db: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Probabilities (n, LABELS) of scores (n, LABELS)."""
        odds = scores.copy()
        if snr_db is not None:
            odds[:, LABELS.index("gunshot")] -= UNCLEAR * np.maximum(CLEAR_DB - snr_db, 0.0)
        odds = np.exp((odds - odds.max(1, keepdims=True)) / self.temperature)
        return np.asarray(odds / odds.sum(1, keepdims=True))


def through(x: Rows, layers: Layers) -> Rows:
    """Dense layers, the last one without a bound: inputs (n, inputs), or (networks, n, inputs), to (networks, n,
    outputs).
    """
    for weights, bias in layers[:-1]:
        x = x @ weights
        x += bias
        np.maximum(x, 0, out=x)
    weights, bias = layers[-1]
    return np.asarray(x @ weights + bias)


def convolved(seen: Rows, layers: Layers) -> Rows:
    """Scores (networks, n, LABELS) of pictures (n, bands, frames): convolutions over time, the mean and the maximum
    over it, dense layers.
    """
    n = len(seen)
    x = np.ascontiguousarray(seen.transpose(0, 2, 1))[None]
    for size, layer in zip(KERNELS, layers, strict=False):
        steps = _steps(x, size)
        x = np.maximum(steps.reshape(len(steps), -1, steps.shape[-1]) @ layer[0] + layer[1], 0)
        x = x.reshape(len(x), n, -1, x.shape[-1])
    pooled = np.concatenate([x.sum(2) / np.float32(x.shape[2]), x.max(2)], axis=2)
    return through(pooled, layers[len(KERNELS) :])


def _steps(x: Rows, size: int) -> Rows:
    """What a kernel sees of (networks, n, frames, channels) at each step: (networks, n, steps, size · channels)."""
    networks, n, frames, channels = x.shape
    around = np.zeros((networks, n, frames + size - 1, channels), np.float32)
    around[:, :, size // 2 : size // 2 + frames] = x
    shape = (networks, n, (frames + STRIDE - 1) // STRIDE, size * channels)
    network, one, frame, value = around.strides
    return np.ndarray(shape, np.float32, around, 0, (network, one, STRIDE * frame, value))


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


def _dense_layers(arrays: dict[str, NDArray[Any]]) -> Layers:
    """Layers from the features to the labels."""
    return _layers(arrays, "d", FEATURES, DENSE_LAYERS)


def _convolutions(arrays: dict[str, NDArray[Any]]) -> Layers:
    """Convolutions, then two dense layers from the mean and the maximum of what they say."""
    layers, channels = [], PICTURE_BANDS
    for d, size in enumerate(KERNELS):
        layers.append(_layer(arrays, f"n_{d}", size * channels))
        channels = layers[-1][0].shape[2]
    return (*layers, *_layers(arrays, "n", 2 * channels, 2, len(KERNELS)))


def _layers(arrays: dict[str, NDArray[Any]], kind: str, inputs: int, count: int, first: int = 0) -> Layers:
    """So many dense layers, the last one of which ends in the labels."""
    layers = []
    for d in range(first, first + count):
        layers.append(_layer(arrays, f"{kind}_{d}", inputs, len(LABELS) if d == first + count - 1 else -1))
        inputs = layers[-1][0].shape[2]
    return tuple(layers)


def _layer(arrays: dict[str, NDArray[Any]], name: str, inputs: int, outputs: int = -1) -> tuple[Rows, Rows]:
    weights = _array(arrays, f"{name}_w", (-1, inputs, outputs))
    networks, _, outputs = weights.shape
    if not networks:
        raise InputError(f"model.{name}_w is of no network; expected at least 1")
    return weights, _array(arrays, f"{name}_b", (networks, 1, outputs))
