"""The page for everybody: axe-core finds nothing, in each language, by night and day, on a desk and on a phone."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dispatch.canned import canned, event
from tests.dispatch.running import REPOSITORY

pytestmark = pytest.mark.browser

AXE = REPOSITORY / "dispatch" / "console" / "node_modules" / "axe-core" / "axe.min.js"
RIGHTS = ("decide", "read-log", "see-events", "see-places")
LANGUAGES = {"en-GB": "Nobody has it yet", "fr-FR": "Personne ne l'a pris", "es-ES": "Nadie lo ha tomado"}
FORMS = ["call_back", "close", "judge", "corroborate"]


def violations(page: Page) -> list[tuple[str, str]]:
    """What axe-core finds wrong: the rule, and the first element."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found]


@pytest.mark.parametrize(("locale", "width"), [*itertools.product(LANGUAGES, [1280, 390])])
def test_axe_finds_nothing_on_the_board(browser: Browser, locale: str, width: int) -> None:
    events = [event(2, 60), event(1, 5000, status="closed", outcome="false", taken_by="Bob")]
    with canned(events=events, role="dispatcher", rights=RIGHTS) as centre:
        page = browser.new_page(locale=locale, viewport={"width": width, "height": 844}, bypass_csp=True)  # for axe
        page.emulate_media(color_scheme="light" if locale == "fr-FR" else "dark")
        page.goto(centre.page)
        expect(page.get_by_test_id("shot")).to_have_count(2)
        assert violations(page) == []
        page.get_by_test_id("shot").first.click()
        expect(page.get_by_test_id("state")).to_have_text(LANGUAGES[locale])
        expect(page.get_by_test_id("log")).to_be_attached()
        assert violations(page) == []
        for form in FORMS:
            page.get_by_test_id(f"step-{form}").click()
            assert violations(page) == [], form
            page.keyboard.press("Escape")
        page.get_by_test_id("step-close").click()
        page.locator('input[value="confirmed"]').check()
        page.locator('input[value="casings"]').check()
        page.locator("#found").fill("near the bridge")
        expect(page.locator("#found-wrong")).to_contain_text("44.8412, -0.5793")
        expect(page.locator(".go")).to_be_disabled()
        assert violations(page) == []
        page.locator("#found").fill("44.8412, -0.5793")
        expect(page.get_by_test_id("found-at")).to_be_attached()
        expect(page.locator(".go")).to_be_enabled()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.close()


def test_axe_finds_nothing_where_an_analyst_answers_blind(browser: Browser) -> None:
    with canned(events=[event(1, 60)], role="analyst", rights=RIGHTS) as centre:
        page = browser.new_page(locale="en-GB", bypass_csp=True)
        page.goto(centre.page)
        page.get_by_test_id("to-judge").get_by_role("button").click()
        expect(page.get_by_test_id("blind").locator("tbody tr")).to_have_count(2)
        assert violations(page) == []
        page.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_at_the_door_and_in_the_list_of_keys(browser: Browser, scheme: str) -> None:
    with canned(role="", events=[event(1, 60)]) as centre:
        page = browser.new_page(locale="en-GB", bypass_csp=True)
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto(centre.page)
        expect(page.get_by_label("Password")).to_be_visible()
        assert violations(page) == []
        centre.role = "dispatcher"
        page.reload()
        expect(page.get_by_test_id("shot")).to_have_count(1)
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.close()
