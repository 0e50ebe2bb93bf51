"""A clip: what may leave a node of a located shot's sound, asked for by a signed order, answered once, never on a disk.

    order → excerpt of the ring → `arrays.privacy` → FLAC → Envelope(node, body, Ed25519 signature over DOMAIN + body)

An order names arrivals that the node itself reported, never a time: of anything else it gives no sound.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from numpy.typing import NDArray

from acoustic.errors import InputError, UnknownVersionError
from arrays.order import Order
from arrays.privacy import unintelligible
from arrays.report import LONGEST_NAME, NAME, Envelope
from arrays.timebase import LATEST_NS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CLIP = "clip"
VERSION = 1
DOMAIN = b"tocsin clip 1\n"
AROUND_S = 1.0  # before the first shot and after the last
LONGEST_S = 20.0
MOST_BYTES = 4 << 20  # 20 s at 48 kHz and 24 bits, were nothing in it silence, are 2.9 MB
MOST_ARRIVALS = 200
Number = Annotated[int, msgspec.Meta(ge=1, lt=2**62)]


class ClipAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which event the sound is wanted, and the numbers of the node's own arrivals that are its shots."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
    arrivals: Annotated[tuple[Number, ...], msgspec.Meta(min_length=1, max_length=MOST_ARRIVALS)]


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, mono FLAC of 24 bits; `start_ns` UTC of its first sample, `onsets_s` of its shots from there."""

    order: str
    node: Annotated[str, msgspec.Meta(pattern=f"^{NAME}$")]
    event: str
    start_ns: Annotated[int, msgspec.Meta(ge=0, lt=LATEST_NS)]
    rate_hz: Annotated[float, msgspec.Meta(ge=8_000.0, le=192_000.0)]
    onsets_s: Annotated[tuple[float, ...], msgspec.Meta(min_length=1, max_length=MOST_ARRIVALS)]
    flac: bytes
    v: int = VERSION


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Sound (n,) of one microphone around shots whose onsets are samples of it; `start_ns` UTC of its first sample."""

    sound: NDArray[np.float32]
    rate_hz: float
    start_ns: int
    onsets: tuple[float, ...]


def clip_order(node: str, ask: ClipAsk, issued_ns: int, expires_ns: int) -> Order:
    """The order, unsigned, that asks a node for the sound of an event's shots."""
    body = msgspec.to_builtins(ask)
    return Order(id=clip_order_of(ask.event, node), kind=CLIP, issued_ns=issued_ns, expires_ns=expires_ns, body=body)


def clip_order_of(event: str, node: str) -> str:
    """The id of the order that asks a node for the sound of an event: one each."""
    return f"clip-{event[:64]}-{node}"


def read_clip_order(order: Order) -> ClipAsk:
    """What a clip order asks for. Raises InputError naming the field."""
    try:
        return msgspec.convert(order.body, ClipAsk)
    except msgspec.ValidationError as error:
        raise InputError(f"order {order.id[:80]!r} is not a clip order: {error}") from error


def span(onsets: Sequence[float], rate_hz: float) -> tuple[int, int]:
    """The first sample of a clip of shots at these samples of a stream, and the sample after its last.

    Raises InputError where that is more than a clip may hold.
    """
    first, end = min(onsets) - AROUND_S * rate_hz, max(onsets) + AROUND_S * rate_hz
    if end - first > LONGEST_S * rate_hz:
        raise InputError(f"the shots span {(end - first) / rate_hz:.0f} s; expected at most {LONGEST_S:g} s of sound")
    return max(math.floor(first), 0), math.ceil(end)


def sealed_clip(order: str, node: str, event: str, of: Excerpt, key: Ed25519PrivateKey) -> bytes:
    """The clip of an excerpt, nothing in it but the shots, signed, as it travels. Raises InputError where too large."""
    clip = Clip(
        order=order,
        node=node,
        event=event,
        start_ns=of.start_ns,
        rate_hz=of.rate_hz,
        onsets_s=tuple(onset / of.rate_hz for onset in of.onsets),
        flac=_flac(unintelligible(of.sound, of.rate_hz, of.onsets), of.rate_hz),
    )
    body = msgspec.msgpack.encode(clip, order="deterministic")
    if len(body) > MOST_BYTES:
        raise InputError(f"the clip has {len(body)} bytes; expected at most {MOST_BYTES}")
    return msgspec.msgpack.encode(Envelope(node=node, body=body, signature=key.sign(DOMAIN + body)))


def open_clip(message: bytes) -> tuple[Envelope, Clip]:
    """What came, parsed; its signature is not checked. Raises InputError naming the field, UnknownVersionError."""
    try:
        envelope = msgspec.msgpack.decode(message, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"clip is not what was expected: {error}") from error
    return envelope, read_clip(envelope.body)


def read_clip(body: bytes) -> Clip:
    """Parse a clip's body. Raises InputError, UnknownVersionError."""
    try:
        clip = msgspec.msgpack.decode(body, type=Clip)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"clip is not what was expected: {error}") from error
    if clip.v != VERSION:
        raise UnknownVersionError(f"clip version is {clip.v}; expected {VERSION}")
    if not clip.flac.startswith(b"fLaC"):
        raise InputError("clip.flac is no FLAC file")
    return clip


def verify_clip(body: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether the node of this 32-byte Ed25519 public key signed the clip."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, DOMAIN + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def _flac(sound: NDArray[np.float32], rate_hz: float) -> bytes:
    import soundfile  # here: a node that is never asked needs none of it

    out = io.BytesIO()
    soundfile.write(out, sound, round(rate_hz), format="FLAC", subtype="PCM_24")
    return out.getvalue()
