"""Simulated impulses for training: blasts and their rivals through the air and the echoes of a city, seeded."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from acoustic import blast
from acoustic.air import Air
from recordings.city import Bang, Ear, heard

Array = NDArray[np.float64]
RATE_HZ = 48_000.0
SECONDS = 1.2
KINDS = ("gunshot", "burst", "shock_wave", "firecracker", "string", "shell", "slam", "ring")
LABEL_OF = {
    "gunshot": "gunshot",
    "burst": "gunshot",
    "shock_wave": "shock_wave",
    "firecracker": "firework",
    "string": "firework",
    "shell": "firework",
    "slam": "other",
    "ring": "other",
}


def impulse(kind: str, seed: int) -> Array:
    """One second and a bit of a simulated sound at a microphone, 48 kHz, noise included, in pascals: (n,)."""
    draw = np.random.default_rng([seed, KINDS.index(kind)])
    sound = _noise(draw)
    if kind == "ring":
        return sound + _ring(draw) * 10 ** (draw.uniform(15, 45) / 20)
    if kind == "shock_wave":
        return sound + _crack(draw) * 10 ** (draw.uniform(15, 45) / 20)
    air = Air(temperature_c=draw.uniform(-5, 30), humidity_pct=draw.uniform(30, 90))
    distance_m, angle = math.exp(draw.uniform(math.log(4), math.log(600))), draw.uniform(0, 2 * math.pi)
    height_m = draw.uniform(40, 220) if kind == "shell" else draw.uniform(0.5, 3)
    place = (distance_m * math.sin(angle), distance_m * math.cos(angle), height_m)
    ear = Ear(int(draw.integers(1 << 30)), np.array([[0.0, 0.0, draw.uniform(4, 25)]]), RATE_HZ)
    start_s = 0.2
    away_s = math.dist(place, (0, 0, 10)) / air.speed_ms
    peak = 1.4 * 10 ** (draw.uniform(15, 60) / 20)
    bangs = _bangs(kind, place, start_s - away_s, draw)
    first_pa = bangs[0].peak_pa
    for bang in bangs:
        wave = heard(bang, ear, air, seed)
        low = max(wave.first, 0)
        high = min(wave.first + wave.pressure.shape[1], len(sound))
        if high > low:
            # its peak stands 15 to 60 dB above the noise whatever it is: level says nothing of the class
            wanted = peak * bang.peak_pa / first_pa / float(np.abs(wave.pressure).max())
            sound[low:high] += wave.pressure[0, low - wave.first : high - wave.first] * wanted
    return sound


def _bangs(kind: str, place: tuple[float, float, float], time_s: float, draw: np.random.Generator) -> list[Bang]:
    fire = draw.normal(size=3) * (1, 1, 0.05)
    fire /= np.linalg.norm(fire)
    if kind in ("gunshot", "burst"):
        weapon = blast.WEAPONS[draw.integers(len(blast.WEAPONS))]
        times = [0.0] if kind == "gunshot" else np.cumsum(np.full(6, draw.uniform(0.06, 0.25))) - 0.06
        positive_s = weapon.positive_s * draw.uniform(0.7, 1.4)
        line = (float(fire[0]), float(fire[1]), float(fire[2]))
        make = _maker("gunshot", place, weapon.peak_pa, positive_s, 1.0, line)
    elif kind == "shell":
        times = [0.0, *draw.uniform(0.05, 0.8, draw.integers(0, 25))]
        make = _maker("firecracker", place, 1500.0, draw.uniform(1.5e-3, 4e-3), 1.0)
    else:
        gaps = draw.uniform(0.015, 0.12, 12 if kind == "string" else 0)
        times = [0.0, *np.cumsum(gaps)]
        make = _maker("slam" if kind == "slam" else "firecracker", place, 600.0, draw.uniform(1e-4, 4e-4), 1.3)
    return [make(time_s + float(t), number) for number, t in enumerate(times)]


def _maker(
    kind: str,
    place: tuple[float, float, float],
    peak_pa: float,
    positive_s: float,
    decay: float,
    fire: tuple[float, float, float] = (1.0, 0.0, 0.0),
) -> Callable[[float, int], Bang]:
    def make(time_s: float, number: int) -> Bang:
        # rounds of one place share its echoes: they are one incident
        return Bang(
            kind=kind,
            incident=1,
            time_s=time_s,
            position=place,
            peak_pa=peak_pa if number == 0 else peak_pa * 0.8,
            positive_s=positive_s,
            decay=decay,
            fire=fire,
        )

    return make


def _noise(draw: np.random.Generator) -> Array:
    """Coloured noise, between white and brown, of unit variance."""
    count = round(SECONDS * RATE_HZ)
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    shape = 1 / np.maximum(hz, 30) ** draw.uniform(0.2, 1.2)
    sound = np.fft.irfft(shape * np.exp(2j * math.pi * draw.random(len(hz))), count)
    return np.asarray(sound / sound.std())


def _ring(draw: np.random.Generator) -> Array:
    """A struck thing: a few damped modes, sometimes struck again."""
    time = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    out = np.zeros_like(time)
    count = draw.integers(1, 9)
    modes = [(draw.uniform(150, 5000), draw.uniform(0.004, 0.25), draw.uniform(0.2, 1)) for _ in range(count)]
    for at in [0.2, *draw.uniform(0.25, 1.0, draw.integers(0, 3))]:
        late = np.maximum(time - at, 0)
        attack = np.minimum(late / draw.uniform(2e-4, 8e-3), 1)
        struck = sum(w * np.sin(2 * math.pi * hz * late) * np.exp(-late / decay) for hz, decay, w in modes)
        out += attack * struck * draw.uniform(0.4, 1)
    return np.asarray(out / np.abs(out).max())


def _crack(draw: np.random.Generator) -> Array:
    """A shock wave alone, with a few weak echoes."""
    time = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    long_s = draw.uniform(1.2e-4, 6e-4)
    out = blast.n_wave(time - 0.2, 1.0, long_s)
    for at, gain in zip(draw.uniform(0.203, 0.35, 4), draw.uniform(-0.3, 0.3, 4), strict=True):
        out = out + gain * blast.n_wave(time - at, 1.0, long_s * 1.3)
    return np.asarray(out)
