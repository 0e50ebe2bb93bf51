"""The sealed part of a bundle: where its first node stands, the shots as the centre kept them, and a map of them.

Sealed with ChaCha20-Poly1305 (RFC 8439) under a key that is drawn for this bundle alone and told once, to the person
it is made for; nobody else can open it, the centre included.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from acoustic.errors import InputError
from recordings.evidence.contents import Offset, Sealed

KEY_BYTES, NONCE_BYTES, GROUP = 20, 12, 4  # 160 bits: guessing is hopeless, so no slow derivation is needed


class Globe(msgspec.Struct, frozen=True, kw_only=True):
    """WGS-84 degrees and metres above the ellipsoid of what the centre's places count from; the first node's place
    (x, y, z) m from there; each version of a shot as the centre kept it (JSON), in the bundle's order; the map, see
    `recordings.evidence.globe`: empty in older bundles, and where nobody told the latitude.
    """

    lat: float | None
    lon: float | None
    height_m: float | None
    first_node: Offset
    versions: tuple[str, ...]
    map: str = ""


def seal(content: Globe, event: str, made_for: str) -> tuple[Sealed, str]:
    """The content sealed, and the key that opens it."""
    text = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode().lower()
    nonce = secrets.token_bytes(NONCE_BYTES)
    closed = _cipher(text).encrypt(nonce, msgspec.json.encode(content), _bound(event, made_for))
    groups = [text[i : i + GROUP] for i in range(0, len(text), GROUP)]
    return Sealed(made_for=made_for, nonce=nonce, content=closed), "-".join(groups)


def unseal(sealed: Sealed, event: str, key: str) -> Globe:
    """What was sealed. Raises InputError where the key is another's."""
    try:
        opened = _cipher(key).decrypt(sealed.nonce, sealed.content, _bound(event, sealed.made_for))
    except (InvalidTag, ValueError) as error:
        raise InputError(
            "the key does not open this bundle's sealed part; expected the one told when it was made"
        ) from (error)
    return msgspec.json.decode(opened, type=Globe)


def _cipher(key: str) -> ChaCha20Poly1305:
    letters = key.replace("-", "").strip().lower()
    return ChaCha20Poly1305(hashlib.sha256(b"tocsin sealed 1\n" + letters.encode()).digest())


def _bound(event: str, made_for: str) -> bytes:
    """What the sealed part belongs to: it opens in no other bundle and for no other name."""
    return msgspec.json.encode([event, made_for])
