"""Files that somebody names, read whole; what cannot be read is one sentence that names the file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from acoustic.errors import InputError

T = TypeVar("T")
LARGEST_BYTES = 1 << 28


def content_of(path: Path, what: str = "") -> bytes:
    """What is in a file; `what` it is, for the sentence. Raises InputError where it cannot be read, or goes on after
    LARGEST_BYTES.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{_named(path, what)} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{_named(path, what)} has more than {LARGEST_BYTES} bytes, which no such file needs")
    return content


def text_of(path: Path, what: str = "") -> str:
    """The text of a file, UTF-8 with a byte order mark or without. Raises InputError."""
    content = content_of(path, what)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{_named(path, what)} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def json_of(path: Path, kind: type[T], expected: str = "") -> T:
    """The JSON of a file as a `kind`; `expected`: what would have been one. Raises InputError naming the field."""
    try:
        return msgspec.json.decode(content_of(path), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {plain(error)}{expected and f'; expected {expected}'}") from error


def plain(error: Exception) -> str:
    """A parser's message as `field: what was expected`, without the library's notation."""
    text, _, where = str(error).partition(" - at `$")
    text = text.replace("`", "").replace("Object missing", "missing").replace("Object contains", "there is an")
    field = where.rstrip("`").lstrip(".")
    return f"{field}: {text}" if field else text


def _named(path: Path, what: str) -> str:
    return f"{what} {path}" if what else str(path)
