"""`tocsin plan` as a town's engineer uses it: files in, plain words and a map out, bad files told in a sentence."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from pymap3d import enu2geodetic

from recordings.commands.plan import main
from recordings.ground import read_ground
from recordings.traffic import bytes_a_month
from tocsin import main as tocsin

LAT, LON = 44.84, -0.58


def at(east: float, north: float) -> list[float]:
    lat, lon, _ = enu2geodetic(east, north, 0.0, LAT, LON, 0.0)
    return [float(lon), float(lat)]


def point(name: str, east: float, north: float, **more: Any) -> dict[str, Any]:
    where = {"type": "Point", "coordinates": at(east, north)}
    return {"type": "Feature", "geometry": where, "properties": {"id": name, **more}}


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    ring = [at(*c) for c in (*corners, corners[0])]
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}


def grid(side: int, apart: float = 300.0) -> list[dict[str, Any]]:
    return [point(f"n{i}{j}", i * apart, j * apart) for i in range(side) for j in range(side)]


def written(folder: Path, *features: dict[str, Any]) -> str:
    path = folder / "plan.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def shares(folder: Path) -> list[float]:
    cells = json.loads((folder / "coverage.geojson").read_text())["features"]
    return [f["properties"]["within_goal"] for f in cells if "within_goal" in f["properties"]]


ZONE = polygon((0, 0), (600, 0), (600, 600), (0, 600))


def test_nodes_are_judged_and_a_map_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([written(tmp_path, ZONE, *grid(3)), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "90 % within 15 m" in said
    assert "one more node gains nothing" in said, "all of it meets the goal"
    drawn = (tmp_path / "coverage.svg").read_text()
    assert [f"<title>n{i}{j}</title>" in drawn for i in range(3) for j in range(3)] == [True] * 9
    assert all(0 <= s <= 1 for s in shares(tmp_path))


def test_a_node_that_is_down_makes_the_network_deafer_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = grid(3)
    main([written(tmp_path, ZONE, *nodes), "--out", str(tmp_path / "up")])
    nodes[4]["properties"]["health"] = "down"
    main([written(tmp_path, ZONE, *nodes), "--out", str(tmp_path / "down")])
    assert "down now: n11" in capsys.readouterr().out
    up, down = shares(tmp_path / "up"), shares(tmp_path / "down")
    assert sum(down) < sum(up)


def test_the_worst_node_down_is_never_better_than_none(tmp_path: Path) -> None:
    file = written(tmp_path, ZONE, *grid(3))
    for n in (0, 1, 2):
        main([file, "--down", str(n), "--out", str(tmp_path / str(n))])
    none, one, two = (shares(tmp_path / str(n)) for n in (0, 1, 2))
    assert all(a >= b - 1e-9 >= c - 2e-9 for a, b, c in zip(none, one, two, strict=True))


def test_a_town_without_nodes_gets_as_many_as_its_goal_needs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, ZONE)
    assert main([file, "--goal", "80 % within 25 m", "--node-cost", "1000", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    count = len(read_ground(tmp_path / "nodes.geojson").nodes)
    assert 3 <= count <= 12
    assert f"{count} nodes for 0.36 km²: equipment {count * 1000:,} EUR" in said
    assert sum(s >= 0.8 for s in shares(tmp_path)) >= 0.97 * len(shares(tmp_path))
    assert main([str(tmp_path / "nodes.geojson"), "--out", str(tmp_path / "again")]) == 0


def test_what_a_node_sends_in_a_month_is_what_its_reports_weigh() -> None:
    beats = 30 * 86_400 / 3
    assert 300 * beats < bytes_a_month() < 1200 * beats


def test_a_plan_is_the_same_every_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [written(tmp_path, ZONE, *grid(3)), "--goal", "97 % within 15 m"]
    for name in ("one", "two"):
        main([*asked, "--out", str(tmp_path / name)])
        assert "one more node helps most at" in capsys.readouterr().out, "the weakest places miss it"
    for file in ("coverage.geojson", "coverage.svg"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_metres_come_back_as_degrees(tmp_path: Path) -> None:
    plan = read_ground(Path(written(tmp_path, *grid(2))))
    apart = math.dist(plan.nodes[0].place[:2], plan.nodes[1].place[:2])
    assert apart == pytest.approx(300.0, abs=0.01)


line = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[0, 0]]}, "properties": {}}
swapped = point("b", 0, 0)
swapped["geometry"]["coordinates"] = [LAT, LON]


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([], "holds no features"),
        ([line], r"features\[0\].geometry.type is 'LineString'; expected Point"),
        ([point("a", 0, 0), swapped], "is a longitude in a latitude's place"),
        ([point("a", 0, 0), point("a", 0, 900)], "node a is at two places 900 m apart"),
        ([point("a", 0, 0), point("b", 0.1, 0)], "nodes a and b are at one place"),
        ([point("a", 0, 0, health="ill")], r"features\[0\].properties.health is 'ill'; expected up or down"),
        ([point("a", 0, 0, height_m="high")], r"properties.height_m is 'high'; expected metres"),
        ([point("a", 0, 0, health="down")], "every node is down"),
        ([{"type": "Feature", "geometry": {"type": "Point", "coordinates": [200, 10]}}], "longitude within ±180"),
        ([polygon((0, 0), (1, 1))], "a ring of 2 different positions; expected at least 3"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(
    features: list[dict[str, Any]], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin(["plan", written(tmp_path, *features), "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(said, error)
    assert not (tmp_path / "coverage.svg").exists()


@pytest.mark.parametrize("goal", ["soon", "90 within 15", "100 % within 15 m", "90 % within 0.1 m"])
def test_a_goal_that_is_none_is_told_what_one_looks_like(
    goal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tocsin(["plan", written(tmp_path, *grid(2)), "--goal", goal]) == 2
    assert "goal is" in capsys.readouterr().err


def test_a_file_that_is_absent_or_no_json_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.geojson").write_text("{")
    assert tocsin(["plan", str(tmp_path / "x.geojson")]) == 2
    assert tocsin(["plan", str(tmp_path / "absent.geojson")]) == 2
    error = capsys.readouterr().err
    assert "x.geojson is not JSON" in error
    assert "absent.geojson cannot be read" in error
