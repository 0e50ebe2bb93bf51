"""Features of an impulse: what a window around its onset looks and sounds like, the same for every sensor.

Windows of all rates, levels and bandwidths are brought to one form first (12 kHz, 130–5200 Hz, own maximum at 1), so
that what is left is the sound and not the microphone. Then four families, all batched, in single precision:

- spectral: power in mel bands (`acoustic.mel`) over time from the onset, dB under the loudest; centroid, spread and
  flatness of the spectrum early and late;
- waveform: front, phases, likeness to a blast and to an N (`acoustic.waveform`);
- envelope: rise, decay, what came before and after (`acoustic.envelope`);
- rhythm: how evenly it comes again within the window (`acoustic.envelope`).
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic import envelope, mel, waveform
from acoustic.errors import InputError

Array = NDArray[np.float64]
Rows = NDArray[np.float32]

RATE_HZ = 12_000
BEFORE_S, AFTER_S = 0.05, 0.35
SAMPLES = round((BEFORE_S + AFTER_S) * RATE_HZ)
LOW_HZ, HIGH_HZ = 130.0, 5200.0
FLOOR_DB = -60.0
FRAME, HOP = 256, 60
FRAMES = (SAMPLES - FRAME) // HOP + 1
BANDS, PICTURE_BANDS = 16, 32
FINE, STEP = 16, 2  # so many frames are looked at, then every second one; a picture has every second one throughout
PICTURE_FRAMES = (FRAMES + STEP - 1) // STEP
# Edges of the time slots, in frames from the start of the window: fine around the onset, coarse behind.
SLOTS = (0, 5, 9, 10, 11, 12, 14, 16, 20, 24, 28, 36, 48, 62, 76)
EARLY, LATE = (4, 8), (8, 12)  # slots from the onset on: its first 30 ms, 50 to 200 ms behind it
ENVELOPE = 12  # samples, 1 ms
LOUDEST = 1e32  # whose spectrum single precision still holds
AT_ONCE, IN_CACHE = 64, 16  # windows that are worked at once; whose spectra stay in the cache


def window(sound: NDArray[np.floating], rate_hz: float, onset_sample: float) -> Array:
    """Cut (samples,) of one channel from `BEFORE_S` before an onset to `AFTER_S` behind it, at 12 kHz: (SAMPLES,).

    What lies outside the sound is silence. Raises InputError for a sound that is not one-dimensional.
    """
    if sound.ndim != 1:
        raise InputError(f"sound has {sound.ndim} dimensions; expected 1")
    first = round(onset_sample - BEFORE_S * rate_hz)
    count = round((BEFORE_S + AFTER_S) * rate_hz)
    cut = np.zeros(count)
    low, high = max(first, 0), min(first + count, len(sound))
    if high > low:
        cut[low - first : high - first] = sound[low:high]
    return resampled(cut, SAMPLES)


def resampled(sound: Array, samples: int) -> Array:
    """A sound (n,) as `samples` samples of the same duration, by its spectrum."""
    if len(sound) == samples:
        return sound
    bins = fft.rfft(sound)
    kept = np.zeros(samples // 2 + 1, dtype=complex)
    count = min(len(bins), len(kept))
    kept[:count] = bins[:count]
    return np.asarray(fft.irfft(kept, samples) * (samples / len(sound)))


def normalised(windows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Windows (n, SAMPLES) band-limited to 130–5200 Hz, each with its own maximum at 1 (silence stays silence).

    Single precision stays single.
    """
    bins = fft.rfft(windows if windows.dtype == np.float32 else np.asarray(windows, dtype=float), axis=-1)
    bins[..., : math.ceil(LOW_HZ * SAMPLES / RATE_HZ)] = 0
    bins[..., math.floor(HIGH_HZ * SAMPLES / RATE_HZ) + 1 :] = 0
    sound = fft.irfft(bins, SAMPLES, axis=-1, overwrite_x=True)
    peak = np.maximum(sound.max(-1, keepdims=True), -sound.min(-1, keepdims=True))
    sound /= np.where(peak > 0, peak, 1)
    return np.asarray(sound)


def described(windows: NDArray[np.floating]) -> tuple[Rows, Rows]:
    """Features (n, FEATURES), in the order of `NAMES`, and log-mel pictures (n, PICTURE_BANDS, PICTURE_FRAMES), 1 at
    the loudest, −1 at `FLOOR_DB` under it and below, of windows (n, SAMPLES) at 12 kHz, onset at `BEFORE_S`.

    Raises InputError for windows of another shape or with a sample that is no number.
    """
    if windows.ndim != 2 or windows.shape[1] != SAMPLES:
        raise InputError(f"windows have shape {windows.shape}; expected (n, {SAMPLES})")
    rows = np.empty((len(windows), FEATURES), np.float32)
    seen = np.empty((len(windows), PICTURE_BANDS, PICTURE_FRAMES), np.float32)
    for n in range(0, len(windows), AT_ONCE):
        part = slice(n, n + AT_ONCE)
        _describe(_single(windows[part], n), rows[part], seen[part])
    return rows, seen


def features(windows: NDArray[np.floating]) -> Rows:
    """The features alone; see `described`."""
    return described(windows)[0]


def pictures(windows: NDArray[np.floating]) -> Rows:
    """The pictures alone; see `described`."""
    return described(windows)[1]


def _single(windows: NDArray[np.floating], first: int) -> Rows:
    """The windows in single precision. Raises InputError for a sample that is no number, counting rows from `first`."""
    if not (windows.max(initial=0.0) < LOUDEST and windows.min(initial=0.0) > -LOUDEST):
        row, at = np.argwhere(~(np.abs(windows) < LOUDEST))[0].tolist()
        raise InputError(f"windows hold {windows[row, at]} in row {first + row}, sample {at}; expected finite numbers")
    return windows.astype(np.float32)


def _describe(windows: Rows, rows: Rows, seen: Rows) -> None:
    """Fill in the features and pictures of a few windows."""
    sound = normalised(windows)
    onset = round(BEFORE_S * RATE_HZ)
    for n in range(0, len(sound), IN_CACHE):
        part = slice(n, n + IN_CACHE)
        _spectral(sound[part], rows[part], seen[part])
    rows[:, SPECTRAL : SPECTRAL + WAVEFORM] = waveform.waveform(sound, RATE_HZ, onset, (LOW_HZ, HIGH_HZ))
    rows[:, SPECTRAL + WAVEFORM :] = envelope.envelope(sound, ENVELOPE, onset)


def _spectral(sound: Rows, rows: Rows, seen: Rows) -> None:
    """Fill in the first SPECTRAL features, and the pictures."""
    fine = mel.spectra(sound[:, : (FINE - 1) * HOP + FRAME], FRAME, HOP)
    coarse = mel.spectra(sound[:, FINE * HOP :], FRAME, STEP * HOP)
    few, many = _filters(BANDS), _filters(PICTURE_BANDS)
    slots = np.empty((len(sound), len(SLOTS) - 1, BANDS), np.float32)
    np.add.reduceat(fine @ few, FINE_SLOTS, axis=1, out=slots[:, : len(FINE_SLOTS)])
    np.add.reduceat(coarse @ few, COARSE_SLOTS, axis=1, out=slots[:, len(FINE_SLOTS) :])
    slots /= FRAMES_IN_SLOT
    rows[:, :MELS] = _levels_db(slots).reshape(len(rows), MELS)
    rows[:, MELS:SPECTRAL] = _shape(slots)
    picture = _levels_db(np.concatenate([fine[:, ::STEP] @ many, coarse @ many], axis=1))
    picture *= np.float32(-2.0 / FLOOR_DB)
    picture += np.float32(1.0)
    seen[:] = picture.transpose(0, 2, 1)


@lru_cache(maxsize=2)
def _filters(bands: int) -> Rows:
    return np.ascontiguousarray(mel.filters(RATE_HZ, FRAME, bands, LOW_HZ, HIGH_HZ).T, dtype=np.float32)


def _levels_db(power: Rows) -> Rows:
    """dB under the loudest of each window, of power (n, times, bands); none under FLOOR_DB."""
    level_db: Rows = power / (power.max((1, 2), keepdims=True) + np.float32(1e-12))
    level_db += np.float32(1e-12)
    np.log(level_db, out=level_db)
    level_db *= np.float32(10.0 / math.log(10.0))
    np.maximum(level_db, np.float32(FLOOR_DB), out=level_db)
    return level_db


SHAPE = tuple(f"{what}_{when}" for when in ("early", "late") for what in ("centroid", "spread", "flatness"))


def _shape(slots: Rows) -> Rows:
    """Centroid and spread over the mel bands (in bands), and flatness (the decades from the bands' mean to their
    geometric mean), of the first 30 ms and of 50–200 ms.
    """
    power = SPANS @ slots + np.float32(1e-12)
    whole = power @ MOMENTS
    centroid = whole[..., 1] / whole[..., 0]
    spread = np.sqrt(np.maximum(whole[..., 2] / whole[..., 0] - centroid * centroid, 0))
    flatness = np.log10(power).sum(2) / BANDS - np.log10(whole[..., 0] / BANDS)
    return np.stack([centroid, spread, flatness], axis=2).reshape(len(slots), len(SHAPE))


FINE_SLOTS = [edge for edge in SLOTS if edge < FINE]
COARSE_SLOTS = [(edge - FINE) // STEP for edge in SLOTS[:-1] if edge >= FINE]
FRAMES_IN_SLOT = np.array([b - a if a < FINE else (b - a) // STEP for a, b in pairwise(SLOTS)], np.float32)[:, None]
SPANS = np.array([[a <= k < b for k in range(len(SLOTS) - 1)] for a, b in (EARLY, LATE)]) * FRAMES_IN_SLOT.T
MOMENTS = np.arange(BANDS, dtype=np.float32)[:, None] ** np.arange(3, dtype=np.float32)
NAMES = (
    *(f"mel_{slot}_{band}" for slot in range(len(SLOTS) - 1) for band in range(BANDS)),
    *SHAPE,
    *waveform.NAMES,
    *envelope.NAMES,
)
FEATURES = len(NAMES)
MELS = (len(SLOTS) - 1) * BANDS
SPECTRAL, WAVEFORM = MELS + len(SHAPE), len(waveform.NAMES)
