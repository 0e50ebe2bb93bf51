"""`tocsin locate`, as it is typed: JSON lines in, JSON lines out; what is no request is said, line by line."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from typing import Any

import pytest

import tocsin

SPEED_MS = 340.0
PLACES = [(0.0, 0.0, 10.0), (400.0, 0.0, 12.0), (0.0, 400.0, 8.0), (400.0, 400.0, 15.0), (-200.0, 100.0, 9.0)]
SHOT = (100.0, 50.0, 1.5)
TIME_S = 1545180567.0
SHOT_KEYS = {"x", "y", "time", "ambiguous", "also", "ellipse", "used"}


def request(name: str = "a", nodes: int = 5, **changes: Any) -> dict[str, Any]:
    """A request of one shot; each arrival is where physics puts it."""
    arrivals = [
        {"node": f"N{i}", "x": x, "y": y, "z": z, "time": TIME_S + math.dist((x, y, z), SHOT) / SPEED_MS, "snr_db": 20}
        for i, (x, y, z) in enumerate(PLACES[:nodes])
    ]
    air = {"speed_of_sound_ms": SPEED_MS, "wind_east_ms": 0.0, "wind_north_ms": 0.0}
    return {"id": name, "air": air, "arrivals": arrivals, **changes}


def with_arrival(index: int, **changes: Any) -> dict[str, Any]:
    """A request with one arrival changed; a None value takes the field out."""
    asked = request()
    asked["arrivals"][index].update(changes)
    asked["arrivals"][index] = {k: v for k, v in asked["arrivals"][index].items() if v is not None}
    return asked


def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *lines: dict[str, Any] | str, how: str = ""
) -> tuple[int, dict[str, Any], list[str]]:
    """Exit code, answers by id, lines of standard error."""
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code = tocsin.main(["locate", "--workers", "1", *how.split()])
    out, err = capsys.readouterr()
    answers = [json.loads(line) for line in out.splitlines()]
    assert all(list(answer) == ["id", "shots"] for answer in answers)
    return code, {answer["id"]: answer["shots"] for answer in answers}, err.splitlines()


@pytest.mark.parametrize("how", ["--associated", ""])
@pytest.mark.parametrize("nodes", [3, 4, 5])
def test_a_shot_is_located_and_its_ellipse_holds_the_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str, nodes: int
) -> None:
    code, answers, err = typed(monkeypatch, capsys, request(nodes=nodes), how=how)
    assert (code, err) == (0, [])
    (shot,) = answers["a"]
    assert set(shot) == SHOT_KEYS
    assert (shot["x"], shot["y"]) == pytest.approx(SHOT[:2], abs=0.5)
    assert shot["time"] == pytest.approx(TIME_S, abs=2e-3)
    assert sorted(shot["used"]) == [f"N{i}" for i in range(nodes)]
    assert (shot["ambiguous"], shot["also"]) == (False, [])
    ellipse = shot["ellipse"]
    assert set(ellipse) == {"semi_major_m", "semi_minor_m", "azimuth_deg", "level"}
    assert 0 < ellipse["semi_minor_m"] <= ellipse["semi_major_m"] < 30
    assert ellipse["level"] == 0.9
    assert 0 <= ellipse["azimuth_deg"] <= 180


def test_only_the_fields_of_the_format_are_needed_and_the_optional_ones_are_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = request("bare")
    del bare["air"]
    for a in bare["arrivals"]:
        del a["snr_db"]
    full = request("full", listening=[{"node": "L", "x": 5000.0, "y": 0.0, "z": 5.0}])
    for a in full["arrivals"]:
        bearing = math.degrees(math.atan2(SHOT[0] - a["x"], SHOT[1] - a["y"])) % 360
        a.update(sigma_s=0.001, azimuth_deg=bearing, azimuth_sigma_deg=2.0, shock_lead_s=0.0)
    full["air"].update(temperature_c=15.0, humidity_pct=40)
    for how in ("--associated", ""):
        code, answers, err = typed(monkeypatch, capsys, bare, full, how=how)
        assert (code, err) == (0, [])
        assert (answers["full"][0]["x"], answers["full"][0]["y"]) == pytest.approx(SHOT[:2], abs=0.5)
        assert (answers["bare"][0]["x"], answers["bare"][0]["y"]) == pytest.approx(SHOT[:2], abs=3.0)


def test_a_true_bearing_without_a_width_moves_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bearing = math.degrees(math.atan2(SHOT[0] - PLACES[1][0], SHOT[1] - PLACES[1][1])) % 360
    _, answers, _ = typed(monkeypatch, capsys, with_arrival(1, azimuth_deg=bearing), how="--associated")
    assert (answers["a"][0]["x"], answers["a"][0]["y"]) == pytest.approx(SHOT[:2], abs=0.5)


def test_nodes_in_a_line_cannot_tell_the_sides_and_say_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = request()
    for i, a in enumerate(asked["arrivals"]):
        place = (150.0 * i, 0.0, 1.5)
        a.update(x=place[0], y=place[1], z=place[2], time=TIME_S + math.dist(place, SHOT) / SPEED_MS)
    _, answers, _ = typed(monkeypatch, capsys, asked, how="--associated")
    (shot,) = answers["a"]
    assert shot["ambiguous"]
    sides = sorted([shot["y"], *(place["y"] for place in shot["also"])])
    assert sides[0] == pytest.approx(-50.0, abs=15)
    assert sides[-1] == pytest.approx(50.0, abs=15)


def test_too_few_arrivals_give_no_shot_and_known_to_be_of_one_shot_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [request(f"n{n}", nodes=n) for n in (0, 1, 2)]
    code, answers, err = typed(monkeypatch, capsys, *few)
    assert (code, answers, err) == (0, {"n0": [], "n1": [], "n2": []}, [])
    code, answers, err = typed(monkeypatch, capsys, *few, request("ok"), how="--associated")
    assert code == 2
    assert list(answers) == ["ok"]
    assert [line.split(":")[1] for line in err] == [" line 1", " line 2", " line 3"]
    assert all("expected" in line for line in err)
    one_place = request(nodes=1)
    one_place["arrivals"] *= 4
    assert typed(monkeypatch, capsys, one_place, how="--associated")[0] == 2


BAD: dict[str, tuple[dict[str, Any] | str, str]] = {
    "a field is missing": (with_arrival(2, time=None), "`time`"),
    "no id": ({k: v for k, v in request().items() if k != "id"}, "`id`"),
    "an unknown field": (request(weather="fine"), "`weather`"),
    "negative speed": (request(air={"speed_of_sound_ms": -340.0}), "air.speed_of_sound_ms is -340.0"),
    "too hot": (request(air={"temperature_c": 500}), "air.temperature_c is 500"),
    "NaN": (with_arrival(1, x=math.nan), "not a request"),
    "infinite": (json.dumps(request()).replace("400.0", "1e999"), "out of range"),
    "milliseconds": (with_arrival(1, time=TIME_S * 1000), "arrivals[1].time is 1.54518e+12; expected seconds"),
    "text for a number": (with_arrival(1, time="noon"), "`$.arrivals[1].time`"),
    "two places": (with_arrival(1, node="N0"), "node N0 is at two places 400 m apart"),
    "far away": (with_arrival(1, x=1e308), "arrivals[1].x is 1e+308; expected -1e+06 to 1e+06"),
    "an endless bearing": (with_arrival(3, azimuth_deg=1e300), "arrivals[3].azimuth_deg is 1e+300"),
    "a bearing without width": (with_arrival(0, azimuth_deg=9.0, azimuth_sigma_deg=0.0), "azimuth_sigma_deg is 0"),
    "a certain time": (with_arrival(4, sigma_s=0.0), "sigma_s"),
    "loud beyond sense": (with_arrival(0, snr_db=-1e300), "arrivals[0].snr_db is -1e+300"),
    "a crack after the blast": (with_arrival(0, shock_lead_s=-0.1), "arrivals[0].shock_lead_s is -0.1"),
    "half a line": ('{"id": "a", "arr', "not a request"),
    "no object": ("[1, 2]", "not a request"),
    "no JSON": ("node N0 heard a bang", "not a request"),
}


@pytest.mark.parametrize("how", ["--associated", ""])
@pytest.mark.parametrize("what", list(BAD))
def test_a_bad_line_is_named_and_the_others_are_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str, what: str
) -> None:
    bad, words = BAD[what]
    code, answers, err = typed(monkeypatch, capsys, request("before"), "", bad, request("after"), how=how)
    assert code == 2
    assert set(answers) == {"before", "after"}
    assert all(shots[0]["ellipse"]["semi_major_m"] > 0 for shots in answers.values())
    (sentence,) = err
    assert sentence.startswith("tocsin locate: line 3: ")
    assert words in sentence


def test_a_node_that_listens_at_another_place_than_it_heard_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answers, err = typed(
        monkeypatch, capsys, request(listening=[{"node": "N0", "x": 900.0, "y": 0.0, "z": 10.0}]), request("ok")
    )
    assert (code, list(answers)) == (2, ["ok"])
    assert "node N0 is at two places 900 m apart" in err[0]
    code, _, err = typed(monkeypatch, capsys, request(listening=[{"node": "L", "x": 1e300, "y": 0.0, "z": 0.0}]))
    assert code == 2
    assert "listening[0].x is 1e+300" in err[0]


def test_the_program_itself_answers_over_many_processes_and_never_shows_a_traceback() -> None:
    lines = [json.dumps(request(f"r{n}")).encode() for n in range(12)]
    lines.insert(5, b"\xff\xfe no text")
    lines.insert(9, b'{"id": "\xff", "arrivals": []}')
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", "locate", "--associated", "--workers", "2"],
        input=b"\n".join(lines),
        capture_output=True,
    )
    assert done.returncode == 2
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [f"r{n}" for n in range(12)]
    err = done.stderr.decode().splitlines()
    assert [line.split(":")[1] for line in err] == [" line 6", " line 10"]


def test_nothing_asked_is_nothing_answered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed(monkeypatch, capsys) == (0, {}, [])
