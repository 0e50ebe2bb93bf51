"""What only the network knows of a sound's class: how strong it was where it was made, whether a bullet flew ahead of
it, how high it burst, how regularly it came again and from how many places.

Each cue says how likely what was seen is under each class, in natural logarithms, and why, in words. The shares behind
them are stated below, one by one; none is so small that one cue could outvote many nodes that agree and are sure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from localisation.arrivals import Arrival, Origin, Reason
from localisation.uncertainty import covariance, squared_radius

Array = NDArray[np.float64]

BLASTS, OTHERS = ("gunshot", "shock_wave", "firework"), ("gunshot", "shock_wave", "other")

# Strength: a sound's peak over the noise, brought back to 1 m. Firearms make 140–175 dB there (Rasmussen et al. 2009),
# crackers 130–165 dB (Flamme et al. 2009), doors and hammers 90–125 dB; streets 50–65 dB. What roofs and corners leave
# of live fire is 66 to 91 dB over the noise.
BLAST_DB, BLAST_SPREAD_DB = 77.0, 10.0
OTHER_DB, OTHER_SPREAD_DB = 52.0, 15.0
UNUSUAL, UNUSUAL_DB = 0.1, 100.0  # share of each class that is unlike its kind, and over how many decibels
ABSORBED_DB_M = 0.005  # about 1 kHz at 15 °C and 50 % (ISO 9613-1)
FAINT_DB = 62.0  # below it a blast is less likely than another sound

# A bullet's shock wave before the blast: about as often as rifles fire past somebody who hears.
LED_GUNSHOT, LED_OTHERS = 0.4, 0.02

# Bursts high over the roofs: shells and rockets among fireworks; a gun in a tower.
ALOFT_FIREWORK, ALOFT_OTHERS = 0.5, 0.02
HIGH, LOW = 0.9, 0.1  # probabilities that it was high, from which words say so or deny it

# Rhythm: how far three in four of the intervals between rapid rounds stray from even ones at most, as a share (median
# and spread of its logarithm). A gun's action repeats within a few per cent, a string's fuse burns unevenly.
FASTEST_S, RAPID_S, LEAST_ROUNDS = 0.01, 0.2, 5
EVEN, UNEVEN, STRAYS = 0.04, 0.4, 0.7
EVEN_GUNSHOT, EVEN_OTHERS = 0.9, 0.05

# Three places and more within seconds: a battery of fireworks; seldom as many shooters.
MANY_PLACES, MANY_FIREWORK, MANY_OTHERS = 3, 0.3, 0.05
SURELY_APART = 0.999

# Doubt: what was heard does not look like one sound from this place, and half of the log-odds are left.
LOUD_DB, DEAF_SHARE = 20.0, 0.6  # of those it must have passed so loud, more than this share heard nothing
STRAY_DB, LEAST_LEVELS = 15.0, 4  # deviation of the levels from the loss with distance, of four nodes or more
DOUBT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One thing that the network knows: the log-likelihood of each label (0 where it is not named), the words for it,
    and what it leaves of the log-odds of all labels (1: everything).
    """

    reason: Reason | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    leaves: float = 1.0


def cues(arrivals: Sequence[Arrival], origin: Origin, silent: Array, high: float = math.nan) -> list[Cue]:
    """All that the network knows of one located sound.

    `silent` (S, 3) m: stations that listened and heard nothing; `high`: the log-odds that it was high over the roofs
    (`localisation.aloft`), NaN where nothing tells.
    """
    used = {r.arrival for r in origin.used}
    heard = [a for a in arrivals if a.id in used and a.snr_db is not None and not a.again]
    levels = np.array([a.snr_db for a in heard]) + _loss_db(_places(heard), origin)
    told = [] if math.isnan(high) else [height(high)]
    if any(a.shock_lead_s is not None for a in arrivals):
        told.append(_led(sum(a.shock_lead_s is not None for a in arrivals)))
    if len(levels):
        told += [_strength(float(np.median(levels))), *_doubts(heard, levels, silent, origin)]
    return told


def height(high: float) -> Cue:
    """What it says that a sound was high over the roofs with these log-odds."""
    share = _logistic(high)
    weights = {"firework": _mixed(share, ALOFT_FIREWORK)} | {label: _mixed(share, ALOFT_OTHERS) for label in OTHERS}
    if share > HIGH:
        return Cue(reason=Reason(code="aloft", values={}, text="it burst high over the roofs"), weights=weights)
    if share < LOW:
        return Cue(reason=Reason(code="at_ground", values={}, text="at ground level"), weights=weights)
    return Cue(weights=weights)


def rhythm(times_s: Sequence[float] | Array) -> Cue | None:
    """What the instants of rounds (ascending) say, where there are enough of them and they are rapid; else None.

    An interval with missing rounds in it counts as so many.
    """
    gaps = np.diff(np.asarray(times_s, dtype=float))
    if len(gaps) < LEAST_ROUNDS - 1 or not FASTEST_S < (usual := float(np.median(gaps))) < RAPID_S:
        return None
    steps = gaps / np.maximum(np.round(gaps / usual), 1.0)
    astray = max(float(np.quantile(np.abs(steps / np.median(steps) - 1.0), 0.75)), 1e-3)
    even = _logistic(_log_normal(astray, EVEN) - _log_normal(astray, UNEVEN))
    weights = {label: _mixed(even, EVEN_OTHERS) for label in ("firework", "other", "shock_wave")}
    weights["gunshot"] = _mixed(even, EVEN_GUNSHOT)
    values = {"rounds": len(gaps) + 1, "interval_s": round(usual, 2)}
    if even > HIGH:
        text = f"{len(gaps) + 1} rounds, evenly {usual:.2f} s apart as an automatic gun fires"
        return Cue(reason=Reason(code="even_rounds", values=values, text=text), weights=weights)
    if even < LOW:
        text = f"{len(gaps) + 1} bangs at uneven intervals about {usual:.2f} s, as a string of crackers has them"
        return Cue(reason=Reason(code="uneven_rounds", values=values, text=text), weights=weights)
    return Cue(weights=weights)


def spread(origins: Sequence[Origin]) -> Cue | None:
    """What it says that sounds within seconds came from so many places, each surely apart from the others."""
    places: list[Origin] = []
    for one in sorted(origins, key=lambda o: o.ellipse.semi_major_m):
        if not one.ambiguous and all(_apart(one, other) for other in places):
            places.append(one)
    if len(places) < MANY_PLACES:
        return None
    ratio = math.log(MANY_FIREWORK / MANY_OTHERS)
    text = f"from {len(places)} places within seconds"
    return Cue(
        reason=Reason(code="many_places", values={"places": len(places)}, text=text), weights={"firework": ratio}
    )


def _led(nodes: int) -> Cue:
    ratio = math.log(LED_GUNSHOT / LED_OTHERS)
    text = f"a bullet’s shock wave came before it at {nodes} of the nodes"
    return Cue(reason=Reason(code="shock_wave_led", values={"nodes": nodes}, text=text), weights={"gunshot": ratio})


def _strength(level_db: float) -> Cue:
    blast = _usual(level_db, BLAST_DB, BLAST_SPREAD_DB)
    weights = dict.fromkeys(BLASTS, blast) | {"other": _usual(level_db, OTHER_DB, OTHER_SPREAD_DB)}
    if level_db >= FAINT_DB:
        return Cue(weights=weights)
    return Cue(reason=Reason(code="faint", values={}, text="faint for a gunshot at this distance"), weights=weights)


def _doubts(heard: Sequence[Arrival], levels: Array, silent: Array, origin: Origin) -> list[Cue]:
    """Doubts whether this is one sound from this place at all: who else should have heard it, and how loud it was.

    Only stations nearer than some that heard count: to others it may still be on its way.
    """
    doubts = []
    lost, farthest = _loss_db(silent, origin), _loss_db(_places(heard), origin).max()
    deaf = int(((lost < farthest) & (np.median(levels) - lost > LOUD_DB)).sum())
    if deaf > DEAF_SHARE * (len(heard) + deaf):
        text = f"{deaf} nodes nearer than others that heard it heard nothing"
        doubts.append(Cue(reason=Reason(code="others_deaf", values={"nodes": deaf}, text=text), leaves=DOUBT))
    if len(levels) >= LEAST_LEVELS and float(levels.std()) > STRAY_DB:
        text = "its levels do not fall with distance as those of one sound"
        doubts.append(Cue(reason=Reason(code="stray_levels", values={}, text=text), leaves=DOUBT))
    return doubts


def _places(heard: Sequence[Arrival]) -> Array:
    return np.array([(a.x, a.y, a.z) for a in heard], dtype=float).reshape(-1, 3)


def _loss_db(places: Array, origin: Origin) -> Array:
    """Decibels lost from 1 m of an origin to places (n, 3) m: the sphere's and the air's."""
    distance = np.maximum(np.sqrt(((places - np.array([origin.x, origin.y, origin.z])) ** 2).sum(-1)), 1.0)
    return np.asarray(20.0 * np.log10(distance) + ABSORBED_DB_M * distance)


def _apart(one: Origin, other: Origin) -> bool:
    way = np.array([one.x - other.x, one.y - other.y])
    both = covariance(one.ellipse) + covariance(other.ellipse)
    return float(way @ np.linalg.solve(both, way)) > squared_radius(SURELY_APART)


def _usual(level_db: float, mean_db: float, spread_db: float) -> float:
    """ln of the density of a level: a normal, and a share that may be anything."""
    normal = math.exp(-0.5 * ((level_db - mean_db) / spread_db) ** 2) / (spread_db * math.sqrt(2.0 * math.pi))
    return math.log((1.0 - UNUSUAL) * normal + UNUSUAL / UNUSUAL_DB)


def _log_normal(value: float, median: float) -> float:
    return -0.5 * (math.log(value / median) / STRAYS) ** 2


def _mixed(share: float, prior: float) -> float:
    """ln of the likelihood of something that is so with probability `share` under even odds, where `prior` is usual."""
    return math.log(2.0 * (share * prior + (1.0 - share) * (1.0 - prior)))


def _logistic(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds)) if odds > 0.0 else math.exp(odds) / (1.0 + math.exp(odds))
