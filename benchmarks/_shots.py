"""Simulated shots at a four-microphone array, with the Cramér–Rao bounds of their delays and bearings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast
from acoustic.air import Air
from acoustic.propagation import delayed, frequencies_hz, loss_per_metre, spectrum

Floats = NDArray[np.float64]

RATE_HZ, SAMPLES, ONSET_S, DISTANCE_M = 48_000.0, 1024, 6e-3, 150.0
AIR = Air(temperature_c=15.0, humidity_pct=60.0)
MICROPHONES = np.array(
    [[0.2021, 0.0, -0.0714], [-0.101, 0.175, -0.0714], [-0.101, -0.175, -0.0714], [0.0, 0.0, 0.2143]]
)
PAIRS = np.array([(i, j) for i in range(4) for j in range(i + 1, 4)])


@dataclass(frozen=True, slots=True)
class Shots:
    """Windows (events, mics, samples), true arrival times (events, mics), directions in radians, bounds (rms)."""

    windows: NDArray[np.float32]
    times_s: Floats
    azimuth: Floats
    elevation: Floats
    delay_bound_s: float
    azimuth_bound: float


def shots(events: int, snr_db: float = 30.0, seed: int = 1) -> Shots:
    """Muzzle blasts 150 m away from all around, 25° below to 5° above the horizon, in white noise.

    `snr_db`: the pulse's peak over the noise's rms. The bounds hold for a pulse that nobody knows beforehand.
    """
    draw = np.random.default_rng(seed)
    hz = frequencies_hz(SAMPLES, RATE_HZ)
    pulse = spectrum(lambda t: blast.friedlander(t, 1.0, 0.6e-3), SAMPLES, RATE_HZ)
    pulse *= np.exp(DISTANCE_M * loss_per_metre(hz, AIR))
    azimuth, elevation = draw.uniform(0.0, 2.0 * math.pi, events), np.radians(draw.uniform(-25.0, 5.0, events))
    flat = np.cos(elevation)
    towards = np.stack([np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(elevation)], axis=1)
    times_s = -towards @ MICROPHONES.T / AIR.speed_ms
    clean = fft.irfft(delayed(pulse, times_s + ONSET_S, SAMPLES, RATE_HZ), SAMPLES)
    noise = float(clean[0].max()) * 10.0 ** (-snr_db / 20.0)
    information = 2.0 * float(np.sum((2.0 * math.pi * hz * np.abs(pulse)) ** 2)) / (SAMPLES * noise**2)
    along = np.stack([np.cos(azimuth) * flat, -np.sin(azimuth) * flat, np.zeros(events)], axis=1)
    up = np.stack([-np.sin(azimuth) * np.sin(elevation), -np.cos(azimuth) * np.sin(elevation), flat], axis=1)
    centred = MICROPHONES - MICROPHONES.mean(axis=0)
    slopes = np.stack([along @ centred.T, up @ centred.T], axis=2) / AIR.speed_ms
    covariance = np.linalg.inv(np.swapaxes(slopes, 1, 2) @ slopes * information)
    return Shots(
        windows=(clean + noise * draw.standard_normal(clean.shape)).astype(np.float32),
        times_s=times_s,
        azimuth=azimuth,
        elevation=elevation,
        delay_bound_s=math.sqrt(2.0 / information),
        azimuth_bound=float(np.sqrt(np.mean(covariance[:, 0, 0]))),
    )
