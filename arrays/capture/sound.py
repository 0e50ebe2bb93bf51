"""A PortAudio input as a source: the callback copies and enqueues, nothing more."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acoustic.errors import ResourceError
from arrays.capture import Block, Gap
from arrays.timebase import Timebase

BLOCK_S = 0.02
QUEUE_S = 2.0
SILENT_S = 2.0


class SoundCard:
    """The chosen channels (from 1) of an input whose name contains `device`, the default input where that is empty.

    A block that finds the queue full is dropped and shows as a gap, to the sample. What the driver itself lost is
    counted by its own clock, to a few samples: σ grows by a block for each time it happened. `stop` ends the stream.
    Raises ResourceError where PortAudio or the device is absent.
    """

    def __init__(
        self,
        device: str,
        rate_hz: float,
        channels: Sequence[int],
        time_sigma_s: float,
        stop: threading.Event | None = None,
        portaudio: Any = None,
    ) -> None:
        self._portaudio = portaudio or _portaudio()
        self._device = find_input(self._portaudio, device, max(channels))
        self._columns = [channel - 1 for channel in channels]
        self.rate_hz, self.channels = rate_hz, len(channels)
        self._sigma_s = time_sigma_s
        self._stop = stop or threading.Event()
        self._queue: queue.Queue[Block | Gap] = queue.Queue(round(QUEUE_S / BLOCK_S))
        self._counter = self._lost = self._slips = 0
        self._first_adc_s: float | None = None
        self._anchor_ns = time.time_ns()

    @property
    def timebase(self) -> Timebase:
        """Sample 0 is when the first block's first sample was taken, by the computer's clock."""
        return Timebase(0, self._anchor_ns, self.rate_hz, self._sigma_s + self._slips * BLOCK_S)

    def blocks(self) -> Iterator[Block | Gap]:
        """The stream, until `stop`. Raises ResourceError where the device cannot be opened or falls silent."""
        try:
            stream = self._portaudio.InputStream(
                device=self._device,
                samplerate=self.rate_hz,
                channels=max(self._columns) + 1,
                blocksize=round(BLOCK_S * self.rate_hz),
                dtype="float32",
                callback=self._callback,
            )
            with stream:
                yield from self._taken()
        except self._portaudio.PortAudioError as error:
            raise ResourceError(f"sound input {self._device} cannot be used: {error}") from error

    def _taken(self) -> Iterator[Block | Gap]:
        while not self._stop.is_set():
            try:
                yield self._queue.get(timeout=SILENT_S)
            except queue.Empty:
                raise ResourceError(f"sound input {self._device} gives no sound any more; is it unplugged?") from None

    def _callback(self, sound: NDArray[np.float32], frames: int, clock: Any, status: Any) -> None:
        if self._first_adc_s is None:
            self._first_adc_s = clock.inputBufferAdcTime
            self._anchor_ns = time.time_ns() - round((clock.currentTime - clock.inputBufferAdcTime) * 1e9)
        if status and status.input_overflow:
            expected = round((clock.inputBufferAdcTime - self._first_adc_s) * self.rate_hz)
            self._lost += max(0, expected - self._counter - self._lost)
            self._slips += 1
        try:
            if self._lost:
                self._queue.put_nowait(Gap(self._counter, self._lost))
                self._counter, self._lost = self._counter + self._lost, 0
            samples = np.ascontiguousarray(sound[:, self._columns].T)
            samples.flags.writeable = False
            self._queue.put_nowait(Block(self._counter, samples))
            self._counter += frames
        except queue.Full:
            self._lost += frames


def find_input(portaudio: Any, name: str, channels: int) -> int:
    """Index of the first input device whose name contains `name` and that has enough channels. Raises ResourceError."""
    try:
        devices = list(enumerate(portaudio.query_devices()))
        if not name:
            return int(portaudio.query_devices(kind="input")["index"])
    except (portaudio.PortAudioError, ValueError) as error:
        raise ResourceError(f"there is no sound input: {error}") from error
    inputs = {index: device["name"] for index, device in devices if device["max_input_channels"] >= channels}
    for index, device in inputs.items():
        if name.lower() in device.lower():
            return index
    present = ", ".join(inputs.values()) or "none"
    raise ResourceError(f"no sound input named {name!r} with {channels} channels; there are: {present}")


def _portaudio() -> Any:
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise ResourceError("sound input needs the Python package sounddevice; install tocsin[node]") from error
    except OSError as error:
        raise ResourceError("sound input needs PortAudio; on Debian: apt install libportaudio2") from error
    return sounddevice
