"""The zones by which a town counts, and the local calendar. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

from acoustic.errors import InputError
from dispatch.figures.performance import Ground
from localisation.area import Area, Array, hull

if TYPE_CHECKING:
    from dispatch.town.places import Frame

MOST_CORNERS = 1000


class Zone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named part of the town: its corners as [longitude, latitude], or as [x, y] metres where the site has no place
    on the globe.
    """

    name: str
    corners: tuple[tuple[float, float], ...] = ()
    corners_m: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > 80:
            raise InputError(f"name is {self.name[:100]!r}; expected 1 to 80 characters")
        given = self.corners or self.corners_m
        if bool(self.corners) == bool(self.corners_m) or not 3 <= len(set(given)) <= MOST_CORNERS:
            raise InputError(
                f"zone {self.name!r} has {len(given)} corners; expected 3 or more, in corners or corners_m"
            )
        for lon, lat in self.corners:
            if not (abs(lon) <= 180.0 and abs(lat) <= 90.0):
                raise InputError(f"zone {self.name!r} has the corner {lon}, {lat}; expected longitude, latitude")
        if not np.isfinite(np.array(given)).all():
            raise InputError(f"zone {self.name!r} has a corner that is no number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """Which zone a place lies in; without zones the whole site is one: the ground between its outermost nodes."""

    rings: tuple[tuple[str, Array], ...]

    def zone_of(self, x: float, y: float) -> str:
        """The first zone that holds a place (m); '' where none does."""
        point = np.array([[x, y]])
        return next((name for name, ring in self.rings if Area((ring,)).holds(point)[0]), "")

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The zones and their areas."""
        return tuple(Ground(name=name, km2=_km2(ring)) for name, ring in self.rings)


def zone_map(zones: Sequence[Zone], site: str, frame: Frame, nodes: Iterable[tuple[float, float]]) -> Map:
    """The zones in metres. Raises InputError for corners in degrees at a site that has no place on the globe."""
    if zones:
        return Map(rings=tuple((zone.name, ring_of(zone, frame)) for zone in zones))
    return Map(rings=((site, hull(np.array(list(nodes) or [(0.0, 0.0)]))),))


def zone_info(name: str) -> ZoneInfo:
    """The local time of a place. Raises InputError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(f"timezone is {name[:80]!r}; expected a name such as Europe/Paris") from error


def month_of(time_ms: float, local: ZoneInfo) -> str:
    """The local month of a time, such as 2026-11."""
    return datetime.fromtimestamp(time_ms * 1e-3, UTC).astimezone(local).strftime("%Y-%m")


def day_span_ms(day: date, local: ZoneInfo) -> tuple[int, int]:
    """When a local day begins and ends, UTC; 23 or 25 h where clocks change."""
    ends = [datetime.combine(d, time(), local) for d in (day, day + timedelta(days=1))]
    return round(ends[0].timestamp() * 1e3), round(ends[1].timestamp() * 1e3)


def days_by_month(from_ms: float, to_ms: float, local: ZoneInfo) -> dict[str, float]:
    """How many days of each local month lie in a span of time, in order."""
    days: dict[str, float] = {}
    start = from_ms
    while start < to_ms:
        at = datetime.fromtimestamp(start * 1e-3, UTC).astimezone(local)
        after = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=local).timestamp() * 1e3
        days[at.strftime("%Y-%m")] = (min(after, to_ms) - start) / 86_400_000
        start = after
    return days


def ring_of(zone: Zone, frame: Frame) -> Array:
    """A zone's corners (n, 2) in metres. Raises InputError for degrees at a site that has no place on the globe."""
    if zone.corners_m:
        return np.array(zone.corners_m)
    if frame.origin is None:
        raise InputError(f"zone {zone.name!r} is in degrees; this centre counts in local metres, expected corners_m")
    height_m = frame.origin.height_m
    return np.array([frame.metres(lat, lon, height_m)[:2] for lon, lat in zone.corners])


def _km2(ring: Array) -> float | None:
    """Gauss's area of a ring; None where it has none."""
    if len(ring) < 3:
        return None
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    area = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) * 1e-6
    return area or None
