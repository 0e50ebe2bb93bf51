"""Where an array's microphones really are, and how loud each hears, from claps around it.

Unknown are the offsets of the microphones from where they are said to be, the place of each clap and the speed of
sound; measured is when each microphone heard each clap, against the mean of all. All have priors, and the maximum of
the posterior is found at once (Laplace's approximation gives the deviations), so that claps at places measured with a
tape and claps at places that nobody knows go together. Claps at unknown places cannot tell that the whole array is
turned: the deviations then say so. None can tell where its centre is, which is left where it was.

After Plinge, Jacob, Haeb-Umbach & Fink, "Acoustic Microphone Geometry Calibration", IEEE Signal Processing Magazine
33(4), 2016, for what is and is not observable.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from acoustic.errors import InputError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_CLAPS = 3
PLACED_M = 0.03  # how well the stated microphones are placed, one standard deviation an axis
TAPE_M = 0.03  # how well a clap's measured place is known
RANGE_M, RANGE_LOG = 4.0, 1.0  # of claps at unknown places: median distance, σ of its logarithm
MODEL_SIGMA_S = 3e-6  # by which a clap is no point and a capsule none either: a millimetre
MISFIT = 4.0  # standard deviations a microphone by which a clap that is left out disagrees: an echo, two hands
MUCH, SWAPPED = 3.0, 0.2  # misfit a time, in variances, that asks for a cause; share of it that a swap may leave
SIGNS = 0.8  # share of claps that must agree that a microphone is wired the wrong way round
NEAREST_M = 1e-3
TINY = 1e-9
STEPS = 300  # of a solution: claps that agree take 75 at most, and what does not agree would take thousands


@dataclass(frozen=True, slots=True)
class Calibration:
    """What claps say of an array.

    `microphones` (mics, 3) m about the centre they had, with `sigma_m` (mics, 3); `gains_db` (mics,): how much louder
    each hears than the mean, with `gain_sigma_db`; `speed_ms` and its σ; `used` (claps,): those believed; `misfit_s`:
    rms of their residuals; `swapped`: the two channels that seem to have each other's place, where there are such.
    """

    microphones: Floats
    sigma_m: Floats
    gains_db: Floats
    gain_sigma_db: Floats
    speed_ms: float
    speed_sigma_ms: float
    used: Mask
    misfit_s: float
    swapped: tuple[int, int] | None


def calibrate(
    seconds: Floats,
    sigma_s: Floats,
    levels_db: Floats,
    microphones: Floats,
    speed: tuple[float, float],
    places: Floats | None = None,
) -> Calibration:
    """Calibrate from `seconds` (claps, mics), when each microphone heard each clap, of zero mean a clap, each with σ
    `sigma_s` (claps,); `levels_db` (claps, mics); `microphones` (mics, 3) m as stated; `speed` of sound and its σ, m/s;
    `places` (claps, 3) m of the claps, NaN where unknown.

    Raises InputError for fewer than three microphones or claps, or where the claps do not agree with each other.
    """
    claps, mics = seconds.shape
    if mics < 3:
        raise InputError(f"microphones has {mics} entries; expected at least 3 to calibrate")
    if claps < LEAST_CLAPS:
        raise InputError(f"{claps} claps were heard; expected at least {LEAST_CLAPS}")
    known = np.full((claps, 3), np.nan) if places is None else places
    problem = _Problem(seconds, np.hypot(sigma_s, MODEL_SIGMA_S), microphones, speed, known)
    swapped: tuple[int, int] | None = None
    agreed = problem.agreed()
    if agreed is None or agreed.cost > MUCH * seconds.size:
        pairs = list(combinations(range(mics), 2))
        exchanged = [problem.with_microphones(_exchanged(microphones, pair)).agreed() for pair in pairs]
        tried = [(one.cost, pair, one) for pair, one in zip(pairs, exchanged, strict=True) if one is not None]
        cost, pair, best = min(tried, default=(math.inf, None, None))
        if best is not None and (agreed is None or cost < SWAPPED * agreed.cost):
            swapped, agreed = pair, best
    if agreed is None:
        raise InputError("the claps do not agree with each other; expected single claps with no wall near")
    chosen, used, found, covariance = agreed.problem, agreed.used, agreed.unknowns, agreed.covariance
    moved, sources, speed_ms = chosen.parts(found)
    gains, gain_sigma = _gains(levels_db[used], chosen.microphones + moved, sources)
    # Where the array as a whole is, by centimetres, is of no account: its centre stays where it was.
    centred = np.eye(3 * mics) - np.kron(np.full((mics, mics), 1.0 / mics), np.eye(3))
    sigma = np.sqrt(np.diagonal(centred @ covariance[: 3 * mics, : 3 * mics] @ centred))
    return Calibration(
        microphones=chosen.microphones + moved - moved.mean(axis=0),
        sigma_m=sigma.reshape(mics, 3),
        gains_db=gains,
        gain_sigma_db=gain_sigma,
        speed_ms=speed_ms,
        speed_sigma_ms=float(np.sqrt(covariance[-1, -1])),
        used=used,
        misfit_s=float(np.sqrt(np.mean(np.square(chosen.late(found))))),
        swapped=swapped,
    )


def inverted(windows: Floats, reach: int) -> list[int]:
    """The channels of `windows` (claps, mics, samples) that are wired the wrong way round, against most of the others:
    their cross-correlation within `reach` samples is deeper than it is high.
    """
    _, mics, samples = windows.shape
    spectra = np.fft.rfft(windows, 2 * samples)
    sign = np.zeros((mics, mics))
    for i, j in combinations(range(mics), 2):
        whole = np.fft.irfft(spectra[:, j] * spectra[:, i].conj(), 2 * samples)
        near = np.concatenate([whole[:, : reach + 1], whole[:, -reach:]], axis=1)
        sign[i, j] = sign[j, i] = np.mean(np.where(near.max(axis=1) >= -near.min(axis=1), 1.0, -1.0))
    return [m for m in range(mics) if np.sum(sign[m] < -(2 * SIGNS - 1)) > (mics - 1) / 2]


@dataclass(frozen=True, slots=True)
class _Problem:
    """The measured and the believed; unknowns are offsets, places of claps, speed, in one vector."""

    seconds: Floats
    sigma_s: Floats
    microphones: Floats
    speed: tuple[float, float]
    places: Floats

    def with_microphones(self, microphones: Floats) -> _Problem:
        return _Problem(self.seconds, self.sigma_s, microphones, self.speed, self.places)

    def of(self, claps: Mask) -> _Problem:
        """The same with these claps only."""
        return _Problem(self.seconds[claps], self.sigma_s[claps], self.microphones, self.speed, self.places[claps])

    def agreed(self) -> _Agreed | None:
        """The solution of the claps that agree with each other: each of the others, left out, makes the rest fit much
        better. None where those are too few.
        """
        claps = len(self.seconds)
        used = np.ones(claps, dtype=bool)
        now = self.solved()
        while used.sum() >= max(LEAST_CLAPS, claps / 2):
            without = []
            for k in np.flatnonzero(used):
                rest = used.copy()
                rest[k] = False
                without.append((self.of(rest).solved(), rest))
            best, rest = min(without, key=lambda one: one[0][2])
            if now[2] - best[2] <= MISFIT**2 * len(self.microphones):
                return _Agreed(self.of(used), used, *now)
            now, used = best, rest
        return None

    def begin(self) -> Floats:
        """Microphones as stated; claps where they are known, else in the direction of a plane wave, at usual range."""
        slow = (self.microphones - self.microphones.mean(axis=0)) / self.speed[0]
        towards = -self.seconds @ np.linalg.pinv(slow).T
        towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
        guessed = self.microphones.mean(axis=0) + RANGE_M * towards
        sources = np.where(np.isfinite(self.places), self.places, guessed)
        return np.concatenate([np.zeros(self.microphones.size), sources.ravel(), [self.speed[0]]])

    def parts(self, unknowns: Floats) -> tuple[Floats, Floats, float]:
        """Offsets (mics, 3), places of claps (claps, 3), speed."""
        mics = self.microphones.size
        return unknowns[:mics].reshape(-1, 3), unknowns[mics:-1].reshape(-1, 3), float(unknowns[-1])

    def late(self, unknowns: Floats) -> Floats:
        """How much later than it should each microphone heard each clap, (claps, mics) s."""
        moved, sources, speed = self.parts(unknowns)
        times = _ranges(self.microphones + moved, sources) / speed
        return np.asarray(self.seconds - (times - times.mean(axis=1, keepdims=True)))

    def residuals(self, unknowns: Floats) -> Floats:
        """Everything that should be small, in standard deviations."""
        moved, sources, speed = self.parts(unknowns)
        tape = np.isfinite(self.places).all(axis=1)
        away = np.linalg.norm(sources[~tape] - self.microphones.mean(axis=0), axis=1)
        return np.concatenate(
            [
                (self.late(unknowns) / self.sigma_s[:, None]).ravel(),
                (moved / PLACED_M).ravel(),
                ((sources[tape] - self.places[tape]) / TAPE_M).ravel(),
                np.log(np.maximum(away, NEAREST_M) / RANGE_M) / RANGE_LOG,
                [(speed - self.speed[0]) / self.speed[1]],
            ]
        )

    def slopes(self, unknowns: Floats) -> Floats:
        """The derivatives of `residuals`, (residuals, unknowns)."""
        moved, sources, speed = self.parts(unknowns)
        claps, mics = self.seconds.shape
        way = sources[:, None] - (self.microphones + moved)[None]
        metres = np.linalg.norm(way, axis=2)
        towards = way / metres[..., None] / speed
        late = np.zeros((claps, mics, len(unknowns)))
        each, one = np.arange(claps), np.arange(mics)
        for axis in range(3):
            late[:, one, 3 * one + axis] = towards[:, :, axis]
            late[each, :, 3 * mics + 3 * each + axis] = -towards[:, :, axis]
        late[:, :, -1] = metres / speed**2
        late = (late - late.mean(axis=1, keepdims=True)) / self.sigma_s[:, None, None]
        tape = np.isfinite(self.places).all(axis=1)
        identity = np.eye(len(unknowns))
        places = identity[3 * mics : -1].reshape(claps, 3, -1)
        beside = sources[~tape] - self.microphones.mean(axis=0)
        away = np.einsum("ki,kij->kj", beside, places[~tape]) / np.square(beside).sum(axis=1, keepdims=True)
        return np.concatenate(
            [
                late.reshape(-1, len(unknowns)),
                identity[: 3 * mics] / PLACED_M,
                places[tape].reshape(-1, len(unknowns)) / TAPE_M,
                away / RANGE_LOG,
                identity[-1:] / self.speed[1],
            ]
        )

    def solved(self) -> tuple[Floats, Floats, float]:
        """The unknowns, their covariance, and the sum of squares that is left."""
        fit = least_squares(self.residuals, self.begin(), self.slopes, x_scale="jac", method="lm", max_nfev=STEPS)
        slope = np.asarray(fit.jac, dtype=np.float64)
        covariance = np.linalg.inv(slope.T @ slope + TINY * np.eye(slope.shape[1]))
        return np.asarray(fit.x), np.asarray(covariance), 2.0 * float(fit.cost)


@dataclass(frozen=True, slots=True)
class _Agreed:
    """A problem of claps that agree, which of all those are, and its solution."""

    problem: _Problem
    used: Mask
    unknowns: Floats
    covariance: Floats
    cost: float


def _ranges(microphones: Floats, sources: Floats) -> Floats:
    return np.asarray(np.linalg.norm(sources[:, None] - microphones[None], axis=2))


def _exchanged(microphones: Floats, pair: tuple[int, int]) -> Floats:
    order = list(range(len(microphones)))
    order[pair[0]], order[pair[1]] = order[pair[1]], order[pair[0]]
    return microphones[order]


def _gains(levels_db: Floats, microphones: Floats, sources: Floats) -> tuple[Floats, Floats]:
    """How much louder each microphone hears than the mean, (mics,), once the distance is taken out, and σ."""
    level = levels_db + 20.0 * np.log10(_ranges(microphones, sources))
    beside = level - level.mean(axis=1, keepdims=True)
    spread = beside.std(axis=0, ddof=1) / math.sqrt(len(beside))
    return beside.mean(axis=0), spread
