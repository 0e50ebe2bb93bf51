"""How soon the page is there on a slow link, as the browser itself counts it."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, expect

from tests.dispatch.running import RunningCentre

# Lighthouse's slow 4G, which is its telephone's link
LINK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
LIVE = """() => { const link = document.querySelector('[data-testid="link"]');
  return link !== null && link.textContent.includes('Live') && performance.now(); }"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Coming:
    """Milliseconds from the address to the first thing seen, and to the board that is live and takes keys."""

    painted_ms: float
    usable_ms: float

    def __str__(self) -> str:
        return f"first paint {self.painted_ms:.0f} ms, usable {self.usable_ms:.0f} ms"


def coming(browser: Browser, centre: RunningCentre) -> Coming:
    """A first visit of somebody who is logged in, nothing kept, over slow 4G."""
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    centre.show(page)
    expect(page.get_by_test_id("link")).to_contain_text("Live")
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.clearBrowserCache")
    tools.send("Network.emulateNetworkConditions", LINK)
    page.reload(wait_until="commit")
    usable_ms = float(page.wait_for_function(LIVE, timeout=60_000).json_value())
    painted_ms = float(page.evaluate(PAINTED))
    context.close()
    return Coming(painted_ms=painted_ms, usable_ms=usable_ms)
