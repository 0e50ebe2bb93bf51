"""What goes through `tocsin convert` comes back, or it is said what does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from pymap3d import geodetic2enu

from acoustic.errors import InputError
from arrays.capture.riff import chunks, content
from arrays.session import read_session
from recordings.formats import labels, shots
from recordings.formats.bext import parse_bext
from recordings.formats.copying import BLOCK, Piece, Whole, add_chunks, blocks
from recordings.formats.labels import Label
from recordings.replaying import read_any
from tests.arrays.sessions import RATE_HZ, node, noise, write
from tocsin import main

WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=20)
TIMES = st.integers(0, 10**15).map(lambda ns: ns * 1e-9)
ELLIPSE = '{"semi_major_m": 1, "semi_minor_m": 1, "azimuth_deg": 0}'
SECONDS = 1_780_347_600.0


@st.composite
def label(draw: st.DrawFn, *, full: bool) -> Label:
    begin_s = draw(TIMES)
    low = draw(st.integers(0, 20_000))
    band = (float(low), float(low + draw(st.integers(1, 20_000))))
    return Label(
        begin_s=begin_s,
        end_s=begin_s + draw(st.integers(0, 10**6)) * 1e-3,
        text=draw(WORDS),
        file=draw(WORDS) if full else "",
        channel=draw(st.integers(0, 15)) if full else None,
        band_hz=draw(st.none() | st.just(band)),
    )


def same(a: Label, b: Label) -> bool:
    times = abs(a.begin_s - b.begin_s) < 1e-6 and abs(a.end_s - b.end_s) < 1e-6
    return times and (a.text, a.file, a.channel, a.band_hz) == (b.text, b.file, b.channel, b.band_hz)


@given(st.lists(label(full=True), max_size=5), st.sampled_from(["raven", "csv", "jsonl"]))
def test_labels_survive(marked: list[Label], form: str) -> None:
    back = labels.READERS[form](labels.WRITERS[form](marked))
    assert len(back) == len(marked)
    assert all(map(same, marked, back))


@given(st.lists(label(full=False), max_size=5))
def test_labels_survive_audacity(marked: list[Label]) -> None:
    back = labels.read_audacity(labels.audacity(marked))
    assert len(back) == len(marked)
    assert all(map(same, marked, back))
    assert labels.lost(marked, "audacity") == []


def test_what_audacity_has_no_place_for_is_said() -> None:
    marked = [
        Label(begin_s=1.0, end_s=2.0, channel=3, file="a.wav", extra={"Score": "7"}),
        Label(begin_s=1.0, end_s=2.0),
    ]
    assert labels.lost(marked, "audacity") == [
        "audacity has no place for a channel: lost for 1 of 2 labels",
        "audacity has no place for a file's name: lost for 1 of 2 labels",
        "audacity has no place for other columns: lost for 1 of 2 labels",
    ]


RAVEN = """Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tBegin File\tSpecies
1\tWaveform 1\t1\t0.250\t0.300\t\t\tSCP-1.wav\tgunshot
1\tSpectrogram 1\t1\t0.250\t0.300\t200.0\t6000.0\tSCP-1.wav\tgunshot
2\tSpectrogram 1\t2\t1.500000\t1.6\t200.0\t6000.0\tSCP-1.wav\techo
"""


def test_a_selection_of_raven_that_is_seen_in_two_views_is_one_label() -> None:
    first, second = labels.read_raven(RAVEN)
    assert (first.begin_s, first.end_s, first.channel, first.band_hz) == (0.25, 0.3, 0, (200.0, 6000.0))
    assert (first.file, first.extra, second.channel) == ("SCP-1.wav", {"Species": "gunshot"}, 1)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main(["convert", *map(str, arguments)])
    return code, capsys.readouterr().err


def test_detections_become_a_track_for_audacity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = '{"file": "a.wav", "channel": 0, "onset_s": 1.25, "snr_db": 20.1}\n'
    (tmp_path / "found.jsonl").write_text(lines)
    code, said = run(capsys, tmp_path / "found.jsonl", tmp_path / "track.txt", "--to", "audacity")
    assert code == 0
    assert "audacity has no place for a channel: lost for 1 of 1 labels" in said
    assert (tmp_path / "track.txt").read_text() == "1.250000000\t1.250000000\t\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0.5\tx\tshot\n", "line 1 is 'x'; expected a number"),
        ("2.0\t1.0\tshot\n", "line 1 is from 2 to 1 s; expected a begin before an end"),
        ("nan\t1.0\tshot\n", "line 1 is 'nan'; expected a number"),
        (RAVEN.replace("1.500000", "x"), "row 3: Begin Time (s) is 'x'; expected a number"),
        ('{"onset_s": "x"}\n', "line 1: onset_s is 'x'; expected a number"),
        ("begin_s,label\n-1,shot\n", "row 1 is from -1 to -1 s; expected a begin before an end"),
        ("hello", "holds nothing that is known"),
        ('{"x": 1, "ellipse": {}}\n', "line 1: ellipse: missing required field semi_major_m"),
        ('{"x": 1, "y": 2, "time": 1e300, "ellipse": ' + ELLIPSE + "}", "time is 1e+300; expected seconds since 1970"),
        ('{"type": "FeatureCollection", "features": [{"geometry": null}]}', "features[0].geometry is no Point"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    (tmp_path / "bad").write_text(text)
    code, said = run(capsys, tmp_path / "bad", tmp_path / "good.csv")
    assert code == 2
    assert sentence in said
    assert said.count("\n") == 1
    assert not (tmp_path / "good.csv").exists()


def shot(number: int) -> shots.Row:
    return {
        "session": "night 1",
        "x": 10.5 * number,
        "y": -3.25,
        "time": SECONDS + number + 0.123456,
        "ambiguous": number == 1,
        "also": [{"x": 1.0, "y": 2.0}] if number == 1 else [],
        "ellipse": {"semi_major_m": 9.0, "semi_minor_m": 5.0, "azimuth_deg": 30.0, "level": 0.9},
        "used": ["SCP-1", "roof, north"],
        **({"label": "gunshot", "gunshot": 0.97} if number else {}),
    }


def test_shots_survive_every_form_one_after_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [shot(n) for n in range(3)]
    (tmp_path / "0.jsonl").write_text(shots.lines(rows))
    way = ["0.jsonl", "1.csv", "2.parquet", "3.geojson", "4.csv", "5.jsonl"]
    for before, after in pairwise(way):
        assert run(capsys, tmp_path / before, tmp_path / after, "--origin", "44.84,-0.58") == (0, "")
    back = [json.loads(line) for line in (tmp_path / "5.jsonl").read_text().splitlines()]
    assert [{k: v for k, v in row.items() if k not in ("lat", "lon")} for row in back] == rows
    feature = json.loads((tmp_path / "3.geojson").read_text())["features"][2]
    lon, lat = feature["geometry"]["coordinates"]
    east, north, _ = geodetic2enu(lat, lon, 0.0, 44.84, -0.58, 0.0)
    assert (east, north) == (pytest.approx(21.0, abs=0.01), pytest.approx(-3.25, abs=0.01))


def test_parquet_has_times_that_other_programs_read(tmp_path: Path) -> None:
    from pyarrow import parquet

    (tmp_path / "a.parquet").write_bytes(shots.parquet([shot(0)]))
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table["utc"][0].as_py() == datetime(2026, 6, 1, 21, 0, 0, 123456, UTC)
    assert table["used"][0].as_py() == ["SCP-1", "roof, north"]


def test_geojson_needs_to_know_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_text(shots.lines([shot(0)]))
    code, said = run(capsys, tmp_path / "a.jsonl", tmp_path / "a.geojson")
    assert (code, "expected --origin LAT,LON" in said) == (2, True)


def test_a_session_is_copied_with_all_that_its_files_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corners = [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0], [0.0, 0.1, 0.0]]
    one = node("roof/1", file="a.wav", microphones=corners, gaps=[[0.2, 0.3]], time_sigma_s=1e-5)
    origin = {"lat": 44.84, "lon": -0.58, "height_m": 20.0}
    air = {"temperature_c": 3.0, "humidity_pct": 40.0}
    made = write(tmp_path / "made", [one, node("roof:1", file="b.wav")], origin=origin, air=air)
    add_chunks(made / "a.wav", [("guan", b"Serial: 7\n"), ("xtra", b"odd")])
    assert run(capsys, made, tmp_path / "copy") == (0, "")
    old, new = read_session(made), read_session(tmp_path / "copy")
    assert (new.id, new.air, new.origin) == (old.id, old.air, old.origin)
    for before, after in zip(old.nodes, new.nodes, strict=True):
        assert (before.id, before.position, before.start_ns) == (after.id, after.position, after.start_ns)
        assert (before.gaps, before.time_sigma_s) == (after.gaps, after.time_sigma_s)
        assert np.array_equal(before.microphones, after.microphones)
        assert np.array_equal(
            soundfile.read(before.file, dtype="int16")[0], soundfile.read(after.file, dtype="int16")[0]
        )
    words = {c.id: content(new.nodes[0].file, c) for c in chunks(new.nodes[0].file)}
    assert (words["guan"], words["xtra"]) == (b"Serial: 7\n", b"odd")
    assert parse_bext(words["bext"]).reference == 21 * 3600 * RATE_HZ
    assert len({n.file.name for n in new.nodes}) == 2


def test_a_test_of_the_live_fire_data_becomes_a_session(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = shared / "pittsburgh" / "FP2" / "test_019"
    code, said = run(capsys, test, tmp_path / "copy")
    assert code == 0
    assert "8-bit mu-law levels: 6 of 6 files" in said
    old, new = read_any(test), read_session(tmp_path / "copy")
    assert [(n.id, n.start_ns, n.position) for n in old.nodes] == [(n.id, n.start_ns, n.position) for n in new.nodes]
    for before, after in zip(old.nodes, new.nodes, strict=True):
        assert np.array_equal(soundfile.read(before.file)[0], soundfile.read(after.file)[0])


def test_clipped_sound_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = write(tmp_path / "made", [node()])
    loud = np.clip(500.0 * noise(1.0), -1.0, 1.0)
    soundfile.write(made / "roof-1.wav", loud.T, RATE_HZ, subtype="PCM_24")
    assert run(capsys, made, tmp_path / "copy") == (0, "tocsin convert: clipped: 1 of 1 files\n")
    assert soundfile.info(tmp_path / "copy" / "roof-1.wav").subtype == "PCM_24"


def test_nothing_is_overwritten_and_nothing_half_done_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = write(tmp_path / "made", [node(), node("roof-2")])
    code, said = run(capsys, made, made)
    assert (code, "made is there already" in said) == (2, True)
    broken = noise(1.0)
    broken[0, 7] = np.nan
    soundfile.write(made / "roof-2.wav", broken.T, RATE_HZ, subtype="FLOAT")
    code, said = run(capsys, made, tmp_path / "copy")
    assert (code, "roof-2.wav: sample 7 is not a finite number" in said) == (2, True)
    assert [p.name for p in tmp_path.iterdir()] == ["made"]


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = 2 * BLOCK
    soundfile.write(path, np.zeros(samples), RATE_HZ, subtype="PCM_16")
    whole = Whole(
        rate_hz=RATE_HZ,
        channels=1,
        samples=samples,
        start_ns=0,
        pieces=(Piece(path=path, samples=samples, channels=1),),
    )
    reading = blocks(whole, "int32")
    next(reading)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match=r"a\.wav changed while it was read; wait until its recording has ended"):
        list(reading)
