"""A dispatcher asks for the sound of a shot at the page, says why, and listens to what a node sends."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from dispatch.commands.mandate import mandate
from tests.dispatch.chromium import chromium
from tests.dispatch.running import running_centre, wait_for
from tests.dispatch.test_clips import Town
from tests.dispatch.test_console import healthy
from tests.dispatch.test_console_deciding import at_work, open_newest
from tests.dispatch.test_locator import enrolled

pytestmark = [pytest.mark.browser, pytest.mark.alone]


def test_a_dispatcher_asks_says_why_and_listens(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre, centre.client() as lines, chromium() as browser:
        mandate(["--clips", "--data", str(centre.data)])
        town = Town(centre, lines, enrolled(centre, lines), centre.let_in("dispatcher"))
        healthy(centre, town.nodes)
        town.event(100.0, 80.0)
        with at_work(browser, centre, "wall") as (page, _):
            open_newest(page)
            expect(page.get_by_test_id("clips")).to_have_count(0)
        with at_work(browser, centre) as (page, name):
            open_newest(page)
            page.get_by_test_id("ask-for-sound").click()
            page.keyboard.type("a car that misfires?")  # its letters are keys of the page: none of them acts now
            page.keyboard.press("Enter")
            rows = page.get_by_test_id("clips").locator("li")
            expect(rows).to_have_count(3)
            expect(page.get_by_test_id("state")).to_have_text("Nobody has it yet")
            names = [text.split()[0] for text in rows.all_inner_texts()]
            orders = {node: town.order(node) for node in names[:2]}
            assert town.send(names[0], orders[names[0]]).status_code == 200
            town.answer(names[1], orders[names[1]].id, "gone")
            expect(rows.nth(0)).to_contain_text("there")
            expect(rows.nth(1)).to_contain_text("remembers it no more")
            rows.nth(0).get_by_role("button", name="Listen").click()
            page.keyboard.press("Enter")  # without a reason nothing comes
            expect(page.get_by_test_id("clip")).to_have_count(0)
            page.keyboard.type("how many rounds?")
            page.keyboard.press("Enter")
            sound = page.get_by_test_id("clip")
            expect(sound).to_be_visible()
            wait_for(lambda: sound.evaluate("one => one.readyState") >= 2)
            assert sound.evaluate("one => one.duration") == pytest.approx(2.0, abs=0.01)
            page.get_by_label("A quarter as fast").check()
            assert sound.evaluate("one => one.playbackRate") == 0.25
        told = [line["data"] for line in town.journal()]
        assert [(one["by"], one["because"]) for one in told if "by" in one] == [
            (name, "how many rounds?"),
            (name, "a car that misfires?"),
        ]
