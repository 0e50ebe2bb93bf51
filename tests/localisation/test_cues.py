"""What only the network knows of a sound: its strength, height, rhythm and spread, and what each says of the class."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from localisation.arrivals import Arrival, Origin, Shot
from localisation.cues import Cue, cues, height, rhythm, spread
from localisation.solve import NOBODY, origin_of
from localisation.verdict import together, verdict
from tests.localisation.simulated import AIR, arrivals, stations

PLACES = stations(8)
SHOT = {"gunshot": 0.6, "shock_wave": 0.02, "firework": 0.3, "other": 0.08}
CRACKER = {"gunshot": 0.3, "shock_wave": 0.02, "firework": 0.6, "other": 0.08}
DOOR = {"gunshot": 0.4, "shock_wave": 0.02, "firework": 0.18, "other": 0.4}


def levelled(sounds: list[Arrival], origin: Origin, at_1_m_db: float) -> list[Arrival]:
    """The sounds as loud as spherical spreading leaves them of a level at 1 m."""
    way = [math.dist((a.x, a.y, a.z), (origin.x, origin.y, origin.z)) for a in sounds]
    return [replace(a, snr_db=at_1_m_db - 20 * math.log10(r)) for a, r in zip(sounds, way, strict=True)]


def one(at_1_m_db: float = 78.0, opinion: dict[str, float] | None = None) -> tuple[list[Arrival], Origin]:
    sounds = [replace(a, probabilities=opinion or SHOT) for a in arrivals(PLACES, (300.0, 300.0), 1.0)]
    origin = origin_of(sounds, AIR)
    return levelled(sounds, origin, at_1_m_db), origin


def codes(told: list[Cue]) -> list[str]:
    return [cue.reason.code for cue in told if cue.reason]


def odds(told: Cue | None, this: str, that: str) -> float:
    assert told is not None
    return told.weights.get(this, 0.0) - told.weights.get(that, 0.0)


def shots(
    times_s: list[float], opinion: dict[str, float], places: list[tuple[float, float]] | None = None
) -> list[Shot]:
    made = []
    for n, at_s in enumerate(times_s):
        source = places[n] if places else (300.0, 300.0)
        sounds = [replace(a, probabilities=opinion) for a in arrivals(PLACES, source, at_s, tag=str(n))]
        origin = origin_of(sounds, AIR)
        what = verdict(sounds, origin)
        made.append(Shot(key=str(n), version=1, origin=origin, verdict=what, arrivals=tuple(sounds)))
    return made


def test_a_sound_too_faint_for_a_gun_at_its_distance_is_more_likely_another_sound() -> None:
    loud, faint = (verdict(*sound, cues(*sound, NOBODY)) for sound in (one(78.0, DOOR), one(50.0, DOOR)))
    assert loud.label == "gunshot"
    assert faint.probabilities["other"] > 2 * faint.probabilities["gunshot"]
    assert "faint for a gunshot at this distance" in [r.text for r in faint.reasons]


def test_a_bullet_s_shock_wave_says_gunshot() -> None:
    heard, origin = one(opinion=CRACKER)
    led = [replace(heard[0], shock_lead_s=0.1), *heard[1:]]
    assert verdict(heard, origin, cues(heard, origin, NOBODY)).label == "firework"
    what = verdict(led, origin, cues(led, origin, NOBODY))
    assert what.label == "gunshot"
    assert "shock_wave_led" in [r.code for r in what.reasons]


def test_nearer_nodes_that_heard_nothing_raise_doubts_and_farther_ones_do_not() -> None:
    heard, origin = one()
    near = np.array([[310.0, 300.0 + 5 * k, 10.0] for k in range(20)])
    far = PLACES + np.array([0.0, 2000.0, 0.0])
    assert "others_deaf" in codes(cues(heard, origin, near))
    assert "others_deaf" not in codes(cues(heard, origin, far))
    sure, doubted = (verdict(heard, origin, cues(heard, origin, silent)) for silent in (NOBODY, near))
    assert doubted.label == sure.label
    assert doubted.probability < sure.probability


def test_levels_that_do_not_fall_with_distance_raise_doubts() -> None:
    heard, origin = one()
    odd = [replace(a, snr_db=10.0 if k % 2 else 50.0) for k, a in enumerate(heard)]
    assert "stray_levels" not in codes(cues(heard, origin, NOBODY))
    assert "stray_levels" in codes(cues(odd, origin, NOBODY))


def test_height_says_firework_or_ground_and_nothing_where_it_is_not_known() -> None:
    assert odds(height(6.0), "firework", "gunshot") > 2.5
    assert odds(height(-6.0), "gunshot", "firework") > 0.5
    assert odds(height(0.0), "firework", "gunshot") == pytest.approx(0.0, abs=1e-9)
    heard, origin = one()
    assert not {"aloft", "at_ground"} & set(codes(cues(heard, origin, NOBODY, math.nan)))


@pytest.mark.parametrize("rate_hz", [8.0, 11.0, 15.0])
def test_even_rounds_are_an_automatic_gun_s(rate_hz: float) -> None:
    jitter = np.random.default_rng(1).normal(0, 0.02 / rate_hz, 10)
    assert odds(rhythm(np.arange(10) / rate_hz + jitter), "gunshot", "firework") > 1.5


def test_even_rounds_with_some_missing_are_still_even() -> None:
    times = np.delete(np.arange(14) / 11.0, [3, 4, 9])
    assert odds(rhythm(times), "gunshot", "firework") > 1.5


def test_bangs_at_uneven_intervals_are_a_string_s() -> None:
    even = [rhythm(np.cumsum(np.random.default_rng(n).uniform(0.015, 0.12, 12))) for n in range(40)]
    assert np.median([odds(cue, "firework", "gunshot") for cue in even]) > 1.5
    assert np.mean([odds(cue, "gunshot", "firework") > 0.5 for cue in even]) <= 0.05


@pytest.mark.parametrize("times", [[0.0], [0.0, 0.1, 0.2], [0.0, 0.5, 0.9, 1.6, 2.0, 2.7]])
def test_few_or_slow_rounds_have_no_rhythm(times: list[float]) -> None:
    assert rhythm(times) is None


def test_rounds_at_one_instant_have_no_rhythm() -> None:
    assert rhythm([1.0] * 6) is None


@given(st.lists(st.floats(0.0, 5.0), min_size=0, max_size=40))
def test_any_instants_have_finite_weights(times: list[float]) -> None:
    cue = rhythm(sorted(times))
    assert cue is None or all(math.isfinite(w) and abs(w) < 4 for w in cue.weights.values())


def test_one_source_s_bangs_are_one_place_and_a_battery_s_are_many() -> None:
    same = shots([0.0, 0.7, 1.6, 2.4], CRACKER)
    apart = shots([0.0, 0.7, 1.6, 2.4], CRACKER, [(200.0, 200.0), (280.0, 200.0), (200.0, 280.0), (280.0, 280.0)])
    assert spread([s.origin for s in same]) is None
    cue = spread([s.origin for s in apart])
    assert odds(cue, "firework", "gunshot") > 1.0
    assert cue is not None
    assert cue.reason is not None
    assert cue.reason.values == {"places": 4}


def test_an_event_of_uneven_bangs_is_fireworks_though_each_alone_may_be_a_shot() -> None:
    times = [float(t) for t in np.cumsum(np.random.default_rng(3).uniform(0.02, 0.15, 8))]
    unsure = {"gunshot": 0.5, "shock_wave": 0.02, "firework": 0.4, "other": 0.08}
    assert shots(times[:1], unsure)[0].verdict.label == "gunshot"
    what = together(shots(times, unsure))
    assert what.label == "firework"
    assert "uneven_rounds" in [r.code for r in what.reasons]


def test_an_event_of_even_bangs_is_a_gun_s() -> None:
    what = together(shots([0.09 * k for k in range(8)], CRACKER | {"gunshot": 0.4, "firework": 0.5}))
    assert what.label == "gunshot"
    assert "even_rounds" in [r.code for r in what.reasons]


def test_an_event_of_one_shot_is_that_shot_s() -> None:
    alone = shots([0.0], SHOT)
    assert together(alone) == alone[0].verdict
