"""The ring holds the newest sound, and nothing else."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.ring import Ring
from tests.conftest import REPOSITORY


@given(st.lists(st.integers(-7, 7), max_size=20), st.integers(-5, 60), st.integers(0, 12))
def test_it_reads_as_the_whole_stream_would(steps: list[int], start: int, count: int) -> None:
    """A step of n > 0 is a block of n samples, of n < 0 a gap of −n."""
    ring, stream = Ring(2, 7), np.zeros((2, 0), np.float32)
    for step in steps:
        new = np.zeros((2, abs(step)), np.float32)
        if step > 0:
            new += stream.shape[1] + 1 + np.arange(step, dtype=np.float32)
            ring.append(new)
        else:
            ring.skip(-step)
        stream = np.concatenate([stream, new], axis=1)
    expected = np.zeros((2, count), np.float32)
    for i in range(count):
        at = start + i
        if max(0, stream.shape[1] - 7) <= at < stream.shape[1]:
            expected[:, i] = stream[:, at]
    assert ring.end == stream.shape[1]
    assert np.array_equal(ring.read(start, count), expected)


def test_what_is_read_is_a_copy() -> None:
    ring = Ring(1, 4)
    ring.append(np.ones((1, 4), np.float32))
    ring.read(0, 4)[:] = 5.0
    assert ring.read(0, 4).tolist() == [[1.0] * 4]


def test_a_block_longer_than_the_ring_and_an_empty_ring_are_refused() -> None:
    with pytest.raises(InputError, match="a block of 5 samples for a ring of 4"):
        Ring(1, 4).append(np.zeros((1, 5), np.float32))
    with pytest.raises(InputError, match="expected 1 or more of each"):
        Ring(0, 4)


def test_what_it_holds_all_of_is_given_and_nothing_else() -> None:
    ring = Ring(1, 10)
    ring.append(np.arange(8, dtype=np.float32)[None])
    ring.append(np.arange(8, 16, dtype=np.float32)[None])
    held = ring.held(6, 16)
    assert held is not None
    assert held.tolist() == [list(map(float, range(6, 16)))]
    assert ring.held(5, 16) is None
    assert ring.held(6, 17) is None


LOCKING = """
import os, resource, sys
from arrays.ring import Ring
resource.setrlimit(resource.RLIMIT_MEMLOCK, (int(sys.argv[1]),) * 2)
if os.getuid() == 0:
    os.setuid(65534)
ring = Ring(1, 48_000)
print(ring.lock())
print([line for line in open("/proc/self/status") if line.startswith("VmLck")][0].split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what is locked is read from /proc")
@pytest.mark.parametrize(("most", "why", "least_kb"), [(1 << 20, "", 187), (4096, "Cannot allocate memory", 0)])
def test_its_pages_are_locked_where_the_system_allows_it(most: int, why: str, least_kb: int) -> None:
    line = [sys.executable, "-c", LOCKING, str(most)]
    said = subprocess.run(line, capture_output=True, text=True, cwd=REPOSITORY, check=True).stdout.splitlines()
    assert said[0] == why
    assert least_kb <= int(said[1]) <= least_kb + 8
