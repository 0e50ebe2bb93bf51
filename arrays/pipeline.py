"""From sound to arrivals: one node's whole work on its stream, the same live and in replay.

    pipeline = Pipeline("roof-1", (0.0, 0.0, 12.0), microphones, 48_000.0, timebase, model, air)
    for item in source.blocks():
        for heard in pipeline.push(item): ...

The time of an array's arrival is that at the array's place: the onset in the microphone that heard it first, moved by
the wave from the array's own bearing, plane, or curved where the array is wide enough to tell; without a bearing the
onset stays, and σ holds the array's size. A muzzle blast carries how long its bullet's shock wave came before it, where
that is certain; a shock wave is an arrival of its own, known by its N.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.bursts import Repeats
from acoustic.classify import Model
from acoustic.errors import InputError
from acoustic.features import AFTER_S, BEFORE_S
from acoustic.impulses import Detector, DetectorSettings, Impulse
from acoustic.shock import NWave, first_blast, n_wave, needs_s
from arrays.capture import Block, Gap
from arrays.geometry import gives_bearing, lag_s, radius_m
from arrays.opinion import Deferred, opinion
from arrays.report import brief
from arrays.ring import Ring, padded
from arrays.timebase import Timebase
from localisation.arrivals import Arrival, Ask, Repetition
from localisation.bearing import WHITENING, Bearing, bearing
from localisation.delays import arrival_times
from localisation.nearfield import LEAST_MICROPHONES, source
from localisation.trajectory import shooter

KEPT_S = 4.0  # of sound before a stride that its impulses may need: a stride is what the ring holds beyond
LEAST_STRIDE_S = 1.0
BEARING_BEFORE_S, BEARING_AFTER_S = 0.005, 0.016
BEARING_SPANS = 3.0  # times the sound's way across the array, if that is longer
MOST_SPAN_S = 0.06  # of that way: across some 20 m; wider is a network, not an array
SPEED_SIGMA_MS = 3.0  # of the speed of sound towards an array, its wind included
GUNSHOT = "gunshot"
SHOCK_LEAD_S = 1.0  # at most, between a bullet's shock wave and its muzzle blast
SHOCK_ECHO_S, SHOCK_ECHO_DB = 0.04, 3.0  # within which no next bullet comes; by which a later echo is weaker
MARGIN = 2  # samples around a window, for its rounding
LONGEST_GAP = 2**40
AGAIN = DetectorSettings(step_db=5.0, floor_db=6.0)  # of a known instant: 0.005 onsets/s of white noise pass
QUIET_S = 4.0  # before a window of 0.08 s: noise alone passes in 2 %, where the solver expects 10 % of outliers
AGAIN_BEFORE_S = QUIET_S + 1.1  # of sound before a window; the floor needs a second of its own
MOST_OF = 0.9  # of them that must be sound
NS = 1_000_000_000
FAINT_DB, FAINT_SIGMA_S = 10.0, 2e-3  # onsets fainter than this in white noise spread so much, measured
AGAIN_AFTER_S = 0.6  # of sound after it: what the detector waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """How a node listens.

    `pick_sigma_s`: of an onset at 20 dB above the noise; it halves with every 12 dB more, within `pick_least_s` and
    `pick_most_s`; `ring_s`: sound held in memory.
    """

    detector: DetectorSettings = field(default_factory=DetectorSettings)
    pick_sigma_s: float = 5e-4
    pick_least_s: float = 1e-4
    pick_most_s: float = 2e-3
    ring_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An arrival, its number within the node, and what only the node needs: its onset, a sample of a channel."""

    number: int
    arrival: Arrival
    snr_db: float
    level_db: float
    onset_sample: float
    channel: int


@dataclass(frozen=True, slots=True)
class _Heading:
    """Where a sound came from as the array's place sees it; its place (3,) m from there, None where it is far."""

    bearing: Bearing
    near: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class _Shock:
    """An N-wave that waits for its muzzle blast: sample at the array's place and its σ, level, direction."""

    at: float
    sigma_s: float
    level_db: float
    direction: Bearing | None


class Pipeline:
    """One node's detection, classification and bearing; see the module.

    `position` metres east, north, up; `microphones` (channels, 3) m from it; `model` None: the node has no opinion of
    the class. `timebase` may be replaced as the clock becomes better known. `recorded` reads (channels, n) samples of
    the stream again, from one and so many: then an opinion is formed only when it is asked for. `ring` remembers the
    newest sound. Raises InputError for values that do not suit, and for a stream with holes that are not gaps.
    """

    def __init__(
        self,
        node: str,
        position: tuple[float, float, float],
        microphones: NDArray[np.float64],
        rate_hz: float,
        timebase: Timebase,
        model: Model | None,
        air: Air,
        settings: PipelineSettings | None = None,
        first_number: int = 1,
        recorded: Callable[[int, int], NDArray[np.float32]] | None = None,
    ) -> None:
        self.settings = settings or PipelineSettings()
        self.node, self.position, self.rate_hz = node, position, rate_hz
        self.timebase, self._model, self._air, self._speed_ms = timebase, model, air, air.speed_ms
        self._microphones, self._recorded, self._number = microphones, recorded, first_number
        channels = len(microphones)
        joint = replace(self.settings.detector, joint=channels > 1)
        self._detector = Detector(rate_hz, channels, joint)
        self.ring = Ring(channels, round(self.settings.ring_s * rate_hz))
        self._stride = round(max(self.settings.ring_s - KEPT_S, LEAST_STRIDE_S) * rate_hz)
        self._repeats = Repeats(rate_hz)
        self._span_s = 2.0 * radius_m(microphones) / self._speed_ms
        self._bearings = gives_bearing(microphones) and self._span_s <= MOST_SPAN_S
        self._bearing_after_s = max(BEARING_AFTER_S, BEARING_SPANS * self._span_s)
        self._after = math.ceil(max(AFTER_S, self._bearing_after_s) * rate_hz) + MARGIN
        self._waiting: deque[Impulse] = deque()
        self._shocks: deque[_Shock] = deque()

    def push(self, item: Block | Gap) -> list[Heard]:
        """Take what follows in the stream; return the arrivals that are complete by now, in order of onset."""
        if item.index != self.ring.end:
            raise InputError(f"sound from sample {item.index}; expected sample {self.ring.end}, or a gap before it")
        if isinstance(item, Gap):
            return self._skip(item.samples)
        heard: list[Heard] = []
        for first in range(0, item.samples.shape[1], self._stride):
            part = item.samples[:, first : first + self._stride]
            self.ring.append(part)
            self._waiting.extend(self._detector.push(part))
            heard += self._complete()
        return heard

    def flush(self) -> list[Heard]:
        """The stream has ended: return what was waiting for more sound."""
        self._waiting.extend(self._detector.flush())
        return self._complete(ended=True)

    def span_of(self, ask: Ask) -> tuple[int, int]:
        """The first sample, and how many, of the sound to look at again; none where that was before the stream."""
        at = self.timebase.sample_at(ask.time_ns)
        first = max(math.floor(at - (ask.half_s + AGAIN_BEFORE_S) * self.rate_hz), 0)
        return first, max(math.ceil(at + (ask.half_s + AGAIN_AFTER_S) * self.rate_hz) - first, 0)

    def look_back(self, ask: Ask) -> tuple[bool, Heard | None]:
        """Whether the ring holds the sound that was asked about, and what looking again finds in it."""
        first, count = self.span_of(ask)
        sound = self.ring.held(first, first + count) if count else None
        return (False, None) if sound is None else (True, self.look_again(ask, first, sound))

    def look_again(self, ask: Ask, first: int, sound: NDArray[np.float32]) -> Heard | None:
        """The first impulse in the window that was asked about and is worth believing; None where there is none.

        Worth believing is what the node's own thresholds pass, and what passes AGAIN and is clearer than all in the
        QUIET_S before, if those were heard: noise puts its clearest moment into a window of w seconds with the
        probability w / (w + QUIET_S), whatever its statistics. `sound`: (channels, n) from sample `first` on, as
        `span_of` says. The answer depends on it alone: not on what came before, nor in which blocks.
        """
        half_ns = round(ask.half_s * NS)
        faint = self._afresh(AGAIN, first, sound) if self._was_heard(ask, first, sound) else []
        since_ns = ask.time_ns - half_ns - round(QUIET_S * NS)
        before = [h.snr_db for h in faint if since_ns <= h.arrival.time_ns < ask.time_ns - half_ns]
        clear = [h for h in faint if h.snr_db > max(before, default=-math.inf)]
        own = self._afresh(self.settings.detector, first, sound)
        found = [h for h in clear + own if abs(h.arrival.time_ns - ask.time_ns) <= half_ns]
        if not found:
            return None
        best = min(found, key=lambda h: h.arrival.time_ns)
        number, self._number = self._number, self._number + 1
        sigma_s = math.hypot(best.arrival.sigma_s, FAINT_SIGMA_S if best.snr_db < FAINT_DB else 0.0)
        formed = dict(best.arrival.probabilities) if best.arrival.probabilities is not None else None
        arrival = replace(best.arrival, id=self._id(number), sigma_s=sigma_s, probabilities=formed, repeats=())
        return replace(best, number=number, arrival=replace(arrival, again=ask.shot))

    def _was_heard(self, ask: Ask, first: int, sound: NDArray[np.float32]) -> bool:
        """Whether nearly all of the QUIET_S before a window is sound, not padding or lost."""
        end = max(math.floor(self.timebase.sample_at(ask.time_ns) - ask.half_s * self.rate_hz) - first, 0)
        before = sound[:, max(end - round(QUIET_S * self.rate_hz), 0) : end]
        return int(np.count_nonzero(before.any(axis=0))) >= MOST_OF * QUIET_S * self.rate_hz

    def _afresh(self, detector: DetectorSettings, first: int, sound: NDArray[np.float32]) -> list[Heard]:
        """What this node would hear in (channels, n) from sample `first` on, were it started for it."""
        settings = replace(self.settings, detector=detector, ring_s=sound.shape[1] / self.rate_hz + KEPT_S)
        how = self.rate_hz, self.timebase, self._model, self._air, settings

        def recorded(at: int, count: int) -> NDArray[np.float32]:
            return padded(sound, at - first, count)

        afresh = Pipeline(self.node, self.position, self._microphones, *how, recorded=recorded)
        return afresh.push(Gap(0, first)) + afresh.push(Block(first, sound)) + afresh.flush()

    def _skip(self, samples: int) -> list[Heard]:
        if not 0 <= samples <= LONGEST_GAP:
            raise InputError(f"a gap of {samples} samples; expected 0 or more")
        self._waiting.extend(self._detector.gap(samples))
        heard = self._complete(ended=True)
        self.ring.skip(samples)
        self._repeats.reset()
        self._shocks.clear()
        return heard

    def _complete(self, ended: bool = False) -> list[Heard]:
        """First come, first served: an impulse waits for its own window and for those before it."""
        heard = []
        while self._waiting and (ended or self._waiting[0].onset_sample + self._after <= self.ring.end):
            heard.append(self._hear(self._waiting.popleft()))
        return heard

    def _hear(self, impulse: Impulse) -> Heard:
        number, onset = self._number, impulse.onset_sample
        self._number += 1
        wave = self._n_wave(impulse)
        probabilities = self._opinion(impulse, wave)
        heading = self._heading(onset)
        direction = heading.bearing if heading else None
        at, spread_s = self._at_place(impulse, heading)
        pick_s = self._pick_sigma_s(impulse.snr_db)
        if wave is not None:
            lead_s = None
            self._wait_for_blast(_Shock(at, pick_s, impulse.level_db, direction))
        else:
            lead_s = self._shock_lead_s(impulse, at, direction, probabilities)
        arrival = Arrival(
            id=self._id(number),
            node=self.node,
            x=self.position[0],
            y=self.position[1],
            z=self.position[2],
            time_ns=self.timebase.utc_ns(at),
            sigma_s=brief(math.hypot(pick_s, spread_s, self.timebase.sigma_s)),
            snr_db=brief(impulse.snr_db),
            azimuth_deg=brief(direction.azimuth_deg) if direction else None,
            azimuth_sigma_deg=brief(direction.azimuth_sigma_deg) if direction else None,
            elevation_deg=brief(direction.elevation_deg) if direction else None,
            elevation_sigma_deg=brief(direction.elevation_sigma_deg) if direction else None,
            shock_lead_s=lead_s,
            probabilities=probabilities,
            repeats=self._repetitions(number, onset),
        )
        levels = {"snr_db": brief(impulse.snr_db), "level_db": brief(impulse.level_db)}
        return Heard(number=number, arrival=arrival, onset_sample=onset, channel=impulse.channel, **levels)

    def _id(self, number: int) -> str:
        return f"{self.node}:{number}"

    def _n_wave(self, impulse: Impulse) -> NWave | None:
        before, after = (math.ceil(s * self.rate_hz) + MARGIN for s in needs_s())
        start = math.floor(impulse.onset_sample) - before
        sound = self.ring.read(start, before + after)[impulse.channel]
        return n_wave(sound, self.rate_hz, impulse.onset_sample - start)

    def _opinion(self, impulse: Impulse, wave: NWave | None) -> Mapping[str, float] | None:
        """The probabilities of the classes."""
        if self._model is None:
            return None
        before = math.ceil(BEFORE_S * self.rate_hz) + MARGIN
        start, count = math.floor(impulse.onset_sample) - before, before + self._after
        heard = min(count, self.ring.end - start)
        read = self.ring.read if self._recorded is None else self._recorded
        model, rate_hz = self._model, self.rate_hz

        def form() -> dict[str, float]:
            sound = padded(read(start, heard)[impulse.channel], 0, count)
            return opinion(model, sound, rate_hz, impulse.onset_sample - start, wave is not None)

        return form() if self._recorded is None else Deferred(form)

    def _heading(self, onset: float) -> _Heading | None:
        """The direction of a plane wave; where the front is none, that of a near source, if the array can tell it."""
        if not self._bearings:
            return None
        before, after = (round(s * self.rate_hz) for s in (BEARING_BEFORE_S, self._bearing_after_s))
        sound = self.ring.read(math.floor(onset) - before, before + after)
        direction = bearing(sound, self._microphones, self.rate_hz, self._speed_ms)
        if direction is not None:
            return _Heading(direction)
        return self._near(sound) if len(self._microphones) >= LEAST_MICROPHONES else None

    def _near(self, sound: NDArray[np.float32]) -> _Heading | None:
        times = arrival_times(sound, self.rate_hz, 1.05 * self._span_s, whitening=WHITENING)
        found = source(times.seconds, times.sigma_s, self._microphones, self._speed_ms, SPEED_SIGMA_MS)
        if not math.isfinite(found.high_m):
            return None
        azimuth, elevation = math.radians(float(found.azimuth_deg)), math.radians(float(found.elevation_deg))
        level, up = math.cos(elevation), math.sin(elevation)
        towards = np.array([level * math.sin(azimuth), level * math.cos(azimuth), up])
        place = self._microphones.mean(axis=0) + float(found.range_m) * towards
        sigmas = np.degrees(np.sqrt(np.diagonal(found.covariance))).tolist()
        return _Heading(
            Bearing(
                math.degrees(math.atan2(place[0], place[1])) % 360.0,
                sigmas[0],
                math.degrees(math.atan2(place[2], math.hypot(place[0], place[1]))),
                sigmas[1],
            ),
            place,
        )

    def _at_place(self, impulse: Impulse, heading: _Heading | None) -> tuple[float, float]:
        """The onset at the array's place as a fractional sample, and the σ in seconds that moving it there costs."""
        offset = self._microphones[impulse.channel]
        if heading is None:
            return impulse.onset_sample, radius_m(self._microphones) / self._speed_ms
        direction = heading.bearing
        if heading.near is None:
            lag = lag_s(offset, direction.azimuth_deg, direction.elevation_deg, self._speed_ms)
        else:
            lag = (math.dist(heading.near, (0.0, 0.0, 0.0)) - math.dist(heading.near, offset)) / self._speed_ms
        turn = math.radians(direction.azimuth_sigma_deg)
        return impulse.onset_sample + lag * self.rate_hz, math.dist(offset, (0.0, 0.0, 0.0)) * turn / self._speed_ms

    def _pick_sigma_s(self, snr_db: float) -> float:
        s = self.settings
        sigma_s: float = s.pick_sigma_s * 10.0 ** ((20.0 - snr_db) / 40.0)
        return min(max(sigma_s, s.pick_least_s), s.pick_most_s)

    def _repetitions(self, number: int, onset: float) -> tuple[Repetition, ...]:
        """The earlier arrivals that this one looks like; always in the first microphone, whichever heard it first."""
        sound = self.ring.read(self._repeats.start_of(onset), self._repeats.samples)[0]
        return tuple(
            Repetition(arrival=self._id(r.earlier), interval_s=r.interval_s, coherence=brief(r.coherence))
            for r in self._repeats.add(number, onset, sound)
        )

    def _wait_for_blast(self, shock: _Shock) -> None:
        """Keep a shock wave, unless it is the echo of one that waits."""
        self._forget_shocks(shock.at)
        since = shock.at - SHOCK_ECHO_S * self.rate_hz
        if not any(k.at > since or k.level_db >= shock.level_db + SHOCK_ECHO_DB for k in self._shocks):
            self._shocks.append(shock)

    def _forget_shocks(self, now: float) -> None:
        while self._shocks and now - self._shocks[0].at > SHOCK_LEAD_S * self.rate_hz:
            self._shocks.popleft()

    def _shock_lead_s(
        self,
        impulse: Impulse,
        at: float,
        direction: Bearing | None,
        probabilities: Mapping[str, float] | None,
    ) -> float | None:
        """How long before this impulse its bullet's shock wave came; None where that is not certain.

        The impulse must sound like a shot and be the first blast since; one shock wave only may wait for it; and where
        the array has directions, they must be those of a bullet's path and its muzzle.
        """
        self._forget_shocks(at)
        if not self._shocks:
            return None
        if not probabilities or max(probabilities, key=lambda k: probabilities[k]) != GUNSHOT:
            return None
        only, shock = len(self._shocks) == 1, self._shocks.popleft()
        lead_s = (at - shock.at) / self.rate_hz
        if not only or lead_s <= 0.0:
            return None
        start = math.floor(shock.at)
        end = math.ceil(impulse.onset_sample + needs_s()[1] * self.rate_hz)
        sound = self.ring.read(start, end - start)[impulse.channel]
        if not first_blast(sound, self.rate_hz, impulse.onset_sample - start):
            return None
        if not self._bearings:
            return lead_s
        if direction is None or shock.direction is None:
            return None
        sigma_s = math.hypot(self._pick_sigma_s(impulse.snr_db), shock.sigma_s)
        found = shooter(lead_s, sigma_s, self._speed_ms, astuple(direction), astuple(shock.direction))
        return None if found.contrary else lead_s
