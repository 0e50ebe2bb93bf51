"""The pages beside the board, in a real browser before a real centre, and what they ask of its API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from recordings.evidence.verify import opened, verify_bundle
from recordings.formats.labels import read_raven
from recordings.formats.shots import read_csv, read_geojson
from tests.dispatch.chromium import chromium
from tests.dispatch.stage import Stage, person, play, staged
from tests.dispatch.test_console_access import violations

pytestmark = pytest.mark.browser

FIRST, FIREWORK, CLOSED, NEWEST = (120.0, 60.0), (330.0, 220.0), (60.0, 230.0), (395.0, 90.0)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("pages")) as made:
        play(made)
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong
    with chromium() as one:
        yield one
    expect.set_options(timeout=5_000)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    opened.close()
    assert wrong == []


def go(page: Page, stage: Stage, name: str) -> None:
    page.goto(f"{stage.centre.page}/#/{name}")
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", name)


def found(stage: Stage, **asked: Any) -> set[tuple[float, float]]:
    """The places of the events that a search finds, among those that were fired."""
    events = stage.ann.get("/api/events", params=asked).raise_for_status().json()["events"]
    standing = [e for e in events if e["label"] != "withdrawn"]
    return {
        place
        for e in standing
        for place in (FIRST, FIREWORK, CLOSED, NEWEST)
        if abs(e["x"] - place[0]) + abs(e["y"] - place[1]) < 30.0
    }


def test_events_are_found_by_what_they_are_where_and_what_became_of_them(stage: Stage) -> None:
    assert found(stage) == {FIRST, FIREWORK, CLOSED, NEWEST}
    assert found(stage, label="firework") == {FIREWORK}
    assert found(stage, outcome="confirmed") == {CLOSED}
    assert found(stage, outcome="none", label="gunshot") == {FIRST, NEWEST}
    assert found(stage, status="dispatched") == {FIRST}
    assert found(stage, zone="Harbour") == {FIREWORK, NEWEST}
    assert found(stage, zone="nowhere") == set()
    assert found(stage, node="roof-1") == {FIRST, FIREWORK, CLOSED, NEWEST}
    assert found(stage, node="roof-9") == set()  # it was deaf
    assert found(stage, exercise=True) == set()


def test_which_node_heard_what_is_searched_by_who_may_see_where_nodes_stand(stage: Stage) -> None:
    answer = stage.bob.get("/api/events", params={"node": "roof-1"})
    assert answer.status_code == 403
    assert "where it stands" in answer.json()["error"]


def test_files_of_events_are_read_back_and_name_no_node(stage: Stage) -> None:
    asked = {"label": "gunshot"}
    events = {e["number"]: e for e in stage.bob.get("/api/events", params=asked).json()["events"]}
    csv = stage.bob.get("/api/events.csv", params=asked).raise_for_status().text
    geojson = stage.bob.get("/api/events.geojson", params=asked).raise_for_status().text
    raven = stage.bob.get("/api/events.raven", params=asked).raise_for_status().text
    for rows in (read_csv(csv), read_geojson(geojson)):
        assert {row["number"] for row in rows} == set(events)
        for row in rows:
            event = events[row["number"]]
            assert row["x"] == pytest.approx(event["x"], abs=1e-3)
            assert row["time"] == pytest.approx(event["time_ms"] * 1e-3, abs=1e-5)
            assert (row["count"], row["status"], row["label"]) == (event["count"], event["status"], "gunshot")
    labels = read_raven(raven)
    assert [int(one.extra["Event"]) for one in labels] == sorted(events, key=lambda n: float(events[n]["time_ms"]))
    day_ms = 86_400_000
    for one in labels:
        begin_ms = events[int(one.extra["Event"])]["time_ms"] - one.begin_s * 1e3
        assert begin_ms / day_ms == pytest.approx(round(begin_ms / day_ms), abs=1e-6)
    assert not re.search(r"roof-\d", csv + geojson + raven)


def test_searches_are_kept_for_each_person_alone(stage: Stage) -> None:
    wanted = {"label": "gunshot", "days": 30, "zone": "Harbour"}
    stage.bob.put("/api/searches/Harbour, month", json=wanted).raise_for_status()
    (kept,) = stage.bob.get("/api/searches").json()
    assert kept["name"] == "Harbour, month"
    assert {name: value for name, value in kept["search"].items() if value is not None} == wanted
    assert stage.ann.get("/api/searches").json() == []
    assert stage.ann.delete("/api/searches/Harbour, month").status_code == 404
    stage.bob.delete("/api/searches/Harbour, month").raise_for_status()
    assert stage.bob.get("/api/searches").json() == []


def test_the_handover_tells_what_is_open_and_what_was_said_last(stage: Stage) -> None:
    told = stage.bob.get("/api/handover").raise_for_status().json()
    left = {e["event"]["number"]: e for e in told["left"]}
    first, newest, closed = (stage.event(*place)["number"] for place in (FIRST, NEWEST, CLOSED))
    assert {first, newest} <= set(left)
    assert closed not in left
    assert [line["what"]["action"] for line in left[first]["said"]] == ["note", "dispatch", "acknowledge"]
    assert left[newest]["said"] == []


def test_the_report_of_an_event_is_made_and_the_journal_says_so(stage: Stage) -> None:
    event = stage.event(*CLOSED)
    answer = stage.ann.post(f"/api/events/{event['id']}/report", json={"form": "html", "language": "fr"}, timeout=120.0)
    assert answer.raise_for_status().headers["content-type"].startswith("text/html")
    assert "Trois" not in answer.text
    assert "Three casings under the arcade" in answer.text
    assert not re.search(r"44\.8\d\d", answer.text)  # where it was on the globe is sealed
    (line,) = stage.ann.get("/api/journal", params={"kind": "evidence"}).json()["lines"]
    assert line["subject"] == event["id"]
    assert json.loads(line["data"])["made_for"] == "Ann Martin"
    assert stage.ann.post("/api/events/none/report", json={}).status_code == 404


def test_a_dispatcher_searches_keeps_the_search_and_opens_an_event(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "dispatcher")
    page.get_by_test_id("pages").get_by_role("link", name="Search").click()
    results = page.get_by_test_id("results")
    expect(results).to_contain_text("Probably fireworks")
    page.get_by_label("What").select_option("gunshot")
    page.get_by_label("Outcome").select_option("confirmed")
    page.get_by_role("button", name="Search", exact=True).press("Enter")
    expect(page.get_by_test_id("found")).to_have_text("1 event")
    expect(results).not_to_contain_text("fireworks")
    expect(page.get_by_role("link", name="CSV")).to_have_attribute(
        "href", re.compile("label=gunshot&outcome=confirmed")
    )
    page.get_by_label("Name of this search").fill("Confirmed")
    page.keyboard.press("Enter")
    page.reload()
    page.get_by_role("button", name="Confirmed", exact=True).click()
    expect(page.get_by_test_id("found")).to_have_text("1 event")
    expect(page.get_by_label("Outcome")).to_have_value("confirmed")
    page.get_by_role("button", name="Forget the search Confirmed").click()
    expect(page.get_by_role("button", name="Confirmed", exact=True)).to_have_count(0)
    results.get_by_role("link").click()
    expect(page.get_by_test_id("headline")).to_contain_text("1 round")
    expect(page.get_by_test_id("state")).to_have_text("Closed: confirmed")
    page.go_back()
    expect(page.get_by_test_id("sheet")).to_be_visible()


def test_a_shot_that_waits_is_told_on_every_page_and_n_goes_there(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "dispatcher")
    expect(page.get_by_test_id("shot").first).to_be_visible()
    go(page, stage, "handover")
    expect(page.get_by_test_id("alarm")).to_contain_text("Possible gunshots, 2 rounds")
    page.keyboard.press("a")  # takes nothing unseen
    page.keyboard.press("n")
    expect(page.get_by_test_id("headline")).to_contain_text("2 rounds")
    expect(page.get_by_test_id("state")).to_have_text("Nobody has it yet")


def test_the_handover_is_read_and_printed(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "dispatcher")
    go(page, stage, "handover")
    left = page.get_by_test_id("left").get_by_role("listitem")
    expect(left).to_have_count(2)
    expect(left.last).to_contain_text("noted: Second caller says a white van left towards the quay.")
    expect(page.get_by_test_id("deaf")).to_contain_text("Microphone 2 gives no sound.")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_test_id("pages")).to_be_hidden()
    expect(left.first).to_be_visible()


def test_a_wall_display_has_the_board_alone(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "wall")
    expect(page.get_by_test_id("shot").first).to_be_visible()
    expect(page.get_by_test_id("pages")).to_have_count(0)
    page.goto(f"{stage.centre.page}/#/search")
    expect(page.get_by_test_id("shot").first).to_be_visible()
    expect(page.get_by_test_id("sheet")).to_have_count(0)


def test_an_analysts_day_in_spanish(browser: Browser, stage: Stage) -> None:
    page = browser.new_page(locale="es-ES", viewport={"width": 1280, "height": 800}, accept_downloads=True)
    page.goto(f"{stage.centre.page}/#/{person(stage.centre, 'Eva Ruiz', 'analyst', 'enter')}")
    first = page.get_by_test_id("to-judge").locator("button").first
    expect(first).to_be_visible()
    page.get_by_test_id("pages").get_by_role("link", name="Búsqueda").click()
    hidden = page.get_by_test_id("results").get_by_role("link", name="Primero su respuesta")
    expect(hidden).not_to_have_count(0)
    waiting = hidden.count()
    hidden.first.click()
    page.get_by_label("disparos", exact=True).check()
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_test_id("verdicts")).to_contain_text("Eva Ruiz")
    page.get_by_test_id("pages").get_by_role("link", name="Búsqueda").click()
    expect(page.get_by_test_id("results").get_by_role("link", name="Primero su respuesta")).to_have_count(waiting - 1)
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("button", name="Informe").last.click()
    assert str(PdfReader(coming.value.path()).root_object["/Lang"]) == "es"
    assert stage.ann.get("/api/performance").json()[0]["agreement"]["of"] == 1
    page.get_by_test_id("pages").get_by_role("link", name="Cifras").click()
    expect(page.get_by_test_id("figures")).to_contain_text(re.compile(r"\d+\s*alertas"))
    page.close()


def test_an_analyst_replays_an_event_with_another_setting_by_keyboard(browser: Browser, stage: Stage) -> None:
    page = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800}, bypass_csp=True)  # for axe
    stage.centre.show(page, "analyst")
    page.get_by_test_id("pages").get_by_role("link", name="Search").press("Enter")
    row = page.get_by_test_id("results").get_by_role("row", name=re.compile("Closed: confirmed"))
    row.get_by_role("link", name="Replay").press("Enter")
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", "replay")
    page.get_by_text("Settings, all as shipped").press("Enter")
    offered = stage.ann.get("/api/replays").json()["settings"]
    fields = page.get_by_test_id("replay-form").locator("label[title]")
    expect(fields).to_have_count(len(offered))
    shown = {str(one.get_attribute("title")): one for one in fields.all()}
    for setting in offered:
        assert setting["name"] not in shown[setting["name"]].inner_text()  # it has words of its own
        assert float(shown[setting["name"]].locator("input").input_value()) == setting["value"]
    least = page.get_by_label("Score from which it is a shot")
    least.press("Control+a")
    least.press_sequentially("500")
    expect(page.get_by_text("Settings, 1 changed")).to_be_visible()
    least.press("Enter")
    expect(page.get_by_test_id("replay-counts")).to_contain_text(re.compile(r"gone: [1-9]"), timeout=60_000)
    (run, *_) = stage.ann.get("/api/replays").json()["replays"]
    assert run["asked"]["changes"] == ["search.least=500"]
    assert run["asked"]["until_ms"] - run["asked"]["since_ms"] < 15_000
    rows = page.get_by_test_id("replay-rows")
    number = stage.event(*CLOSED)["number"]
    gone = rows.get_by_role("row", name=re.compile(f"gone .*Event {number}"))
    expect(gone).to_contain_text("Possible gunshot")
    expect(page.get_by_role("img", name=re.compile("^The nodes from above"))).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Comparison (JSON lines)").press("Enter")
    assert json.loads(Path(coming.value.path()).read_text().splitlines()[0])["change"] == "gone"
    assert violations(page) == []
    gone.get_by_role("link").press("Enter")
    expect(page.get_by_test_id("headline")).to_contain_text("1 round")
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("button", name="Report (PDF)").press("Enter")
    assert Path(coming.value.path()).read_bytes().startswith(b"%PDF")
    page.get_by_role("button", name="File of evidence").press("Enter")
    page.get_by_label("Who is given the file, and why").fill("the court, case 12")
    with page.expect_download(timeout=60_000) as coming:
        page.get_by_role("button", name="Make it").press("Enter")
    key = page.get_by_test_id("seal-key").text_content()
    made, findings = verify_bundle(Path(coming.value.path()))
    assert made is not None, findings
    assert made.subject.made_for.startswith("the court, case 12 (analyst ")
    assert opened(made, str(key))[0].lat is not None
    assert violations(page) == []
    page.get_by_role("link", name="Replay with other settings").press("Enter")
    expect(page.get_by_test_id("replays")).to_contain_text("search.least=500")
    page.close()


def test_a_replay_that_is_refused_says_so_in_a_sentence(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "analyst")
    page.get_by_test_id("pages").wait_for()
    page.goto(f"{stage.centre.page}/#/replay/since=1000&until=4000000000000")
    page.get_by_role("button", name="Replay", exact=True).press("Enter")
    expect(page.get_by_role("alert").filter(has_text="the span of time is longer than 31 days")).to_be_visible()


def test_a_dispatcher_who_may_not_see_places_is_offered_no_replay(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "dispatcher")
    expect(page.get_by_test_id("shot").first).to_be_visible()
    page.goto(f"{stage.centre.page}/#/replay")
    expect(page.get_by_test_id("shot").first).to_be_visible()
    expect(page.get_by_test_id("sheet")).to_have_count(0)
    page.get_by_test_id("shot").first.click()
    expect(page.get_by_test_id("headline")).to_be_visible()
    expect(page.get_by_test_id("examine")).to_have_count(0)
    go(page, stage, "search")
    expect(page.get_by_test_id("results")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Replay"))).to_have_count(0)


def test_a_missed_shooting_is_entered_and_counted(page: Page, stage: Stage) -> None:
    stage.centre.show(page, "dispatcher")
    go(page, stage, "figures")
    form = page.get_by_role("form", name="Shootings that raised no alert")
    form.get_by_label("Time").fill("2026-11-20T22:14:00")
    form.get_by_label("Place").fill("44.8412, -0.5793")
    form.get_by_label("Case").fill("2026/114")
    expect(form.get_by_role("button")).to_be_disabled()  # without what shows it
    form.get_by_label("casings").check()
    form.get_by_role("button").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Case 2026/114 is entered.")).to_be_visible()
    expect(page.get_by_test_id("missed")).to_contain_text("2026/114")
    expect(page.get_by_test_id("by-month")).to_contain_text("2026-11")
    assert stage.ann.get("/api/performance").json()[0]["missed"] == 1


def test_a_wall_display_in_spanish_shows_a_shot_by_itself(browser: Browser, stage: Stage) -> None:
    page = browser.new_page(locale="es-ES", viewport={"width": 1920, "height": 1080})
    page.goto(f"{stage.centre.page}/#/{person(stage.centre, 'Pared', 'wall')}")
    expect(page.get_by_test_id("link")).to_contain_text("En directo")
    stage.fire(250.0, 160.0, ago_s=1.0)
    number = stage.event(250.0, 160.0)["number"]
    expect(page.get_by_test_id("shot").first).to_contain_text(re.compile(rf"Posible disparo\s*{number}"))
    expect(page.get_by_test_id("decide")).to_have_count(0)
    expect(page.get_by_test_id("pages")).to_have_count(0)
    page.close()


PAGES = (
    "search",
    "replay",
    "handover",
    "figures",
    "nodes",
    "people",
    "alerts",
    "models",
    "rollouts",
    "site",
    "keeping",
    "journal",
    "drill",
    "start",
)
LOOKS = [("en-GB", "dark", 1280), ("fr-FR", "light", 390), ("es-ES", "dark", 390)]


@pytest.mark.parametrize(("locale", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_on_any_page(browser: Browser, stage: Stage, locale: str, scheme: Any, width: int) -> None:
    page = browser.new_page(  # axe needs its own script
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True
    )
    stage.centre.show(page)
    expect(page.get_by_test_id("shot").first).to_be_visible()
    for name in PAGES:
        go(page, stage, name)
        expect(page.locator("table, svg[role=img], form").first).to_be_visible()
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
    page.close()
