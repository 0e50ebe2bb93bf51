"""How well a network hears: per place, the share of shots that it detects and locates, and how far off.

A shot is detected where at least three nodes hear it, or two that both tell bearings. A node hears it with a
probability that falls with distance, the solver's own: 0.97 · exp(−r²/2·500²). It fits the live fire of Pittsburgh
(179 pistol shots, some 28 sensors around each, Calhoun et al. 2021: 471 m by maximum likelihood).

How likely it is that enough nodes hear is exact. How far off the place is depends on *which* nodes hear: for each of
128 draws the Cramér–Rao bound gives an ellipse, and the error is the mixture of all. A node's draws are its own, evenly
spread (a Latin hypercube) and named by its place: the same at every run, whatever other nodes come and go. Against
20,000 independent draws a share is within 0.01 (RMS).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.blast import PISTOL, REFERENCE_PA
from acoustic.errors import InputError
from acoustic.propagation import absorption_db_m
from localisation.arrivals import DEFAULT_SIGMA_S
from localisation.likelihood import UNKNOWNS, Medium, Priors, medium
from localisation.search import Search
from localisation.uncertainty import LEAST_BEARINGS, LEAST_TIMES, axes, information, left, radial

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

PISTOL_DB = 20.0 * math.log10(PISTOL.peak_pa / REFERENCE_PA)
QUIETEST_DB, LOUDEST_DB = 120.0, 180.0
HEARD_HZ = 500.0  # where what is left of a distant shot has its energy
SHOT_M = 1.5  # height over the ground
BEARING_DEG = 2.0  # σ of an array's own bearing; reflections come on top
KNOWN = Priors()
FURTHEST = Search().hearing_m / KNOWN.hearing_m  # of those distances, from which on nobody hears
DRAWS = 128
SEED = 2026
BLOCK = 128  # places at once: what they need stays in the processor's cache
TRIED = 12  # nodes, the likeliest to hear, among which the one is sought whose loss is worst
RADII_M = np.geomspace(1.0, 400.0, 25)


def hearing_m(level_db: float = PISTOL_DB) -> float:
    """Distance over which hearing falls off, for a shot of this peak level at 1 m, dB re 20 µPa.

    It is where spreading and absorption leave as much as they leave of a pistol over the measured distance; a street
    that is louder by some dB counts as a shot that much quieter. Raises InputError outside 120 to 180 dB.
    """
    if not QUIETEST_DB <= level_db <= LOUDEST_DB:
        raise InputError(f"level is {level_db:g} dB; expected {QUIETEST_DB:g} to {LOUDEST_DB:g}, at 1 m re 20 µPa")
    loss_db_m = float(absorption_db_m(HEARD_HZ, 15.0))
    low, high = 1.0, 1e5
    for _ in range(60):
        middle = math.sqrt(low * high)
        lost_db = 20.0 * math.log10(middle / KNOWN.hearing_m) + loss_db_m * (middle - KNOWN.hearing_m)
        low, high = (middle, high) if lost_db < level_db - PISTOL_DB else (low, middle)
    return low


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What a plan takes for granted; the weather is measured, as the priors' `speed_ms` and `wind_ms` have it.

    `hearing_m`: see there; `sigma_s`: picking ⊕ clock; `bearing_rad`: of an array's bearing, reflections included.
    """

    hearing_m: float = KNOWN.hearing_m
    sigma_s: float = DEFAULT_SIGMA_S
    bearing_rad: float = math.radians(math.hypot(BEARING_DEG, KNOWN.bearing_deg))
    air: Air = field(default_factory=lambda: Air(temperature_c=15.0, wind_east_ms=0.0, wind_north_ms=0.0))
    priors: Priors = KNOWN

    @property
    def reach_m(self) -> float:
        """Distance from which on nobody hears: as far as association looks."""
        return FURTHEST * self.hearing_m

    @property
    def around(self) -> Medium:
        """The prior of air and height that the solver would have, the shot at SHOT_M over the ground."""
        return medium(self.air, np.array([[0.0, 0.0, SHOT_M + self.priors.below_m]]), self.priors)

    def chance(self, metres: Array) -> Array:
        """Probability that a node hears a shot at these distances."""
        heard = self.priors.heard * np.exp(-0.5 * (metres / self.hearing_m) ** 2)
        return np.where(metres < self.reach_m, heard, 0.0)

    def told(self, places: Array, stations: Array, bearings: Mask) -> Array:
        """What stations (P, M, 3) m, with bearings or not (P, M), tell of shots at places (P, 2) m: (P, M, 7, 7)."""
        sigma_s = np.full(bearings.shape, math.hypot(self.sigma_s, self.priors.path_s))
        turn_rad = np.where(bearings, self.bearing_rad, math.nan)
        return information(places, stations, sigma_s, turn_rad, self.around)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Nodes that are up: places (K, 3) m east, north, up, and which are arrays that tell bearings, (K,)."""

    places: Array
    bearings: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Per place, (P,) each: of all shots, the share that is detected, and that is located within the goal; the radius
    within which half and nine tenths of *all* shots are located, m, infinite where that is beyond 400 m or never.
    """

    detected: Array
    within: Array
    error_50_m: Array
    error_90_m: Array


def coverage(places: Array, nodes: Nodes, goal_m: float, assumed: Assumed, down: int = 0) -> Coverage:
    """How well shots at places (P, 2) m are located, with the worst `down` of the nodes around each place failed.

    Worst is what leaves the fewest shots located within `goal_m`: for one node, every one of the twelve likeliest to
    hear is tried; several are taken one after the other, which is greedy. Raises InputError for a negative `down`.
    """
    if down < 0:
        raise InputError(f"down is {down}; expected 0 or more")
    radii, drawn = np.append(RADII_M, goal_m), draws(nodes.places)
    found, shares = np.zeros(len(places)), np.zeros((len(places), len(radii)))
    for start in range(0, len(places), BLOCK):
        rows = slice(start, start + BLOCK)
        around = hearers(places[rows], nodes, drawn, assumed)
        for _ in range(down):
            around = _without_worst(around, goal_m)
        found[rows] = around.detected()
        shares[rows] = around.shares(radii, found[rows])
    return Coverage(
        detected=found,
        within=shares[:, -1],
        error_50_m=_radius(shares[:, :-1], 0.5),
        error_90_m=_radius(shares[:, :-1], 0.9),
    )


@dataclass(frozen=True, slots=True)
class Hearers:
    """Per place M nodes, likeliest to hear first: chance (P, M), bearings (P, M), whether it hears in each draw
    (P, M, S), and what it would tell (P, M, 7, 7).
    """

    chance: Array
    bearings: Mask
    heard: Array
    told: Array

    def detected(self) -> Array:
        """Probability (P,) that enough of them hear: exact, by how many have so far, node after node."""
        return _enough_hear(self.chance, self.bearings)

    def shares(self, radii: Array, detected: Array) -> Array:
        """Share (P, R) of all shots that is located within radii (R,), where this share (P,) is detected at all."""
        flat = self.told.reshape(*self.told.shape[:2], UNKNOWNS**2)
        total = (flat.transpose(0, 2, 1) @ self.heard).reshape(-1, UNKNOWNS, UNKNOWNS, DRAWS)
        times, pointing = self.heard.sum(axis=1), (self.heard * self.bearings[..., None]).sum(axis=1)
        some = enough(times, pointing)
        weights = some * (detected / np.maximum(some.sum(axis=1), 1))[:, None]
        return radial(radii, *axes(*left(total)), weights)

    def without(self, node: int | NDArray[np.intp]) -> Hearers:
        """The same where a node (one, or one for each place) hears nothing."""
        row = np.arange(len(self.chance))
        chance, heard = self.chance.copy(), self.heard.copy()
        chance[row, node], heard[row, node] = 0.0, 0.0
        return replace(self, chance=chance, heard=heard)


def detection(places: Array, nodes: Nodes, assumed: Assumed) -> Array:
    """Share (P,) of all shots at places (P, 2) m that is detected: a hundredth of the work of `coverage`."""
    away = np.hypot(*(places[:, None] - nodes.places[None, :, :2]).transpose(2, 0, 1))
    return _enough_hear(assumed.chance(away), np.broadcast_to(nodes.bearings, away.shape))


def _enough_hear(chance: Array, bearings: Mask) -> Array:
    """Probability (P,) that of nodes that hear with chances (P, M), with bearings or not (P, M), enough do."""
    none = np.ones(len(chance))
    one, one_array, two, two_arrays = (np.zeros_like(none) for _ in range(4))
    for p, array in zip(chance.T, bearings.T, strict=True):
        to_array, to_plain = np.where(array, p, 0.0), np.where(array, 0.0, p)
        two_arrays = two_arrays * (1 - p) + one_array * to_array
        two = two * (1 - p) + one_array * to_plain + one * p
        one_array, one = one_array * (1 - p) + none * to_array, one * (1 - p) + none * to_plain
        none = none * (1 - p)
    return np.clip(1 - none - one - one_array - two, 0.0, 1.0)


def enough(times: Array, pointing: Array) -> Mask:
    """Whether a shot is detected that so many nodes hear, so many of them with bearings."""
    return np.asarray((times >= LEAST_TIMES) | (pointing >= LEAST_BEARINGS))


def hearers(places: Array, nodes: Nodes, drawn: Array, assumed: Assumed) -> Hearers:
    """The nodes that can hear shots at places (P, 2) m, with their `draws`; M is as many as can at any of them."""
    away = np.hypot(*(places[:, None] - nodes.places[None, :, :2]).transpose(2, 0, 1))
    chance = assumed.chance(away)
    most = int((chance > 0).sum(axis=1).max(initial=0))
    near = np.argsort(-chance, axis=1, kind="stable")[:, :most]
    chance = np.take_along_axis(chance, near, 1)
    heard = (drawn[near] < chance[..., None]).astype(np.float64)
    bearings = nodes.bearings[near]
    return Hearers(chance, bearings, heard, assumed.told(places, nodes.places[near], bearings))


def draws(stations: Array) -> Array:
    """(K, S) numbers from 0 to 1 for stations (K, 3) m: each one's evenly spread, in an order that its place names."""
    even = (np.arange(DRAWS) + 0.5) / DRAWS
    named = [[SEED, *(int(v) % 2**32 for v in np.round(place[:2] * 10))] for place in stations]
    return np.array([np.random.default_rng(name).permutation(even) for name in named]).reshape(-1, DRAWS)


def _without_worst(around: Hearers, goal_m: float) -> Hearers:
    tried = min(TRIED, around.chance.shape[1])
    if tried == 0:
        return around
    left_over = []
    for node in range(tried):
        rest = around.without(node)
        found = rest.detected()
        left_over.append(rest.shares(np.array([goal_m]), found)[:, 0] + 1e-6 * found)
    return around.without(np.argmin(left_over, axis=0))


def _radius(shares: Array, level: float) -> Array:
    """Radius (P,) at which shares (P, R) within RADII_M reach a level; between two, as those of a normal error grow."""
    after = np.clip((shares < level).sum(axis=1), 1, len(RADII_M) - 1)
    row = np.arange(len(shares))
    steep = np.log(-np.log1p(-np.clip(shares, 1e-12, 1 - 1e-12)))
    low, high = steep[row, after - 1], steep[row, after]
    part = np.clip((math.log(-math.log1p(-level)) - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    found = RADII_M[after - 1] * (RADII_M[1] / RADII_M[0]) ** part
    return np.where(shares[:, -1] >= level, found, math.inf)
