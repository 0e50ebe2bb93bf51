"""Who heard it first, and by how much: delays between microphones that heard one impulse, far below a sample.

Two steps. Generalised cross-correlation of every pair (Knapp & Carter 1976), whitened inside a band, gives each pair's
delay; a least-squares fit makes of them arrival times that are consistent over every triangle. A likelihood step then
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

Singles = NDArray[np.float32]
Spectra = NDArray[np.complex64]

BAND_HZ = (100.0, 6000.0)  # wind below; above, distance has left little
POINTS = 3.0  # of the correlation's grid per half period of the band's upper end
TAPER = 0.06  # of a window, at either end
GROUP = 12  # bins that share one estimate of noise
FAINTEST = np.float32(3e-7)  # noise re the sound itself, below which single precision cannot see
CHUNK = 48  # events at once, so that what is worked on stays in the cache
CLEAR = 3.0  # sound ÷ what chance makes of noise, from which on a group of bins counts
AROUND = np.array([[0], [1], [2]])  # a peak and its neighbours
PHAT = 1.0
TINY = np.float32(1e-30)


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of a batch of events.

    `pairs` (pairs, 2): microphone numbers i < j; `seconds` (…, pairs): how much later j heard it than i; `strength`
    (…, pairs): the correlation at its peak, 1 for copies of one sound.
    """

    pairs: NDArray[np.intp]
    seconds: Singles
    strength: Singles


@dataclass(frozen=True, slots=True)
class Times:
    """Arrival times of a batch of events at the microphones, of zero mean.

    `seconds` (…, mics); `sigma_s` (…): standard deviation of each against the mean of all, from what differs between
    the microphones; `snr` (…): power of the common sound ÷ that of the noise in one microphone, over the band.
    """

    seconds: Singles
    sigma_s: Singles
    snr: Singles


@dataclass(frozen=True, slots=True)
class _Plan:
    """What depends on the shape of the input only."""

    pairs: NDArray[np.intp]
    sooner: NDArray[np.intp]
    later: NDArray[np.intp]
    spread: Singles  # (pairs, mics): from the delays of pairs to arrival times
    taper: Singles
    band: slice
    turn: Singles  # radians per second of each bin in the band
    turn_squared: Singles
    groups: Singles  # (bins, groups) of 0 and 1
    step_s: float
    even: Singles  # (bins, lags): cosine of each bin at each lag from 0 on
    odd: Singles


@lru_cache(maxsize=16)
def _plan(mics: int, samples: int, rate_hz: float, band_hz: tuple[float, float], reach_s: float) -> _Plan:
    if mics < 2:
        raise InputError(f"windows holds {mics} microphones; expected at least 2")
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise InputError(f"rate_hz is {rate_hz}; expected a positive number")
    hz = fft.rfftfreq(samples, 1.0 / rate_hz)
    low, high = (int(i) for i in np.searchsorted(hz, band_hz))
    if high - low < 2 * GROUP:
        raise InputError(
            f"windows holds {samples} samples at {rate_hz:g} Hz; expected more, for {2 * GROUP} bins of band"
        )
    if not 0.0 < reach_s < 0.4 * samples / rate_hz:
        raise InputError(
            f"reach_s is {reach_s}; expected a positive delay well below the window's {samples / rate_hz:g} s"
        )
    pairs = np.array([(i, j) for i in range(mics) for j in range(i + 1, mics)], dtype=np.intp)
    step_s = 1.0 / (2.0 * POINTS * hz[high - 1])
    turn = 2.0 * math.pi * hz[low:high]
    angle = turn[:, None] * (np.arange(math.ceil(reach_s / step_s) + 2) * step_s)
    edge = max(1, round(TAPER * samples))
    ramp = np.sin(0.5 * math.pi * (np.arange(edge) + 0.5) / edge) ** 2
    groups = np.arange(high - low)[:, None] // GROUP == np.arange((high - low) // GROUP)
    return _Plan(
        pairs=pairs,
        sooner=np.ascontiguousarray(pairs[:, 0]),
        later=np.ascontiguousarray(pairs[:, 1]),
        spread=_spread(pairs, mics),
        taper=np.concatenate([ramp, np.ones(samples - 2 * edge), ramp[::-1]]).astype(np.float32),
        band=slice(low, high),
        turn=turn.astype(np.float32),
        turn_squared=np.square(turn).astype(np.float32),
        groups=groups.astype(np.float32),
        step_s=step_s,
        even=np.cos(angle).astype(np.float32),
        odd=np.sin(angle).astype(np.float32),
    )


def delays(
    windows: ArrayLike,
    rate_hz: float,
    reach_s: float,
    *,
    band_hz: tuple[float, float] = BAND_HZ,
    whitening: float = PHAT,
) -> Delays:
    """Delays of every pair, none longer than `reach_s`, by band-limited GCC. `windows`: (…, mics, samples).

    `whitening` 1 is the phase transform, 0 plain cross-correlation. The peak is read between the points of the
    correlation by a parabola. Raises InputError for fewer than two microphones, too short a window, or a rate or reach
    that is not positive.
    """
    batch, plan, leading = _checked(windows, rate_hz, reach_s, band_hz)
    parts = []
    for chunk in _chunks(batch):
        seconds, height, white = _correlate(_spectra(chunk, plan), plan, whitening)
        energy = np.square(np.abs(white)).sum(axis=2)
        parts.append((seconds, height / (np.sqrt(energy[:, plan.later] * energy[:, plan.sooner]) + TINY)))
    seconds, strength = (np.concatenate(x).reshape(*leading, len(plan.pairs)) for x in zip(*parts, strict=True))
    return Delays(plan.pairs, seconds, strength)


def arrival_times(
    windows: ArrayLike,
    rate_hz: float,
    reach_s: float,
    *,
    band_hz: tuple[float, float] = BAND_HZ,
    whitening: float = PHAT,
    steps: int = 1,
) -> Times:
    """Arrival times at the microphones by maximum likelihood, starting from `delays`; arguments and errors as there.

    `steps` by Gauss and Newton: where the pairs' delays are good, one comes near the Cramér–Rao bound.
    """
    batch, plan, leading = _checked(windows, rate_hz, reach_s, band_hz)
    parts = []
    for chunk in _chunks(batch):
        spectra = _spectra(chunk, plan)
        start = _correlate(spectra, plan, whitening)[0] @ plan.spread
        parts.append(_align(spectra, start, plan, steps))
    seconds, sigma_s, snr = (np.concatenate(x) for x in zip(*parts, strict=True))
    return Times(seconds.reshape(*leading, -1), sigma_s.reshape(leading), snr.reshape(leading))


def closure_s(found: Delays) -> Singles:
    """How far the delays of each event are from consistent, rms over the pairs, (…): 0 where every triangle closes."""
    mics = int(found.pairs.max()) + 1
    times = found.seconds @ _spread(found.pairs, mics)
    fitted = times[..., found.pairs[:, 1]] - times[..., found.pairs[:, 0]]
    return np.asarray(np.sqrt(np.mean((found.seconds - fitted) ** 2, axis=-1)))


def _spread(pairs: NDArray[np.intp], mics: int) -> Singles:
    spread = np.zeros((len(pairs), mics), np.float32)
    rows = np.arange(len(pairs))
    spread[rows, pairs[:, 1]], spread[rows, pairs[:, 0]] = 1.0 / mics, -1.0 / mics
    return spread


def _checked(
    windows: ArrayLike, rate_hz: float, reach_s: float, band_hz: tuple[float, float]
) -> tuple[Singles, _Plan, tuple[int, ...]]:
    samples = np.asarray(windows, dtype=np.float32)
    if samples.ndim < 2 or 0 in samples.shape:
        raise InputError(f"windows has shape {samples.shape}; expected (…, microphones, samples)")
    plan = _plan(samples.shape[-2], samples.shape[-1], float(rate_hz), band_hz, float(reach_s))
    return samples.reshape(-1, *samples.shape[-2:]), plan, samples.shape[:-2]


def _chunks(batch: Singles) -> list[Singles]:
    return [batch[at : at + CHUNK] for at in range(0, len(batch), CHUNK)]


def _spectra(batch: Singles, plan: _Plan) -> Spectra:
    """Spectra inside the band, (events, mics, bins), of unit mean power over each event."""
    spectra = fft.rfft(batch * plan.taper)[..., plan.band]
    flat = spectra.reshape(len(spectra), -1).view(np.float32)
    power = np.einsum("ij,ij->i", flat, flat) * np.float32(2.0 / flat.shape[1])
    return np.asarray(spectra / np.sqrt(power + TINY)[:, None, None])


def _correlate(spectra: Spectra, plan: _Plan, whitening: float) -> tuple[Singles, Singles, Spectra]:
    """Delay and height of every pair's peak, (events, pairs) each; the whitened spectra."""
    size = np.abs(spectra) + FAINTEST
    white = spectra / (size if whitening == PHAT else size ** np.float32(whitening))
    cross = white.take(plan.later, axis=1) * white.conj().take(plan.sooner, axis=1)
    each = cross.reshape(-1, cross.shape[2])
    even, odd = each.real @ plan.even, each.imag @ plan.odd
    lags = plan.even.shape[1]
    flat = np.empty((len(each), 2 * lags - 1), np.float32)
    np.add(even, odd, out=flat[:, lags - 1 :: -1])
    np.subtract(even, odd, out=flat[:, lags - 1 :])
    peak = flat[:, 1:-1].argmax(axis=1)
    left, top, right = flat[np.arange(len(flat)), peak + AROUND]
    bend = np.minimum(left + right - 2.0 * top, -FAINTEST)
    shift = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    seconds = (peak - (lags - 2) + shift).astype(np.float32) * np.float32(plan.step_s)
    return seconds.reshape(cross.shape[:2]), top.reshape(cross.shape[:2]), white


def _align(spectra: Spectra, times: Singles, plan: _Plan, steps: int) -> tuple[Singles, Singles, Singles]:
    """Times, their σ and the signal-to-noise ratio of each event; see `arrival_times`."""
    mics, turn = spectra.shape[1], plan.turn
    seen = np.empty((len(spectra), mics + 3, spectra.shape[2]), np.float32)
    seen[:, mics + 2] = np.square(np.abs(spectra)).sum(axis=1)
    for _ in range(steps):
        angle = times[..., None] * turn
        aligned = np.empty_like(spectra)
        np.cos(angle, out=aligned.real)
        np.sin(angle, out=aligned.imag)
        aligned *= spectra
        common = aligned.sum(axis=1, keepdims=True) * np.float32(1.0 / mics)
        power = np.square(np.abs(common[:, 0]))
        np.multiply((aligned * common.conj()).imag, turn, out=seen[:, :mics])
        np.multiply(power, plan.turn_squared, out=seen[:, mics])
        seen[:, mics + 1] = power
        grouped = (seen.reshape(-1, seen.shape[2]) @ plan.groups).reshape(*seen.shape[:2], -1)
        off, stiff, sound, total = grouped[:, :mics], grouped[:, mics], grouped[:, mics + 1], grouped[:, mics + 2]
        rest = np.maximum(total - mics * sound, FAINTEST * total)
        weight, _, _ = _weights(sound, rest, mics)
        spread = (stiff * weight)[:, None]
        push = (off * weight[:, None]).sum(axis=2, keepdims=True) / (spread.sum(axis=2, keepdims=True) + TINY)
        shift = push.mean(axis=1, keepdims=True) - push
        rest = np.maximum(rest + (shift * (off + off + shift * stiff[:, None])).sum(axis=1), FAINTEST * total)
        times = times + shift[..., 0]
    weight, signal, noise = _weights(sound, rest, mics)
    spread = stiff * weight
    slope = (spread * signal / (sound + TINY)).sum(axis=1)
    scatter = (spread * weight * noise).sum(axis=1)
    sigma_s = np.sqrt(scatter * np.float32(0.5 * (1.0 - 1.0 / mics) / GROUP))
    clear = slope > 0.0
    sigma_s = np.where(clear, sigma_s / np.where(clear, slope, np.float32(1.0)), np.float32(np.inf))
    snr = signal.sum(axis=1) / (noise.sum(axis=1) + TINY)
    return times, sigma_s.astype(np.float32), snr


def _weights(sound: Singles, rest: Singles, mics: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Weight of each group of bins, its signal and its noise, from the powers of the mean and of what differs."""
    noise = rest * np.float32(1.0 / (mics - 1))
    signal = np.where(sound > np.float32(CLEAR / mics) * noise, sound - noise * np.float32(1.0 / mics), np.float32(0.0))
    return signal / (sound * noise + TINY), signal, noise
