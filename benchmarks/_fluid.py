"""How fluid the page is, in Chromium without a graphics card: `python -m benchmarks._fluid`.

Frame times are wall time, so other work on the machine counts too: the load is printed beside the figure.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from playwright.sync_api import Browser, Page, sync_playwright

from tests.dispatch.canned import Canned, canned, event
from tests.dispatch.frames import frames
from tests.dispatch.test_console import CHROMIUM, DRAWING, PLAIN

EVENTS = 1000
SECONDS = 60.0


def a_thousand_events(centre: Canned, page: Page) -> None:
    """A thousand events within a minute, as on a New Year's Eve."""
    start = time.monotonic()
    for number in range(EVENTS):
        centre.say("event", event(number, count=1, x=40.0 + 37 * (number % 11), y=30.0 + 29 * (number % 9)))
        late_s = time.monotonic() - start - number * SECONDS / EVENTS
        page.wait_for_timeout(max(-1e3 * late_s, 0.0))


def measure(browser: Browser, centre: Canned, what: Callable[[Canned, Page], None]) -> None:
    """Print the frame times of one piece of work."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(centre.page)
    page.get_by_test_id("health").first.wait_for()
    with frames(page) as counted:
        what(centre, page)
    page.close()
    print(f"{what.__name__.replace('_', ' ')}: {counted}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def main() -> None:
    """Measure everything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=PLAIN + DRAWING["without WebGL"])
        with canned() as centre:
            measure(browser, centre, a_thousand_events)


if __name__ == "__main__":
    main()
