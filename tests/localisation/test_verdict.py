"""The network's verdict: nodes that agree are believed more, and the reasons say why."""

from __future__ import annotations

from dataclasses import replace

from localisation.arrivals import Arrival, Origin
from localisation.solve import origin_of
from localisation.verdict import verdict
from tests.localisation.simulated import AIR, arrivals, stations

PLACES = stations(6)
SHOT = {"gunshot": 0.8, "shock_wave": 0.02, "firework": 0.1, "other": 0.08}
FIREWORK = {"gunshot": 0.2, "shock_wave": 0.0, "firework": 0.7, "other": 0.1}


def heard(*opinions: dict[str, float] | None) -> tuple[list[Arrival], Origin]:
    sounds = arrivals(PLACES, (300.0, 300.0), 1.0)[: len(opinions)]
    told = [replace(a, probabilities=o) for a, o in zip(sounds, opinions, strict=True)]
    return told, origin_of(told, AIR)


def test_nodes_that_agree_are_believed_more_than_one() -> None:
    what = verdict(*heard(*[SHOT] * 6))
    assert what.label == "gunshot"
    assert 0.8 < what.probability < 1.0
    assert what.reasons[0].text == "6 of 6 nodes say gunshot"
    assert abs(sum(what.probabilities.values()) - 1) < 1e-9


def test_nodes_that_disagree_make_an_unsure_verdict() -> None:
    what = verdict(*heard(SHOT, FIREWORK, SHOT, FIREWORK))
    assert what.probability < 0.8


def test_without_opinions_the_class_is_unknown() -> None:
    what = verdict(*heard(None, None, None, None))
    assert (what.label, what.probability, dict(what.probabilities)) == ("unknown", 0.0, {})


def test_three_nodes_say_that_nothing_checks_the_place() -> None:
    what = verdict(*heard(SHOT, SHOT, SHOT))
    assert [r.code for r in what.reasons] == ["nodes_agree", "no_redundancy"]


def test_one_certain_node_does_not_outvote_the_rest() -> None:
    certain = {"gunshot": 0.0, "shock_wave": 0.0, "firework": 1.0, "other": 0.0}
    assert verdict(*heard(certain, *[SHOT] * 5)).label == "gunshot"
