"""Looking again: where a located shot should have been heard by stations that told nothing of it, and what they answer.

A shot that is surely located says when its sound reached every station. In so short a window a weaker onset is worth
believing than in a stream: noise seldom makes one just there. What is found is one more row of the likelihood, never
evidence that could overrule what stations heard by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from localisation.arrivals import Arrival, Ask, Origin, Shot, Station
from localisation.likelihood import Priors, medium, travel_times
from localisation.search import Search
from localisation.uncertainty import covariance
from localisation.verdict import WITHDRAWN

Array = NDArray[np.float64]

LEAST_NODES = 4  # that located a shot surely
WIDTH = 2.5  # half-width of a window in standard deviations of its instant
WIDEST_S = 0.12  # half-width; a place that leaves more open is not worth asking about
SAME_NS = 12_000_000  # two impulses of one station closer than this are one: the detector's dead time
CLOCK_S = 1e-3  # standard deviation of a node's time, where it is good
HEARING_M = Search().hearing_m


def sure(origin: Origin) -> bool:
    """Whether an origin is sure enough to predict by: one place, and a station more than a place needs."""
    return not origin.ambiguous and len({r.node for r in origin.used}) >= LEAST_NODES


def asks(shot: Shot, stations: Iterable[Station], air: Air, priors: Priors | None = None) -> list[Ask]:
    """The stations within hearing that have no part in a surely located shot, and when its sound reached them.

    Nothing for a shot that is not sure, or was withdrawn. The window is WIDTH standard deviations of the path's delay,
    the ellipse's extent towards the station, the discharge time, the air on the way and the clock.
    """
    origin, priors = shot.origin, priors or Priors()
    if shot.verdict.label == WITHDRAWN or not sure(origin):
        return []
    heard = {r.node for r in origin.residuals}
    away = {s.node: math.hypot(s.x - origin.x, s.y - origin.y) for s in stations}
    silent = [s for s in stations if s.node not in heard and away[s.node] < HEARING_M]
    if not silent:
        return []
    places = np.array([(s.x, s.y, s.z) for s in silent])
    around = medium(air, places, priors)
    seconds = travel_times(places, np.array([origin.x, origin.y, origin.z]), around.mean[:3])
    way = places[:, :2] - (origin.x, origin.y)
    unit = way / (np.hypot(*way.T) + 1e-6)[:, None]
    speed = float(around.mean[0])
    place_s = np.sqrt(np.einsum("ki,ij,kj->k", unit, covariance(origin.ellipse), unit)) / speed
    air_s = seconds / speed * math.hypot(float(around.sigma[0]), float(around.sigma[1]))
    sigma_s = np.sqrt(priors.path_s**2 + place_s**2 + origin.time_sigma_s**2 + air_s**2 + CLOCK_S**2)
    return [
        Ask(shot=shot.key, node=s.node, time_ns=origin.time_ns + round(float(t) * 1e9), half_s=WIDTH * float(sigma))
        for s, t, sigma in zip(silent, seconds, sigma_s, strict=True)
        if WIDTH * sigma <= WIDEST_S
    ]


def free(found: Iterable[Arrival], others: Sequence[Arrival]) -> list[Arrival]:
    """The arrivals found again that are not, at their station, one that another shot has (`others`)."""
    return [a for a in found if not any(o.node == a.node and abs(o.time_ns - a.time_ns) < SAME_NS for o in others)]


def kept(before: Origin, after: Origin, found: Sequence[Arrival]) -> list[Arrival]:
    """What of `found` may stay, given the origin without it and with it: all, those not refused, or nothing.

    Nothing where it makes a sure place unsure, or has an arrival refused that was used before.
    """
    refused = {r.arrival for r in after.residuals if r.refused}
    if after.ambiguous or any(r.arrival in refused for r in before.used):
        return []
    return [a for a in found if a.id not in refused]
