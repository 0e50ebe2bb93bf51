"""How fluid the page is and how soon it comes, in Chromium without a graphics card: `python -m benchmarks._fluid`.

Frame times are wall time, so other work on the machine counts too: the load is printed beside the figure.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.dispatch.canned import Canned, canned, event, node
from tests.dispatch.chromium import chromium
from tests.dispatch.frames import frames
from tests.dispatch.running import running_centre
from tests.dispatch.speed import coming

EVENTS = 1000
SECONDS = 60.0
TURNS = 2


def a_thousand_events(centre: Canned, page: Page) -> None:
    """A thousand events within a minute, as on a New Year's Eve."""
    start = time.monotonic()
    for number in range(EVENTS):
        centre.say("event", event(number, count=1, x=40.0 + 37 * (number % 11), y=30.0 + 29 * (number % 9)))
        late_s = time.monotonic() - start - number * SECONDS / EVENTS
        page.wait_for_timeout(max(-1e3 * late_s, 0.0))


def a_map_moved(_centre: Canned, page: Page) -> None:
    """The plan dragged about and zoomed, with two hundred nodes and ten thousand past events on it."""
    page.get_by_test_id("layers").click()
    page.get_by_test_id("period").select_option("year")
    page.get_by_test_id("past-count").wait_for()
    box = page.get_by_test_id("plan").bounding_box()
    assert box is not None  # noqa: S101 — it is on the page
    x, y = box["x"] + box["width"] / 3, box["y"] + box["height"] / 2
    for turn in range(TURNS):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 160, y + 90, steps=40)
        page.mouse.move(x, y, steps=40)
        page.mouse.up()
        for _ in range(20):
            page.mouse.wheel(0, 40 if turn % 2 else -40)
            page.wait_for_timeout(16)


def city() -> dict[str, Any]:
    """Two hundred nodes 250 m apart and ten thousand past events among them."""
    rng = random.Random(7)  # noqa: S311 — the same city each time
    nodes = [
        node(n, x=250.0 * (n % 20) + rng.uniform(-60, 60), y=250.0 * (n // 20) + rng.uniform(-60, 60))
        for n in range(200)
    ]
    past = [
        {"number": n, "x": rng.uniform(0, 5000), "y": rng.uniform(0, 2500), "time_ms": n}
        | {"label": "gunshot" if n % 3 else "firework"}
        for n in range(10_000)
    ]
    return {"nodes": nodes, "past": past, "events": [event(n, 5000 + n, x=rng.uniform(0, 5000)) for n in range(60)]}


def measure(browser: Browser, centre: Canned, what: Callable[[Canned, Page], None]) -> None:
    """Print the frame times of one piece of work."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(centre.page)
    page.get_by_test_id("health").first.wait_for()
    with frames(page) as counted:
        what(centre, page)
    page.close()
    print(f"{what.__name__.replace('_', ' ')}: {counted}; {load()}")


def load() -> str:
    """How busy the machine was meanwhile."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    """Measure everything."""
    with chromium() as browser:
        with canned() as centre:
            measure(browser, centre, a_thousand_events)
        with canned(**city()) as centre:
            measure(browser, centre, a_map_moved)
        with tempfile.TemporaryDirectory() as folder, running_centre(Path(folder) / "data") as real:
            print(f"over slow 4G: {coming(browser, real)}; {load()}")


if __name__ == "__main__":
    main()
