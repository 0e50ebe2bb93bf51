"""The centre's own certificate authority, its server certificate, and the key that signs orders.

Made at first start, in `keys/` of the data folder; private keys are readable by the owner only (0600).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from acoustic.errors import InputError, ResourceError
from recordings.whole import write_whole

CA_DAYS = 3650
SERVER_DAYS = 397
RENEW_BEFORE_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What the centre shows and signs with: files for the TLS server, the CA as PEM, the key of orders."""

    ca_pem: bytes
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


def open_authority(data: Path, names: Iterable[str] = ()) -> Authority:
    """The authority in a data folder, made where absent; `names` are the host names and addresses of the server.

    The server certificate is made anew when it nears its end or lacks a name. Raises ResourceError where the folder
    cannot be written, InputError where a key file is not what it should be.
    """
    folder = data / "keys"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / "ca.pem").exists():
            _make_ca(folder)
        if not (folder / "orders.key").exists():
            write_whole(folder / "orders.key", _private_pem(ed25519.Ed25519PrivateKey.generate()))
        wanted = server_names(names)
        if not _serves(folder, wanted):
            _make_server(folder, wanted)
        order_key = serialization.load_pem_private_key((folder / "orders.key").read_bytes(), None)
    except OSError as error:
        raise ResourceError(f"the keys in {folder} cannot be read or written: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"a key or certificate in {folder} is damaged: {error}") from error
    if not isinstance(order_key, ed25519.Ed25519PrivateKey):
        raise InputError(f"{folder / 'orders.key'} holds another kind of key; expected Ed25519")
    return Authority(
        ca_pem=(folder / "ca.pem").read_bytes(),
        server_cert=folder / "server.pem",
        server_key=folder / "server.key",
        order_key=order_key,
    )


def server_names(names: Iterable[str]) -> frozenset[str]:
    """Every name a node or a browser may call this machine by; an address that only means "all" is none."""
    every = {"localhost", "127.0.0.1", "::1", socket.gethostname(), *names}
    return frozenset(name for name in every if name not in ("", "0.0.0.0", "::"))  # noqa: S104 — left out, not bound


def _make_ca(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tocsin centre {os.urandom(4).hex()}")])
    builder = _certificate(name, name, key.public_key(), CA_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    write_whole(folder / "ca.key", _private_pem(key))
    # Last: its presence says "made".
    write_whole(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM))


def _make_server(folder: Path, wanted: frozenset[str]) -> None:
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    ca_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise InputError(f"{folder / 'ca.key'} holds another kind of key; expected ECDSA P-256")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tocsin centre")])
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([_general_name(text) for text in sorted(wanted)]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]
    builder = _certificate(name, ca.subject, key.public_key(), SERVER_DAYS)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    write_whole(folder / "server.key", _private_pem(key))
    write_whole(folder / "server.pem", builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _serves(folder: Path, wanted: frozenset[str]) -> bool:
    """Whether the server certificate is there, is of its key, names all that is wanted, and lasts."""
    if not ((folder / "server.pem").exists() and (folder / "server.key").exists()):
        return False
    certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    key = serialization.load_pem_private_key((folder / "server.key").read_bytes(), None)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    present = {str(name.value) for name in names}
    lasts = certificate.not_valid_after_utc > _now() + dt.timedelta(days=RENEW_BEFORE_DAYS)
    return key.public_key() == certificate.public_key() and wanted <= present and lasts


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    start = _now() - dt.timedelta(hours=1)  # a node's clock may be a little behind
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=days))
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
