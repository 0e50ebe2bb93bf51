"""Located shots as they are printed: JSON lines, a table, GeoJSON; and two runs' differences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from acoustic.errors import InputError
from arrays.session import Origin
from localisation.arrivals import Shot
from recordings.answers import shot_answer
from recordings.comparison import Change, Told
from recordings.sounds import table

RIVALS = ("firework", "other")
SURE = 0.9
HEADS = ("session", "time (UTC)", "east m", "north m", "±", "nodes", "class", "p")
CHANGE_HEADS = ("session", "time (UTC)", "change", "moved m", "later s", "class", "p", "before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Shots to print, of a session or what else has a name; `origin`: where on the globe its metres count from."""

    session: str
    shots: Sequence[Shot]
    origin: Origin | None = None


def chosen(shots: Iterable[Shot], everything: bool) -> list[Shot]:
    """The shots to print: all, or all but confident rivals."""
    return [s for s in shots if everything or not (s.verdict.label in RIVALS and s.verdict.probability >= SURE)]


def answers(one: Found, method: str) -> list[dict[str, Any]]:
    """The shots as JSON objects; `method`: the digest of how they were made."""
    return [{"session": one.session, **shot_answer(shot), "method": method} for shot in one.shots]


def told(one: Found, method: str) -> list[Told]:
    """The shots as another run compares them."""
    return msgspec.convert(answers(one, method), list[Told])


def shot_lines(found: Iterable[Found], form: str, method: str) -> Iterator[str]:
    """The shots as lines of `form`: "jsonl", "table" or "geojson". Raises InputError where a place on the globe is
    needed and not known.
    """
    if form == "jsonl":
        yield from (json.dumps(answer) for one in found for answer in answers(one, method))
    elif form == "geojson":
        features = [_feature(one, shot, method) for one in found for shot in one.shots]
        yield json.dumps({"type": "FeatureCollection", "features": features})
    else:
        yield from table([_row(one.session, shot) for one in found for shot in one.shots], HEADS)


def change_lines(changes: Sequence[Change], form: str) -> Iterator[str]:
    """What became of each shot, as lines of "jsonl" or a "table" of all that is not the same, with a count below."""
    if form == "jsonl":
        yield from (msgspec.json.encode(change).decode() for change in changes)
        return
    yield from table([_change_row(c) for c in changes if c.change != "same"], CHANGE_HEADS)
    counts = Counter(change.change for change in changes)
    yield "; ".join(f"{counts[kind]} {kind}" for kind in ("new", "gone", "moved", "other class", "same"))


def utc(seconds: float) -> str:
    """Seconds since the epoch as text, to 1 ms."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _row(session: str, shot: Shot) -> tuple[str, ...]:
    origin = shot.origin
    return (
        session,
        utc(origin.time_ns * 1e-9),
        f"{origin.x:.1f}",
        f"{origin.y:.1f}",
        f"{origin.ellipse.semi_major_m:.1f}",
        str(len({r.node for r in origin.used})),
        shot.verdict.label,
        f"{shot.verdict.probability:.2f}",
    )


def _feature(one: Found, shot: Shot, method: str) -> dict[str, Any]:
    """A shot's point (RFC 7946), its ellipse in the properties."""
    from pymap3d import enu2geodetic

    frame, at = one.origin, shot.origin
    if frame is None:
        raise InputError(f"session {one.session!r} has no origin; GeoJSON needs its latitude and longitude")
    lat, lon, _ = enu2geodetic(at.x, at.y, at.z, frame.lat, frame.lon, frame.height_m)
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(float(lon), 8), round(float(lat), 8)]},
        "properties": {"session": one.session, **shot_answer(shot), "method": method},
    }


def _change_row(change: Change) -> tuple[str, ...]:
    last, first = change.now or change.before, change.before
    return (
        change.session,
        utc(change.time),
        change.change,
        "" if change.moved_m is None else f"{change.moved_m:.2f}",
        "" if change.later_s is None else f"{change.later_s:+.4f}",
        (last.label if last else "") or "–",
        f"{last.gunshot:.2f}" if last and last.gunshot is not None else "–",
        f"{first.label or '–'}" if first and change.now else "",
    )
