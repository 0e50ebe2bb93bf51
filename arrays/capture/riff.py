"""The chunks of a sound file: where each lies and how long it is, of RIFF, RF64 and BW64 (EBU Tech 3306, BS.2088).

FLAC keeps the chunks of the WAV it was made of in blocks of their own (`flac --keep-foreign-metadata`); those are found
too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from acoustic.errors import InputError

FORMS = (b"RIFF", b"RF64", b"BW64")
UNSTATED = 2**32 - 1  # the 64-bit chunk says how long it is; or, in a RIFF, nobody does: streaming tools
MOST_CHUNKS = 4096
FLAC_APPLICATION, FLAC_LAST = 2, 0x80


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk: its four letters, the byte its content begins at, bytes as stated; None where it states no length."""

    id: str
    offset: int
    size: int | None


def chunks(path: Path) -> tuple[Chunk, ...]:
    """The chunks of a file in order; none where it is neither RIFF nor FLAC. Raises InputError, OSError."""
    with path.open("rb") as file:
        kind = file.read(4)
        found: list[Chunk] = []
        for chunk in _riff(file, kind) if kind in FORMS else _flac(file) if kind == b"fLaC" else ():
            if len(found) == MOST_CHUNKS:
                raise InputError(f"file {path} has more than {MOST_CHUNKS} chunks; expected a sound file")
            found.append(chunk)
    return tuple(found)


def data_bytes(path: Path) -> int | None:
    """Bytes of sound that a RIFF or RF64 file's header promises; None where it states none."""
    return next((chunk.size for chunk in chunks(path) if chunk.id == "data"), None)


def content(path: Path, chunk: Chunk) -> bytes:
    """A chunk's bytes. Raises InputError where the file ends before it does, OSError."""
    with path.open("rb") as file:
        file.seek(chunk.offset)
        read = file.read(chunk.size or 0)
    if len(read) < (chunk.size or 0):
        raise InputError(
            f"file {path} is cut short in its {chunk.id.strip()} chunk, at byte {chunk.offset + len(read)}"
        )
    return read


def _riff(file: BinaryIO, kind: bytes) -> Iterator[Chunk]:
    stated = int.from_bytes(file.read(4), "little")
    end = None if stated in (0, UNSTATED) else 8 + stated
    file.seek(12)
    long: dict[str, int] = {}
    while end is None or file.tell() + 8 <= end:
        head = file.read(8)
        if len(head) < 8 or not head[:4].isascii() or not head[:4].decode().isprintable():
            return
        chunk_id, size = head[:4].decode(), int.from_bytes(head[4:], "little")
        offset = file.tell()
        if kind != b"RIFF" and chunk_id == "ds64":
            end, long = _long_sizes(file.read(size))
        elif size == UNSTATED and chunk_id in long:
            size = long[chunk_id]
        if chunk_id == "data" and size in (0, UNSTATED):
            yield Chunk(chunk_id, offset, None)
            return
        yield Chunk(chunk_id, offset, size)
        file.seek(offset + size + size % 2)


def _long_sizes(content: bytes) -> tuple[int | None, dict[str, int]]:
    """Where an RF64 file ends, and the lengths of chunks that need 64 bits."""

    def number(at: int, length: int = 8) -> int:
        return int.from_bytes(content[at : at + length], "little")

    table = min(number(24, 4), max(0, len(content) - 28) // 12)
    long = {content[at : at + 4].decode("latin-1"): number(at + 4) for at in range(28, 28 + 12 * table, 12)}
    return 8 + number(0) if number(0) else None, long | {"data": number(8)}


def _flac(file: BinaryIO) -> Iterator[Chunk]:
    while len(head := file.read(4)) == 4:
        size, offset = int.from_bytes(head[1:], "big"), file.tell()
        if head[0] & ~FLAC_LAST == FLAC_APPLICATION and file.read(4) == b"riff":
            inner = file.read(8)
            if inner[:4] not in (*FORMS, b"data") and inner[:4].isascii():
                stated = int.from_bytes(inner[4:], "little")
                yield Chunk(inner[:4].decode(), offset + 12, min(stated, max(0, size - 12)))
        if head[0] & FLAC_LAST:
            return
        file.seek(offset + size)
