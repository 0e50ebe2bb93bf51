"""A whole centre on PostgreSQL: the same events as on SQLite from the same reports, and the drill of its backup."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from dispatch.keeping.backup import back_up
from dispatch.keeping.restore import restore
from dispatch.keeping.sweep import Clocks, sweep
from dispatch.keeping.vault import make_vault
from dispatch.keeping.words import erase_words
from dispatch.settings import Keep
from dispatch.store import Store
from dispatch.store.events import EventRecord, newest_events
from dispatch.store.journal import add_entry, lines_of
from dispatch.trust.authority import open_authority
from recordings.decisions import KIND, Note, Told
from tests.dispatch.postgres import Cluster
from tests.dispatch.running import RunningCentre, block, running_centre, tokens, wait_for
from tests.dispatch.test_databases import check
from tests.dispatch.test_locator import deliver, fire, near, settled

S = 10**9
PLACES = ((100.0, 80.0), (330.0, 210.0))
Shown = list[dict[str, Any]]


def shown(centre: RunningCentre) -> Shown:
    """Its events, as they must be whatever the store is, and however fast the machine."""
    same = ("number", "label", "count", "nodes", "x", "y", "time_ms")
    return [{name: event[name] for name in same} for event in settled(centre)["events"]]


def kept(data: Path) -> list[EventRecord]:
    store = Store(data)
    assert check(store, open_authority(data).order_key).good
    events = store.read_now(lambda c: newest_events(c, 9))
    store.close()
    return events


@pytest.fixture(scope="module")
def data(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose store is in PostgreSQL; its centre was killed in mid-shot, and one on SQLite was not."""
    nodes, start_ns = block(), time.time_ns()
    first, second = (fire(nodes, x, y, start_ns + n * 20 * S) for n, (x, y) in enumerate(PLACES))
    folder, plain = tmp_path_factory.mktemp("town"), tmp_path_factory.mktemp("village") / "data"
    site = folder / "centre.toml"
    site.write_text(f'database = "{postgres.database()}"\n')
    with running_centre(plain) as centre, centre.client() as client:
        for node, secret in zip(nodes, tokens(plain, len(nodes)), strict=True):
            node.enrol(client, secret)
        deliver(client, [*first, *second])
        wait_for(lambda: near(centre.state()["events"], *PLACES[1]))
        expected = shown(centre)
    assert len(expected) == 2
    with running_centre(folder / "data", str(site)) as centre, centre.client() as client:
        for node, secret in zip(nodes, tokens(centre.data, len(nodes)), strict=True):
            node.enrol(client, secret)
        deliver(client, [*first, *second[:6]])
        centre.kill()
    address = centre.ingest.removeprefix("https://")
    with running_centre(folder / "data", str(site), listen=address) as centre, centre.client() as client:
        deliver(client, second)
        wait_for(lambda: near(centre.state()["events"], *PLACES[1]))
        assert shown(centre) == expected
    return folder / "data"


def test_the_drill(data: Path, postgres: Cluster, tmp_path: Path) -> None:
    """Backed up, lost with its database, restored into another one, and into a file: the same events, and it runs."""
    events, vault = kept(data), make_vault(tmp_path / "backup", b"a key that nobody guesses")
    now_ms = time.time_ns() // 1_000_000
    name = back_up(vault, data, None, "test", now_ms, 30.0).name
    assert sorted(path.name for path in data.iterdir()) == ["centre.lock", "database.url", "keys", "last-backup"]
    restore(vault, name, tmp_path / "file", now_ms)
    restore(vault, name, tmp_path / "again", now_ms, url := postgres.database())
    assert (tmp_path / "again" / "database.url").read_text() == url
    assert (tmp_path / "file" / "tocsin.db").exists()
    assert kept(tmp_path / "file") == kept(tmp_path / "again") == events
    with running_centre(tmp_path / "again") as centre:
        assert httpx.get(f"{centre.page}/readyz").status_code == 200
    assert open_authority(tmp_path / "again").fingerprint == open_authority(data).fingerprint, "nodes trust it still"


def test_clocks_and_erasing_on_demand_work_there(data: Path) -> None:
    store, key, now_ms = Store(data), open_authority(data).order_key, time.time_ns() // 1_000_000
    event = store.read_now(lambda c: newest_events(c, 1))[0].event.id
    said = Told(by="Jeanne Martin", what=Note(text="the baker saw it"))
    line = store.write_now(lambda c: add_entry(c, KIND, event, said, now_ms)).id
    assert store.write_now(lambda c: erase_words(c, [line], "A", "asked", key, now_ms)) == 1
    (left,) = [one for one in store.read_now(lambda c: lines_of(c, [KIND])) if one.id == line]
    assert "erased" in left.data
    assert "Jeanne" not in left.data
    assert len(kept(data)) == 2
    sweep(store, Clocks(keep=Keep(), key=key, now_ms=now_ms + 366 * 86_400_000))
    assert kept(data) == []
    store.close()
