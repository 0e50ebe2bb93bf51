"""Degrees and metres, against an independent geodesy (pyproj)."""

from __future__ import annotations

from pathlib import Path

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from dispatch.settings import Origin
from dispatch.store import Store
from dispatch.town.places import Frame, keep_frame, kept_frame

BORDEAUX = Frame(origin=Origin(lat=44.84, lon=-0.58, height_m=20.0))
TOPOCENTRIC = pyproj.Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
    "+step +proj=topocentric +ellps=WGS84 +lon_0=-0.58 +lat_0=44.84 +h_0=20"
)


@given(st.floats(-0.06, 0.06), st.floats(-0.08, 0.08), st.floats(-10.0, 200.0))
def test_degrees_become_the_metres_that_pyproj_finds_and_come_back(north: float, east: float, height_m: float) -> None:
    lat, lon = 44.84 + north, -0.58 + east
    place = BORDEAUX.metres(lat, lon, height_m)
    assert place == pytest.approx(TOPOCENTRIC.transform(lon, lat, height_m), abs=1e-3)
    assert BORDEAUX.degrees(*place) == pytest.approx((lat, lon), abs=1e-9)


def test_a_site_without_an_origin_has_metres_only() -> None:
    assert Frame().degrees(10.0, 20.0) == (None, None)
    with pytest.raises(InputError, match="expected x, y, z"):
        Frame().metres(44.0, 0.0, 0.0)


def test_the_origin_is_kept_and_may_not_change(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.write_now(lambda c: kept_frame(c, None)) is None
    assert store.write_now(lambda c: kept_frame(c, BORDEAUX.origin)) == BORDEAUX
    assert store.write_now(lambda c: kept_frame(c, None)) == BORDEAUX
    with pytest.raises(InputError, match="expected the same"):
        store.write_now(lambda c: kept_frame(c, Origin(lat=1.0, lon=1.0)))
    store.close()


def test_a_site_of_local_metres_stays_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_now(lambda c: keep_frame(c, Frame()))
    assert store.write_now(lambda c: kept_frame(c, None)) == Frame()
    store.close()
