"""The public page: zones, months, outcomes, deletions, accesses; off unless asked for, no place finer than a zone."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import httpx
import msgspec
import pytest

from dispatch.commands.public import public
from dispatch.figures.counting import Span
from dispatch.incoming import Missed
from dispatch.public.figures import Public, public_figures
from dispatch.public.page import PAGES, files
from dispatch.public.words import PUBLIC_WORDS
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.decisions import decide
from dispatch.store.events import add_shots
from dispatch.store.incoming import enter_missed
from dispatch.store.journal import add_entry
from dispatch.store.nodes import NodeRecord, add_node
from dispatch.town.zones import Zone
from recordings.decisions import Close, Note, Outcome, Spot
from recordings.events import new_id
from tests.dispatch.running import running_centre
from tests.recordings.test_events import shot

SHOT_MS = 1_700_000_000_000  # 2023-11-14 22:13 UTC
SPAN = Span(from_ms=SHOT_MS - 86_400_000, to_ms=SHOT_MS + 86_400_000)
ZONES = (
    Zone(name="East <b>", corners_m=((0.0, -2000.0), (2000.0, -2000.0), (2000.0, 2000.0), (0.0, 2000.0))),
    Zone(name="West", corners_m=((-2000.0, -2000.0), (0.0, -2000.0), (0.0, 2000.0), (-2000.0, 2000.0))),
)
SETTINGS = Settings(name="Pessac & around", zones=ZONES)
NODE = NodeRecord(id="mast-77", public_key=b"k", x=731.25, y=-912.5, z=9.0, enrolled_ms=SHOT_MS - 86_400_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three alerts east and one west, each ended otherwise, and a miss."""
    opened = Store(tmp_path / "data")
    opened.write_now(lambda c: add_node(c, NODE))
    places = (("a", 123.25), ("b", 456.75), ("c", 789.5), ("d", -333.75))
    for n, (key, x) in enumerate(places):
        one = replace(shot(key, 60.0 * n, x), key=key)
        opened.write_now(partial(add_shots, new=[one], now_ms=SHOT_MS + 60_000 * n, method="0" * 64))
    found = Close(outcome="confirmed", grounds=("casings",), found=Spot(x=124.5, y=1.0), text="behind 12 Church Road")
    opened.write_now(lambda c: decide(c, new_id(shot("a")), "Alice Martin", found, SHOT_MS))
    ends: tuple[tuple[str, Outcome], ...] = (("b", "false"), ("d", "unknown"))
    for key, outcome in ends:
        what = Close(outcome=outcome)
        opened.write_now(partial(decide, event=new_id(shot(key)), by="Alice Martin", what=what, now_ms=SHOT_MS))
    opened.write_now(lambda c: decide(c, new_id(shot("c")), "Alice Martin", Note(text="M. Durand called"), SHOT_MS))
    miss = Missed(time_ms=SHOT_MS - 7_200_000, x=-654.0, y=0.0, reference="2026/114", grounds=("victim",))
    opened.write_now(lambda c: enter_missed(c, "Alice Martin", miss, SHOT_MS))
    made = {"number": 1, "made_for": "M. Durand"}
    opened.write_now(lambda c: add_entry(c, "evidence", new_id(shot("a")), made, SHOT_MS))
    yield opened
    opened.close()


def read(store: Store, settings: Settings = SETTINGS) -> Public:
    return store.read_now(lambda c: public_figures(c, settings, SPAN))


def test_it_counts_by_month_and_zone(store: Store) -> None:
    figures = read(store)
    rows = {row.zone: msgspec.to_builtins(row) for row in figures.rows}
    counts = ("alerts", "confirmed", "false", "unconfirmed", "unknown", "open", "missed")
    assert [rows["East <b>"][name] for name in counts] == [3, 1, 1, 0, 0, 1, 0]
    assert [rows["West"][name] for name in counts] == [1, 0, 0, 0, 1, 0, 1]
    assert {row.month for row in figures.rows} == {"2023-11"}
    assert [(m.month, m.evidence, m.deletions) for m in figures.months] == [("2023-11", 1, 0)]
    assert (figures.undecided.count, figures.precision.of, figures.recall.of) == (2, 2, 2)


def test_without_zones_the_site_is_one(store: Store) -> None:
    figures = read(store, Settings(name="Pessac"))
    assert figures.zones == ("Pessac",)
    assert [(row.zone, row.alerts) for row in figures.rows] == [("Pessac", 4)]


def test_nothing_on_it_is_finer_than_a_zone_and_a_month(store: Store) -> None:
    written = files(read(store), date(2023, 11, 15))
    told = b"\n".join(content for name, content in written.items() if name != "style.css").decode()
    secrets = ("mast-77", "731", "912", "123.25", "456.75", "789.5", "333.75", "654", "124.5", "Church", "Martin")
    for secret in (*secrets, "Durand", "2026/114", new_id(shot("a"))):
        assert secret not in told, secret
    assert not re.search(r"\d\d:\d\d", told), "no time of day"
    days = set(re.findall(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", told))
    assert days == {"2023-11-15", "15/11/2023"}, "the only day is that of counting"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def test_it_needs_nothing_else_and_each_link_is_one_of_its_files(store: Store) -> None:
    written = files(read(store), date(2023, 11, 15))
    for name in PAGES.values():
        html = written[name].decode()
        page = Tags(html)
        assert set(page.links) <= set(written)
        assert not {"script", "style", "b", "img"} & set(page.tags), (
            "a zone's name is no tag, and the page's policy holds"
        )
        assert "East &lt;b&gt;" in html
        assert "Pessac &amp; around" in html
    assert json.loads(written["figures.json"])["undecided"]["value"] == 0.5
    rows = list(csv.DictReader(io.StringIO(written["figures.csv"].decode())))
    assert [(row["zone"], row["missed"]) for row in rows] == [("East <b>", "0"), ("West", "1")]


def test_precision_stands_beside_what_is_not_decided(store: Store) -> None:
    html = files(read(store), date(2023, 11, 15))["index.html"].decode()
    assert html.index("Not decided, of all alerts") < html.index("Confirmed, of those decided")
    assert "50\u00a0% (2 of 4; 95\u00a0% interval 15\u00a0% to 85\u00a0%)" in html


def test_a_centre_that_counted_nothing_says_so(tmp_path: Path) -> None:
    empty = Store(tmp_path / "data")
    figures = read(empty)
    empty.close()
    for language, name in PAGES.items():
        assert (
            PUBLIC_WORDS["public.none"][0 if language == "en" else 1].split()[0]
            in files(figures, date(2023, 1, 1))[name].decode()
        )


@pytest.mark.parametrize("key", PUBLIC_WORDS)
def test_every_sentence_has_both_languages_with_the_same_parts(key: str) -> None:
    parts = [sorted({name for _, name, _, _ in string.Formatter().parse(text) if name}) for text in PUBLIC_WORDS[key]]
    assert parts[0] == parts[1]


def test_the_command_writes_files_for_any_web_server(store: Store, tmp_path: Path) -> None:
    public(["--data", str(tmp_path / "data"), "--out", str(tmp_path / "site")])
    assert {p.name for p in (tmp_path / "site").iterdir()} == {
        *PAGES.values(),
        "style.css",
        "figures.json",
        "figures.csv",
    }
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "site").iterdir()} == {0o644}


def test_it_is_off_unless_the_settings_say_so(tmp_path: Path) -> None:
    with running_centre(tmp_path / "off") as centre:
        assert httpx.get(f"{centre.page}/public/index.html").status_code == 404
    (tmp_path / "centre.toml").write_text('name = "Pessac"\npublic = true\n')
    with running_centre(tmp_path / "on", str(tmp_path / "centre.toml")) as centre:
        for name, kind in (("", "text/html"), ("/fr.html", "text/html"), ("/style.css", "text/css")):
            answer = httpx.get(f"{centre.page}/public{name}", follow_redirects=True)
            assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
            assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert json.loads(httpx.get(f"{centre.page}/public/figures.json").text)["site"] == "Pessac"
        assert httpx.get(f"{centre.page}/public/tocsin.db").status_code == 404
        assert httpx.get(f"{centre.page}/api/state").status_code == 401
