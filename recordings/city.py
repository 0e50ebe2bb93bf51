"""A synthetic city as microphones hear it: paths with echoes and obstacles, bullets passing by, noise of the streets.

Pressures in pascals; times in seconds of the scene; metres east, north, up. Everything is drawn from seeds that name
what is drawn, so that any part can be made alone and is always the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast
from acoustic.air import Air
from acoustic.propagation import (
    LEAD_S,
    aged,
    delayed,
    effective_speed_ms,
    frequencies_hz,
    loss_per_metre,
    minimum_phase,
    spectrum,
)

Floats = NDArray[np.float64]
Waveform = Callable[[Floats], Floats]

WALLS = 3  # in sight of each source, and of each node
REFLECTORS = 9  # farther off, seen from each node
SIGHT_M = 350.0  # over which roofs leave 1/e of the lines of sight free
DETOUR_M, LONGEST_DETOUR_M = 0.25, 1.2  # mean and limit over the obstacles in the others
TURBULENCE_S = 0.15e-3  # spread of travel times over 300 m of moving air
TRAFFICS = 6  # directions that the noise of traffic comes from
CARS_EVERY_S = 60.0  # the same four cars come by again


@dataclass(frozen=True, slots=True, kw_only=True)
class Bang:
    """One impulsive sound: when and where, its pressure at 1 m as blast wave or as slam, a bullet where there is one.

    `kind`: gunshot, firecracker or slam. `incident` numbers what belongs together: a burst, a string. `fire`: unit
    vector of the line of fire; the bullet stops after `flight_m`.
    """

    kind: str
    incident: int
    time_s: float
    position: tuple[float, float, float]
    peak_pa: float
    positive_s: float = 0.0
    decay: float = 1.0
    weapon: blast.Weapon | None = None
    fire: tuple[float, float, float] = (1.0, 0.0, 0.0)
    flight_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Ear:
    """An array: its number, (mics, 3) microphone places, sample rate, how far its stream time is ahead."""

    number: int
    microphones: Floats
    rate_hz: float
    shift_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Wave:
    """Pressure at the microphones from sample `first` of the stream on: (mics, n) float32."""

    first: int
    pressure: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Path:
    """What all sound of an incident shares on its way to an array: obstacle, air per metre, lateness, detour."""

    obstacle: NDArray[np.complex128]
    loss_per_metre: NDArray[np.complex128]
    late_s: float
    detour_m: float


def random(seed: int, *what: int) -> np.random.Generator:
    """The generator of one thing in a scene, named by numbers."""
    return np.random.default_rng([seed, *what])


def heard(bang: Bang, ear: Ear, air: Air, seed: int) -> Wave:
    """A bang at an array: direct sound, ground and walls and late reflectors as image sources, shock wave."""
    rate_hz = ear.rate_hz
    samples = 32_768 if bang.kind == "slam" else 2048
    hz = frequencies_hz(samples, rate_hz)
    images, gains = _images(bang, ear, seed)
    draw = random(seed, 3, bang.incident, ear.number)
    distance_m = float(np.linalg.norm(images[0] - ear.microphones.mean(axis=0)))
    in_sight = draw.random() < math.exp(-distance_m / SIGHT_M)
    detour_m = 0.0 if in_sight else min(float(draw.exponential(DETOUR_M)), LONGEST_DETOUR_M)
    late_s = ear.shift_s + float(draw.normal(0.0, TURBULENCE_S * math.sqrt(distance_m / 300.0)))
    path = _Path(np.exp(minimum_phase(shadow(hz, detour_m, air.speed_ms))), loss_per_metre(hz, air), late_s, detour_m)
    source = spectrum(_at_distance(bang, distance_m, air), samples, rate_hz) * path.obstacle
    parts = []
    for image, gain in zip(images, gains, strict=True):
        ways = ear.microphones - image
        length_m = np.linalg.norm(ways, axis=1)
        time_s = bang.time_s + late_s + (length_m + detour_m) / effective_speed_ms(air, ways.mean(axis=0))
        bins = source * np.exp(float(length_m.mean()) * path.loss_per_metre) * (gain / float(length_m.mean()))
        parts.append(_placed(bins, time_s, samples, rate_hz))
    if bang.weapon is not None:
        parts += _passing(bang, bang.weapon.bullet, ear, air, path)
    return _together(parts)


def shadow(hz: Floats, detour_m: float, speed_ms: float) -> Floats:
    """Pressure that a thin screen leaves of each frequency, 1 where there is none.

    Insertion loss 10 lg(3 + 20 N) dB, at most 24, with the Fresnel number N = 2 × detour ÷ wavelength (Kurze & Anderson
    after Maekawa).
    """
    if detour_m <= 0.0:
        return np.ones_like(hz)
    loss_db = np.minimum(10.0 * np.log10(3.0 + 40.0 * detour_m * hz / speed_ms), 24.0)
    return np.asarray(10.0 ** (-loss_db / 20.0))


def _at_distance(bang: Bang, distance_m: float, air: Air) -> Waveform:
    if bang.kind == "slam":
        return lambda t: blast.slam(t, bang.peak_pa)
    peak_pa, positive_s = aged(bang.peak_pa, bang.positive_s, 1.0, max(distance_m, 1.0), air.speed_ms)
    return lambda t: blast.friedlander(t, peak_pa * max(distance_m, 1.0), positive_s, bang.decay)


def _images(bang: Bang, ear: Ear, seed: int) -> tuple[Floats, Floats]:
    """Image sources, (n, 3), the source itself first, and their gains, (n,)."""
    source, centre = np.array(bang.position), ear.microphones.mean(axis=0)
    way = centre - source
    towards = 1.0
    if bang.weapon is not None:
        towards = float(blast.muzzle_gain(math.acos(np.clip(way @ bang.fire / np.linalg.norm(way), -1.0, 1.0))))
    images, gains = [source, source * (1.0, 1.0, -1.0)], [towards, 0.7 * towards]
    for draw, stands in ((random(seed, 2, bang.incident), source), (random(seed, 4, ear.number), centre)):
        for _ in range(WALLS):
            angle, away_m, gain = draw.uniform(0, 2 * math.pi), draw.uniform(6, 45), draw.uniform(0.25, 0.6)
            normal = np.array([math.cos(angle), math.sin(angle), 0.0])
            beyond_m = away_m - normal @ (source - stands)
            if beyond_m > 0 and away_m - normal @ (centre - stands) > 0:
                images.append(source + 2 * beyond_m * normal)
                gains.append(gain)
    draw = random(seed, 5, bang.incident, ear.number)
    for _ in range(REFLECTORS):
        later_s, angle, rise = draw.uniform(0.02, 0.3), draw.uniform(0, 2 * math.pi), draw.uniform(0.0, 0.3)
        far_m = float(np.linalg.norm(way)) + 340.0 * later_s
        images.append(centre + far_m * np.array([math.cos(angle), math.sin(angle), rise]) / math.hypot(1.0, rise))
        gains.append(draw.uniform(0.05, 0.35) * math.exp(-later_s / 0.25))
    return np.array(images), np.array(gains)


def _passing(bang: Bang, bullet: blast.Bullet, ear: Ear, air: Air, path: _Path) -> list[tuple[int, Floats]]:
    """The shock wave and its reflection from the ground, where the bullet's Mach cone reaches the array.

    The ray that reaches a microphone leaves the path where cos θ = 1/M (Maher 2006), which must lie between the muzzle
    and the bullet's end.
    """
    speed_ms = air.speed_ms
    mach = bullet.speed_ms / speed_ms
    if mach <= 1.05:
        return []
    samples = 2 * (len(path.obstacle) - 1)
    parts = []
    for mirror, gain in ((1.0, 1.0), (-1.0, 0.7)):
        ways = ear.microphones * (1.0, 1.0, mirror) - np.array(bang.position)
        along_m = ways @ np.array(bang.fire)
        miss_m = np.sqrt(np.maximum(np.sum(ways**2, axis=1) - along_m**2, 0.0))
        leaves_m = along_m - miss_m / math.sqrt(mach**2 - 1.0)
        if leaves_m.min() <= 0.0 or leaves_m.max() >= bang.flight_m or miss_m.min() < 1.0:
            continue
        rays = ways - leaves_m[:, None] * np.array(bang.fire)
        ray_m = np.linalg.norm(rays, axis=1)
        sound_ms = effective_speed_ms(air, rays.mean(axis=0) * (1.0, 1.0, mirror))
        time_s = bang.time_s + path.late_s + leaves_m / bullet.speed_ms + (ray_m + path.detour_m) / sound_ms
        wave = _crack(bullet, float(miss_m.mean()), gain, speed_ms)
        kept = path.obstacle * np.exp(float(ray_m.mean()) * path.loss_per_metre)
        bins = spectrum(wave, samples, ear.rate_hz) * kept
        parts.append(_placed(bins, time_s, samples, ear.rate_hz))
    return parts


def _crack(bullet: blast.Bullet, miss_m: float, gain: float, speed_ms: float) -> Waveform:
    peak_pa = gain * float(blast.shock_peak_pa(bullet, miss_m, speed_ms))
    duration_s = float(blast.shock_duration_s(bullet, miss_m, speed_ms))
    return lambda t: blast.n_wave(t, peak_pa, duration_s)


def _placed(bins: NDArray[np.complex128], time_s: Floats, samples: int, rate_hz: float) -> tuple[int, Floats]:
    """A spectrum as samples at each microphone: index of the first sample, (mics, samples)."""
    first = math.floor((float(time_s.min()) - LEAD_S) * rate_hz)
    within_s = time_s - first / rate_hz
    return first, np.asarray(fft.irfft(delayed(bins, within_s, samples, rate_hz), samples))


def _together(parts: list[tuple[int, Floats]]) -> Wave:
    first = min(at for at, _ in parts)
    last = max(at + part.shape[1] for at, part in parts)
    total = np.zeros((parts[0][1].shape[0], last - first))
    for at, part in parts:
        total[:, at - first : at - first + part.shape[1]] += part
    return Wave(first, total.astype(np.float32))


class Noise:
    """The street and the wind at one array, sample by sample the same however it is asked for.

    Traffic: pink, duller above 1 kHz, from some directions as plane waves, with cars passing; wind: rumble that differs
    from microphone to microphone; and the microphones' own hiss. Made in overlapping frames, each from its own seed.
    """

    HOP = 16_384

    def __init__(self, ear: Ear, air: Air, seed: int) -> None:
        self._seed, self._ear = seed, ear
        draw = random(seed, 6, ear.number)
        self._window = np.sin(math.pi * (np.arange(2 * self.HOP) + 0.5) / (2 * self.HOP)).astype(np.float32)
        hz = np.maximum(frequencies_hz(2 * self.HOP, ear.rate_hz), 1.0)
        traffic = hz**-0.5 / (1.0 + (25.0 / hz) ** 4) / np.sqrt(1.0 + (hz / 1000.0) ** 2)
        rumble = hz**-0.83 / (1.0 + (8.0 / hz) ** 4) / (1.0 + (hz / 150.0) ** 2)
        gust_ms = math.hypot(air.wind_east_ms or 0.0, air.wind_north_ms or 0.0)
        traffic_db = 60.0 + float(draw.uniform(-3.0, 4.0))
        wind_db = 50.0 + 20.0 * math.log10(max(gust_ms, 1.0)) + float(draw.uniform(-3.0, 3.0))
        weights = draw.dirichlet(np.full(TRAFFICS, 2.0))
        angles = draw.uniform(0.0, 2.0 * math.pi, TRAFFICS)
        towards = np.stack([np.cos(angles), np.sin(angles), np.full(TRAFFICS, -0.15)], axis=1)
        offsets = ear.microphones - ear.microphones.mean(axis=0)
        delays_s = -offsets @ towards.T / air.speed_ms
        loud = _scaled(traffic, traffic_db)[None, None, :] * np.sqrt(weights)[None, :, None]
        self._mix = (loud * np.exp(-2j * math.pi * delays_s[:, :, None] * hz)).astype(np.complex64)
        self._own = np.hypot(_scaled(rumble, wind_db), _scaled(np.ones_like(hz), 28.0)).astype(np.float32)
        self._cars = [
            (draw.uniform(0, CARS_EVERY_S), draw.uniform(1, 2.5), int(draw.integers(TRAFFICS))) for _ in range(4)
        ]
        self._sum: tuple[int, NDArray[np.float32]] = (-1, np.zeros((0, 0), np.float32))
        self._tail: tuple[int, NDArray[np.float32]] = (-1, np.zeros((0, 0), np.float32))

    def block(self, first: int, count: int) -> NDArray[np.float32]:
        """Samples `first` (0 or later) … `first + count` of the stream, (mics, count) float32 Pa."""
        out = np.empty((len(self._ear.microphones), count), np.float32)
        done = 0
        while done < count:
            hop, at = divmod(first + done, self.HOP)
            take = min(count - done, self.HOP - at)
            out[:, done : done + take] = self._hop(hop)[:, at : at + take]
            done += take
        return out

    def _hop(self, hop: int) -> NDArray[np.float32]:
        """One hop: the later half of frame `hop` on the earlier half of the next; the last one made is kept."""
        if self._sum[0] != hop:
            before = self._tail[1] if self._tail[0] == hop else self._frame(hop)[:, self.HOP :]
            after = self._frame(hop + 1)
            self._sum, self._tail = (hop, before + after[:, : self.HOP]), (hop + 1, after[:, self.HOP :])
        return self._sum[1]

    def _frame(self, frame: int) -> NDArray[np.float32]:
        """Noise over two hops, faded in and out so that the power of the sum stays even."""
        mics, bins = self._mix.shape[0], self._mix.shape[2]
        draw = random(self._seed, 7, self._ear.number, frame)
        normal = draw.standard_normal((TRAFFICS + mics, bins, 2), dtype=np.float32).view(np.complex64)[:, :, 0]
        now_s = frame * self.HOP / self._ear.rate_hz % CARS_EVERY_S
        for at_s, width_s, direction in self._cars:
            normal[direction] *= np.float32(1.0 + 2.5 * math.exp(-0.5 * ((now_s - at_s) / width_s) ** 2))
        mixed = self._own * normal[TRAFFICS:]
        for source in range(TRAFFICS):
            mixed += self._mix[:, source] * normal[source]
        noise = fft.irfft(mixed, 2 * self.HOP) * np.float32(math.sqrt(self.HOP))
        return np.asarray(noise * self._window)


def _scaled(shape: Floats, level_db: float) -> Floats:
    """A spectrum's shape as amplitude of unit-variance bins, so that the noise has a level re 20 µPa."""
    return np.asarray(shape * blast.pascals(level_db) / math.sqrt(float(np.mean(shape**2))))
