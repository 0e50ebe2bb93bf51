"""A PortAudio input as a source: the callback copies and enqueues, nothing more."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from acoustic.errors import ResourceError
from acoustic.pps import Pulses
from arrays.capture import Block, Gap
from arrays.computer import Standing
from arrays.dating import Dating
from arrays.timebase import Timebase

BLOCK_S = 0.02
QUEUE_S = 2.0
SILENT_S = 2.0
RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the callback hands on, when it began by the computer's clock, and by how much its place is in doubt.

    `wire`: the sound of the pulse's channel, (n,) float32, where there is one.
    """

    item: Block | Gap
    utc_ns: int
    doubt_s: float = 0.0
    wire: NDArray[np.float32] | None = None


class SoundCard:
    """The chosen channels (from 1) of an input whose name contains `device`, the default input where that is empty.

    Samples are counted; the computer's clock, which `standing` tells of, says how fast the card really is. A block
    that finds the queue full is dropped and shows as a gap, to the sample. What the driver itself lost is counted
    by its own clock, and a card that was unplugged by the computer's, to a few samples: σ grows by a block until the
    clock is found again. A pulse per second on `pps_channel` dates samples to microseconds. A card that is gone is
    tried again for ever, ever more slowly. `stop` ends the stream. Raises ResourceError where PortAudio is absent, or
    the device at the start.
    """

    def __init__(
        self,
        device: str,
        rate_hz: float,
        channels: Sequence[int],
        standing: Callable[[], Standing],
        pps_channel: int | None = None,
        stop: threading.Event | None = None,
        portaudio: Any = None,
    ) -> None:
        self._portaudio = portaudio or load_portaudio()
        self._name, self._columns = device, [channel - 1 for channel in channels]
        self._wire = None if pps_channel is None else pps_channel - 1
        self._inputs = max(*channels, pps_channel or 1)
        self._device = find_input(self._portaudio, device, self._inputs)
        self.rate_hz, self.channels = rate_hz, len(channels)
        self._dating, self._pulses = Dating(rate_hz, standing, pps_channel), Pulses(rate_hz)
        self._stop = stop or threading.Event()
        self._queue: queue.Queue[_Taken] = queue.Queue(round(QUEUE_S / BLOCK_S))
        self._counter = self._lost = 0
        self.problem = ""
        self._doubt_s = 0.0
        self._first_adc_s: float | None = None  # of this opening, and the counter then
        self._first_counter = 0
        self._end_ns = 0  # of the last sound taken
        self._now = 0  # sample of the newest sound handed on

    @property
    def timebase(self) -> Timebase:
        """The sample counter in UTC, as it is known so far."""
        return self._dating.timebase(self._now)

    @property
    def clock_problem(self) -> str:
        """Why that is not known better."""
        return self._dating.problem(self._now)

    def blocks(self) -> Iterator[Block | Gap]:
        """The stream, until `stop`. Raises ResourceError where the device cannot be opened at first."""
        wait_s = RETRY_S
        while not self._stop.is_set():
            try:
                for item in self._opened():
                    wait_s, self.problem = RETRY_S, ""
                    yield item
            except ResourceError as error:
                if not self._now:
                    raise
                self.problem = str(error)
                log.warning("sound input is gone; it is tried again", problem=self.problem, wait_s=wait_s)
                self._stop.wait(wait_s)
                wait_s = min(2.0 * wait_s, LONGEST_RETRY_S)
                self._look_again()

    def _look_again(self) -> None:
        """PortAudio lists devices when it starts: one that was plugged in again may have another number."""
        self._portaudio._terminate()
        self._portaudio._initialize()
        try:
            self._device = find_input(self._portaudio, self._name, self._inputs)
        except ResourceError as error:
            log.info("sound input is not back yet", problem=str(error))

    def _opened(self) -> Iterator[Block | Gap]:
        self._first_adc_s = None
        try:
            stream = self._portaudio.InputStream(
                device=self._device,
                samplerate=self.rate_hz,
                channels=self._inputs,
                blocksize=round(BLOCK_S * self.rate_hz),
                dtype="float32",
                callback=self._callback,
            )
            with stream:
                while not self._stop.is_set():
                    yield self._handed_on(self._queue.get(timeout=SILENT_S))
        except queue.Empty:
            raise ResourceError(f"sound input {self._device} gives no sound any more; is it unplugged?") from None
        except self._portaudio.PortAudioError as error:
            raise ResourceError(f"sound input {self._device} cannot be used: {error}") from error

    def _handed_on(self, taken: _Taken) -> Block | Gap:
        """Date it."""
        item = taken.item
        if taken.doubt_s:
            self._dating.doubt(taken.doubt_s)
        if isinstance(item, Block):
            self._dating.read(item.index, taken.utc_ns)
            if taken.wire is not None:
                for edge in self._pulses.push(item.index, taken.wire):
                    self._dating.pulse(edge)
            self._now = item.index + item.samples.shape[1]
        return item

    def _callback(self, sound: NDArray[np.float32], frames: int, clock: Any, status: Any) -> None:
        began_ns = time.time_ns() - round((clock.currentTime - clock.inputBufferAdcTime) * 1e9)
        if self._first_adc_s is None:
            self._first_adc_s = clock.inputBufferAdcTime
            if self._end_ns:
                self._lost += max(0, round((began_ns - self._end_ns) * 1e-9 * self.rate_hz))
                self._doubt_s = BLOCK_S
            self._first_counter = self._counter + self._lost
        if status and status.input_overflow:
            since = round((clock.inputBufferAdcTime - self._first_adc_s) * self.rate_hz)
            self._lost = max(self._lost, self._first_counter + since - self._counter)
            self._doubt_s = BLOCK_S
        self._end_ns = began_ns + round(frames / self.rate_hz * 1e9)
        try:
            if self._lost:
                self._queue.put_nowait(_Taken(Gap(self._counter, self._lost), began_ns, self._doubt_s))
                self._counter, self._lost, self._doubt_s = self._counter + self._lost, 0, 0.0
            samples = np.ascontiguousarray(sound[:, self._columns].T)
            samples.flags.writeable = False
            wire = None if self._wire is None else sound[:, self._wire].copy()
            self._queue.put_nowait(_Taken(Block(self._counter, samples), began_ns, wire=wire))
            self._counter += frames
        except queue.Full:
            self._lost += frames


def find_input(portaudio: Any, name: str, channels: int) -> int:
    """Index of the first input device whose name contains `name`, of the default one where that is empty.

    Raises ResourceError where there is none with enough channels.
    """
    try:
        devices = list(enumerate(portaudio.query_devices()))
        default = None if name else portaudio.query_devices(kind="input")
    except (portaudio.PortAudioError, ValueError) as error:
        raise ResourceError(f"there is no sound input: {error}") from error
    if default is not None:
        if default["max_input_channels"] < channels:
            has = f"{default['name']} has {default['max_input_channels']} channels"
            raise ResourceError(f"the default sound input {has}; expected {channels}")
        return int(default["index"])
    inputs = {index: device["name"] for index, device in devices if device["max_input_channels"] >= channels}
    for index, device in inputs.items():
        if name.lower() in device.lower():
            return index
    present = ", ".join(inputs.values()) or "none"
    raise ResourceError(f"no sound input named {name!r} with {channels} channels; there are: {present}")


def load_portaudio() -> Any:
    """The sounddevice module. Raises ResourceError where it, or PortAudio, is absent."""
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise ResourceError("sound input needs the Python package sounddevice; install tocsin[node]") from error
    except OSError as error:
        raise ResourceError("sound input needs PortAudio; on Debian: apt install libportaudio2") from error
    return sounddevice
