"""`tocsin centre replay`: what was reported, located anew from the store."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from acoustic.air import Air
from acoustic.errors import InputError
from dispatch.commands.replay import replay
from dispatch.store import Store
from dispatch.store.events import add_shots
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.store.reports import Received, add_reports
from localisation.arrivals import Arrival, Station
from localisation.network import locate
from recordings.relocation import relocated

NS = 1_000_000_000
START_NS = 1_780_347_600 * NS  # 2026-06-01T21:00:00Z
AIR = Air(speed_of_sound_ms=340.0)
PLACES = {"n1": (0.0, 0.0), "n2": (300.0, 0.0), "n3": (0.0, 280.0), "n4": (310.0, 290.0), "n5": (150.0, 160.0)}
SHOTS = [(2.0, 120.0, 90.0), (40.0, 200.0, 200.0), (1500.0, 60.0, 210.0)]
SPAN = ["--since", "2026-06-01T21:00:00Z", "--until", "2026-06-01T22:00:00+00:00"]


def heard() -> list[Arrival]:
    """What five nodes hear of three shots, in order of time."""
    every = []
    for n, (second, x, y) in enumerate(SHOTS):
        for node, place in PLACES.items():
            at = START_NS + round((second + math.dist(place, (x, y)) / 340.0) * NS)
            told = {"gunshot": 0.9, "shock_wave": 0.0, "firework": 0.05, "other": 0.05}
            every.append(
                Arrival(
                    id=f"{node}:{n}",
                    node=node,
                    x=place[0],
                    y=place[1],
                    z=10.0,
                    time_ns=at,
                    snr_db=25.0,
                    probabilities=told,
                )
            )
    return sorted(every, key=lambda a: (a.time_ns, a.id))


STATIONS = [Station(node=node, x=x, y=y, z=10.0) for node, (x, y) in PLACES.items()]


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A centre's settings file; in its store the arrivals of three shots, and the first of them as it was located."""
    store = Store(tmp_path / "data")
    first = locate([a for a in heard() if a.id.endswith(":0")], AIR, STATIONS)

    def fill(connection: object) -> None:
        for node, (x, y) in PLACES.items():
            add_node(connection, NodeRecord(id=node, public_key=node.encode() * 16, x=x, y=y, z=10.0))  # type: ignore[arg-type]
        reports = [
            Received(node=a.node, sequence=k, received_ns=a.time_ns, body=b"", signature=b"", arrivals=(a,))
            for k, a in enumerate(heard())
        ]
        add_reports(connection, reports)  # type: ignore[arg-type]
        add_shots(connection, first, START_NS // 1_000_000, "0" * 64)  # type: ignore[arg-type]

    store.write_now(fill)
    store.close()
    path = tmp_path / "centre.toml"
    path.write_text(
        f'data = "{tmp_path / "data"}"\n[air]\nspeed_of_sound_ms = 340.0\n'
        '[[zones]]\nname = "west"\ncorners_m = [[0, 0], [150, 0], [150, 300], [0, 300]]\n'
    )
    return str(path)


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert replay([*arguments, "--format", "jsonl"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def places(shots: list[dict[str, object]]) -> list[tuple[float, float]]:
    return [(round(float(str(s["x"]))), round(float(str(s["y"])))) for s in shots]


def test_what_was_reported_is_located_anew_by_time_and_zone(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert places(lines(capsys, settings, *SPAN)) == [(120, 90), (200, 200), (60, 210)]
    assert places(lines(capsys, settings, *SPAN, "--zone", "west")) == [(120, 90), (60, 210)]
    short = ["--since", "2026-06-01T23:00:30+02:00", "--until", "2026-06-01T21:01:00Z"]
    assert places(lines(capsys, settings, *short)) == [(200, 200)]


def test_it_is_compared_with_what_the_centre_has_kept(settings: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = [(c["change"]) for c in lines(capsys, settings, *SPAN, "--recorded")]
    assert told == ["same", "new", "new"]
    told = [(c["change"]) for c in lines(capsys, settings, *SPAN, "--recorded", "--set", "search.least=60")]
    assert told == ["gone"]


def test_arrivals_one_by_one_give_what_they_give_at_once() -> None:
    whole = locate(heard(), AIR, STATIONS)
    found = list(relocated(iter(heard()), STATIONS, AIR))
    assert [s.key for s in found] == [s.key for s in whole]
    for one, other in zip(found, whole, strict=True):
        assert math.dist((one.origin.x, one.origin.y), (other.origin.x, other.origin.y)) < 1e-3


def test_what_was_found_when_asked_again_joins_the_shot_in_whose_window_it_lies() -> None:
    far, late = (480.0, 120.0), (20.0, 400.0)
    stations = [*STATIONS, *(Station(node=n, x=p[0], y=p[1], z=10.0) for n, p in (("far", far), ("late", late)))]
    extra = []
    for node, place, off_s in (("far", far, 0.0), ("late", late, 0.4)):
        at = START_NS + round((SHOTS[0][0] + math.dist(place, SHOTS[0][1:]) / 340.0 + off_s) * NS)
        extra.append(
            Arrival(id=f"{node}:9", node=node, x=place[0], y=place[1], z=10.0, time_ns=at, again="a former name")
        )
    found = list(relocated(sorted([*heard(), *extra], key=lambda a: a.time_ns), stations, AIR))
    assert {a.node for a in found[0].arrivals} == {*PLACES, "far"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--zone", "east"], "there is no zone 'east'; the settings have west"),
        (["--set", "search.lest=1"], "there is no setting 'search.lest'; did you mean search.least?"),
        (["--until", "2026-06-01T21:00:00Z"], "--until is not after --since; expected a span of time"),
    ],
)
def test_what_cannot_be_is_one_sentence(settings: str, arguments: list[str], sentence: str) -> None:
    with pytest.raises(InputError) as told:
        replay([settings, *SPAN, *arguments])
    assert str(told.value) == sentence
