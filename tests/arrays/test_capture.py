"""Sources: files at two speeds, a sound card that is played by the test."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acoustic.errors import InputError, ResourceError
from arrays.capture import Block, Gap
from arrays.capture.files import SessionFile
from arrays.capture.sound import QUEUE_S, SoundCard, find_input
from arrays.computer import Standing
from arrays.session import SessionNode, read_session
from tests.acoustic.steps import step
from tests.arrays.sessions import RATE_HZ, node, noise, write


def recording(folder: Path, **changes: Any) -> SessionNode:
    return read_session(write(folder, [node(**changes)])).nodes[0]


def test_a_file_is_given_whole_and_in_order(tmp_path: Path) -> None:
    one = recording(tmp_path)
    source = SessionFile(one)
    blocks = list(source.blocks())
    assert all(isinstance(b, Block) and not b.samples.flags.writeable for b in blocks)
    joined = np.concatenate([b.samples for b in blocks if isinstance(b, Block)], axis=1)
    assert np.array_equal(joined, soundfile.read(one.file, dtype="float32", always_2d=True)[0].T)
    assert source.timebase.utc_ns(0) == one.start_ns


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 1200), max_size=6, unique=True))
def test_gaps_and_blocks_make_one_stream_without_hole(tmp_path: Path, edges: list[int]) -> None:
    edges = sorted(edges)
    gaps = tuple((a / 1000, b / 1000) for a, b in zip(edges[::2], edges[1::2], strict=False))
    one = dataclasses.replace(recording(tmp_path), gaps=gaps)
    at, lost = 0, 0
    for item in SessionFile(one).blocks():
        assert item.index == at
        count = item.samples if isinstance(item, Gap) else item.samples.shape[1]
        lost += count if isinstance(item, Gap) else 0
        at += count
    assert at == one.samples
    assert lost == sum(max(0, min(round(b * 48_000), 48_000) - min(round(a * 48_000), 48_000)) for a, b in gaps)


def test_live_a_sample_comes_at_its_time_and_not_before(tmp_path: Path) -> None:
    one = recording(tmp_path)
    start_ns = time.time_ns() + 100_000_000
    late_s = []
    for item in SessionFile(one, start_ns).blocks():
        assert isinstance(item, Block)
        due_ns = start_ns + round((item.index + item.samples.shape[1]) * 1e9 / RATE_HZ)
        late_s.append((time.time_ns() - due_ns) * 1e-9)
    assert min(late_s) >= -1e-3
    assert float(np.median(late_s)) < 0.05


def test_started_late_a_live_file_begins_with_a_gap(tmp_path: Path) -> None:
    source = SessionFile(recording(tmp_path), time.time_ns() - 400_000_000)
    first = next(iter(source.blocks()))
    assert isinstance(first, Gap)
    assert first.samples == pytest.approx(0.4 * RATE_HZ, abs=0.1 * RATE_HZ)


def test_a_live_file_stops_when_it_is_told(tmp_path: Path) -> None:
    stop = threading.Event()
    source = SessionFile(recording(tmp_path), time.time_ns() + 60 * 10**9, stop)
    threading.Timer(0.1, stop.set).start()
    assert list(source.blocks()) == []


def test_a_sample_that_is_no_number_is_named(tmp_path: Path) -> None:
    sound = noise(1.0)
    sound[0, 777] = np.nan
    one = recording(tmp_path)
    soundfile.write(one.file, sound.T, RATE_HZ, subtype="FLOAT")
    with pytest.raises(InputError, match=r"roof-1\.wav: sample 777 is not a finite number"):
        list(SessionFile(one).blocks())


class FakePortAudio:
    """PortAudio as far as we use it; `play` is what the driver's thread does."""

    class PortAudioError(Exception):
        pass

    def __init__(self, play: Callable[[Callable[..., None]], None]) -> None:
        self._play = play

    def _terminate(self) -> None:
        pass

    def _initialize(self) -> None:
        pass

    def query_devices(self, kind: str = "") -> Any:
        devices = [
            {"name": "HDMI Output", "max_input_channels": 0, "index": 0},
            {"name": "MiniDSP UMA-8", "max_input_channels": 8, "index": 1},
        ]
        return devices[1] if kind == "input" else devices

    def InputStream(self, *, callback: Callable[..., None], **_: Any) -> Any:  # noqa: N802 — their name
        play = self._play

        class Stream:
            def __enter__(self) -> None:
                play(callback)

            def __exit__(self, *_: object) -> None:
                pass

        return Stream()


def instant(adc_s: float) -> SimpleNamespace:
    return SimpleNamespace(inputBufferAdcTime=adc_s, currentTime=adc_s + 0.01)


FINE = SimpleNamespace(input_overflow=False)
FRAMES = 960


def card(
    play: Callable[[Callable[..., None]], None], stop: threading.Event | None = None, pps_channel: int | None = None
) -> SoundCard:
    standing = Standing(source="the settings", sigma_s=1e-3)
    return SoundCard("minidsp", RATE_HZ, [2, 1], lambda: standing, pps_channel, stop, FakePortAudio(play))


def taken(source: SoundCard, count: int) -> list[Block | Gap]:
    stream = source.blocks()
    return [next(stream) for _ in range(count)]


def test_the_chosen_channels_are_copied_in_their_order() -> None:
    driver_s = np.zeros((FRAMES, 2), np.float32)

    def play(callback: Callable[..., None]) -> None:
        for n in range(3):
            driver_s[:] = [10 * n + 1, 10 * n + 2]
            callback(driver_s, FRAMES, instant(5.0 + n * FRAMES / RATE_HZ), FINE)

    blocks = taken(card(play), 3)
    for n, block in enumerate(blocks):
        assert isinstance(block, Block)
        assert block.index == n * FRAMES
        assert block.samples.tolist() == [[10 * n + 2] * FRAMES, [10 * n + 1] * FRAMES]


def test_a_full_queue_is_a_gap_to_the_sample_and_the_callback_never_waits() -> None:
    more = threading.Event()

    def play(callback: Callable[..., None]) -> None:
        def drive() -> None:
            for n in range(150):
                callback(np.zeros((FRAMES, 2), np.float32), FRAMES, instant(n * FRAMES / RATE_HZ), FINE)
            more.wait(5.0)
            callback(np.zeros((FRAMES, 2), np.float32), FRAMES, instant(150 * FRAMES / RATE_HZ), FINE)

        threading.Thread(target=drive).start()
        time.sleep(0.3)

    source, room = card(play), round(QUEUE_S * RATE_HZ / FRAMES)
    stream = source.blocks()
    items = [next(stream) for _ in range(room)]
    more.set()
    items += [next(stream), next(stream)]
    assert items[room] == Gap(room * FRAMES, (150 - room) * FRAMES)
    assert items[room + 1].index == 150 * FRAMES


def test_what_the_driver_lost_is_a_gap_and_costs_sigma() -> None:
    def play(callback: Callable[..., None]) -> None:
        sound = np.zeros((FRAMES, 2), np.float32)
        callback(sound, FRAMES, instant(1.0), FINE)
        callback(sound, FRAMES, instant(1.0 + 3 * FRAMES / RATE_HZ), SimpleNamespace(input_overflow=True))

    source = card(play)
    _, gap, second = taken(source, 3)
    assert gap == Gap(FRAMES, 2 * FRAMES)
    assert second.index == 3 * FRAMES
    assert source.timebase.sigma_s > 0.02


def test_a_device_is_found_by_part_of_its_name_or_named_with_what_there_is() -> None:
    fake = FakePortAudio(lambda _: None)
    assert find_input(fake, "uma", 4) == find_input(fake, "", 4) == 1
    with pytest.raises(ResourceError, match="no sound input named 'Zoom' with 4 channels; there are: MiniDSP UMA-8"):
        find_input(fake, "Zoom", 4)
    with pytest.raises(ResourceError, match="the default sound input MiniDSP UMA-8 has 8 channels; expected 9"):
        find_input(fake, "", 9)
    with pytest.raises(ResourceError, match="no sound input named 'HDMI'"):
        find_input(fake, "HDMI", 1)


def test_a_card_that_never_gives_sound_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arrays.capture.sound.SILENT_S", 0.05)
    with pytest.raises(ResourceError, match="gives no sound any more; is it unplugged"):
        list(card(lambda _: None).blocks())


def test_a_card_that_was_unplugged_goes_on_after_a_gap_as_long_as_it_was_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arrays.capture.sound.SILENT_S", 0.1)
    monkeypatch.setattr("arrays.capture.sound.RETRY_S", 0.05)
    opened: list[float] = []

    def play(callback: Callable[..., None]) -> None:
        opened.append(time.monotonic())
        callback(np.zeros((FRAMES, 2), np.float32), FRAMES, instant(100.0 * len(opened)), FINE)

    source = card(play)
    first, gap, second = taken(source, 3)
    assert first.index == 0
    gone_s = opened[1] - opened[0] - FRAMES / RATE_HZ
    assert isinstance(gap, Gap)
    assert gap.samples == pytest.approx(gone_s * RATE_HZ, abs=0.02 * RATE_HZ)
    assert second.index == FRAMES + gap.samples
    assert source.timebase.sigma_s > 0.02


def test_a_card_that_runs_fast_is_followed_by_the_computer_s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 ppm are 0.36 s, or 120 m of sound, after an hour."""
    fast, start_ns, blocks = 1.0001, 1_700_000_000 * 10**9, 600
    length, now = round(RATE_HZ), [0]
    monkeypatch.setattr("time.time_ns", lambda: now[0])
    monkeypatch.setattr("arrays.capture.sound.QUEUE_S", 100.0)

    def play(callback: Callable[..., None]) -> None:
        for n in range(blocks):
            now[0] = start_ns + round((n * length / (RATE_HZ * fast) + 0.01) * 1e9)
            callback(np.zeros((length, 2), np.float32), length, instant(n * length / RATE_HZ), FINE)

    source = card(play)
    last = taken(source, blocks)[-1]
    assert isinstance(last, Block)
    true_ns = start_ns + round(last.index / (RATE_HZ * fast) * 1e9)
    off_s = (source.timebase.utc_ns(last.index) - true_ns) * 1e-9
    assert abs(off_s) < 3 * source.timebase.sigma_s < 0.01


def test_a_pulse_on_a_channel_dates_samples_to_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The computer's clock is 0.2 s wrong and 3 ms unsteady, the card 50 ppm slow; the pulse alone is right."""
    slow, start_ns, seconds, off_ns = 0.99995, 1_700_000_000 * 10**9 + 123_456_789, 20, 200_000_000
    rate_hz, now, draw = RATE_HZ * slow, [0], np.random.default_rng(1)
    monkeypatch.setattr("time.time_ns", lambda: now[0])
    monkeypatch.setattr("arrays.capture.sound.QUEUE_S", 100.0)
    at = np.arange(seconds * RATE_HZ, dtype=np.float64)
    wire = draw.normal(0.0, 1e-3, len(at))
    for second in range(1, seconds):
        edge = (second - 0.123_456_789) * rate_hz
        near = slice(round(edge) - 500, round(edge) + 5000)
        wire[near] += 0.3 * (step(at[near] - edge) - step(at[near] - edge - 4000.0))

    def play(callback: Callable[..., None]) -> None:
        for n in range(len(at) // FRAMES):
            sound = np.zeros((FRAMES, 3), np.float32)
            sound[:, 2] = wire[n * FRAMES : (n + 1) * FRAMES]
            jitter_s = draw.normal(0.0, 3e-3)
            now[0] = start_ns + off_ns + round((n * FRAMES / rate_hz + 0.01 + jitter_s) * 1e9)
            callback(sound, FRAMES, instant(n * FRAMES / RATE_HZ), FINE)

    source = card(play, pps_channel=3)
    blocks = taken(source, len(at) // FRAMES)
    assert all(isinstance(block, Block) and block.samples.shape == (2, FRAMES) for block in blocks)
    last = blocks[-1].index
    off_s = (source.timebase.utc_ns(last) - start_ns) * 1e-9 - last / rate_hz
    assert source.timebase.sigma_s < 1e-5
    assert abs(off_s) < 3 * source.timebase.sigma_s
    assert source.clock_problem == ""


def test_a_pulse_channel_without_a_pulse_is_said() -> None:
    def play(callback: Callable[..., None]) -> None:
        callback(np.zeros((FRAMES, 3), np.float32), FRAMES, instant(1.0), FINE)

    source = card(play, pps_channel=3)
    taken(source, 1)
    assert source.clock_problem == "there is no pulse per second on channel 3"


def test_a_device_without_the_pulse_s_channel_is_refused() -> None:
    with pytest.raises(ResourceError, match="no sound input named 'minidsp' with 9 channels"):
        card(lambda _: None, pps_channel=9)
