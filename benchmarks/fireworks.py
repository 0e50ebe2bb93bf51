"""Fireworks among guns: what the network calls each, beside what its nodes' opinions alone would have it be.

    python -m benchmarks.fireworks [EACH]        (EACH: incidents of a kind; 15 take some ten minutes on two cores)

Method. A street with the scene's twelve arrays, echoes, obstacles and noise (`recordings.scene`) hears, 8 s apart and
in seeded order: single crackers and strings on the ground, single shells that burst 40 to 220 m up and crackle,
batteries (five bursts within 3 s, 20 to 60 m up, from tubes that stand or point 15 m and more apart), and guns:
single shots, bursts of three, ten rounds of automatic fire. Counted are events that at least four nodes heard, by the
verdict of the event. The classifier never saw these seeds; they are as simulated as a part of what it learnt from, so
the figures say what height, rhythm and spread add, not how real fireworks fare.
"""

from __future__ import annotations

import json
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np

from acoustic import blast
from acoustic.classify import Model
from arrays.capture import Block
from arrays.pipeline import Pipeline
from arrays.timebase import Timebase
from localisation.arrivals import Arrival, Shot, Station
from localisation.network import locate
from localisation.verdict import verdict
from recordings import models
from recordings.city import Bang, random
from recordings.cores import cores
from recordings.events import Event, group
from recordings.scene import BLOCK, CLOCK_SIGMA_S, RATE_HZ, Scene, scene

KINDS = ("cracker", "string", "shell", "battery", "shot", "burst", "automatic")
GUNS = ("shot", "burst", "automatic")
EVERY_S, FIRST_S, LASTS_S = 8.0, 3.0, 4.0
LEAST_NODES = 4
SEED = 41


def incident(kind: str, number: int, time_s: float) -> list[Bang]:
    """The bangs of one incident somewhere among the arrays."""
    draw = random(SEED, 20, number)
    east_m, north_m = draw.uniform(-200.0, 200.0, 2).tolist()
    ground = (east_m, north_m, 1.0)
    if kind in GUNS:
        weapon = blast.WEAPONS[int(draw.integers(len(blast.WEAPONS)))]
        angle = draw.uniform(0.0, 2.0 * math.pi)
        gun = Bang(
            kind="gunshot",
            incident=number,
            time_s=time_s,
            position=(east_m, north_m, 1.5),
            peak_pa=weapon.peak_pa * 10.0 ** (draw.normal(0.0, 1.5) / 20.0),
            positive_s=weapon.positive_s * draw.uniform(0.85, 1.2),
            weapon=weapon,
            fire=(math.sin(angle), math.cos(angle), 0.0),
            flight_m=draw.uniform(80.0, 300.0),
        )
        rounds = {"shot": 1, "burst": 3, "automatic": 10}[kind]
        gap_s = draw.uniform(0.25, 0.4) if kind == "burst" else draw.uniform(0.065, 0.11)
        times = np.concatenate([[0.0], np.cumsum(gap_s * (1.0 + draw.normal(0.0, 0.03, rounds - 1)))])
        return [replace(gun, time_s=time_s + float(t)) for t in times]
    if kind in ("cracker", "string"):
        count = 1 if kind == "cracker" else int(draw.integers(8, 17))
        times = blast.string_times_s(count, 0.03, 0.15, draw)
        return [_firework(number, time_s + float(t), ground, 151.0, draw.uniform(0.12e-3, 0.28e-3)) for t in times]
    if kind == "shell":
        high = (east_m, north_m, draw.uniform(40.0, 220.0))
        shell = _firework(number, time_s, high, draw.normal(160.0, 3.0), draw.uniform(1.5e-3, 4e-3))
        crackle = draw.uniform(0.3, 1.0, int(draw.integers(0, 12)))
        small = [_firework(number, time_s + float(t), high, 140.0, 0.2e-3) for t in sorted(crackle)]
        return [shell, *small]
    bangs = []
    for n, at in enumerate(np.sort(draw.uniform(0.0, 3.0, 5))):
        turn = 2.0 * math.pi * n / 5.0
        place = (east_m + 15.0 * math.cos(turn), north_m + 15.0 * math.sin(turn), draw.uniform(20.0, 60.0))
        bangs.append(_firework(number, time_s + float(at), place, draw.normal(155.0, 2.0), draw.uniform(0.5e-3, 2e-3)))
    return bangs


def _firework(
    number: int, time_s: float, place: tuple[float, float, float], level_db: float, positive_s: float
) -> Bang:
    return Bang(
        kind="firecracker",
        incident=number,
        time_s=time_s,
        position=place,
        peak_pa=blast.pascals(level_db),
        positive_s=positive_s,
        decay=1.3,
    )


def street(each: int) -> tuple[Scene, list[str]]:
    """The scene, and the kind of each incident in it."""
    kinds = random(SEED, 21).permutation(np.repeat(KINDS, each)).tolist()
    bangs = [b for n, kind in enumerate(kinds) for b in incident(kind, n, FIRST_S + n * EVERY_S)]
    return replace(scene(SEED), bangs=tuple(bangs), seconds=FIRST_S + len(kinds) * EVERY_S), kinds


def listen(made: Scene, model: Model, number: int) -> list[Arrival]:
    """What one array makes of the street."""
    node = made.nodes[number]
    start_ns = round(node.start.timestamp() * 1e3) * 1_000_000
    base = Timebase(0, start_ns, RATE_HZ, CLOCK_SIGMA_S)
    pipeline = Pipeline(node.id, node.position, node.microphones, RATE_HZ, base, model, made.air)
    heard = [h.arrival for k, b in enumerate(made.blocks(number)) for h in pipeline.push(Block(k * BLOCK, b))]
    return heard + [h.arrival for h in pipeline.flush()]


def opinions_alone(event: Event) -> Event:
    """The event as it would be without what only the network knows of its shots."""
    shots = [replace(s, verdict=verdict(s.arrivals, s.origin)) for s in event.standing]
    return replace(event, shots=tuple(shots))


def nodes_of(shot: Shot) -> int:
    """How many nodes an origin rests on."""
    return len({r.node for r in shot.origin.used})


def measure(each: int = 15) -> dict[str, dict[str, float | int]]:
    """By kind: events of four nodes and more, the share called gunshot with and without cues, and by single nodes."""
    made, kinds = street(each)
    model = Model.from_bytes(models.default())
    with ProcessPoolExecutor(cores()) as pool:
        heard = [a for own in pool.map(partial(listen, made, model), range(len(made.nodes))) for a in own]
    stations = [Station(node=n.id, x=n.position[0], y=n.position[1], z=n.position[2]) for n in made.nodes]
    begin_ns = round(made.start.timestamp() * 1e3) * 1_000_000
    counts: dict[str, dict[str, int]] = {
        kind: dict.fromkeys(("events", "gunshot", "gunshot_by_opinions_alone", "arrivals", "gunshot_by_one_node"), 0)
        for kind in KINDS
    }
    for event in group(locate(heard, made.air, stations)):
        at_s = (event.first.origin.time_ns - begin_ns) * 1e-9 - FIRST_S
        if at_s % EVERY_S > LASTS_S or max(map(nodes_of, event.standing)) < LEAST_NODES:
            continue
        of = counts[kinds[int((at_s + 0.1) // EVERY_S)]]
        of["events"] += 1
        of["gunshot"] += event.label == "gunshot"
        alone = opinions_alone(event)
        of["gunshot_by_opinions_alone"] += alone.best.verdict.label == "gunshot"
        for shot in event.standing:
            for arrival in shot.arrivals:
                told = arrival.probabilities or {}
                of["arrivals"] += 1
                of["gunshot_by_one_node"] += max(told, key=lambda k: told[k]) == "gunshot"
    return {
        kind: {
            "incidents": each,
            "events": c["events"],
            "called_gunshot_pct": round(100.0 * c["gunshot"] / max(c["events"], 1), 1),
            "by_opinions_alone_pct": round(100.0 * c["gunshot_by_opinions_alone"] / max(c["events"], 1), 1),
            "by_one_node_pct": round(100.0 * c["gunshot_by_one_node"] / max(c["arrivals"], 1), 1),
        }
        for kind, c in counts.items()
    }


def run() -> dict[str, object]:
    """One entry of benchmarks/results.json: fireworks that at least four nodes heard and the network calls gunshots."""
    found = measure()
    fireworks = [found[kind] for kind in KINDS if kind not in GUNS]
    events = sum(f["events"] for f in fireworks)
    called = sum(f["called_gunshot_pct"] * f["events"] for f in fireworks) / max(events, 1)
    alone = sum(f["by_opinions_alone_pct"] * f["events"] for f in fireworks) / max(events, 1)
    return {
        "ours": round(called, 1),
        "unit": "% of fireworks' events called gunshots",
        "peer": "the nodes' opinions alone",
        "peer_value": round(alone, 1),
        "ratio": round(called / alone, 3) if alone else None,
        "floor": 0,
        "quality": found,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 15), indent=1))
