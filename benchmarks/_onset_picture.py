"""Draw docs/understand/onset.svg: a real shot of the Pittsburgh live fire, its energy, floor and onset.

    python -m benchmarks._onset_picture ../shared/pittsburgh/FP2/test_019/SENSOR.wav docs/understand/onset.svg

The impulse shown is the clearest of the recording. Data: Calhoun et al., "ShotSpotter Sample Live Fire Test Data",
© ShotSpotter, Inc., CC BY 4.0; the picture says so.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.filters import FRAME_STEPS, FrontEnd, Grid
from acoustic.impulses import DetectorSettings, detect
from acoustic.onset import floors_in_use, frame_floors
from recordings.sounds import read_sound

BEFORE_S, AFTER_S = 0.03, 0.09
WIDTH, LEFT, TOP, TALL, BETWEEN = 860.0, 60.0, 50.0, 170.0, 40.0
LOWEST_DB, HIGHEST_DB = -60.0, 0.0
CREDIT = "Calhoun et al., ShotSpotter Sample Live Fire Test Data, © ShotSpotter, Inc., CC BY 4.0"


def main(recording: str, picture: str) -> None:
    """Find the clearest impulse of a recording and draw it."""
    sound = read_sound(recording)
    samples, rate_hz, how = sound.samples[0], sound.rate_hz, DetectorSettings()
    shot = max((i for i in detect(samples, rate_hz) if not i.clipped), key=lambda i: i.snr_db)
    grid = Grid.of(rate_hz)
    count = len(samples) // grid.frame
    wave = np.zeros((1, count * FRAME_STEPS * grid.step), np.float32)
    FrontEnd(grid, 1, how.corner_hz, count)(samples[None, : count * grid.frame].astype(np.float32), wave)
    energy = (wave**2).reshape(1, -1, grid.step).mean(axis=2)
    floors = frame_floors(energy.reshape(1, count, -1), energy.reshape(1, count, -1) == 0.0)
    floor = floors_in_use(np.pad(floors, ((0, 0), (9, 0)), constant_values=np.inf))[0]
    onset_s = shot.onset_sample / rate_hz
    inner = WIDTH - LEFT - 20.0

    def x(at_s: float) -> float:
        return LEFT + (at_s - onset_s + BEFORE_S) / (BEFORE_S + AFTER_S) * inner

    def level(energies: NDArray[np.floating]) -> NDArray[np.float64]:
        db = 10.0 * np.log10(np.maximum(energies, 1e-12).astype(np.float64))
        share = (np.clip(db, LOWEST_DB, HIGHEST_DB) - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)
        return np.asarray(second + TALL * (1.0 - share))

    second = TOP + TALL + BETWEEN
    first, last = (round((onset_s + s) * rate_hz) for s in (-BEFORE_S, AFTER_S))
    part = samples[first:last]
    middle = TOP + TALL / 2
    line = " ".join(
        f"{x((first + k) / rate_hz):.1f},{middle - v / np.abs(part).max() * TALL / 2:.1f}" for k, v in enumerate(part)
    )
    steps = np.arange(first // grid.step // grid.decimation + 1, last // grid.step // grid.decimation)
    heights = level(energy[0, steps])
    stairs = " ".join(
        f"{x(k * grid.step_s):.1f},{y:.1f} {x((k + 1) * grid.step_s):.1f},{y:.1f}"
        for k, y in zip(steps, heights, strict=True)
    )
    quiet, limit = level(floor[steps[0] // FRAME_STEPS] * np.array([1.0, 10 ** (how.floor_db / 10)]))
    ink = 'fill="none" stroke-width="1.6"'
    right = LEFT + inner
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{second + TALL + 70:.0f}" '
        'font-family="system-ui, sans-serif" font-size="14" fill="#e8eaed">',
        '<rect width="100%" height="100%" fill="#14171c"/>',
        f'<text x="{LEFT}" y="30" font-size="18">A shot at one sensor, and its onset</text>',
        f'<polyline {ink} stroke="#8ab4f8" points="{line}"/>',
        f'<polyline {ink} stroke="#8ab4f8" points="{stairs}"/>',
        f'<path {ink} stroke="#a59c74" d="M{LEFT} {quiet:.1f}H{right}"/>',
        f'<text x="{LEFT}" y="{quiet + 20:.1f}" fill="#c3b369">noise floor; dashed: {how.floor_db:g} dB over it</text>',
        f'<path {ink} stroke="#a59c74" stroke-dasharray="6 4" d="M{LEFT} {limit:.1f}H{right}"/>',
        f'<path {ink} stroke="#ff7a59" d="M{x(onset_s):.1f} {TOP}V{second + TALL}"/>'
        f'<text x="{x(onset_s) + 8:.1f}" y="{TOP + 14}" fill="#ff7a59">onset</text>',
        f'<text x="{LEFT}" y="{TOP + TALL + 22:.0f}">pressure, as recorded (above); energy of each millisecond over '
        "300 Hz, 0 to −60 dB re full scale (below)</text>",
    ]
    for ms in range(-20, 81, 20):
        at = x(onset_s + ms / 1e3)
        parts.append(f'<text x="{at:.1f}" y="{second + TALL + 22:.0f}" text-anchor="middle">{ms} ms</text>')
    parts.append(f'<text x="{LEFT}" y="{second + TALL + 52:.0f}" font-size="12" fill="#9aa0a6">Sound: {CREDIT}</text>')
    Path(picture).write_text("\n".join([*parts, "</svg>", ""]))


if __name__ == "__main__":
    main(*sys.argv[1:])
