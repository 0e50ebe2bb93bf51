"""Who heard it first, and by how much: delays between microphones that heard one impulse, far below a sample.

Two steps. Generalised cross-correlation (Knapp & Carter 1976) of every pair, with phase transform inside a band, gives
each pair's delay; a least-squares fit gives arrival times that are consistent over every triangle. A likelihood step then
aligns all microphones at once: the impulse is their mean, what differs is noise, and each frequency counts by its
signal-to-noise ratio. Batched over any leading axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from acoustic.errors import InputError

Floats = NDArray[np.floating[Any]]
Complexes = NDArray[np.complexfloating[Any, Any]]

BAND_HZ = (100.0, 8000.0)  # rumble below, little left by distance above
FINENESS = 3.0  # of the correlation's grid: points per shortest half wave
TAPER = 0.06  # of a window at either end
SMOOTH_BINS = 9  # over which noise is averaged
TINY = np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of one batch of events.

    `pairs` (pairs, 2): microphone numbers i < j; `seconds` (…, pairs): how much later j heard it than i; `strength`
    (…, pairs): height of the correlation's peak, 1 for copies of one sound.
    """

    pairs: NDArray[np.intp]
    seconds: Floats
    strength: Floats


@dataclass(frozen=True, slots=True)
class Times:
    """Arrival times of one batch of events at the microphones, of zero mean.

    `seconds` (…, mics); `sigma_s` (…): standard deviation of each, from what differs between the microphones; `snr`
    (…): energy of the common sound in one microphone ÷ that of the rest.
    """

    seconds: Floats
    sigma_s: Floats
    snr: Floats


@dataclass(frozen=True, slots=True)
class _Plan:
    """What depends on the shape of the input only."""

    pairs: NDArray[np.intp]
    taper: NDArray[np.float32]
    band: slice
    turn: NDArray[np.float32]  # radians per second of each bin in the band
    length: int  # of the correlation
    step_s: float
    spread: NDArray[np.float32]  # (pairs, mics): from pair delays to arrival times


@lru_cache(maxsize=16)
def _plan(mics: int, samples: int, rate_hz: float, band_hz: tuple[float, float]) -> _Plan:
    if mics < 2:
        raise InputError(f"windows holds {mics} microphones; expected at least 2")
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise InputError(f"rate_hz is {rate_hz}; expected a positive number")
    hz = fft.rfftfreq(samples, 1.0 / rate_hz)
    low, high = (int(i) for i in np.searchsorted(hz, band_hz))
    if high - low < 4:
        raise InputError(f"windows holds {samples} samples at {rate_hz:g} Hz; too few for {band_hz[0]:g}–{band_hz[1]:g} Hz")
    pairs = np.array([(i, j) for i in range(mics) for j in range(i + 1, mics)], dtype=np.intp)
    length = fft.next_fast_len(math.ceil(2.0 * FINENESS * high), real=True)
    edge = max(1, round(TAPER * samples))
    ramp = np.sin(0.5 * math.pi * (np.arange(edge) + 0.5) / edge) ** 2
    taper = np.concatenate([ramp, np.ones(samples - 2 * edge), ramp[::-1]])
    spread = np.zeros((len(pairs), mics))
    rows = np.arange(len(pairs))
    spread[rows, pairs[:, 1]], spread[rows, pairs[:, 0]] = 1.0 / mics, -1.0 / mics
    return _Plan(
        pairs,
        taper.astype(np.float32),
        slice(low, high),
        (2.0 * math.pi * hz[low:high]).astype(np.float32),
        length,
        samples / rate_hz / length,
        spread.astype(np.float32),
    )


def delays(
    windows: ArrayLike, rate_hz: float, reach_s: ArrayLike, *, band_hz: tuple[float, float] = BAND_HZ
) -> Delays:
    """Delays of every pair by band-limited PHAT. `windows` (…, mics, samples); `reach_s` the longest, one or (pairs,).

    The peak is read between the points of the correlation by a parabola. Raises InputError for too few microphones or
    samples, or a rate or reach that is not positive.
    """
    plan, spectra = _spectra(windows, rate_hz, band_hz)
    return _correlate(spectra, plan, reach_s)


def arrival_times(
    windows: ArrayLike, rate_hz: float, reach_s: ArrayLike, *, band_hz: tuple[float, float] = BAND_HZ, steps: int = 1
) -> Times:
    """Arrival times at the microphones by maximum likelihood, from `delays` on. Arguments and errors as there.

    `steps` of Gauss and Newton: one brings errors near the Cramér–Rao bound from where PHAT begins.
    """
    plan, spectra = _spectra(windows, rate_hz, band_hz)
    return _align(spectra, consistent(_correlate(spectra, plan, reach_s).seconds, plan.spread), plan.turn, steps)


def consistent(pair_s: Floats, spread: Floats) -> Floats:
    """Arrival times of zero mean, (…, mics), whose differences fit the delays of all pairs best."""
    return np.asarray(pair_s @ spread)


def closure_s(found: Delays, mics: int) -> Floats:
    """How far the delays of a batch are from consistent: rms over the pairs, (…). 0 where every triangle closes."""
    spread = np.zeros((len(found.pairs), mics))
    rows = np.arange(len(found.pairs))
    spread[rows, found.pairs[:, 1]], spread[rows, found.pairs[:, 0]] = 1.0 / mics, -1.0 / mics
    times = consistent(found.seconds, spread)
    fitted = times[..., found.pairs[:, 1]] - times[..., found.pairs[:, 0]]
    return np.asarray(np.sqrt(np.mean((found.seconds - fitted) ** 2, axis=-1)))


def _spectra(windows: ArrayLike, rate_hz: float, band_hz: tuple[float, float]) -> tuple[_Plan, Complexes]:
    samples = np.asarray(windows, dtype=np.float32)
    if samples.ndim < 2:
        raise InputError(f"windows has shape {samples.shape}; expected (…, microphones, samples)")
    plan = _plan(samples.shape[-2], samples.shape[-1], float(rate_hz), band_hz)
    return plan, fft.rfft(samples * plan.taper)[..., plan.band]


def _correlate(spectra: Complexes, plan: _Plan, reach_s: ArrayLike) -> Delays:
    cross = spectra[..., plan.pairs[:, 1], :] * np.conj(spectra[..., plan.pairs[:, 0], :])
    cross /= np.abs(cross) + TINY
    half = np.zeros((*cross.shape[:-1], plan.length // 2 + 1), dtype=cross.dtype)
    half[..., plan.band] = cross
    correlation = fft.irfft(half, plan.length)
    most = np.floor(np.asarray(reach_s, dtype=np.float64) / plan.step_s).astype(int) + 1
    if np.any(most < 1) or np.any(most >= plan.length // 2 - 1):
        raise InputError(f"reach_s is {reach_s}; expected positive delays shorter than half the window")
    widest = int(most.max())
    near = np.concatenate([correlation[..., -widest - 1 :], correlation[..., : widest + 2]], axis=-1)
    inside = near[..., 1:-1]
    if most.ndim:
        lags = np.abs(np.arange(-widest, widest + 1))
        inside = np.where(lags <= most[:, None], inside, -np.inf)
    peak = inside.argmax(axis=-1)[..., None]
    left, top, right = (np.take_along_axis(near, peak + k, axis=-1)[..., 0] for k in range(3))
    bend = left - 2.0 * top + right
    shift = np.where(bend < 0.0, 0.5 * (left - right) / np.where(bend < 0.0, bend, -1.0), 0.0)
    seconds = (peak[..., 0] - widest + np.clip(shift, -0.5, 0.5)) * plan.step_s
    return Delays(plan.pairs, seconds, top * (plan.length / (2.0 * cross.shape[-1])))


def _align(spectra: Complexes, times: Floats, turn: NDArray[np.float32], steps: int) -> Times:
    mics = spectra.shape[-2]
    for _ in range(steps):
        aligned, common, noise = _split(spectra, times, turn)
        weight = turn * turn / noise
        push = np.sum((turn / noise)[..., None, :] * np.imag(np.conj(common)[..., None, :] * aligned), axis=-1)
        pull = np.sum(weight * np.square(np.abs(common)), axis=-1)
        times = times - push / pull[..., None]
        times = times - times.mean(axis=-1, keepdims=True)
    _, common, noise = _split(spectra, times, turn)
    power = np.square(np.abs(common))
    information = 2.0 * np.sum(turn * turn * power / noise, axis=-1)
    snr = power.sum(axis=-1) / noise.sum(axis=-1)
    return Times(times, np.sqrt((1.0 - 1.0 / mics) / information), snr)


def _split(
    spectra: Complexes, times: Floats, turn: NDArray[np.float32]
) -> tuple[Complexes, Complexes, Floats]:
    """The spectra shifted onto each other, their mean, and the smoothed power of what differs, per microphone and bin."""
    angle = (times.astype(np.float32)[..., None]) * turn
    aligned = spectra * (np.cos(angle) + 1j * np.sin(angle))
    common = aligned.mean(axis=-2)
    rest = np.square(np.abs(aligned - common[..., None, :])).sum(axis=-2) / (spectra.shape[-2] - 1)
    return aligned, common, _smooth(rest) + TINY


def _smooth(power: Floats) -> Floats:
    """Running mean over the last axis, the ends held."""
    half = SMOOTH_BINS // 2
    padded = np.concatenate([np.repeat(power[..., :1], half + 1, -1), power, np.repeat(power[..., -1:], half, -1)], axis=-1)
    total = np.cumsum(padded, axis=-1, dtype=np.float64)
    return np.asarray((total[..., SMOOTH_BINS:] - total[..., :-SMOOTH_BINS]) / SMOOTH_BINS, dtype=np.float32)
