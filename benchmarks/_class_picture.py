"""Draw docs/understand/classes.svg: what the classifier sees of six impulses, and what it says; two are hard mistakes.

    python -m benchmarks._class_picture ../shared/impulses docs/understand/classes.svg

The close shots are of the *Free Firearm Sound Library*, CC0, as are firework and door; the distant shot is of Calhoun
et al., "ShotSpotter Sample Live Fire Test Data", © ShotSpotter, Inc., CC BY 4.0; the cracker is simulated.
All but the cracker were among the training sounds: the picture shows what they look like, it measures nothing.
"""

from __future__ import annotations

import base64
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.classify import LABELS, Model
from acoustic.features import AFTER_S, BEFORE_S, HIGH_HZ, LOW_HZ, pictures, window
from acoustic.impulses import detect
from recordings import models
from recordings.simulation import RATE_HZ, impulse
from recordings.sounds import read_sound

SHOWN = (
    ("gunshot/ffl__AK-47_C_30.flac", "automatic fire, close"),
    ("gunshot/pitt__FP2_test_027_BNQ-2069_s1.flac", "a shot across the town"),
    ("firework/picpuzzle__fw_01.flac", "a firework"),
    ("door_slam/ccs__close_door.flac", "a door"),
    ("gunshot/pitt__FP3_test_053_BNQ-2143_s0.flac", "another across the town: missed"),
    ("", "a simulated cracker: taken for a shot"),
)
CRACKER_SEED = 900_037  # training draws its seeds below 900 000
ACROSS, WIDE, TALL, LEFT, TOP, GAP = 3, 240.0, 150.0, 52.0, 34.0, 66.0
CREDIT = "close shot, firework, door: CC0; other shots: Calhoun et al., © ShotSpotter, Inc., CC BY 4.0"
STYLE = """
svg { font: 14px system-ui, sans-serif; --ink: #1c2026; --soft: #6b727c; --paper: #ffffff; fill: var(--ink) }
@media (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --soft: #9aa3ad; --paper: #14171c } }
.paper { fill: var(--paper) } .soft { fill: var(--soft); font-size: 12px } .end { text-anchor: end }
.onset { stroke: #ffffff; stroke-dasharray: 3 3; opacity: .8 } image { image-rendering: pixelated }
"""


def main(folder: str, picture: str) -> None:
    """Look at the six, draw them."""
    model = Model.from_bytes(models.default())
    rows = -(-len(SHOWN) // ACROSS)
    width, height = LEFT + ACROSS * (WIDE + 24.0), TOP + rows * (TALL + GAP) + 20.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}"><style>{STYLE}</style><rect class="paper" width="100%" height="100%"/>'
    ]
    for n, (path, name) in enumerate(SHOWN):
        seen = _window(Path(folder) / "train" / path if path else None)
        across, down = LEFT + n % ACROSS * (WIDE + 24.0), TOP + n // ACROSS * (TALL + GAP)
        said = ", ".join(
            f"{label.replace('_', ' ')} {p:.2f}"
            for p, label in sorted(zip(model.probabilities(seen)[0].tolist(), LABELS, strict=True), reverse=True)[:2]
        )
        at = across + WIDE * BEFORE_S / (BEFORE_S + AFTER_S)
        parts += [
            f'<text x="{across}" y="{down - 10}">{name}</text>',
            f'<image x="{across}" y="{down}" width="{WIDE}" height="{TALL}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{base64.b64encode(_png(pictures(seen)[0])).decode()}"/>',
            f'<path class="onset" d="M{at:.1f} {down}v{TALL}"/>',
            f'<text class="soft" x="{across}" y="{down + TALL + 18}">{said}</text>',
        ]
        if n % ACROSS == 0:
            parts += [
                f'<text class="soft end" x="{across - 6}" y="{down + 10}">{HIGH_HZ / 1000:g} kHz</text>',
                f'<text class="soft end" x="{across - 6}" y="{down + TALL}">{LOW_HZ:g} Hz</text>',
            ]
    span_ms = 1e3 * (BEFORE_S + AFTER_S)
    notes = f"mel bands over {span_ms:.0f} ms, 60 dB from black to white; the onset is dashed", CREDIT
    for note, up in zip(notes, (26, 8), strict=True):
        parts.append(f'<text class="soft" x="{LEFT}" y="{height - up:.0f}">{note}</text>')
    parts.append("</svg>\n")
    Path(picture).write_text("\n".join(parts), encoding="utf-8")


def _window(path: Path | None) -> NDArray[np.float64]:
    """The window, (1, SAMPLES), of a recording's first impulse, or of the simulated cracker."""
    if path is None:
        sound, rate_hz = impulse("firecracker", CRACKER_SEED), RATE_HZ
    else:
        heard = read_sound(path)
        sound, rate_hz = heard.samples[0].astype(np.float64), heard.rate_hz
    return window(sound, rate_hz, detect(sound, rate_hz)[0].onset_sample)[None]


def _png(seen: NDArray[np.float32]) -> bytes:
    """A picture (bands, frames), −1 to 1, as grey PNG, the highest band on top (PNG, ISO/IEC 15948)."""
    grey = np.round((seen[::-1] + 1.0) * 127.5).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)

    def chunk(kind: bytes, content: bytes) -> bytes:
        whole = kind + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    main(*sys.argv[1:])
