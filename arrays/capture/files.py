"""Sound files as a source: as fast as they can be read, or at the pace of the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.filters import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from arrays.capture import Block, Gap
from arrays.capture.riff import data_bytes
from arrays.timebase import Timebase

if TYPE_CHECKING:
    from arrays.session import SessionNode

FAST_BLOCK_S = 10.0
LIVE_BLOCK_S = 0.02
WIDTHS = {"PCM_U8": 1, "ULAW": 1, "ALAW": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a sound file's header says, found to be true."""

    rate_hz: float
    channels: int
    samples: int


def read_header(path: Path) -> Header:
    """Read a sound file's header. Raises InputError where it is missing, damaged, cut short or empty."""
    if not path.is_file():
        raise InputError(f"file {path} does not exist; expected a sound file")
    try:
        with soundfile.SoundFile(path) as file:
            header = Header(rate_hz=float(file.samplerate), channels=file.channels, samples=file.frames)
            promised = promised_samples(path, file)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise InputError(f"file {path} is not a sound file that can be read ({reason(error)})") from error
    if header.samples < promised:
        raise InputError(f"file {path} is cut short: its header promises {promised} samples, it has {header.samples}")
    if header.samples == 0:
        raise InputError(f"file {path} is empty; expected sound")
    if not LOWEST_RATE_HZ <= header.rate_hz <= HIGHEST_RATE_HZ:
        raise InputError(
            f"file {path} has {header.rate_hz:g} Hz; expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g} Hz"
        )
    return header


class SessionFile:
    """A node's recording as a stream.

    Without `start_at_ns` the sound comes as fast as it is asked for, and sample k was taken at the session's start +
    k/rate. With it, sample k is taken at `start_at_ns` + k/rate: blocks come when that is past, and a stream that is
    late (the program was started after that instant) begins with a gap. `stop` ends the stream.
    """

    problem = clock_problem = ""

    def __init__(self, node: SessionNode, start_at_ns: int | None = None, stop: threading.Event | None = None) -> None:
        self._node = node
        self._live = start_at_ns is not None
        self._stop = stop or threading.Event()
        self.rate_hz, self.channels = node.rate_hz, len(node.microphones)
        start_ns = node.start_ns if start_at_ns is None else start_at_ns
        self.timebase = Timebase(0, start_ns, node.rate_hz, node.time_sigma_s)

    def blocks(self, first: int = 0, last: int | None = None) -> Iterator[Block | Gap]:
        """The stream, or its samples from `first` to `last` behind a gap.

        Raises InputError where a sample is not a finite number or the file ends too soon.
        """
        at, end = first, self._node.samples if last is None else min(last, self._node.samples)
        if self._live and (late := self._now_sample()) > 0:
            at = min(round(late), end)
        if at > 0:
            yield Gap(0, at)
        for start, stop, missing in self._stretches(at, end):
            if missing:
                yield Gap(start, stop - start)
                continue
            yield from self._sound(start, stop)

    def read(self, first: int, count: int) -> NDArray[np.float32]:
        """(channels, count) samples from `first` on, zeros where there is no sound. Raises InputError as `blocks`."""
        sound = np.zeros((self.channels, count), np.float32)
        for start, stop, missing in self._stretches(max(first, 0), min(first + count, self._node.samples)):
            if not missing:
                with self._opened(start) as file:
                    sound[:, start - first : stop - first] = self._read(file, start, stop - start)
        return sound

    def _stretches(self, at: int, last: int) -> Iterator[tuple[int, int, bool]]:
        """Sample ranges from `at` to `last`, and whether each is a gap."""
        for start_s, end_s in self._node.gaps:
            start, end = (max(at, min(round(s * self.rate_hz), last)) for s in (start_s, end_s))
            if start > at:
                yield at, start, False
            if end > start:
                yield start, end, True
            at = end
        if at < last:
            yield at, last, False

    def _sound(self, first: int, last: int) -> Iterator[Block]:
        size = max(1, round((LIVE_BLOCK_S if self._live else FAST_BLOCK_S) * self.rate_hz))
        with self._opened(first) as file:
            for index in range(first, last, size):
                count = min(size, last - index)
                if self._live and not self._wait_for(index + count):
                    return
                yield Block(index, self._read(file, index, count))

    def _opened(self, sample: int) -> soundfile.SoundFile:
        """The file, at a sample. Raises InputError where it is no more what its header said."""
        try:
            file = soundfile.SoundFile(self._node.file)
            file.seek(sample)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise InputError(f"file {self._node.file} has no sample {sample} any more ({reason(error)})") from error
        return file

    def _read(self, file: soundfile.SoundFile, index: int, count: int) -> NDArray[np.float32]:
        read: NDArray[np.float32] = file.read(count, dtype="float32", always_2d=True)
        if len(read) < count:
            raise InputError(f"file {self._node.file} ends at sample {index + len(read)}; its header promised more")
        if not np.isfinite(read).all():
            bad = index + int(np.argwhere(~np.isfinite(read))[0][0])
            raise InputError(f"file {self._node.file}: sample {bad} is not a finite number")
        samples = np.ascontiguousarray(read.T)
        samples.flags.writeable = False
        return samples

    def _now_sample(self) -> float:
        return (time.time_ns() - self.timebase.anchor_utc_ns) * 1e-9 * self.rate_hz

    def _wait_for(self, sample: int) -> bool:
        """Wait until `sample` is past; False where the stream was stopped meanwhile."""
        wait_s = (sample - self._now_sample()) / self.rate_hz
        return not self._stop.wait(max(0.0, wait_s))


def reason(error: Exception) -> str:
    """libsndfile's own words, without the path it repeats."""
    return str(error).rsplit(": ", 1)[-1].rstrip(".").lower()


def promised_samples(path: Path, file: soundfile.SoundFile) -> int:
    """Samples that the header promises: libsndfile quietly believes the file's size where a WAV was cut short."""
    width = WIDTHS.get(file.subtype)
    length = data_bytes(path) if file.format in ("WAV", "WAVEX", "RF64") else None
    return int(file.frames) if length is None or width is None else length // (width * file.channels)
