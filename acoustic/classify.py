"""What an impulse is: small convolutional networks in plain numpy, their weights handed in as bytes.

A window is cut by `acoustic.features.window` (12 kHz, 50 ms before the onset to 350 ms behind it). The networks look at
its log-mel picture and are averaged in log-odds; a temperature makes the probabilities calibrated. What no class claims
is "unknown".
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
from acoustic.features import FEATURES, PICTURE_BANDS, pictures

LABELS = ("gunshot", "shock_wave", "firework", "other")
UNKNOWN = "unknown"
LEAST = 0.5  # a class is named from this probability on
VERSION = 2
KERNELS = (5, 3, 3)  # of the convolutions, bands by frames; each is padded by half its size
STRIDE = 2
AT_ONCE = 16  # windows whose convolutions stay in the cache
Rows = NDArray[np.float32]
Layers = tuple[tuple[Rows, Rows], ...]  # (weights, bias) of each


@dataclass(frozen=True, slots=True)
class Model:
    """Networks of pictures; `mean` and `scale` of the features in training, to say what is unusual about a sound;
    `digest` names the bytes they came from.
    """

    mean: Rows
    scale: Rows
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
        count = int(_array(arrays, "networks", ()))
        if count < 1:
            raise InputError(f"model has {count} networks; expected at least 1")
        networks = tuple(_network(arrays, f"n{k}") for k in range(count))
        return cls(mean, scale, networks, temperature, hashlib.sha256(data).hexdigest())

    def scores(self, seen: Rows) -> NDArray[np.float64]:
        """Log-odds (n, LABELS) of pictures, before the temperature."""
        total = np.zeros((len(seen), len(LABELS)))
        for n in range(0, len(seen), AT_ONCE):
            patches = _patches(seen[n : n + AT_ONCE, ..., None], KERNELS[0])
            for layers in self.networks:
                total[n : n + AT_ONCE] += _behind(patches, layers)
        return np.asarray((total - total.mean(1, keepdims=True)) / len(self.networks))

    def probabilities(self, windows: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities (n, LABELS) of windows (n, SAMPLES); see the module.

        Raises InputError for another shape, or a sample that is no number.
        """
        scores = self.scores(pictures(windows)) / self.temperature
        odds = np.exp(scores - scores.max(1, keepdims=True))
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
    for layer in layers[len(KERNELS) : -1]:
        pooled = _dense(pooled, layer)
    weights, bias = layers[-1]
    return np.asarray(pooled @ weights + bias)


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
