"""What the page shows of an event and a node."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from dispatch.api.render import render_detail, render_event, render_node
from dispatch.nodes import NodeStatus
from dispatch.settings import Origin
from dispatch.store.events import EventRecord, Version
from dispatch.store.nodes import NodeRecord
from dispatch.town.places import Frame
from localisation.arrivals import Arrival, Place, Residual, Shot
from recordings.events import event
from tests.dispatch.wire import health
from tests.recordings.test_events import shot

FRAME = Frame(origin=Origin(lat=44.84, lon=-0.58))


def record(*shots: Shot, recorded_after_s: float = 1.0) -> EventRecord:
    versions = [
        Version(
            key=s.key,
            version=s.version,
            time_ns=s.origin.time_ns,
            event="E",
            recorded_ms=round(s.origin.time_ns / 1e6 + recorded_after_s * 1e3),
            data=msgspec.json.encode(s).decode(),
        )
        for s in shots
    ]
    latest = {s.key: s for s in shots}
    return EventRecord(event=event("E", latest.values()), number=7, versions=tuple(versions))


def heard(one: Shot, *nodes: str, refused: str = "") -> Shot:
    residuals = [Residual(arrival=f"{n}:1", node=n, residual_s=0.002, refused=refused) for n in nodes]
    return replace(one, origin=replace(one.origin, residuals=tuple(residuals)))


def test_a_burst_counts_its_standing_shots_and_shows_the_first_time() -> None:
    burst = render_event(record(shot("b", 1.0), shot("a", 0.0), shot("c", -1.0, label="withdrawn")), FRAME)
    assert (burst.count, burst.label, burst.number) == (2, "gunshot", 7)
    assert burst.time_ms == shot("a").origin.time_ns / 1e6
    assert [s.key for s in burst.shots] == ["c", "a", "b"]


def test_an_event_without_a_standing_shot_is_withdrawn() -> None:
    gone = render_event(record(shot("a"), shot("a", label="withdrawn", version=2)), FRAME)
    assert (gone.label, gone.count) == ("withdrawn", 0)


def test_an_event_recorded_long_after_the_shot_is_late() -> None:
    assert not render_event(record(shot("a"), recorded_after_s=5.0), FRAME).late
    assert render_event(record(shot("a"), recorded_after_s=60.0), FRAME).late


def test_doubt_is_shown() -> None:
    one = shot("a")
    doubtful = replace(one, origin=replace(one.origin, ambiguous=True, also=(Place(x=9.0, y=8.0),)))
    shown = render_event(record(doubtful), FRAME)
    assert shown.ambiguous
    assert [(p.x, p.y) for p in shown.also] == [(9.0, 8.0)]
    assert shown.ellipse.level == 0.9


def test_without_an_origin_there_are_no_degrees() -> None:
    shown = render_event(record(shot("a")), Frame())
    assert (shown.lat, shown.lon) == (None, None)


def test_the_detail_tells_versions_and_residuals() -> None:
    first, second = heard(shot("a"), "n1", "n2", "n3"), heard(shot("a", version=2), "n1", "n2", "n3", "n4")
    kept = {
        f"n{i}:1": Arrival(
            id=f"n{i}:1", node=f"n{i}", x=0.0, y=0.0, z=0.0, time_ns=10**18, probabilities={"other": 1.0}
        )
        for i in range(1, 5)
    }
    detail = render_detail(record(first, second), FRAME, kept)
    assert [(v.version, v.used, v.preferred) for v in detail.versions] == [(1, 3, False), (2, 4, True)]
    assert [a.node for a in detail.arrivals] == ["n1", "n2", "n3", "n4"]
    assert {a.residual_ms for a in detail.arrivals} == {2.0}
    assert detail.nodes == 4
    far = render_detail(record(heard(shot("a"), "n1", refused="late")), FRAME, kept)
    assert (far.nodes, [a.refused for a in far.arrivals]) == (0, ["late"])


def test_a_node_that_never_reported_has_no_figures() -> None:
    fresh = NodeStatus(record=NodeRecord(id="n", public_key=b"", x=1.0, y=2.0, z=3.0))
    shown = render_node(fresh, "new", FRAME, exact=True)
    assert (shown.last_report_ms, shown.noise_db, shown.outbox, shown.reasons) == (None, None, None, [])
    known = render_node(replace(fresh, heard_ns=5_000_000, health=health("degraded")), "degraded", FRAME, exact=True)
    assert (known.last_report_ms, known.state, known.interval_s) == (5, "degraded", 3.0)
