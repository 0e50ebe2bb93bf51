"""One likelihood for what an origin explains: times of arrival, bearings, leads of shock waves, and who heard nothing;
the air and the height are nuisances.

    t_k = t0 + |p − s_k| / (c + δc + (w + δw)·n_k) + δ_k + ε_k

ε is picking and clock noise (σ of the arrival). δ is the path's delay (corners, roofs, ground), dense and of about 7
ms: measured on the Pittsburgh live fire (Calhoun et al. 2021), whose arrivals leave 7.8 ms RMS against straight
paths, of which 7 ms repeats from shot to shot. Now and then an arrival is grossly wrong: each row is a mixture of a
normal and a broad outlier density, so that it loses its pull instead of dragging the place. δc, δw and the source's
height have normal priors and are solved with the place: the covariance of the place is marginal over them.

A bullet's shock wave leads the muzzle blast by L = r/c · (1 − sin(φ + μ)) at a distance r and an angle φ < 90° − μ off
the line of fire, sin μ = 1/M (Whitham 1952; Maher 2007). Speed and line of fire unknown, cL/r is spread over a decade:
a lead tells the distance to a factor (`LEAD_LOG`), which decides between two places and no more.

Everything is batched: B problems or starts of K rows each; a mask says which rows count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

X, Y, T, C, WIND_EAST, WIND_NORTH, Z = range(7)
UNKNOWNS = 7
FAR_M = 1e6  # no station
ROUNDS, REST_M = 12, 1e-3  # a descent's, and the last step that ends it
LEAST_DAMPING = np.array([1e-6, 1e-6, 1e-2, 1e-6, 1e-6, 1e-6, 1e-6])
LEAST_LEAD_S = 2e-3  # a shorter one cannot be told from the muzzle blast itself
LEAD_LOG = (-2.05, 1.04)  # mean and σ of ln(cL/r): Mach 1.2–2.8, lines of fire all around, within the Mach cone


@dataclass(frozen=True, slots=True, kw_only=True)
class Priors:
    """What is believed before any arrival; one standard deviation each.

    `path_s`: dense delay of a path, as measured; `outlier`: share of arrivals that are grossly wrong, over `outlier_s`
    how widely, and `early` how many of those come before the direct sound; `turned`: share of bearings that are wrong;
    `speed_ms`, `wind_ms`: how far the stated air may be (an airport's temperature is 1–2 °C off in a street; its wind
    about 1 m/s); where nobody measured,
    `unknown_speed_ms` and `unknown_wind_ms`. The source stands `below_m` under the sensors' median height, ±
    `height_m`. `bearing_deg` is added to a bearing's own σ (reflections near the array). A shot is heard at a distance
    r with the probability heard · exp(−r²/2·hearing_m²).
    """

    path_s: float = 0.0075
    outlier: float = 0.1
    outlier_s: float = 0.5
    early: float = 0.15
    turned: float = 0.04
    speed_ms: float = 1.0
    unknown_speed_ms: float = 6.0
    wind_ms: float = 1.0
    unknown_wind_ms: float = 3.0
    below_m: float = 8.0
    height_m: float = 15.0
    bearing_deg: float = 2.0
    hearing_m: float = 500.0
    heard: float = 0.97


@dataclass(frozen=True, slots=True)
class Rows:
    """What was measured, of B problems.

    Places (B, K, 3) m, times (B, K) s of one epoch, σ (B, K) s, bearings and their σ (B, K) rad or NaN, leads of shock
    waves (B, K) s or NaN, which rows count (B, K); places (B, S, 3) m of stations that heard nothing, NaN for none.
    """

    places: Array
    times: Array
    sigmas: Array
    azimuths: Array
    azimuth_sigmas: Array
    leads: Array
    use: Mask
    silent: Array

    def of(self, problems: Index) -> Rows:
        """The rows of each of these problems (n,)."""
        return Rows(*(getattr(self, f.name)[problems] for f in fields(self)))


@dataclass(frozen=True, slots=True)
class Medium:
    """The prior of the nuisances: mean and standard deviation of (c, wind east, wind north, height), (4,) each, or
    (B, 4) for B problems.
    """

    mean: Array
    sigma: Array

    def of(self, problems: Index) -> Medium:
        """The media of each of these problems (n,)."""
        return Medium(self.mean[problems], self.sigma[problems])


def medium(air: Air, places: Array, priors: Priors) -> Medium:
    """The prior that this weather and these sensors, (K, 3) m, give."""
    measured = air.speed_of_sound_ms is not None or air.temperature_c is not None
    wind = air.wind_east_ms is not None and air.wind_north_ms is not None
    wind_sigma = priors.wind_ms if wind else priors.unknown_wind_ms
    height = float(np.median(places[:, 2])) - priors.below_m
    mean = np.array([air.speed_ms, air.wind_east_ms or 0.0, air.wind_north_ms or 0.0, height])
    speed_sigma = priors.speed_ms if measured else priors.unknown_speed_ms
    return Medium(mean, np.array([speed_sigma, wind_sigma, wind_sigma, priors.height_m]))


def media(rows: Rows, airs: Sequence[Air], priors: Priors) -> Medium:
    """The priors of B problems, one Air each."""
    each = [medium(air, rows.places[i, rows.use[i]], priors) for i, air in enumerate(airs)]
    return Medium(np.stack([m.mean for m in each]), np.stack([m.sigma for m in each]))


def travel_times(places: Array, sources: Array, air: Array) -> Array:
    """Seconds from sources (…, 3) to places (…, K, 3) in m, through air (…, 3) (c, wind east, wind north): (…, K)."""
    way = places - sources[..., None, :]
    distance = np.sqrt((way**2).sum(-1)) + 1e-9
    along = (way[..., :2] * air[..., None, 1:]).sum(-1)
    return np.asarray(distance / (air[..., :1] + along / distance))


@dataclass(frozen=True, slots=True)
class Fit:
    """B fits: unknowns (B, 7), cost (B,) (−log posterior), information (B, 7, 7), late (B, K) s, inlier (B, K)."""

    unknowns: Array
    cost: Array
    information: Array
    late: Array
    inlier: Array

    def of(self, chosen: Index) -> Fit:
        """These (n,) of the fits."""
        return Fit(*(getattr(self, f.name)[chosen] for f in fields(self)))

    def joined(self, more: Fit) -> Fit:
        """These fits and then those."""
        return Fit(*(np.concatenate([getattr(self, f.name), getattr(more, f.name)]) for f in fields(self)))

    def replaced(self, chosen: Index, by: Fit) -> Fit:
        """The fits, with others in the place of these (n,)."""
        return Fit(*(_put(getattr(self, f.name), chosen, getattr(by, f.name)) for f in fields(self)))


def evaluate(unknowns: Array, rows: Rows, around: Medium, priors: Priors) -> tuple[Fit, Array]:
    """Cost, Gauss–Newton information and gradient (B, 7) at unknowns (B, 7)."""
    use = rows.use
    way = rows.places - unknowns[:, None, [X, Y, Z]]
    level = np.sqrt((way[..., :2] ** 2).sum(-1)) + 1e-6
    distance = np.sqrt((way**2).sum(-1)) + 1e-6
    unit = way / distance[..., None]
    along = unit[..., 0] * unknowns[:, WIND_EAST, None] + unit[..., 1] * unknowns[:, WIND_NORTH, None]
    speed = unknowns[:, C, None] + along
    late = rows.times - unknowns[:, T, None] - distance / speed
    slope = np.zeros((*late.shape, UNKNOWNS))
    slope[..., [X, Y, Z]] = -unit / speed[..., None] - (along / speed**2)[..., None] * unit
    slope[..., [X, Y]] += unknowns[:, None, [WIND_EAST, WIND_NORTH]] / speed[..., None] ** 2  # the wind as it turns
    slope[..., T] = 1.0
    slowness = -distance / speed**2
    slope[..., C] = slowness
    slope[..., WIND_EAST], slope[..., WIND_NORTH] = slowness * unit[..., 0], slowness * unit[..., 1]
    sigma = np.sqrt(rows.sigmas**2 + priors.path_s**2)
    time_cost, time_inlier, pull = late_mixture(late, sigma, priors)
    gradient, information = _normal(slope, pull * use, time_inlier / sigma**2 * use)
    cost = (time_cost * use).sum(-1)

    pointed = use & np.isfinite(rows.azimuths)
    if pointed.any():
        off = wrapped(np.nan_to_num(rows.azimuths) - np.arctan2(-way[..., 0], -way[..., 1]))
        sigma = np.sqrt(np.nan_to_num(rows.azimuth_sigmas, nan=1.0) ** 2 + math.radians(priors.bearing_deg) ** 2)
        off_cost, off_inlier = _mixture(off, sigma, 1 / (2 * math.pi), priors.turned)
        turn = np.zeros_like(slope)
        turn[..., X], turn[..., Y] = -way[..., 1] / level**2, way[..., 0] / level**2
        weight = off_inlier / sigma**2 * pointed
        more_gradient, more_information = _normal(turn, off * weight, weight)
        gradient, information = gradient + more_gradient, information + more_information
        cost = cost + (off_cost * pointed).sum(-1)

    led = use & (rows.leads > LEAST_LEAD_S)
    if led.any():
        mean, spread = LEAD_LOG
        ratio = np.log(around.mean[..., :1] * np.where(led, rows.leads, 1.0) / distance) - mean
        lead_cost, lead_inlier = _mixture(ratio, np.full_like(ratio, spread), 0.1, 0.05)
        outward = np.zeros_like(slope)
        outward[..., X], outward[..., Y], outward[..., Z] = (-unit[..., i] / distance for i in range(3))
        weight = lead_inlier / spread**2 * led
        more_gradient, more_information = _normal(outward, ratio * weight, weight)
        gradient, information = gradient + more_gradient, information + more_information
        cost = cost + (lead_cost * led).sum(-1)

    near = use[..., None] / priors.hearing_m**2
    cost = cost + 0.5 * (near * way[..., :2] ** 2).sum((1, 2))
    gradient[:, :2] += (near * way[..., :2]).sum(1)
    information[:, [X, Y], [X, Y]] += near.sum(1)

    if rows.silent.shape[1]:
        aside = np.nan_to_num(rows.silent[..., :2] - unknowns[:, None, :2], nan=FAR_M)
        heard = priors.heard * np.exp(-0.5 * (aside**2).sum(-1) / priors.hearing_m**2)
        push = -(heard / (1 - heard))[..., None] * aside / priors.hearing_m**2
        cost = cost - np.log1p(-heard).sum(-1)
        gradient[:, :2] += push.sum(1)
        information[:, :2, :2] += push.transpose(0, 2, 1) @ push

    apart = unknowns[:, C:] - around.mean
    cost = cost + 0.5 * ((apart / around.sigma) ** 2).sum(-1)
    gradient[:, C:] -= apart / around.sigma**2
    information[:, range(C, UNKNOWNS), range(C, UNKNOWNS)] += 1 / around.sigma**2
    return Fit(unknowns, cost, information, late, time_inlier), gradient


def descend(
    starts: Array, rows: Rows, around: Medium, priors: Priors, rounds: int = ROUNDS, rest_m: float = REST_M
) -> Fit:
    """Levenberg–Marquardt from starts (B, 7), all at once: each for so many rounds, or until it moves less than
    `rest_m`, whatever the others do.
    """
    done, gradient = evaluate(starts, rows, around, priors)
    fit, moving, damping = done, np.arange(len(starts)), np.full(len(starts), 1e-3)
    for _ in range(rounds):
        matrix = fit.information.copy()
        diagonal = np.einsum("bii->bi", matrix)
        diagonal += damping[:, None] * diagonal + LEAST_DAMPING
        step = np.linalg.solve(matrix, gradient[..., None])[..., 0]
        trial, trial_gradient = evaluate(fit.unknowns + step, rows, around, priors)
        better = trial.cost <= fit.cost
        fit = _choose(better, trial, fit)
        gradient = np.where(better[:, None], trial_gradient, gradient)
        damping = np.where(better, damping * 0.2, damping * 8)
        moves = np.abs(step[:, :2]).max(1) >= rest_m
        if not moves.all():
            done, on = done.replaced(moving, fit), np.flatnonzero(moves)
            moving, rows, around, fit = moving[on], rows.of(on), around.of(on), fit.of(on)
            gradient, damping = gradient[on], damping[on]
        if not len(moving):
            break
    return done.replaced(moving, fit)


def _put(values: Array, at: Index, others: Array) -> Array:
    changed = values.copy()
    changed[at] = others
    return changed


def _choose(better: Mask, trial: Fit, fit: Fit) -> Fit:
    one, two = better[:, None], better[:, None, None]
    return Fit(
        np.where(one, trial.unknowns, fit.unknowns),
        np.where(better, trial.cost, fit.cost),
        np.where(two, trial.information, fit.information),
        np.where(one, trial.late, fit.late),
        np.where(one, trial.inlier, fit.inlier),
    )


def late_mixture(late: Array, sigma: Array, priors: Priors) -> tuple[Array, Array, Array]:
    """−log density of lateness, the probability of being an inlier, and the pull (the slope of the log density).

    What is grossly wrong is late: an echo, or another sound after it. Nothing outruns the direct sound, so only the
    share `priors.early` of outliers comes before it.
    """
    normal = np.exp(-0.5 * (late / sigma) ** 2)
    step = 0.5 * (1 + np.tanh(late / sigma))
    scale = priors.outlier / (1 - priors.outlier) / priors.outlier_s * sigma * math.sqrt(2 * math.pi)
    outlier = scale * (priors.early + (1 - priors.early) * step)
    total = normal + outlier
    rising = scale * (1 - priors.early) * 2 * step * (1 - step) / sigma
    return -np.log(total), normal / total, (normal * late / sigma**2 - rising) / total


def _mixture(off: Array, sigma: Array, outlier_density: float, share: float) -> tuple[Array, Array]:
    """−log density of a normal with a share of outliers, up to a constant, and the probability of being an inlier."""
    normal = np.exp(-0.5 * (off / sigma) ** 2)
    outlier = share / (1 - share) * outlier_density * sigma * math.sqrt(2 * math.pi)
    return -np.log(normal + outlier), normal / (normal + outlier)


def _normal(slope: Array, pull: Array, weight: Array) -> tuple[Array, Array]:
    turned = slope.transpose(0, 2, 1)
    return (turned @ pull[..., None])[..., 0], (turned * weight[:, None]) @ slope


def wrapped(angle: Array) -> Array:
    """Angles, rad, brought into −π … π."""
    return np.asarray((angle + math.pi) % (2 * math.pi) - math.pi)
