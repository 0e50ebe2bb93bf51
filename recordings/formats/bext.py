"""The broadcast extension of a WAV file (EBU Tech 3285, version 2): who recorded it, and when, to the sample."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from acoustic.errors import InputError

LAYOUT = struct.Struct("<256s32s32s10s8sQH64s10s180s")
EPOCH = date(1970, 1, 1)
DAY_NS = 86_400 * 10**9
WHOLE_SECOND_SIGMA_S = 0.3  # of a time told in whole seconds: 1 s ÷ √12
APART_S = 2.0  # time of day told twice must agree so well
HIGHEST_RATE_HZ = 1e7


@dataclass(frozen=True, slots=True, kw_only=True)
class Bext:
    """What is kept of the chunk. `reference`: samples from midnight to the first one; `rest`: UMID, loudness, reserved
    bytes, as they were; `history`: how the sound was coded.
    """

    description: str = ""
    originator: str = ""
    originator_reference: str = ""
    date: str
    time: str
    reference: int
    version: int = 0
    rest: bytes = bytes(254)
    history: str = ""


def parse_bext(content: bytes) -> Bext:
    """Raises InputError where the chunk is too short to be one."""
    if len(content) < LAYOUT.size:
        raise InputError(f"bext has {len(content)} bytes; expected at least {LAYOUT.size}")
    description, originator, reference_text, day, time, reference, version, umid, loudness, reserved = (
        LAYOUT.unpack_from(content)
    )
    return Bext(
        description=_text(description),
        originator=_text(originator),
        originator_reference=_text(reference_text),
        date=_text(day),
        time=_text(time),
        reference=reference,
        version=version,
        rest=umid + loudness + reserved,
        history=_text(content[LAYOUT.size :]),
    )


def encode_bext(bext: Bext) -> bytes:
    """The chunk's content. Text beyond a field's length is cut; what is no Latin-1 becomes a question mark."""
    fixed = LAYOUT.pack(
        *(text.encode("latin-1", "replace") for text in (bext.description, bext.originator)),
        *(text.encode("latin-1", "replace") for text in (bext.originator_reference, bext.date, bext.time)),
        bext.reference,
        bext.version,
        bext.rest[:64],
        bext.rest[64:74],
        bext.rest[74:],
    )
    history = bext.history.encode("latin-1", "replace")
    return fixed + history + bytes(len(history) % 2)


def bext_of(start_ns: int, rate_hz: float) -> Bext:
    """The chunk of a recording whose first sample was taken at `start_ns`, UTC."""
    day, within_ns = divmod(start_ns, DAY_NS)
    reference = round(within_ns * rate_hz / 1e9)
    if reference >= round(86_400 * rate_hz):  # the nearest sample is the first of the next day
        day, reference = day + 1, 0
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day, seconds=int(reference / rate_hz))
    return Bext(
        originator="Tocsin",
        date=f"{at:%Y-%m-%d}",
        time=f"{at:%H:%M:%S}",
        reference=reference,
        version=1,
    )


def start_of(bext: Bext, rate_hz: float) -> tuple[int, float] | None:
    """UTC in ns of the first sample, of a clock that shows UTC, and σ in seconds; None where no date is told.

    Without a reference the time of day counts, in whole seconds. Raises InputError where date or time are none, or the
    two times of day are not one.
    """
    if not re.sub(r"[\s\0:._/-]", "", bext.date).strip("0"):
        return None
    day = _day(bext.date)
    clock_s = _seconds(bext.time)
    within_s = bext.reference / rate_hz
    if bext.reference == 0 and clock_s:
        return day * DAY_NS + clock_s * 10**9, WHOLE_SECOND_SIGMA_S
    if within_s >= 86_400.0 + APART_S:
        raise InputError(f"bext.TimeReference is {within_s:.0f} s after midnight; expected less than a day of samples")
    if clock_s is not None and abs(within_s - clock_s) > APART_S:
        raise InputError(
            f"bext.TimeReference is {within_s:.3f} s after midnight, bext.OriginationTime {bext.time}; expected one"
        )
    return day * DAY_NS + round(bext.reference * 10**9 / rate_hz), 0.5 / rate_hz


def _day(text: str) -> int:
    """Days since 1970."""
    parts = re.fullmatch(r"(\d{4})[-_:. /](\d\d)[-_:. /](\d\d)", text)
    year, month, day = map(int, parts.groups()) if parts else (0, 0, 0)
    try:
        return (date(year, month, day) - EPOCH).days
    except ValueError:
        raise InputError(f"bext.OriginationDate is {text!r}; expected a day such as 2026-06-01") from None


def _seconds(text: str) -> int | None:
    """Seconds since midnight; None where nothing is told."""
    if not text.strip("\0 -:_."):
        return None
    parts = re.fullmatch(r"(\d\d)[-_:. /](\d\d)[-_:. /](\d\d)", text)
    hour, minute, second = map(int, parts.groups()) if parts else (99, 0, 0)
    if hour > 23 or minute > 59 or second > 60:
        raise InputError(f"bext.OriginationTime is {text!r}; expected a time such as 21:00:00")
    return 3600 * hour + 60 * minute + second


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1").strip()
