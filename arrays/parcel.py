"""What travels: signed reports, several at once, compressed; and what the centre answers to each.

    envelopes → msgpack → DEFLATE with a dictionary of the wire's own words, after one byte for the version

Over HTTPS the connection vouches for the answers. Over a broker anyone may write, so there they are signed by the key
that signs orders: a false acknowledgement would have a node forget what it heard.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acoustic.errors import InputError, UnknownVersionError
from arrays.order import Order

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VERSION = 1
DOMAIN = b"tocsin answers 1\n"
MOST_REPORTS = 200
MOST_BYTES = 1 << 20  # unpacked
# The wire's own words, three zeros after each value of 24 bits. Part of the format: another one is another version.
WORDS = (
    b"\xa7answers\x91\x92\xa5found\xa7nothing\xa4gone\xa7refused\xa5again\xa8degraded\xa5fault"
    b"\xa6health\x87\xa5state\xa2ok\xa7reasons\x91\xaainterval_s\xcb@\xadclock_sigma_s\xcb?\xa8noise_db\xcb\xc0"
    b"\xa6outbox\xa4gaps\xa8uptime_s\xcb@\xa7answers\x90\xa1v\x01"
    b"\x91\xc5\x01\x84\xa4node\xa6roof-1\xa4body\xc5\x01\x89\xa4node\xa6roof-1\xa8sequence\xce\x00\xa7sent_ns\xcf\x18"
    b"\xa7program\xactocsin 0.1.0\xa5model\xd9@\xa8arrivals\x91\x8b\xa6number\xcd\xa7time_ns\xcf\x18"
    b"\xa7sigma_s\xcb?\0\0\0\xa6snr_db\xcb@\0\0\0\xa8level_db\xcb\xc0\0\0\0\xabazimuth_deg\xcb@\0\0\0"
    b"\xb1azimuth_sigma_deg\xcb?\0\0\0\xadelevation_deg\xcb@\0\0\0\xb3elevation_sigma_deg\xcb?\0\0\0"
    b"\xacshock_lead_s\xcb?\0\0\0\xadprobabilities\x84\xa8firework\xcb?\0\0\0\xa7gunshot\xcb?\0\0\0"
    b"\xa5other\xcb?\0\0\0\xaashock_wave\xcb?\0\0\0\xa7repeats\x91\x93\xcb?\xef\0\0\0"
    b"\xa6health\xc0\xa7answers\x90\xa1v\x01\xa9signature\xc4@"
)


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of one report: a status as in HTTP, and a sentence where it is not 200."""

    status: int
    problem: str = ""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre says to a node: orders, and what became of each report, in the order of the parcel that this is
    `about` (its digest; empty where it is about none)."""

    about: bytes = b""
    outcomes: Sequence[Outcome] = ()
    orders: Sequence[Order] = ()
    v: int = VERSION


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    answers: bytes
    signature: bytes


def pack(envelopes: Sequence[bytes]) -> bytes:
    """Signed reports as one message."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=WORDS)
    return bytes([VERSION]) + deflate.compress(msgspec.msgpack.encode(envelopes)) + deflate.flush()


def digest(parcel: bytes) -> bytes:
    """What answers name a parcel by."""
    return hashlib.sha256(parcel).digest()[:8]


def unpack(message: bytes) -> list[bytes]:
    """The envelopes in a message. Raises InputError for one that is none, UnknownVersionError."""
    if message[:1] != bytes([VERSION]):
        raise UnknownVersionError(f"parcel version is {message[0] if message else 'absent'}; expected {VERSION}")
    inflate = zlib.decompressobj(-zlib.MAX_WBITS, zdict=WORDS)
    try:
        content = inflate.decompress(message[1:], MOST_BYTES)
        if not inflate.eof:
            raise InputError(f"parcel is cut off, or holds more than {MOST_BYTES} bytes")
        envelopes = msgspec.msgpack.decode(content, type=list[bytes])
    except zlib.error as error:
        raise InputError(f"parcel cannot be decompressed: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"parcel is not what was expected: {error}") from error
    if not 1 <= len(envelopes) <= MOST_REPORTS:
        raise InputError(f"parcel holds {len(envelopes)} reports; expected 1 to {MOST_REPORTS}")
    return envelopes


def decode_answers(message: bytes) -> Answers:
    """Answers as they come over HTTPS. Raises InputError, UnknownVersionError."""
    try:
        answers = msgspec.msgpack.decode(message, type=Answers)
    except UnicodeDecodeError as error:
        raise InputError(f"answer holds text that is not UTF-8 at byte {error.start}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"answer is not what was expected: {error}") from error
    if answers.v != VERSION:
        raise UnknownVersionError(f"answer version is {answers.v}; expected {VERSION}")
    return answers


def seal(node: str, answers: Answers, key: Ed25519PrivateKey) -> bytes:
    """Answers to a node as they go over a broker."""
    body = msgspec.msgpack.encode(answers)
    return msgspec.msgpack.encode(_Sealed(body, key.sign(_signed(node, body))))


def open_sealed(node: str, message: bytes, public_key: bytes) -> Answers:
    """Answers to a node as they come over a broker. Raises InputError where the centre did not sign them."""
    try:
        sealed = msgspec.msgpack.decode(message, type=_Sealed)
        Ed25519PublicKey.from_public_bytes(public_key).verify(sealed.signature, _signed(node, sealed.answers))
    except (InvalidSignature, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise InputError("answer is not signed by the centre") from error
    return decode_answers(sealed.answers)


def _signed(node: str, body: bytes) -> bytes:
    return DOMAIN + node.encode() + b"\n" + body
