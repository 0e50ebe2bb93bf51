"""Did the shooter move, or were there two? Said only where the difference is more than the measurement can make.

Rounds of one burst reach a sensor over the same paths, so what delays them drops out of the intervals: these tell how
far the muzzle moved between rounds to a decimetre, where the place itself is known to metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Origin, Reason
from localisation.uncertainty import covariance, squared_radius

Array = NDArray[np.float64]

LEAST_SIGMA_S = 1.5e-4  # of an interval between two rounds at one sensor, by their waveforms
SURE = 0.999
FASTEST_MS = 10.0  # that a person runs: what is faster is another shooter
SLOWEST_MS = 0.3  # that is worth a word
WITHIN_S = 10.0  # in which two places are two shooters
WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


@dataclass(frozen=True, slots=True)
class Motion:
    """Velocity of a muzzle during a burst, m/s east and north, (2,), and its covariance (2, 2)."""

    velocity: Array
    covariance: Array

    @property
    def sure(self) -> bool:
        """Whether a muzzle at rest would hardly ever look like this, and nobody runs faster."""
        surprise = float(self.velocity @ np.linalg.solve(self.covariance, self.velocity))
        return surprise > squared_radius(SURE) and SLOWEST_MS < self.speed_ms < FASTEST_MS

    @property
    def speed_ms(self) -> float:
        """Metres a second."""
        return math.hypot(*self.velocity.tolist())

    @property
    def azimuth_deg(self) -> float:
        """Where to, clockwise from north."""
        return math.degrees(math.atan2(*self.velocity.tolist())) % 360.0


def motion(stations: Array, place: Array, times: Array, speed_ms: float) -> Motion | None:
    """How the muzzle moved from round to round, or None where the times cannot tell.

    `stations` (K, 3) m; `place` (2,) m; `times` (R, K) s of R rounds at K stations, NaN where one is missing. The delay
    of each path and the time of each round are free: what is left is fitted by a steady velocity.
    """
    known = np.isfinite(times).all(axis=1)
    use = np.isfinite(times[known]).all(axis=0) if known.any() else np.isfinite(times).sum(axis=0) >= 2
    rounds, heard = np.nonzero(np.isfinite(times) & use)
    count, spare = len(rounds), len(rounds) - len(set(rounds.tolist())) - len(set(heard.tolist())) - 1
    if len(set(heard.tolist())) < 3 or len(set(rounds.tolist())) < 2 or spare < 1:
        return None
    way = stations[heard, :2] - place
    unit = way / np.maximum(np.hypot(way[:, 0], way[:, 1]), 1.0)[:, None]
    elapsed = np.nanmedian(times - times[int(rounds[0])], axis=1)[rounds]
    design = np.zeros((count, 2 + len(times) + len(stations)))
    design[:, :2] = -unit * elapsed[:, None] / speed_ms
    design[np.arange(count), 2 + rounds] = 1.0
    design[np.arange(count), 2 + len(times) + heard] = 1.0
    solved = np.linalg.lstsq(design, times[rounds, heard], rcond=1e-9)[0]
    misfit = times[rounds, heard] - design @ solved
    variance = max(float(misfit @ misfit) / spare, LEAST_SIGMA_S**2)
    free = design[:, 2:]
    left = design[:, :2] - free @ np.linalg.lstsq(free, design[:, :2], rcond=1e-9)[0]
    information = left.T @ left / variance
    if np.linalg.eigvalsh(information)[0] < 1e-9:
        return None
    return Motion(np.asarray(solved[:2], dtype=float), np.asarray(np.linalg.inv(information), dtype=float))


def moved(found: Motion) -> Reason:
    """The words for a motion that is sure."""
    towards = WINDS[round(found.azimuth_deg / 45.0) % 8]
    return Reason(
        code="moving",
        values={"speed_ms": round(found.speed_ms, 1), "azimuth_deg": round(found.azimuth_deg)},
        text=f"the shooter moved {towards} at about {found.speed_ms:.1f} m/s",
    )


def second_shooter(origin: Origin, before: Sequence[Origin]) -> Reason | None:
    """The words where one shot before this one came from a place that nobody could have run from since, else None."""
    for other in before:
        seconds = (origin.time_ns - other.time_ns) * 1e-9
        if not 0.0 <= seconds <= WITHIN_S or origin.ambiguous or other.ambiguous:
            continue
        apart = np.array([origin.x - other.x, origin.y - other.y])
        distance = math.hypot(*apart.tolist())
        doubt = float(apart @ np.linalg.solve(covariance(origin.ellipse) + covariance(other.ellipse), apart))
        sure_m = distance * (1 - math.sqrt(squared_radius(SURE) / doubt)) if doubt > squared_radius(SURE) else 0.0
        if sure_m > FASTEST_MS * seconds:
            return Reason(
                code="two_shooters",
                values={"metres": round(distance), "seconds": round(seconds, 2)},
                text=f"another shot came {seconds:.2f} s before from {distance:.0f} m away: two shooters",
            )
    return None
