"""From the source to the microphone: what distance, air and a delay do to a waveform, in the frequency domain."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from acoustic.air import Air
from acoustic.blast import ATMOSPHERE_PA
from acoustic.errors import InputError

OVERSAMPLING = 16  # of an ideal waveform, so that little of its jumps folds back below half the sample rate
PASS_SHARE = 0.8  # of half the sample rate; from there to 1 a microphone's converter fades out
LEAD_S = 0.5e-3  # room before an onset for what a band limit rings ahead of it
HEAT_RATIO = 1.4


def absorption_db_m(
    hz: ArrayLike, temperature_c: float = 20.0, humidity_pct: float = 50.0, pressure_pa: float = ATMOSPHERE_PA
) -> NDArray[np.float64]:
    """Absorption of pure tones by the air, dB/m (ISO 9613-1:1993, equations 3 to 5 and annex B).

    `hz`: any shape; the same shape out. Raises InputError for a temperature outside ±80 °C, a humidity outside 0…100 %
    or a pressure that is not positive.
    """
    if not -80.0 <= temperature_c <= 80.0:
        raise InputError(f"temperature_c is {temperature_c}; expected a number from -80 to 80")
    if not 0.0 <= humidity_pct <= 100.0:
        raise InputError(f"humidity_pct is {humidity_pct}; expected a number from 0 to 100")
    if not (math.isfinite(pressure_pa) and pressure_pa > 0.0):
        raise InputError(f"pressure_pa is {pressure_pa}; expected a positive number")
    f2 = np.square(np.asarray(hz, dtype=np.float64))
    kelvin = temperature_c + 273.15
    warmth, pressure = kelvin / 293.15, pressure_pa / ATMOSPHERE_PA
    saturation = 10.0 ** (-6.8346 * (273.16 / kelvin) ** 1.261 + 4.6151)
    water_pct = humidity_pct * saturation / pressure
    oxygen_hz = pressure * (24.0 + 4.04e4 * water_pct * (0.02 + water_pct) / (0.391 + water_pct))
    thaw = math.exp(-4.170 * (warmth ** (-1.0 / 3.0) - 1.0))
    nitrogen_hz = pressure * warmth**-0.5 * (9.0 + 280.0 * water_pct * thaw)
    oxygen = 0.01275 * math.exp(-2239.1 / kelvin) / (oxygen_hz + f2 / oxygen_hz)
    nitrogen = 0.1068 * math.exp(-3352.0 / kelvin) / (nitrogen_hz + f2 / nitrogen_hz)
    classical = 1.84e-11 / pressure * math.sqrt(warmth)
    return np.asarray(8.686 * f2 * (classical + warmth**-2.5 * (oxygen + nitrogen)))


def aged(peak_pa: float, duration_s: float, from_m: float, to_m: float, speed_ms: float) -> tuple[float, float]:
    """Peak and positive phase of a spherical shock that has travelled on: (peak Pa, duration s) at `to_m`.

    A strong wave is a little faster than a weak one, so it grows longer and loses more than spreading alone takes:
    T = T₀ √(1 + σ ln(r/r₀)), p = p₀ (r₀/r) ÷ √(…), weak-shock theory (Wright 1983), σ = (γ+1)/2γ · p₀ r₀ ÷ (P₀ c T₀).
    """
    if not 0.0 < from_m <= to_m:
        raise InputError(f"to_m is {to_m:g}; expected at least from_m, {from_m:g}, and both positive")
    steepening = (HEAT_RATIO + 1.0) / (2.0 * HEAT_RATIO) * peak_pa * from_m / (ATMOSPHERE_PA * speed_ms * duration_s)
    stretch = math.sqrt(1.0 + steepening * math.log(to_m / from_m))
    return peak_pa * from_m / to_m / stretch, duration_s * stretch


def frequencies_hz(samples: int, rate_hz: float) -> NDArray[np.float64]:
    """Frequencies of the spectra that this module makes, (samples // 2 + 1,)."""
    return np.asarray(fft.rfftfreq(samples, 1.0 / rate_hz))


def spectrum(
    waveform: Callable[[NDArray[np.float64]], NDArray[np.float64]], samples: int, rate_hz: float
) -> NDArray[np.complex128]:
    """Band-limited spectrum of a waveform (a function of time in seconds) over `samples` at `rate_hz`.

    What `received` turns into samples; time 0 of the waveform is sample 0. (samples // 2 + 1,) complex.
    """
    fine = np.arange(samples * OVERSAMPLING) / (rate_hz * OVERSAMPLING)
    bins = fft.rfft(waveform(fine))[: samples // 2 + 1] / OVERSAMPLING
    share = np.linspace(0.0, 1.0, len(bins))
    fade = np.clip((share - PASS_SHARE) / (1.0 - PASS_SHARE), 0.0, 1.0)
    return np.asarray(bins * np.cos(0.5 * math.pi * fade) ** 2)


def delayed(bins: NDArray[np.complex128], delay_s: ArrayLike, samples: int, rate_hz: float) -> NDArray[np.complex128]:
    """A spectrum later by `delay_s`, any fraction of a sample: delays (…,) in, (…, bins) out. Wraps at the end."""
    turns = np.asarray(delay_s, dtype=np.float64)[..., None] * frequencies_hz(samples, rate_hz)
    return np.asarray(bins * np.exp(-2j * math.pi * turns))


def minimum_phase(gain: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Complex logarithm of the filter that has these gains and answers at once: nothing is heard before its time.

    `gain`: (bins,) positive, from 0 Hz to half the rate; by folding the cepstrum (Oppenheim & Schafer).
    """
    samples = 2 * (len(gain) - 1)
    cepstrum = fft.irfft(np.log(gain), samples)
    cepstrum[1 : samples // 2] *= 2.0
    cepstrum[samples // 2 + 1 :] = 0.0
    return np.asarray(fft.rfft(cepstrum))


def loss_per_metre(hz: NDArray[np.float64], air: Air) -> NDArray[np.complex128]:
    """Complex logarithm of what one metre of air does to each frequency, (bins,); times a distance, its exponential.

    Raises InputError as `absorption_db_m` does.
    """
    temperature_c = 15.0 if air.temperature_c is None else air.temperature_c
    return minimum_phase(10.0 ** (-absorption_db_m(hz, temperature_c, air.humidity_pct) / 20.0))


def effective_speed_ms(air: Air, towards: NDArray[np.float64]) -> NDArray[np.float64]:
    """Speed of sound along paths: still air plus the wind's part along them. `towards`: (…, 3) ENU, any length."""
    wind = np.array([air.wind_east_ms or 0.0, air.wind_north_ms or 0.0, 0.0])
    length = np.linalg.norm(towards, axis=-1)
    along = towards @ wind / np.where(length > 0.0, length, 1.0)
    return np.asarray(air.speed_ms + along)


def received(
    waveform: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    distance_m: float,
    air: Air,
    *,
    rate_hz: float,
    samples: int,
    onset_s: float = LEAD_S,
) -> NDArray[np.float64]:
    """A waveform given as at 1 m, heard at a distance: spherical spreading, absorption, band limit; (samples,) Pa.

    Its onset lies `onset_s` after the first sample. `samples` must hold the whole waveform: what runs over the end
    wraps to the start. Raises InputError for a distance below 1 m.
    """
    if not distance_m >= 1.0:
        raise InputError(f"distance_m is {distance_m:g}; expected at least 1")
    bins = spectrum(waveform, samples, rate_hz) * np.exp(
        distance_m * loss_per_metre(frequencies_hz(samples, rate_hz), air)
    )
    return np.asarray(fft.irfft(delayed(bins, onset_s, samples, rate_hz), samples) / distance_m)
