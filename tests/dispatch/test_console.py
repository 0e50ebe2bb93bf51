"""The page in a real browser, before a real centre: shots appear by themselves, in both languages, WebGL or not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dispatch import wire
from tests.dispatch.chromium import DRAWING, chromium
from tests.dispatch.running import REPOSITORY, FakeNode, RunningCentre, block, running_centre, send, tokens

pytestmark = [pytest.mark.browser, pytest.mark.alone]

APPEARS_MS = 2000
PLACE = (210.0, 140.0)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    if not (REPOSITORY / "dispatch" / "console" / "dist" / "index.html").is_file():
        pytest.skip("the page is not built: run `make install`")
    with running_centre(tmp_path_factory.mktemp("console") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def nodes(centre: RunningCentre) -> list[FakeNode]:
    known = block()
    with centre.client() as client:
        for node, secret in zip(known, tokens(centre.data, len(known)), strict=True):
            node.enrol(client, secret)
    return known


@pytest.fixture(scope="module", params=DRAWING)
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    with chromium(request.param) as one:
        yield one


@pytest.fixture
def page(browser: Browser, centre: RunningCentre, nodes: list[FakeNode]) -> Iterator[Page]:
    healthy(centre, nodes)
    opened = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    centre.show(opened)
    expect(opened.get_by_test_id("link")).to_contain_text("Live")
    opened.evaluate("document.fonts.ready.then(() => true)")  # a typeface that comes moves the plan by some pixels
    yield opened
    opened.close()
    assert wrong == []


def healthy(centre: RunningCentre, nodes: list[FakeNode]) -> None:
    with centre.client() as client:
        for node in nodes:
            assert send(client, node.sealed(node.report(health=wire.health(interval_s=60.0)))).status_code == 200


def fire(
    centre: RunningCentre, nodes: list[FakeNode], label: str = "gunshot", place: tuple[float, float] = PLACE
) -> None:
    """Every node's report of one sound, posted one after the other, the last arrival last."""
    now = time.time_ns()
    heard = [(node, node.hear(*place, now, label)) for node in nodes]
    with centre.client() as client:
        for node, arrival in sorted(heard, key=lambda h: h[1].time_ns):
            assert send(client, node.sealed(node.report([arrival]))).status_code == 200


def count(page: Page) -> int:
    return page.get_by_test_id("shot").count()


def test_a_shot_appears_by_itself_with_its_ellipse(page: Page, centre: RunningCentre, nodes: list[FakeNode]) -> None:
    before = count(page)
    fire(centre, nodes)
    card = page.get_by_test_id("shot").nth(before)
    expect(card).to_be_visible(timeout=APPEARS_MS)
    newest = page.get_by_test_id("shot").first
    expect(newest).to_contain_text(re.compile(r"Possible gunshots?"))
    expect(newest).to_contain_text(re.compile(r"\d round"))
    expect(newest.get_by_test_id("extent")).to_have_text(re.compile(r"90\s% inside \d+\sm × \d+\sm"))
    expect(page.get_by_test_id("ellipse")).to_have_count(before + 1)
    expect(page.get_by_test_id("announced")).to_contain_text("New: Possible gunshot")


def test_the_page_speaks_french(page: Page, centre: RunningCentre, nodes: list[FakeNode]) -> None:
    page.get_by_test_id("language").select_option("fr")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_test_id("link")).to_contain_text("En direct")
    before = count(page)
    fire(centre, nodes, place=(80.0, 60.0))
    expect(page.get_by_test_id("shot").nth(before)).to_be_visible(timeout=APPEARS_MS)
    newest = page.get_by_test_id("shot").first
    expect(newest).to_contain_text(re.compile(r"Tirs? possibles?"))
    expect(newest.get_by_test_id("extent")).to_have_text(re.compile(r"90\s% dans \d+\sm × \d+\sm"))
    page.reload()
    expect(page.get_by_test_id("link")).to_contain_text("En direct")


def test_a_click_tells_how_it_was_located(page: Page, centre: RunningCentre, nodes: list[FakeNode]) -> None:
    fire(centre, nodes, place=(300.0, 200.0))
    expect(page.get_by_test_id("ellipse").last).to_be_visible(timeout=APPEARS_MS)
    page.get_by_test_id("shot").first.click()
    expect(page.get_by_test_id("where")).to_contain_text(re.compile(r"90\s% inside"))
    expect(page.get_by_test_id("origins").locator("tbody tr").first).to_be_visible()
    expect(page.get_by_test_id("arrivals").locator("tbody tr")).to_have_count(len(nodes))
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("arrivals")).to_have_count(0)


def test_a_firework_does_not_shout(page: Page, centre: RunningCentre, nodes: list[FakeNode]) -> None:
    before = count(page)
    fire(centre, nodes, "firework", (380.0, 250.0))
    expect(page.get_by_text(re.compile(r"\d+ other sounds?"))).to_be_visible(timeout=APPEARS_MS)
    assert count(page) == before
    expect(page.get_by_test_id("announced")).to_be_empty()


def test_nodes_are_on_the_plan_by_their_health(page: Page, centre: RunningCentre, nodes: list[FakeNode]) -> None:
    expect(page.get_by_test_id("node")).to_have_count(len(nodes))
    with centre.client() as client:
        ill = nodes[0].report(health=wire.health("fault", 60.0))
        assert send(client, nodes[0].sealed(ill)).status_code == 200
    sick = page.locator(f'[data-testid="health"][data-node="{nodes[0].id}"]')
    expect(sick).to_have_attribute("data-state", "fault", timeout=APPEARS_MS)
    expect(sick).to_contain_text("fault")


def test_the_plan_moves_by_keyboard(page: Page) -> None:
    node = page.get_by_test_id("node").first
    page.evaluate("() => document.fonts.ready.then(() => new Promise((done) => setTimeout(done, 500)))")  # laid out
    before = node.get_attribute("transform")
    page.get_by_test_id("plan").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    expect(node).not_to_have_attribute("transform", str(before))
    page.keyboard.press("0")
    expect(node).to_have_attribute("transform", str(before))


def test_a_press_that_ended_outside_does_not_drag_the_plan(page: Page) -> None:
    plan, node = page.get_by_test_id("plan"), page.get_by_test_id("node").first
    box = plan.bounding_box()
    before = node.get_attribute("transform")
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 120, box["y"] + 200)  # at once over the queue: the plan sees neither move nor release
    page.mouse.up()
    page.mouse.move(box["x"] + 300, box["y"] + 300, steps=5)
    expect(node).to_have_attribute("transform", str(before))
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 300, steps=5)
    page.mouse.up()
    expect(node).not_to_have_attribute("transform", str(before))


def test_a_nodes_health_is_told_to_who_cannot_see_its_mark(page: Page, nodes: list[FakeNode]) -> None:
    well = page.locator(f'[data-testid="health"][data-node="{nodes[1].id}"]')
    expect(well).to_have_attribute("data-state", "ok")
    expect(well).to_have_accessible_name(re.compile(rf"{nodes[1].id}: ok, last report \d+ s ago"))


def test_a_lost_centre_is_said_and_found_again(browser: Browser, tmp_path: Path) -> None:
    opened = browser.new_page(locale="en-GB")
    with running_centre(tmp_path / "data") as first:
        first.show(opened, "dispatcher")  # an administrator would be led through the first steps
        expect(opened.get_by_test_id("empty")).to_contain_text("No node has reported yet")
        port = httpx.URL(first.page).port
        first.kill()
        expect(opened.get_by_test_id("link")).to_contain_text("Connection lost", timeout=10_000)
    with running_centre(tmp_path / "data", "--page-port", str(port)):
        expect(opened.get_by_test_id("link")).to_contain_text("Live", timeout=15_000)
    opened.close()
