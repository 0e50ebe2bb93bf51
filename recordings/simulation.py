"""Simulated impulses for training: blasts and their rivals through the air and the echoes of a city, seeded."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from acoustic import blast
from acoustic.air import Air
from recordings.city import Bang, Ear, heard

Array = NDArray[np.float64]
RATE_HZ = 48_000.0
SECONDS, FIRST_S = 1.2, 0.2  # length; when the first bang is heard
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
    away_s = math.dist(place, (0, 0, 10)) / air.speed_ms
    peak = 1.4 * 10 ** (draw.uniform(15, 60) / 20)
    bangs = _bangs(kind, place, FIRST_S - away_s, draw)
    scale = math.nan
    for bang in bangs:
        wave = heard(bang, ear, air, seed)
        # the first peak stands 15 to 60 dB above the noise whatever it is: level says nothing of the class
        scale = peak / float(np.abs(wave.pressure).max()) if math.isnan(scale) else scale
        low = max(wave.first, 0)
        high = min(wave.first + wave.pressure.shape[1], len(sound))
        if high > low:
            sound[low:high] += wave.pressure[0, low - wave.first : high - wave.first] * scale
    return sound


def _bangs(kind: str, place: tuple[float, float, float], time_s: float, draw: np.random.Generator) -> list[Bang]:
    """What goes off at a place: a gun's rounds are alike and even within a few per cent, crackers neither."""
    if kind in ("gunshot", "burst"):
        weapon = blast.WEAPONS[draw.integers(len(blast.WEAPONS))]
        rounds = int(draw.integers(3, 13)) if kind == "burst" else 1
        gap_s = math.exp(draw.uniform(math.log(0.05), math.log(0.35)))
        times = np.cumsum(gap_s * (1.0 + draw.normal(0.0, draw.uniform(0.0, 0.04), rounds)))
        levels_db = draw.normal(0.0, 0.7, rounds)
        lengths_s = np.full(rounds, weapon.positive_s * draw.uniform(0.7, 1.4))
        strongest_pa, decay = weapon.peak_pa, 1.0
    elif kind == "shell":
        crackle = int(draw.integers(0, 25))
        times = np.concatenate([[0.0], draw.uniform(0.05, 0.8, crackle)])
        levels_db = np.concatenate([[0.0], draw.uniform(-25.0, -2.0, crackle)])
        lengths_s = np.concatenate([[draw.uniform(1.5e-3, 4e-3)], draw.uniform(1e-4, 4e-4, crackle)])
        strongest_pa, decay = 1500.0, 1.0
    else:
        count = int(draw.integers(5, 30)) if kind == "string" else 1
        times = blast.string_times_s(count, draw.uniform(0.01, 0.04), draw.uniform(0.08, 0.2), draw)
        levels_db, lengths_s = draw.normal(0.0, 2.0, count), draw.uniform(1e-4, 4e-4) * draw.uniform(0.7, 1.4, count)
        strongest_pa, decay = 600.0, 1.3
    return [
        Bang(
            kind="slam" if kind == "slam" else "firecracker",
            incident=1,  # what goes off at one place shares its echoes
            time_s=time_s + at,
            position=place,
            peak_pa=strongest_pa * 10.0 ** (level_db / 20.0),
            positive_s=length_s,
            decay=decay,
        )
        for at, level_db, length_s in zip(
            (times - times[0]).tolist(), levels_db.tolist(), lengths_s.tolist(), strict=True
        )
        if at < SECONDS - FIRST_S
    ]


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
    for at in [FIRST_S, *draw.uniform(0.25, 1.0, draw.integers(0, 3))]:
        late = np.maximum(time - at, 0)
        attack = np.minimum(late / draw.uniform(2e-4, 8e-3), 1)
        struck = sum(w * np.sin(2 * math.pi * hz * late) * np.exp(-late / decay) for hz, decay, w in modes)
        out += attack * struck * draw.uniform(0.4, 1)
    return np.asarray(out / np.abs(out).max())


def _crack(draw: np.random.Generator) -> Array:
    """A shock wave with a few weak echoes; behind every second one the muzzle blast that follows it."""
    time = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ - FIRST_S
    long_s = draw.uniform(1.2e-4, 6e-4)
    out = blast.n_wave(time, 1.0, long_s)
    for at, gain in zip(draw.uniform(0.003, 0.15, 4), draw.uniform(-0.3, 0.3, 4), strict=True):
        out = out + gain * blast.n_wave(time - at, 1.0, long_s * 1.3)
    if draw.random() < 0.5:
        lead_s, peak, positive_s = draw.uniform(0.02, 0.3), draw.uniform(0.1, 1.2), draw.uniform(4e-4, 1.3e-3)
        for at, gain in zip((0.0, *draw.uniform(0.002, 0.2, 5)), (1.0, *draw.uniform(-0.4, 0.5, 5)), strict=True):
            out = out + gain * blast.friedlander(time - lead_s - at, peak, positive_s)
    return np.asarray(out)
