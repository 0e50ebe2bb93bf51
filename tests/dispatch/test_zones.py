"""Zones and the local calendar."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest
from pyproj import Geod

from acoustic.errors import InputError
from dispatch.settings import Origin, Settings
from dispatch.town.places import Frame
from dispatch.town.zones import Zone, day_span_ms, days_by_month, month_of, zone_info, zone_map

PARIS = ZoneInfo("Europe/Paris")
PESSAC = Frame(origin=Origin(lat=44.84, lon=-0.58, height_m=20.0))
WEST = ((-0.59, 44.83), (-0.58, 44.83), (-0.58, 44.85), (-0.59, 44.85))
EAST = ((-0.58, 44.83), (-0.57, 44.83), (-0.57, 44.85), (-0.58, 44.85))
DAY_MS = 86_400_000


def test_a_place_lies_in_the_zone_whose_corners_are_around_it() -> None:
    zones = zone_map([Zone(name="west", corners=WEST), Zone(name="east", corners=EAST)], "", PESSAC, [])
    assert [zones.zone_of(x, 0.0) for x in (-500.0, 500.0, 5000.0)] == ["west", "east", ""]


def test_a_zones_area_is_that_of_the_ellipsoid() -> None:
    (ground,) = zone_map([Zone(name="west", corners=WEST)], "", PESSAC, []).grounds
    lons, lats = zip(*WEST, strict=True)
    area, _ = Geod(ellps="WGS84").polygon_area_perimeter(lons, lats)
    assert ground.km2 == pytest.approx(abs(area) * 1e-6, rel=1e-3)


def test_without_zones_the_site_is_the_ground_between_its_nodes() -> None:
    (ground,) = zone_map([], "Pessac", Frame(), [(0.0, 0.0), (1000.0, 0.0), (1000.0, 500.0), (0.0, 500.0)]).grounds
    assert ground.name == "Pessac"
    assert ground.km2 == pytest.approx(0.5)
    assert zone_map([], "Pessac", Frame(), []).grounds[0].km2 is None
    assert zone_map([], "Pessac", Frame(), [(0.0, 0.0), (5.0, 5.0)]).grounds[0].km2 is None


def test_a_zone_in_degrees_needs_a_place_on_the_globe() -> None:
    with pytest.raises(InputError, match=r"zone 'west' is in degrees.*expected corners_m"):
        zone_map([Zone(name="west", corners=WEST)], "", Frame(), [])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "a", "corners": [[1.0, 2.0], [3.0, 4.0]]}, "3 or more"),
        ({"name": "a"}, "3 or more"),
        ({"name": "a", "corners": WEST, "corners_m": WEST}, "in corners or corners_m"),
        ({"name": "", "corners": WEST}, "name is ''"),
        ({"name": "a", "corners": [[1.0, 2.0], [3.0, 95.0], [3.0, 4.0]]}, "expected longitude, latitude"),
    ],
)
def test_a_wrong_zone_is_one_sentence(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(wrong, Zone)


def test_wrong_settings_name_the_field() -> None:
    zone = {"name": "a", "corners_m": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}
    for wrong, said in (
        ({"timezone": "Mars/Olympus"}, "timezone is 'Mars/Olympus'"),
        ({"outcome_due_h": 0.0}, "outcome_due_h is 0"),
        ({"zones": [zone, zone]}, "one name twice"),
    ):
        with pytest.raises(msgspec.ValidationError, match=said):
            msgspec.convert(wrong, Settings)
    with pytest.raises(InputError, match="Europe/Paris"):
        zone_info("../etc/passwd")


def test_months_and_days_are_local() -> None:
    new_year_ms = 1_767_222_000_000  # 2026-01-01 00:00 in Paris, 2025-12-31 23:00 UTC
    assert [month_of(new_year_ms + d, PARIS) for d in (-1, 0)] == ["2025-12", "2026-01"]
    assert day_span_ms(date(2026, 1, 1), PARIS) == (new_year_ms, new_year_ms + DAY_MS)
    assert [round((b - a) / 3.6e6) for a, b in (day_span_ms(date(2026, 3, 29), PARIS),)] == [23]
    assert [round((b - a) / 3.6e6) for a, b in (day_span_ms(date(2026, 10, 25), PARIS),)] == [25]


def test_the_days_of_each_month_add_up() -> None:
    start_ms, end_ms = day_span_ms(date(2026, 1, 16), PARIS)[0], day_span_ms(date(2026, 4, 2), PARIS)[1]
    days = days_by_month(start_ms, end_ms, PARIS)
    assert days == {
        "2026-01": pytest.approx(16.0),
        "2026-02": pytest.approx(28.0),
        "2026-03": pytest.approx(31.0 - 1 / 24),
        "2026-04": pytest.approx(2.0),
    }
    assert days_by_month(5.0, 5.0, PARIS) == {}
