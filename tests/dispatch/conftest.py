"""What several tests of people start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser

from dispatch.people import passwords
from dispatch.store import Store
from tests.dispatch.chromium import chromium
from tests.dispatch.house import House
from tests.dispatch.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server, for as long as tests run."""
    with cluster() as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without WebGL."""
    with chromium() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """Where a store is: in its folder (None), and at the URL of a fresh database of PostgreSQL."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres").database()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """With argon2id at its cheapest: what it costs in earnest is another test's."""
    monkeypatch.setattr(passwords, "_HASHER", cheap := PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash("nobody's"))
    store = Store(tmp_path / "data")
    yield House(store)
    store.close()


@pytest.fixture
def bob(house: House) -> House:
    """A house where Bob has a password."""
    house.follow(house.add("Bob"))
    return house
