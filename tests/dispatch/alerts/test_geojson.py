"""GeoJSON as RFC 7946 wants it."""

from __future__ import annotations

import json
from itertools import pairwise

from dispatch.alerts.geojson import encode
from tests.dispatch.alerts.samples import alert, heard


def test_an_alert_is_a_point_and_the_outline_of_its_ellipse() -> None:
    collection = json.loads(encode([alert()]))
    point, region = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert point["geometry"] == {"type": "Point", "coordinates": [-0.5793, 44.8401]}
    (ring,) = region["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    doubled = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    assert doubled > 0  # the right-hand rule
    assert "crs" not in collection
    assert point["properties"]["headline"] == "Possible gunshots, 87 %"
    assert {f["id"] for f in (point, region)} == {"0a1b2c3d4e5f6071", "0a1b2c3d4e5f6071/ellipse"}


def test_what_has_no_place_has_no_geometry() -> None:
    features = json.loads(encode([alert(about=None), alert(about=heard(lat=None, lon=None))]))["features"]
    assert [f["geometry"] for f in features] == [None, None]
    names = list(features[1]["properties"])
    assert names.index("semi_major_m") < names.index("address")
