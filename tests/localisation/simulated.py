"""Networks and shots with known truth, for the tests of this room: straight paths in still, uniform air."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acoustic.air import Air
from localisation.arrivals import Arrival

Array = NDArray[np.float64]
AIR = Air(temperature_c=15.0, wind_east_ms=0.0, wind_north_ms=0.0)
EPOCH_NS = 1_780_000_000_000_000_000


def stations(count: int, seed: int = 0, side_m: float = 600.0) -> Array:
    """(count, 3) m: spread over a square, at roof height."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count)))
    cell = side_m / columns
    at = [(i % columns, i // columns) for i in range(count)]
    flat = (np.array(at, dtype=float) + 0.5) * cell + rng.uniform(-0.3, 0.3, (count, 2)) * cell
    return np.column_stack([flat, rng.uniform(8, 20, count)])


def arrivals(
    places: Array, source: tuple[float, float], at_s: float, late_s: Array | float = 0.0, tag: str = "", air: Air = AIR
) -> list[Arrival]:
    """What the stations hear of a shot 8 m under their median height."""
    height = float(np.median(places[:, 2])) - 8.0
    distance = np.sqrt(((places - np.array([*source, height])) ** 2).sum(1))
    times = at_s + distance / air.speed_ms + late_s
    return [
        Arrival(id=f"n{k}:{tag}{at_s:.3f}", node=f"n{k}", x=x, y=y, z=z, time_ns=EPOCH_NS + round(t * 1e9), snr_db=25.0)
        for k, ((x, y, z), t) in enumerate(zip(places.tolist(), times, strict=True))
    ]
