"""A node's certificate is renewed by the key that it has, and its key is replaced by one that the old one vouches for.

No certificate is asked for: one that ended, for want of power or a link, is renewed too, for a while.
"""

from __future__ import annotations

import datetime as dt

import msgspec
import sqlalchemy as sa
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from acoustic.errors import InputError
from arrays.renewal import RenewRequest, rotation_bytes
from dispatch.store.journal import add_entry
from dispatch.store.nodes import NodeRecord, change_key, node, note_certificate
from dispatch.trust.authority import Authority
from dispatch.trust.certificates import requested_key
from dispatch.trust.enrolment import RefusedError

GRACE_DAYS = 90
DAY_MS = 24 * 3600 * 1000


def read_renewal(body: bytes) -> RenewRequest:
    """Parse what a node asks with. Raises InputError naming the field."""
    try:
        return msgspec.json.decode(body, type=RenewRequest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the renewal is not what was expected: {error}") from error


def renew(connection: sa.Connection, asked: RenewRequest, authority: Authority, now_ms: int) -> tuple[NodeRecord, str]:
    """The node as it is now, and its new certificate as PEM.

    Raises RefusedError where the node is unknown, revoked, proves no key of its own, or its last certificate ended too
    long ago; InputError.
    """
    key = requested_key(asked.request).public_bytes_raw()
    record = node(connection, asked.node)
    if record is None:
        raise RefusedError(f"node {asked.node[:80]!r} is not enrolled here")
    if record.revoked_ms is not None:
        raise RefusedError(f"node {record.id!r} was revoked; enrol it anew where that is wanted")
    ended_days = (now_ms - record.certified_until_ms) / DAY_MS
    if ended_days > GRACE_DAYS:
        anew = f"enrol it anew: tocsin centre token --node {record.id}"
        raise RefusedError(
            f"the certificate of node {record.id!r} ended {ended_days:.0f} days ago, more than {GRACE_DAYS}; {anew}"
        )
    if key != record.public_key:
        _vouched_for(record, asked, key)
        change_key(connection, record, key, asked.first_sequence - 1, now_ms)
        add_entry(connection, "node", record.id, {"key": key.hex(), "from_sequence": asked.first_sequence}, now_ms)
    certificate = certify(connection, record.id, key, authority, now_ms)
    changed = node(connection, record.id)
    return changed or record, certificate


def certify(connection: sa.Connection, identity: str, key: bytes, authority: Authority, now_ms: int) -> str:
    """A new certificate for a node's key, PEM, of which the journal tells."""
    pem = authority.certify(key, identity, dt.datetime.fromtimestamp(now_ms / 1e3, dt.UTC))
    until = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    note_certificate(connection, identity, round(until.timestamp() * 1e3))
    add_entry(connection, "node", identity, {"certified_until": until.isoformat()}, now_ms)
    return pem.decode()


def _vouched_for(record: NodeRecord, asked: RenewRequest, key: bytes) -> None:
    try:
        known = Ed25519PublicKey.from_public_bytes(record.public_key)
        known.verify(asked.signature, rotation_bytes(record.id, key, asked.first_sequence))
    except InvalidSignature as error:
        raise RefusedError(f"the request is for a key that node {record.id!r} does not vouch for") from error
