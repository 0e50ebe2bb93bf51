"""The weather as sessions, settings and requests write it."""

from __future__ import annotations

import msgspec

from acoustic.air import Air


class Weather(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The air over a site; what nobody measured is left out."""

    temperature_c: float | None = None
    wind_east_ms: float | None = None
    wind_north_ms: float | None = None
    humidity_pct: float = 50.0
    speed_of_sound_ms: float | None = None

    def air(self) -> Air:
        """The air for the locator. Raises InputError where a value is not physical."""
        return Air(**msgspec.structs.asdict(self))
