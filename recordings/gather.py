"""Other people's recorders as a session: their files dated, joined, and their clocks told by what all heard.

A recorder's files follow each other; what is between them is a gap. A clock is believed as far as its recorder tells
time (`time_sigma_s` says better), and where one is worse than MUST_S, all are told by shared sounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.impulses import Detector
from arrays.capture.files import Header
from arrays.geometry import offsets
from arrays.session import TIME_SIGMA_S, Origin, Session, SessionNode, make_session
from arrays.timebase import format_utc_ns
from localisation.clocks import Clocks, clocks
from localisation.shared_sounds import Medium, Recorder
from recordings.formats.copying import Piece, Whole, blocks, joined
from recordings.formats.dating import Described, dated, describe
from recordings.formats.metadata import Told
from recordings.formats.positions import Position

MUST_S = 5e-3  # 1.7 m: clocks worse than this are told by sounds
OVERLAP_S = 1e-3  # by which consecutive files may seem to overlap: their start is told so coarsely
LONGEST_S = 48 * 3600.0
SPEED_SIGMA_MS, GUESSED_SIGMA_MS = 1.0, 4.0  # of the speed of sound, with and without a thermometer
WIND_SIGMA_MS, GUESSED_WIND_MS = 1.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A session to be written: its nodes' sound in pieces by id, and sentences about the clocks."""

    session: Session
    wholes: dict[str, Whole]
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """A node as it was recorded; `sigma_s` infinite where its clock is unknown."""

    node: SessionNode
    whole: Whole
    sigma_s: float


def gather(
    identity: str, positions: Sequence[Position], origin: Origin | None, air: Air, *, sounds: bool = True
) -> Gathered:
    """A session of the recorders at these positions; without `sounds`, clocks are believed as they are. Raises
    InputError naming the file where one cannot be used, or where clocks are unknown and cannot be told.
    """
    rows: dict[str, list[Position]] = {}
    for position in positions:
        rows.setdefault(position.node, []).append(position)
    parts = [_part(node, own) for node, own in rows.items()]
    unknown = [p.node.id for p in parts if not math.isfinite(p.sigma_s)]
    if not sounds and unknown:
        raise InputError(f"the clock of {unknown[0]} is unknown; expected to tell it by sounds, or a start")
    said: list[str] = []
    if sounds and any(p.sigma_s > MUST_S for p in parts):
        parts, said = _told(parts, air)
    session = make_session(identity, [p.node for p in parts], air, origin)
    return Gathered(session=session, wholes={p.node.id: p.whole for p in parts}, said=tuple(said))


def _part(node: str, rows: Sequence[Position]) -> _Part:
    """A node of its rows: one file or several one after another; or one file a microphone."""
    described = [[_described(row, path) for path in row.files] for row in rows]
    if len(rows) > 1:
        if any(len(files) != 1 or files[0].header.channels != 1 for files in described):
            raise InputError(f"node {node} has {len(rows)} rows; expected one file of one channel each: microphones")
        files = [files[0] for files in described]
        _alike(node, files, together=True)
        pieces = [_piece(file, channel=channel) for channel, file in enumerate(files)]
    else:
        files = sorted(described[0], key=lambda f: f.told.start_ns if f.told else 0)
        _alike(node, files, together=False)
        pieces = _one_after_another(node, files)
    places = np.array([row.place for row in rows])
    microphones = places - places[0] if len(rows) > 1 else offsets(None, files[0].header.channels)
    told = [_clock(row, file) for row, file in zip([*rows, *[rows[0]] * len(files)], files, strict=False)]
    rate_hz, samples = files[0].header.rate_hz, max(p.at + p.samples for p in pieces)
    whole = Whole(
        rate_hz=rate_hz,
        channels=len(microphones),
        samples=samples,
        start_ns=told[0].start_ns,
        pieces=tuple(pieces),
        words=files[0].words if len(files) == 1 else (),
    )
    gaps = joined(pieces) if len(rows) == 1 else ()
    sigma_s = max(t.sigma_s for t in told)
    return _Part(
        SessionNode(
            id=node,
            position=rows[0].place,
            file=files[0].path,
            start_ns=told[0].start_ns,
            microphones=microphones,
            rate_hz=rate_hz,
            samples=samples,
            time_sigma_s=min(sigma_s, 3600.0),
            gaps=tuple((first / rate_hz, end / rate_hz) for first, end in gaps),
        ),
        whole,
        sigma_s,
    )


def _described(row: Position, path: Path) -> Described:
    """A file and its start; one whose clock is unknown may tell none, if it is alone."""
    one = describe(path, dates=row.start_ns is None)
    if row.start_ns is not None:
        return replace(one, told=Told(row.start_ns, TIME_SIGMA_S, "positions"))
    if row.unknown and one.told is None and len(row.files) == 1:
        return one
    if not row.unknown:
        dated(one)
    return one if one.told else replace(one, told=dated(one))


def _clock(row: Position, file: Described) -> Told:
    told = file.told or Told(0, math.inf, "nothing")
    if row.unknown:
        return replace(told, sigma_s=row.sigma_s or math.inf)
    return replace(told, sigma_s=max(told.sigma_s, TIME_SIGMA_S) if row.sigma_s is None else row.sigma_s)


def _alike(node: str, files: Sequence[Described], *, together: bool) -> None:
    """That files can be one recording."""
    first = files[0]
    for file in files[1:]:
        one, other = _shape(first.header), _shape(file.header)
        if one != other:
            raise InputError(f"node {node}: {first.path.name} has {one}, {file.path.name} {other}; expected the same")
        same = (file.told, file.header.samples) == (first.told, first.header.samples)
        if together and not same:
            raise InputError(
                f"node {node}: {first.path.name} and {file.path.name} do not begin and end together; expected the "
                "microphones of one array"
            )


def _shape(header: Header) -> str:
    return f"{header.channels} channels at {header.rate_hz:g} Hz"


def _piece(file: Described, at: int = 0, channel: int = 0) -> Piece:
    header = file.header
    return Piece(path=file.path, samples=header.samples, channels=header.channels, at=at, channel=channel)


def _one_after_another(node: str, files: Sequence[Described]) -> list[Piece]:
    """Pieces by their starts; two that overlap by no more than their starts are unsure of follow each other."""
    pieces, end, rate_hz = list[Piece](), 0, files[0].header.rate_hz
    for file in files:
        at = 0 if not pieces else round((dated(file).start_ns - dated(files[0]).start_ns) * 1e-9 * rate_hz)
        if at < end:
            over_s = (end - at) / rate_hz
            if over_s > max(OVERLAP_S, 2.0 * dated(file).sigma_s):
                before = files[len(pieces) - 1].path.name
                raise InputError(
                    f"node {node}: {before} and {file.path.name} overlap by {over_s:.3f} s; expected one after another"
                )
            at = end
        end = at + file.header.samples
        if end / rate_hz > LONGEST_S:
            raise InputError(
                f"node {node}: its files span {end / rate_hz / 3600:.1f} h; expected at most {LONGEST_S / 3600:g} h"
            )
        pieces.append(_piece(file, at))
    return pieces


def _told(parts: Sequence[_Part], air: Air) -> tuple[list[_Part], list[str]]:
    """The parts with their clocks as shared sounds tell them, and sentences. Raises InputError."""
    starts = [p.node.start_ns for p in parts if p.node.start_ns]
    epoch_ns = min(starts, default=0)
    undated = [replace(p, node=replace(p.node, start_ns=p.node.start_ns or epoch_ns)) for p in parts]
    heard = [_heard(part, epoch_ns) for part in undated]
    found = clocks(heard, _medium(air))
    if lost := [p.node.id for p, sigma_s in zip(parts, found.sigma_s, strict=True) if math.isnan(sigma_s)]:
        raise InputError(
            f"the clock of {', '.join(lost)} cannot be told by shared sounds, those of {len(parts) - len(lost)} others "
            "can; leave it out of the positions"
        )
    said = [
        f"{len(found.times)} sounds of {_distinct(found)} places tell the clocks; "
        f"what is left of each arrival is {1e3 * found.misfit_s:.1f} ms"
    ]
    if not any(math.isfinite(p.sigma_s) for p in parts):
        said.append("no clock is known: times and places are right among the recorders, the date and hour are not")
    corrected = []
    for n, part in enumerate(undated):
        moved, words = _corrected(part, found, n, epoch_ns)
        corrected.append(moved)
        said.append(words)
    return corrected, said


def _corrected(part: _Part, found: Clocks, n: int, epoch_ns: int) -> tuple[_Part, str]:
    """A part with its clock set. A session's node has one start: its drift is right in the middle, and widens σ."""
    node = part.node
    length_s = node.samples / node.rate_hz
    middle_s = (node.start_ns - epoch_ns) * 1e-9 + length_s / 2.0
    away_s = middle_s - float(found.middle_s[n])
    offset_s = float(found.offsets_s[n]) + float(found.drift[n]) * away_s
    ends_s = abs(float(found.drift[n])) * length_s / 2.0
    sigma_s = math.hypot(float(found.sigma_s[n]), float(found.drift_sigma[n]) * (abs(away_s) + length_s / 2.0), ends_s)
    start_ns = node.start_ns + round(offset_s * 1e9)
    words = (
        f"{node.id}: starts at {format_utc_ns(start_ns)} ± {1e3 * sigma_s:.1f} ms, {offset_s:+.4f} s against its own "
        f"clock, drift {1e6 * float(found.drift[n]):+.0f} ± {1e6 * float(found.drift_sigma[n]):.0f} ppm, by "
        f"{int(found.heard[n])} sounds"
    )
    moved = replace(node, start_ns=start_ns, time_sigma_s=max(sigma_s, 1e-9))
    return replace(part, node=moved, whole=replace(part.whole, start_ns=start_ns), sigma_s=sigma_s), words


def _heard(part: _Part, epoch_ns: int) -> Recorder:
    """The impulses of a node's first channel, in seconds of its own clock after the epoch."""
    node = part.node
    detector = Detector(node.rate_hz, 1)
    found = []
    for block in blocks(part.whole, "float64"):
        found += detector.push(np.ascontiguousarray(block[:, :1].T, dtype=np.float32))
    found += detector.flush()
    begin_s = (node.start_ns - epoch_ns) * 1e-9
    return Recorder(
        place=np.array(node.position),
        times=_array([begin_s + one.onset_sample / node.rate_hz for one in found]),
        clear_db=_array([one.snr_db for one in found]),
        clock_sigma_s=part.sigma_s,
    )


def _array(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def _medium(air: Air) -> Medium:
    measured = air.temperature_c is not None or air.speed_of_sound_ms is not None
    still = air.wind_east_ms is None or air.wind_north_ms is None
    return Medium(
        speed_ms=air.speed_ms,
        speed_sigma_ms=SPEED_SIGMA_MS if measured else GUESSED_SIGMA_MS,
        wind_ms=(air.wind_east_ms or 0.0, air.wind_north_ms or 0.0),
        wind_sigma_ms=GUESSED_WIND_MS if still else WIND_SIGMA_MS,
    )


def _distinct(found: Clocks) -> int:
    """How many places the sounds came from, to 20 m."""
    return len({(round(float(x) / 20.0), round(float(y) / 20.0)) for x, y in found.places})
