"""A synthetic city block, seeded: arrays on roofs, shots at known places and times, and what else bangs at night.

Twelve four-microphone arrays over 600 m × 600 m hear shots (muzzle blast, and the shock wave of rifles), strings of
firecrackers and slammed doors, through wind, roofs, echoes and street noise. The same seed gives the same sound. A
scene is rendered array by array, block by block, so it can be streamed; written, it is a session folder and its truth.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from acoustic import blast
from acoustic.air import Air
from acoustic.errors import InputError
from recordings.city import Bang, Ear, Noise, Wave, heard, random

RATE_HZ = 48_000
FULL_SCALE_PA = blast.pascals(120.0) * math.sqrt(2.0)  # of the microphones: a sine of 120 dB; louder sound is clipped
SIDE_M = 600.0
COLUMNS, ROWS = 4, 3
ARM_M = 0.35  # between the microphones of an array
CLOCK_SIGMA_S = 1e-5
BLOCK = 48_000
ORIGIN = {"lat": 44.84, "lon": -0.58, "height_m": 20.0}
START = datetime(2026, 6, 1, 21, 0, 0, tzinfo=UTC)
FIRST_SHARE, LAST_SHARE = 4.0 / 45.0, 38.0 / 45.0  # of a scene's length, between which things happen
MOST_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneNode:
    """An array of the scene: its place, the (mics, 3) offsets of its microphones, when its stream begins."""

    id: str
    position: tuple[float, float, float]
    microphones: NDArray[np.float64]
    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is there and what happens; sound is made on demand by `render` and `blocks`."""

    seed: int
    seconds: float
    start: datetime
    air: Air
    nodes: tuple[SceneNode, ...]
    bangs: tuple[Bang, ...]

    @property
    def samples(self) -> int:
        """Samples of each array's stream."""
        return round(self.seconds * RATE_HZ)

    def render(self, node: int | str) -> NDArray[np.float32]:
        """Everything that one array hears: (mics, samples) float32, full scale ±1, clipped."""
        return np.concatenate(list(self.blocks(node)), axis=1)

    def blocks(self, node: int | str, samples: int = BLOCK) -> Iterator[NDArray[np.float32]]:
        """The same sound in blocks of `samples` (the last may be shorter). Raises InputError for an unknown node."""
        number = self.number(node)
        ear = self.ear(number)
        noise = Noise(ear, self.air, self.seed)
        waves = [heard(bang, ear, self.air, self.seed) for bang in self.bangs]
        for first in range(0, self.samples, samples):
            block = noise.block(first, min(samples, self.samples - first))
            for wave in waves:
                _add(block, wave, first)
            yield np.clip(block * np.float32(1.0 / FULL_SCALE_PA), -1.0, 1.0)

    def number(self, node: int | str) -> int:
        """Index of a node given by index or id. Raises InputError for another."""
        ids = [n.id for n in self.nodes]
        if isinstance(node, int) and 0 <= node < len(ids):
            return node
        if node in ids:
            return ids.index(str(node))
        raise InputError(f"node is {node!r}; expected one of {', '.join(ids)}")

    def ear(self, number: int) -> Ear:
        """The array as rendering sees it; its clock is a little off."""
        node = self.nodes[number]
        behind_s = (self.start - node.start).total_seconds() + random(self.seed, 8, number).normal(0.0, CLOCK_SIGMA_S)
        return Ear(number, node.microphones + np.array(node.position), RATE_HZ, float(behind_s))

    def session(self) -> dict[str, object]:
        """`session.json` of the scene."""
        return {
            "id": f"scene {self.seed}",
            "version": 1,
            "air": {
                "temperature_c": self.air.temperature_c,
                "wind_east_ms": self.air.wind_east_ms,
                "wind_north_ms": self.air.wind_north_ms,
                "humidity_pct": self.air.humidity_pct,
            },
            "origin": ORIGIN,
            "nodes": [
                {
                    "id": node.id,
                    "position": dict(zip("xyz", node.position, strict=True)),
                    "file": f"{node.id}.wav",
                    "start": _utc(node.start),
                    "microphones": node.microphones.tolist(),
                    "sample_rate_hz": RATE_HZ,
                    "time_sigma_s": CLOCK_SIGMA_S,
                }
                for node in self.nodes
            ],
        }

    def truth(self) -> dict[str, object]:
        """What happened: every discharge under `shots`, every cracker string and slam under `distractors`.

        `time` is that of discharge, seconds since the Unix epoch UTC; `incident` numbers what belongs together;
        `rounds` is how many discharges its incident has, `round` which of them this is; `fire_azimuth_deg` where a gun
        points, clockwise from north.
        """
        return {
            "id": f"scene {self.seed}",
            "shots": [self._told(b) for b in self.bangs if b.kind == "gunshot"],
            "distractors": [self._told(b) for b in self.bangs if b.kind != "gunshot" and b is self.together(b)[0]],
        }

    def together(self, bang: Bang) -> list[Bang]:
        """The bangs of the incident that this one belongs to."""
        return [b for b in self.bangs if b.incident == bang.incident]

    def _told(self, bang: Bang) -> dict[str, object]:
        together = self.together(bang)
        told: dict[str, object] = {
            "time": round(self.start.timestamp() + bang.time_s, 6),
            **dict(zip("xyz", bang.position, strict=True)),
            "kind": bang.kind,
            "incident": bang.incident,
            "rounds": len(together),
        }
        if bang.weapon is not None:
            azimuth = math.degrees(math.atan2(bang.fire[0], bang.fire[1])) % 360.0
            told |= {
                "round": together.index(bang) + 1,
                "weapon": bang.weapon.name,
                "supersonic": bang.weapon.bullet.speed_ms > self.air.speed_ms,
                "fire_azimuth_deg": round(azimuth, 1),
            }
        return told


def scene(
    seed: int = 1,
    seconds: float = 45.0,
    shots: int = 8,
    *,
    strings: int = 2,
    slams: int = 2,
    start: datetime = START,
) -> Scene:
    """Draw a scene: `shots` discharges (from six on, three of every eight or so are a burst), cracker strings, slams.

    Things happen between 4/45 and 38/45 of its length, a shot first. Raises InputError for a length below 2 s or above
    an hour, a negative count, a seed below 0, or a start without time zone.
    """
    if not 2.0 <= seconds <= MOST_S:
        raise InputError(f"seconds is {seconds}; expected a number from 2 to {MOST_S:g}")
    for name, value in (("seed", seed), ("shots", shots), ("strings", strings), ("slams", slams)):
        if value < 0:
            raise InputError(f"{name} is {value}; expected 0 or more")
    if start.tzinfo is None:
        raise InputError(f"start is {start.isoformat()}; expected a time with its zone, best UTC")
    draw = random(seed, 0)
    wind_ms, wind_to = draw.uniform(1.0, 5.0), draw.uniform(0.0, 2.0 * math.pi)
    air = Air(
        temperature_c=round(draw.uniform(4.0, 24.0), 1),
        humidity_pct=round(draw.uniform(40.0, 85.0)),
        wind_east_ms=round(wind_ms * math.sin(wind_to), 1),
        wind_north_ms=round(wind_ms * math.cos(wind_to), 1),
    )
    nodes = _nodes(seed, start)
    return Scene(
        seed=seed,
        seconds=seconds,
        start=start,
        air=air,
        nodes=nodes,
        bangs=_bangs(seed, seconds, shots, strings, slams, nodes),
    )


def write_scene(made: Scene, folder: Path) -> None:
    """Write a scene as a session folder: session.json, one 16-bit WAV a node, truth.json. Overwrites what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for node in made.nodes:
        with soundfile.SoundFile(
            folder / f"{node.id}.wav", "w", samplerate=RATE_HZ, channels=len(node.microphones), subtype="PCM_16"
        ) as file:
            for block in made.blocks(node.id):
                file.write(block.T)
    for name, told in (("session.json", made.session()), ("truth.json", made.truth())):
        (folder / name).write_text(json.dumps(told, indent=1) + "\n")


def _nodes(seed: int, start: datetime) -> tuple[SceneNode, ...]:
    """Arrays on roofs, one in each cell of a grid, none in its middle; streams begin up to 0.2 s after the scene."""
    nodes = []
    for number in range(COLUMNS * ROWS):
        draw = random(seed, 1, number)
        row, column = divmod(number, COLUMNS)
        east_m = SIDE_M * ((column + draw.uniform(0.2, 0.8)) / COLUMNS - 0.5)
        north_m = SIDE_M * ((row + draw.uniform(0.2, 0.8)) / ROWS - 0.5)
        place = (round(east_m, 2), round(north_m, 2), round(draw.uniform(8.0, 25.0), 2))
        later = timedelta(milliseconds=int(draw.integers(0, 200)))
        nodes.append(
            SceneNode(
                id=f"roof-{number + 1}",
                position=place,
                microphones=_tetrahedron(draw.uniform(0, 360)),
                start=start + later,
            )
        )
    return tuple(nodes)


def _tetrahedron(turn_deg: float) -> NDArray[np.float64]:
    """Corners of a regular tetrahedron of side ARM_M about its centre, one up, turned about the vertical."""
    angles = np.radians(turn_deg + np.array([0.0, 120.0, 240.0]))
    flat, low = ARM_M / math.sqrt(3.0), -ARM_M / math.sqrt(24.0)
    base = np.stack([flat * np.cos(angles), flat * np.sin(angles), np.full(3, low)], axis=1)
    return np.round(np.vstack([base, [0.0, 0.0, -3.0 * low]]), 4)


def _bangs(
    seed: int, seconds: float, shots: int, strings: int, slams: int, nodes: tuple[SceneNode, ...]
) -> tuple[Bang, ...]:
    """What happens, in order of time: incidents in an order drawn, a shot first, evenly spread but for a jitter."""
    draw = random(seed, 9)
    bursts = (shots + 2) // 8
    rounds = [1] * (shots - 3 * bursts) + [3] * bursts
    kinds = ["gunshot"] * len(rounds) + ["firecracker"] * strings + ["slam"] * slams
    order = draw.permutation(len(kinds)).tolist()
    order.sort(key=lambda n: n != 0)  # a shot, where there is one, comes first
    first_s, span_s = seconds * FIRST_SHARE, seconds * (LAST_SHARE - FIRST_SHARE)
    bangs: list[Bang] = []
    for slot, n in enumerate(order):
        time_s = first_s + span_s * (slot + (draw.uniform(0.0, 0.35) if slot else 0.0)) / len(order)
        own = random(seed, 10, n)
        if kinds[n] == "gunshot":
            bangs += _shooting(slot, time_s, rounds[n], supersonic=n == 1 % len(rounds), draw=own)
        elif kinds[n] == "firecracker":
            bangs += _string(slot, time_s, own)
        else:
            bangs.append(_slam(slot, time_s, nodes[int(own.integers(len(nodes)))], own))
    return tuple(bangs)


def _shooting(incident: int, time_s: float, rounds: int, supersonic: bool, draw: np.random.Generator) -> list[Bang]:
    """One gun firing `rounds` times from one place, 0.25 to 0.4 s apart."""
    guns = [w for w in blast.WEAPONS if w.bullet.speed_ms > 400.0] if supersonic else list(blast.WEAPONS)
    weapon = guns[int(draw.integers(len(guns)))]
    angle, rise = draw.uniform(0.0, 2.0 * math.pi), draw.uniform(-0.01, 0.04)
    fire = np.array([math.sin(angle), math.cos(angle), rise]) / math.hypot(1.0, rise)
    shot = Bang(
        kind="gunshot",
        incident=incident,
        time_s=time_s,
        position=_somewhere(draw),
        peak_pa=weapon.peak_pa * 10.0 ** (draw.normal(0.0, 1.5) / 20.0),
        positive_s=weapon.positive_s * draw.uniform(0.85, 1.2),
        weapon=weapon,
        fire=(float(fire[0]), float(fire[1]), float(fire[2])),
        flight_m=draw.uniform(80.0, 300.0),
    )
    gaps = np.concatenate([[0.0], draw.uniform(0.25, 0.4, rounds - 1)]).cumsum()
    return [
        replace(shot, time_s=time_s + float(gap), peak_pa=shot.peak_pa * 10.0 ** (draw.normal(0.0, 0.4) / 20.0))
        for gap in gaps
    ]


def _string(incident: int, time_s: float, draw: np.random.Generator) -> list[Bang]:
    """A string of firecrackers, 8 to 16 of them over a second or so, thrown on the ground."""
    east_m, north_m, _ = _somewhere(draw)
    times = time_s + blast.string_times_s(int(draw.integers(8, 17)), 0.03, 0.15, draw)
    positive_s = draw.uniform(0.12e-3, 0.28e-3)
    return [
        Bang(
            kind="firecracker",
            incident=incident,
            time_s=float(at),
            position=(round(east_m + draw.normal(0, 0.2), 2), round(north_m + draw.normal(0, 0.2), 2), 0.1),
            peak_pa=blast.pascals(draw.normal(151.0, 2.0)),
            positive_s=positive_s * draw.uniform(0.85, 1.15),
            decay=1.3,
        )
        for at in times
    ]


def _slam(incident: int, time_s: float, near: SceneNode, draw: np.random.Generator) -> Bang:
    """A door slammed in the street before one of the arrays; few others can hear it."""
    angle, away_m = draw.uniform(0.0, 2.0 * math.pi), draw.uniform(10.0, 25.0)
    return Bang(
        kind="slam",
        incident=incident,
        time_s=time_s,
        position=(
            round(near.position[0] + away_m * math.cos(angle), 2),
            round(near.position[1] + away_m * math.sin(angle), 2),
            1.0,
        ),
        peak_pa=blast.pascals(draw.normal(120.0, 2.0)),
    )


def _somewhere(draw: np.random.Generator) -> tuple[float, float, float]:
    """A place in the streets among the arrays."""
    east_m, north_m = draw.uniform(-0.36 * SIDE_M, 0.36 * SIDE_M, 2)
    return round(float(east_m), 2), round(float(north_m), 2), round(draw.uniform(1.2, 1.8), 2)


def _add(block: NDArray[np.float32], wave: Wave, first: int) -> None:
    """Add what of a wave falls into a block that starts at sample `first`."""
    start, stop = max(wave.first, first), min(wave.first + wave.pressure.shape[1], first + block.shape[1])
    if start < stop:
        block[:, start - first : stop - first] += wave.pressure[:, start - wave.first : stop - wave.first]


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
