"""Guided fuzzing (atheris, libFuzzer) of all that a stranger's bytes reach before a signature is known to be good.

    python -m tests.arrays.fuzzing -max_total_time=600 -seed=1

The first byte chooses the reader. A reader may answer, or refuse with InputError; any other exception ends the run with
the bytes that made it. What a reader accepts must come through encoding and decoding as it was.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["arrays", "localisation"]):
    from acoustic.errors import InputError
    from arrays import packets, parcel, report, sdp
    from arrays.chrony import parse_tracking
    from arrays.gpsd import parse_message

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.arrays.test_report import a_report, an_arrival

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TRACKING = (
    b"A9FEA9FE,169.254.169.254,3,1795705612.6,0.000001,-0.000002,0.000003,1.5,0.001,0.02,0.0003,0.0004,64.3,Normal"
)
TPV = b'{"class":"TPV","mode":3,"time":"2026-11-26T15:06:52.000Z","ept":0.005,"lat":44.84,"lon":-0.58}'
SDP = b"v=0\ns=a\nc=IN IP4 239.1.2.3/15\nt=0 0\nm=audio 5004 RTP/AVP 97\na=rtpmap:97 L24/8000/2\n"
RTP = bytes([0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]) + bytes(288)


def read_parcel(data: bytes) -> None:
    """As the centre does with what a stranger posts."""
    for envelope in parcel.unpack(data):
        read_envelope(envelope)


def read_envelope(data: bytes) -> None:
    """As the centre does with one report, as if its signature were good."""
    envelope = report.decode_envelope(data)
    report.verify(envelope, bytes(32))
    read_report(envelope.body)


def read_report(data: bytes) -> None:
    """What is accepted comes through encoding as it was, and becomes arrivals."""
    said = report.decode_report(data)
    sent = msgspec.msgpack.encode(said, order="deterministic")
    if msgspec.msgpack.encode(report.decode_report(sent), order="deterministic") != sent:
        raise AssertionError(f"{sent!r} does not come back")
    report.station_arrivals(said, (0.0, 0.0, 0.0))


READERS: tuple[Callable[[bytes], object], ...] = (
    read_parcel,
    read_envelope,
    read_report,
    report.decode_answer,
    parcel.decode_answers,
    lambda data: parcel.open_sealed("roof-1", data, KEY.public_key().public_bytes_raw()),
    lambda data: packets.parse_packet(data, 97, 6),
    lambda data: sdp.parse_sdp(data.decode("utf-8", "replace")),
    lambda data: parse_tracking(data.decode("utf-8", "replace")),
    parse_message,
)


def one_input(data: bytes) -> None:
    """One try."""
    if not data:
        return
    try:
        READERS[data[0] % len(READERS)](data[1:])
    except InputError:
        return


def seeds() -> list[bytes]:
    """A good message for each reader, from which mutation goes on."""
    said = a_report(arrivals=(an_arrival(), an_arrival(number=9, repeats=(), again="0a1b")))
    envelope = report.sign(said, KEY)
    whole = report.encode(envelope)
    answer = report.encode(report.Answer(sequence=3))
    told = parcel.Answers(about=bytes(8), outcomes=(parcel.Outcome(200), parcel.Outcome(400, "no")))
    answers = msgspec.msgpack.encode(told)
    sealed = parcel.seal("roof-1", told, KEY)
    messages = (parcel.pack([whole]), whole, envelope.body, answer, answers, sealed, RTP, SDP, TRACKING, TPV)
    return [bytes([index]) + message for index, message in enumerate(messages)]


def main() -> None:
    """Fuzz as long as libFuzzer's arguments say."""
    with tempfile.TemporaryDirectory() as folder:
        for index, seed in enumerate(seeds()):
            READERS[index](seed[1:])  # one that is refused would be a poor place to search from
            (Path(folder) / f"{index}").write_bytes(seed)
        atheris.Setup(
            [*sys.argv, "-max_len=4096", f"-artifact_prefix={tempfile.gettempdir()}/fuzz-", folder], one_input
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
