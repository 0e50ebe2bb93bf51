"""The air that sound travels through: speed, wind, absorption."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acoustic.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """Weather near the ground. `wind_*` is where the wind blows *to*, m/s; None where nobody measured.

    Raises InputError where a value is not finite or not physical.
    """

    temperature_c: float | None = None
    wind_east_ms: float | None = None
    wind_north_ms: float | None = None
    humidity_pct: float = 50.0
    speed_of_sound_ms: float | None = None

    def __post_init__(self) -> None:
        check("temperature_c", self.temperature_c, -80.0, 80.0)
        check("wind_east_ms", self.wind_east_ms, -100.0, 100.0)
        check("wind_north_ms", self.wind_north_ms, -100.0, 100.0)
        check("humidity_pct", self.humidity_pct, 0.0, 100.0)
        check("speed_of_sound_ms", self.speed_of_sound_ms, 250.0, 450.0)

    @property
    def speed_ms(self) -> float:
        """Speed of sound: as stated, else of the temperature, else of 15 °C (ideal gas, Cramer 1993 to 0.1 %)."""
        if self.speed_of_sound_ms is not None:
            return self.speed_of_sound_ms
        return speed_of_sound_ms(15.0 if self.temperature_c is None else self.temperature_c)


def check(name: str, value: float | None, lowest: float, highest: float) -> None:
    """Raise InputError unless `value` is None or a finite number in the range."""
    if value is not None and not (math.isfinite(value) and lowest <= value <= highest):
        raise InputError(f"air.{name} is {value}; expected a number from {lowest:g} to {highest:g}")


def speed_of_sound_ms(temperature_c: float) -> float:
    """Speed of sound in dry air, m/s, at a temperature in °C (ISO 9613-1: 343.2 m/s at 20 °C)."""
    return 343.2 * math.sqrt((temperature_c + 273.15) / 293.15)
