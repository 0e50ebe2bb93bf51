"""Located shots beside the true ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.demo.truth import Fired, Located, outcome, pairs


def fired(time_s: float, x: float = 0.0, label: str = "gunshot") -> Fired:
    return Fired(label=label, time_ms=time_s * 1e3, x=x, y=0.0)


def located(key: str, time_s: float, x: float = 0.0, label: str = "gunshot") -> Located:
    return Located(
        key=key, label=label, probability=0.9, time_ms=time_s * 1e3, x=x, y=0.0, seen_ms=time_s * 1e3 + 1500.0
    )


@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=8), st.randoms(), st.floats(-9.0, 9.0))
def test_every_shot_found_nearby_is_a_good_scene_in_any_order(
    times: list[float], shuffle: random.Random, error_m: float
) -> None:
    true = [fired(t, 40.0 * n) for n, t in enumerate(times)]
    found = [located(str(n), t, 40.0 * n + error_m) for n, t in enumerate(times)]
    shuffle.shuffle(found)
    result = outcome(true, {one.key: one for one in found}, 15.0)
    assert result.good
    assert [p.error_m for p in result.pairs] == pytest.approx([abs(error_m)] * len(times))
    assert [p.latency_s for p in result.pairs] == pytest.approx([1.5] * len(times))


def test_one_located_shot_does_not_answer_for_two() -> None:
    result = outcome([fired(1.0), fired(1.3)], {"a": located("a", 1.1)}, 15.0)
    assert len(result.missed) == 1
    assert not result.good


def test_a_distractor_taken_for_a_shot_is_false() -> None:
    result = outcome([fired(1.0, label="firework")], {"a": located("a", 1.0)}, 15.0)
    assert [p.located.key for p in result.false] == ["a"]
    assert outcome([fired(1.0, label="firework")], {"a": located("a", 1.0, label="firework")}, 15.0).good


def test_a_shot_out_of_bounds_is_missed_and_false() -> None:
    result = outcome([fired(1.0)], {"a": located("a", 1.0, 20.0)}, 15.0)
    assert (len(result.missed), len(result.false)) == (1, 1)


def test_a_shot_taken_for_another_class_is_missed() -> None:
    assert len(outcome([fired(1.0)], {"a": located("a", 1.0, label="firework")}, 15.0).missed) == 1


def test_a_shot_from_nowhere_has_no_pair() -> None:
    (pair,) = pairs([fired(1.0)], [located("a", 9.0)])
    assert pair.fired is None
    assert pair.error_m == float("inf")
