"""A message that tries one destination: a made-up shot at the site's origin, marked as an exercise, and its end."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from acoustic.errors import InputError
from dispatch.alerts.alert import Heard
from dispatch.alerts.announce import Announcer
from dispatch.alerts.destinations import Destination
from dispatch.town.addresses import Addresses
from dispatch.town.places import Frame


def queue_trial(
    connection: sa.Connection, announcer: Announcer, destination: Destination, frame: Frame, now_ms: int
) -> list[str]:
    """Queue it; the alerts' ids. Raises InputError where the destination takes no exercises."""
    if not destination.when.exercises:
        raise InputError(f"when.exercises of {destination.name!r} is false; expected true")
    heard = made_up(frame, now_ms, announcer.addresses)
    return announcer.exercise(connection, destination, f"exercise-{secrets.token_hex(4)}", heard, now_ms)


def made_up(frame: Frame, now_ms: int, addresses: Addresses) -> Heard:
    """What it tells."""
    lat, lon = frame.degrees(0.0, 0.0)
    return Heard(
        number=0,
        time_ns=now_ms * 1_000_000,
        label="gunshot",
        probability=0.87,
        count=2,
        nodes=6,
        x=0.0,
        y=0.0,
        lat=lat,
        lon=lon,
        semi_major_m=12.0,
        semi_minor_m=7.0,
        azimuth_deg=30.0,
        level=0.9,
        address=addresses.words(lat, lon),
        exercise=True,
    )
