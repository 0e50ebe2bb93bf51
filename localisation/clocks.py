"""Clocks that nobody set, from sounds that all recorders heard.

Unknown are each recorder's clock and its drift, where and when each sound was made, the speed of sound and the wind;
measured is when each recorder heard each sound, by its own clock. All are fitted at once with heavy tails, while the
impulse that each recorder means is sought anew in an ever narrower time around where it should be. That can go wrong,
so it is begun several times with some of the sounds each: a clock is told where most beginnings lead to the same.
Sounds of one place count once: their paths are the same, and so are the delays on them. The curvature of the posterior
gives the deviations (Laplace's approximation), the residuals their scale.

After Thrun, "Affine Structure from Sound", NIPS 2005, and Burgess, Kuang & Åström, "TOA sensor network self-calibration
for receiver and transmitter spaces with difference in dimension", Signal Processing 107, 2015, for what can be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from acoustic.errors import InputError
from localisation.shared_sounds import (
    LEAST_RECORDERS,
    REACH_SIGMA,
    SURE_S,
    Medium,
    Recorder,
    Sounds,
    along_pairs,
    clearest,
    find_sounds,
    outrun,
    pair_lags,
    roughly,
    tame,
    vote,
)

Floats = NDArray[np.float64]

LEAST_SOUNDS = 3  # that a recorder whose clock is unknown must have heard
BEGINNINGS, AGREED = 6, 2  # of which so many must lead to the same
LOUD, WEAK = 0.6, 0.35  # share of the clearest sound's clearness down to which others are used, first and then
DOUBT = 0.7  # down to which the agreement of two recorders is drawn, in a beginning
SHARE = 0.7  # of the sounds, in a beginning
SAME_S = 0.03  # offsets nearer to each other are the same
GATES_S = (0.6, 0.3, 0.15, 0.08, 0.04, 0.02, 0.02)  # within which an impulse is sought, at each step
LATER = 2  # steps are left out where clocks are known well
PATH_SIGMA_S = 5e-3  # by which corners, roofs and what grows delay sound: believed before it is seen
PATH_FREEDOM = 4.0  # weight of that belief, in arrivals
DRIFT_SIGMA = 20e-6  # of a quartz, against its nominal rate
SAME_M = 20.0  # sounds nearer to each other share their paths
HEIGHT_M, HEIGHT_SIGMA_M = 2.0, 4.0  # of a sound
FAR_M = 3000.0
GAUGE_S = 1e-6  # where no clock is known, their mean stays
LEAST_FREEDOM = 4.0  # arrivals beyond the unknowns: what checks that all belongs together
LEAST_AGREEING = 0.6  # share of them; false clocks reached 0.52 in simulations, true ones have 0.5 to 0.9
OUTRUN = 2.0  # of those, to each that comes as much too early as others do
CONFIRMING = 0.5  # share of the sounds, placed by the others, in which a recorder must bear them out
LARGEST_SIGMA_S = 0.05  # of a clock that is of use: 17 m


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """What shared sounds say of N clocks, and of the K sounds.

    `offsets_s` (N,): what to add to each recorder's time, at `middle_s` (N,) of its own; `sigma_s` (N,); all NaN where
    it cannot be told. `drift` (N,): further seconds a second, `drift_sigma` (N,). `heard` (N,): sounds that each heard.
    `places` (K, 2) m and `times` (K,) s of the sounds; `misfit_s`: standard deviation of what is left.
    """

    offsets_s: Floats
    sigma_s: Floats
    middle_s: Floats
    drift: Floats
    drift_sigma: Floats
    heard: NDArray[np.intp]
    places: Floats
    times: Floats
    misfit_s: float


def clocks(recorders: Sequence[Recorder], medium: Medium) -> Clocks:
    """The clocks of recorders at known places. Raises InputError where too few of them heard too little in common, or
    where what they heard can be explained in several ways.
    """
    told, known = np.arange(len(recorders)), np.isfinite([r.clock_sigma_s for r in recorders])
    while True:
        if len(told) < LEAST_RECORDERS:
            raise InputError(
                f"{len(told)} of {len(recorders)} recorders agree on what they heard; expected at least "
                f"{LEAST_RECORDERS} with {LEAST_SOUNDS} sounds of several places in common"
            )
        if known.any() and not known[told].any():
            raise InputError("no recorder whose clock is known agrees with the others; expected one that does")
        problem = _Problem([clearest(recorders[int(n)]) for n in told], medium)
        best, sure = _searched(problem)
        if sure.all():
            break
        told = told[sure]
    answer = problem.told(best)
    if (vague := answer.sigma_s > LARGEST_SIGMA_S).all() or (~vague).sum() < LEAST_RECORDERS:
        raise InputError(
            f"the clocks could be told to {1e3 * float(np.median(answer.sigma_s)):.0f} ms only; expected sounds from "
            "more places, or more recorders around them"
        )
    return _spread(answer, told, len(recorders), vague)


@dataclass(frozen=True, slots=True)
class _State:
    """The unknowns, and which impulse (K, N) s each recorder means by each sound."""

    unknowns: Floats
    heard: Floats

    @property
    def matched(self) -> float:
        """Impulses that agree, beyond those that a sound's place and time would explain anyway."""
        return float(np.maximum(np.isfinite(self.heard).sum(axis=1) - 3, 0).sum())


def _searched(problem: _Problem) -> tuple[_State, NDArray[np.bool_]]:
    """The state that explains most impulses, and for each recorder whether enough beginnings agree on its clock."""
    draw = np.random.default_rng(0)
    lags, scores = pair_lags(problem.recorders, problem.medium.speed_ms)
    ends = [_begun(problem, along_pairs(problem.recorders, lags, scores), None)]
    for _ in range(BEGINNINGS - 1):
        other = np.triu(draw.uniform(DOUBT, 1.0, scores.shape), 1)
        ends.append(_begun(problem, along_pairs(problem.recorders, lags, scores * (other + other.T)), draw))
    best = max(ends, key=lambda state: state.matched)
    apart = np.array([end.unknowns[: problem.count] for end in ends]) - best.unknowns[: problem.count]
    if not problem.known.any():
        apart -= np.median(apart, axis=1, keepdims=True)
    same = np.abs(apart) <= SAME_S
    return best, (same.sum(axis=0) >= AGREED) & problem.confirmed(best)


def _begun(problem: _Problem, offsets: Floats, draw: np.random.Generator | None) -> _State:
    """Where a beginning leads: with some of the loud sounds drawn (all, where there is no `draw`), then with more."""
    recorders, speed_ms = problem.recorders, problem.medium.speed_ms
    for _ in range(4):
        sounds = find_sounds(recorders, offsets, speed_ms, LOUD)
        if not len(sounds.times):
            raise InputError("the recorders heard no sounds in common; expected some loud ones from several places")
        if draw is not None:
            most = max(5, math.ceil(SHARE * len(sounds.times)))
            sounds = sounds.some(np.sort(draw.permutation(len(sounds.times))[:most]))
        offsets, places, times = roughly(recorders, sounds, offsets, speed_ms, fixed=False)
    best = problem.settled(problem.begin(sounds, offsets, places, times), GATES_S)
    for _ in range(2):
        offsets = best.unknowns[: problem.count]
        sounds = find_sounds(recorders, offsets, speed_ms, WEAK)
        _, places, times = roughly(recorders, sounds, offsets, speed_ms, fixed=True)
        again = problem.settled(problem.begin(sounds, offsets, places, times), GATES_S[LATER:])
        if again.matched <= best.matched:
            break
        best = again
    return best


def _spread(answer: Clocks, told: NDArray[np.intp], count: int, vague: NDArray[np.bool_]) -> Clocks:
    """The answer for all recorders, NaN for those it does not tell of."""

    def each(values: Floats) -> Floats:
        out = np.full(count, np.nan)
        out[told] = np.where(vague, np.nan, values)
        return out

    heard = np.zeros(count, np.intp)
    heard[told] = answer.heard
    return replace(
        answer,
        offsets_s=each(answer.offsets_s),
        sigma_s=each(answer.sigma_s),
        middle_s=each(answer.middle_s),
        drift=each(answer.drift),
        drift_sigma=each(answer.drift_sigma),
        heard=heard,
    )


class _Problem:
    """Unknowns: offsets (N), drifts (N), speed of sound, wind (2), and of each sound x, y, z, time (K × 4)."""

    def __init__(self, recorders: Sequence[Recorder], medium: Medium) -> None:
        self.recorders, self.medium, self.count = recorders, medium, len(recorders)
        self.places = np.array([r.place for r in recorders])
        self.prior = np.array([r.clock_sigma_s for r in recorders])
        self.known = np.isfinite(self.prior)
        self.middle = np.array([float(np.mean(r.times)) if len(r.times) else 0.0 for r in recorders])
        self.gauge = 0.0

    def begin(self, sounds: Sounds, offsets: Floats, places: Floats, times: Floats) -> _State:
        """A state to begin from."""
        self.gauge = float(offsets.mean())
        medium = [self.medium.speed_ms, *self.medium.wind_ms]
        each = np.column_stack([places, np.full(len(places), HEIGHT_M), times])
        return _State(np.concatenate([offsets, np.zeros(self.count), medium, each.ravel()]), sounds.times)

    def settled(self, state: _State, gates_s: Sequence[float]) -> _State:
        """Fitted, with impulses sought anew within each gate; then each clock moved to where most of its impulses fit
        the sounds, as long as one moves.
        """
        for _ in range(4):
            for gate_s in gates_s:
                unknowns = self.fitted(state, np.ones(len(state.heard)), max(gate_s / 4.0, PATH_SIGMA_S))
                state = _State(unknowns, self.nearest(unknowns, gate_s))
            voted = self.voted(state.unknowns)
            if voted is None:
                break
            state, gates_s = _State(voted, self.nearest(voted, GATES_S[LATER])), GATES_S[LATER:]
        return state

    def parts(self, unknowns: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Offsets (N,), drifts (N,), speed and wind (3,), sounds (K, 4)."""
        n = self.count
        return unknowns[:n], unknowns[n : 2 * n], unknowns[2 * n : 2 * n + 3], unknowns[2 * n + 3 :].reshape(-1, 4)

    def travel(self, unknowns: Floats) -> Floats:
        """Seconds from each sound to each recorder, (K, N)."""
        _, _, air, sounds = self.parts(unknowns)
        way = self.places[None] - sounds[:, None, :3]
        square = np.square(way).sum(axis=2) + 1.0
        return np.asarray(square / (air[0] * np.sqrt(square) + way[..., 0] * air[1] + way[..., 1] * air[2]))

    def late(self, unknowns: Floats, heard: Floats) -> Floats:
        """How much later than it should each recorder heard each sound, (K, N) s; NaN where it did not."""
        offsets, drift, _, sounds = self.parts(unknowns)
        told = heard + offsets + drift * (heard - self.middle)
        return np.asarray(told - sounds[:, 3:] - self.travel(unknowns))

    def expected(self, unknowns: Floats) -> Floats:
        """When, by its own clock, each recorder should have heard each sound, (K, N) s."""
        offsets, drift, _, sounds = self.parts(unknowns)
        at = sounds[:, 3:] + self.travel(unknowns) - offsets
        return np.asarray(at - drift * (at - self.middle))

    def nearest(self, unknowns: Floats, gate_s: float) -> Floats:
        """The impulse of each recorder nearest to where each sound should be, (K, N) s; NaN where none is near."""
        expected = self.expected(unknowns)
        found = np.full(expected.shape, np.nan)
        each = np.arange(len(expected))
        for n, recorder in enumerate(self.recorders):
            if len(recorder.times):
                apart = np.abs(recorder.times[None] - expected[:, n : n + 1])
                best = np.argmin(apart, axis=1)
                near = apart[each, best] <= gate_s
                found[near, n] = recorder.times[best[near]]
        return found

    def voted(self, unknowns: Floats) -> Floats | None:
        """The unknowns with each clock where most of its impulses fit the sounds; None where none need be moved. Where
        that is the only known clock, all others and the sounds are moved instead.
        """
        expected, moved, known = self.expected(unknowns), unknowns.copy(), self.prior <= SURE_S
        for n, recorder in enumerate(self.recorders):
            apart = recorder.times[None] - expected[:, n : n + 1]
            farthest_s = math.inf if known[n] and known.sum() == 1 else REACH_SIGMA * self.prior[n]
            shift_s, _ = vote(np.where(np.abs(unknowns[n] - apart) <= farthest_s, apart, np.nan), GATES_S[-1])
            if abs(shift_s) > GATES_S[-1]:
                moved[n] -= shift_s
        if np.array_equal(moved, unknowns):
            return None
        if known.sum() == 1:
            back_s = float(moved[: self.count][known][0])
            moved[: self.count] -= back_s
            moved[2 * self.count + 6 :: 4] -= back_s
        return moved

    def confirmed(self, state: _State) -> NDArray[np.bool_]:
        """For each recorder, whether the sounds, placed and timed by all others alone, tell the same clock."""
        sure = np.zeros(self.count, bool)
        for n in range(self.count):
            others = state.heard.copy()
            others[:, n] = np.nan
            there = np.isfinite(others).sum(axis=1) >= LEAST_RECORDERS
            unknowns = self.fitted(_State(state.unknowns, others), np.ones(len(others)), PATH_SIGMA_S)
            unknowns[n] = state.unknowns[n]  # its own clock is anything without its own arrivals
            apart = self.recorders[n].times[None] - self.expected(unknowns)[there, n, None]
            if not np.delete(self.known, n).any():  # and that of all others together, too
                moved = (unknowns - state.unknowns)[: self.count]
                apart += np.median(np.delete(moved, n))
            shift_s, votes = vote(apart, GATES_S[-1])
            early = outrun(apart, self.recorders[n].clear_db, GATES_S[-1])
            enough = votes >= max(LEAST_SOUNDS, CONFIRMING * there.sum() + 0.5, OUTRUN * early + 0.5)
            sure[n] = abs(shift_s) <= SAME_S and enough
        return sure

    def fitted(self, state: _State, weight: Floats, scale_s: float) -> Floats:
        """The unknowns that fit best, each sound with a weight (K,)."""
        each = np.tile([30.0, 30.0, 3.0, 0.1], len(weight))
        size = np.concatenate([np.repeat([0.1, DRIFT_SIGMA], self.count), np.ones(3), each])
        problem = (state.heard, np.sqrt(weight) / scale_s)
        fit = least_squares(
            self.residuals, state.unknowns, self.slopes, x_scale=size, method="lm", max_nfev=100, args=problem
        )
        return np.asarray(fit.x)

    def residuals(self, unknowns: Floats, heard: Floats, weight: Floats) -> Floats:
        """Everything that should be small, in standard deviations; `weight` (K,): 1 ÷ σ of a sound's arrivals."""
        offsets, drift, air, sounds = self.parts(unknowns)
        medium = self.medium
        late = self.late(unknowns, heard) * weight[:, None]
        return np.concatenate(
            [
                tame(late[np.isfinite(late)])[0],
                offsets[self.known] / self.prior[self.known],
                [] if self.known.any() else [(offsets.mean() - self.gauge) / GAUGE_S],
                drift / DRIFT_SIGMA,
                [(air[0] - medium.speed_ms) / medium.speed_sigma_ms],
                (air[1:] - medium.wind_ms) / medium.wind_sigma_ms,
                (sounds[:, 2] - HEIGHT_M) / HEIGHT_SIGMA_M,
                ((sounds[:, :2] - self.places[:, :2].mean(axis=0)) / FAR_M).ravel(),
            ]
        )

    def slopes(self, unknowns: Floats, heard: Floats, weight: Floats) -> Floats:
        """The derivatives of `residuals`, (residuals, unknowns)."""
        _, _, air, sounds = self.parts(unknowns)
        n, medium, eye = self.count, self.medium, np.eye(len(unknowns))
        row, column = np.nonzero(np.isfinite(heard))
        way = self.places[column] - sounds[row, :3]
        metres = np.sqrt(np.square(way).sum(axis=1) + 1.0)
        speed = air[0] * metres + way[:, 0] * air[1] + way[:, 1] * air[2]
        wind = np.array([air[1], air[2], 0.0])
        each, sound = np.arange(len(row)), 2 * n + 3 + 4 * row
        out = np.zeros((len(row), len(unknowns)))
        out[each, column] = 1.0
        out[each, n + column] = heard[row, column] - self.middle[column]
        out[each, 2 * n] = metres**3 / speed**2
        out[each, 2 * n + 1] = metres**2 * way[:, 0] / speed**2
        out[each, 2 * n + 2] = metres**2 * way[:, 1] / speed**2
        along = air[0] * way / metres[:, None] + wind
        place = (2.0 * way * speed[:, None] - metres[:, None] ** 2 * along) / speed[:, None] ** 2
        for axis in range(3):
            out[each, sound + axis] = place[:, axis]
        out[each, sound + 3] = -1.0
        late = self.late(unknowns, heard)[row, column] * weight[row]
        out *= (weight[row] * tame(late)[1])[:, None]
        first = 2 * n + 3 + 4 * np.arange(len(sounds))
        return np.concatenate(
            [
                out,
                eye[:n][self.known] / self.prior[self.known, None],
                np.zeros((0, len(unknowns))) if self.known.any() else eye[:n].mean(axis=0, keepdims=True) / GAUGE_S,
                eye[n : 2 * n] / DRIFT_SIGMA,
                eye[2 * n : 2 * n + 1] / medium.speed_sigma_ms,
                eye[2 * n + 1 : 2 * n + 3] / medium.wind_sigma_ms,
                eye[first + 2] / HEIGHT_SIGMA_M,
                eye[np.column_stack([first, first + 1]).ravel()] / FAR_M,
            ]
        )

    def check(self, heard: Floats) -> None:
        """Raise InputError where less of what could contradict does agree than chance might make of it."""
        needed = 3 * len(heard) + int((self.prior > SURE_S).sum())
        agreeing = int(np.isfinite(heard).sum()) - needed
        if agreeing < LEAST_AGREEING * (heard.size - needed):
            raise InputError(
                f"of {heard.size - needed} arrivals that could contradict the clocks, {max(agreeing, 0)} agree; "
                f"expected {LEAST_AGREEING:.0%}: the recorders may have heard different sounds"
            )

    def told(self, state: _State) -> Clocks:
        """The solution with each place counted once, its scale as the residuals say, and its deviations."""
        enough = np.isfinite(state.heard).sum(axis=1) >= LEAST_RECORDERS
        offsets, drift, air, sounds = self.parts(state.unknowns)
        sounds, heard = sounds[enough], state.heard[enough]
        weight = 1.0 / (np.linalg.norm(sounds[:, None, :2] - sounds[None, :, :2], axis=2) <= SAME_M).sum(axis=1)
        state = _State(np.concatenate([offsets, drift, air, sounds.ravel()]), heard)
        state = _State(self.fitted(state, weight, PATH_SIGMA_S), heard)
        counted = float((weight[:, None] * np.isfinite(heard)).sum())
        self.check(heard)
        free = counted - 3.0 * float(weight.sum()) - int((self.prior > SURE_S).sum())  # all else has priors
        if free < LEAST_FREEDOM:
            raise InputError(
                f"{self.count} recorders heard {len(heard)} sounds of too few places in common for one to check "
                "another; expected more recorders, or more sounds from other places"
            )
        left = float(np.nansum(weight[:, None] * self.late(state.unknowns, heard) ** 2))
        scale_s = math.sqrt((PATH_FREEDOM * PATH_SIGMA_S**2 + left) / (PATH_FREEDOM + free))
        unknowns = self.fitted(state, weight, scale_s)
        slopes = self.slopes(unknowns, heard, np.sqrt(weight) / scale_s)
        sigma = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
        offsets, drift, _, sounds = self.parts(unknowns)
        return Clocks(
            offsets_s=offsets,
            sigma_s=sigma[: self.count],
            middle_s=self.middle,
            drift=drift,
            drift_sigma=sigma[self.count : 2 * self.count],
            heard=np.isfinite(heard).sum(axis=0),
            places=sounds[:, :2],
            times=sounds[:, 3],
            misfit_s=scale_s,
        )
