"""An analyst labels clips at the page, by keyboard, and takes them away; a second one disagrees."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dispatch.commands.mandate import mandate
from recordings.formats.labels import read_label_csv
from tests.dispatch import wire
from tests.dispatch.running import one_time_link, running_centre, send, wait_for
from tests.dispatch.stage import person
from tests.dispatch.test_clips import Town
from tests.dispatch.test_console_access import violations
from tests.dispatch.test_console_pages import browser
from tests.dispatch.test_labels import with_sound
from tests.dispatch.test_locator import enrolled

__all__ = ["browser"]  # a fixture, patient on a loaded machine
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_centre(tmp_path_factory.mktemp("labels") / "data") as centre, centre.client() as lines:
        made = Town(centre, lines, enrolled(centre, lines), centre.let_in("dispatcher"))
        for node in made.nodes:
            send(lines, node.sealed(node.report(health=wire.health(interval_s=600.0))))
        mandate(["--clips", "--data", str(centre.data)])
        wait_for(lambda: made.sound({"id": "none"})["allowed"])
        yield made


def opened(browser: Browser, town: Town, name: str, **how: Any) -> Page:
    """The page of a new analyst, open at the labels."""
    page = browser.new_page(locale="en-GB", **how)
    page.goto(f"{town.centre.page}/#/{person(town.centre, name, 'analyst', 'enter')}")
    page.get_by_test_id("pages").get_by_role("link", name="Labels").click()
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", "labels")
    return page


def begin(page: Page, because: str) -> None:
    """By keyboard, from the field for the reason on."""
    page.get_by_label("Why do you listen?").press_sequentially(because)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("impulse")).to_be_visible(timeout=20_000)


def loud(page: Page, seconds: float) -> int:
    """How dark the spectrogram is, at most, at a time after the onset; 255 is the loudest."""
    column = round(400 * (seconds + 0.15) / 0.6)
    return int(
        page.get_by_test_id("impulse")
        .locator("canvas")
        .evaluate(
            """(canvas, column) => {
                const { data } = canvas.getContext("2d").getImageData(column, 0, 1, canvas.height);
                return Math.max(...data.filter((_, i) => i % 4 === 3));
            }""",
            column,
        )
    )


def test_without_clips_the_page_says_where_they_come_from(browser: Browser, town: Town) -> None:
    page = opened(browser, town, "Zoe Adam", bypass_csp=True)
    expect(page.get_by_test_id("no-clips")).to_contain_text("ask for the sound of an event on the board")
    assert violations(page) == []
    page.close()


def test_two_analysts_label_by_keyboard_and_take_the_labels_away(browser: Browser, town: Town, tmp_path: Path) -> None:
    event = with_sound(town, 100.0, 80.0)
    page = opened(browser, town, "Eva Ruiz", viewport={"width": 1280, "height": 800}, accept_downloads=True)
    table = page.get_by_test_id("labelled")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table).not_to_contain_text("gunshot")  # what the machine says
    begin(page, "a model, for us")  # its letters are keys of the page: none of them answers
    assert loud(page, 0.0) > 220
    assert loud(page, -0.14) == 0  # the silence that the node put there
    expect(page.get_by_test_id("asked")).to_contain_text("2 to go")
    page.keyboard.press("p")
    page.keyboard.press("f")
    expect(page.get_by_test_id("last")).to_contain_text(re.compile(r"You: firework .* Its node: gunshot 90\s*%"))
    page.keyboard.press("b")
    expect(page.get_by_test_id("asked")).to_contain_text("2 to go")
    expect(page.get_by_test_id("last")).to_have_count(0)
    expect(page.get_by_test_id("impulse")).to_be_visible()
    page.keyboard.press("g")
    expect(page.get_by_test_id("asked")).to_contain_text("The last one")
    expect(page.get_by_test_id("impulse")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_test_id("labels-done")).to_be_visible()
    expect(table.locator("tbody tr").first.get_by_role("link")).to_have_text(str(event["number"]))

    other = opened(browser, town, "Ben Okri")
    waiting = other.get_by_test_id("labelled").locator("tbody tr").first
    expect(waiting).to_contain_text("Eva Ruiz")
    expect(waiting).not_to_contain_text("gunshot")
    begin(other, "the same")
    other.get_by_role("button", name="firework").click()
    expect(other.get_by_test_id("last")).to_contain_text("Eva Ruiz: gunshot people disagree")
    expect(other.get_by_test_id("impulse")).to_be_visible()
    other.close()

    page.reload()
    expect(table.locator("tbody tr").first).to_contain_text("Ben Okri: firework people disagree")
    form = page.get_by_role("form", name="Take them away")
    form.get_by_label("Why").fill("a model for this town")
    expect(form.get_by_label("Where the sound is from")).to_have_value("Tocsin")
    with page.expect_download() as coming:
        form.get_by_label("Why").press("Enter")
    coming.value.save_as(tmp_path / "labels.zip")
    with zipfile.ZipFile(tmp_path / "labels.zip") as archive:
        rows = read_label_csv(archive.read("labels/labels.csv").decode())
        assert {f"labels/{row.file}" for row in rows} | {"labels/labels.csv"} == set(archive.namelist())
    assert [row.extra["answers"] for row in rows] == ["Eva Ruiz: gunshot; Ben Okri: firework", "Eva Ruiz: unknown"]
    page.close()
    heard = [line["data"] for line in reversed(town.journal()) if "heard" in line["data"]]
    assert [(one["by"], one["because"]) for one in heard] == [
        *[("Eva Ruiz", "a model, for us")] * 4,  # each time a clip is opened, back to the first included
        ("Ben Okri", "the same"),
        ("Ben Okri", "the same"),
    ]


LOOKS = [("en-GB", "dark", 1280), ("fr-FR", "light", 390), ("es-ES", "dark", 390)]


@pytest.mark.parametrize(("locale", "scheme", "width"), LOOKS)
def test_axe_finds_nothing_while_labelling(browser: Browser, town: Town, locale: str, scheme: Any, width: int) -> None:
    if not town.dispatcher.get("/api/state").json()["events"]:
        with_sound(town, 100.0, 80.0)
    page = browser.new_page(  # axe needs its own script
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 844}, bypass_csp=True
    )
    page.goto(f"{town.centre.page}/#/{one_time_link(town.centre.data, 'analyst')}")
    page.get_by_test_id("pages").get_by_role("link").nth(4).click()
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", "labels")
    assert violations(page) == []
    page.locator("form.stack input").press_sequentially("x")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("impulse")).to_be_visible(timeout=20_000)
    page.keyboard.press("o")
    expect(page.get_by_test_id("last")).to_be_visible()
    expect(page.get_by_test_id("impulse")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
