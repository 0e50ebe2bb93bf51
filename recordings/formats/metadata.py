"""What recorders write beside the sound: GUANO, iXML and comments, as far as time and place are told."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from acoustic.errors import InputError
from arrays.timebase import parse_utc_ns

WHOLE_SECOND_SIGMA_S = 0.3
DECIMALS_SIGMA_S = 1e-3
AUDIOMOTH = re.compile(
    r"Recorded at (\d\d):(\d\d):(\d\d)(\.\d{1,9})? (\d\d)/(\d\d)/(\d{4}) \(UTC(?:([+-]\d{1,2})(?::(\d\d))?)?\)"
    r"(?: by AudioMoth ([0-9A-F]{16}))?"
)
CLOCK = r"(?P<H>\d\d){0}(?P<M>\d\d){0}(?P<S>\d\d)(?P<f>\.\d{{1,9}})?(?!\d)"
NAMES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)[T_ -]" + CLOCK.format("[-:_.]?")),
    re.compile(r"(?<!\d)(?P<y>20\d\d)(?P<m>\d\d)(?P<d>\d\d)[T_ -]?" + CLOCK.format("")),
    re.compile(r"(?<!\d)(?P<y>20\d\d)\.(?P<j>\d{3})\." + CLOCK.format(r"\.?")),
)
OLD_AUDIOMOTH = re.compile(r"[0-9A-F]{8}")


@dataclass(frozen=True, slots=True)
class Told:
    """When the first sample was taken, UTC ns, how well that is told, and where."""

    start_ns: int
    sigma_s: float
    by: str


def guano_fields(content: bytes) -> dict[str, str]:
    """The fields of a `guan` chunk, names as they stand. Raises InputError where it is no UTF-8 text."""
    try:
        lines = content.decode("utf-8").strip("\0 \n\r").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"GUANO is not UTF-8 text: {error.reason} at byte {error.start}") from error
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def guano_start(fields: dict[str, str]) -> Told | None:
    """When a recording started, by its GUANO. Raises InputError where the timestamp is none."""
    text = fields.get("Timestamp")
    if not text:
        return None
    try:
        start_ns = parse_utc_ns(text.replace(" ", "T", 1))
    except ValueError:
        raise InputError(f"GUANO Timestamp is {text[:80]!r}; expected one such as 2026-06-01T21:00:00.000Z") from None
    return Told(start_ns, DECIMALS_SIGMA_S if "." in text else WHOLE_SECOND_SIGMA_S, "GUANO")


def guano_place(fields: dict[str, str]) -> tuple[float, float, float | None] | None:
    """Latitude, longitude in degrees and elevation in metres (None untold), by GUANO. Raises InputError."""
    text = fields.get("Loc Position")
    if not text:
        return None
    try:
        lat, lon = (float(part) for part in text.replace(",", " ").split())
        height = float(fields["Loc Elevation"]) if fields.get("Loc Elevation") else None
    except ValueError:
        raise InputError(f"GUANO Loc Position is {text[:80]!r}; expected latitude and longitude in degrees") from None
    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
        raise InputError(f"GUANO Loc Position is {text[:80]!r}; expected latitude and longitude in degrees")
    return lat, lon, height


@dataclass(frozen=True, slots=True)
class Stamp:
    """An iXML time stamp: samples since midnight of the first sample, their rate and the day, where those are told."""

    samples: int
    rate_hz: float | None
    day: str


def ixml_stamp(content: bytes) -> Stamp | None:
    """The time stamp of an iXML chunk; None where it has none.

    Raises InputError where it is no XML, or XML with a document type of its own (which could grow without end).
    """
    text = content.strip(b"\0 \r\n")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise InputError("iXML declares a document type; expected plain XML")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 — no entities: refused above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InputError(f"iXML is not XML: {error}") from error
    low = root.findtext("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO")
    if low is None:
        return None
    high = root.findtext("SPEED/TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", "0")
    rate = root.findtext("SPEED/TIMESTAMP_SAMPLE_RATE") or root.findtext("SPEED/FILE_SAMPLE_RATE")
    if not (low.strip().isdecimal() and high.strip().isdecimal() and (rate or "1").strip().isdecimal()):
        raise InputError(
            f"iXML TIMESTAMP_SAMPLES_SINCE_MIDNIGHT is {high[:20]!r}, {low[:20]!r} at {str(rate)[:20]!r} Hz; "
            "expected whole numbers"
        )
    samples, day = (int(high) << 32) + int(low), root.findtext("BEXT/BWF_ORIGINATION_DATE", "")
    return Stamp(samples, float(rate) if rate and int(rate) else None, day)


def comment_start(comment: str) -> Told | None:
    """When an AudioMoth says in its comment that it began to record."""
    found = AUDIOMOTH.search(comment)
    if found is None:
        return None
    hour, minute, second, decimals, day, month, year, zone_h, zone_min, _ = found.groups()
    zone = timedelta(hours=int(zone_h or 0))
    zone += timedelta(minutes=int(zone_min or 0)) * (-1 if (zone_h or "").startswith("-") else 1)
    return _told(
        (int(year), int(month), int(day), int(hour), int(minute), int(second)), decimals, zone, "AudioMoth's comment"
    )


def comment_serial(comment: str) -> str | None:
    """The AudioMoth's serial number."""
    found = AUDIOMOTH.search(comment)
    return found.group(10) if found else None


def name_start(stem: str) -> Told | None:
    """When a recording started, by its file's name: 20260601_210000, 2026-06-01T21-00-00.250Z, 2026.152.210000, or an
    old AudioMoth's hexadecimal seconds. UTC.
    """
    if OLD_AUDIOMOTH.fullmatch(stem) and any(c in "ABCDEF" for c in stem):
        return Told(int(stem, 16) * 10**9, WHOLE_SECOND_SIGMA_S, "its name")
    for pattern in NAMES:
        if found := pattern.search(stem):
            part = found.groupdict()
            clock = int(part["H"]), int(part["M"]), int(part["S"])
            if part.get("j"):
                day = datetime(int(part["y"]), 1, 1, tzinfo=UTC) + timedelta(days=int(part["j"]) - 1)
                date = day.year, day.month, day.day
            else:
                date = int(part["y"]), int(part["m"]), int(part["d"])
            try:
                return _told((*date, *clock), part["f"], timedelta(), "its name")
            except InputError:
                return None  # digits that are no time: a serial number
    return None


def name_without_start(stem: str) -> str:
    """A file's name without the time in it: what tells its recorder from others."""
    if OLD_AUDIOMOTH.fullmatch(stem):
        return ""
    for pattern in NAMES:
        stem, count = pattern.subn("", stem)
        if count:
            break
    return re.sub(r"Z?T?$", "", stem).strip("-_. ") if stem else ""


def _told(parts: tuple[int, int, int, int, int, int], decimals: str | None, zone: timedelta, by: str) -> Told:
    try:
        at = datetime(*parts, tzinfo=timezone(zone))
    except ValueError:
        day, clock = "-".join(f"{p:02d}" for p in parts[:3]), ":".join(f"{p:02d}" for p in parts[3:])
        raise InputError(f"the time in {by} is {day} {clock}; expected a day and a time that exist") from None
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    ns = (since.days * 86_400 + since.seconds) * 10**9
    ns += int((decimals or ".")[1:].ljust(9, "0"))
    return Told(ns, DECIMALS_SIGMA_S if decimals else WHOLE_SECOND_SIGMA_S, by)
