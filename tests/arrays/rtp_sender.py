"""A small RTP sender for the tests, which can do what networks do, and what listens to it."""

from __future__ import annotations

import dataclasses
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address

import numpy as np
from numpy.typing import NDArray

from arrays.capture import Block, Gap
from arrays.capture.rtp import NetworkMicrophone
from arrays.sdp import Stream
from tests.arrays.sessions import RATE_HZ

SAMPLES = 48  # a packet: 1 ms
FIRST, STAMP = 65_500, 2**32 - 1000  # both counters wrap within the first second


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def stream(address: str = "127.0.0.1", **changes: object) -> Stream:
    """L16 of two channels to a free port."""
    plain = Stream(
        address=IPv4Address(address), port=free_port(), payload_type=97, form="s16be", rate_hz=RATE_HZ, channels=2
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def ramp(samples: int) -> NDArray[np.int16]:
    """(2, n): sound whose values tell its place."""
    at = np.arange(samples) % 2**15
    return np.stack([at, -at]).astype(np.int16)


class Sender:
    """Sends (channels, n) int16 as packets; `send` takes their numbers, in the order in which they go out."""

    def __init__(self, to: Stream, sound: NDArray[np.int16], stamp: int = STAMP, host: str = "127.0.0.1") -> None:
        self._to, self._sound, self._stamp, self.name = to, sound, stamp, 0xCAFE
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))

    def packet(self, number: int) -> bytes:
        """One packet as it goes out."""
        sound = self._sound[:, number * SAMPLES : (number + 1) * SAMPLES]
        stamp = (self._stamp + number * SAMPLES) % 2**32
        head = struct.pack("!BBHII", 0x80, 97, (FIRST + number) % 2**16, stamp, self.name)
        return head + sound.T.astype(">i2").tobytes()

    def send(self, numbers: Sequence[int], a_time_s: float = 0.0002) -> None:
        """Pause between packets, so that the kernel's buffer holds what a busy machine has not read yet."""
        for number in numbers:
            self.send_bytes(self.packet(number))
            time.sleep(a_time_s)

    def send_bytes(self, data: bytes) -> None:
        """Anything."""
        self._socket.sendto(data, (str(self._to.address), self._to.port))

    def live(self, start_s: float) -> None:
        """The whole sound, each packet when its last sample is taken."""
        for number in range(self._sound.shape[1] // SAMPLES):
            time.sleep(max(0.0, start_s + (number + 1) * SAMPLES / RATE_HZ - time.time()))
            self.send_bytes(self.packet(number))

    def close(self) -> None:
        """No more."""
        self._socket.close()


@contextmanager
def heard(source: NetworkMicrophone, stop: threading.Event) -> Iterator[list[Block | Gap]]:
    """What a source yields while the body runs; whole once that is left."""
    items: list[Block | Gap] = []

    def collect() -> None:
        for item in source.blocks():
            items.append(item)  # noqa: PERF402 — seen by the test while it grows

    listener = threading.Thread(target=collect)
    listener.start()
    try:
        yield items
        time.sleep(0.3)  # for what is under way
    finally:
        stop.set()
        listener.join(5.0)
    assert not listener.is_alive()


def end(item: Block | Gap) -> int:
    """The sample after it."""
    return item.index + (item.samples if isinstance(item, Gap) else item.samples.shape[1])


def check(items: list[Block | Gap], sound: NDArray[np.int16]) -> list[Gap]:
    """One stream without hole, whose sound is that which was sent; return its gaps."""
    at = 0
    for item in items:
        assert item.index == at
        at = end(item)
        if isinstance(item, Block):
            assert not item.samples.flags.writeable
            assert np.array_equal(item.samples, sound[:, item.index : at] * np.float32(2.0**-15))
    return [item for item in items if isinstance(item, Gap)]
