"""When a sound file starts, by what its recorder wrote into it, and what is refused."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from arrays.capture.files import read_header
from arrays.capture.riff import chunks
from recordings.formats.bext import Bext, bext_of, encode_bext, parse_bext, start_of
from recordings.formats.copying import add_chunks
from recordings.formats.dating import dated, describe
from recordings.sounds import read_sound
from tests.arrays.sessions import noise

SFC_GET_BROADCAST_INFO = 0x10F0
NINE_PM = int(datetime(2026, 6, 1, 21, tzinfo=UTC).timestamp()) * 10**9
RATES = st.sampled_from([8_000, 12_000, 22_050, 44_100, 48_000, 96_000, 192_000])
IXML = """<?xml version="1.0" encoding="UTF-8"?><BWFXML><IXML_VERSION>1.5</IXML_VERSION><SPEED>
<TIMESTAMP_SAMPLE_RATE>48000</TIMESTAMP_SAMPLE_RATE>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>0</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>
<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>3628800012</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED>
<BEXT><BWF_ORIGINATION_DATE>2026-06-01</BWF_ORIGINATION_DATE></BEXT></BWFXML>"""


def sound_file(path: Path, *words: tuple[str, bytes], form: str = "WAV", rate_hz: int = 48_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise(0.1, rate_hz=rate_hz).T, rate_hz, subtype="PCM_16", format=form)
    if words:
        add_chunks(path, words)
    return path


def comment(text: str) -> tuple[str, bytes]:
    raw = text.encode() + b"\0" * (1 + (len(text) + 1) % 2)
    return "LIST", b"INFOICMT" + len(raw).to_bytes(4, "little") + raw


@given(start_ns=st.integers(0, 2 * 10**18), rate_hz=RATES)
def test_a_start_survives_bext_to_the_sample(start_ns: int, rate_hz: int) -> None:
    told = start_of(parse_bext(encode_bext(bext_of(start_ns, rate_hz))), rate_hz)
    assert told is not None
    assert abs(told[0] - start_ns) <= 0.5e9 / rate_hz + 1


def test_libsndfile_reads_the_bext_that_is_written(tmp_path: Path) -> None:
    start_ns = NINE_PM + 250_000_000
    for form in ("WAV", "RF64"):
        path = sound_file(tmp_path / f"{form}.wav", ("bext", encode_bext(bext_of(start_ns, 48_000))), form=form)
        with soundfile.SoundFile(path) as file:
            buffer = soundfile._ffi.new("char[]", 858 + 4)
            assert soundfile._snd.sf_command(file._file, SFC_GET_BROADCAST_INFO, buffer, 860)
            raw = bytes(soundfile._ffi.buffer(buffer))
        assert raw[256:261] == b"Tocsi"
        assert raw[320:338] == b"2026-06-0121:00:00"
        assert struct.unpack_from("<Q", raw, 340)[0] == (21 * 3600 + 0.25) * 48_000


@pytest.mark.parametrize(
    ("name", "words", "start_ns", "by"),
    [
        ("a", [("bext", encode_bext(bext_of(NINE_PM + 5 * 10**8, 48_000)))], NINE_PM + 5 * 10**8, "bext"),
        ("a", [("iXML", IXML.encode())], NINE_PM + 250_000, "bext and iXML"),
        (
            "a",
            [("guan", b"GUANO|Version: 1.0\nTimestamp: 2026-06-01T23:00:00.125+02:00")],
            NINE_PM + 125_000_000,
            "GUANO",
        ),
        (
            "a",
            [comment("Recorded at 23:30:00 01/06/2026 (UTC+2:30) by AudioMoth 24F319055FDF2205 at medium gain")],
            NINE_PM,
            "AudioMoth's comment",
        ),
        ("24F319055FDF2205_20260601_210000", [], NINE_PM, "its name"),
        ("20260601_210000T", [], NINE_PM, "its name"),
        ("phone 2026-06-01 21-00-00.125", [], NINE_PM + 125_000_000, "its name"),
        ("AM.R1234.00.HDF.D.2026.152.210000", [], NINE_PM, "its name"),
        ("5AFC1D5C", [], int(datetime(2018, 5, 16, 12, 0, 28, tzinfo=UTC).timestamp()) * 10**9, "its name"),
    ],
)
def test_the_start_is_found_where_a_recorder_writes_it(
    tmp_path: Path, name: str, words: list[tuple[str, bytes]], start_ns: int, by: str
) -> None:
    told = dated(describe(sound_file(tmp_path / f"{name}.wav", *words)))
    assert (told.start_ns, told.by) == (start_ns, by)


def test_a_name_with_other_digits_tells_no_time(tmp_path: Path) -> None:
    one = describe(sound_file(tmp_path / "20269931_250000.wav"))
    assert one.told is None
    with pytest.raises(InputError, match=r"20269931_250000.wav does not say when it starts"):
        dated(one)


def test_flac_tells_what_the_wav_it_was_made_of_told(tmp_path: Path) -> None:
    """As `flac --keep-foreign-metadata` writes it (RFC 9639, 8.4): an application block of the id riff."""
    path = sound_file(tmp_path / "a.flac", form="FLAC")
    bext = encode_bext(bext_of(NINE_PM, 48_000))
    block = b"riff" + b"bext" + len(bext).to_bytes(4, "little") + bext
    raw = path.read_bytes()
    after = 8 + int.from_bytes(raw[5:8], "big")  # the first block, always of the stream's form
    path.write_bytes(raw[:after] + b"\x02" + len(block).to_bytes(3, "big") + block + raw[after:])
    assert dated(describe(path)).start_ns == NINE_PM
    assert read_header(path).samples == 4800


def test_guano_tells_place_and_serial(tmp_path: Path) -> None:
    words = b"GUANO|Version: 1.0\nLoc Position: 44.84 -0.58\nLoc Elevation: 21.5\nSerial: AM-7\n"
    one = describe(sound_file(tmp_path / "a.wav", ("guan", words)))
    assert (one.place, one.recorder) == ((44.84, -0.58, 21.5), "AM-7")


def raw_bext(**changes: object) -> bytes:
    return encode_bext(Bext(**{"date": "2026-06-01", "time": "21:00:00", "reference": 0, **changes}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (("bext", raw_bext(date="2026-13-41")), r"bext.OriginationDate is '2026-13-41'; expected a day"),
        (("bext", raw_bext(time="25:61:00")), r"bext.OriginationTime is '25:61:00'; expected a time"),
        (
            ("bext", raw_bext(reference=48_000)),
            r"TimeReference is 1.000 s after midnight, bext.OriginationTime 21",
        ),
        (("bext", raw_bext(reference=2**63)), r"expected less than a day of samples"),
        (("bext", b"short"), r"bext has 5 bytes; expected at least 602"),
        (("guan", b"Timestamp: yesterday"), r"GUANO Timestamp is 'yesterday'; expected one such as"),
        (("guan", b"Loc Position: here"), r"GUANO Loc Position is 'here'; expected latitude and longitude"),
        (("guan", b"\xff\xfe"), r"GUANO is not UTF-8"),
        (("iXML", b"<!DOCTYPE x [<!ENTITY a 'b'>]><BWFXML/>"), r"iXML declares a document type"),
        (("iXML", b"<BWFXML>"), r"iXML is not XML"),
        (comment("Recorded at 21:00:00 31/02/2026 (UTC)"), r"the time in AudioMoth's comment is 2026-02-31 21:00:00"),
    ],
)
def test_nonsense_is_named_with_file_and_field(tmp_path: Path, word: tuple[str, bytes], sentence: str) -> None:
    with pytest.raises(InputError, match=rf"a\.wav: .*{sentence}"):
        describe(sound_file(tmp_path / "a.wav", word))


def test_a_time_to_come_is_refused(tmp_path: Path) -> None:
    """2036-02-07 06:28:16 is where the first era of NTP ends: what a recorder says whose clock was never set."""
    era = datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)
    ahead = max(int(era.timestamp()), int(datetime.now(UTC).timestamp()) + 10**6)
    one = describe(sound_file(tmp_path / "a.wav", ("bext", encode_bext(bext_of(ahead * 10**9, 48_000)))))
    with pytest.raises(InputError, match=r"which is in the future; its recorder's clock was wrong"):
        dated(one)


def test_a_truncated_rf64_is_refused(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "a.wav", form="RF64")
    path.write_bytes(path.read_bytes()[:-1000])
    for read in (read_header, read_sound, describe):
        with pytest.raises(InputError, match=r"a\.wav.* cut short.* promises 4800 samples"):
            read(path)


def test_twenty_gigabytes_are_refused_where_all_is_read_at_once_and_said_at_once(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "a.wav", form="RF64")
    size = 20 << 30
    with path.open("r+b") as file:
        file.seek(20)
        file.write(struct.pack("<QQQ", size - 8, size - 104, (size - 104) // 2))
    os.truncate(path, size)  # sparse: a few kilobytes on the disk
    assert read_header(path).samples == (size - 104) // 2
    with pytest.raises(InputError, match=r"holds 10737418188 samples; expected at most"):
        read_sound(path)
    assert [c.id for c in chunks(path)][-1] == "data"


def test_zeros_behind_the_sound_are_no_chunks(tmp_path: Path) -> None:
    path = sound_file(tmp_path / "a.wav")
    os.truncate(path, 20 << 30)
    assert [c.id for c in chunks(path)] == ["fmt ", "data"]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_chunks(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.wav"
    for head in (b"RIFF\xff\xff\xff\xffWAVE", b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0", b"fLaC"):
        path.write_bytes(head + tail)
        assert all(c.offset <= len(head) + len(tail) for c in chunks(path))


def test_a_recorder_of_padding_is_dated_too(tmp_path: Path) -> None:
    path = tmp_path / "20260601_210000.wav"
    soundfile.write(path, np.zeros(4800), 48_000, subtype="PCM_16")
    one = describe(path)
    assert one.end_ns - dated(one).start_ns == 10**8
