"""The picture of a located shot: its curves are where the physics says, and it tells every arrival's fate."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.air import Air
from localisation.arrivals import Arrival
from recordings.shot_picture import draw_test, hyperbola

SPEED_MS = 340.0
CALM = Air(speed_of_sound_ms=SPEED_MS, wind_east_ms=0.0, wind_north_ms=0.0)
SVG = "{http://www.w3.org/2000/svg}"


def heard(node: str, x: float, y: float, z: float, time_s: float) -> Arrival:
    return Arrival(id=node, node=node, x=x, y=y, z=z, time_ns=round(time_s * 1e9))


@settings(max_examples=50, deadline=None)
@given(st.floats(-300.0, 300.0), st.floats(-300.0, 300.0))
def test_it_is_the_conic_of_the_books_and_passes_through_the_source(east: float, north: float) -> None:
    """On level ground in still air: |p − f₂| − |p − f₁| is the same for all its points (Euclid's definition)."""
    nodes = ((-150.0, 0.0), (150.0, 0.0))
    metres = [math.dist(n, (east, north)) for n in nodes]
    first, other = (heard(f"n{k}", *nodes[k], 0.0, metres[k] / SPEED_MS) for k in (0, 1))
    line = hyperbola(first, other, 0.0, CALM, 2000.0)
    apart = np.hypot(*(line - nodes[1]).T) - np.hypot(*(line - nodes[0]).T)
    assert apart == pytest.approx(np.full(len(line), metres[1] - metres[0]), abs=1e-3)
    if metres[0] > 1.0 and abs(metres[1] - metres[0]) < 290.0:
        assert np.hypot(*(line - (east, north)).T).min() < 0.02 * metres[0]


def test_sound_later_than_from_any_place_has_none() -> None:
    first, other = heard("n0", 0.0, 0.0, 0.0, 1.0), heard("n1", 300.0, 0.0, 0.0, 2.0)
    assert len(hyperbola(first, other, 0.0, CALM, 2000.0)) == 0


def test_the_picture_of_a_real_shot_tells_each_arrival_s_fate_and_whom_to_credit(shared: Path) -> None:
    root = ElementTree.fromstring(draw_test(shared / "pittsburgh" / "FP3" / "test_041"))
    kinds = [path.get("class") for path in root.iter(f"{SVG}path")]
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert len([w for w in words if w.endswith(" ms") and "." in w]) == 6  # a residual for each of the six nodes
    assert kinds.count("sound") == 6
    assert kinds.count("region") == 2
    assert kinds.count("cross") >= kinds.count("wrong") / 2 > 0  # a refused arrival may have no place at all
    assert any("CC BY 4.0" in w and "Calhoun" in w for w in words)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height
