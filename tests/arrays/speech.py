"""Speech, made by espeak-ng, and how much of it can still be understood."""

from __future__ import annotations

import io
import subprocess
from functools import lru_cache

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

WORDS = (
    "meet me at the corner of the street at nine tonight and bring the money with you or do not come at all "
    "my brother will wait for us behind the old house and he has the keys of the car"
)


@lru_cache(maxsize=1)
def spoken(rate_hz: int) -> NDArray[np.float32]:
    """(n,) of WORDS, some 10 s, mean power 1, read-only."""
    line = ["espeak-ng", "-v", "en-us", "-s", "160", "--stdout", WORDS]
    wave = subprocess.run(line, capture_output=True, check=True, timeout=60).stdout
    sound, own_hz = soundfile.read(io.BytesIO(wave), dtype="float32")
    out: NDArray[np.float32] = soxr.resample(sound, own_hz, rate_hz).astype(np.float32)
    out /= np.sqrt(np.mean(out**2))
    out.flags.writeable = False
    return out


def intelligibility(clean: NDArray[np.float32], left: NDArray[np.float32], rate_hz: int) -> float:
    """STOI (Taal et al. 2011): 1 for every word, about 0.3 for noise that knows nothing of the speech."""
    from pystoi import stoi

    return float(stoi(clean, left, rate_hz))
