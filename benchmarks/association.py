"""Which arrivals are of one shot: a town of 200 nodes, 100 shots a minute, half the picks strangers, echoes besides.

The peer is PyOcto, on the same picks, with the best of several settings. Both also give a place.
"""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import numpy as np

from benchmarks._arrivals import PRIORS, City, Floats, city, heard_of, score, streamed, used
from benchmarks._pyocto import Peer
from benchmarks.timing import seconds
from localisation.arrivals import Shot
from localisation.network import locate
from tests.localisation.simulated import AIR, EPOCH_NS, stations

NODES, PER_MINUTE, MINUTES, SEEDS, ROUNDS = 200, 100.0, 1.0, (1, 2, 3), 3
PEER_S = 30.0  # of the first minute, for the peer and the stream: they are slow
OVERLAPS, APART_M, APART_S, NEAR_M = 100, 80.0, 0.06, 25.0
TRIED: tuple[dict[str, Any], ...] = tuple(
    {"n_picks": n, "n_p_picks": n, "reach_km": reach, "tolerance": tolerance, "min_pick_fraction": share} | match
    for n, reach, tolerance, share, match in (
        (5, 1.1, 0.03, 0.25, {"pick_match_tolerance": 0.04}),
        (5, 1.1, 0.03, 0.5, {"pick_match_tolerance": 0.04}),
        (6, 1.1, 0.02, 0.25, {"pick_match_tolerance": 0.04}),
        (5, 0.8, 0.03, 0.25, {"pick_match_tolerance": 0.025}),
        (6, 0.8, 0.03, 0.25, {"pick_match_tolerance": 0.025}),
    )
)


def run() -> dict[str, object]:
    """Picks a second: ours in one batch, the peer's; the floor predicts each shot's arrivals from its true place."""
    towns = [city(NODES, PER_MINUTE, MINUTES, seed) for seed in SEEDS]
    short = towns[0].until(PEER_S)
    with Peer() as peer:
        best = max((_peer(peer, short, settings) for settings in TRIED), key=lambda r: r["f1"])
        ours_s, peer_s = [], []
        for _ in range(ROUNDS):
            start = time.process_time()
            locate(towns[0].heard, AIR, towns[0].stations)
            ours_s.append(time.process_time() - start)
            peer_s.append(_peer(peer, short, best["settings"])["seconds"])
    (floor_s,) = seconds(lambda: _predicted(towns[0]))
    rate, peer_rate = len(towns[0].heard) / statistics.median(ours_s), len(short.heard) / statistics.median(peer_s)
    found = [used(locate(t.heard, AIR, t.stations)) for t in towns]
    scores = [score(f, t.events) for f, t in zip(found, towns, strict=True)]
    surer = [score(f, t.events, least=4) for f, t in zip(found, towns, strict=True)]
    live_s, live = streamed(short)
    return {
        "ours": round(rate),
        "unit": "picks/s",
        "peer": "PyOcto, 0.34 km/s, P only, best of 5 settings",
        "peer_value": round(peer_rate),
        "ratio": round(rate / peer_rate, 1),
        "floor": round(len(towns[0].heard) / floor_s),
        "quality": {
            "precision": round(float(np.mean([s.precision for s in scores])), 3),
            "recall": round(float(np.mean([s.recall for s in scores])), 3),
            "picks_right": round(float(np.mean([s.picks_right for s in scores])), 3),
            "picks_found": round(float(np.mean([s.picks_found for s in scores])), 3),
            "peer_precision": round(best["precision"], 3),
            "peer_recall": round(best["recall"], 3),
            "recall_heard_by_4": round(float(np.mean([s.recall for s in surer])), 3),
            "streaming_picks_s": round(len(short.heard) / live_s),
            "streaming_same_shots": live == used(locate(short.heard, AIR, short.stations)),
            "overlapping_both_found": overlapping(),
        },
    }


def _peer(peer: Peer, town: City, settings: dict[str, Any]) -> dict[str, Any]:
    picks = [(int(a.node[1:]), (a.time_ns - EPOCH_NS) * 1e-9) for a in town.heard]
    spent, found = peer.associate(town.places.tolist(), picks, settings)
    right = score([frozenset(town.heard[i].id for i in rows) for rows in found], town.events)
    f1 = 2.0 * right.precision * right.recall / max(right.precision + right.recall, 1e-9)
    shares = {"precision": right.precision, "recall": right.recall, "f1": f1}
    return {"seconds": spent, "settings": settings} | shares


def _predicted(town: City) -> Floats:
    """When each station would hear each shot, (E, K) s: what nobody does without who checks a place."""
    fired = np.array([e.place for e in town.events])
    metres = np.sqrt(((town.places - fired[:, None]) ** 2).sum(-1))
    return np.asarray(np.array([e.time for e in town.events])[:, None] + metres / AIR.speed_ms)


def overlapping() -> float:
    """Share of pairs of shots, 60 ms and 80 m apart and heard by 12 stations, of which both are found."""
    both = 0
    for seed in range(OVERLAPS):
        rng = np.random.default_rng([4, seed])
        places = stations(12, seed=seed)
        height = float(np.median(places[:, 2])) - PRIORS.below_m
        turn, (east, north) = float(rng.uniform(0.0, 2.0 * math.pi)), rng.uniform(150.0, 450.0, 2).tolist()
        fired = [
            (np.array([east + sign * math.sin(turn), north + sign * math.cos(turn), height]), 1.0 + late)
            for sign, late in ((-APART_M / 2, 0.0), (APART_M / 2, APART_S))
        ]
        heard = [
            a
            for n, (source, at_s) in enumerate(fired)
            for a in heard_of(f"s{n}", places, np.arange(12), source, at_s, np.full(12, 25.0), rng)
        ]
        shots = locate(heard, AIR)
        both += all(any(_is(shot, source, at_s) for shot in shots) for source, at_s in fired)
    return both / OVERLAPS


def _is(shot: Shot, source: np.ndarray, at_s: float) -> bool:
    off_s = (shot.origin.time_ns - EPOCH_NS) * 1e-9 - at_s
    return math.dist((shot.origin.x, shot.origin.y), source[:2]) < NEAR_M and abs(off_s) < APART_S / 2
