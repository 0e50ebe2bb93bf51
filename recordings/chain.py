"""The hash chain of what happened: each line carries a digest of itself and of every line before it.

A line's content is digested with a salt of its own, and the chain holds only those digests: content and salt can be
erased on their retention clock, nobody can guess what was there, and the chain still verifies (DESIGN, invariant 7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

BEGINNING = "0" * 64
SALT_BYTES = 16


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as the chain knows it: its number, the digest of its content, and the content where it is told.

    `salt` hex; `data` the line's JSON as it was written.
    """

    id: int
    content: str
    salt: str = ""
    recorded_ms: int = 0
    kind: str = ""
    subject: str = ""
    data: str = ""

    @property
    def told(self) -> bool:
        """Whether the content is here, not only its digest."""
        return bool(self.kind)

    @property
    def erased(self) -> bool:
        """Whether content was erased: without its salt nothing can be compared with the digest."""
        return self.told and not self.salt


def text_digest(text: str) -> str:
    """SHA-256, hex, of a text: of what a line names."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(line: Line) -> str:
    """SHA-256, hex, of a line's salt and content."""
    content = msgspec.json.encode([line.salt, line.id, line.recorded_ms, line.kind, line.subject, line.data])
    return hashlib.sha256(content).hexdigest()


def left_digest(line: Line) -> str:
    """SHA-256, hex, of what is left of an erased line: a signed record of the erasure names it."""
    left = msgspec.json.encode([line.id, line.recorded_ms, line.kind, line.subject, line.data])
    return hashlib.sha256(left).hexdigest()


def chained(before: str, content: str) -> str:
    """The digest of a line, hex, from that of the line before it and that of its content."""
    return hashlib.sha256(f"{before}{content}".encode()).hexdigest()


def end_of(before: str, lines: Iterable[Line]) -> str:
    """The chain's digest after `lines`, which follow a line of digest `before`."""
    for line in lines:
        before = chained(before, line.content)
    return before


def altered(lines: Iterable[Line]) -> list[int]:
    """The numbers of lines whose content is not what its digest says; erased ones cannot be compared."""
    return [line.id for line in lines if line.told and not line.erased and content_digest(line) != line.content]
