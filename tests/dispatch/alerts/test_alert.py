"""What is told, and in which words: the ellipse before any address, nothing as certain, and what is not known."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from dispatch.alerts.alert import headline, outline, sentences, utc
from tests.dispatch.alerts.samples import heard

ADDRESS = "nearest address, not the fix: 3 Rue des Lilas, 33600 Pessac, 18 m away (Base Adresse Nationale)"


def test_an_alert_says_possible_and_how_probable() -> None:
    assert headline(heard(), "new") == "Possible gunshots, 87 %"
    assert headline(heard(count=1), "update") == "Possible gunshot, 87 %"
    assert headline(heard(probability=1.0), "new") == "Possible gunshots, 99 %"
    assert headline(heard(label="withdrawn"), "end") == "Taken back: no gunshot: explained otherwise"


@given(st.floats(0, 1), st.sampled_from(["gunshot", "shock_wave", "firework", "other", "unknown", "withdrawn", "new"]))
def test_no_words_claim_that_shots_were_fired(probability: float, label: str) -> None:
    for kind in ("new", "update", "end"):
        told = sentences(heard(probability=probability, label=label), kind).lower()
        assert "shots fired" not in told
        assert "100 %" not in told


def test_the_address_comes_after_the_ellipse_and_is_never_the_fix() -> None:
    told = sentences(heard(address=ADDRESS), "new")
    assert told.index("ellipse of 12 m by 7 m") < told.index("Nearest address, not the fix: 3 Rue des Lilas")


def test_what_is_not_known_is_said() -> None:
    told = sentences(heard(ambiguous=True, nodes=3, late_s=95.0), "new")
    for words in (
        "Another place",
        "nothing checks the place",
        "Late: recorded 95 s",
        "No person has",
        "Not known: who",
    ):
        assert words in told
    assert "A person has confirmed it." in sentences(heard(verdict="confirmed"), "update")


def test_a_site_without_a_place_on_the_globe_tells_metres() -> None:
    told = heard(lat=None, lon=None)
    assert "120 m east, -45 m north of the site's origin" in sentences(told, "new")
    assert outline(told) == []


@given(st.floats(0, 180), st.floats(5, 500), st.floats(0.1, 1.0), st.floats(-60, 70), st.floats(-179, 179))
def test_the_outline_is_the_ellipse(azimuth: float, major: float, ratio: float, lat: float, lon: float) -> None:
    told = heard(azimuth_deg=azimuth, semi_major_m=major, semi_minor_m=major * ratio, lat=lat, lon=lon)
    ring = outline(told)
    assert ring[0] == ring[-1]
    geod = Geod(ellps="WGS84")
    legs = [geod.inv(lon, lat, *point) for point in ring[:-1]]
    distances = [leg[2] for leg in legs]
    assert max(distances) == pytest.approx(major, rel=1e-3, abs=0.03)
    assert min(distances) == pytest.approx(major * ratio, rel=1e-2, abs=0.03)
    if ratio < 0.8:
        along = legs[distances.index(max(distances))][0]
        assert min((along - azimuth) % 180, (azimuth - along) % 180) < 1.0
    area = sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring))
    assert area < 0  # counter-clockwise


def test_times_are_utc_to_the_tenth() -> None:
    assert utc(1_577_836_799_960_000_000) == "2020-01-01 00:00:00.0 UTC"
