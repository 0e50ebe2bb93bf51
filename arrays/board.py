"""What the node's board says of itself: its temperature, the room on its disk."""

from __future__ import annotations

import os
from pathlib import Path

THERMAL = Path("/sys/class/thermal")
COLDEST_C, HOTTEST_C = -60.0, 150.0  # beyond, a sensor is not connected


def temperature_c(root: Path = THERMAL) -> float | None:
    """Of the hottest part that the kernel knows of; None where it knows none."""
    found = []
    for path in root.glob("thermal_zone*/temp"):
        try:
            value = int(path.read_text()) / 1000.0
        except (OSError, ValueError):
            continue  # a zone that is switched off gives an error, or nothing
        if COLDEST_C < value < HOTTEST_C:
            found.append(value)
    return round(max(found), 1) if found else None


def free_bytes(folder: Path) -> float | None:
    """What an ordinary user may still write on the folder's disk; None where it cannot be asked."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return float(found.f_bavail * found.f_frsize)
