"""RTP packets: any bytes are a packet or none, and packets come out in order whatever the network did."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrays.packets import MOST_AHEAD, TAKEOVER_S, Packet, Sequencer, parse_packet

SOUND = bytes(range(12))


def rtp(
    sequence: int = 1,
    timestamp: int = 2,
    sender: int = 3,
    payload: bytes = SOUND,
    payload_type: int = 96,
    *,
    contributors: int = 0,
    extension: bytes | None = None,
    padding: int = 0,
) -> bytes:
    """A packet, put together as RFC 3550, section 5.1 draws it."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension is not None else 0) | contributors
    head = struct.pack("!BBHII", first, payload_type, sequence % 2**16, timestamp % 2**32, sender)
    head += b"".join(struct.pack("!I", 7) for _ in range(contributors))
    if extension is not None:
        head += struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension
    return head + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


@pytest.mark.parametrize("contributors", [0, 2, 15])
@pytest.mark.parametrize("extension", [None, b"", bytes(8)])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_the_sound_is_found_behind_every_kind_of_header(
    contributors: int, extension: bytes | None, padding: int
) -> None:
    data = rtp(65_535, 2**32 - 1, 2**31, contributors=contributors, extension=extension, padding=padding)
    assert parse_packet(data, 96, 6, 10, 1.5) == Packet(65_535, 2**32 - 1, 2**31, SOUND, 10, 1.5)


def test_the_marker_is_no_part_of_the_type() -> None:
    assert parse_packet(rtp(payload_type=96 | 0x80), 96, 6) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        rtp()[:11],
        rtp(payload=b""),
        b"\x40" + rtp()[1:],
        rtp(payload_type=97),
        rtp(payload=SOUND[:-1]),
        rtp(contributors=15)[:40],
        rtp(extension=bytes(8))[:14],
        rtp(extension=bytes(400))[:40],
        rtp(padding=6)[:-1] + b"\x00",
        rtp(padding=4)[:-1] + b"\xff",
        struct.pack("!BBHI", 0x80, 200, 1, 3) + bytes(20),
    ],
)
def test_what_is_no_packet_of_the_stream_is_none(data: bytes) -> None:
    assert parse_packet(data, 96, 6) is None


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda b: bytes([0x80 | (b[0] if b else 0), 96]) + b))
def test_any_bytes_are_whole_frames_or_none(data: bytes) -> None:
    packet = parse_packet(data, 96, 6)
    if packet is not None:
        assert packet.payload
        assert len(packet.payload) % 6 == 0
        assert packet.payload in data


def packet(number: int, sender: int = 1, at_s: float = 0.0) -> Packet:
    """The `number`th of a stream that began just before both counters wrap; 8 bytes of sound."""
    return Packet((65_500 + number) % 2**16, (2**32 - 40 + 4 * number) % 2**32, sender, bytes(8), 0, at_s)


def pushed(sequencer: Sequencer, numbers: Sequence[int], sender: int = 1) -> list[int]:
    """Which of them come out, in which sequencer."""
    out = [one for number in numbers for one in sequencer.push(packet(number, sender))]
    return [(one.sequence - 65_500) % 2**16 for one in out]


@settings(max_examples=50)
@given(st.integers(0, 2**31), st.integers(1, 7))
def test_what_comes_late_within_the_depth_comes_out_in_order(seed: int, late: int) -> None:
    draw = random.Random(seed)  # noqa: S311 — a shuffle
    numbers = [0, *sorted(range(1, 200), key=lambda n: n + draw.uniform(0, late))]
    sequencer = Sequencer(8 * 8)
    assert pushed(sequencer, numbers) == list(range(200))
    assert (sequencer.late, sequencer.doubled) == (0, 0)


@settings(max_examples=50)
@given(st.sets(st.integers(1, 150)), st.lists(st.integers(0, 199), max_size=20))
def test_what_is_lost_is_given_up_what_is_doubled_comes_out_once(lost: set[int], doubled: list[int]) -> None:
    numbers = [n for n in range(200) if n not in lost for _ in range(1 + doubled.count(n))]
    sequencer = Sequencer(8 * 8)
    assert pushed(sequencer, numbers) == [n for n in range(200) if n not in lost]
    assert sequencer.doubled == len(numbers) - len(set(numbers))


def test_what_comes_after_it_was_given_up_is_late_and_not_played() -> None:
    sequencer = Sequencer(3 * 8)
    assert pushed(sequencer, [0, 1, 3, 4, 5]) == [0, 1, 3, 4, 5]
    assert pushed(sequencer, [2, 1, 6]) == [6]
    assert (sequencer.late, sequencer.doubled) == (1, 1)


def test_a_lost_packet_is_waited_for_no_longer_than_the_depth() -> None:
    sequencer = Sequencer(3 * 8)
    assert pushed(sequencer, [0, 2, 3]) == [0]
    assert pushed(sequencer, [4]) == [2, 3, 4]


def test_numbers_that_lie_far_off_are_followed_once_two_of_them_agree() -> None:
    sequencer, far = Sequencer(8 * 8), MOST_AHEAD + 100
    assert pushed(sequencer, [0, 1, far, 2]) == [0, 1, 2]
    assert pushed(sequencer, [far, far + 1, far + 2]) == [far + 1, far + 2]
    assert pushed(sequencer, [20_000, 20_001]) == [20_001]


def test_another_sender_is_followed_only_once_the_present_one_is_silent() -> None:
    sequencer = Sequencer(8 * 8)
    assert pushed(sequencer, [0, 2]) == [0]
    assert pushed(sequencer, [100], sender=2) == []
    assert sequencer.strangers == 1
    after = sequencer.push(packet(101, 2, TAKEOVER_S))
    assert [one.sender for one in after] == [1, 2]
    assert pushed(sequencer, [3]) == []
    assert sequencer.strangers == 2
