"""Reading sound files of any kind that libsndfile knows, with one clear error for what cannot be used."""

from __future__ import annotations

import concurrent.futures
import os
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

MOST_PER_TASK = 32  # files handed to a process at once
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording: `samples` (channels, n) float32, full scale ±1, read-only; `rate_hz`."""

    samples: NDArray[np.float32]
    rate_hz: float


def read_sound(path: str | Path) -> Sound:
    """Read a WAV or FLAC file. Raises InputError where it is missing, damaged, cut short, empty or not finite."""
    where = Path(path)
    if not where.is_file():
        raise InputError(f"{path}: no such sound file")
    try:
        with soundfile.SoundFile(where) as file:
            promised, rate_hz = _promised_frames(where, file), float(file.samplerate)
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise InputError(f"{path}: not a sound file that can be read ({_reason(error)})") from error
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


def _promised_frames(where: Path, file: soundfile.SoundFile) -> int:
    """How many samples the header promises: libsndfile quietly believes the file's size where a WAV was cut short."""
    if file.format not in ("WAV", "WAVEX"):
        return int(file.frames)
    promised = _wav_data_bytes(where)
    width = {"PCM_U8": 1, "ULAW": 1, "ALAW": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
    size = width.get(file.subtype)
    return int(file.frames) if promised is None or size is None else promised // (size * file.channels)


def _wav_data_bytes(where: Path) -> int | None:
    """Length that a RIFF file's data chunk states; None where it states none (0 or 2³²−1, as streaming tools write)."""
    with where.open("rb") as file:
        if file.read(12)[:4] != b"RIFF":
            return None
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[4:], "little")
            if head[:4] == b"data":
                return None if length in (0, 0xFFFFFFFF) else length
            file.seek(length + length % 2, os.SEEK_CUR)
    return None


def _reason(error: Exception) -> str:
    """libsndfile's own words, without the path it repeats."""
    return str(error).rsplit(": ", 1)[-1].rstrip(".").lower()


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
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(paths) < 2 * cores:
        yield from map(work, paths)
        return
    share = max(1, min(MOST_PER_TASK, len(paths) // (2 * cores)))
    with concurrent.futures.ProcessPoolExecutor(cores) as pool:
        yield from pool.map(work, paths, chunksize=share)


def table(rows: Iterable[tuple[str, ...]], heads: tuple[str, ...]) -> Iterator[str]:
    """Lines of a plain table: heads, then rows, columns as wide as they need, numbers to the right."""
    cells = [heads, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        yield "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
