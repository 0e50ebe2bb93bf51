"""Performance: what is counted for and against the network, and that no figure hides what is not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.figures.performance import Alert, Exposure, Figures, Ground, Miss, performance
from recordings.decisions import Outcome

EAST, WEST = Ground(name="east", km2=2.0), Ground(name="west", km2=3.0)
EXPOSURE = Exposure(grounds=(EAST, WEST), days={"2026-01": 31.0, "2026-02": 28.0})
OUTCOMES: tuple[Outcome | None, ...] = ("confirmed", "false", "unconfirmed", "unknown", None)


def alert(outcome: Outcome | None = None, *, month: int = 0, x: float = 1.0, **other: object) -> Alert:
    made = Alert(number=1, time_ms=1000.0 + month, alerted_ms=3000 + month, x=x, y=0.0, outcome=outcome)
    return replace(made, **other)  # type: ignore[arg-type]


def count(alerts: Sequence[Alert], missed: Sequence[Miss] = (), exposure: Exposure = EXPOSURE) -> list[Figures]:
    def month_of(time_ms: float) -> str:
        return "2026-01" if time_ms < 1e6 else "2026-02"

    return performance(alerts, missed, exposure, month_of, lambda x, y: "east" if x > 0 else "west")


def whole(alerts: Sequence[Alert], missed: Sequence[Miss] = ()) -> Figures:
    return count(alerts, missed)[0]


@settings(deadline=None)
@given(st.lists(st.sampled_from(OUTCOMES), max_size=40))
def test_precision_always_says_how_much_is_not_decided(outcomes: list[Outcome | None]) -> None:
    found = whole([alert(o) for o in outcomes])
    p = found.precision
    assert p.decided.of + p.undecided.count == found.alerts == p.undecided.of == sum(found.outcomes.values())
    assert p.decided.count == p.at_least.count == outcomes.count("confirmed")
    if p.decided.value is not None and p.at_least.value is not None:
        assert p.at_least.value <= p.decided.value


def test_half_of_what_is_decided_is_not_half_of_the_alerts() -> None:
    found = whole([alert("confirmed"), alert("false"), *[alert("unknown")] * 6, *[alert(None)] * 2])
    assert found.precision.decided.value == 0.5
    assert found.precision.undecided.value == 0.8
    assert found.precision.at_least.value == 0.1


def test_a_shooting_without_an_alert_counts_against_recall_however_it_became_known() -> None:
    entered = Miss(time_ms=1000.0, x=1.0, y=0.0)
    taken_for_a_firework = alert("confirmed", alerted_ms=None)
    found = whole([*[alert("confirmed")] * 2, taken_for_a_firework, alert("false")], [entered])
    assert (found.missed, found.recall.count, found.recall.of) == (2, 2, 4)
    assert found.alerts == 3, "what raised no alert is none"


def test_false_alerts_are_told_per_square_kilometre_and_day() -> None:
    rows = count([alert("false")] * 3 + [alert("false", x=-1.0)])
    by = {(f.month, f.zone): f.false_alerts for f in rows}
    assert by["", ""].value == pytest.approx(4 / (5.0 * 59.0))
    assert by["2026-01", "east"].value == pytest.approx(3 / (2.0 * 31.0))
    assert by["2026-02", "west"].count == 0
    assert by["2026-02", "west"].high == pytest.approx(3.6889 / (3.0 * 28.0), rel=1e-4)


def test_a_place_more_than_25_m_from_the_finds_is_mislocated() -> None:
    found = whole([alert("confirmed", error_m=e) for e in (3.0, 24.9, 25.1, 80.0)] + [alert("confirmed")])
    assert (found.mislocated.count, found.mislocated.of) == (2, 4)
    assert found.error_m.value == 24.9


def test_latency_hides_no_alert_that_came_late() -> None:
    waits = [alert(alerted_ms=1000 + w) for w in (1000, 2000, 3000)]
    late = alert(alerted_ms=1000 + 7_200_000, late=True)
    found = whole([*waits, late])
    assert (found.latency_s.value, found.latency_95_s.value, found.late) == (2.0, 7200.0, 1)


def test_agreement_is_of_answers_given_blind() -> None:
    found = whole([alert(blind=(True, False)), alert(), alert(alerted_ms=None, blind=(True,))])
    assert (found.agreement.count, found.agreement.of) == (2, 3)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.booleans(), st.booleans()), max_size=30))
def test_months_and_zones_add_up_to_the_whole(made: list[tuple[Outcome | None, bool, bool]]) -> None:
    rows = count([alert(o, month=2_000_000 * m, x=1.0 if e else -1.0) for o, m, e in made])
    assert [(f.month, f.zone) for f in rows] == [
        (m, z) for m in ("", "2026-01", "2026-02") for z in ("", "east", "west")
    ]
    for parts in ((True, True), (True, False), (False, True)):
        some = [f.alerts for f in rows if (bool(f.month), bool(f.zone)) == parts]
        assert sum(some) == rows[0].alerts == len(made)


def test_one_zone_is_told_once() -> None:
    rows = count([alert()], exposure=Exposure(grounds=(EAST,), days={"2026-01": 3.0}))
    assert [(f.month, f.zone) for f in rows] == [("", ""), ("2026-01", "")]
