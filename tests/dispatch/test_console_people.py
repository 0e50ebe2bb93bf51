"""People at the page, in a real browser before a real centre: they come by link or password, and leave."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dispatch.people.codes import code_of, step_at
from tests.dispatch import wire
from tests.dispatch.running import REPOSITORY, FakeNode, RunningCentre, one_time_link, running_centre, send, token

pytestmark = pytest.mark.browser

PASSWORD = "a lantern over still water"


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    if not (REPOSITORY / "dispatch" / "console" / "dist" / "index.html").is_file():
        pytest.skip("the page is not built: run `make install`")
    with running_centre(tmp_path_factory.mktemp("console-people") / "data") as running:
        node = FakeNode("roof-7", 612.4, 88.8, 23.5)
        with running.client() as client:
            node.enrol(client, token(running.data))
            send(client, node.sealed(node.report(health=wire.health(interval_s=60.0))))
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 800})
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    opened.close()
    assert wrong == []


def test_the_first_administrator_comes_by_the_printed_link_goes_and_comes_back(
    page: Page, centre: RunningCentre
) -> None:
    assert centre.process.stdout is not None
    line = centre.process.stdout.readline()
    assert line.startswith("become its administrator, once and within 24 hours: ")
    page.goto(line.rpartition(" ")[2].strip())
    expect(page.get_by_role("heading", name="You are the first here")).to_be_visible()
    assert "first" not in page.url  # the secret is not left in the address
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("New password").fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("refusal")).to_contain_text("needs at least 12 characters")
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("link")).to_contain_text("Live")
    expect(page.get_by_test_id("account")).to_contain_text("Ann")
    page.get_by_test_id("log-out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_test_id("node")).to_have_count(0)
    page.keyboard.type("Ann")  # the name has the focus
    page.keyboard.press("Tab")
    page.keyboard.type("not this one, no")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("refusal")).to_have_text("The name or the password is wrong.")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("link")).to_contain_text("Live")
    page.reload()
    expect(page.get_by_test_id("account")).to_contain_text("Ann")


def test_a_session_that_ends_says_so_and_keeps_the_view(page: Page, centre: RunningCentre) -> None:
    link = one_time_link(centre.data, "analyst", "join")
    page.goto(f"{centre.page}/#/{link}")
    expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("node")).to_have_count(1)
    with sqlite3.connect(centre.data / "tocsin.db") as connection:
        connection.execute("DELETE FROM sessions")
    connection.close()
    page.context.set_offline(True)  # the stream breaks off
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("lost")).to_contain_text("Your session ended at")
    expect(page.get_by_test_id("node")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("log-in")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("log-in")).to_have_count(0)
    expect(page.get_by_test_id("link")).to_contain_text("Live")


def test_a_used_link_says_so_in_french(browser: Browser, centre: RunningCentre) -> None:
    link = one_time_link(centre.data, "wall")
    httpx.post(f"{centre.page}/api/session/link", json={"secret": link.partition("/")[2]}).raise_for_status()
    page = browser.new_page(locale="fr-FR", viewport={"width": 390, "height": 800})
    page.goto(f"{centre.page}/#/{link}")
    expect(page.get_by_test_id("refusal")).to_contain_text("Ce lien a déjà servi")
    expect(page.get_by_role("button", name="Se connecter")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()


def test_who_may_not_see_where_nodes_stand_sees_their_zone(page: Page, centre: RunningCentre) -> None:
    centre.show(page, "dispatcher")
    expect(page.get_by_test_id("health")).to_have_count(1)
    expect(page.get_by_test_id("zone")).to_have_count(1)
    expect(page.get_by_test_id("zone")).to_have_accessible_name(re.compile("1 node"))
    expect(page.get_by_test_id("node")).to_have_count(0)
    assert "612" not in page.content()


def test_a_person_turns_codes_on_and_logs_in_with_one(page: Page, centre: RunningCentre) -> None:
    page.goto(f"{centre.page}/#/{one_time_link(centre.data, 'analyst', 'join')}")
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    name = page.get_by_test_id("account").inner_text()
    page.get_by_test_id("account").press("Enter")
    codes = page.get_by_role("form", name="One-time codes are off")
    codes.get_by_label("Present password").fill("not this one, no")
    page.keyboard.press("Enter")
    expect(codes.get_by_role("alert")).to_contain_text("The password or the code is wrong")
    codes.get_by_label("Present password").fill(PASSWORD)
    page.keyboard.press("Enter")
    secret = page.get_by_test_id("secret").inner_text().replace(" ", "")
    expect(page.get_by_role("link", name=page.get_by_test_id("secret").inner_text())).to_have_attribute(
        "href", re.compile(rf"^otpauth://totp/Tocsin:analyst.*secret={secret}&")
    )
    first = step_at(time.time_ns() // 1_000_000)
    page.keyboard.type(code_of(secret, first - 9))  # the code has the focus
    page.keyboard.press("Enter")
    expect(codes.get_by_role("alert")).to_contain_text("does not fit")
    page.keyboard.type(code_of(secret, first))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="asks for a code")).to_be_visible()
    expect(page.get_by_role("heading", name="One-time codes are on")).to_be_visible()
    expect(page.get_by_test_id("secret")).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_test_id("log-out").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("One-time code")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("refusal")).to_contain_text("This code does not fit")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Password")).to_have_value("")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_test_id("language").select_option("fr")
    expect(page.get_by_label("Code à usage unique")).to_be_visible()
    code = code_of(secret, max(first, step_at(time.time_ns() // 1_000_000)) + 1)
    page.get_by_label("Code à usage unique").fill(f"{code[:3]} {code[3:]}")  # as apps show it
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("account")).to_contain_text(name)
    page.get_by_test_id("account").click()
    expect(page.get_by_role("heading", name="Les codes à usage unique sont activés")).to_be_visible()


def test_a_person_changes_their_password_on_a_phone(page: Page, centre: RunningCentre) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{centre.page}/#/{one_time_link(centre.data, 'dispatcher', 'join')}")
    page.get_by_label("New password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_test_id("account").click()
    change = page.get_by_role("form", name="Change password")
    for present, new, told in (
        ("not this one, no", "another lantern, elsewhere", "The password or the code is wrong"),
        (PASSWORD, "short", "needs at least 12 characters"),
    ):
        change.get_by_label("Present password").fill(present)
        change.get_by_label("New password").fill(new)
        page.keyboard.press("Enter")
        expect(change.get_by_role("alert")).to_contain_text(told)
    change.get_by_label("Present password").fill(PASSWORD)
    change.get_by_label("New password").fill("another lantern, elsewhere")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Your password is changed")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
