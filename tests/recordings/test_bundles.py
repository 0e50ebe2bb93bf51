"""Bundles of every schema that there ever was are still read and checked."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localisation.arrivals import Shot
from recordings.evidence import verify
from recordings.evidence.contents import located
from recordings.evidence.verify import opened, verify_bundle

FOLDER = Path(__file__).with_name("bundles")
SHOT = (110.0, 70.0)  # east, north of the first node, where the round in each of them was fired
KEYS = {"version-1.zip": "ronc-fsh2-zzrf-5q73-7jq4-afym-aih7-qf3i"}


@pytest.mark.parametrize("name", sorted(p.name for p in FOLDER.glob("*.zip")))
def test_a_bundle_of_an_earlier_schema_verifies(name: str) -> None:
    evidence, findings = verify_bundle(FOLDER / name)
    assert evidence is not None
    assert [f.text for f in findings if not f.good] == []
    (shot,) = evidence.relocated
    assert math.dist((shot.origin.x, shot.origin.y), SHOT) < 5.0
    globe, more = opened(evidence, KEYS[name])
    assert [f.good for f in more] == [True]
    assert (globe.lat, globe.lon) == (44.84, -0.58)


@pytest.mark.parametrize("name", sorted(p.name for p in FOLDER.glob("*.zip")))
def test_another_program_s_place_must_still_be_the_same_shot(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*arguments: Any) -> tuple[Shot, ...]:
        return tuple(replace(s, origin=replace(s.origin, x=s.origin.x + 100.0)) for s in located(*arguments))

    monkeypatch.setattr(verify, "located", elsewhere)
    _, findings = verify_bundle(FOLDER / name)
    (text,) = [f.text for f in findings if not f.good and "elsewhere" in f.text]
    assert text.startswith("computed anew, shot ")
