"""The report of a replay: drawn from the very recordings that its bundle names, and told as what it is."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from PIL import Image

from acoustic.errors import InputError
from arrays.capture.files import SessionFile
from arrays.clip import Clip
from arrays.session import read_session
from recordings.chain import Line
from recordings.evidence.contents import Evidence, SignedClip
from recordings.evidence.verify import verify_bundle
from recordings.report.document import Checked, report_html
from recordings.report.language import LANGUAGES, Language
from recordings.report.rounds import rounds_of
from recordings.report.sound import AFTER_S, BEFORE_S, Cut, check_recordings, clips_of, cuts, recordings_of
from recordings.report.sound_figure import HIGHEST_HZ, png, spectrogram
from tests.recordings.test_replay import PLACES, SHOT, shooting
from tocsin import main

CENTRES = Path(__file__).with_name("bundles") / "version-1.zip"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session in which five microphones hear one shot, and the bundle of it in `bundles`."""
    made = tmp_path_factory.mktemp("sound")
    shooting(made / "session")
    assert main(["replay", str(made / "session"), "--evidence", str(made / "bundles")]) == 0
    return made


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Path:
    (path,) = (folder / "bundles").glob("*.zip")
    return path


def evidence_in(path: Path) -> Evidence:
    evidence, findings = verify_bundle(path)
    assert evidence is not None
    assert [f.text for f in findings if not f.good] == []
    return evidence


def test_sound_is_cut_to_where_the_shot_must_have_been_heard(folder: Path, bundle: Path) -> None:
    evidence = evidence_in(bundle)
    (round_,) = rounds_of(evidence)
    found = cuts(evidence, [round_], recordings_of(read_session(folder / "session")))[1]
    near = sorted((np.hypot(x - SHOT[0], y - SHOT[1]), f"roof-{n}") for n, (x, y, _) in enumerate(PLACES, 1))
    assert [cut.node for cut in found] == [name for _, name in near]
    for cut in found:
        assert len(cut.samples) == round((BEFORE_S + AFTER_S) * cut.rate_hz)
        zero = round(BEFORE_S * cut.rate_hz)
        around, before = cut.samples[zero - 200 : zero + 200], cut.samples[: zero - 400]
        assert np.abs(around).max() > 5 * np.abs(before).max(), "the bang is at 0 ms, and only noise before it"
        assert min(map(abs, cut.arrivals.values())) < 0.01


def test_the_report_draws_it_in_every_language(folder: Path, bundle: Path) -> None:
    for language in LANGUAGES:
        out = folder / f"r.{language}.html"
        asked = (bundle, "--language", language, "--recordings", folder / "session", "--out", out)
        assert main(["report", *map(str, asked)]) == 0
        html, w = out.read_text(), Language(language)
        assert html.count("data:image/png;base64,") == len(PLACES)
        for key in ("sound_shown", "history_note_replay", "method_1_replay", "left_out_replay", "chain_replay"):
            assert w(key) in html
        for key in ("no_sound", "history_note", "method_1", "left_out"):
            assert w(key) not in html


def test_a_report_without_the_recordings_says_how_they_are_drawn(bundle: Path) -> None:
    html = report_html(Checked(evidence_in(bundle), "ab" * 32, ()), "en")
    assert Language("en")("no_sound_replay") in html
    assert "data:image" not in html


def test_other_recordings_than_the_named_are_refused(
    folder: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence = evidence_in(bundle)
    shutil.copytree(folder / "session", tmp_path / "other")
    changed = tmp_path / "other" / "roof-3.wav"
    data = bytearray(changed.read_bytes())
    data[-1] ^= 1
    changed.write_bytes(data)
    with pytest.raises(InputError, match=r"roof-3\.wav has the SHA-256 \w+; the file of evidence names \w+"):
        check_recordings(evidence, read_session(tmp_path / "other"))
    less = replace(session := read_session(folder / "session"), nodes=session.nodes[:-1])
    with pytest.raises(InputError, match="has no recording of 'roof-5', which the file names"):
        check_recordings(evidence, less)
    assert main(["report", str(CENTRES), "--recordings", str(folder / "session")]) == 2
    said = "the file names no recordings; expected one that `tocsin replay --evidence` made"
    assert capsys.readouterr().err == f"tocsin report: {said}\n"


@pytest.mark.parametrize("hertz", [500.0, 3000.0])
def test_a_tone_is_black_at_its_frequency(hertz: float) -> None:
    rate_hz = 48_000.0
    seconds = np.arange(round((BEFORE_S + AFTER_S) * rate_hz)) / rate_hz
    cut = Cut("n", 1.0, np.sin(2 * np.pi * hertz * seconds).astype(np.float32), rate_hz, {})
    picture = np.asarray(Image.open(io.BytesIO(png(spectrogram(cut)))))
    rows = picture.shape[0]
    darkest = picture.mean(axis=1).argmin()
    assert (rows - 1 - darkest) / (rows - 1) * HIGHEST_HZ == pytest.approx(hertz, abs=100.0)
    assert picture[darkest].max() < 3
    assert picture[0].min() == 255, "nothing at the top"


def test_a_round_that_a_node_did_not_tell_of_is_said_to_be_taken_from_another(shared: Path, tmp_path: Path) -> None:
    """Of the three rounds of this test, one node reported two, and its place rests on one of those all the same."""
    session = shared / "pittsburgh" / "FP2" / "test_019"
    assert main(["replay", str(session), "--evidence", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*.zip")
    evidence = evidence_in(path)
    rounds = rounds_of(evidence)
    own = [{a.id for a in r.shot.arrivals} for r in rounds]
    borrowed = [[h for h in r.heard if h.borrowed] for r in rounds]
    assert sum(map(len, borrowed)) == 1
    assert all(h.arrival.id not in ids for ids, some in zip(own, borrowed, strict=True) for h in some)
    html = report_html(Checked(evidence, "ab" * 32, ()), "en")
    assert html.count(Language("en")("used_borrowed")) == 1


def test_clips_are_drawn_and_told_as_what_they_are(folder: Path, bundle: Path) -> None:
    """A clip of two seconds around each shot, as a node cuts it; here of what the recordings hold."""
    evidence = evidence_in(bundle)
    (round_,) = rounds_of(evidence)
    clips = []
    for node in read_session(folder / "session").nodes[:3]:
        onset_s = (
            next(h.arrival.time_ns for h in round_.heard if h.arrival.node == node.id) * 1e-9 - node.start_ns * 1e-9
        )
        first = round((onset_s - 1.0) * node.rate_hz)
        flac = io.BytesIO()
        sound = SessionFile(node).read(first, round(2.0 * node.rate_hz))[0]
        soundfile.write(flac, sound, round(node.rate_hz), format="FLAC", subtype="PCM_24")
        clip = Clip(
            order=f"clip-{node.id}",
            node=node.id,
            event=evidence.subject.event,
            start_ns=node.start_ns + round(first / node.rate_hz * 1e9),
            rate_hz=node.rate_hz,
            onsets_s=(1.0,),
            flac=flac.getvalue(),
        )
        clips.append(SignedClip(node=node.id, body=msgspec.msgpack.encode(clip), signature=b""))
    subject = msgspec.structs.replace(evidence.subject, replay_of="", recordings={})
    with_clips = replace(evidence, subject=subject, clips=tuple(clips))
    for cut in cuts(with_clips, [round_], clips_of(with_clips))[1]:
        zero = round(BEFORE_S * cut.rate_hz)
        assert np.abs(cut.samples[zero - 200 : zero + 200]).max() > 5 * np.abs(cut.samples[: zero - 400]).max()
    html, w = report_html(Checked(with_clips, "ab" * 32, ()), "fr"), Language("fr")
    assert html.count("data:image/png;base64,") == 3
    for key, there in (("no_sound_clips", True), ("method_1_clips", True), ("no_sound", False), ("method_1", False)):
        assert (w(key) in html) is there
    broken = replace(
        with_clips, clips=(msgspec.structs.replace(clips[0], body=msgspec.msgpack.encode(no_sound(clips[0]))),)
    )
    with pytest.raises(InputError, match="the clip of node roof-1 is no FLAC that can be read"):
        clips_of(broken)


def no_sound(clip: SignedClip) -> Clip:
    return msgspec.structs.replace(msgspec.msgpack.decode(clip.body, type=Clip), flac=b"fLaC and no more")


def test_who_asked_for_sound_who_listened_and_who_said_what_it_was_is_told() -> None:
    evidence = evidence_in(CENTRES)
    first, order = evidence.chain.lines[0], f"clip-{evidence.subject.event}-"
    told = (
        {"asked": [f"{order}roof-1", f"{order}roof-2"], "by": "A. Martin", "because": "reload?"},
        {"came": f"{order}roof-1", "digest": "00"},
        {"answered": f"{order}roof-2", "state": "gone", "why": ""},
        {"heard": f"{order}roof-1", "by": "B. Durand", "because": "to tell its calibre"},
        {"unheard_of": 1, "by": "C. Petit"},
    )
    lines = [msgspec.structs.replace(first, kind="clip", data=msgspec.json.encode(one).decode()) for one in told]
    labelled = {"order": f"{order}roof-1", "impulse": 0, "by": "D. Roy"}
    for label in ("shock_wave", ""):
        data = msgspec.json.encode({"label": label, **labelled}).decode()
        lines.append(msgspec.structs.replace(first, kind="label", data=data))
    chain = msgspec.structs.replace(evidence.chain, lines=(*lines, *evidence.chain.lines))
    html = report_html(Checked(replace(evidence, chain=chain), "ab" * 32, ()), "en")
    text = re.sub(r"<[^>]+>|\s+", " ", html[html.index('id="history"') :])
    for said in (
        r"A\. Martin +asked 2 nodes for their sound: reload\?",
        r"the centre’s program +the sound of roof-1 came",
        r"the centre’s program +no sound of roof-2 came: gone",
        r"B\. Durand +listened to the sound of roof-1: to tell its calibre",
        r"C\. Petit +clip:",
        r"D\. Roy +said of impulse 1 of the sound of roof-1: shock wave",
        r"D\. Roy +took back what they said of impulse 1 of the sound of roof-1",
    ):
        assert re.search(said, text), said


def test_each_line_of_the_log_says_who_and_for_whom() -> None:
    evidence = evidence_in(CENTRES)
    last = evidence.chain.lines[-1]
    earlier = msgspec.structs.replace(
        last, kind="evidence", data='{"number":1,"made_for":"Me Durand"}', subject=evidence.subject.event
    )
    reminder: Line = msgspec.structs.replace(earlier, kind="reminder", data="{}")
    chain = msgspec.structs.replace(evidence.chain, lines=(earlier, reminder, *evidence.chain.lines))
    html = report_html(Checked(replace(evidence, chain=chain), "ab" * 32, ()), "fr")
    text = re.sub(r"<[^>]+>", " ", html[html.index('id="history"') :]).replace("\u00a0", " ")
    assert "preuve établie pour Me Durand" in text
    assert f"preuve établie pour {evidence.subject.made_for}" in text
    assert re.search(r"le programme du centre\s+toujours sans issue : rappel", text)
