"""A node's identity: one Ed25519 key, made on the node and never leaving it, and the centre's certificate of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from acoustic.errors import InputError, ResourceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


KEY, NEXT_KEY, CERTIFICATE = "node.key", "next.key", "node.pem"


def open_identity(path: Path) -> Ed25519PrivateKey:
    """The key in a file that only its owner may read (mode 0600), made where there is none.

    Raises InputError where the file holds something else or is open to others, ResourceError where it cannot be used.
    """
    try:
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InputError(f"key file {path} is open to other users; expected mode 0600")
        key = _load(path)
    except OSError as error:
        raise ResourceError(f"key file {path} cannot be read or made: {error.strerror}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"key file {path} holds another kind of key; expected Ed25519")
    return key


def certificate_request(key: Ed25519PrivateKey, node: str) -> str:
    """What the centre is asked to certify, PKCS #10 as PEM: signed by the key that it is for."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, node)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    return request.public_bytes(Encoding.PEM).decode()


def certificate_span(folder: Path, key: Ed25519PrivateKey) -> tuple[dt.datetime, dt.datetime] | None:
    """From when to when the certificate of this key is good; None where the folder holds none that can be read."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    except (OSError, ValueError):
        return None  # it is asked for again
    if certificate.public_key() != key.public_key():
        return None
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _load(path: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise InputError(f"key file {path} is damaged; restore it, or remove it and enrol the node anew") from error


def _make(path: Path) -> None:
    """Write a new key whole or not at all; where two programs try at once, one key wins and both use it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
