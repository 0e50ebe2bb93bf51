"""Degrees to metres and back: the only place in the centre that knows where on the globe the site is."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pymap3d
import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.settings import Origin
from dispatch.store.notes import note, set_note
from recordings.decisions import Spot

NOTE = "origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Metres east, north, up of `origin`; without one the site is a plane that lies nowhere on the globe."""

    origin: Origin | None = None

    def metres(self, lat: float, lon: float, height_m: float) -> tuple[float, float, float]:
        """WGS-84 degrees and metres above the ellipsoid to (x, y, z) metres."""
        if self.origin is None:
            raise InputError("position is in degrees; this centre counts in local metres, expected x, y, z")
        o = self.origin
        x, y, z = pymap3d.geodetic2enu(lat, lon, height_m, o.lat, o.lon, o.height_m)
        return float(x), float(y), float(z)

    def spot(self, spot: Spot) -> Spot:
        """The same place on the ground in metres. Raises InputError for degrees at a site that has no place there."""
        if spot.lat is None or spot.lon is None:
            return spot
        x, y, _ = self.metres(spot.lat, spot.lon, 0.0 if self.origin is None else self.origin.height_m)
        return Spot(x=x, y=y)

    def degrees(self, x: float, y: float, z: float = 0.0) -> tuple[float | None, float | None]:
        """(x, y, z) metres to (latitude, longitude) in degrees; None twice where the site has no place on the globe."""
        if self.origin is None:
            return None, None
        o = self.origin
        lat, lon, _ = pymap3d.enu2geodetic(x, y, z, o.lat, o.lon, o.height_m)
        return float(lat), float(lon)


def kept_frame(connection: sa.Connection, chosen: Origin | None) -> Frame | None:
    """The site's frame: the origin kept in the store, else the one in the settings, else None (no node yet).

    Raises InputError where the settings contradict what places in the store count from.
    """
    kept = note(connection, NOTE)
    if kept is None:
        return None if chosen is None else keep_frame(connection, Frame(origin=chosen))
    frame = Frame(origin=msgspec.json.decode(kept, type=Origin | None))
    if chosen is not None and chosen != frame.origin:
        raise InputError(
            f"origin is {chosen} in the settings, but the store counts from {frame.origin}; expected the same"
        )
    return frame


def keep_frame(connection: sa.Connection, frame: Frame) -> Frame:
    """Keep the frame for good: every place in the store counts from it."""
    set_note(connection, NOTE, msgspec.json.encode(frame.origin).decode())
    return frame
