"""The network: shots from streams of arrivals, however they come in."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from acoustic.errors import InputError
from benchmarks._arrivals import city, streamed, used
from localisation.arrivals import Arrival, Shot
from localisation.network import Network, locate
from localisation.verdict import WITHDRAWN
from tests.localisation.simulated import AIR, arrivals, stations

PLACES = stations(9, seed=4)
ONE, OTHER = (210.0, 380.0), (420.0, 150.0)


def noisy(source: tuple[float, float], at_s: float, seed: int = 0, tag: str = "") -> list[Arrival]:
    late = np.random.default_rng(seed).normal(0, 3e-3, len(PLACES))
    return arrivals(PLACES, source, at_s, late, tag)


def strangers(count: int, seed: int, until_s: float = 8.0) -> list[Arrival]:
    rng = np.random.default_rng(seed)
    template = arrivals(PLACES, ONE, 0.0)
    out = []
    for n in range(count):
        a = template[rng.integers(len(template))]
        at_ns = a.time_ns + round(float(rng.uniform(-1, until_s)) * 1e9)
        out.append(replace(a, id=f"{a.node}:stranger{n}", time_ns=at_ns, snr_db=float(rng.uniform(4, 11))))
    return out


def near(shots: list[Shot], place: tuple[float, float], metres: float = 10.0) -> list[Shot]:
    return [s for s in shots if math.dist((s.origin.x, s.origin.y), place) < metres]


def values(shots: list[Shot]) -> list[tuple[int, float, float, frozenset[str]]]:
    return [(s.origin.time_ns, s.origin.x, s.origin.y, frozenset(a.id for a in s.arrivals)) for s in shots]


def test_one_shot_among_strangers_is_found_alone() -> None:
    shots = locate([*noisy(ONE, 2.0), *strangers(20, 1)], AIR)
    assert len(shots) == 1
    assert near(shots, ONE)
    assert shots[0].version >= 1


def test_two_shooters_at_once_are_two_shots() -> None:
    shots = locate([*noisy(ONE, 2.0, 1), *noisy(OTHER, 2.06, 2)], AIR)
    assert len(shots) == 2
    assert near(shots, ONE)
    assert near(shots, OTHER)


def test_a_burst_is_as_many_shots_as_rounds() -> None:
    late = np.random.default_rng(3).normal(0, 5e-3, len(PLACES))
    rounds = [a for i in range(3) for a in arrivals(PLACES, ONE, 2.0 + 0.31 * i, late)]
    shots = locate(rounds, AIR)
    assert len(near(shots, ONE)) == len(shots) == 3
    gaps = np.diff([s.origin.time_ns for s in shots]) * 1e-9
    assert gaps == pytest.approx([0.31, 0.31], abs=2e-3)


@pytest.mark.parametrize("chunk", [1, 4, 17])
def test_streaming_ends_where_the_batch_does(chunk: int) -> None:
    heard = [*noisy(ONE, 2.0), *noisy(OTHER, 3.1, 5), *noisy(ONE, 12.0, 6), *strangers(15, 2)]
    heard.sort(key=lambda a: (a.time_ns, a.id))
    network = Network(AIR)
    for i in range(0, len(heard), chunk):
        network.feed(heard[i : i + chunk])
    network.flush()
    assert values(network.shots()) == values(locate(heard, AIR))


def test_a_first_origin_comes_before_the_last_arrival_and_versions_count_up() -> None:
    heard = sorted(noisy(ONE, 2.0), key=lambda a: a.time_ns)
    network, published = Network(AIR), []
    for a in heard:
        published += network.feed([a])
    published += network.flush()
    assert len({s.key for s in published}) == 1
    assert [s.version for s in published] == list(range(1, len(published) + 1))
    assert len(published[0].arrivals) < len(heard)
    assert published[-1].origin.ellipse.semi_major_m < published[0].origin.ellipse.semi_major_m


def test_the_same_arrivals_again_change_nothing() -> None:
    network = Network(AIR)
    network.feed(noisy(ONE, 2.0))
    assert network.feed(noisy(ONE, 2.0)) == []


def test_after_a_restart_nothing_is_published_twice() -> None:
    heard = sorted(noisy(ONE, 2.0), key=lambda a: a.time_ns)
    before = Network(AIR)
    before.feed(heard)
    before.flush()
    after = Network(AIR)
    after.resume(before.shots())
    assert after.feed(heard) == []
    assert after.flush() == []
    assert after.shots() == before.shots()


def test_what_is_forgotten_in_the_midst_of_a_shot_does_not_make_it_anew() -> None:
    heard = sorted(noisy(ONE, 2.0), key=lambda a: a.time_ns)
    late, early = heard[-1], heard[:-1]
    for first in range(1, len(early)):
        network = Network(AIR)
        (shot,) = [s for s in network.feed(early) + network.flush() if s.version == 1]
        network.forget_before(early[first].time_ns)
        assert network.flush() == []
        assert {s.key for s in network.feed([late])} == {shot.key}  # a late one still improves it


def test_a_shot_interrupted_by_a_restart_goes_on_under_its_key() -> None:
    heard = sorted(noisy(ONE, 2.0), key=lambda a: a.time_ns)
    before = Network(AIR)
    (first,) = before.feed(heard[:6])
    after = Network(AIR)
    after.resume([first])
    again = after.feed(heard)
    assert [s.key for s in again] == [first.key]
    assert again[0].version == first.version + 1


def test_what_later_arrivals_explain_otherwise_is_withdrawn_not_left_standing() -> None:
    network = Network(AIR)
    heard = sorted([*noisy(ONE, 2.0), *noisy(OTHER, 2.4, 2), *strangers(60, 9, 2.0)], key=lambda a: a.time_ns)
    published = [s for a in heard for s in network.feed([a])] + network.flush()
    standing = {s.key for s in network.shots()}
    last = {s.key: s for s in published}
    assert {k for k, s in last.items() if s.verdict.label != WITHDRAWN} == standing


def test_two_nodes_without_bearings_never_make_a_shot() -> None:
    assert locate(noisy(ONE, 2.0)[:2], AIR) == []


def test_a_node_in_two_places_is_refused() -> None:
    heard = noisy(ONE, 2.0)
    with pytest.raises(InputError, match="node n0 is at two places 500 m apart; expected one"):
        locate([*heard, replace(heard[0], id="n0:again", y=heard[0].y + 500)], AIR)


def test_a_town_that_is_never_silent_ends_as_the_batch_does() -> None:
    town = city(60, 100.0, 0.75, seed=3)
    _, live = streamed(town)
    batch = used(locate(town.heard, AIR, town.stations))
    assert len(batch) > 15
    assert live == batch
