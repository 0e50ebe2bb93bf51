"""Arrivals of shots to their origins: every mode of the likelihood, the best of them, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.errors import InputError
from localisation.arrivals import MOVED_M, Arrival, Ellipse, Origin, Place, Residual
from localisation.likelihood import UNKNOWNS, C, Fit, Medium, Priors, Rows, T, X, Y, Z, descend, media
from localisation.starts import profiled, spaced, starts
from localisation.uncertainty import ellipse

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

SOLVER = "tocsin 2"
SAME_M = 25.0
CHECKED = 3  # arrivals always agree on a place; from more on, one checks the others
RIVAL = 2.5  # a second mode within this of the best log posterior makes the answer ambiguous
LONG_M = 25.0  # and so does a geometry whose 90 % ellipse reaches further: its ends explain them nearly as well
SCALE_FREEDOM = 20.0  # weight, in arrivals, of the belief in the path delay's standard deviation
SURE = 0.9  # where every arrival is an inlier by so much, no other place beside this one has a share
REFUSED = 0.2  # an arrival less likely than this to be an inlier was not used
LARGEST_SPREAD_S = 60.0
TO_REST = 30, 1e-5  # rounds, and last step m, of what is told: it should not depend on where the search began
NOBODY = np.zeros((0, 3))


@dataclass(frozen=True, slots=True)
class Mode:
    """The best maximum of a posterior: its unknowns, the places of others nearly as good, its place covariance (2, 2)
    m² as the residuals scale it and as the prior expects it, time σ, lateness, inlier shares, and the degrees of
    freedom of the scale.
    """

    unknowns: Array
    rivals: tuple[Place, ...]
    covariance: Array
    expected: Array
    time_sigma_s: float
    late: Array
    inlier: Array
    freedom: float


def rows_of(arrivals: Sequence[Arrival], epoch_ns: int, silent: Array) -> Rows:
    """One problem's arrivals as arrays, times in seconds after `epoch_ns`; `silent`: (S, 3) m that heard nothing."""
    bearings = np.radians([a.bearing_deg for a in arrivals]).reshape(-1, 2)
    leads = [math.nan if a.shock_lead_s is None else a.shock_lead_s for a in arrivals]
    return Rows(
        places=np.array([[(a.x, a.y, a.z) for a in arrivals]], dtype=float),
        times=np.array([[(a.time_ns - epoch_ns) * 1e-9 for a in arrivals]]),
        sigmas=np.array([[a.sigma_s for a in arrivals]], dtype=float),
        azimuths=bearings[None, :, 0],
        azimuth_sigmas=bearings[None, :, 1],
        leads=np.array([leads], dtype=float),
        use=np.ones((1, len(arrivals)), dtype=bool),
        silent=silent[None],
    )


def together(problems: Sequence[Rows]) -> Rows:
    """Several problems as one batch; the shorter ones are filled up with rows that do not count."""

    def filled(name: str, fill: float) -> Array:
        parts = [getattr(p, name)[0] for p in problems]
        whole = np.full((len(parts), max(len(p) for p in parts), *parts[0].shape[1:]), fill)
        for row, part in zip(whole, parts, strict=True):
            row[: len(part)] = part
        return whole

    return Rows(
        places=filled("places", 0.0),
        times=filled("times", 0.0),
        sigmas=filled("sigmas", 1.0),
        azimuths=filled("azimuths", math.nan),
        azimuth_sigmas=filled("azimuth_sigmas", math.nan),
        leads=filled("leads", math.nan),
        use=filled("use", False).astype(bool),
        silent=filled("silent", math.nan),
    )


def check(arrivals: Sequence[Arrival]) -> None:
    """Raise InputError where the arrivals cannot give a place, or are not what they say."""
    for a in arrivals:
        if not all(map(math.isfinite, (a.x, a.y, a.z))):
            raise InputError(f"position of node {a.node} is ({a.x}, {a.y}, {a.z}); expected finite metres")
        if not (math.isfinite(a.sigma_s) and a.sigma_s > 0):
            raise InputError(f"sigma_s of node {a.node} is {a.sigma_s}; expected a positive number of seconds")
    places: dict[str, tuple[float, float, float]] = {}
    for a in arrivals:
        apart = math.dist(places.setdefault(a.node, (a.x, a.y, a.z)), (a.x, a.y, a.z))
        if apart > MOVED_M:
            raise InputError(f"node {a.node} is at two places {apart:.0f} m apart; expected one")
    nodes = {(round(a.x, 1), round(a.y, 1)) for a in arrivals}
    bearings = {(round(a.x, 1), round(a.y, 1)) for a in arrivals if a.azimuth_deg is not None}
    if len(nodes) < 3 and len(bearings) < 2:
        raise InputError(
            f"arrivals are at {len(nodes)} places, {len(bearings)} with bearings; expected 3, or 2 with bearings"
        )
    spread = (max(a.time_ns for a in arrivals) - min(a.time_ns for a in arrivals)) * 1e-9
    if spread > LARGEST_SPREAD_S:
        raise InputError(f"time spreads over {spread:.0f} s; expected arrivals of one shot, in seconds since 1970")


def modes(rows: Rows, airs: Sequence[Air], priors: Priors, near: Array | None = None) -> list[Mode]:
    """The best maximum of each problem's posterior, and its rivals, sought everywhere; where `near` (B, 2) m is given,
    the maximum there. One Air a problem.
    """
    around = media(rows, airs, priors)
    if near is None:
        begin, problem = starts(rows, around, priors)
        fit = descend(begin, rows.of(problem), around.of(problem), priors)
    else:
        fit, problem = _beside(near, rows, around, priors)
    of_start, air = rows.of(problem), around.of(problem)
    beside, rivals = [], []
    for n in range(len(airs)):
        own = np.flatnonzero(problem == n)
        if near is not None:
            own = own[np.hypot(*(fit.unknowns[own, :2] - fit.unknowns[n, :2]).T) < SAME_M]
        kept = own[spaced(fit.unknowns[own, :2], fit.cost[own], SAME_M, len(own))]
        used = fit.inlier[kept[0], of_start.use[kept[0]]]
        within = RIVAL if 2 * used.sum() > len(used) else math.inf  # what refuses half may as well be elsewhere
        rivals.append(kept[1:][fit.cost[kept[1:]] - fit.cost[kept[0]] < within])
        beside.append(_near(fit, own, of_start))
    chosen = np.concatenate([*beside, *rivals])
    rested = descend(fit.unknowns[chosen], of_start.of(chosen), air.of(chosen), priors, *TO_REST)
    fit = fit.replaced(chosen, rested)
    ends = np.cumsum([len(near) for near in beside])
    expected, scaled = _covariances(fit, np.concatenate(beside), of_start, air, priors)
    parts = zip(beside, rivals, np.split(expected, ends), np.split(scaled, ends), strict=False)
    return [_mode(fit, *part, of_start.use) for part in parts]


def _beside(near: Array, rows: Rows, around: Medium, priors: Priors) -> tuple[Fit, Index]:
    """Fits at each place (B, 2) m, then around those that refuse an arrival, and the problems of all."""
    fit = descend(profiled(near[:, None], rows, around)[:, 0], rows, around, priors)
    every = np.arange(len(near))
    doubtful = np.flatnonzero(((fit.inlier < SURE) & rows.use).any(1))
    if not len(doubtful):
        return fit, every
    begin, which = starts(rows.of(doubtful), around.of(doubtful), priors)
    problem = doubtful[which]
    close = np.hypot(*(begin[:, :2] - near[problem]).T) < 2 * SAME_M
    begin, problem = begin[close], problem[close]
    return fit.joined(descend(begin, rows.of(problem), around.of(problem), priors)), np.concatenate([every, problem])


def _near(fit: Fit, own: Index, rows: Rows) -> Index:
    """Of one problem's fits the best, and the maxima that are one place with it: each refuses others, and keeps enough
    for one to check the rest.
    """
    order = own[np.argsort(fit.cost[own], kind="stable")]
    used = (fit.inlier[order] > 0.5) & rows.use[order]
    off = np.hypot(*(fit.unknowns[order, :2] - fit.unknowns[order[0], :2]).T)
    first: dict[bytes, int] = {}  # of the fits that refuse the same arrivals
    for k, row in enumerate(used):
        first.setdefault(row.tobytes(), k)
    kept = [k for k in first.values() if k == 0 or (off[k] < SAME_M and used[k].sum() > CHECKED)]
    return np.asarray(order[kept])


def origin_of(arrivals: Sequence[Arrival], air: Air, priors: Priors | None = None) -> Origin:
    """The origin of one shot's arrivals. Raises InputError where they cannot give one (see `check`)."""
    return origins_of([arrivals], [air], priors)[0]


def origins_of(
    shots: Sequence[Sequence[Arrival]],
    airs: Sequence[Air],
    priors: Priors | None = None,
    near: Array | None = None,
    silent: Sequence[Array] | None = None,
) -> list[Origin]:
    """The origin of each shot's arrivals, all solved at once; `airs` and `silent` (S, 3) m of each; `near`, where
    given, (B, 2) m: the maximum of the posterior there.

    Raises InputError where arrivals cannot give an origin (see `check`).
    """
    for arrivals in shots:
        check(arrivals)
    priors = priors or Priors()
    epochs_ns = [min(a.time_ns for a in arrivals) for arrivals in shots]
    quiet = silent or [NOBODY] * len(shots)
    rows = together([rows_of(*one) for one in zip(shots, epochs_ns, quiet, strict=True)])
    found = modes(rows, airs, priors, near)
    return [_origin(*one) for one in zip(shots, found, epochs_ns, strict=True)]


def _origin(arrivals: Sequence[Arrival], best: Mode, epoch_ns: int) -> Origin:
    region = ellipse(best.covariance, freedom=best.freedom)
    also = best.rivals or _ends(best, region)
    if not (best.inlier >= REFUSED).any():
        raise InputError("no place explains any of the arrivals; expected arrivals of one shot")
    residuals = tuple(
        Residual(
            arrival=a.id,
            node=a.node,
            residual_s=float(late),
            refused="" if inlier >= REFUSED else f"{1e3 * late:+.0f} ms off",
        )
        for a, late, inlier in zip(arrivals, best.late, best.inlier, strict=True)
    )
    return Origin(
        x=float(best.unknowns[X]),
        y=float(best.unknowns[Y]),
        z=float(best.unknowns[Z]),
        time_ns=epoch_ns + round(float(best.unknowns[T]) * 1e9),
        time_sigma_s=best.time_sigma_s,
        ellipse=region,
        ambiguous=bool(also),
        also=also,
        residuals=residuals,
        solver=SOLVER,
    )


def with_rivals(origin: Origin, places: Iterable[Array]) -> Origin:
    """The origin with other places (2,) m that association found for some of its arrivals: it is ambiguous then."""
    known = [Place(x=origin.x, y=origin.y), *origin.also]
    for east, north in (p.tolist() for p in places):
        if all(math.hypot(east - p.x, north - p.y) > SAME_M for p in known):
            known.append(Place(x=east, y=north))
    return replace(origin, ambiguous=len(known) > 1, also=tuple(known[1:]))


def _ends(best: Mode, region: Ellipse) -> tuple[Place, ...]:
    """The ends of an ellipse that this geometry makes long: they explain the arrivals nearly as well. Else nothing."""
    if ellipse(best.expected).semi_major_m <= LONG_M:
        return ()
    along = 0.6 * region.semi_major_m * np.exp(1j * math.radians(region.azimuth_deg))
    centre = complex(best.unknowns[Y], best.unknowns[X])
    return tuple(Place(x=float(end.imag), y=float(end.real)) for end in (centre + along, centre - along))


def _mode(fit: Fit, near: Index, rivals: Index, expected: Array, scaled: Array, use: Mask) -> Mode:
    """The best fit, the first of those `near`, with the covariance of all of them about it, each as likely as its share
    of the posterior (Laplace): which arrival is wrong may not be sure. `expected`, `scaled`: (n, 7, 7) of each.
    """
    i = int(near[0])
    off = fit.unknowns[near] - fit.unknowns[i]
    mass = np.exp(fit.cost[i] - fit.cost[near]) * np.sqrt(np.linalg.det(expected))
    covariance = np.average(scaled + off[:, :, None] * off[:, None], axis=0, weights=mass)
    return Mode(
        fit.unknowns[i],
        tuple(Place(x=x, y=y) for x, y in fit.unknowns[rivals, :2].tolist()),
        covariance[:2, :2],
        expected[0, :2, :2],
        float(np.sqrt(covariance[T, T])),
        fit.late[i, use[i]],
        fit.inlier[i, use[i]],
        SCALE_FREEDOM + max(float(fit.inlier[i, use[i]].sum()) - 3.0, 0.0),
    )


def _covariances(fit: Fit, chosen: Index, rows: Rows, around: Medium, priors: Priors) -> tuple[Array, Array]:
    """Covariances (n, 7, 7) of fits as the priors expect them, and as their residuals scale them: what path delays add
    is scaled by what they say of them (normal–inverse-χ² prior), what air and height add is not.
    """
    inlier = fit.inlier[chosen] * rows.use[chosen]
    whitened = inlier * fit.late[chosen] ** 2 / (rows.sigmas[chosen] ** 2 + priors.path_s**2)
    spare = np.maximum(inlier.sum(-1) - 3.0, 0.0)
    scale = ((SCALE_FREEDOM + whitened.sum(-1)) / (SCALE_FREEDOM + spare))[:, None, None]
    believed = np.zeros((len(chosen), UNKNOWNS, UNKNOWNS))
    believed[:, range(C, UNKNOWNS), range(C, UNKNOWNS)] = around.sigma[chosen] ** -2
    information = fit.information[chosen]
    inverse = np.linalg.inv(information + np.eye(UNKNOWNS) * 1e-9)
    measured = inverse @ (information - believed) @ inverse
    given = inverse @ believed @ inverse
    return measured + given, scale * measured + given
