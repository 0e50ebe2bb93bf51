"""Waveforms and spectrograms of a round, a row a node, aligned to when its direct sound is expected; SVG."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from recordings.report.figures import ACCENT, INK, LEFT, RIGHT, SOFT, TOP, WIDTH, mark, opening, shortened
from recordings.report.language import Language
from recordings.report.rounds import REFUSED, Round
from recordings.report.sound import AFTER_S, BEFORE_S, Cut

WAVE, MARKS, PICTURE, SPACE = 32.0, 9.0, 34.0, 8.0  # heights in a node's row
ROW = WAVE + MARKS + PICTURE + SPACE
COLUMNS = 400
WINDOW_S = 0.010  # of a column of the spectrogram
HIGHEST_HZ = 6000.0
RANGE_DB = 50.0
STEP_MS = 100


def sounds(one: Round, cuts: Sequence[Cut], words: Language) -> str:
    """The figure."""
    bottom = TOP + ROW * len(cuts)
    parts = [opening(WIDTH, bottom + 4, words("sound_alt", round=str(one.number)))]
    for ms in range(round(-1e3 * BEFORE_S / STEP_MS) * STEP_MS + STEP_MS, round(1e3 * AFTER_S) + 1, STEP_MS):
        x = _across(ms * 1e-3)
        parts.append(
            f'<path d="M{x:.1f} {TOP - 4}V{bottom - SPACE}" stroke="#c3c8ce" stroke-width="0.6"/>'
            f'<text x="{x:.1f}" y="{TOP - 8}" text-anchor="middle">{words.ms(ms * 1e-3)}</text>'
        )
    fates = {h.arrival.id: h.residual.refused for h in one.heard}
    for row, cut in enumerate(cuts):
        parts += _row(cut, TOP + ROW * row, fates, words)
    zero = _across(0.0)
    parts.append(
        f'<path d="M{zero:.1f} {TOP - 4}V{bottom - SPACE}" stroke="{INK}" stroke-width="1" stroke-dasharray="3 2"/>'
    )
    return "\n".join([*parts, "</svg>"])


def _row(cut: Cut, top: float, fates: dict[str, str], words: Language) -> list[str]:
    picture = f"data:image/png;base64,{base64.b64encode(png(spectrogram(cut))).decode()}"
    left, wide = _across(-BEFORE_S), _across(AFTER_S) - _across(-BEFORE_S)
    parts = [
        f'<text x="0" y="{top + 14}">{escape(shortened(cut.node, 20))}</text>'
        f'<text x="0" y="{top + 28}" fill="{SOFT}">{words.metres(cut.distance_m)}</text>',
        f'<path d="{_envelope(cut, top + WAVE / 2)}" fill="{INK}" stroke="{INK}" stroke-width="0.7"/>',
        f'<image x="{left}" y="{top + WAVE + MARKS}" width="{wide}" height="{PICTURE}" preserveAspectRatio="none" '
        f'href="{picture}"/><rect x="{left}" y="{top + WAVE + MARKS}" width="{wide}" height="{PICTURE}" fill="none" '
        f'stroke="#c3c8ce" stroke-width="0.6"/>',
    ]
    for key, seconds in sorted(cut.arrivals.items(), key=lambda one: one[0] in fates):  # the round's own on top
        x, y = _across(seconds), top + WAVE + MARKS / 2
        if fates.get(key) == "":
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{ACCENT}"/>')
        elif key in fates:
            parts.append(mark(x, y, REFUSED))
        else:
            parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="3" fill="#fff" stroke="{INK}"/>')
    return parts


def _across(seconds: float) -> float:
    return LEFT + (seconds + BEFORE_S) / (BEFORE_S + AFTER_S) * (WIDTH - RIGHT - LEFT)


def _envelope(cut: Cut, middle: float) -> str:
    """Lowest and highest value of each column, the largest of all as high as the row."""
    edges = np.linspace(0, len(cut.samples), COLUMNS + 1).astype(int)
    pieces = [cut.samples[a:b] for a, b in pairwise(edges.tolist())]
    low, high = (np.array([f(p, initial=0.0) for p in pieces]) for f in (np.min, np.max))
    unit = 0.46 * WAVE / max(float(high.max()), -float(low.min()), 1e-9)
    x = [_across(-BEFORE_S + (BEFORE_S + AFTER_S) * (n + 0.5) / COLUMNS) for n in range(COLUMNS)]
    points = [*zip(x, high.tolist(), strict=True), *reversed([*zip(x, low.tolist(), strict=True)])]
    return "M" + "L".join(f"{east:.1f} {middle - unit * up:.1f}" for east, up in points) + "Z"


def spectrogram(cut: Cut) -> NDArray[np.uint8]:
    """(frequencies, COLUMNS) grey, high frequencies first: black is the loudest, white RANGE_DB less."""
    size = round(WINDOW_S * cut.rate_hz)
    starts = np.linspace(0, len(cut.samples) - size, COLUMNS).astype(int)
    pieces = np.stack([cut.samples[s : s + size] for s in starts.tolist()]) * np.hanning(size)
    power = np.abs(fft.rfft(pieces, axis=1)[:, : round(HIGHEST_HZ * WINDOW_S) + 1].T) ** 2
    db = 10.0 * np.log10(np.maximum(power, 1e-20) / max(float(power.max()), 1e-20))
    return np.asarray(255 * np.clip(-db / RANGE_DB, 0.0, 1.0)[::-1]).astype(np.uint8)


def png(grey: NDArray[np.uint8]) -> bytes:
    """A PNG (ISO/IEC 15948) of (rows, columns) shades of grey."""
    rows, columns = grey.shape
    lines = np.hstack([np.zeros((rows, 1), np.uint8), grey]).tobytes()  # each line begins with its filter: none

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
