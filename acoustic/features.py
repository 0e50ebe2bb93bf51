"""Features of an impulse: what a window around its onset looks and sounds like, the same for every sensor.

Windows of all rates, levels and bandwidths are brought to one form first (12 kHz, 130–5200 Hz, own maximum at 1), so
that what is left is the sound and not the microphone. Then three families, all batched:

- spectral: power in mel bands (Slaney 1998, as librosa computes it) over time from the onset, dB under the loudest; -
temporal: rise, decay to −10, −20, −30 dB, energy before the onset, early against late energy, crest, sign of the
peak; - shape: centroid, spread and flatness of the spectrum early and late, zero crossings.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic.errors import InputError

Array = NDArray[np.float64]

RATE_HZ = 12_000
BEFORE_S, AFTER_S = 0.05, 0.35
SAMPLES = round((BEFORE_S + AFTER_S) * RATE_HZ)
LOW_HZ, HIGH_HZ = 130.0, 5200.0
FLOOR_DB = -60.0
FRAME, HOP = 256, 60
FRAMES = (SAMPLES - FRAME) // HOP + 1
BANDS, PICTURE_BANDS = 16, 32
PICTURE_STEP = 2  # frames: a picture has one every 10 ms
PICTURE_FRAMES = (FRAMES + PICTURE_STEP - 1) // PICTURE_STEP
# Edges of the time slots, in frames of 5 ms from the start of the window: fine around the onset, coarse behind.
SLOTS = (0, 5, 9, 10, 11, 12, 14, 16, 19, 23, 28, 36, 48, 62, 75)
ENVELOPE = 12  # samples, 1 ms
LOUDEST = 1e32  # whose spectrum single precision still holds
AT_ONCE = 16  # windows whose spectra stay in the cache


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


def normalised(windows: NDArray[np.floating]) -> Array:
    """Windows (n, SAMPLES) band-limited to 130–5200 Hz, each with its own maximum at 1 (silence stays silence).

    Single precision stays single.
    """
    bins = fft.rfft(windows if windows.dtype == np.float32 else np.asarray(windows, dtype=float), axis=-1)
    bins[..., : math.ceil(LOW_HZ * SAMPLES / RATE_HZ)] = 0
    bins[..., math.floor(HIGH_HZ * SAMPLES / RATE_HZ) + 1 :] = 0
    sound = fft.irfft(bins, SAMPLES, axis=-1)
    peak = np.abs(sound).max(-1, keepdims=True)
    return np.asarray(sound / np.where(peak > 0, peak, 1.0))


@lru_cache(maxsize=4)
def mel_filters(rate_hz: float, length: int, bands: int, low_hz: float, high_hz: float) -> Array:
    """Triangular mel filters (bands, length // 2 + 1) of unit area, on Slaney's scale (Auditory Toolbox, 1998)."""
    edges_hz = mel_to_hz(np.linspace(hz_to_mel(low_hz), hz_to_mel(high_hz), bands + 2))
    hz = fft.rfftfreq(length, 1 / rate_hz)
    rising = (hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - hz) / np.diff(edges_hz)[1:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(filters * (2 / (edges_hz[2:] - edges_hz[:-2]))[:, None])


def hz_to_mel(hz: float) -> float:
    """Slaney's scale: linear below 1 kHz, logarithmic above."""
    return hz * 3 / 200 if hz < 1000 else 15 + 27 * math.log(hz / 1000) / math.log(6.4)


def mel_to_hz(mel: Array) -> Array:
    """The inverse of `hz_to_mel`, for arrays."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))


def mel_power(windows: Array) -> Array:
    """Mel power (n, frames, BANDS) of windows (n, SAMPLES): Hann frames of 21 ms every 5 ms, not padded."""
    return np.asarray(_spectra(windows) @ mel_filters(RATE_HZ, FRAME, BANDS, LOW_HZ, HIGH_HZ).T)


@lru_cache(maxsize=1)
def _hann() -> Array:
    return np.asarray(0.5 - 0.5 * np.cos(2 * math.pi * np.arange(FRAME) / FRAME))


def _spectra(windows: Array) -> Array:
    """Power (n, FRAMES, FRAME // 2 + 1) of Hann frames."""
    frames = np.lib.stride_tricks.sliding_window_view(windows, FRAME, axis=-1)[..., ::HOP, :]
    bins = fft.rfft(frames * _hann().astype(windows.dtype, copy=False), axis=-1)
    power = np.square(bins.real)
    power += np.square(bins.imag)
    return np.asarray(power)


def described(windows: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features (n, FEATURES), in the order of `NAMES`, and log-mel pictures (n, PICTURE_BANDS, PICTURE_FRAMES), 1 at
    the loudest, −1 at `FLOOR_DB` under it and below, of windows (n, SAMPLES) at 12 kHz, onset at `BEFORE_S`.

    Raises InputError for windows of another shape or with a sample that is no number.
    """
    whole = _shaped(windows)
    rows = np.empty((len(whole), FEATURES), np.float32)
    seen = np.empty((len(whole), PICTURE_BANDS, PICTURE_FRAMES), np.float32)
    coarse, fine = (
        mel_filters(RATE_HZ, FRAME, bands, LOW_HZ, HIGH_HZ).T.astype(np.float32) for bands in (BANDS, PICTURE_BANDS)
    )
    for n in range(0, len(whole), AT_ONCE):
        sound = normalised(whole[n : n + AT_ONCE].astype(np.float32))
        spectra = _spectra(sound)
        power = spectra @ coarse
        rows[n : n + AT_ONCE] = np.concatenate([_slots_db(power), _temporal(sound), _shape(power, sound)], axis=1)
        seen[n : n + AT_ONCE] = _picture(spectra[:, ::PICTURE_STEP] @ fine)
    return rows, seen


def features(windows: NDArray[np.floating]) -> NDArray[np.float32]:
    """The features alone; see `described`."""
    return described(windows)[0]


def pictures(windows: NDArray[np.floating]) -> NDArray[np.float32]:
    """The pictures alone; see `described`."""
    return described(windows)[1]


def _picture(power: Array) -> Array:
    """dB under the loudest, from 1 to −1; the power is changed."""
    power /= power.max((1, 2), keepdims=True) + np.float32(1e-12)
    level_db = np.float32(10.0) * np.log10(power + np.float32(1e-12))
    return np.asarray((1.0 - 2.0 / FLOOR_DB * np.maximum(level_db, FLOOR_DB)).transpose(0, 2, 1))


def _shaped(windows: NDArray[np.floating]) -> NDArray[np.floating]:
    """The windows. Raises InputError for windows of another shape, or with a sample that is no number."""
    if windows.ndim != 2 or windows.shape[1] != SAMPLES:
        raise InputError(f"windows have shape {windows.shape}; expected (n, {SAMPLES})")
    if not np.abs(windows).max(initial=0.0) < LOUDEST:
        row, at = np.argwhere(~(np.abs(windows) < LOUDEST))[0].tolist()
        raise InputError(f"windows hold {windows[row, at]} in row {row}, sample {at}; expected finite numbers")
    return windows


def _slots_db(power: Array) -> Array:
    slots = np.stack([power[:, a:b].mean(1) for a, b in pairwise(SLOTS)], axis=1)
    top = slots.max((1, 2), keepdims=True) + 1e-12
    return np.asarray(
        np.maximum(10 * np.log10(slots / top + 1e-12), FLOOR_DB).reshape(len(power), (len(SLOTS) - 1) * BANDS)
    )


DECAYS_DB = (10, 20, 30)
TEMPORAL = (
    "rise_ms",
    *(f"decay{db}_ms" for db in DECAYS_DB),
    "before_db",
    "early_late_db",
    "crest_db",
    "sign",
    "peaks",
)


def _temporal(sound: Array) -> Array:
    """Rise from 10 to 90 %, times under −10, −20, −30 dB for good, energies in dB, crest, sign, later peaks."""
    count = SAMPLES // ENVELOPE
    level = np.sqrt((sound[:, : count * ENVELOPE].reshape(len(sound), count, ENVELOPE) ** 2).mean(-1)) + 1e-6
    onset = round(BEFORE_S * RATE_HZ / ENVELOPE)
    peak = onset - 5 + level[:, onset - 5 : onset + 30].argmax(1)
    top = level[np.arange(len(level)), peak]
    time = np.arange(count)
    reached = (level >= 0.3 * top[:, None]) & (time >= onset - 10)
    rise = np.clip(peak - reached.argmax(1), 0, 40)
    behind = time > peak[:, None]
    decays = [_last(level, behind, top * 10 ** (-db / 20)) - peak for db in DECAYS_DB]
    energy = level**2
    before = energy[:, : onset - 6].mean(1)
    early, late = energy[:, onset : onset + 40].sum(1), energy[:, onset + 40 :].sum(1)
    near = sound[:, onset * ENVELOPE - 60 : onset * ENVELOPE + 360]
    crest = 1 / np.sqrt((near**2).mean(1) + 1e-12)
    sign = near[np.arange(len(near)), np.abs(near).argmax(1)]
    left, middle, right = level[:, :-2], level[:, 1:-1], level[:, 2:]
    peaks = ((middle > 0.35 * top[:, None]) & (middle > left) & (middle >= right)).sum(1)
    return np.stack(
        [
            rise,
            *decays,
            10 * np.log10(before / top**2 + 1e-6),
            10 * np.log10((early + 1e-9) / (late + 1e-9)),
            20 * np.log10(crest),
            np.sign(sign),
            peaks,
        ],
        axis=1,
    ).astype(float)


def _last(level: Array, behind: NDArray[np.bool_], threshold: Array) -> NDArray[np.intp]:
    """Index of the last time that the level was over a threshold (n,)."""
    over = (level >= threshold[:, None]) & behind
    return np.where(over.any(1), level.shape[1] - 1 - over[:, ::-1].argmax(1), 0)


SHAPE = (*(f"{what}_{when}" for when in ("early", "late") for what in ("centroid", "spread", "flatness")), "crossings")


def _shape(power: Array, sound: Array) -> Array:
    """Centroid and spread over the mel bands, flatness, of the first 30 ms and of 50–200 ms; zero crossings."""
    columns = []
    band = np.arange(BANDS)
    for a, b in ((8, 15), (19, 50)):
        mean = power[:, a:b].mean(1) + 1e-12
        share = mean / mean.sum(1, keepdims=True)
        centroid = share @ band
        spread = np.sqrt((share * (band - centroid[:, None]) ** 2).sum(1))
        flatness = np.log10(mean).mean(1) - np.log10(mean.mean(1))
        columns += [centroid, spread, flatness]
    onset = round(BEFORE_S * RATE_HZ)
    near = sound[:, onset : onset + 600]
    columns.append((np.diff(np.signbit(near), axis=1) != 0).sum(1) / 10)
    return np.stack(columns, axis=1)


NAMES = (
    *(f"mel_{slot}_{band}" for slot in range(len(SLOTS) - 1) for band in range(BANDS)),
    *TEMPORAL,
    *SHAPE,
)
FEATURES = len(NAMES)
