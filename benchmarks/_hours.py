"""A node process whose source repeats a piece of sound for hours, as fast as it is heard; it prints the hour, and how
much memory the process has, MB. It imports nothing that a node does not.

    python -m benchmarks._hours SETTINGS.toml PIECE.npy HOURS
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import arrays.ear
from acoustic.air import Air
from arrays.capture import Block
from arrays.geometry import offsets
from arrays.node import Node
from arrays.running import log_to_stderr, read_model
from arrays.settings import read_settings
from arrays.timebase import Timebase

LOOK_EVERY_S = 1800  # of the sound's own time
BLOCKS = 6  # of a piece


class Street:
    """A source of (channels, n) again and again; `rate_hz` and `hours` of its own time."""

    clock_problem = problem = ""

    def __init__(self, piece: NDArray[np.float32], rate_hz: float, hours: float) -> None:
        self._piece, self.rate_hz, self.channels = piece, rate_hz, len(piece)
        self._rounds = round(3600.0 * hours * rate_hz / piece.shape[1])
        self.timebase = Timebase(0, time.time_ns() - round(3.6e12 * hours), rate_hz, 1e-5)

    def blocks(self) -> Iterator[Block]:
        """Sound without a gap."""
        length = self._piece.shape[1]
        size, looked = length // BLOCKS, -1
        for index in range(0, self._rounds * length, size):
            if index // round(LOOK_EVERY_S * self.rate_hz) > looked:
                looked = index // round(LOOK_EVERY_S * self.rate_hz)
                print(looked * LOOK_EVERY_S / 3600, resident_mb(), flush=True)
            yield Block(index, self._piece[:, index % length :][:, :size])


def resident_mb() -> float:
    """Of this process, now."""
    text = Path("/proc/self/status").read_text()
    return round(int(text.split("VmRSS:")[1].split()[0]) / 1024.0, 1)


def main(path: str, piece: str, hours: str) -> None:
    """Run it."""
    settings, sound = read_settings(Path(path)), np.load(piece)
    sound.flags.writeable = False
    microphones = offsets(settings.microphones, len(sound))

    def opened(_settings: object, _stop: object) -> tuple[Street, NDArray[np.float64], Air]:
        return Street(sound, 48_000.0, float(hours)), microphones, Air()

    log_to_stderr()
    vars(arrays.ear)["open_source"] = opened
    Node(settings, read_model(settings.model)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
