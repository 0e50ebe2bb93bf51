"""Impulses in a stream: where the energy of the next 5 ms stands clear of the 16 ms before and of the noise floor.

    detector = Detector(48_000.0, channels=4, settings=DetectorSettings(joint=True))
    for block in blocks:                      # (channels, n) float32, any n
        for impulse in detector.push(block):  # each once LOOKAHEAD_S of sound after its onset has been pushed
            ...

Energies are taken in steps of about 1 ms above 300 Hz: weak distant shots have lost their high band, wind has none.
The floor is a low quantile of each 96 ms frame, its median over the last second. Exact zeros are padding: they make
no floor and no onset. How the stream is cut into blocks does not change the result by one bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.filters import FRAME_STEPS, FrontEnd, Grid
from acoustic.onset import AFTER, candidates, floors_in_use, frame_floors, pick

FLOOR_FRAMES = 10
PAST_FRAMES = 1  # of steps kept before the frame that is decided
AHEAD_FRAMES = 5  # of sound heard after it
MOST_FRAMES = 64  # analysed at once; bounds memory, not the result
LOUDEST = 1e6  # of a sample; full scale is 1
PEAK_S = 0.03  # after the onset, within which the peak is sought
PLATEAU = 4  # samples at the peak that say clipped
ECHO_S = 0.5
ECHO_DB = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSettings:
    """What counts as an impulse.

    `step_db`: energy of the 5 ms after an onset over the 16 ms before it or the floor, whichever is more; `floor_db`:
    over the floor; `corner_hz`: high-pass; `dead_steps`: of about 1 ms, within which only the clearest onset counts;
    `joint`: the channels are one array and an event is reported once, in the channel that heard it first.
    """

    step_db: float = 7.0
    floor_db: float = 8.0
    corner_hz: float = 300.0
    dead_steps: int = 12
    joint: bool = False


@dataclass(frozen=True, slots=True)
class Impulse:
    """One impulse in one channel.

    `onset_sample`: index in the stream, fractional; `snr_db`: energy of 5 ms over the floor; `level_db`: peak re full
    scale; `duration_s`: until the energy stays 10 dB below; `clipped`: the peak is a plateau; `echo`: at least 6 dB
    weaker than an impulse of the 0.5 s before (so perhaps an echo: the waveform is not compared).
    """

    channel: int
    onset_sample: float
    snr_db: float
    level_db: float
    duration_s: float
    clipped: bool
    echo: bool


class Detector:
    """Impulses of one stream, block by block; see the module. Raises InputError for a bad rate, shape or sample."""

    LOOKAHEAD_S = 0.45

    def __init__(self, rate_hz: float, channels: int, settings: DetectorSettings | None = None) -> None:
        if channels < 1:
            raise InputError(f"channels is {channels}; expected at least 1")
        self.settings = settings or DetectorSettings()
        self.rate_hz, self.channels = float(rate_hz), channels
        self._grid = Grid.of(self.rate_hz)
        self._front = FrontEnd(self._grid, channels, self.settings.corner_hz)
        self._rows = 1 if self.settings.joint else channels
        self._kept = (PAST_FRAMES + AHEAD_FRAMES) * self._grid.frame
        self._raw = np.zeros((channels, self._kept + MOST_FRAMES * self._grid.frame), np.float32)
        self._first = 0  # stream index of the first sample since the start or the last gap
        self._restart()

    def _restart(self) -> None:
        steps = (PAST_FRAMES + AHEAD_FRAMES) * FRAME_STEPS
        self._front.restart()
        self._raw[:, : self._kept] = 0.0
        self._filled = self._kept  # of _raw; what lies before is analysed
        self._frames = -AHEAD_FRAMES  # index of the next frame to be decided
        self._wave = np.zeros((self.channels, steps * self._grid.step), np.float32)
        self._energy = np.zeros((self._rows, steps), np.float32)
        self._padding = np.ones((self._rows, steps), bool)
        self._floors = np.full((self._rows, FLOOR_FRAMES + AHEAD_FRAMES), np.inf, np.float32)
        self._loud: list[tuple[float, float]] = [(-math.inf, -math.inf)] * self._rows

    def push(self, block: NDArray[Any]) -> list[Impulse]:
        """Take (channels, n) samples, n ≥ 0, integers scaled to full scale by their type; return what is certain by
        now.
        """
        samples = checked(block, self.channels)
        found: list[Impulse] = []
        done, scale = 0, _scale(samples.dtype)
        while done < samples.shape[1]:
            part = samples[:, done : done + self._raw.shape[1] - self._filled]
            into = self._raw[:, self._filled : self._filled + part.shape[1]]
            if scale == 1.0:
                into[:] = part
            else:
                np.multiply(part, scale, out=into, casting="unsafe")
            self._filled += part.shape[1]
            done += part.shape[1]
            if (frames := (self._filled - self._kept) // self._grid.frame) > 0:
                found += self._advance(frames)
        return found

    def flush(self) -> list[Impulse]:
        """End the stream: return what was waiting for more sound. A new push starts a stream whose index goes on."""
        rest = self._filled - self._kept
        end = self._first + (self._frames + AHEAD_FRAMES) * self._grid.frame + rest
        whole = self._grid.frame * (AHEAD_FRAMES + (1 if rest else 0))
        self._raw[:, self._filled : self._kept + whole] = 0.0
        self._filled = self._kept + whole
        found = self._advance(whole // self._grid.frame, ends_after=rest)
        self._first = end
        self._restart()
        return found

    def gap(self, samples: int) -> list[Impulse]:
        """`samples` samples are missing: flush, then go on after them."""
        if samples < 0:
            raise InputError(f"gap is {samples} samples; expected 0 or more")
        found = self.flush()
        self._first += samples
        return found

    def _advance(self, count: int, ends_after: int | None = None) -> list[Impulse]:
        """Analyse `count` new frames and decide the frames that have AHEAD_FRAMES after them."""
        grid, new = self._grid, slice(self._kept, self._kept + count * self._grid.frame)
        low, wave = self._front(self._raw[:, new])
        self._append(low, wave, count, ends_after)
        found = self._decide(count)
        self._frames += count
        steps = (PAST_FRAMES + AHEAD_FRAMES) * FRAME_STEPS
        self._wave = self._wave[:, -steps * grid.step :]
        self._energy, self._padding = self._energy[:, -steps:], self._padding[:, -steps:]
        self._floors = self._floors[:, -(FLOOR_FRAMES + AHEAD_FRAMES) :]
        used = count * grid.frame
        kept = self._raw[:, used : self._filled].copy()
        self._filled -= used
        self._raw[:, : self._filled] = kept
        return found

    def _append(self, low: NDArray[np.float32], wave: NDArray[np.float32], count: int, ends_after: int | None) -> None:
        """Append the energies, padding and floors of new frames to what is kept."""
        step = self._grid.step
        padding = np.logical_not(low.reshape(self.channels, -1, step).any(axis=2))
        squares = (wave * wave).reshape(self.channels, -1, step)
        energy = squares[:, :, 0]
        for i in range(1, step):
            energy = energy + squares[:, :, i]
        if ends_after is not None:
            padding[:, ends_after // (self._grid.decimation * step) :] = True
        energy = np.where(padding, np.float32(0.0), energy * np.float32(1.0 / step))
        if self.settings.joint:
            heard = np.maximum((~padding).sum(axis=0, keepdims=True), 1).astype(np.float32)
            energy = energy.sum(axis=0, keepdims=True) / heard
            padding = np.logical_and.reduce(padding, axis=0, keepdims=True)
        self._wave = np.concatenate([self._wave, wave], axis=1)
        self._energy = np.concatenate([self._energy, energy], axis=1)
        self._padding = np.concatenate([self._padding, padding], axis=1)
        floors = frame_floors(energy.reshape(self._rows, count, -1), padding.reshape(self._rows, count, -1))
        self._floors = np.concatenate([self._floors, floors], axis=1)

    def _decide(self, count: int) -> list[Impulse]:
        """The impulses whose clearest step lies in the next `count` frames, in order of step and row."""
        first = PAST_FRAMES * FRAME_STEPS
        s = self.settings
        steps, rows, snr = candidates(
            self._energy,
            self._padding,
            floors_in_use(self._floors[:, : FLOOR_FRAMES + count], FLOOR_FRAMES),
            first,
            step_ratio=10.0 ** (s.step_db / 10.0),
            floor_ratio=10.0 ** (s.floor_db / 10.0),
            dead=s.dead_steps,
        )
        return [self._impulse(int(k), int(r), float(x)) for k, r, x in zip(steps, rows, snr, strict=True)]

    def _impulse(self, at: int, row: int, snr: float) -> Impulse:
        """Pick the onset of a candidate at step `at` of what is kept, and measure it."""
        grid = self._grid
        lowest, highest = (0, self.channels) if self.settings.joint else (row, row + 1)
        channel, late = pick(self._wave[lowest:highest], at * grid.step, grid.working_hz)
        channel += lowest
        raw_at, late = at * grid.step * grid.decimation, late * grid.decimation + (grid.decimation - 1) / 2.0
        window = self._raw[channel, raw_at + int(late) : raw_at + int(late) + round(PEAK_S * self.rate_hz)]
        peak = max(float(window.max()), -float(window.min()))
        level = 20.0 * math.log10(max(peak, 1e-6))
        start = self._first + (self._frames - PAST_FRAMES) * grid.frame
        index = (start + raw_at) + late
        energy = self._energy[row, at : at + AHEAD_FRAMES * FRAME_STEPS]
        faint = np.flatnonzero(energy[AFTER:] < 0.1 * float(energy[:AFTER].max()))
        duration = grid.step_s * (AFTER + (int(faint[0]) if len(faint) else len(energy) - AFTER))
        last, loudest = self._loud[row]
        echo = index - last <= ECHO_S * self.rate_hz and level <= loudest - ECHO_DB
        if not echo:
            self._loud[row] = (index, level)
        plateau = int(np.count_nonzero(np.abs(window) >= 0.999 * peak))
        return Impulse(channel, index, 10.0 * math.log10(snr), level, duration, plateau >= PLATEAU, echo)


def detect(signal: NDArray[Any], rate_hz: float, settings: DetectorSettings | None = None) -> list[Impulse]:
    """Impulses of a whole recording, (channels, n) or (n,): the same, bit for bit, as a Detector's push and flush."""
    rows = np.asarray(signal)
    rows = rows[None, :] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise InputError(f"signal has shape {rows.shape}; expected (channels, samples) or (samples,)")
    detector = Detector(rate_hz, rows.shape[0], settings)
    return detector.push(rows) + detector.flush()


def checked(block: NDArray[Any], channels: int) -> NDArray[Any]:
    """The block if it is (channels, n) finite real numbers; InputError otherwise."""
    samples = np.asarray(block)
    if samples.ndim != 2 or samples.shape[0] != channels:
        raise InputError(f"block has shape {samples.shape}; expected ({channels}, samples)")
    if samples.dtype.kind not in "if":
        raise InputError(f"block is of type {samples.dtype}; expected floating point or signed integers")
    if samples.dtype.kind == "f" and samples.size:
        extreme = max(float(samples.max()), -float(samples.min()))
        if not extreme < LOUDEST:
            bad = np.argwhere(~(np.abs(samples) < LOUDEST))[0].tolist()
            value = samples[bad[0], bad[1]]
            raise InputError(
                f"block holds {value} in channel {bad[0]}, sample {bad[1]}; expected numbers below {LOUDEST:g}"
            )
    return samples


def _scale(kind: np.dtype[Any]) -> float:
    """What makes ±1 the full scale of a sample type."""
    return 1.0 if kind.kind == "f" else 1.0 / (float(np.iinfo(kind).max) + 1.0)
