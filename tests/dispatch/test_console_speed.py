"""The page comes soon over a telephone's link: packed, kept, and measured through the browser's own tools."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from tests.dispatch.canned import DIST
from tests.dispatch.running import RunningCentre, running_centre
from tests.dispatch.speed import coming

pytestmark = pytest.mark.browser

PAINTED_MS, USABLE_MS = 1500.0, 2500.0
BUSY = 2.5  # others use this machine too: python -m benchmarks._fluid tells the figures


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCentre]:
    if not (DIST / "index.html").is_file():
        pytest.skip("the page is not built: run `make install`")
    with running_centre(tmp_path_factory.mktemp("speed") / "data") as running:
        yield running


def test_what_the_build_packed_is_sent_packed_and_kept_for_good(centre: RunningCentre) -> None:
    script = next((DIST / "assets").glob("index-*.js"))
    with httpx.Client(base_url=centre.page) as anyone:
        packed = anyone.get(f"/assets/{script.name}", headers={"Accept-Encoding": "gzip"})
        plain = anyone.get(f"/assets/{script.name}", headers={"Accept-Encoding": "identity"})
        index = anyone.get("/")
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < script.stat().st_size / 2
    assert packed.content == plain.content == script.read_bytes()
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-type"].startswith("text/javascript")
    assert "immutable" in packed.headers["cache-control"]
    assert "immutable" not in index.headers.get("cache-control", "")
    assert gzip.decompress((script.parent / f"{script.name}.gz").read_bytes()) == script.read_bytes()


def test_the_page_is_seen_and_usable_soon_on_a_slow_link(browser: Browser, centre: RunningCentre) -> None:
    seen = coming(browser, centre)
    assert seen.painted_ms < BUSY * PAINTED_MS, str(seen)
    assert seen.usable_ms < BUSY * USABLE_MS, str(seen)
