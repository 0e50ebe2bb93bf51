"""What an impulse is: small networks in plain numpy, their weights handed in as bytes.

A window is cut by `acoustic.features.window` (12 kHz, 50 ms before the onset to 350 ms behind it). Dense networks look
at its features, convolutional ones at its log-mel picture; each kind is averaged, and the two kinds, in log-odds. What
does not stand clear of the noise is less likely a shot, and a temperature makes the probabilities calibrated. What no
class claims is "unknown".
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError, UnknownVersionError
from acoustic.features import FEATURES, PICTURE_BANDS, described

LABELS = ("gunshot", "shock_wave", "firework", "other")
UNKNOWN = "unknown"
LEAST = 0.5  # a class is named from this probability on
VERSION = 3
CLEAR_DB = 20.0  # over the noise; under it the log-odds of a gunshot fall by UNCLEAR a dB
UNCLEAR = 0.5
KERNELS = (5, 3, 3)  # of the convolutions, bands by frames; each is padded by half its size
STRIDE = 2
AT_ONCE = 16  # windows whose convolutions stay in the cache
Rows = NDArray[np.float32]
Layers = tuple[tuple[Rows, Rows], ...]  # (weights, bias) of each


@dataclass(frozen=True, slots=True)
class Model:
    """`dense` networks of features, `networks` of pictures; `mean` and `scale` of the features in training; `digest`
    names the bytes they came from.
    """

    mean: Rows
    scale: Rows
    dense: tuple[Layers, ...]
    networks: tuple[Layers, ...]
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
        dense = tuple(_dense_network(arrays, f"d{k}") for k in range(_count(arrays, "dense")))
        networks = tuple(_network(arrays, f"n{k}") for k in range(_count(arrays, "networks")))
        return cls(mean, scale, dense, networks, temperature, hashlib.sha256(data).hexdigest())

    def scores(self, rows: Rows, seen: Rows) -> NDArray[np.float64]:
        """Log-odds (n, LABELS) of features (n, FEATURES) and pictures, before the temperature."""
        scaled = (rows - self.mean) / self.scale
        kinds = []
        if self.dense:
            kinds.append(np.mean([_through(scaled, layers) for layers in self.dense], axis=0))
        if self.networks:
            by_sight = np.zeros((len(seen), len(LABELS)))
            for n in range(0, len(seen), AT_ONCE):
                patches = _patches(seen[n : n + AT_ONCE, ..., None], KERNELS[0])
                for layers in self.networks:
                    by_sight[n : n + AT_ONCE] += _behind(patches, layers) / len(self.networks)
            kinds.append(by_sight)
        total = np.mean(kinds, axis=0)
        return np.asarray(total - total.mean(1, keepdims=True))

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


def convolved(seen: Rows, layers: Layers) -> Rows:
    """Scores (n, LABELS) of pictures: convolutions, the mean and maximum over time of each band, dense layers."""
    return _behind(_patches(seen[..., None], KERNELS[0]), layers)


def _patches(x: Rows, size: int) -> Rows:
    """What a kernel sees of (n, bands, frames, channels) at each step: (n, …, …, size · size · channels)."""
    n, bands, frames, channels = x.shape
    around = np.zeros((n, bands + size - 1, frames + size - 1, channels), np.float32)
    around[:, size // 2 : size // 2 + bands, size // 2 : size // 2 + frames] = x
    whole, band, frame, one = around.strides
    steps = (n, (bands + STRIDE - 1) // STRIDE, (frames + STRIDE - 1) // STRIDE)
    strides = (whole, STRIDE * band, STRIDE * frame, band, one)
    seen: Rows = np.ndarray((*steps, size, size * channels), np.float32, around, 0, strides)
    return seen.reshape(*steps, size * size * channels)


def _behind(patches: Rows, layers: Layers) -> Rows:
    """Scores (n, LABELS) from the patches of the first convolution, which all networks share."""
    x = _dense(patches, layers[0])
    for size, layer in zip(KERNELS[1:], layers[1:], strict=False):
        x = _dense(_patches(x, size), layer)
    pooled = np.concatenate([x.mean(2), x.max(2)], axis=2).reshape(len(x), math.prod(x.shape[1::2]) * 2)
    return _through(pooled, layers[len(KERNELS) :])


def _through(x: Rows, layers: Layers) -> Rows:
    """Dense layers, the last one without a bound."""
    for layer in layers[:-1]:
        x = _dense(x, layer)
    weights, bias = layers[-1]
    return np.asarray(x @ weights + bias)


def _dense(inputs: Rows, layer: tuple[Rows, Rows]) -> Rows:
    """max(0, inputs · weights + bias), as one product of matrices."""
    weights, bias = layer
    flat = inputs.reshape(math.prod(inputs.shape[:-1]), len(weights)) @ weights
    flat += bias
    np.maximum(flat, 0, out=flat)
    return flat.reshape(*inputs.shape[:-1], len(bias))


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


def _count(arrays: dict[str, NDArray[Any]], kind: str) -> int:
    count = int(_array(arrays, kind, ()))
    if count < 1:
        raise InputError(f"model.{kind} is {count}; expected at least 1")
    return count


def _dense_network(arrays: dict[str, NDArray[Any]], name: str) -> Layers:
    """Three layers from the features to the labels."""
    first = _layer(arrays, f"{name}_0", FEATURES, -1)
    second = _layer(arrays, f"{name}_1", first[0].shape[1], -1)
    return first, second, _layer(arrays, f"{name}_2", second[0].shape[1], len(LABELS))


def _network(arrays: dict[str, NDArray[Any]], name: str) -> Layers:
    """Convolutions, then two dense layers from the bands that are left, twice."""
    layers, bands, channels = [], PICTURE_BANDS, 1
    for d, size in enumerate(KERNELS):
        layers.append(_layer(arrays, f"{name}_{d}", size * size * channels, -1))
        channels, bands = layers[-1][0].shape[1], (bands + STRIDE - 1) // STRIDE
    layers.append(_layer(arrays, f"{name}_{len(KERNELS)}", 2 * bands * channels, -1))
    layers.append(_layer(arrays, f"{name}_{len(KERNELS) + 1}", layers[-1][0].shape[1], len(LABELS)))
    return tuple(layers)


def _layer(arrays: dict[str, NDArray[Any]], name: str, inputs: int, outputs: int) -> tuple[Rows, Rows]:
    weights = _array(arrays, f"{name}_w", (inputs, outputs))
    return weights, _array(arrays, f"{name}_b", (weights.shape[1],))
