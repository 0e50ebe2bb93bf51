"""Raw samples on standard input: real pipes, and a real node at the end of one."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from structlog.testing import capture_logs

from acoustic.errors import InputError, ResourceError
from arrays import pcm
from arrays.capture import Block, Gap
from arrays.capture.raw import QUEUE_S, RawInput
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, tocsin, wait_for
from tests.arrays.sessions import RATE_HZ, noise, with_bangs
from tests.arrays.standing import known

SUBTYPES = {"s16le": "PCM_16", "s24le": "PCM_24", "s32le": "PCM_32", "f32le": "FLOAT"}
ENDIAN = {"s16be": "PCM_16", "s24be": "PCM_24"}


@contextmanager
def piped(write: Callable[[int], object]) -> Iterator[int]:
    """The reading end of a pipe into which `write` writes, in a thread of its own; closed after it."""
    read_end, write_end = os.pipe()

    def run() -> None:
        try:
            write(write_end)
        finally:
            os.close(write_end)

    writer = threading.Thread(target=run)
    writer.start()
    try:
        yield read_end
    finally:
        os.close(read_end)
        writer.join()


def whole(items: list[Block | Gap]) -> NDArray[np.float32]:
    """The blocks' sound (channels, n), once they are found to follow each other."""
    at = 0
    for item in items:
        assert isinstance(item, Block)
        assert item.index == at
        assert not item.samples.flags.writeable
        at += item.samples.shape[1]
    return np.concatenate([item.samples for item in items if isinstance(item, Block)], axis=1)


@pytest.mark.parametrize("form", [*SUBTYPES, *ENDIAN])
def test_samples_are_those_that_libsndfile_reads(tmp_path: Path, form: str) -> None:
    endian = "BIG" if form in ENDIAN else "LITTLE"
    path, subtype = tmp_path / "sound.raw", (SUBTYPES | ENDIAN)[form]
    soundfile.write(path, 300 * noise(0.1, 3).T, RATE_HZ, subtype=subtype, format="RAW", endian=endian)
    raw = {"samplerate": RATE_HZ, "channels": 3, "subtype": subtype, "format": "RAW", "endian": endian}
    expected = soundfile.read(path, dtype="float32", always_2d=True, **raw)[0].T
    assert np.abs(expected).max() > 0.5
    assert np.array_equal(pcm.samples(path.read_bytes(), form, 3), expected)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5000), max_size=20), st.integers(0, 5))
def test_however_it_is_written_the_sound_is_whole_and_a_torn_frame_is_dropped_and_said(
    cuts: list[int], torn: int
) -> None:
    data = np.random.default_rng(1).integers(-(2**15), 2**15, (3000, 3), np.int16).tobytes() + bytes(torn)

    def write(descriptor: int) -> None:
        at = 0
        for size in [*cuts, len(data)]:
            os.write(descriptor, data[at : at + size])
            at += size

    with piped(write) as descriptor, capture_logs() as logs:
        items = list(RawInput("s16le", RATE_HZ, 3, known(1e-3), None, descriptor).blocks())
    assert np.array_equal(whole(items), pcm.samples(data[:18_000], "s16le", 3))
    assert [log["bytes"] for log in logs if "within a frame" in log["event"]] == ([torn] if torn else [])


def test_an_input_without_sound_ends_too() -> None:
    with piped(lambda _: None) as descriptor:
        assert list(RawInput("s16le", RATE_HZ, 1, known(1e-3), None, descriptor).blocks()) == []


def test_stop_ends_the_stream_though_nothing_comes() -> None:
    stop, over = threading.Event(), threading.Event()
    with piped(lambda _: over.wait(10.0)) as descriptor:
        source = RawInput("s16le", RATE_HZ, 1, known(1e-3), stop, descriptor)
        threading.Timer(0.2, stop.set).start()
        began_s = time.monotonic()
        assert list(source.blocks()) == []
        assert time.monotonic() - began_s < 1.0
        over.set()


def test_what_the_node_is_too_slow_for_is_a_gap_to_the_sample_and_the_writer_never_waits() -> None:
    """Sound is taken while the node sleeps: its values say which of it is missing."""
    seconds, written = 4, threading.Event()
    counted = np.arange(seconds * RATE_HZ, dtype="<i4")

    def write(descriptor: int) -> None:
        view = memoryview(counted.tobytes())
        while view:
            view = view[os.write(descriptor, view) :]
        written.set()

    with piped(write) as descriptor:
        items = []
        for item in RawInput("s32le", RATE_HZ, 1, known(1e-3), None, descriptor).blocks():
            assert written.wait(10.0)
            items.append(item)
    at, lost = 0, 0
    for item in items:
        assert item.index == at
        if isinstance(item, Gap):
            lost, at = lost + item.samples, at + item.samples
        else:
            assert np.array_equal(item.samples[0], counted[at : at + item.samples.shape[1]] * np.float32(2.0**-31))
            at += item.samples.shape[1]
    assert at == len(counted)
    pipe_s = 2**16 / 4 / RATE_HZ  # what a pipe holds is read when the node is awake again
    assert lost >= (seconds - QUEUE_S - pipe_s - 0.1) * RATE_HZ


def test_a_sample_that_is_no_number_is_named() -> None:
    sound = np.zeros((2000, 2), "<f4")
    sound[1234, 1] = np.inf
    with (
        piped(lambda descriptor: os.write(descriptor, sound.tobytes())) as descriptor,
        pytest.raises(InputError, match="standard input: sample 1234 is not a finite number"),
    ):
        list(RawInput("f32le", RATE_HZ, 2, known(1e-3), None, descriptor).blocks())


def test_an_input_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(ResourceError, match="standard input cannot be read: Is a directory"):
        list(RawInput("s16le", RATE_HZ, 1, known(1e-3), None, descriptor).blocks())
    os.close(descriptor)


def write_live(descriptor: int, data: bytes, bytes_per_s: int, start_s: float, period_s: float) -> None:
    """As a recorder writes: a period of sound at once, when its last sample was taken."""
    size = round(period_s * bytes_per_s)
    for at in range(0, len(data), size):
        part = data[at : at + size]
        time.sleep(max(0.0, start_s + (at + len(part)) / bytes_per_s - time.time()))
        os.write(descriptor, part)


def test_samples_are_dated_when_they_were_taken_though_they_come_in_periods() -> None:
    """arecord writes eighths of a second: the first sample of one is that old, the last is new."""
    start_s = time.time() + 0.2
    with piped(lambda d: write_live(d, bytes(2 * 3 * RATE_HZ), 2 * RATE_HZ, start_s, 0.125)) as descriptor:
        source = RawInput("s16le", RATE_HZ, 1, known(1e-3), None, descriptor)
        early = next(stream := source.blocks())
        assert source.timebase.sigma_s >= 1.0
        list(stream)
    assert early.index == 0
    off_s = source.timebase.utc_ns(2 * RATE_HZ) * 1e-9 - start_s - 2.0
    assert abs(off_s) < 4 * source.timebase.sigma_s < 0.05


def test_a_node_hears_what_is_piped_into_it_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "roof-1.toml"
    path.write_text(
        'node = "roof-1"\ndata = "data"\nposition = {x = 1.0, y = 2.0, z = 3.0}\n'
        '[source]\nkind = "stdin"\nformat = "s24le"\nchannels = 2\ntime_sigma_s = 0.001\n'
    )
    sound = with_bangs(noise(5.0, 2), [2 * RATE_HZ, 3 * RATE_HZ])
    raw = tmp_path / "sound.raw"
    soundfile.write(raw, sound.T, RATE_HZ, subtype="PCM_24", format="RAW", endian="LITTLE")
    with https_server(tmp_path) as server:
        centre = Centre(server)
        enrolled(centre, path)
        with subprocess.Popen(
            tocsin("node", path), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
        ) as process:
            assert process.stdin
            assert process.stderr
            wait_for(centre.reports)
            start_s = time.time()
            write_live(process.stdin.fileno(), raw.read_bytes(), 6 * RATE_HZ, start_s, 0.02)
            process.stdin.close()
            log = process.stderr.read().decode()
            assert process.wait(20.0) == 0, log
        assert "Traceback" not in log
        times_s = [a.time_ns * 1e-9 - start_s for a in centre.arrivals()]
        assert times_s == pytest.approx([2.0, 3.0], abs=0.02)
        assert times_s[1] - times_s[0] == pytest.approx(1.0, abs=0.002)
        health = centre.reports()[-1].health
        assert health is not None
        assert health.gaps == 0


def test_a_node_that_nothing_is_piped_into_says_so_and_can_be_told_to_end(tmp_path: Path) -> None:
    path = tmp_path / "roof-1.toml"
    path.write_text(
        'node = "roof-1"\ndata = "data"\nposition = {x = 1.0, y = 2.0, z = 3.0}\nhealth_interval_s = 0.5\n'
        '[source]\nkind = "stdin"\n'
    )
    with https_server(tmp_path) as server:
        centre = Centre(server)
        enrolled(centre, path)
        with subprocess.Popen(
            tocsin("node", path), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
        ) as process:
            wait_for(lambda: any(r.health and r.health.state == "deaf" for r in centre.reports()))
            process.send_signal(signal.SIGTERM)
            assert process.wait(10.0) == 0
        reasons = [reason for r in centre.reports() if r.health for reason in r.health.reasons]
        assert any("nothing came on standard input for" in reason for reason in reasons)
