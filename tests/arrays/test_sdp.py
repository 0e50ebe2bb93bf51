"""Session descriptions: those of real devices are understood, what cannot be is one sentence."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.sdp import Stream, parse_sdp, read_sdp

AES67 = """v=0
o=- 1311738121 1311738121 IN IP4 192.168.1.1
s=Stage left I/O
c=IN IP4 239.0.0.1/32
t=0 0
m=audio 5004 RTP/AVP 96
i=Channels 1-8
a=rtpmap:96 L24/48000/8
a=recvonly
a=ptime:1
a=ts-refclk:ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:0
a=mediaclk:direct=963214424
"""  # AES67-2013, annex on session descriptions

FFMPEG = """v=0\r
o=- 0 0 IN IP4 127.0.0.1\r
s=No Name\r
c=IN IP4 192.168.7.2\r
t=0 0\r
a=tool:libavformat 59.27.100\r
m=audio 5004 RTP/AVP 97\r
b=AS:1536\r
a=rtpmap:97 L16/48000/2\r
"""


def test_the_example_of_aes67_is_read() -> None:
    assert parse_sdp(AES67) == Stream(
        address=IPv4Address("239.0.0.1"),
        port=5004,
        payload_type=96,
        form="s24be",
        rate_hz=48_000,
        channels=8,
        packet_s=0.001,
        senders=frozenset(),
        offset=963_214_424,
    )


def test_what_a_small_sender_writes_is_read_and_promises_no_time() -> None:
    stream = parse_sdp(FFMPEG)
    assert (str(stream.address), stream.form, stream.channels) == ("192.168.7.2", "s16be", 2)
    assert stream.offset is None


@pytest.mark.parametrize(
    "other",
    [
        "a=ts-refclk:ntp=192.168.1.1\na=mediaclk:direct=5",
        "a=ts-refclk:localmac=39-A7-94-FF-FE-07\na=mediaclk:direct=0",
        "a=ts-refclk:ptp=IEEE1588-2008:traceable\na=mediaclk:sender",
        "a=ts-refclk:ptp=IEEE1588-2008:traceable\na=mediaclk:direct=0 rate=48000*1001/1000",
        "a=mediaclk:direct=0",
    ],
)
def test_only_a_ptp_clock_that_is_counted_directly_dates_the_sound(other: str) -> None:
    at = AES67.index("a=ts-refclk")
    assert parse_sdp(AES67[:at] + other).offset is None


def test_what_is_said_of_the_stream_goes_before_what_is_said_of_all() -> None:
    before, after = AES67.split("m=audio", 1)
    general = "a=ts-refclk:ptp=IEEE1588-2008:traceable\na=mediaclk:direct=7\na=ptime:4\n"
    stream = parse_sdp(f"{before}{general}m=audio{after}c=IN IP4 239.0.0.9/15\n")
    assert (str(stream.address), stream.offset, stream.packet_s) == ("239.0.0.9", 963_214_424, 0.001)
    bare = after.split("a=ptime")[0]
    assert parse_sdp(f"{before}{general}m=audio{bare}").offset == 7


def test_of_several_streams_and_types_the_first_that_is_linear_pcm_is_taken() -> None:
    text = (
        AES67.replace("RTP/AVP 96", "RTP/AVP 0 96 97") + "a=rtpmap:97 L16/44100\nm=audio 5006 RTP/AVP 98\na=ptime:9\n"
    )
    video = text.replace("m=audio 5004", "m=video 5000 RTP/AVP 31\na=rtpmap:31 H261/90000\nm=audio 5004")
    for one in (text, video):
        assert (parse_sdp(one).port, parse_sdp(one).payload_type, parse_sdp(one).packet_s) == (5004, 96, 0.001)


def test_only_named_senders_of_this_address_may_send() -> None:
    filters = (
        "a=source-filter: incl IN IP4 239.0.0.1 192.168.1.1 192.168.1.2\n"
        "a=source-filter: incl IN IP4 239.0.0.2 192.168.1.3\na=source-filter:incl IN IP4 * 192.168.1.4\n"
    )
    assert parse_sdp(AES67 + filters).senders == {"192.168.1.1", "192.168.1.2", "192.168.1.4"}


@pytest.mark.parametrize(
    ("found", "instead", "sentence"),
    [
        ("v=0", "v=1", "first line is 'v=1'; expected v=0"),
        ("m=audio", "m=video", "no line m=audio"),
        ("5004", "0", "expected m=audio PORT RTP/AVP TYPE"),
        ("5004", "65536", "expected m=audio PORT RTP/AVP TYPE"),
        ("RTP/AVP", "RTP/SAVP", "'m=audio 5004 RTP/SAVP 96' is not understood"),
        ("c=IN IP4 239.0.0.1/32\n", "", "no line c="),
        ("IP4 239.0.0.1/32", "IP6 ff15::1", "'c=IN IP6 ff15::1' is not understood; expected c=IN IP4 ADDRESS"),
        ("239.0.0.1", "239.0.0.256", "'239.0.0.256' in .* is not an IPv4 address"),
        ("L24/48000/8", "opus/48000/2", "no type of its m=audio is L16 or L24"),
        ("rtpmap:96", "rtpmap:97", "no type of its m=audio is L16 or L24"),
        ("48000/8", "4000/8", "a=rtpmap:96 has 4000 Hz; expected 8000 to"),
        ("48000/8", "48000/65", "a=rtpmap:96 has 65 channels; expected 1 to 64"),
        ("ptime:1", "ptime:0", "a=ptime:0 is not understood"),
        ("ptime:1", "ptime:soon", "a=ptime:soon is not understood"),
        ("963214424", "4294967296", "a=mediaclk:direct=4294967296 is not a time stamp"),
        ("a=recvonly", "a=source-filter: excl IN IP4 * 10.0.0.1", "expected incl IN IP4 ADDRESS SENDER"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, found: str, instead: str, sentence: str) -> None:
    assert found in AES67
    path = tmp_path / "roof-1.sdp"
    path.write_text(AES67.replace(found, instead))
    with pytest.raises(InputError, match=sentence) as refused:
        read_sdp(path)
    assert str(refused.value).startswith(f"session description {path}: ")
    assert "\n" not in str(refused.value)


def test_a_description_that_is_absent_or_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.sdp cannot be read: No such file"):
        read_sdp(tmp_path / "absent.sdp")
    (tmp_path / "noise.sdp").write_bytes(b"v=0\n\xff")
    with pytest.raises(InputError, match=r"noise\.sdp is not UTF-8 text"):
        read_sdp(tmp_path / "noise.sdp")


LINES = st.lists(st.sampled_from([*AES67.splitlines(), *FFMPEG.splitlines()]) | st.text(max_size=60), max_size=20)
CHANGES = st.tuples(st.integers(0, len(AES67)), st.integers(0, 12), st.text(max_size=12))


@given(st.text() | LINES.map("\n".join) | CHANGES.map(lambda c: AES67[: c[0]] + c[2] + AES67[c[0] + c[1] :]))
def test_any_text_is_a_stream_or_a_sentence(text: str) -> None:
    try:
        stream = parse_sdp(text)
    except InputError:
        return
    assert 1 <= stream.port <= 65_535
    assert 0 <= stream.payload_type <= 127
    assert 1 <= stream.channels <= 64
    assert 0.0 < stream.packet_s <= 0.2
