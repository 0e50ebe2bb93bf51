"""The day's log: every line of a local day, in order, told as it was, in two languages and three forms."""

from __future__ import annotations

import csv
import io
import re
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from acoustic.errors import InputError
from dispatch.commands.log import log
from dispatch.daylog.printed import log_csv, log_html
from dispatch.daylog.rows import DayLog, day_log
from dispatch.daylog.words import LOG_WORDS
from dispatch.incoming import Incoming, Missed
from dispatch.reminders import reminders
from dispatch.settings import Origin
from dispatch.store import Store
from dispatch.store.decisions import decide
from dispatch.store.events import add_shots
from dispatch.store.incoming import attach, enter_missed, take_in
from dispatch.store.journal import add_entry, last_entry
from dispatch.town.places import Frame, keep_frame
from dispatch.town.zones import zone_info
from localisation.arrivals import Shot
from recordings.decisions import Acknowledge, Close, Decision, Dispatch, Spot, Undo
from recordings.events import new_id
from recordings.report.printed import report_pdf
from tests.recordings.test_events import shot

PARIS = zone_info("Europe/Paris")
DAY = date(2026, 11, 26)
MIDNIGHT_MS = round(datetime(2026, 11, 25, 23, 0, tzinfo=UTC).timestamp() * 1e3)  # in Paris
PESSAC = Frame(origin=Origin(lat=44.84, lon=-0.58, height_m=20.0))
EVENT = new_id(shot("a"))
HOUR = 3_600_000
HOSTILE = "<script>alert(1)</script>"


def fired(key: str, time_ms: int, x: float, **other: object) -> Shot:
    one = shot(key, 0.0, x, 0.0, **other)  # type: ignore[arg-type]
    return replace(one, origin=replace(one.origin, time_ns=time_ms * 1_000_000))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A night: an alert in four versions, what people did, and what came in."""
    opened = Store(tmp_path / "data")
    at = MIDNIGHT_MS + HOUR
    opened.write_now(lambda c: keep_frame(c, PESSAC))
    opened.write_now(lambda c: add_entry(c, "node", "roof-2", {"state": "silent"}, MIDNIGHT_MS - 1))
    opened.write_now(lambda c: add_entry(c, "node", "roof-2", {"state": "ok"}, MIDNIGHT_MS))
    for n, (x, label) in enumerate(((100.0, "gunshot"), (101.0, "gunshot"), (160.0, "gunshot"), (160.0, "firework"))):
        version = fired("a", at, x, label=label, version=n + 1)
        opened.write_now(partial(add_shots, new=[version], now_ms=at + 1500 + 1000 * n, method="0" * 64))
    call = Incoming(source="call", time_ms=at + 30_000, text=f"two bangs {HOSTILE}", reference="112-7")
    kept = opened.write_now(lambda c: take_in(c, "Alice", call, at + 40_000))
    opened.write_now(lambda c: attach(c, EVENT, kept.id, "Alice", at + 50_000))
    found = Close(outcome="confirmed", grounds=("casings",), found=Spot(x=0.0, y=0.0))
    decisions: tuple[Decision, ...] = (Acknowledge(), Dispatch(text="=HYPERLINK(1)"), found)
    for n, what in enumerate(decisions):
        opened.write_now(partial(decide, event=EVENT, by="=Bob()", what=what, now_ms=at + 60_000 + n))
    last = opened.read_now(last_entry)
    opened.write_now(lambda c: decide(c, EVENT, "Chen", Undo(line=last), at + 70_000))
    miss = Missed(time_ms=at - 9 * HOUR, x=500.0, y=0.0, reference="2026/114", grounds=("victim",))
    opened.write_now(lambda c: enter_missed(c, "Alice", miss, at + 80_000))
    opened.write_now(lambda c: add_entry(c, "evidence", EVENT, {"number": 1, "made_for": "M. Durand"}, at + 90_000))
    opened.write_now(lambda c: add_entry(c, "machine", "m", {"did": "removed", "by": "Alice"}, at + 91_000))
    opened.write_now(lambda c: reminders(c, HOUR, at + 3 * HOUR))
    opened.write_now(lambda c: add_entry(c, "node", "roof-2", {"state": "fault"}, MIDNIGHT_MS + 24 * HOUR))
    yield opened
    opened.close()


def read(store: Store, language: str = "en", day: date = DAY, frame: Frame = PESSAC) -> DayLog:
    return store.read_now(lambda c: day_log(c, day, PARIS, frame, language))


def test_the_log_is_of_the_local_day_and_in_order(store: Store) -> None:
    found = read(store)
    lines = [row.line for row in found.rows]
    assert lines == sorted(lines)
    assert {row.at.date() for row in found.rows} == {DAY}
    assert [row.what for row in found.rows if row.kind == "node"] == ["node roof-2: at work"]
    assert read(store, day=date(2026, 11, 28)).rows == ()


def test_versions_that_change_nothing_for_the_reader_are_left_out(store: Store) -> None:
    told = [row.what for row in read(store).rows if row.kind == "event"]
    assert [text.split(",")[0] for text in told] == ["possible gunshots", "possible gunshots", "firework"]
    first = "possible gunshots, 90 %; 1 round; fired at 01:00:00; ellipse 10 m × 6 m around 44.84000°, −0.5787"
    assert told[0].replace("\u00a0", " ").startswith(first), "100 m east: 79 km a degree there"


def test_it_says_who_did_what_and_what_was_undone(store: Store) -> None:
    told = [(row.event, row.who, row.what.replace("\u00a0", " ")) for row in read(store).rows]
    for expected in (
        (1, "Alice", "corroborated by: call, 2026-11-26 01:00:30, reference 112-7"),
        (1, "=Bob()", "took the event"),
        (1, "=Bob()", "closed: confirmed (casings); found 44.84000°, −0.58000° (undone later)"),
        (1, "the program", "evidence made for M. Durand"),
        (1, "the program", "no outcome yet: reminder"),
        (None, "Alice", "machine m: did removed"),
    ):
        assert expected in told
    assert any(what.startswith("a shooting that raised no alert: 2026-11-25 16:00:00") for _, _, what in told)
    assert any(f"two bangs {HOSTILE}" in what for _, _, what in told)


def test_its_head_counts_the_day(store: Store) -> None:
    found = read(store)
    assert (found.alerts, found.closed, found.open, found.incoming, found.missed) == (1, 0, 1, 1, 1)
    assert found.last_line == found.rows[-1].line
    assert re.fullmatch("[0-9a-f]{64}", found.digest)


def test_a_site_without_a_place_on_the_globe_tells_metres(store: Store) -> None:
    told = [row.what for row in read(store, "fr", frame=Frame()).rows if row.kind == "event"]
    assert "autour de 100 m à l’est, 0 m au nord de l’origine" in told[0].replace("\u00a0", " ")


def test_no_cell_of_the_table_is_a_formula(store: Store) -> None:
    for language, delimiter in (("en", ","), ("fr", ";")):
        rows = list(csv.reader(io.StringIO(log_csv(read(store, language), language)), delimiter=delimiter))
        assert [len(row) for row in rows] == [6] * len(rows)
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
        assert "'=Bob()" in {row[4] for row in rows}
        assert {datetime.fromisoformat(row[1]).utcoffset() for row in rows[1:]} == {
            datetime(2026, 11, 26, tzinfo=PARIS).utcoffset()
        }


def test_nothing_that_was_entered_becomes_a_tag(store: Store) -> None:
    html = log_html(read(store), HOSTILE, datetime.now(UTC), "en")
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2
    for word in ("Log of 2026-11-26", "Times are those of Europe/Paris", "SHA-256"):
        assert word in html


@pytest.mark.parametrize(("language", "title"), [("en", "Log of 2026-11-26"), ("fr", "Main courante du 26/11/2026")])
def test_the_pdf_has_its_language_title_and_every_row(store: Store, language: str, title: str) -> None:
    found = read(store, language)
    reader = PdfReader(BytesIO(report_pdf(log_html(found, "Pessac", datetime.now(UTC), language))))
    assert reader.metadata is not None
    assert reader.metadata.title == title
    assert str(reader.root_object["/Lang"]) == language
    text = " ".join(page.extract_text() for page in reader.pages)
    for row in found.rows:
        assert row.at.strftime("%H:%M:%S") in text
    assert found.digest in text.replace("\n", "")


@pytest.mark.parametrize("key", LOG_WORDS)
def test_every_sentence_has_both_languages_with_the_same_parts(key: str) -> None:
    parts = [sorted({name for _, name, _, _ in string.Formatter().parse(text) if name}) for text in LOG_WORDS[key]]
    assert parts[0] == parts[1]


def test_the_command_writes_each_form(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "centre.toml").write_text(f'data = "{tmp_path / "data"}"\ntimezone = "Europe/Paris"\n')
    settings = [str(tmp_path / "centre.toml"), "--day", "2026-11-26", "--language", "fr"]
    log(settings)
    assert capsys.readouterr().out.startswith("Ligne;Heure;Événement;Genre;Qui;Quoi")
    for name, start in (("a.csv", b"\xef\xbb\xbfLigne"), ("a.html", b"<!DOCTYPE"), ("a.pdf", b"%PDF")):
        log([*settings, "--out", str(tmp_path / name)])
        assert (tmp_path / name).read_bytes().startswith(start)
    with pytest.raises(InputError, match=r"--out is 'a.docx'"):
        log([*settings, "--out", "a.docx"])
    with pytest.raises(InputError, match=r"--day is .26\.11\.2026"):
        log([settings[0], "--day", "26.11.2026"])
