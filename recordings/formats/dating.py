"""When a sound file starts, where it was recorded and by what, by all that it says itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from acoustic.errors import InputError
from arrays.capture.files import Header, read_header
from arrays.capture.riff import Chunk, chunks, content
from arrays.timebase import format_utc_ns
from recordings.formats.bext import DAY_NS, Bext, parse_bext, start_of
from recordings.formats.metadata import (
    Told,
    comment_serial,
    comment_start,
    guano_fields,
    guano_place,
    guano_start,
    ixml_stamp,
    name_start,
)

LARGEST_CHUNK = 1 << 24
AHEAD_NS = DAY_NS  # of this machine's clock, which may be in another time zone than it believes
SOUND = ("fmt ", "data", "ds64", "fact", "PEAK", "JUNK", "junk", "PAD ", "FLLR", "RIFF", "RF64")  # no one's words
PLAIN_COMMENTS = (b"ICMT", b"IART")


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A sound file and what it says: `told` when it starts (None: it does not say), `place` latitude, longitude and
    elevation; `recorder` a serial number; `words` every chunk beside the sound, as it is.
    """

    path: Path
    header: Header
    told: Told | None
    place: tuple[float, float, float | None] | None
    recorder: str | None
    words: tuple[tuple[str, bytes], ...]

    @property
    def end_ns(self) -> int:
        """UTC in ns just after the last sample. Raises InputError where no start is told."""
        return dated(self).start_ns + round(self.header.samples * 1e9 / self.header.rate_hz)


def describe(path: Path, dates: bool = True) -> Described:
    """Read all that a file says of itself: of several starts that of bext, iXML, GUANO, the comment, the name, in this
    order; no start is sought where `dates` is False. Raises InputError naming the file and the field.
    """
    header = read_header(path)
    try:
        words = tuple(_words(path))
        told = _start(path, words, header) if dates else None
        fields = next((guano_fields(text) for name, text in words if name == "guan"), {})
        place = guano_place(fields)
        recorder = fields.get("Serial") or comment_serial(_comment(words))
    except InputError as error:
        text = str(error)
        raise InputError(text if str(path) in text else f"file {path}: {text}") from error
    return Described(path=path, header=header, told=told, place=place, recorder=recorder, words=words)


def dated(one: Described) -> Told:
    """When a file starts. Raises InputError where it does not say, or names a time that is not past."""
    if one.told is None:
        raise InputError(
            f"file {one.path} does not say when it starts; expected bext, iXML, GUANO, or a time in its name"
        )
    if one.told.start_ns > time.time_ns() + AHEAD_NS:
        raise InputError(
            f"file {one.path} starts at {format_utc_ns(one.told.start_ns)} by {one.told.by}, which is in the future; "
            "its recorder's clock was wrong"
        )
    return one.told


def _words(path: Path) -> Iterator[tuple[str, bytes]]:
    for chunk in chunks(path):
        if chunk.id not in SOUND:
            yield chunk.id, _content(path, chunk)


def _content(path: Path, chunk: Chunk) -> bytes:
    if (chunk.size or 0) > LARGEST_CHUNK:
        raise InputError(f"chunk {chunk.id!r} has {chunk.size} bytes; expected at most {LARGEST_CHUNK}")
    return content(path, chunk)


def _start(path: Path, words: tuple[tuple[str, bytes], ...], header: Header) -> Told | None:
    parts = dict(reversed(words))
    bext = parse_bext(parts["bext"]) if "bext" in parts else None
    stamp = ixml_stamp(parts["iXML"]) if "iXML" in parts else None
    if stamp is not None and not (bext and bext.reference):
        bext = bext or Bext(date=stamp.day, time="", reference=0)
        bext = replace(bext, reference=round(stamp.samples * header.rate_hz / (stamp.rate_hz or header.rate_hz)))
    if bext is not None and (start := start_of(bext, header.rate_hz)) is not None:
        return Told(*start, "bext" if stamp is None else "bext and iXML")
    if "guan" in parts and (told := guano_start(guano_fields(parts["guan"]))) is not None:
        return told
    return comment_start(_comment(words)) or name_start(path.stem)


def _comment(words: tuple[tuple[str, bytes], ...]) -> str:
    """The comment and the artist of a LIST INFO chunk."""
    said = []
    for name, text in words:
        at = 4
        while name == "LIST" and text[:4] == b"INFO" and at + 8 <= len(text):
            size = int.from_bytes(text[at + 4 : at + 8], "little")
            if text[at : at + 4] in PLAIN_COMMENTS:
                said.append(text[at + 8 : at + 8 + size].split(b"\0", 1)[0].decode("utf-8", "replace"))
            at += 8 + size + size % 2
    return " ".join(said)
