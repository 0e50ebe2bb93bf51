"""An encrypted folder of chunks: what is there already is not written again, and nothing in it can be read or changed
without the key.

    vault.json         version, how the key follows from the passphrase (scrypt, RFC 7914), and a text that proves it
    chunks/NAME        a part of a file; NAME is an HMAC of it, which tells nothing about what is inside
    snapshots/TIME     which chunks a backup is made of
    erased             by which journal lines that were erased are known again (`dispatch.keeping.restore`)

All but the first are ChaCha20-Poly1305 (RFC 8439) under a nonce drawn for each, bound to their own names.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from acoustic.errors import InputError, ResourceError, UnknownVersionError
from arrays.whole import write_whole

VERSION = 1
HEADER, CHUNKS, SNAPSHOTS = "vault.json", "chunks", "snapshots"
N, R, P = 2**16, 8, 1  # 64 MB and a fifth of a second for every guess
NONCE_BYTES, SALT_BYTES = 12, 16
PROOF = b"tocsin backup"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """How the key of a folder follows from its passphrase."""

    salt: bytes
    proof: bytes
    version: int = VERSION
    n: int = N
    r: int = R
    p: int = P


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """An open folder. Its methods raise InputError for what is damaged, ResourceError for what cannot be used."""

    folder: Path
    _cipher: ChaCha20Poly1305
    _naming: bytes

    def put_chunk(self, content: bytes) -> tuple[str, int]:
        """Keep a part; its name, and how many bytes were written: 0 where it was there."""
        name = hmac.new(self._naming, content, hashlib.sha256).hexdigest()
        if (self.folder / CHUNKS / name).exists():
            return name, 0
        return name, self.put(f"{CHUNKS}/{name}", content)

    def chunk(self, name: str) -> bytes:
        """A part by its name."""
        return self.get(f"{CHUNKS}/{name}")

    def put(self, name: str, content: bytes) -> int:
        """Keep something under a name, in place of what was there; how many bytes were written."""
        nonce, path = secrets.token_bytes(NONCE_BYTES), self.folder / name
        closed = nonce + self._cipher.encrypt(nonce, zlib.compress(content, 1), name.encode())
        try:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, closed)
        except OSError as error:
            raise ResourceError(f"{path} cannot be written: {error.strerror}") from error
        return len(closed)

    def get(self, name: str) -> bytes:
        """What was kept under a name."""
        path = self.folder / name
        try:
            closed = path.read_bytes()
        except FileNotFoundError as error:
            raise InputError(f"{path} is missing; this backup is not whole") from error
        except OSError as error:
            raise ResourceError(f"{path} cannot be read: {error.strerror}") from error
        try:
            return zlib.decompress(self._cipher.decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], name.encode()))
        except (InvalidTag, ValueError, zlib.error) as error:
            raise InputError(f"{path} is damaged: it is not what was written") from error

    def names(self, below: str) -> list[str]:
        """What is there below a folder, in order."""
        folder = self.folder / below
        return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []

    def drop(self, name: str) -> None:
        """Take something away."""
        (self.folder / name).unlink(missing_ok=True)


def make_vault(folder: Path, secret: bytes) -> Vault:
    """A new folder, or one that holds nothing. Raises InputError for one with something else in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(
                f"{folder} holds something else; expected a backup, or a folder that is empty or not there"
            )
        salt = secrets.token_bytes(SALT_BYTES)
        vault = _vault(folder, secret, Header(salt=salt, proof=b""))
        nonce = secrets.token_bytes(NONCE_BYTES)
        proof = nonce + vault._cipher.encrypt(nonce, PROOF, HEADER.encode())
        write_whole(folder / HEADER, msgspec.json.encode(Header(salt=salt, proof=proof)))
    except OSError as error:
        raise ResourceError(f"{folder} cannot be written: {error.strerror}") from error
    return vault


def is_vault(folder: Path) -> bool:
    """Whether a folder is one of these."""
    return (folder / HEADER).is_file()


def open_vault(folder: Path, secret: bytes) -> Vault:
    """The folder, by the passphrase or key that it was made with. Raises InputError, UnknownVersionError."""
    path = folder / HEADER
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ResourceError(f"{folder} is no backup: {path.name} cannot be read: {error.strerror}") from error
    try:
        version = msgspec.json.decode(text).get("version")
        if version != VERSION:
            raise UnknownVersionError(
                f"{path} is of version {version!r}; this program reads {VERSION}: use a newer one"
            )
        header = msgspec.json.decode(text, type=Header)
        vault = _vault(folder, secret, header)
    except (msgspec.DecodeError, AttributeError, ValueError) as error:
        if isinstance(error, UnknownVersionError):
            raise
        raise InputError(f"{path} is damaged: it does not say how the backup is opened") from error
    try:
        vault._cipher.decrypt(header.proof[:NONCE_BYTES], header.proof[NONCE_BYTES:], HEADER.encode())
    except (InvalidTag, ValueError) as error:
        raise InputError(f"the passphrase or key file does not open the backup {folder}") from error
    return vault


def _vault(folder: Path, secret: bytes, header: Header) -> Vault:
    both = Scrypt(salt=header.salt, length=64, n=header.n, r=header.r, p=header.p).derive(secret)
    return Vault(folder=folder, _cipher=ChaCha20Poly1305(both[:32]), _naming=both[32:])
