"""Bundles of every schema that there ever was are still read and checked."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.clip import read_clip
from localisation.arrivals import Shot
from recordings.evidence import verify
from recordings.evidence.contents import located
from recordings.evidence.summary import summary
from recordings.evidence.verify import opened, verify_bundle
from recordings.report.document import Checked, report_html
from tocsin import main

FOLDER = Path(__file__).with_name("bundles")


@dataclass(frozen=True)
class Known:
    """Of a bundle: the key of its sealed part, where its rounds were fired, m east and north of the first node, which
    nodes sent clips.
    """

    key: str
    rounds: tuple[tuple[float, float], ...]
    clips: tuple[str, ...] = ()
    map: bool = False


BUNDLES = {
    "version-1.zip": Known("ronc-fsh2-zzrf-5q73-7jq4-afym-aih7-qf3i", ((110.0, 70.0),)),
    # six nodes heard two rounds of scene 7, at 12 kHz; at the centre two people decided, and one had asked for clips
    "version-1-clips.zip": Known(
        "yc66-yw4f-esbh-ltfs-7vne-ffcq-orpf-rpa5", 2 * ((154.17, 33.45),), ("roof-1", "roof-2", "roof-4"), True
    ),
}
ALL = pytest.mark.parametrize("name", sorted(p.name for p in FOLDER.glob("*.zip")))


@ALL
def test_a_bundle_of_an_earlier_schema_verifies(name: str) -> None:
    evidence, findings = verify_bundle(FOLDER / name)
    assert evidence is not None
    assert [f.text for f in findings if not f.good] == []
    known = BUNDLES[name]
    assert len(evidence.relocated) == len(known.rounds)
    for shot, place in zip(evidence.relocated, known.rounds, strict=True):
        assert math.dist((shot.origin.x, shot.origin.y), place) < 5.0
        assert shot.verdict.label == "gunshot"
    globe, more = opened(evidence, known.key)
    assert [f.good for f in more] == [True] * (1 + known.map)
    assert (globe.lat, globe.lon) == (44.84, -0.58)


@ALL
@settings(deadline=None, max_examples=150)
@given(st.data())
def test_one_flipped_bit_anywhere_is_found_and_named(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray((FOLDER / name).read_bytes())
    with zipfile.ZipFile(FOLDER / name) as archive:
        spans = {info.filename: span(info) for info in archive.infolist()}
    low, high = data.draw(st.sampled_from([(0, len(whole)), *spans.values()]))  # small members as often as large
    at = data.draw(st.integers(8 * low, 8 * high - 1))
    whole[at // 8] ^= 1 << at % 8
    flipped = tmp_path_factory.getbasetemp() / f"flipped-{name}"
    flipped.write_bytes(whole)
    with pytest.raises(InputError) as caught:
        verify_bundle(flipped)
    member = next((member for member, (start, end) in spans.items() if start <= at // 8 < end), flipped.name)
    assert member in str(caught.value)


def span(member: zipfile.ZipInfo) -> tuple[int, int]:
    """The bytes of a bundle that are a member's content."""
    start = member.header_offset + 30 + len(member.filename)
    return start, start + member.file_size


def test_the_sound_in_a_bundle_is_of_its_shots_and_of_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "version-1-clips.zip"
    evidence, findings = verify_bundle(FOLDER / name)
    assert evidence is not None
    assert "3 clips are signed by their nodes and named in the centre's chain" in [f.text for f in findings]
    assert main(["verify", str(FOLDER / name), "--clips", str(tmp_path / "clips")]) == 0
    capsys.readouterr()
    assert sorted(p.stem for p in (tmp_path / "clips").iterdir()) == list(BUNDLES[name].clips)
    for one in evidence.clips:
        clip = read_clip(one.body)
        sound, rate_hz = soundfile.read(tmp_path / "clips" / f"{one.node}.flac")
        second = {a.id: a.time_ns for shot in evidence.relocated for a in shot.arrivals if a.node == one.node}
        for onset_s, time_ns in zip(clip.onsets_s, sorted(second.values()), strict=True):
            assert clip.start_ns + onset_s * 1e9 == pytest.approx(time_ns, abs=2e6)  # of another microphone, 0.35 m off
            at = round(onset_s * rate_hz)
            peak = np.abs(sound[at - 60 : at + 360]).max()
            assert peak > 5 * np.abs(sound[at - 1200 : at - 120]).max()
        assert np.abs(sound[: rate_hz // 2]).max() == 0.0, "no street before the shots"


def test_what_people_decided_is_in_the_bundle_and_in_its_report() -> None:
    evidence, findings = verify_bundle(FOLDER / "version-1-clips.zip")
    assert evidence is not None
    told = summary(evidence)
    assert (told.status, told.outcome) == ("closed", "confirmed")
    for language, words in (
        ("en", ("took the event", "undid line 54", "(undone later)", "confirmed (casings, call)", "sent: Patrol 12")),
        ("fr", ("a pris l’événement en charge", "a annulé la ligne 54", "(annulé plus tard)", "(douilles, appel)")),
    ):
        html = report_html(Checked(evidence, "ab" * 32, findings), language).replace("\u00a0", " ")
        for said in ("Bérénice Leclerc", "Søren O’Neill", "&lt;until 03:40&gt;", *words):
            assert said in html, said
        assert html.count("data:image/png;base64,") == len(BUNDLES["version-1-clips.zip"].clips) * len(told.shots)


@ALL
def test_another_program_s_place_must_still_be_the_same_shot(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*arguments: Any) -> tuple[Shot, ...]:
        return tuple(replace(s, origin=replace(s.origin, x=s.origin.x + 100.0)) for s in located(*arguments))

    monkeypatch.setattr(verify, "located", elsewhere)
    _, findings = verify_bundle(FOLDER / name)
    texts = [f.text for f in findings if not f.good and "elsewhere" in f.text]
    assert len(texts) == len(BUNDLES[name].rounds)
    assert all(text.startswith("computed anew, shot ") for text in texts)
