"""A bundle of a replayed session verifies as a centre's does, and says that it is of a replay."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from recordings.evidence.globe import map_of
from recordings.evidence.sealed import seal, unseal
from recordings.evidence.verify import opened, verify_bundle
from recordings.scene import scene, write_scene
from tocsin import main


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of a few seconds, and its bundles."""
    folder = tmp_path_factory.mktemp("replayed")
    write_scene(scene(2, 4.0, 1, strings=0, slams=0), folder / "block")
    return folder


def test_each_event_of_a_session_becomes_a_bundle_that_verifies(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = made / "bundles"
    assert main(["replay", str(made / "block"), "--evidence", str(out), "--format", "jsonl"]) == 0
    printed, said = capsys.readouterr()
    shots = [json.loads(line) for line in printed.splitlines()]
    bundles = sorted(out.glob("*.zip"))
    assert bundles
    assert all(path.name in said for path in bundles)
    truth = json.loads((made / "block" / "truth.json").read_text())["shots"][0]
    found = 0
    for path in bundles:
        evidence, findings = verify_bundle(path)
        assert evidence is not None
        assert [f.text for f in findings if not f.good] == []
        assert any("replay of 'scene 2'" in f.text for f in findings)
        key = next(line.split()[-1] for line in said.splitlines() if path.name in line)
        globe, more = opened(evidence, key)
        assert [f.good for f in more] == [True, True]
        x, y, _ = globe.first_node
        at = [(s.origin.x + x, s.origin.y + y) for s in evidence.relocated]
        assert all(min(math.dist(place, (s["x"], s["y"])) for s in shots) < 2e-3 for place in at)
        found += any(math.dist(place, (truth["x"], truth["y"])) < 5.0 for place in at)
        digest = hashlib.sha256((made / "block" / "roof-1.wav").read_bytes()).hexdigest()
        assert evidence.subject.recordings["roof-1"] == digest
    assert found == 1


def test_the_shots_of_a_bundle_are_drawn_on_a_map_by_who_has_its_key(
    made: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["replay", str(made / "block"), "--evidence", str(made / "again"), "--format", "geojson"]) == 0
    printed, said = capsys.readouterr()
    line = next(line for line in said.splitlines() if "wrote" in line)
    path = line.split("wrote ")[1].split(";")[0]
    monkeypatch.setattr("sys.stdin", io.StringIO(line.split()[-1] + "\n"))
    assert main(["verify", path, "--open", "--format", "geojson"]) == 0
    (feature, *_) = json.loads(capsys.readouterr().out)["features"]
    points = [f["geometry"]["coordinates"] for f in json.loads(printed)["features"]]
    assert any(np.allclose(feature["geometry"]["coordinates"], point, atol=2e-8) for point in points)
    evidence, _ = verify_bundle(Path(path))
    assert evidence is not None
    globe = unseal(evidence.sealed, evidence.subject.event, line.split()[-1])
    assert json.loads(globe.map)["features"][0] == feature, "it is kept in the sealed part"
    assert map_of(msgspec.structs.replace(globe, map=""), evidence) == globe.map, "of an older bundle it is made anew"
    lon = f"{feature['geometry']['coordinates'][0]}"
    for changed in (globe.map.replace(lon, f"{float(lon) + 1e-6:.8f}"), "{", '{"features": []}'):
        other, about = msgspec.structs.replace(globe, map=changed), evidence.subject
        sealed, key = seal(other, about.event, about.made_for)
        _, found = opened(replace(evidence, sealed=sealed), key)
        assert [f.good for f in found] == [True, False], changed[:40]
    with pytest.raises(SystemExit):
        main(["verify", path, "--format", "geojson"])


def test_a_report_of_a_replay_says_that_it_is_one_in_every_language(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(made / "block"), "--evidence", str(made / "third")]) == 0
    path = next((made / "third").glob("*.zip"))
    told = {
        "en": ("made by a replay of", "no centre is known by it, so there is none to compare it with"),
        "fr": ("fait par une relecture de", "elle n’est celle d’aucun centre, il n’y a donc rien à quoi la comparer"),
        "es": ("hecho por una repetición de", "no es la de ningún centro, así que no hay con qué compararla"),
    }
    for language, words in told.items():
        page = made / f"{language}.html"
        assert main(["report", str(path), "--language", language, "--out", str(page)]) == 0
        assert all(sentence in page.read_text().replace("'", "’") for sentence in words)
    capsys.readouterr()
    assert main(["verify", str(path)]) == 0
    said = capsys.readouterr().out
    assert "show that nothing was changed since, not who recorded, where or when" in said
    assert "the centre's: tocsin centre key" not in said
    key = base64.b64encode(bytes(32)).decode()
    assert main(["verify", str(path), "--centre-key", key]) == 1
    assert "which is a replay's own" in capsys.readouterr().out
