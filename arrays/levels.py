"""What the level of each microphone says of it: dead, clipped, blocked, or in the wind."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

WINDOW_S, STEP_S = 3.0, 0.02  # the noise is the median of short steps: a bang does not count
SLOW_PER_STEP = 2  # means over 10 ms: a filter that is 3 dB down at 44 Hz
DEAD_DB = -100.0  # re full scale: the rounding of 16 bits alone is -101 dB, the quietest microphone's own noise -95 dB
FULL_SCALE = 0.999
CLIPPED_SHARE = 0.5  # of the steps: a shot near by clips a few, a wrong gain most
BLOCKED_DB = 12.0  # below the others: microphones within an array hear the same street, and differ by 3 dB at most
WIND_SHARE = 0.9  # of the power below some 50 Hz: turbulence falls steeply with frequency, streets do not
WIND_DB = -50.0  # re full scale: a breeze of 5 m/s behind foam is some 83 dB SPL, -37 dB on a usual microphone
WIND_COHERENCE = 0.5  # sound below 50 Hz is 7 m long, the same on all microphones; eddies are as small as the array


class Levels:
    """The levels of a stream's channels over the last seconds, re full scale.

    `faults` yields (name, sentence, whether all microphones have it), nothing before the first seconds are over.
    """

    def __init__(self, rate_hz: float, channels: int) -> None:
        self._half = max(1, round(STEP_S / SLOW_PER_STEP * rate_hz))
        self._channels = channels
        steps = round(WINDOW_S / STEP_S)
        self._power: deque[NDArray[np.float32]] = deque(maxlen=steps)
        self._slow: deque[NDArray[np.float32]] = deque(maxlen=SLOW_PER_STEP * steps)
        self._clipped: deque[NDArray[np.bool_]] = deque(maxlen=steps)

    def take(self, samples: NDArray[np.float32]) -> None:
        """Sound, (channels, n), cut into equal steps of about the usual length."""
        count = max(1, round(samples.shape[1] / (SLOW_PER_STEP * self._half)))
        half = samples.shape[1] // (SLOW_PER_STEP * count)
        if not half:
            return
        cut = samples[:, : count * SLOW_PER_STEP * half].reshape(self._channels, count, SLOW_PER_STEP * half)
        self._power.extend(np.square(cut).mean(axis=2).T)
        self._clipped.extend((np.abs(cut).max(axis=2) >= FULL_SCALE).T)
        self._slow.extend(cut.reshape(self._channels, count * SLOW_PER_STEP, half).mean(axis=2).T)

    @property
    def noise_db(self) -> float | None:
        """The median over time of the power, all channels together; None before the first sound."""
        steps = list(self._power)
        return round(_db(float(np.median(np.mean(steps, axis=1)))), 1) if steps else None

    def faults(self) -> Iterator[tuple[str, str, bool]]:
        """What is wrong with the microphones."""
        power, slow, clipped = list(self._power), list(self._slow), list(self._clipped)
        if len(power) < (self._power.maxlen or 0) or len(slow) < SLOW_PER_STEP * len(power):
            return
        slow_power, offset = np.var(slow, axis=0), np.median(slow, axis=0)  # a converter's offset is no sound
        whole_db = 10.0 * np.log10(np.maximum(np.median(power, axis=0) - offset**2, 1e-20))
        dead = whole_db < DEAD_DB
        over = np.mean(clipped, axis=0) > CLIPPED_SHARE
        if dead.any():
            yield "level.dead", f"{self._which(dead)} gives nothing", bool(dead.all())
        if over.any():
            yield "level.clipped", f"{self._which(over)} is clipped most of the time", bool(over.all())
        quiet = self._quieter(whole_db, ~dead & ~over)
        if quiet.any():
            yield "level.blocked", f"{self._which(quiet)} hears {BLOCKED_DB:.0f} dB less than the others", False
        if self._windy(np.asarray(slow), slow_power, np.mean(power, axis=0) - offset**2):
            yield "level.wind", "wind at the microphones drowns what is far away", False

    def _quieter(self, whole_db: NDArray[np.float64], alive: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if alive.sum() < 2:
            return np.zeros(self._channels, dtype=bool)
        loudest = np.median(whole_db[alive]) if alive.sum() > 2 else np.max(whole_db[alive])
        return alive & (whole_db < loudest - BLOCKED_DB)

    def _windy(self, slow: NDArray[np.float32], slow_power: NDArray[np.float32], power: NDArray[np.float64]) -> bool:
        """Whether the low end is nearly all there is, strong, and not the same on all microphones."""
        total = float(np.mean(power))
        if _db(total) < WIND_DB or float(np.mean(slow_power)) < WIND_SHARE * total:
            return False
        if self._channels == 1:
            return True
        moved = slow - slow.mean(axis=0)
        scale = np.sqrt(np.maximum(np.square(moved).mean(axis=0), 1e-20))
        same = (moved.T @ moved) / len(moved) / np.outer(scale, scale)
        pairs = same[np.triu_indices(self._channels, 1)]
        return float(np.median(pairs)) < WIND_COHERENCE

    def _which(self, chosen: NDArray[np.bool_]) -> str:
        numbers = [str(number) for number in np.flatnonzero(chosen) + 1]
        return f"microphone {numbers[0]}" if len(numbers) == 1 else f"each of the microphones {', '.join(numbers)}"


def _db(power: float) -> float:
    return 10.0 * math.log10(max(power, 1e-20))
