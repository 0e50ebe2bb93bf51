"""A record of what was erased: a line of the journal, signed by the centre, that stays for good."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dispatch.store.journal import Entry, add_entry

KIND = "deletion"
DOMAIN = b"tocsin deletion 1\n"


class Deletion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was erased and why; `by`: who asked, empty for the clock.

    `rows`: how many of each table. `left`: journal lines that lost names and words, each with the digest of what is
    left of it (`recordings.chain.left_digest`). `blank`: first and last of journal lines that ended as a whole.
    `signature`: Ed25519, of the rest.
    """

    because: str
    by: str = ""
    rows: dict[str, int] = {}
    left: dict[int, str] = {}
    blank: tuple[tuple[int, int], ...] = ()
    signature: bytes = b""

    def signed(self, key: Ed25519PrivateKey) -> Deletion:
        """The record with the centre's signature."""
        return msgspec.structs.replace(self, signature=key.sign(self._content()))

    def by_key(self, key: Ed25519PublicKey) -> bool:
        """Whether the holder of this key signed it."""
        try:
            key.verify(self.signature, self._content())
        except InvalidSignature:
            return False
        return True

    def _content(self) -> bytes:
        return DOMAIN + msgspec.json.encode(msgspec.structs.replace(self, signature=b""))


def add_deletion(connection: sa.Connection, what: Deletion, key: Ed25519PrivateKey, now_ms: int) -> Entry:
    """Sign a record and write it in the journal: in the transaction that erases."""
    return add_entry(connection, KIND, "", what.signed(key), now_ms)
