"""A dispatcher decides at the page, before a real centre: one key a step, undo, and never two people unknowingly."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dispatch.running import REPOSITORY, FakeNode, RunningCentre, block, running_centre, tokens, wait_for
from tests.dispatch.test_console import fire, healthy

pytestmark = [pytest.mark.browser, pytest.mark.alone]

PLACES = itertools.cycle([(60.0, 60.0), (390.0, 60.0), (390.0, 240.0), (60.0, 240.0), (225.0, 60.0), (225.0, 240.0)])
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    if not (REPOSITORY / "dispatch" / "console" / "dist" / "index.html").is_file():
        pytest.skip("the page is not built: run `make install`")
    with running_centre(tmp_path_factory.mktemp("deciding") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def nodes(centre: RunningCentre) -> list[FakeNode]:
    known = block()
    with centre.client() as client:
        for node, secret in zip(known, tokens(centre.data, len(known)), strict=True):
            node.enrol(client, secret)
    return known


@contextmanager
def at_work(
    browser: Browser, centre: RunningCentre, role: str = "dispatcher", locale: str = "en-GB"
) -> Iterator[tuple[Page, str]]:
    """The page of a new person of a role, and their name; it must have complained of nothing but refusals."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if "Security Policy" in said.text else None)
    with page.expect_response("**/api/session/link") as let_in:
        centre.show(page, role)
    expect(page.get_by_test_id("link")).to_have_attribute("data-lost", "false")
    expect(page.get_by_test_id("health")).to_have_count(12)
    yield page, let_in.value.json()["name"]
    context.close()
    assert wrong == []


@pytest.fixture
def shot(centre: RunningCentre, nodes: list[FakeNode]) -> str:
    """A new possible gunshot: its event's id."""
    healthy(centre, nodes)
    before = {e["id"] for e in centre.state()["events"]}
    fire(centre, nodes, place=next(PLACES))
    (new,) = wait_for(lambda: {e["id"] for e in centre.state()["events"]} - before)
    return str(new)


def open_newest(page: Page) -> None:
    page.get_by_test_id("shot").first.click()
    expect(page.get_by_test_id("log")).to_be_attached()


def decide(client: httpx.Client, event: str, **what: object) -> None:
    client.post(f"/api/events/{event}/decisions", json=what).raise_for_status()


def test_from_a_shot_to_a_closed_event_by_keyboard_alone(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre) as (page, me):
        page.keyboard.press("ArrowDown")
        state, log = page.get_by_test_id("state"), page.get_by_test_id("log").locator("li")
        expect(state).to_have_text("Nobody has it yet")
        page.keyboard.press("a")
        expect(state).to_have_text("You have it")
        expect(page.get_by_test_id("waiting")).to_have_count(0)
        page.keyboard.press("c")
        page.keyboard.type("Mrs Roy, rue Haute: four bangs")
        page.keyboard.press("Enter")
        expect(log).to_have_count(2)
        page.keyboard.press("d")
        page.keyboard.type("car 4")
        page.keyboard.press("Enter")
        expect(state).to_have_text("You sent a patrol")
        page.keyboard.press("u")
        expect(state).to_have_text("You have it")
        expect(log.nth(2)).to_contain_text("undone")
        page.keyboard.press("d")
        page.keyboard.type("car 7")
        page.keyboard.press("Enter")
        expect(state).to_have_text("You sent a patrol")
        page.keyboard.press("t")
        page.keyboard.type(HOSTILE)
        page.keyboard.press("Enter")
        expect(log.last).to_contain_text(HOSTILE)
        page.keyboard.press("o")
        page.keyboard.press("Space")  # the first outcome, confirmed: it needs a ground
        keep = page.get_by_role("button", name="Keep")
        expect(keep).to_be_disabled()
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        expect(keep).to_be_enabled()
        for _ in range(4):
            page.keyboard.press("Tab")
        page.keyboard.type("three casings")
        page.keyboard.press("Enter")
        expect(state).to_have_text("Closed: confirmed")
        expect(log.last).to_contain_text(f"{me} closed as confirmed (casings): three casings")
        assert page.locator("img").count() == 0
    (kept,) = [e for e in centre.state()["events"] if e["id"] == shot]
    assert (kept["status"], kept["outcome"]) == ("closed", "confirmed")


def test_two_dispatchers_never_handle_one_event_unknowingly(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre) as (page, _), at_work(browser, centre) as (other, name):
        open_newest(page)
        page.keyboard.press("d")
        page.keyboard.type("car 4")
        open_newest(other)
        other.keyboard.press("a")
        expect(page.get_by_test_id("state")).to_have_text(f"{name} has it")
        page.keyboard.press("Enter")  # the form was opened while nobody had it
        expect(page.get_by_test_id("decide-refusal")).to_contain_text(f"{name} has taken this event")
        expect(page.locator("#decide-text")).to_have_value("car 4")  # nothing that was written is lost
        page.keyboard.press("Escape")
        page.keyboard.press("d")
        expect(page.get_by_test_id("held")).to_contain_text(f"{name} has it")
        expect(page.locator("#decide-text")).to_have_value("car 4")
        page.keyboard.press("Escape")
        page.keyboard.press("a")
        expect(page.get_by_test_id("take-over")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("log")).to_contain_text(f"took it over from {name}")
        expect(other.get_by_test_id("state")).not_to_have_text("You have it")


def test_what_came_in_is_attached_and_a_new_call_is_entered(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre) as (page, _):
        open_newest(page)
        page.keyboard.press("k")
        page.locator("#decide-text").fill("heard three shots by the church")
        page.get_by_role("button", name="Attach").last.click()
        expect(page.get_by_test_id("verdicts")).to_contain_text("1 call or finding attached")
        page.keyboard.press("k")
        expect(page.get_by_test_id("came-in")).to_contain_text("heard three shots by the church")
        expect(page.get_by_test_id("came-in").locator("li").filter(has_text="church").first).to_contain_text("attached")


def test_a_call_is_on_a_second_dispatchers_open_event_at_once_and_then_attached(
    browser: Browser, centre: RunningCentre, shot: str
) -> None:
    (event,) = [e for e in centre.state()["events"] if e["id"] == shot]
    call = {"source": "call", "time_ms": int(event["time_ms"]) + 20_000, "text": HOSTILE, "reference": "112-9"}
    with at_work(browser, centre) as (page, _), at_work(browser, centre) as (other, _):
        for one in (page, other):
            open_newest(one)
            expect(one.get_by_test_id("came-in-told")).to_have_count(0)
        call["place"] = {"x": event["x"], "y": event["y"] + 30.0}
        centre.let_in("dispatcher").post("/api/incoming", json=call).raise_for_status()
        for one in (page, other):
            told = one.get_by_test_id("came-in-told")
            expect(told).to_contain_text(re.compile(r"call 112-9 .*20 s after the shots, 30\sm"))
            expect(told).to_contain_text(HOSTILE)
        page.keyboard.press("k")
        page.get_by_test_id("came-in").get_by_role("button", name="Attach").click()
        for one in (page, other):
            expect(one.get_by_test_id("came-in-told")).to_contain_text("attached")
            expect(one.get_by_test_id("verdicts")).to_contain_text("1 call or finding attached")
            assert one.locator("img").count() == 0


def test_a_persons_verdict_stands_beside_the_machines(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre, locale="fr-FR") as (page, me):
        open_newest(page)
        page.keyboard.press("j")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        page.locator("#decide-count").fill("2")
        page.keyboard.press("Enter")
        verdicts = page.get_by_test_id("verdicts")
        expect(verdicts).to_contain_text(re.compile(r"MachineTir possible"))
        expect(verdicts).to_contain_text(f"{me}feu d'artifice, 2 coups")


def test_an_analyst_answers_before_seeing_what_the_machine_says(
    browser: Browser, centre: RunningCentre, shot: str
) -> None:
    with at_work(browser, centre, "analyst") as (page, me):
        expect(page.get_by_test_id("to-judge").locator("button").first).to_be_visible()
        expect(page.get_by_test_id("to-judge")).not_to_contain_text(re.compile("gunshot|%"))
        expect(page.get_by_test_id("shot")).to_have_count(
            sum(e["status"] == "closed" for e in centre.state()["events"])
        )
        page.get_by_test_id("to-judge").locator("button").first.click()
        expect(page.get_by_test_id("blind").locator("tbody tr")).to_have_count(12)
        assert page.locator(f'[data-event="{shot}"]').count() == 0  # nor on the map
        page.keyboard.press("a")  # decides nothing about what is not shown
        page.get_by_label("fireworks").check()
        page.get_by_role("button", name="Keep").click()
        verdicts = page.get_by_test_id("verdicts")
        expect(verdicts).to_contain_text(re.compile(r"MachinePossible gunshot"))
        expect(verdicts).to_contain_text(f"{me}fireworks before seeing the machine's")
    (kept,) = [e for e in centre.state()["events"] if e["id"] == shot]
    assert (kept["status"], kept["verdict"]["blind"]) == ("open", True)


def test_a_wall_display_sees_who_has_it_and_decides_nothing(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre, "wall") as (page, _):
        page.get_by_test_id("shot").first.click()
        expect(page.get_by_test_id("decide")).to_have_count(0)
        page.keyboard.press("a")
        decide(centre.let_in("dispatcher"), shot, action="acknowledge")
        expect(page.get_by_test_id("state")).to_have_text(re.compile("^dispatcher [0-9a-f]+ has it$"))


def test_what_is_written_outlives_the_session(browser: Browser, centre: RunningCentre, shot: str) -> None:
    with at_work(browser, centre) as (page, _):
        open_newest(page)
        page.keyboard.press("t")
        page.keyboard.type("a red car left")
        page.context.clear_cookies()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("log-in")).to_be_visible()
        expect(page.locator("#decide-text")).to_have_value("a red car left")


def test_where_casings_were_found_is_shown_on_the_map_and_kept(
    browser: Browser, centre: RunningCentre, shot: str
) -> None:
    with at_work(browser, centre, role="administrator") as (page, _):
        open_newest(page)
        page.keyboard.press("o")
        page.get_by_role("radio", name=re.compile("^confirmed")).check()
        page.get_by_label("casings").check()
        page.get_by_test_id("found-pick").click()
        box = page.locator('[data-testid="node"][data-node="roof-5"] .touch').bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.get_by_test_id("found-at")).to_contain_text(re.compile(r"\d+\sm .* of the middle of the ellipse"))
        expect(page.get_by_test_id("found")).to_have_count(1)
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_test_id("state")).to_have_text("Closed: confirmed")
        expect(page.get_by_test_id("found")).to_have_count(1)  # now as the log has it
    lines = centre.let_in("auditor").get(f"/api/events/{shot}").json()["history"]
    (found,) = [line["what"]["found"] for line in lines if line["what"]["action"] == "close"]
    assert (found["x"], found["y"]) == pytest.approx((150.0, 150.0), abs=5.0)  # where roof-5 stands
