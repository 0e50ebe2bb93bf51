"""Sound copied sample for sample into a broadcast WAV file: pieces joined, what is between them left silent.

RF64 where a WAV cannot hold it. What the recorders did to the sound (mu-law, clipping) is told, never undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic.errors import InputError, ResourceError
from acoustic.levels import is_mu_law
from arrays.capture.files import reason
from recordings.formats.bext import bext_of, encode_bext, parse_bext

BLOCK = 1 << 18
LONGEST_WAV = 2**32 - (1 << 25)  # bytes, beyond which lengths need 64 bits; chunks of words take the rest
EXACT = {"PCM_S8": "PCM_16", "PCM_U8": "PCM_16", "ULAW": "PCM_16", "ALAW": "PCM_16"}
WIDTHS = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}
MU_LAW, CLIPPED = "8-bit mu-law levels", "clipped"
LOUD, PLATEAU = 0.25, 3  # neighbours at the very peak of a loud sound, from which on it is cut off there


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A file's sound: `at` the sample and `channel` the first channel where it goes."""

    path: Path
    samples: int
    channels: int
    at: int = 0
    channel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What a file is made of: pieces in order of time, and `words`, chunks that go with the sound unchanged."""

    rate_hz: float
    channels: int
    samples: int
    start_ns: int
    pieces: tuple[Piece, ...]
    words: tuple[tuple[str, bytes], ...] = ()


def write_sound(path: Path, whole: Whole, only: int | None = None) -> set[str]:
    """Write a file, or one channel of it; returned is what was done to the sound before it came here. Raises
    InputError where a file is not what its header said, or changes meanwhile; ResourceError where it cannot be written.
    """
    forms = [_form(piece.path) for piece in whole.pieces]
    form = max(forms, key=lambda f: (WIDTHS[f], f))
    channels = whole.channels if only is None else 1
    long = whole.samples * channels * WIDTHS[form] > LONGEST_WAV
    looked = _Looked()
    container = "RF64" if long else "WAV"
    try:
        with soundfile.SoundFile(
            path, "w", samplerate=round(whole.rate_hz), channels=channels, subtype=form, format=container
        ) as file:
            for block in blocks(whole, "float64" if form in ("FLOAT", "DOUBLE") else "int32"):
                chosen = block if only is None else block[:, only : only + 1]
                file.write(chosen)
                looked.at(chosen)
        add_chunks(path, _words(whole))
    except (soundfile.SoundFileError, RuntimeError, OSError) as error:
        if isinstance(error, ResourceError):
            raise
        raise ResourceError(f"{path} cannot be written ({reason(error)})") from error
    return looked.remarks()


def add_chunks(path: Path, words: Iterable[tuple[str, bytes]]) -> None:
    """Add chunks behind the sound of a RIFF or RF64 file. Raises OSError."""
    with path.open("r+b") as file:
        file.seek(0, 2)
        for name, content in words:
            file.write(bytes(file.tell() % 2))
            file.write(name.encode("latin-1") + len(content).to_bytes(4, "little") + content)
        file.write(bytes(file.tell() % 2))
        end = file.tell()
        file.seek(0)
        if file.read(4) == b"RF64":
            file.seek(20)  # the 64-bit chunk comes first, the file's length first in it
            file.write((end - 8).to_bytes(8, "little"))
        else:
            file.write((end - 8).to_bytes(4, "little"))


def _words(whole: Whole) -> Iterator[tuple[str, bytes]]:
    """The chunks to write: a bext of the start, with what an old one said beside it; and all others."""
    ours = bext_of(whole.start_ns, whole.rate_hz)
    for name, content in whole.words:
        if name == "bext":
            old = parse_bext(content)
            ours = type(ours)(
                description=old.description,
                originator=old.originator,
                originator_reference=old.originator_reference,
                date=ours.date,
                time=ours.time,
                reference=ours.reference,
                version=old.version,
                rest=old.rest,
                history=old.history,
            )
    yield "bext", encode_bext(ours)
    yield from ((name, content) for name, content in whole.words if name != "bext")


def _form(path: Path) -> str:
    with soundfile.SoundFile(path) as file:
        form = EXACT.get(file.subtype, str(file.subtype))
    if form not in WIDTHS:
        raise InputError(f"file {path} is coded as {form}, which loses sound; expected PCM, mu-law, A-law or float")
    return form


def blocks(whole: Whole, kind: str) -> Iterator[NDArray[np.generic]]:
    """The sound from first to last, (n, channels)."""
    waiting, open_now = list(whole.pieces), list[_Open]()
    with ExitStack() as stack:
        for first in range(0, whole.samples, BLOCK):
            last = min(first + BLOCK, whole.samples)
            block = np.zeros((last - first, whole.channels), kind)
            while waiting and waiting[0].at < last:
                open_now.append(stack.enter_context(_Open(waiting.pop(0))))
            for one in open_now:
                one.fill(block, first)
            open_now = [one for one in open_now if not one.close_if_over(last)]
            yield block


class _Open:
    """A piece while it is read; it must not change meanwhile."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._seen = self._state()
        self._file = soundfile.SoundFile(piece.path)

    def __enter__(self) -> _Open:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fill(self, block: NDArray[np.generic], first: int) -> None:
        piece = self._piece
        low, high = max(piece.at, first), min(piece.at + piece.samples, first + len(block))
        if low >= high:
            return
        try:
            sound = self._file.read(high - low, dtype=block.dtype.name, always_2d=True)
        except (soundfile.SoundFileError, RuntimeError) as error:
            raise InputError(f"file {piece.path} is damaged ({reason(error)})") from error
        if len(sound) < high - low:
            raise InputError(f"file {piece.path} ends at sample {self._file.tell()}; its header promised more")
        if block.dtype != np.int32 and not np.isfinite(sound).all():
            bad = low - piece.at + int(np.argwhere(~np.isfinite(sound))[0][0])
            raise InputError(f"file {piece.path}: sample {bad} is not a finite number")
        block[low - first : high - first, piece.channel : piece.channel + piece.channels] = sound

    def close_if_over(self, last: int) -> bool:
        if self._piece.at + self._piece.samples > last:
            return False
        if self._state() != self._seen:
            raise InputError(f"file {self._piece.path} changed while it was read; wait until its recording has ended")
        self._file.close()
        return True

    def _state(self) -> tuple[int, int]:
        status = self._piece.path.stat()
        return status.st_size, status.st_mtime_ns


class _Looked:
    """What can be seen of how a sound was recorded, block by block."""

    def __init__(self) -> None:
        self._levels = np.zeros(32_769, bool)  # of 16 bits, those that occur
        self._whole = True
        self._peak, self._plateau = 0.0, 0

    def at(self, block: NDArray[np.generic]) -> None:
        sound = block.astype(np.float64) / (2.0**31 if block.dtype == np.int32 else 1.0)
        size = np.abs(sound)
        peak = float(size.max())
        if peak == 0.0:
            return
        scaled = size.ravel() * 32_768.0
        self._whole = self._whole and peak <= 1.0 and bool((scaled == np.floor(scaled)).all())
        if self._whole:
            self._levels[scaled.astype(np.intp)] = True
        if peak > self._peak:
            self._peak, self._plateau = peak, 0
        top = size == self._peak
        self._plateau += int(np.count_nonzero(top[1:] & top[:-1]))

    def remarks(self) -> set[str]:
        said = {MU_LAW} if self._whole and is_mu_law(np.flatnonzero(self._levels) / 32_768.0) else set[str]()
        return said | ({CLIPPED} if self._peak >= LOUD and self._plateau >= PLATEAU else set())


def joined(pieces: Sequence[Piece]) -> tuple[tuple[int, int], ...]:
    """The stretches (first, end) of samples between pieces in order of time that none of them covers."""
    gaps, end = [], 0
    for piece in pieces:
        if piece.at > end:
            gaps.append((end, piece.at))
        end = max(end, piece.at + piece.samples)
    return tuple(gaps)
