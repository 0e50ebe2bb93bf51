"""Events a page at a time: none is missed, none comes twice, and only what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dispatch.store import Store
from dispatch.store.events import add_shots
from dispatch.store.search import Wanted, search
from tests.recordings.test_events import shot

ALL = Wanted(from_ns=0, until_ns=2**62, label=None)
MINUTE_NS = 60 * 10**9


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Eleven events a minute apart, every third of them fireworks."""
    opened = Store(tmp_path / "data")
    for number in range(11):
        one = shot(f"s{number}", 60.0 * number, label="gunshot" if number % 3 else "firework")
        opened.write_now(partial(add_shots, new=[one], now_ms=0, method="m"))
    yield opened
    opened.close()


def numbers(store: Store, wanted: Wanted, limit: int) -> list[list[int]]:
    """The numbers on each page."""
    pages, before = [], 2**62
    while True:
        found, following = store.read_now(partial(search, wanted=wanted, before=before, limit=limit))
        pages.append([record.number for record in found])
        if following is None:
            return pages
        before = following


@pytest.mark.parametrize("limit", [1, 3, 4, 11, 200])
def test_pages_hold_every_event_once_newest_first(store: Store, limit: int) -> None:
    pages = numbers(store, ALL, limit)
    assert [n for page in pages for n in page] == list(range(11, 0, -1))
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_class_and_a_time_are_looked_for(store: Store, limit: int) -> None:
    fireworks = replace(ALL, label="firework")
    assert [n for page in numbers(store, fireworks, limit) for n in page] == [10, 7, 4, 1]
    start = store.read_now(lambda c: search(c, ALL, 2, 1))[0][0].event.first.origin.time_ns
    early = replace(ALL, from_ns=start + MINUTE_NS, until_ns=start + 4 * MINUTE_NS)
    assert [n for page in numbers(store, early, limit) for n in page] == [4, 3, 2]
    assert numbers(store, replace(ALL, label="nothing"), limit) == [[]]
