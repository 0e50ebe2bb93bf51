"""What the map shows beside nodes and events: the site's own files, what is heard now, and the past."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pyproj
import pytest
import sqlalchemy as sa

from acoustic.errors import InputError, ResourceError
from dispatch.settings import GroundSettings, Origin
from dispatch.store import Store
from dispatch.store.events import add_shots
from dispatch.store.history import past_events
from dispatch.town.ground import check, read_streets
from localisation.arrivals import Arrival, Ellipse, Shot, Verdict
from localisation.arrivals import Origin as Solution
from localisation.coverage import Assumed, Nodes, coverage, detection
from localisation.verdict import WITHDRAWN
from tests.dispatch import wire
from tests.dispatch.running import RunningCentre, block, running_centre, send, tokens

ORIGIN = Origin(lat=44.84, lon=-0.58, height_m=20.0)
HEAD = b"PMTiles\x03"
EARLIER_NS = time.time_ns() - 7200 * 10**9


def streets(path: Path, geometry: object) -> Path:
    feature = {"type": "Feature", "properties": {}, "geometry": geometry}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    folder = tmp_path_factory.mktemp("ground")
    (folder / "city.pmtiles").write_bytes(HEAD + bytes(range(200)))
    streets(folder / "streets.geojson", {"type": "LineString", "coordinates": [[-0.58, 44.84], [-0.57, 44.84]]})
    (folder / "centre.toml").write_text(
        f'[origin]\nlat = 44.84\nlon = -0.58\nheight_m = 20.0\n[ground]\ntiles = "{folder}/city.pmtiles"\n'
        f'streets = "{folder}/streets.geojson"\n[[zones]]\nname = "Old town"\n'
        "corners = [[-0.581, 44.839], [-0.57, 44.839], [-0.57, 44.845]]\n"
    )
    with running_centre(folder / "data", str(folder / "centre.toml")) as running, running.client() as client:
        nodes = block()
        for node, secret in zip(nodes, tokens(running.data, len(nodes)), strict=True):
            node.enrol(client, secret)
            send(client, node.sealed(node.report(health=wire.health(interval_s=60.0))))
        yield running


@pytest.fixture(scope="module")
def wall(centre: RunningCentre) -> httpx.Client:
    return centre.let_in("wall")


def test_the_page_is_told_what_there_is_to_draw(wall: httpx.Client) -> None:
    told = wall.get("/api/ground").json()
    assert (told["tiles"], told["streets"], told["attribution"]) == (True, True, "© OpenStreetMap contributors")
    (zone,) = told["zones"]
    assert zone["name"] == "Old town"
    assert zone["corners"][0]["x"] == pytest.approx(-79.0, abs=1.0)  # a thousandth of a degree at this latitude


def test_tiles_are_given_in_the_parts_that_a_browser_asks_for(wall: httpx.Client) -> None:
    part = wall.get("/api/ground/tiles", headers={"Range": "bytes=8-11"})
    assert (part.status_code, part.content) == (206, bytes([0, 1, 2, 3]))
    assert wall.get("/api/ground/tiles").content.startswith(HEAD)


def test_streets_come_in_the_networks_own_metres(wall: httpx.Client) -> None:
    ((x1, y1, x2, y2),) = wall.get("/api/ground/streets").json()
    geod = pyproj.Geod(ellps="WGS84")
    _, _, metres = geod.inv(-0.58, 44.84, -0.57, 44.84)
    assert (x1, y1) == (0, 0)
    assert math.hypot(x2, y2) == pytest.approx(metres, abs=1.0)


def test_what_is_heard_now_is_told_from_squares_to_who_may_not_see_places(
    centre: RunningCentre, wall: httpx.Client
) -> None:
    for who, exact in ((wall, False), (centre.let_in("analyst"), True)):
        told = who.get("/api/ground/hearing").json()
        assert told["exact"] is exact
        assert len(told["x"]) == len(told["y"]) == len(told["detected_pct"]) > 100
        assert told["share_pct"] > 90.0  # twelve nodes 150 m apart


def test_the_share_that_is_detected_is_the_plans_own() -> None:
    rng = np.random.default_rng(4)
    places = rng.uniform(-1500, 1500, (60, 2))
    for bearings in (np.zeros(9, dtype=bool), np.arange(9) % 2 == 0):
        nodes = Nodes(places=np.column_stack([rng.uniform(-900, 900, (9, 2)), np.full(9, 12.0)]), bearings=bearings)
        whole = coverage(places, nodes, 25.0, Assumed()).detected
        assert detection(places, nodes, Assumed()) == pytest.approx(whole, abs=1e-12)
    nobody = Nodes(places=np.zeros((0, 3)), bearings=np.zeros(0, dtype=bool))
    assert detection(places, nobody, Assumed()).tolist() == [0.0] * 60


@pytest.mark.parametrize(
    ("geometry", "sentence"),
    [
        ({"type": "LineString", "coordinates": [[200.0, 44.0], [0.0, 0.0]]}, "off the globe"),
        ({"type": "LineString", "coordinates": [["a", 44.0], [0.0, 0.0]]}, "no positions"),
        ({"type": "LineString", "coordinates": 7}, "no positions"),
    ],
)
def test_bad_streets_are_told_in_one_sentence(tmp_path: Path, geometry: object, sentence: str) -> None:
    with pytest.raises(InputError, match=f"feature 1 has .*{sentence}"):
        read_streets(streets(tmp_path / "s.geojson", geometry), ORIGIN)


def test_streets_that_are_no_geojson_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.geojson").write_text("<osm/>")
    with pytest.raises(InputError, match="is no GeoJSON"):
        read_streets(tmp_path / "s.geojson", ORIGIN)


def test_areas_give_their_outlines_and_points_nothing(tmp_path: Path) -> None:
    ring = [[-0.58, 44.84], [-0.57, 44.84], [-0.57, 44.85], [-0.58, 44.84]]
    assert len(read_streets(streets(tmp_path / "a.geojson", {"type": "Polygon", "coordinates": [ring]}), ORIGIN)) == 1
    assert read_streets(streets(tmp_path / "b.geojson", {"type": "Point", "coordinates": [0, 0]}), ORIGIN) == []
    assert read_streets(streets(tmp_path / "c.geojson", None), ORIGIN) == []


def test_files_that_cannot_be_drawn_stop_the_centre_at_its_start(tmp_path: Path) -> None:
    (tmp_path / "x.pmtiles").write_bytes(b"no tiles")
    with pytest.raises(InputError, match=r"ground.tiles .* no PMTiles archive"):
        check(GroundSettings(tiles=str(tmp_path / "x.pmtiles")))
    with pytest.raises(ResourceError, match=r"ground.tiles .* cannot be read"):
        check(GroundSettings(tiles=str(tmp_path / "none.pmtiles")))
    with pytest.raises(ResourceError, match=r"ground.streets .* cannot be read"):
        check(GroundSettings(streets=str(tmp_path / "none.geojson")))


def shot(number: int, label: str = "gunshot", version: int = 1, *, x: float = 0.0, exercise: bool = False) -> Shot:
    """A shot of its own event, each ten seconds after the last."""
    time_ns = EARLIER_NS + number * 10_000_000_000
    heard = Arrival(id=f"n:{number}", node="n", x=0.0, y=0.0, z=0.0, time_ns=time_ns, exercise=exercise)
    place = Solution(
        x=x or float(number % 100),
        y=float(number // 100),
        z=1.5,
        time_ns=time_ns,
        time_sigma_s=0.01,
        ellipse=Ellipse(semi_major_m=9.0, semi_minor_m=5.0, azimuth_deg=0.0),
        ambiguous=False,
        also=(),
        residuals=(),
        solver="test",
    )
    verdict = Verdict(label=label, probability=0.9, probabilities={"gunshot": 0.9, "firework": 0.1})
    return Shot(key=f"s{number}", version=version, origin=place, verdict=verdict, arrivals=(heard,))


def test_the_past_has_the_newest_version_of_each_event_and_no_exercise(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shots = [shot(1), shot(1, version=2, x=77.0), shot(2, "firework"), shot(3, WITHDRAWN), shot(4, exercise=True)]
    for one in shots:
        store.write_now(lambda c: add_shots(c, [one], 1, "m"))  # noqa: B023 — called at once
    found, more = store.read_now(lambda c: past_events(c, 0, 2**62))
    assert [(one.x, one.label) for one in found] == [(2.0, "firework"), (77.0, "gunshot")]
    assert not more
    first = shots[0].origin.time_ns
    assert len(store.read_now(lambda c: past_events(c, first, first))[0]) == 1
    store.close()


def test_ten_thousand_past_events_are_told_within_seconds(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def fill(connection: sa.Connection) -> None:
        from dispatch.store.tables import events, shots

        every = [shot(number) for number in range(10_050)]
        connection.execute(sa.insert(events), [{"id": f"e{n}", "opened_ms": 1} for n in range(len(every))])
        rows = [
            {"key": one.key, "version": 1, "event": f"e{n}", "time_ns": one.origin.time_ns, "recorded_ms": 1}
            | {"data": msgspec.json.encode(one).decode()}
            for n, one in enumerate(every)
        ]
        connection.execute(sa.insert(shots), rows)

    store.write_now(fill)
    began = time.process_time()
    found, more = store.read_now(lambda c: past_events(c, 0, 2**62))
    assert time.process_time() - began < 5.0
    assert (len(found), more, found[0].number) == (10_000, True, 10_050)
    store.close()


def test_a_night_of_fireworks_leaves_the_shots_on_a_page_that_is_opened_anew(tmp_path: Path) -> None:
    store = Store(tmp_path / "data")
    store.write_now(lambda c: add_shots(c, [shot(0)], EARLIER_NS // 10**6, "m"))
    for number in range(1, 240):
        firework = shot(number, "firework")
        store.write_now(lambda c: add_shots(c, [firework], EARLIER_NS // 10**6, "m"))  # noqa: B023 — called at once
    store.close()
    with running_centre(tmp_path / "data") as running:
        events = running.state()["events"]
    assert [e["label"] for e in events].count("firework") == 200
    assert [e["label"] for e in events].count("gunshot") == 1
