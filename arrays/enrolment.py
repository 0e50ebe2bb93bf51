"""Enrolment: a node becomes known to a centre by a one-time token, and keeps whom to trust."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from acoustic.errors import InputError, ResourceError
from arrays.identity import CERTIFICATE, certificate_request
from arrays.mandate import FILE as MANDATE_FILE
from arrays.order import Order, verify_order
from arrays.settings import Position
from arrays.uplink.https import HttpsUplink, error_text, fetch_ca
from arrays.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = "centre.json"
KEY_BYTES = 32  # of an Ed25519 public key


class Place(msgspec.Struct, frozen=True):
    """Metres east, north, up in the centre's frame."""

    x: float
    y: float
    z: float


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre answers to an enrolment: its CA, the node's place, the public key that signs orders (base64).

    `certificate`: the node's own, PEM, kept beside its key; `mandate`: the order that brings it; `first_sequence`,
    `first_number`: not used by it yet.
    """

    ca: str
    position: Place
    centre_key: str
    origin: dict[str, float] | None = None
    certificate: str = ""
    mandate: Order | None = None
    first_sequence: int = 1
    first_number: int = 1

    def __post_init__(self) -> None:
        try:
            length = len(base64.b64decode(self.centre_key, validate=True))
        except ValueError:
            length = 0
        if length != KEY_BYTES:
            raise InputError(f"centre_key is {self.centre_key[:80]!r}; expected {KEY_BYTES} bytes in base64")


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """The centre a node belongs to, as it keeps it."""

    centre: str
    welcome: Welcome

    @property
    def order_key(self) -> bytes:
        """The 32 bytes that orders are checked with."""
        return base64.b64decode(self.welcome.centre_key)


def enrol(
    centre: str,
    token: str,
    node: str,
    position: Position,
    microphones: Sequence[Sequence[float]],
    key: Ed25519PrivateKey,
) -> Membership:
    """Ask the centre to know this node. Raises InputError where it refuses or is another, ResourceError."""
    digest = token.rpartition(".")[2].strip().lower()
    if "." not in token or len(digest) != 32:
        raise InputError("token is not one; expected SECRET.DIGEST as `tocsin centre token` prints it")
    ca = fetch_ca(centre, digest)
    asked = {
        "token": token.strip(),
        "node": node,
        "request": certificate_request(key, node),
        "position": msgspec.to_builtins(position),
        "microphones": [list(place) for place in microphones],
    }
    uplink = HttpsUplink(centre, ca)
    try:
        reply = uplink.post("/enrol", json.dumps(asked).encode(), "application/json")
    finally:
        uplink.close()
    if reply.status != 200:
        raise InputError(f"the centre refused the enrolment ({reply.status}): {error_text(reply.body)}")
    try:
        welcome = msgspec.json.decode(reply.body, type=Welcome)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the centre's welcome cannot be read: {error}") from error
    if welcome.ca.strip() != ca.strip():
        raise InputError("the centre's welcome names another certificate authority than its token")
    if welcome.mandate is not None and not verify_order(welcome.mandate, base64.b64decode(welcome.centre_key)):
        raise InputError("the centre's mandate is not signed with the key that it signs orders with")
    return Membership(centre=centre, welcome=welcome)


def save_membership(folder: Path, membership: Membership) -> None:
    """Keep it, certificate and mandate in files of their own. Raises ResourceError where they cannot be written."""
    welcome = membership.welcome
    save_certificate(folder, welcome.certificate)
    if welcome.mandate is not None:
        _save(folder / MANDATE_FILE, msgspec.json.encode(welcome.mandate))
    kept = msgspec.structs.replace(welcome, certificate="", mandate=None)
    kept_membership = msgspec.structs.replace(membership, welcome=kept)
    _save(folder / FILE, msgspec.json.format(msgspec.json.encode(kept_membership), indent=1))


def save_certificate(folder: Path, pem: str) -> None:
    """Keep the node's certificate. Raises ResourceError where the folder cannot be written."""
    if pem:
        _save(folder / CERTIFICATE, pem.encode())


def _save(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise ResourceError(f"{path} cannot be written: {error.strerror}") from error


def read_membership(folder: Path) -> Membership:
    """What `save_membership` kept. Raises InputError where the node is not enrolled or the file is damaged."""
    path = folder / FILE
    try:
        membership = msgspec.json.decode(path.read_bytes(), type=Membership)
    except FileNotFoundError as error:
        raise InputError(f"the node is not enrolled ({path} is absent); run `tocsin node enrol` first") from error
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged ({error}); enrol the node anew") from error
    return membership
