"""Features of an impulse's waveform, sample by sample: its front, its phases, how like a blast and how like an N it is.

A blast jumps up, falls through zero after its positive phase (0.3 to 1.3 ms for guns, under 0.5 ms for crackers, some
milliseconds for aerial shells) and sucks longer and less (Friedlander's wave: Kinney and Graham 1985; Beck et al. 2011
for guns). A bullet's shock wave is an N of 0.1 to 0.8 ms (Whitham 1952). Echoes, air and the band of 130–5200 Hz that
windows have round all of it, so the templates are limited to that band as well. A microphone's sign is not known: every
feature but `sign` is the same for a sound and its inverse.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from acoustic import blast

Rows = NDArray[np.float32]

BLAST_MS = (0.2, 0.4, 0.8, 1.6, 3.2)  # positive phases of the blasts that are looked for
N_WAVE_MS = (0.2, 0.4, 0.7)  # lengths of the N-waves
LOOKED_S = 4e-3  # of a template, from its jump on
LEAD_S = 0.5e-3  # of what comes before its jump
LATEST_S = 4e-3  # from the first peak's earliest on, within which the template begins
LEAST_ENERGY = 0.01  # of all that is looked at: what is fainter is not matched
NEAR_S = (-5e-3, 30e-3)  # around the onset, where crest and sign are taken
CROSSED_S = 50e-3  # behind the onset, where zero crossings are counted
PEAK_S = (-1e-3, 5e-3)  # around the onset, where the first peak is looked for
PHASE_S = 10e-3  # from the first peak on, within which the wave must cross zero twice
LOW, HIGH = 0.1, 0.9  # of the peak, between which the front is timed

NAMES = (
    "crest_db",
    "sign",
    "crossings",
    "front_ms",
    "positive_ms",
    "negative_ms",
    "suction_db",
    *(f"blast_{length_ms:g}_ms_match" for length_ms in BLAST_MS),
    "n_wave_match",
)


def waveform(sound: Rows, rate_hz: float, onset: int, band_hz: tuple[float, float]) -> Rows:
    """Features (n, NAMES) of windows (n, samples) limited to `band_hz`, whose onsets are at sample `onset`.

    `crest_db`: peak over root mean square around the onset, dB; `sign` of the peak, ±1; zero `crossings` of the 50 ms
    behind it, tens; `front_ms`: from a tenth to nine tenths of the first peak; `positive_ms`, `negative_ms`: length of
    the phase of that peak and of the next, ms; `suction_db`: depth of the next phase under the peak, dB; `…_match`: the
    largest correlation with a blast of that positive phase, or with an N of any length, 0 to 1.
    """
    near = sound[:, onset + round(NEAR_S[0] * rate_hz) : onset + round(NEAR_S[1] * rate_hz)]
    high, low = near.max(1), near.min(1)
    below = sound[:, onset : onset + round(CROSSED_S * rate_hz)] < 0
    first = onset + round(PEAK_S[0] * rate_hz)
    searched = round((PEAK_S[1] - PEAK_S[0]) * rate_hz)
    cut = np.ascontiguousarray(sound[:, first : first + searched + round(PHASE_S * rate_hz)])
    found = np.empty((len(sound), len(NAMES)), np.float32)
    found[:, 0] = -10.0 * np.log10(np.einsum("ij,ij->i", near, near) / near.shape[1] + 1e-12)
    found[:, 1] = np.sign(high + low)
    found[:, 2] = np.count_nonzero(below[:, 1:] != below[:, :-1], axis=1) / 10.0
    found[:, 3:7] = _phases(cut, searched, 1e3 / rate_hz)
    found[:, 7:] = _matches(cut, _templates(rate_hz, band_hz), round(LATEST_S * rate_hz))
    return found


def _phases(cut: Rows, searched: int, sample_ms: float) -> Rows:
    """Front, lengths of the first peak's phase and of the next (ms), and the next one's depth (dB): (n, 4).

    The peak is looked for in the first samples.
    """
    n, at = np.arange(len(cut)), np.arange(cut.shape[1])
    peak = np.abs(cut[:, :searched]).argmax(1)
    upright = cut * np.sign(cut[n, peak])[:, None]
    height = upright[n, peak]
    back = searched - 1 - peak
    # backwards from the end of what is searched; what lies behind the peak is never low, the first sample always is
    rising = np.where(at[:searched] >= back[:, None], upright[:, searched - 1 :: -1], np.inf)
    rising[:, -1] = -np.inf
    low, high, zero = (
        (rising <= share).argmax(1) for share in ((LOW * height)[:, None], (HIGH * height)[:, None], 0.0)
    )
    below = upright <= 0
    below[:, -1] = True
    ends = (below & (at > peak[:, None])).argmax(1)
    above = ~below & (at > ends[:, None])
    above[:, -1] = True
    again = above.argmax(1)
    depth = -np.where((at >= ends[:, None]) & (at < again[:, None]), upright, 0).min(1)
    suction_db = 20.0 * np.log10((depth + 1e-3) / (height + 1e-3))
    found = np.stack([low - high + 1, zero - back + ends - peak, again - ends, suction_db], axis=1)
    found[:, :3] *= sample_ms
    return found


def _matches(cut: Rows, templates: Rows, latest: int) -> Rows:
    """The largest correlation with each blast, and with any N, of what begins within the first samples."""
    length, step = len(templates), cut.itemsize
    views = np.ndarray((len(cut), latest, length), np.float32, cut, 0, (cut.strides[0], step, step))
    total = np.zeros((len(cut), latest + length), np.float32)
    np.cumsum(np.square(cut[:, : latest + length - 1]), axis=1, out=total[:, 1:])
    energy = np.maximum(total[:, length:] - total[:, :latest], LEAST_ENERGY * total[:, -1:]) + np.float32(1e-12)
    heights = np.abs(views.reshape(-1, length) @ templates).reshape(len(cut), latest, -1)
    match = (heights / np.sqrt(energy)[..., None]).max(1)
    blasts = len(BLAST_MS)
    return np.concatenate([match[:, :blasts], match[:, blasts:].max(1, keepdims=True)], axis=1)


@lru_cache(maxsize=4)
def _templates(rate_hz: float, band_hz: tuple[float, float]) -> Rows:
    """Blasts and N-waves of unit energy in the band (samples, BLAST_MS and N_WAVE_MS), their jump LEAD_S in."""
    fine = 16  # points a sample, from which the jump is limited to the band
    lead, count = round(LEAD_S * rate_hz), round((LEAD_S + LOOKED_S) * rate_hz)
    longer = round(rate_hz / 10)
    late_s = (np.arange(2 * longer * fine) / fine - longer) / rate_hz
    waves = [blast.friedlander(late_s, 1.0, 1e-3 * ms) for ms in BLAST_MS]
    waves += [blast.n_wave(late_s, 1.0, 1e-3 * ms) for ms in N_WAVE_MS]
    hz = fft.rfftfreq(len(late_s), 1 / (rate_hz * fine))
    bins = fft.rfft(np.array(waves), axis=1) * ((hz >= band_hz[0]) & (hz <= band_hz[1]))
    cut = fft.irfft(bins, len(late_s), axis=1)[:, ::fine][:, longer - lead : longer - lead + count]
    return np.ascontiguousarray((cut / np.linalg.norm(cut, axis=1, keepdims=True)).T, dtype=np.float32)
