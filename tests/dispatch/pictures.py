"""Pictures of every page, by night and by day: `python -m tests.dispatch.pictures FOLDER`, or `make pictures`."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import httpx
import msgspec
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from arrays.clip import Excerpt
from dispatch.commands.mandate import mandate
from recordings.simulation import FIRST_S, RATE_HZ, impulse
from tests.dispatch.chromium import chromium
from tests.dispatch.running import RunningCentre, wait_for
from tests.dispatch.stage import Stage, let_in, play, staged
from tests.dispatch.test_clips import Town
from tests.dispatch.test_labels import with_sound

DESK, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
SCHEMES: dict[str, Literal["dark", "light"]] = {"night": "dark", "day": "light"}
PAGES = ("search", "handover", "figures", "people", "alerts", "models", "rollouts", "keeping", "journal")
LARGEST_BYTES = 100_000
SETTLES_MS = 900  # flights of the map, and curves


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description="Write a picture of every page of the console.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, staged(Path(data)) as stage, chromium() as browser:
        play(stage)
        take(browser, stage, folder, {"board": board}, logged_in=True)
        take(browser, stage, folder, {"phone": board}, logged_in=True, viewport=PHONE)
        stage.decide(stage.event(395.0, 90.0), action="acknowledge")  # no banner over the pages
        shown: dict[str, Callable[[Page, Stage], None]] = {name: plain(name) for name in PAGES}
        shown |= {
            "replay": replaying,
            "site": sited,
            "nodes": enrolling,
            "node": history,
            "drill": drilling,
            "first-steps": clapping,
            "labels": labelling,
        }
        take(browser, stage, folder, shown, logged_in=True)
        take(browser, stage, folder, {"log-in": log_in}, logged_in=False)


def take(
    browser: Browser,
    stage: Stage,
    folder: Path,
    shown: dict[str, Callable[[Page, Stage], None]],
    *,
    logged_in: bool,
    viewport: ViewportSize = DESK,
) -> None:
    """Each of some views, by night and by day."""
    for name, scheme in SCHEMES.items():
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, locale="en-GB", timezone_id="Europe/Paris"
        )
        if logged_in:
            bring(context, stage.centre, stage.ann)
        page = context.new_page()
        for view, go in shown.items():
            go(page, stage)
            page.mouse.move(0, 0)
            page.wait_for_timeout(SETTLES_MS)
            write(folder / f"{view}-{name}.webp", page.screenshot())
        context.close()


def bring(context: BrowserContext, centre: RunningCentre, client: httpx.Client) -> None:
    """The session of a person who came already."""
    for cookie in client.cookies.jar:
        context.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": centre.page}])


def write(path: Path, png: bytes) -> None:
    """Without loss, and small enough to be kept."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, lossless=True, quality=100, method=6)
    size = path.stat().st_size
    sys.stdout.write(f"{path}: {size / 1e3:.0f} kB\n")
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path} has {size} bytes; expected at most {LARGEST_BYTES}")


def at(page: Page, stage: Stage, name: str) -> None:
    page.goto(f"{stage.centre.page}/#/{name}")
    expect(page.get_by_test_id("sheet")).to_have_attribute("data-page", name)
    page.get_by_test_id("link").get_by_text("Live").wait_for()


def plain(name: str) -> Callable[[Page, Stage], None]:
    """A page as it opens."""

    def go(page: Page, stage: Stage) -> None:
        at(page, stage, name)
        page.locator("table").first.wait_for()
        if name == "journal":
            page.get_by_role("button", name="Check the chain").click()
            page.get_by_text("The chain holds").wait_for()

    return go


def board(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.centre.page}/#/")
    page.get_by_test_id("shot").first.wait_for()
    if (page.viewport_size or DESK)["width"] == DESK["width"]:
        expect(page.get_by_test_id("headline")).to_contain_text("2 rounds")


def replaying(page: Page, stage: Stage) -> None:
    at(page, stage, "search")
    page.get_by_role("link", name="Replay this span").click()
    page.locator("summary").click()
    page.get_by_label("Height of the source under the nodes").fill("60")
    page.get_by_role("button", name="Replay", exact=True).click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_role("progressbar").wait_for(state="detached", timeout=60_000)
    page.get_by_test_id("replay-counts").wait_for()
    page.locator("summary").click()
    page.get_by_test_id("replay").scroll_into_view_if_needed()


def sited(page: Page, stage: Stage) -> None:
    at(page, stage, "site")
    page.get_by_test_id("key").wait_for()


def enrolling(page: Page, stage: Stage) -> None:
    at(page, stage, "nodes")
    page.get_by_role("button", name="Enrol a node").click()
    page.get_by_test_id("qr").wait_for()


def history(page: Page, stage: Stage) -> None:
    at(page, stage, "nodes")
    page.get_by_test_id("nodes-table").get_by_role("button", name="Details").nth(2).click()
    page.get_by_test_id("node-history").get_by_role("img").first.wait_for()


def drilling(page: Page, stage: Stage) -> None:
    at(page, stage, "drill")
    page.get_by_role("button", name="Start the drill").click()
    page.get_by_test_id("drilled").get_by_role("link").first.wait_for()
    page.wait_for_timeout(3000)
    newest = next(e for e in stage.centre.state()["events"] if e["exercise"] and e["status"] == "open")
    stage.decide(newest, action="close", outcome="unknown", grounds=[], text="Drill")


def clapping(page: Page, stage: Stage) -> None:
    at(page, stage, "start")
    page.get_by_text("Listening …").wait_for()
    page.wait_for_timeout(1500)  # until it asks for what is new
    now_ns = time.time_ns() - 10**9
    for node, azimuth_deg in zip(stage.nodes[:3], (62.0, 118.0, 151.0), strict=True):
        heard = msgspec.structs.replace(node.hear(60.0, 170.0, now_ns, "other"), azimuth_deg=azimuth_deg)
        stage.say(node, [heard])
    page.get_by_text("nodes heard it").wait_for()
    page.get_by_test_id("where-map").scroll_into_view_if_needed()


def labelling(page: Page, stage: Stage) -> None:
    if not stage.ann.get("/api/labels").json():
        record(stage)
    at(page, stage, "labels")
    page.locator("form.stack input").press_sequentially("a model for this town")
    page.keyboard.press("Enter")
    for key in "fg":
        page.get_by_test_id("impulse").wait_for()
        waiting = page.get_by_test_id("asked").inner_text()
        if "2 to go" in waiting or "3 to go" in waiting:
            page.keyboard.press(key)
            expect(page.get_by_test_id("asked")).not_to_have_text(waiting)
    page.get_by_test_id("impulse").wait_for()


def record(stage: Stage) -> None:
    """Clips of a shot, which somebody else has labelled."""
    mandate(["--clips", "--data", str(stage.centre.data)])
    town = Town(stage.centre, stage.client, stage.nodes, stage.bob)
    wait_for(lambda: town.sound({"id": "none"})["allowed"])
    pressure = impulse("gunshot", 7)
    start = round((1.0 - FIRST_S) * RATE_HZ)
    sound = np.pad(0.5 * pressure / np.abs(pressure).max(), (start, 0)).astype(np.float32)
    event = with_sound(town, 150.0, 200.0, 3, Excerpt(sound, RATE_HZ, 0, (RATE_HZ,)))
    stage.decide(event, action="close", outcome="confirmed", grounds=["video"], text="")
    eva = let_in(stage.centre, "Eva Ruiz", "analyst")
    for clip in eva.get("/api/labels").json():
        eva.post(f"/api/labels/{clip['order']}/0", json={"label": "gunshot"}).raise_for_status()


def log_in(page: Page, stage: Stage) -> None:
    page.goto(stage.centre.page)
    page.get_by_test_id("log-in").wait_for()


if __name__ == "__main__":
    main()
