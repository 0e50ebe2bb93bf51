"""Raw samples on standard input as a source: what `arecord -t raw` or `ffmpeg -f s16le` writes."""

from __future__ import annotations

import math
import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import structlog

from acoustic.errors import InputError, ResourceError
from arrays import pcm
from arrays.capture import Block, Gap
from arrays.clock import ArrivalClock
from arrays.computer import Standing
from arrays.timebase import Timebase

BLOCK_S = 0.02
QUEUE_S = 2.0
POLL_S = 0.1
SILENT_S = 2.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Read:
    """Whole frames from sample `index` on, and when the last of them was there."""

    index: int
    data: bytes
    utc_ns: int


class RawInput:
    """Interleaved samples of `form` (see `arrays.pcm`), from a file descriptor, standard input if none is given.

    Samples are counted; the computer's clock, which `standing` tells of, says when they came. What comes must be
    taken at once, or the program that writes loses sound without a word: so a block that finds the queue full is
    dropped, and shows as a gap, to the sample. The end of input, or `stop`, ends the stream.
    """

    def __init__(
        self,
        form: str,
        rate_hz: float,
        channels: int,
        standing: Callable[[], Standing],
        stop: threading.Event | None = None,
        descriptor: int = 0,
    ) -> None:
        self.rate_hz, self.channels = rate_hz, channels
        self._form, self._standing, self._descriptor = form, standing, descriptor
        self._frame = pcm.WIDTHS[form] * channels  # bytes
        self._stop = stop or threading.Event()
        self._closed = threading.Event()
        self._queue: queue.Queue[_Read] = queue.Queue(round(QUEUE_S / BLOCK_S))
        self._counter = self._now = 0  # samples: read, and handed on
        self._clock = ArrivalClock(rate_hz)
        self._read_at_s = time.monotonic()

    @property
    def timebase(self) -> Timebase:
        """The sample counter in UTC, as the computer's clock has it so far."""
        fitted = self._clock.timebase(self._now)
        return replace(fitted, sigma_s=math.hypot(fitted.sigma_s, self._standing().sigma_s))

    @property
    def clock_problem(self) -> str:
        """Why that is not known better."""
        return self._standing().problem

    @property
    def problem(self) -> str:
        """Why no sound comes."""
        silent_s = time.monotonic() - self._read_at_s
        return f"nothing came on standard input for {silent_s:.0f} s" if silent_s > SILENT_S else ""

    def blocks(self) -> Iterator[Block | Gap]:
        """The stream. Raises InputError where a sample is not a finite number, ResourceError where reading fails."""
        with ThreadPoolExecutor(1, "standard input") as pool:
            reading = pool.submit(self._read)
            try:
                while not self._stop.is_set():
                    ended = reading.done()
                    try:
                        yield from self._handed_on(self._queue.get(timeout=0.0 if ended else POLL_S))
                    except queue.Empty:
                        if ended:
                            yield from self._last(reading)
                            return
            finally:
                self._closed.set()

    def _handed_on(self, read: _Read) -> Iterator[Block | Gap]:
        if read.index > self._now:
            yield Gap(self._now, read.index - self._now)
        samples = pcm.samples(read.data, self._form, self.channels)
        if not np.isfinite(samples).all():
            bad = read.index + int(np.argwhere(~np.isfinite(samples))[:, 1].min())
            raise InputError(f"standard input: sample {bad} is not a finite number")
        self._now = read.index + samples.shape[1]
        self._clock.arrived(self._now, self._standing().utc_ns(read.utc_ns))
        yield Block(read.index, samples)

    def _last(self, reading: Future[None]) -> Iterator[Gap]:
        try:
            reading.result()
        except OSError as error:
            raise ResourceError(f"standard input cannot be read: {error.strerror}") from error
        if self._counter > self._now:
            yield Gap(self._now, self._counter - self._now)
        log.info("standard input ended", seconds=self._counter / self.rate_hz)

    def _read(self) -> None:
        """The reader's thread: blocks of a fixed size, until the input ends or nobody wants them."""
        size, held = round(BLOCK_S * self.rate_hz) * self._frame, b""
        while not self._closed.is_set():
            if not select.select([self._descriptor], [], [], POLL_S)[0]:
                continue
            part = os.read(self._descriptor, size - len(held))
            self._read_at_s = time.monotonic()
            held += part
            if len(held) < size and part:
                continue
            whole = len(held) - len(held) % self._frame
            if whole:
                self._offer(held[:whole])
            if not part:
                if torn := len(held) - whole:
                    log.warning("standard input ended within a frame, which is dropped", bytes=torn, frame=self._frame)
                return
            held = b""

    def _offer(self, data: bytes) -> None:
        """Hand on what was read, or drop it: the counter goes on, and what comes next shows the gap."""
        index, self._counter = self._counter, self._counter + len(data) // self._frame
        if not self._queue.full():
            self._queue.put_nowait(_Read(index, data, time.time_ns()))
