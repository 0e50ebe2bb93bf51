"""What a recorder did to the levels of a sound: 8-bit mu-law, padding with exact zeros."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_LEVELS = 48  # of one sign that a sound must use; a quiet one of whole eighths would pass with fewer
LEAST_PADDING = 96  # zeros on end, from which on they are no sound


def mu_law_levels() -> NDArray[np.int64]:
    """The 128 positive levels of 8-bit mu-law, of 32,768, rising (ITU-T G.711, table 2a, times 4): (128,) int64."""
    exponent, mantissa = np.divmod(np.arange(128), 16)
    return np.asarray(4 * (((2 * mantissa + 33) << exponent) - 33), np.int64)


def is_mu_law(samples: NDArray[np.floating]) -> bool:
    """Whether every sample, (…,) with full scale 1, lies on a level of 8-bit mu-law, and enough of them are used."""
    scaled = np.abs(samples.ravel() * 32_768.0)
    if not scaled.size or not scaled.max() <= 32_768.0:
        return False
    counts = scaled.astype(np.intp)
    known = np.zeros(32_769, bool)
    known[mu_law_levels()] = True
    if not (known[counts].all() and (counts == scaled).all()):
        return False
    return int(np.count_nonzero(np.bincount(counts))) >= LEAST_LEVELS


def padding_share(samples: NDArray[np.floating]) -> float:
    """Share of (n,) samples that lie in runs of at least LEAST_PADDING exact zeros."""
    if not samples.size:
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], samples == 0.0, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= LEAST_PADDING].sum()) / len(samples)
