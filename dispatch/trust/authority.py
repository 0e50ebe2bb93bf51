"""The centre's own certificate authority, its server certificate, and the key that signs orders.

Made at first start, in `keys/` of the data folder; private keys are readable by the owner only (0600). Both
certificates are renewed before they end; the authority keeps its name and key, so that what it signed stays good.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from acoustic.errors import InputError, ResourceError
from arrays.whole import write_whole
from dispatch.trust.certificates import ca_certificate, node_certificate, private_pem, server_certificate

RENEW_BEFORE = dt.timedelta(days=30)
RENEW_CA_BEFORE = dt.timedelta(days=730)  # longer than anything it signs lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What the centre shows and signs with: files for the TLS server, the CA as PEM, its key, the key of orders."""

    ca_pem: bytes
    ca_file: Path
    ca_key: ec.EllipticCurvePrivateKey
    server_cert: Path
    server_key: Path
    order_key: ed25519.Ed25519PrivateKey

    @property
    def fingerprint(self) -> str:
        """First 32 hex characters of the SHA-256 of the CA certificate's DER: the second half of a token."""
        der = x509.load_pem_x509_certificate(self.ca_pem).public_bytes(serialization.Encoding.DER)
        return hashlib.sha256(der).hexdigest()[:32]

    @property
    def order_public_key(self) -> str:
        """The public key that nodes check orders with, base64 of 32 bytes."""
        return base64.b64encode(self.order_key.public_key().public_bytes_raw()).decode()

    def certify(self, public_key: bytes, node: str, now: dt.datetime) -> bytes:
        """A client certificate, PEM, for the node of a 32-byte Ed25519 key."""
        key = ed25519.Ed25519PublicKey.from_public_bytes(public_key)
        return node_certificate(key, node, x509.load_pem_x509_certificate(self.ca_pem), self.ca_key, now)


def open_authority(data: Path, names: Iterable[str] | None = None, now: dt.datetime | None = None) -> Authority:
    """The authority in a data folder, made where absent.

    With `names`, the host names and addresses of the server, what nears its end at `now` (default: the present) is
    made anew, and a server certificate that lacks a name. Raises ResourceError where the folder cannot be written,
    InputError where a key file is not what it should be.
    """
    folder, now = data / "keys", now or dt.datetime.now(dt.UTC)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "ca.pem").exists():
            write_whole(folder / "ca.key", private_pem(ec.generate_private_key(ec.SECP256R1())))
            _make_ca(folder, now, None)
        if not (folder / "orders.key").exists():
            write_whole(folder / "orders.key", private_pem(ed25519.Ed25519PrivateKey.generate()))
        if names is not None:
            _renew(folder, server_names(names), now)
        elif not (folder / "server.pem").exists():
            _make_server(folder, server_names(()), now)
        order_key = serialization.load_pem_private_key((folder / "orders.key").read_bytes(), None)
        ca_key, ca_pem = _ca_key(folder), (folder / "ca.pem").read_bytes()
    except OSError as error:
        raise ResourceError(f"the keys in {folder} cannot be read or written: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"a key or certificate in {folder} is damaged: {error}") from error
    if not isinstance(order_key, ed25519.Ed25519PrivateKey):
        raise InputError(f"{folder / 'orders.key'} holds another kind of key; expected Ed25519")
    return Authority(
        ca_pem=ca_pem,
        ca_file=folder / "ca.pem",
        ca_key=ca_key,
        server_cert=folder / "server.pem",
        server_key=folder / "server.key",
        order_key=order_key,
    )


def server_names(names: Iterable[str]) -> frozenset[str]:
    """Every name a node or a browser may call this machine by; an address that only means "all" is none."""
    every = {"localhost", "127.0.0.1", "::1", socket.gethostname(), *names}
    return frozenset(name for name in every if name not in ("", "0.0.0.0", "::"))  # noqa: S104 — left out, not bound


def _renew(folder: Path, wanted: frozenset[str], now: dt.datetime) -> None:
    ca = _certificate(folder / "ca.pem")
    if ca.not_valid_after_utc < now + RENEW_CA_BEFORE:
        _make_ca(folder, now, ca)
    if not _serves(folder, wanted, now):
        _make_server(folder, wanted, now)


def _make_ca(folder: Path, now: dt.datetime, before: x509.Certificate | None) -> None:
    """After its key: the presence of the certificate says "made"."""
    write_whole(folder / "ca.pem", ca_certificate(_ca_key(folder), now, before))


def _make_server(folder: Path, wanted: frozenset[str], now: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = server_certificate(key.public_key(), wanted, _certificate(folder / "ca.pem"), _ca_key(folder), now)
    write_whole(folder / "server.key", private_pem(key))
    write_whole(folder / "server.pem", made)


def _serves(folder: Path, wanted: frozenset[str], now: dt.datetime) -> bool:
    """Whether the server certificate is there, is of its key, names all that is wanted, and lasts."""
    if not ((folder / "server.pem").exists() and (folder / "server.key").exists()):
        return False
    certificate = _certificate(folder / "server.pem")
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    present = {str(name.value) for name in names}
    lasts = certificate.not_valid_after_utc > now + RENEW_BEFORE
    return key.public_key() == certificate.public_key() and wanted <= present and lasts


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _ca_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{folder / 'ca.key'} holds another kind of key; expected ECDSA P-256")
    return key
