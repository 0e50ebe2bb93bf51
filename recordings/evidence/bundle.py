"""The file: a zip of uncompressed members in one fixed form, so that every byte of it is accounted for.

README.txt        what this is and how to check it
event.json        in short, what happened; absent from older bundles
subject.json      the event, who made the bundle, when, for whom
nodes.json        the nodes and their keys
reports.json      the reports that the nodes signed
method.json       how places were made of them
versions.json     what was published
relocated.json    what the method makes of the reports
chain.json        the centre's hash chain
sealed.json       where on the globe it was
clips.json        the sound of the shots, in a bundle that holds any
manifest.json     the version of this form; SHA-256 and length of each of the above
manifest.sig      the centre's Ed25519 signature of the manifest
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from acoustic.errors import InputError, ResourceError, UnknownVersionError
from arrays.whole import write_whole
from recordings.evidence.contents import Evidence
from recordings.evidence.summary import summary

VERSION = 1
DOMAIN = b"tocsin evidence 1\n"
LARGEST_BYTES = 1 << 29
README, MANIFEST, SIGNATURE = "README.txt", "manifest.json", "manifest.sig"
TYPES = get_type_hints(Evidence)
PARTS = tuple(f.name for f in fields(Evidence))
EVENT, CLIPS = OPTIONAL = ("event.json", "clips.json")
MEMBERS = (README, EVENT, *(f"{part}.json" for part in PARTS), MANIFEST, SIGNATURE)
REQUIRED = tuple(name for name in MEMBERS if name not in OPTIONAL)
TEXT = """Evidence of one event, made by Tocsin.

    tocsin verify FILE

checks every signature and digest in this file and computes the location anew from the nodes' signed reports, with
nothing else at hand; event.json says in short what happened. Times are UTC; places are metres east, north and up of the
first node. The key that was told when this file was made opens where that is: tocsin verify FILE --open.
"""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """SHA-256, hex, and length of a member."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle consists of."""

    tocsin_evidence: int
    files: dict[str, Entry]


class _Versioned(msgspec.Struct, frozen=True):
    tocsin_evidence: int


def write_bundle(path: Path, evidence: Evidence, key: Ed25519PrivateKey) -> None:
    """Write a bundle, whole or not at all, readable by its owner. Raises ResourceError."""
    members = {README: TEXT.encode(), EVENT: _encoded(summary(evidence))}
    parts = PARTS if evidence.clips else PARTS[:-1]
    members |= {f"{part}.json": _encoded(getattr(evidence, part)) for part in parts}
    entries = {name: Entry(sha256=_sha256(content), bytes=len(content)) for name, content in members.items()}
    members[MANIFEST] = _encoded(Manifest(tocsin_evidence=VERSION, files=entries))
    members[SIGNATURE] = key.sign(DOMAIN + members[MANIFEST])
    try:
        write_whole(path, packed(members))
    except OSError as error:
        raise ResourceError(f"bundle {path} cannot be written: {error.strerror}") from error


def packed(members: Mapping[str, bytes]) -> bytes:
    """The one zip of these members."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o600 << 16
            archive.writestr(info, content)
    return whole.getvalue()


def read_members(path: Path) -> dict[str, bytes]:
    """The members of a bundle, none of them trusted yet, and nothing written anywhere.

    Raises InputError, naming what was changed, where the file is not exactly what `packed` makes; ResourceError.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1) if size <= LARGEST_BYTES else b""
    except OSError as error:
        raise ResourceError(f"bundle {path} cannot be read: {error.strerror}") from error
    if (size := max(size, len(data))) > LARGEST_BYTES:  # of a pipe, or a device, only reading tells
        raise InputError(f"{path} has {size} bytes or more; expected a bundle of at most {LARGEST_BYTES}")
    members = _unpacked(path, data)
    whole = packed(members)
    if whole != data:
        at = next((n for n, (a, b) in enumerate(zip(whole, data, strict=False)) if a != b), min(len(whole), len(data)))
        raise InputError(f"{path}: the frame around the members was changed at byte {at}")
    return members


def _unpacked(path: Path, data: bytes) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                name = info.filename
                if name not in MEMBERS or name in members:
                    raise InputError(f"{path}: holds {name[:80]!r}; expected each of {', '.join(MEMBERS)} once")
                if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(data):
                    raise InputError(f"{path}: {name} is compressed; expected it as it is")
                try:
                    members[name] = archive.read(info)
                except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, OSError) as error:
                    raise InputError(f"{path}: {name} was changed ({error})") from error
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: the frame around the members was changed, or it is no bundle ({error})") from error
    if missing := [name for name in REQUIRED if name not in members]:
        raise InputError(f"{path}: {missing[0]} is missing")
    return members


def check_members(path: Path, members: Mapping[str, bytes]) -> None:
    """That the manifest is of a form known here and every member is what it says. Raises InputError naming the member,
    UnknownVersionError for a bundle of a newer program.
    """
    version = _decoded(path, members, MANIFEST, _Versioned).tocsin_evidence
    if version != VERSION:
        raise UnknownVersionError(f"{path}: the bundle's version is {version}; expected {VERSION}; use a newer program")
    told = _decoded(path, members, MANIFEST, Manifest).files
    if set(told) != set(members) - {MANIFEST, SIGNATURE}:
        raise InputError(f"{path}: manifest.json names other members than those of a bundle")
    for name, entry in told.items():
        if (_sha256(members[name]), len(members[name])) != (entry.sha256, entry.bytes):
            raise InputError(f"{path}: {name} is not what manifest.json says")


def signed_by(members: Mapping[str, bytes], key: bytes) -> bool:
    """Whether the manifest is signed with this 32-byte Ed25519 public key."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(members[SIGNATURE], DOMAIN + members[MANIFEST])
    except (InvalidSignature, ValueError):
        return False
    return True


def parsed(path: Path, members: Mapping[str, bytes]) -> Evidence:
    """The contents of checked members. Raises InputError naming member and field."""
    there = [part for part in PARTS if f"{part}.json" in members]
    return Evidence(**{part: _decoded(path, members, f"{part}.json", TYPES[part]) for part in there})


def _encoded(content: Any) -> bytes:
    return msgspec.json.encode(content) + b"\n"


def _decoded(path: Path, members: Mapping[str, bytes], name: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(members[name], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{path}: {name} is not what was expected: {error}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
