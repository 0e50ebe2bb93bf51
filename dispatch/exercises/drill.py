"""A drill: rounds fired at a place that never were, as the nodes around would have heard them. Pure.

The arrivals are exercises and go the way of all others: kept, located, shown, told to the alerts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acoustic.air import Air
from localisation.arrivals import Arrival, Station
from recordings.decisions import ConflictError

HEARING_M = 1000.0
FEWEST = 3
APART_S = 0.6
PICKING_S = 2e-4  # σ of a clear onset
SNR_AT_100_M_DB = 30.0
HEIGHT_M = 1.5


def drill_arrivals(
    name: str, place: tuple[float, float], rounds: int, stations: Sequence[Station], air: Air, time_ns: int
) -> list[Arrival]:
    """What the listening nodes within a kilometre hear of `rounds` from a place (m east, north), the first fired at
    `time_ns` (UTC), in the order in which they hear it; the same for the same `name`, which no other drill has.

    Raises ConflictError where fewer than three listen there.
    """
    near = [(station, _distance(station, place)) for station in stations]
    near = [(station, metres) for station, metres in near if metres <= HEARING_M]
    if len(near) < FEWEST:
        raise ConflictError(f"{len(near)} nodes listen within {HEARING_M:.0f} m of there; a drill needs {FEWEST}")
    noise = np.random.default_rng(int.from_bytes(name.encode()[-8:], "big"))
    heard = [
        Arrival(
            id=f"{name}:{number}",
            node=station.node,
            x=station.x,
            y=station.y,
            z=station.z,
            time_ns=time_ns + round((APART_S * number + metres / air.speed_ms + noise.normal(0.0, PICKING_S)) * 1e9),
            sigma_s=PICKING_S,
            snr_db=round(SNR_AT_100_M_DB - 20.0 * math.log10(max(metres, 10.0) / 100.0), 1),
            probabilities={"gunshot": 0.95, "firework": 0.03, "other": 0.02},
            exercise=True,
        )
        for number in range(rounds)
        for station, metres in near
    ]
    ordered = sorted(heard, key=lambda arrival: (arrival.time_ns, arrival.node))
    return [replace(arrival, id=f"{name}:{number}") for number, arrival in enumerate(ordered, 1)]


def _distance(station: Station, place: tuple[float, float]) -> float:
    return math.dist((station.x, station.y, station.z), (*place, HEIGHT_M))
