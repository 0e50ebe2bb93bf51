"""Bundles of every schema that there ever was are still read and checked."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from recordings.evidence.verify import opened, verify_bundle

FOLDER = Path(__file__).with_name("bundles")
SHOT = (110.0, 70.0)  # east, north of the first node, where the round in each of them was fired
KEYS = {"version-1.zip": "ronc-fsh2-zzrf-5q73-7jq4-afym-aih7-qf3i"}


@pytest.mark.parametrize("name", sorted(p.name for p in FOLDER.glob("*.zip")))
def test_a_bundle_of_an_earlier_schema_verifies(name: str) -> None:
    evidence, findings = verify_bundle(FOLDER / name)
    assert evidence is not None
    changed = [f.text for f in findings if not f.good]
    assert all(text.startswith("computed anew") for text in changed), "newer code may place a shot a little elsewhere"
    (shot,) = evidence.relocated
    assert math.dist((shot.origin.x, shot.origin.y), SHOT) < 5.0
    globe, more = opened(evidence, KEYS[name])
    assert [f.good for f in more] == [True]
    assert (globe.lat, globe.lon) == (44.84, -0.58)
