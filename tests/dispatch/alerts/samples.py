"""An event as it is told, and an alert of it, for the tests of every standard."""

from __future__ import annotations

from typing import Any

import msgspec

from dispatch.alerts.alert import Alert, Earlier, Heard, headline, sentences

SENT_MS = 1_795_705_615_173
HEARD = Heard(
    number=17,
    time_ns=1_795_705_612_600_000_000,
    label="gunshot",
    probability=0.87,
    count=3,
    nodes=6,
    x=120.0,
    y=-45.0,
    lat=44.8401,
    lon=-0.5793,
    semi_major_m=12.0,
    semi_minor_m=7.0,
    azimuth_deg=30.0,
    level=0.9,
)


def heard(**changes: Any) -> Heard:
    """Three rounds at a known place."""
    return msgspec.structs.replace(HEARD, **changes)


def alert(kind: Any = "new", about: Heard | None = HEARD, **changes: Any) -> Alert:
    """The first message about an event; or a later one, after it."""
    told = Alert(
        id="0a1b2c3d4e5f6071.city.1" if kind == "new" else "0a1b2c3d4e5f6071.city.2",
        kind=kind,
        topic="gunshot" if about else "node",
        subject="0a1b2c3d4e5f6071" if about else "node-roof-1",
        site="Pessac",
        sent_ms=SENT_MS,
        headline=headline(about, kind) if about else "Node roof-1 is silent",
        text=sentences(about, kind) if about else "Nothing came from it for 600 s. What it would hear is missed.",
        heard=about,
        earlier=() if kind == "new" else (Earlier(id="0a1b2c3d4e5f6071.city.1", sent_ms=SENT_MS - 3000),),
    )
    return msgspec.structs.replace(told, **changes)
