"""The nouns of localisation: what a node heard (arrivals), what the network makes of it (origins, verdicts, shots)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_SIGMA_S = 1e-3
DEFAULT_BEARING_SIGMA_DEG = 5.0
MOVED_M = 20.0  # a node that jumps further is two nodes or a mistake; less is the scatter of its own position


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """An arrival looks like an earlier one of the same node: its id, the interval, the waveforms' correlation."""

    arrival: str
    interval_s: float
    coherence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An impulse at an array.

    `id` is unique in the network (node and sequence); position in metres east, north, up of the network's origin;
    `time_ns` is UTC in integer nanoseconds at the sensor; `sigma_s` is picking ⊕ clock. `azimuth_deg` points from the
    array to the sound, clockwise from north, `elevation_deg` above the horizon. `shock_lead_s` is how long the shock
    wave came before the muzzle blast. `probabilities` is the node's opinion of the class. `repeats`: the earlier
    arrivals it looks like. `again`: the key of the shot for which the node was asked to look again, and then found it;
    empty for what it heard by itself. `exercise`: made up or replayed for training; a network is fed with such alone.
    Optional fields are None where the node cannot tell.
    """

    id: str
    node: str
    x: float
    y: float
    z: float
    time_ns: int
    sigma_s: float = DEFAULT_SIGMA_S
    snr_db: float | None = None
    azimuth_deg: float | None = None
    azimuth_sigma_deg: float | None = None
    elevation_deg: float | None = None
    elevation_sigma_deg: float | None = None
    shock_lead_s: float | None = None
    probabilities: Mapping[str, float] | None = None
    repeats: tuple[Repetition, ...] = ()
    again: str = ""
    exercise: bool = False

    @property
    def bearing_deg(self) -> tuple[float, float]:
        """Azimuth and its σ; both NaN where there is no bearing."""
        if self.azimuth_deg is None:
            return math.nan, math.nan
        sigma = self.azimuth_sigma_deg
        return self.azimuth_deg, DEFAULT_BEARING_SIGMA_DEG if sigma is None else sigma

    @property
    def elevation(self) -> tuple[float, float]:
        """Elevation and its σ, degrees; both NaN where there is none."""
        if self.elevation_deg is None:
            return math.nan, math.nan
        sigma = self.elevation_sigma_deg
        return self.elevation_deg, DEFAULT_BEARING_SIGMA_DEG if sigma is None else sigma


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A node that was healthy and listening, at a place (metres east, north, up)."""

    node: str
    x: float
    y: float
    z: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipse:
    """Region that holds the true place with probability `level`; `azimuth_deg` of the major axis from north."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    level: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in metres east, north of the network's origin."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """One arrival against an origin: seconds late (+) or early (−); `refused` says why it was left out, else empty."""

    arrival: str
    node: str
    residual_s: float
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One solution: place, height, discharge time (UTC ns), ellipse, and how each arrival fits."""

    x: float
    y: float
    z: float
    time_ns: int
    time_sigma_s: float
    ellipse: Ellipse
    ambiguous: bool
    also: tuple[Place, ...]
    residuals: tuple[Residual, ...]
    solver: str

    @property
    def used(self) -> tuple[Residual, ...]:
        """The arrivals that made this origin."""
        return tuple(r for r in self.residuals if not r.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is what it is: a code for translation, its values, and the English words."""

    code: str
    values: Mapping[str, float | int | str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A class with probabilities and reasons; the network's, made from its nodes' opinions and what only it knows."""

    label: str
    probability: float
    probabilities: Mapping[str, float]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One located impulse as the network publishes it: a stable key, a version that counts up from 1."""

    key: str
    version: int
    origin: Origin
    verdict: Verdict
    arrivals: tuple[Arrival, ...] = field(repr=False)

    @property
    def exercise(self) -> bool:
        """Whether it was made up or replayed for training."""
        return any(arrival.exercise for arrival in self.arrivals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Look again at a node: the sound of shot `shot` (its key) reached it at `time_ns` (UTC) ± `half_s`."""

    shot: str
    node: str
    time_ns: int
    half_s: float
