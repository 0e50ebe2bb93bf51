"""False alarms over time: a city without a gun, heard by twelve nodes; per node and day, with an interval.

    python -m benchmarks.false_alarms [train|evaluate] [RECORDINGS]      (RECORDINGS: only so many; all take 8 minutes)

Method. Every labelled clip of `shared/impulses` that is no gunshot (and no edited sample of one, and no artillery) is
played once, in seeded order, from a random place of the scene's town, its peak between 80 and 110 dB re 20 µPa at 10 m;
to each node it comes late by its distance and as much weaker, without echoes, over the scene's own street noise. That
is the longest honest city that the data allow: no clip is repeated, stretched or mixed anew to make more minutes. Clips
are faded at both ends and 3.5 s apart, so that what a node hears is known to be one clip's (or the street's behind it).
One microphone a node, so no bearing rejects anything; the model that is shipped. Counted are impulses, arrivals whose
likeliest class is a gunshot, and located events, of any class and those whose verdict is a gunshot.

Rates are per node and per day *of such sound without pause*: barks, drills, children, one after the other. A street is
quieter; what share of its day sounds like that, nobody here knows. The interval (5 to 95 %) is a bootstrap over
recordings, not clips: a hundred barks of one dog are one dog. `train` is for tuning, `evaluate` for reports (its
licence is non-commercial, and no threshold may come from it).
"""

from __future__ import annotations

import csv
import json
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acoustic.blast import pascals
from acoustic.classify import Model
from arrays.capture import Block
from arrays.pipeline import Pipeline
from arrays.timebase import Timebase
from localisation.arrivals import Arrival, Station
from localisation.network import locate
from recordings import models
from recordings.city import Ear, Noise
from recordings.scene import FULL_SCALE_PA, RATE_HZ, SceneNode, scene
from recordings.sounds import read_sound

SHARED = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
GUNS = {"gunshot", "gunshot_sfx", "artillery"}
SEED = 7
PAUSE_S, FADE_S, AT_M = 3.5, 0.03, 10.0
LEVELS_DB = (80.0, 110.0)
TOWN_M = 350.0  # half its side
DAY_S, NS = 86_400.0, 1_000_000_000
DRAWS = 2_000
KINDS = ("impulses", "shot_calls", "located", "located_shots")


@dataclass(frozen=True, slots=True)
class Played:
    """A clip in the town: recording it comes from, samples in pascals at 10 m, when it begins (s), where (m)."""

    recording: str
    sound: NDArray[np.float32]
    start_s: float
    place: tuple[float, float, float]


def town(part: str, recordings: int | None) -> list[Played]:
    """The clips of a part, in seeded order."""
    import soxr

    with (SHARED / "impulses" / "manifest.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["path"].startswith(part) and r["class"] not in GUNS]
    draw = np.random.default_rng(SEED)
    some = sorted({r["group"] for r in rows})
    wanted = set(draw.permutation(some)[:recordings].tolist())
    rows = [r for r in rows if r["group"] in wanted]
    played, at_s = [], PAUSE_S
    for number in draw.permutation(len(rows)).tolist():
        row = rows[number]
        read = read_sound(SHARED / "impulses" / row["path"])
        sound = np.asarray(soxr.resample(read.samples[0].astype(np.float32), read.rate_hz, RATE_HZ), np.float32)
        fade = np.minimum(np.arange(len(sound)) / (FADE_S * RATE_HZ), 1.0)
        peak_pa = pascals(draw.uniform(*LEVELS_DB)) * math.sqrt(2.0)
        sound = sound * (fade * fade[::-1] * peak_pa / max(float(np.abs(sound).max()), 1e-6)).astype(np.float32)
        east, north = draw.uniform(-TOWN_M, TOWN_M, 2).tolist()
        played.append(Played(row["group"], sound, at_s, (east, north, 1.5)))
        at_s += len(sound) / RATE_HZ + PAUSE_S
    return played


def listen(node: SceneNode, number: int, played: Sequence[Played], model: Model) -> list[Arrival]:
    """What one node makes of the town."""
    air = scene(SEED).air
    microphone = np.zeros((1, 3))
    noise = Noise(Ear(number, microphone + np.array(node.position), float(RATE_HZ)), air, SEED)
    pipeline = Pipeline(node.id, node.position, microphone, RATE_HZ, Timebase(0, 0, RATE_HZ, 1e-5), model, air)
    arrivals, at = [], 0
    for index, clip in enumerate(played):
        away_m = math.dist(clip.place, node.position)
        first = round((clip.start_s + away_m / air.speed_ms) * RATE_HZ)
        last = index + 1 == len(played)
        end = first + len(clip.sound) + (2 * RATE_HZ if last else 0)
        block = noise.block(at, end - at)
        block[0, first - at : first - at + len(clip.sound)] += clip.sound * np.float32(AT_M / max(away_m, AT_M))
        heard = pipeline.push(Block(at, np.clip(block / np.float32(FULL_SCALE_PA), -1.0, 1.0)))
        arrivals += [h.arrival for h in heard]
        at = end
    return arrivals + [h.arrival for h in pipeline.flush()]


def rates(counts: NDArray[np.float64], seconds: NDArray[np.float64]) -> list[float]:
    """Per day: the rate, and the 5th and 95th percentile over recordings drawn with replacement."""
    drawn = np.random.default_rng(SEED).integers(0, len(counts), (DRAWS, len(counts)))
    of = DAY_S * counts[drawn].sum(axis=1) / seconds[drawn].sum(axis=1)
    return [round(float(x), 2) for x in (DAY_S * counts.sum() / seconds.sum(), *np.percentile(of, [5, 95]))]


def count(part: str, recordings: int | None = None) -> dict[str, object]:
    """Everything that this file measures, of one part of the sounds."""
    played, model, made = town(part, recordings), Model.from_bytes(models.default()), scene(SEED)
    groups = sorted({p.recording for p in played})
    row = {g: k for k, g in enumerate(groups)}
    starts = np.array([p.start_s for p in played])
    seconds, counts = np.zeros(len(groups)), {kind: np.zeros(len(groups)) for kind in KINDS}
    for clip in played:
        seconds[row[clip.recording]] += len(clip.sound) / RATE_HZ
    everything = []
    for number, node in enumerate(made.nodes):
        late_s = np.array([math.dist(p.place, node.position) for p in played]) / made.air.speed_ms
        arrivals = listen(node, number, played, model)
        everything += arrivals
        for arrival in arrivals:
            whose = int(np.searchsorted(starts + late_s, arrival.time_ns / NS + 0.01, side="right")) - 1
            where = row[played[max(whose, 0)].recording]
            counts["impulses"][where] += 1
            opinion = arrival.probabilities or {}
            counts["shot_calls"][where] += bool(opinion) and max(opinion, key=lambda k: opinion[k]) == "gunshot"
    stations = [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in made.nodes]
    for shot in locate(everything, made.air, stations):
        whose = int(np.searchsorted(starts, shot.origin.time_ns / NS + 0.05, side="right")) - 1
        where = row[played[max(whose, 0)].recording]
        counts["located"][where] += 1
        counts["located_shots"][where] += shot.verdict.label == "gunshot"
    nodes = len(made.nodes)
    return {
        "part": part,
        "unique_minutes": round(float(seconds.sum()) / 60, 1),
        "recordings": len(groups),
        "nodes": nodes,
        "model": model.digest,
        **{f"{kind}_counted": int(counts[kind].sum()) for kind in KINDS},
        **{f"{kind}_per_node_day": rates(counts[kind] / nodes, seconds) for kind in KINDS},
    }


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json: located false shots per node and day of city sound without pause."""
    found = count("evaluate")
    shots = found["located_shots_per_node_day"]
    return {
        "ours": shots[0] if isinstance(shots, list) else None,
        "unit": "located false shots per node and day of such sound",
        "peer": "none that can be run on the same sounds",
        "peer_value": None,
        "ratio": None,
        "floor": 0,
        "quality": found,
    }


if __name__ == "__main__":
    print(
        json.dumps(
            count(sys.argv[1] if sys.argv[1:] else "train", int(sys.argv[2]) if sys.argv[2:] else None), indent=1
        )
    )
