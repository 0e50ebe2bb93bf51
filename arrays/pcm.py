"""Linear PCM: bytes to samples, exact for up to 24 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTHS = {"s16le": 2, "s16be": 2, "s24le": 3, "s24be": 3, "s32le": 4, "f32le": 4}  # bytes a sample


def samples(data: bytes, form: str, channels: int) -> NDArray[np.float32]:
    """(channels, n) float32 of interleaved samples, full scale ±1, read-only, of whole frames of a form above."""
    order = "<" if form.endswith("le") else ">"
    if form == "f32le":
        flat = np.frombuffer(data, "<f4")
    elif WIDTHS[form] == 3:
        wide = np.zeros((len(data) // 3, 4), np.uint8)  # 24 bits are the upper ones of 32
        wide[:, slice(1, 4) if order == "<" else slice(0, 3)] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        flat = wide.view(f"{order}i4")[:, 0] * np.float32(2.0**-31)
    else:
        flat = np.frombuffer(data, f"{order}i{WIDTHS[form]}") * np.float32(2.0 ** (1 - 8 * WIDTHS[form]))
    out = np.array(flat.reshape(-1, channels).T, np.float32, order="C")
    out.flags.writeable = False
    return out
