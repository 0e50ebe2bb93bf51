"""Shots to events: bursts are found whatever the order, and what was shown keeps its identity."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from localisation.arrivals import Ellipse, Origin, Shot, Verdict
from recordings.events import Event, assign, event, group, new_id


def shot(
    key: str,
    time_s: float = 0.0,
    x: float = 0.0,
    y: float = 0.0,
    *,
    label: str = "gunshot",
    version: int = 1,
    semi_major_m: float = 5.0,
    probability: float = 0.9,
) -> Shot:
    origin = Origin(
        x=x,
        y=y,
        z=0.0,
        time_ns=1_700_000_000_000_000_000 + round(time_s * 1e9),
        time_sigma_s=1e-3,
        ellipse=Ellipse(semi_major_m=semi_major_m, semi_minor_m=3.0, azimuth_deg=0.0),
        ambiguous=False,
        also=(),
        residuals=(),
        solver="test",
    )
    verdict = Verdict(label=label, probability=probability, probabilities={label: probability})
    return Shot(key=key, version=version, origin=origin, verdict=verdict, arrivals=())


def members(shots: list[Shot]) -> set[frozenset[str]]:
    return {frozenset(s.key for s in e.shots) for e in group(shots)}


@given(
    st.lists(st.lists(st.floats(0.1, 3.0), min_size=1, max_size=6), min_size=1, max_size=4), st.randoms(), st.booleans()
)
def test_bursts_far_apart_are_found_whatever_the_order(
    bursts: list[list[float]], shuffle: random.Random, in_time: bool
) -> None:
    shots, expected = [], set()
    for number, pauses in enumerate(bursts):
        times = [sum(pauses[:n]) for n in range(len(pauses))]
        east = 0.0 if in_time else 400.0 * number
        late = 60.0 * number if in_time else 0.0
        burst = [shot(f"{number}-{n}", late + t, east) for n, t in enumerate(times)]
        shots += burst
        expected.add(frozenset(s.key for s in burst))
    shuffle.shuffle(shots)
    assert members(shots) == expected


@given(st.lists(st.floats(0.1, 4.9), min_size=30, max_size=90), st.randoms())
@example([4.0] * 40, random.Random(1))  # noqa: S311 — a shot at the very end of a minute
def test_what_goes_on_and_on_is_told_anew_each_minute(pauses: list[float], shuffle: random.Random) -> None:
    times = list(accumulate(pauses))
    events = group([shot(f"{n:02}", time) for n, time in enumerate(times)])
    spans = [[s.origin.time_ns for s in e.shots] for e in events]
    assert all(span[-1] - span[0] <= 60e9 for span in spans)
    assert all(after[0] - before[0] > 60e9 for before, after in pairwise(spans)), "as long as it may be"
    known: list[Event] = []
    for one in shuffle.sample([shot(f"{n:02}", time) for n, time in enumerate(times)], len(times)):
        identity = assign(one, known)
        joined = next((e.shots for e in known if e.id == identity), ())
        known = [*(e for e in known if e.id != identity), event(identity, [*joined, one])]
    assert all(e.shots[-1].origin.time_ns - e.shots[0].origin.time_ns <= 60e9 for e in known), "in whatever order"


def test_a_better_time_does_not_push_a_shot_out_of_a_minute_that_was_told() -> None:
    long = event("E", [shot(str(n), 4.0 * n) for n in range(16)])
    assert assign(shot("15", 60.4, version=2), [long]) == "E"
    assert assign(shot("16", 60.4), [long]) != "E"


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0, 1e6))
def test_grouping_does_not_depend_on_where_and_when_the_site_is(dx: float, dy: float, dt: float) -> None:
    places = [(0.0, 0.0, 0.0), (1.0, 20.0, 0.0), (2.0, 300.0, 0.0), (9.0, 0.0, 10.0)]
    here = [shot(str(n), t, x, y) for n, (t, x, y) in enumerate(places)]
    there = [shot(str(n), t + dt, x + dx, y + dy) for n, (t, x, y) in enumerate(places)]
    assert members(here) == members(there) == {frozenset("01"), frozenset("2"), frozenset("3")}


def test_a_large_ellipse_reaches_further_than_a_small_one() -> None:
    first = shot("a")
    assert len(group([first, shot("b", 1.0, 90.0)])) == 2
    assert len(group([first, shot("b", 1.0, 90.0, semi_major_m=60.0)])) == 1


def test_a_better_version_stays_in_its_event() -> None:
    burst = event("E", [shot("a"), shot("b", 1.0, 10.0)])
    near = event("F", [shot("c", 1.0, 40.0)])
    assert assign(shot("b", 1.0, 20.0, version=2), [burst, near]) == "E"


def test_a_version_that_no_longer_fits_leaves_for_the_event_it_fits() -> None:
    burst = event("E", [shot("a"), shot("b", 1.0, 10.0)])
    other = event("F", [shot("c", 1.0, 400.0)])
    assert assign(shot("b", 1.0, 390.0, version=2), [burst, other]) == "F"
    assert assign(shot("b", 1.0, 900.0, version=2), [burst, other]) == new_id(shot("b"))


def test_a_shot_alone_keeps_its_event_wherever_it_moves() -> None:
    alone = event("E", [shot("a")])
    assert assign(shot("a", 0.0, 5000.0, version=2), [alone]) == "E"


def test_the_shot_that_opened_an_event_and_leaves_it_opens_another() -> None:
    opened = new_id(shot("a"))
    burst = event(opened, [shot("a"), shot("b", 1.0)])
    assert assign(shot("a", 0.0, 900.0, version=2), [burst]) not in (opened, new_id(shot("b")))


def test_a_withdrawn_shot_stays_where_it_was_and_draws_nobody() -> None:
    gone = event("E", [shot("a", label="withdrawn", version=2)])
    assert assign(shot("a", label="withdrawn", version=3), [gone]) == "E"
    assert assign(shot("b", 0.5), [gone]) != "E"
    assert gone.label == "withdrawn"
    assert gone.standing == ()


def test_an_event_shows_its_likeliest_class_best_place_and_first_shot() -> None:
    shots = [
        shot("c", 2.0, label="firework", probability=0.99, semi_major_m=1.0),
        shot("b", 1.0, semi_major_m=4.0, probability=0.6),
        shot("a", 0.0, semi_major_m=9.0, probability=0.7),
        shot("d", -1.0, label="withdrawn", semi_major_m=0.5),
    ]
    burst = event("E", shots)
    assert burst.label == "gunshot"
    assert burst.best.key == "b"
    assert burst.first.key == "a"
    assert len(burst.standing) == 3
