"""Microphones on the network: real sockets on loopback, and a small sender that does what networks do."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from acoustic.errors import ResourceError
from arrays.capture import Block, Gap
from arrays.capture.rtp import NetworkMicrophone
from arrays.packets import TAKEOVER_S
from arrays.sdp import Stream
from tests.arrays.nodes import wait_for
from tests.arrays.rtp_sender import SAMPLES, STAMP, Sender, check, end, heard, ramp, stream
from tests.arrays.sessions import RATE_HZ
from tests.arrays.standing import known


def received(
    to: Stream, act: Callable[[Sender], object], sound: NDArray[np.int16], depth_s: float = 0.02
) -> tuple[list[Block | Gap], NetworkMicrophone]:
    """What comes in while a sender acts."""
    stop = threading.Event()
    source = NetworkMicrophone(to, depth_s, 1e-4, known(1e-4), "127.0.0.1", stop)
    sender = Sender(to, sound)
    with heard(source, stop) as items:
        act(sender)
    sender.close()
    return items, source


def test_sound_comes_whole_and_both_counters_wrap() -> None:
    sound = ramp(500 * SAMPLES)
    items, source = received(stream(), lambda s: s.send(range(500)), sound)
    assert check(items, sound) == []
    assert end(items[-1]) == 500 * SAMPLES
    assert source.counts == {}


def test_24_bits_come_as_exactly() -> None:
    to = stream(form="s24be", channels=1)
    data = (np.arange(-3 * SAMPLES, 3 * SAMPLES) * 27_000).astype(">i4")
    parts = [data[n * SAMPLES : (n + 1) * SAMPLES] for n in range(6)]

    def act(sender: Sender) -> None:
        for n, part in enumerate(parts):
            head = struct.pack("!BBHII", 0x80, 97, n, n * SAMPLES, 1)
            sender.send_bytes(head + part.reshape(-1, 1).view(np.uint8)[:, 1:].tobytes())

    items, _ = received(to, act, ramp(1))
    blocks = [item.samples for item in items if isinstance(item, Block)]
    assert np.array_equal(np.concatenate(blocks, axis=1)[0], (data * 2.0**-23).astype(np.float32))


def test_a_loss_is_a_gap_of_exactly_its_samples_by_the_time_stamps() -> None:
    sound = ramp(400 * SAMPLES)
    kept = [n for n in range(400) if n not in (7, 50, 51, 52) and not 100 <= n < 250]
    items, source = received(stream(), lambda s: s.send(kept), sound)
    lost = check(items, sound)
    assert lost == [Gap(7 * SAMPLES, SAMPLES), Gap(50 * SAMPLES, 3 * SAMPLES), Gap(100 * SAMPLES, 150 * SAMPLES)]
    assert end(items[-1]) == 400 * SAMPLES
    assert source.counts == {}


def test_what_is_late_or_doubled_within_the_depth_costs_nothing() -> None:
    sound = ramp(300 * SAMPLES)
    mixed = [0]
    for at in range(1, 298, 3):
        mixed += [at + 2, at, at, at + 1]
    items, source = received(stream(), lambda s: s.send([*mixed, 298, 299]), sound)
    assert check(items, sound) == []
    assert end(items[-1]) == 300 * SAMPLES
    assert source.counts == {"doubled": 99}


def test_what_is_later_than_the_depth_is_lost_and_counted() -> None:
    sound = ramp(100 * SAMPLES)
    order = [*range(10), *range(11, 60), 10, *range(60, 100)]
    items, source = received(stream(), lambda s: s.send(order), sound)
    assert check(items, sound) == [Gap(10 * SAMPLES, SAMPLES)]
    assert source.counts == {"late": 1}


def test_what_is_no_packet_of_the_stream_is_counted_and_dropped() -> None:
    sound = ramp(100 * SAMPLES)
    draw = np.random.default_rng(1)

    def act(sender: Sender) -> None:
        for number in range(100):
            sender.send([number])
            good = sender.packet(number)
            sender.send_bytes([b"", good[:13], b"\x00" + good[1:], good[:1] + b"\x60" + good[2:]][number % 4])
        for size in range(1, 51):
            sender.send_bytes(bytes([draw.integers(0x80)]) + draw.bytes(size))

    items, source = received(stream(), act, sound)
    assert check(items, sound) == []
    assert end(items[-1]) == 100 * SAMPLES
    assert source.counts == {"malformed": 150}


def test_only_senders_that_the_description_names_are_heard() -> None:
    to = stream(senders=frozenset({"127.0.0.1"}))
    sound = ramp(50 * SAMPLES)

    def act(sender: Sender) -> None:
        other = Sender(to, 7 * sound, host="127.0.0.2")
        for number in range(50):
            other.send([number])
            sender.send([number])
        other.close()

    items, source = received(to, act, sound)
    assert check(items, sound) == []
    assert source.counts == {"foreign": 50}


def test_a_second_sender_does_not_mix_with_the_first() -> None:
    to, sound = stream(), ramp(50 * SAMPLES)

    def act(sender: Sender) -> None:
        other = Sender(to, 7 * sound)
        other.name = 0xBEEF
        for number in range(50):
            sender.send([number])
            other.send([number])
        other.close()

    items, source = received(to, act, sound)
    assert check(items, sound) == []
    assert source.counts == {"foreign": 50}


def test_a_sender_that_begins_anew_goes_on_after_a_gap_as_long_as_it_was_away() -> None:
    to, sound, began_s = stream(), ramp(100 * SAMPLES), []

    def act(sender: Sender) -> None:
        sender.send(range(100), 0.001)
        time.sleep(TAKEOVER_S + 0.5)
        anew = Sender(to, sound, stamp=123_456)
        anew.name = 0xBEEF
        began_s.append(time.time())
        anew.live(began_s[0])
        anew.close()

    items, source = received(to, act, sound)
    (gap,) = check([item for item in items if item.index <= 100 * SAMPLES], sound)
    assert gap.index == 100 * SAMPLES
    assert gap.samples / RATE_HZ == pytest.approx(TAKEOVER_S + 0.5, abs=0.05)
    again = [item.samples for item in items if item.index > gap.index and isinstance(item, Block)]
    assert np.array_equal(np.concatenate(again, axis=1), sound * np.float32(2.0**-15))
    off_s = source.timebase.utc_ns(end(gap)) * 1e-9 - began_s[0]
    assert abs(off_s) < 4 * source.timebase.sigma_s < 0.05


def test_the_same_sender_after_a_long_silence_tells_itself_how_long_it_was() -> None:
    """4,000 packets were lost: as if it had begun anew, but its time stamps went on."""
    sound = ramp(4200 * SAMPLES)

    def act(sender: Sender) -> None:
        sender.send(range(100))
        time.sleep(1.0)
        sender.send(range(4100, 4200))

    items, _ = received(stream(), act, sound)
    (gap,) = check(items, sound)
    assert gap == Gap(100 * SAMPLES, 4001 * SAMPLES)  # it took two packets to be sure


def test_a_silent_sender_is_a_reason_and_forgotten_when_it_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arrays.capture.rtp.SILENT_S", 0.3)
    to, stop = stream(), threading.Event()
    source, sender = NetworkMicrophone(to, 0.02, 1e-4, known(1e-4), "", stop), Sender(to, ramp(100 * SAMPLES))
    with heard(source, stop):
        sender.send_bytes(b"noise")
        wait_for(lambda: source.problem, 2.0)
        said = source.problem
        sender.send([0])
        wait_for(lambda: not source.problem, 2.0)
        wait_for(lambda: source.problem, 2.0)
    sender.close()
    assert said.startswith(f"no packets for 127.0.0.1:{to.port} for 0 s")
    assert said.endswith("of no use so far: 1 malformed")


def test_a_group_is_joined() -> None:
    to, sound = stream("239.255.77.1"), ramp(100 * SAMPLES)
    items, _ = received(to, lambda s: s.send(range(100)), sound)
    assert check(items, sound) == []
    assert end(items[-1]) == 100 * SAMPLES


def test_an_address_that_is_not_ours_or_taken_is_one_sentence() -> None:
    with pytest.raises(ResourceError, match=r"192\.0\.2\.77:\d+ cannot be listened on: Cannot assign requested"):
        NetworkMicrophone(stream("192.0.2.77"), 0.02, 1e-4, known(1e-4))
    to = stream()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", to.port))
        with pytest.raises(ResourceError, match="cannot be listened on: Address already in use"):
            NetworkMicrophone(to, 0.02, 1e-4, known(1e-4))


@pytest.mark.parametrize("stamp", [STAMP - 10 * SAMPLES, STAMP + 60 * RATE_HZ])
def test_time_stamps_that_jump_lose_no_sound(stamp: int) -> None:
    """A device that finds its grandmaster counts on from elsewhere."""
    to, sound = stream(), ramp(100 * SAMPLES)

    def act(sender: Sender) -> None:
        sender.send(range(50))
        jumped = Sender(to, sound, stamp=stamp)
        jumped.send(range(50, 100))
        jumped.close()

    items, _ = received(to, act, sound)
    blocks = [item.samples for item in items if isinstance(item, Block)]
    assert np.array_equal(np.concatenate(blocks, axis=1), sound * np.float32(2.0**-15))
    assert all(after.index == end(before) for before, after in pairwise(items))
    assert 100 * SAMPLES <= end(items[-1]) < 100 * SAMPLES + 0.1 * RATE_HZ


def test_what_the_node_is_too_slow_for_is_a_gap_to_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arrays.capture.rtp.QUEUE_S", 0.1)
    to, sound, stop = stream(), ramp(500 * SAMPLES), threading.Event()
    source, sender = NetworkMicrophone(to, 0.02, 1e-4, known(1e-4), "", stop), Sender(to, sound)
    sender.send(range(40))
    sound_comes = source.blocks()
    items = [next(sound_comes)]
    sender.send(range(40, 400))

    def go_on() -> None:
        sender.send(range(400, 500))
        time.sleep(0.3)
        stop.set()

    threading.Timer(0.3, go_on).start()
    items += sound_comes
    (gap,) = check(items, sound)
    assert gap.samples >= 200 * SAMPLES
    assert source.counts == {"too_slow": gap.samples // SAMPLES}
    sender.close()


def test_a_network_that_fails_is_said() -> None:
    source = NetworkMicrophone(stream(), 0.02, 1e-4, known(1e-4))
    threading.Timer(0.2, source._socket.close).start()
    with pytest.raises(ResourceError, match=r"the network cannot be read: .*Bad file descriptor"):
        list(source.blocks())


def test_a_microphone_gives_nothing_back_to_the_network() -> None:
    """Nothing is sent: there is no way to listen through a node."""
    to, stop = stream(), threading.Event()
    source, sender = NetworkMicrophone(to, 0.02, 1e-4, known(1e-4), "", stop), Sender(to, ramp(4800))
    sender._socket.settimeout(0.2)
    with heard(source, stop):
        sender.send(range(100))
    with pytest.raises(TimeoutError):
        sender._socket.recvfrom(2000)
    sender.close()
