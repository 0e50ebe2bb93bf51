"""Reading sound files of any kind that libsndfile knows, with one clear error for what cannot be used."""

from __future__ import annotations

import concurrent.futures
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.filters import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from arrays.capture.files import promised_samples, reason
from recordings.cores import cores

MOST_SAMPLES = 1 << 29  # of a file read at once: 3 h of one channel at 48 kHz, 2 GiB of memory
MOST_PER_TASK = 32  # files handed to a process at once
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording: `samples` (channels, n) float32, full scale ±1, read-only; `rate_hz`."""

    samples: NDArray[np.float32]
    rate_hz: float


def read_sound(path: str | Path) -> Sound:
    """Read a WAV or FLAC file. Raises InputError where it is absent, damaged, cut short, empty, long or not finite."""
    where = Path(path)
    if not where.is_file():
        raise InputError(f"{path}: no such sound file")
    try:
        with soundfile.SoundFile(where) as file:
            promised, rate_hz = promised_samples(where, file), float(file.samplerate)
            if (many := file.frames * file.channels) > MOST_SAMPLES:
                raise InputError(f"{path}: holds {many} samples; expected at most {MOST_SAMPLES}: cut it into parts")
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise InputError(f"{path}: not a sound file that can be read ({reason(error)})") from error
    if len(samples) == 0:
        raise InputError(f"{path}: holds no samples")
    if len(samples) < promised:
        raise InputError(f"{path}: cut short; its header promises {promised} samples, {len(samples)} are there")
    if not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(f"{path}: {rate_hz:g} Hz; expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz")
    if not np.isfinite(samples).all():
        at = int(np.argwhere(~np.isfinite(samples))[0][0])
        raise InputError(f"{path}: sample {at} is not a finite number")
    turned = np.ascontiguousarray(samples.T)
    turned.flags.writeable = False
    return Sound(turned, rate_hz)


def paths_given(arguments: list[str]) -> list[str]:
    """The paths of a command line, `-` standing for the lines of standard input. Raises InputError where there is
    none.
    """
    paths: list[str] = []
    for argument in arguments:
        paths += _lines_of_input() if argument == "-" else [argument]
    if not paths:
        raise InputError("no sound file given; expected paths as arguments, or one a line on standard input with '-'")
    return paths


def _lines_of_input() -> list[str]:
    try:
        return [line for line in sys.stdin.read().splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise InputError(f"standard input is no text ({error.reason}); expected one path a line") from error


def for_each_file(work: Callable[[str], T], paths: list[str]) -> Iterator[T]:
    """`work(path)` for every path, on all cores, in the order of the paths."""
    count = cores()
    if count == 1 or len(paths) < 2 * count:
        yield from map(work, paths)
        return
    share = max(1, min(MOST_PER_TASK, len(paths) // (2 * count)))
    with concurrent.futures.ProcessPoolExecutor(count) as pool:
        yield from pool.map(work, paths, chunksize=share)


def table(rows: Iterable[tuple[str, ...]], heads: tuple[str, ...]) -> Iterator[str]:
    """Lines of a plain table: heads, then rows, columns as wide as they need, numbers to the right."""
    cells = [heads, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        yield "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
