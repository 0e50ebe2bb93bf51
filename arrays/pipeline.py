"""From sound to arrivals: one node's whole work on its stream, the same live and in replay.

    pipeline = Pipeline("roof-1", (0.0, 0.0, 12.0), microphones, 48_000.0, timebase, model, air)
    for item in source.blocks():
        for heard in pipeline.push(item): ...

The time of an array's arrival is that at the array's place: the onset in the microphone that heard it first, moved by
the plane wave from the array's own bearing; without a bearing the onset stays, and σ holds the array's size.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.bursts import Repeats
from acoustic.classify import LABELS, Model
from acoustic.errors import InputError
from acoustic.features import AFTER_S, BEFORE_S, window
from acoustic.impulses import Detector, DetectorSettings, Impulse
from arrays.capture import Block, Gap
from arrays.geometry import gives_bearing, lag_s, radius_m
from arrays.ring import Ring
from arrays.timebase import Timebase
from localisation.arrivals import Arrival, Repetition
from localisation.bearing import Bearing, bearing

STRIDE_S = 1.0  # of sound taken at once, so that a long block cannot outrun the ring
BEARING_BEFORE_S, BEARING_AFTER_S = 0.005, 0.016
SHOCK_LEAD_S = 1.0  # at most, between a bullet's shock wave and its muzzle blast
MARGIN = 2  # samples around a window, for its rounding
LONGEST_GAP = 2**40


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
    """An arrival, its number within the node, and what only the node's report needs."""

    number: int
    arrival: Arrival
    snr_db: float
    level_db: float
    elevation_deg: float | None


class Pipeline:
    """One node's detection, classification and bearing; see the module.

    `position` metres east, north, up; `microphones` (channels, 3) m from it; `model` None: the node has no opinion of
    the class. `timebase` may be replaced as the clock becomes better known. Raises InputError for values that do not
    suit, and for a stream with holes that are not gaps.
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
    ) -> None:
        self.settings = settings or PipelineSettings()
        self.node, self.position, self.rate_hz = node, position, rate_hz
        self.timebase, self._model, self._speed_ms = timebase, model, air.speed_ms
        self._microphones = microphones
        self._bearings = gives_bearing(microphones)
        self._number = first_number
        channels = len(microphones)
        joint = replace(self.settings.detector, joint=channels > 1)
        self._detector = Detector(rate_hz, channels, joint)
        self._ring = Ring(channels, round(self.settings.ring_s * rate_hz))
        self._repeats = Repeats(rate_hz)
        self._after = math.ceil(AFTER_S * rate_hz) + MARGIN
        self._waiting: deque[Impulse] = deque()
        self._shock: float | None = None

    def push(self, item: Block | Gap) -> list[Heard]:
        """Take what follows in the stream; return the arrivals that are complete by now, in order of onset."""
        if item.index != self._ring.end:
            raise InputError(f"sound from sample {item.index}; expected sample {self._ring.end}, or a gap before it")
        if isinstance(item, Gap):
            return self._skip(item.samples)
        heard: list[Heard] = []
        stride = round(STRIDE_S * self.rate_hz)
        for first in range(0, item.samples.shape[1], stride):
            part = item.samples[:, first : first + stride]
            self._ring.append(part)
            self._waiting.extend(self._detector.push(part))
            heard += self._complete()
        return heard

    def flush(self) -> list[Heard]:
        """The stream has ended: return what was waiting for more sound."""
        self._waiting.extend(self._detector.flush())
        return self._complete(ended=True)

    def _skip(self, samples: int) -> list[Heard]:
        if not 0 <= samples <= LONGEST_GAP:
            raise InputError(f"a gap of {samples} samples; expected 0 or more")
        self._waiting.extend(self._detector.gap(samples))
        heard = self._complete(ended=True)
        self._ring.skip(samples)
        self._repeats.reset()
        self._shock = None
        return heard

    def _complete(self, ended: bool = False) -> list[Heard]:
        """First come, first served: an impulse waits for its own window and for those before it."""
        heard = []
        while self._waiting and (ended or self._waiting[0].onset_sample + self._after <= self._ring.end):
            heard.append(self._hear(self._waiting.popleft()))
        return heard

    def _hear(self, impulse: Impulse) -> Heard:
        number, onset = self._number, impulse.onset_sample
        self._number += 1
        probabilities = self._opinion(impulse)
        direction = self._bearing(onset)
        at, spread_s = self._at_place(impulse, direction)
        arrival = Arrival(
            id=self._id(number),
            node=self.node,
            x=self.position[0],
            y=self.position[1],
            z=self.position[2],
            time_ns=self.timebase.utc_ns(at),
            sigma_s=math.hypot(self._pick_sigma_s(impulse.snr_db), spread_s, self.timebase.sigma_s),
            snr_db=impulse.snr_db,
            azimuth_deg=direction.azimuth_deg if direction else None,
            azimuth_sigma_deg=direction.azimuth_sigma_deg if direction else None,
            shock_lead_s=self._shock_lead_s(at, probabilities),
            probabilities=probabilities,
            repeats=self._repetitions(number, onset),
        )
        elevation = direction.elevation_deg if direction else None
        return Heard(
            number=number, arrival=arrival, snr_db=impulse.snr_db, level_db=impulse.level_db, elevation_deg=elevation
        )

    def _id(self, number: int) -> str:
        return f"{self.node}:{number}"

    def _opinion(self, impulse: Impulse) -> Mapping[str, float] | None:
        if self._model is None:
            return None
        before = math.ceil(BEFORE_S * self.rate_hz) + MARGIN
        start = math.floor(impulse.onset_sample) - before
        sound = self._ring.read(start, before + self._after)[impulse.channel]
        row = self._model.probabilities(window(sound, self.rate_hz, impulse.onset_sample - start)[None, :])[0]
        return dict(zip(LABELS, (float(p) for p in row), strict=True))

    def _bearing(self, onset: float) -> Bearing | None:
        if not self._bearings:
            return None
        before, after = (round(s * self.rate_hz) for s in (BEARING_BEFORE_S, BEARING_AFTER_S))
        sound = self._ring.read(math.floor(onset) - before, before + after)
        return bearing(sound, self._microphones, self.rate_hz, self._speed_ms)

    def _at_place(self, impulse: Impulse, direction: Bearing | None) -> tuple[float, float]:
        """The onset at the array's place as a fractional sample, and the σ in seconds that moving it there costs."""
        offset = self._microphones[impulse.channel]
        if direction is None:
            return impulse.onset_sample, radius_m(self._microphones) / self._speed_ms
        lag = lag_s(offset, direction.azimuth_deg, direction.elevation_deg, self._speed_ms)
        turn = math.radians(direction.azimuth_sigma_deg)
        return impulse.onset_sample + lag * self.rate_hz, math.dist(offset, (0.0, 0.0, 0.0)) * turn / self._speed_ms

    def _pick_sigma_s(self, snr_db: float) -> float:
        s = self.settings
        sigma_s: float = s.pick_sigma_s * 10.0 ** ((20.0 - snr_db) / 40.0)
        return min(max(sigma_s, s.pick_least_s), s.pick_most_s)

    def _repetitions(self, number: int, onset: float) -> tuple[Repetition, ...]:
        """The earlier arrivals that this one looks like; always in the first microphone, whichever heard it first."""
        sound = self._ring.read(self._repeats.start_of(onset), self._repeats.samples)[0]
        return tuple(
            Repetition(arrival=self._id(r.earlier), interval_s=r.interval_s, coherence=r.coherence)
            for r in self._repeats.add(number, onset, sound)
        )

    def _shock_lead_s(self, at: float, probabilities: Mapping[str, float] | None) -> float | None:
        """How long before this muzzle blast the last shock wave came, if one did."""
        if not probabilities:
            return None
        label = max(probabilities, key=lambda k: probabilities[k])
        if label == "shock_wave":
            self._shock = at
            return None
        if label != "gunshot" or self._shock is None:
            return None
        lead_s, self._shock = (at - self._shock) / self.rate_hz, None
        return lead_s if 0.0 < lead_s <= SHOCK_LEAD_S else None
