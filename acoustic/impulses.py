"""Impulses in a stream: where the energy of the next 5 ms stands clear of the 16 ms before and of the noise floor.

    detector = Detector(48_000.0, channels=4, settings=DetectorSettings(joint=True))
    for block in blocks:                      # (channels, n) float32, any n
        for impulse in detector.push(block):  # each once LOOKAHEAD_S of sound after its onset has been pushed
            ...

Energies are taken in steps of about 1 ms above 300 Hz: weak distant shots have lost their high band, wind has none.
The floor is a low quantile of each 96 ms frame, its median over the last second. Exact zeros are padding: they make
no floor and no onset. Of two impulses within 12 ms the clearer counts; but a muzzle blast 7 to 20 ms behind its
bullet's shock wave is told too, at rates that show the shock wave's N. How the stream is cut into blocks does not
change the result by one bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.filters import FRAME_STEPS, FrontEnd, Grid
from acoustic.onset import (
    AFTER,
    EDGE_STEPS,
    FAINTEST,
    FLOOR_FRAMES,
    candidates,
    floors_in_use,
    frame_floors,
    hidden,
    lead,
    lively,
    pick,
)
from acoustic.shock import LEAST_RATE_HZ, n_wave, needs_s

PAST_FRAMES = 1  # of steps kept before the frame that is decided
AHEAD_FRAMES = 5  # of sound heard after it
KEPT_FRAMES = PAST_FRAMES + AHEAD_FRAMES
MOST_FRAMES, LEAST_FRAMES = 64, 16  # of all channels, analysed at once; bounds memory, not the result
MOST_DEAD = 64
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
        if not 1 <= self.settings.dead_steps <= MOST_DEAD:
            raise InputError(f"dead_steps is {self.settings.dead_steps}; expected 1 to {MOST_DEAD}")
        self.rate_hz, self.channels = float(rate_hz), channels
        self._grid = grid = Grid.of(self.rate_hz)
        most = max(LEAST_FRAMES, MOST_FRAMES // channels)
        self._front = FrontEnd(grid, channels, self.settings.corner_hz, most)
        self._rows = rows = 1 if self.settings.joint else channels
        self._step_ratio = 10.0 ** (self.settings.step_db / 10.0)
        self._floor_ratio = 10.0 ** (self.settings.floor_db / 10.0)
        frames = KEPT_FRAMES + most  # held; frame k of each array below is the same stretch of the stream
        self._raw = np.zeros((channels, frames * grid.frame), np.float32)
        self._wave = np.zeros((channels, frames * FRAME_STEPS * grid.step), np.float32)
        self._energy = np.zeros((rows, frames * FRAME_STEPS), np.float32)
        self._padding = np.ones((rows, frames * FRAME_STEPS), bool)
        self._floors = np.zeros((rows, FLOOR_FRAMES - 1 + frames), np.float32)
        self._floor = np.zeros((rows, frames), np.float32)  # in use
        self._mean = np.full(grid.step, 1.0 / grid.step, np.float32)
        self._squares = np.zeros((channels, most * FRAME_STEPS * grid.step), np.float32)
        self.stride = most * grid.frame  # samples that are best pushed at once
        self._around = np.arange(-lead(self.settings.dead_steps), FRAME_STEPS + self.settings.dead_steps + EDGE_STEPS)
        self._restart(0)

    def _restart(self, first: int) -> None:
        """Start a stream at sample `first`: before it lies padding."""
        frame, steps = self._grid.frame, KEPT_FRAMES * FRAME_STEPS
        self._front.restart()
        self._done = KEPT_FRAMES  # frames analysed, of those held
        self._filled = KEPT_FRAMES * frame  # samples
        self._first = first - self._filled  # stream index of the first sample held
        self._raw[:, : self._filled] = 0.0
        self._wave[:, : steps * self._grid.step] = 0.0
        self._energy[:, :steps] = 0.0
        self._padding[:, :steps] = True
        self._floors[:, : FLOOR_FRAMES - 1 + KEPT_FRAMES] = np.inf
        self._floor[:, :KEPT_FRAMES] = FAINTEST
        self._loud: list[tuple[float, float]] = [(-math.inf, -math.inf)] * self._rows

    def push(self, block: NDArray[Any], first: int = 0) -> list[Impulse]:
        """Take (channels, n) samples, n ≥ 0, integers scaled to full scale by their type; return what is certain by
        now.

        A complaint about a sample counts from `first` on.
        """
        samples = checked(block, self.channels, first)
        found: list[Impulse] = []
        taken, size, scale = 0, samples.shape[1], _scale(samples.dtype)
        while taken < size:
            if self._filled == self._raw.shape[1]:
                self._slide()
            part = samples[:, taken : taken + self._raw.shape[1] - self._filled]
            into = self._raw[:, self._filled : self._filled + part.shape[1]]
            if scale == 1.0:
                into[:] = part
            else:
                np.multiply(part, scale, out=into, casting="unsafe")
            self._filled += part.shape[1]
            taken += part.shape[1]
            if frames := self._filled // self._grid.frame - self._done:
                found += self._advance(frames)
        return found

    def flush(self) -> list[Impulse]:
        """End the stream: return what was waiting for more sound. A new push starts a stream whose index goes on."""
        self._slide()
        rest = self._filled - self._done * self._grid.frame
        end, frames = self._first + self._filled, AHEAD_FRAMES + (1 if rest else 0)
        self._raw[:, self._filled : (self._done + frames) * self._grid.frame] = 0.0
        found = self._advance(frames, ends_after=rest)
        self._restart(end)
        return found

    def gap(self, samples: int) -> list[Impulse]:
        """`samples` samples are missing: flush, then go on after them."""
        if samples < 0:
            raise InputError(f"gap is {samples} samples; expected 0 or more")
        found = self.flush()
        self._first += samples
        return found

    def _slide(self) -> None:
        """Forget all frames but the last KEPT_FRAMES of those analysed: room for more."""
        old, step = self._done - KEPT_FRAMES, self._grid.step
        for held, length in (
            (self._raw, self._grid.frame),
            (self._wave, FRAME_STEPS * step),
            (self._energy, FRAME_STEPS),
            (self._padding, FRAME_STEPS),
            (self._floors, 1),
            (self._floor, 1),
        ):
            held[:, : held.shape[1] - old * length] = held[:, old * length :]
        self._done, self._filled = KEPT_FRAMES, self._filled - old * self._grid.frame
        self._first += old * self._grid.frame

    def _advance(self, count: int, ends_after: int | None = None) -> list[Impulse]:
        """Analyse `count` new frames and decide the frames that have AHEAD_FRAMES after them."""
        self._analyse(count, ends_after)
        self._done += count
        return self._decide(count)

    def _analyse(self, count: int, ends_after: int | None) -> None:
        """Energies, padding and floors of new frames."""
        grid, done = self._grid, self._done
        raw = self._raw[:, done * grid.frame : (done + count) * grid.frame]
        steps = slice(done * FRAME_STEPS, (done + count) * FRAME_STEPS)
        wave = self._wave[:, steps.start * grid.step : steps.stop * grid.step]
        low = self._front(raw, wave)
        padding = low[:, :: grid.step] == 0.0
        if padding.any():
            padding[padding] = np.logical_not(low.reshape(self.channels, -1, grid.step)[padding].any(axis=1))
        squares = self._squares[:, : wave.shape[1]]
        np.multiply(wave, wave, out=squares)
        energy = np.matmul(squares.reshape(self.channels, count, FRAME_STEPS, grid.step), self._mean)
        energy = energy.reshape(self.channels, -1)
        if ends_after is not None:
            padding[:, ends_after // (grid.decimation * grid.step) :] = True
        if padding.any():
            energy[padding] = 0.0
        shape = (self.channels, count, FRAME_STEPS)
        floors = frame_floors(energy.reshape(shape), padding.reshape(shape))
        if self.settings.joint:
            energy, floors = _mean(energy, ~padding), _mean(floors, np.isfinite(floors), nothing=math.inf)
            padding = np.logical_and.reduce(padding, axis=0, keepdims=True)
        self._energy[:, steps], self._padding[:, steps] = energy, padding
        known = self._floors[:, done : done + FLOOR_FRAMES - 1 + count]
        known[:, FLOOR_FRAMES - 1 :] = floors
        self._floor[:, done : done + count] = floors_in_use(known)

    def _decide(self, count: int) -> list[Impulse]:
        """The impulses whose clearest step lies in the next `count` frames, in order of step and row."""
        first = self._done - AHEAD_FRAMES - count
        floors = self._floor[:, first : first + count]
        loud = lively(self._energy, self._padding, floors, first * FRAME_STEPS, self._floor_ratio)
        if not loud.any():
            return []
        rows, frames = np.nonzero(loud)
        frames += first
        around = frames[:, None] * FRAME_STEPS + self._around
        which, steps, snr = candidates(
            self._energy[rows[:, None], around],
            self._padding[rows[:, None], around],
            self._floor[rows[:, None], frames[:, None] + np.arange(-1, 2)],
            step_ratio=self._step_ratio,
            floor_ratio=self._floor_ratio,
            dead=self.settings.dead_steps,
        )
        at = frames[which] * FRAME_STEPS + steps
        found = sorted(zip(at.tolist(), rows[which].tolist(), snr.tolist(), strict=True))
        return [impulse for x in found for impulse in self._with_hidden(*x)]

    def _with_hidden(self, at: int, row: int, snr: float) -> list[Impulse]:
        """The impulse of a candidate; if it is a bullet's shock wave, the muzzle blast that it hides as well."""
        found = [self._impulse(at, row, snr)]
        if self.rate_hz < LEAST_RATE_HZ:
            return found
        floor, energy = float(self._floor[row, at // FRAME_STEPS]), self._energy[row]
        ratios = {"step_ratio": self._step_ratio, "floor_ratio": self._floor_ratio}
        behind = hidden(energy, at, floor, dead=self.settings.dead_steps, **ratios)
        if behind is None:
            return found
        before, after = (math.ceil(s * self.rate_hz) + 2 for s in needs_s())
        start = math.floor(found[0].onset_sample) - self._first - before
        sound = self._raw[found[0].channel, start : start + before + after]
        if n_wave(sound, self.rate_hz, found[0].onset_sample - self._first - start) is not None:
            found.append(self._impulse(behind, row, float(energy[behind : behind + AFTER].mean()) / floor))
        return found

    def _impulse(self, at: int, row: int, snr: float) -> Impulse:
        """Pick the onset of a candidate at step `at` of what is kept, and measure it."""
        grid = self._grid
        lowest, highest = (0, self.channels) if self.settings.joint else (row, row + 1)
        channel, late = pick(self._wave[lowest:highest], at * grid.step, grid.working_hz)
        channel += lowest
        raw_at, late = at * grid.step * grid.decimation, late * grid.decimation + (grid.decimation - 1) / 2.0
        window = self._raw[channel, raw_at + int(late) : raw_at + int(late) + round(PEAK_S * self.rate_hz)]
        size = np.abs(window)
        peak = float(size.max())
        level = 20.0 * math.log10(max(peak, 1e-6))
        index = (self._first + raw_at) + late
        energy = self._energy[row, at : at + AHEAD_FRAMES * FRAME_STEPS]
        faint = energy[AFTER:] < 0.1 * float(energy[:AFTER].max())
        lasting = int(faint.argmax()) if faint.any() else len(faint)
        last, loudest = self._loud[row]
        echo = index - last <= ECHO_S * self.rate_hz and level <= loudest - ECHO_DB
        if not echo:
            self._loud[row] = (index, level)
        clipped = int(np.count_nonzero(size >= 0.999 * peak)) >= PLATEAU
        duration_s = grid.step_s * (AFTER + lasting)
        return Impulse(channel, index, 10.0 * math.log10(snr), level, duration_s, clipped, echo)


def detect(signal: NDArray[Any], rate_hz: float, settings: DetectorSettings | None = None) -> list[Impulse]:
    """Impulses of a whole recording, (channels, n) or (n,): the same, bit for bit, as a Detector's push and flush."""
    rows = np.asarray(signal)
    rows = rows[None, :] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise InputError(f"signal has shape {rows.shape}; expected (channels, samples) or (samples,)")
    detector = Detector(rate_hz, rows.shape[0], settings)
    found: list[Impulse] = []
    for first in range(0, max(rows.shape[1], 1), detector.stride):
        found += detector.push(rows[:, first : first + detector.stride], first)
    return found + detector.flush()


def checked(block: NDArray[Any], channels: int, first: int = 0) -> NDArray[Any]:
    """The block if it is (channels, n) finite real numbers; InputError otherwise, counting samples from `first`."""
    samples = np.asarray(block)
    if samples.ndim != 2 or samples.shape[0] != channels:
        raise InputError(f"block has shape {samples.shape}; expected ({channels}, samples)")
    if samples.dtype.kind not in "if":
        raise InputError(f"block is of type {samples.dtype}; expected floating point or signed integers")
    # one reading of the sound says that none is too loud; only where it does not is each sample looked at
    if samples.dtype.kind == "f" and not np.vdot(samples, samples) < LOUDEST**2:
        bad = np.argwhere(~(np.abs(samples) < LOUDEST))
        if len(bad):
            channel, at = bad[0].tolist()
            raise InputError(
                f"block holds {samples[channel, at]} in channel {channel}, sample {first + at}; "
                f"expected numbers below {LOUDEST:g}"
            )
    return samples


def _mean(rows: NDArray[np.float32], heard: NDArray[np.bool_], nothing: float = 0.0) -> NDArray[np.float32]:
    """Mean over the channels that are heard, (1, n); `nothing` where none is."""
    if heard.all():
        return np.asarray(rows.sum(axis=0, keepdims=True) / np.float32(len(rows)))
    count = np.count_nonzero(heard, axis=0, keepdims=True).astype(np.float32)
    total = np.where(heard, rows, np.float32(0.0)).sum(axis=0, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, np.float32(1.0)), np.float32(nothing))


def _scale(kind: np.dtype[Any]) -> float:
    """What makes ±1 the full scale of a sample type."""
    return 1.0 if kind.kind == "f" else 1.0 / (float(np.iinfo(kind).max) + 1.0)
