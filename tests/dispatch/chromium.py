"""Debian's Chromium, as the tests of the page drive it, with WebGL or without."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.dispatch.canned import DIST

PROGRAM = shutil.which("chromium")
PLAIN = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PLAIN += ["--disable-component-update", "--disable-sync"]
DRAWING = {
    "with WebGL": ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    "without WebGL": ["--disable-gpu", "--disable-webgl", "--disable-3d-apis"],
}


@contextmanager
def chromiums(*drawings: str) -> Iterator[list[Browser]]:
    """A browser for each way of drawing; skips where there is none, or no page to show."""
    if PROGRAM is None:
        pytest.skip("no chromium on the PATH: run `make test`, which installs Debian's")
    if not (DIST / "index.html").is_file():
        pytest.skip("the page is not built: run `make install`")
    with sync_playwright() as playwright:
        launch = playwright.chromium.launch
        yield [launch(executable_path=PROGRAM, args=PLAIN + DRAWING[drawing]) for drawing in drawings]


@contextmanager
def chromium(drawing: str = "without WebGL") -> Iterator[Browser]:
    """One browser."""
    with chromiums(drawing) as (one,):
        yield one
