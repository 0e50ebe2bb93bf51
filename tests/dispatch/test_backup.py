"""Backups: made beside a running centre, restored whole without what was erased; each damage one sentence."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import httpx
import msgspec
import pytest

from acoustic.errors import InputError, UnknownVersionError
from dispatch.keeping.backup import back_up, newest, snapshot
from dispatch.keeping.restore import restore
from dispatch.keeping.sweep import Clocks, sweep
from dispatch.keeping.vault import CHUNKS, HEADER, SNAPSHOTS, Vault, make_vault, open_vault
from dispatch.keeping.words import erase_words
from dispatch.settings import Keep
from dispatch.store import Store
from dispatch.store.engine import migrate
from dispatch.store.events import newest_events
from dispatch.store.journal import lines_of
from dispatch.store.nodes import all_nodes
from dispatch.trust.authority import open_authority
from recordings import decisions
from tests.dispatch.running import command, running_centre
from tests.dispatch.test_evidence import Made, made  # noqa: F401 — a fixture
from tests.dispatch.test_keeping import NAME, WORDS, kept, on_disk  # noqa: F401 — a fixture

SECRET, DAY = b"a key that nobody guesses", 86_400_000


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return make_vault(tmp_path / "backup", SECRET)


def now_ms(kept: Made) -> int:  # noqa: F811
    return kept.start_ns // 1_000_000 + 60_000


def backed_up(vault: Vault, data: Path, at_ms: int) -> str:
    return back_up(vault, data, None, "test", at_ms, 30.0).name


def test_the_drill(made: Made, tmp_path: Path) -> None:  # noqa: F811
    """As an administrator does it: back up beside a running centre, lose the machine, restore, start, log in."""
    data, backup, key, again = tmp_path / "data", tmp_path / "backup", tmp_path / "key", tmp_path / "again"
    shutil.copytree(made.data, data)
    key.write_bytes(SECRET)

    def run(*line: str | Path) -> str:
        done = subprocess.run(command(*line), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    with running_centre(data) as centre:
        before = {e["id"]: (e["x"], e["y"]) for e in centre.state()["events"]}
        assert "were written" in run("backup", backup, "--data", data, "--key-file", key)
        assert ": whole, " in run("backup", backup, "--check", "--key-file", key)
        fingerprint = open_authority(data).fingerprint
    shutil.rmtree(data)
    assert "restored backup" in run("restore", backup, "--data", again, "--key-file", key)
    assert open_authority(again).fingerprint == fingerprint, "nodes trust it still"
    assert (again / "keys" / "orders.key").stat().st_mode & 0o77 == 0
    assert "the chain holds" in run("centre", "journal", "--check", "--data", again)
    with running_centre(again) as centre:
        again_there = {e["id"]: (e["x"], e["y"]) for e in centre.state()["events"]}
        assert again_there.keys() == before.keys()
        assert all(math.dist(place, before[one]) < 1.0 for one, place in again_there.items())
        assert httpx.get(f"{centre.page}/readyz").status_code == 200
    store = Store(again)
    assert len(store.read_now(all_nodes)) == 12
    store.close()


def test_what_did_not_change_is_not_written_again(kept: Made, vault: Vault) -> None:  # noqa: F811
    first = back_up(vault, kept.data, None, "test", now_ms(kept), 30.0)
    second = back_up(vault, kept.data, None, "test", now_ms(kept) + 1000, 30.0)
    assert first.held == second.held
    assert second.written < first.held * 0.02, "the list of parts alone"
    assert not [path for path in vault.folder.rglob("*") if path.is_file() and WORDS.encode() in path.read_bytes()]
    assert list(kept.data.glob("backup-*")) == [], "nothing in clear is left behind"


def test_what_was_erased_since_does_not_come_back(kept: Made, vault: Vault, tmp_path: Path) -> None:  # noqa: F811
    old = backed_up(vault, kept.data, now_ms(kept))
    store = Store(kept.data)
    said = store.read_now(lambda c: lines_of(c, [decisions.KIND, "incoming", "missed"]))
    numbers = [line.id for line in said]
    store.write_now(lambda c: erase_words(c, numbers, "A", "asked", kept.key, now_ms(kept)))
    store.close()
    backed_up(vault, kept.data, now_ms(kept) + DAY)
    restored, count = restore(vault, old, tmp_path / "again", now_ms(kept) + DAY)
    assert restored.made_ms == now_ms(kept)
    assert count == len(numbers)
    for gone in (NAME.encode(), WORDS.encode()):
        assert gone not in on_disk(tmp_path / "again")
    store = Store(tmp_path / "again")
    assert len(store.read_now(lambda c: newest_events(c, 9))) == 2
    assert [line.kind for line in store.read_now(lambda c: lines_of(c, ["restored"]))] == ["restored"]
    store.close()


def test_what_is_past_its_clock_does_not_come_back(kept: Made, vault: Vault, tmp_path: Path) -> None:  # noqa: F811
    name = backed_up(vault, kept.data, now_ms(kept))
    restore(vault, name, tmp_path / "again", now_ms(kept) + 366 * DAY)
    store = Store(tmp_path / "again")
    assert store.read_now(lambda c: newest_events(c, 9)) == []
    store.close()
    assert NAME.encode() not in on_disk(tmp_path / "again")


def test_older_backups_end_with_their_parts_and_the_newest_stays(kept: Made, vault: Vault, tmp_path: Path) -> None:  # noqa: F811
    backed_up(vault, kept.data, now_ms(kept))
    store = Store(kept.data)
    sweep(store, Clocks(keep=Keep(), key=kept.key, now_ms=now_ms(kept) + 366 * DAY))
    store.close()
    done = back_up(vault, kept.data, None, "test", now_ms(kept) + 31 * DAY, 30.0)
    assert done.ended == 1
    assert vault.names(SNAPSHOTS) == [done.name]
    needed = {chunk for file in snapshot(vault, done.name).files for chunk in file.chunks}
    assert set(vault.names(CHUNKS)) == needed
    restore(vault, newest(vault), tmp_path / "again", now_ms(kept) + 31 * DAY)


def test_each_damage_is_one_sentence_and_nothing_is_made(kept: Made, vault: Vault, tmp_path: Path) -> None:  # noqa: F811
    name, target = backed_up(vault, kept.data, now_ms(kept)), tmp_path / "again"
    with pytest.raises(InputError, match="does not open the backup"):
        open_vault(vault.folder, b"another key altogether")
    chunk = vault.folder / CHUNKS / snapshot(vault, name).files[0].chunks[0]
    whole = chunk.read_bytes()
    for content in (whole[:-1], whole[:5], b"", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        chunk.write_bytes(content)
        with pytest.raises(InputError, match="is damaged: it is not what was written"):
            restore(vault, name, target, now_ms(kept))
    other = vault.folder / CHUNKS / snapshot(vault, name).files[1].chunks[0]
    chunk.write_bytes(other.read_bytes())
    with pytest.raises(InputError, match="is damaged"):
        restore(vault, name, target, now_ms(kept))
    chunk.unlink()
    with pytest.raises(InputError, match="is missing; this backup is not whole"):
        restore(vault, name, target, now_ms(kept))
    assert [path.name for path in tmp_path.glob("again*")] == []
    target.mkdir()
    (target / "something").write_text("")
    with pytest.raises(InputError, match="is there already"):
        restore(vault, name, target, now_ms(kept))
    header = msgspec.json.decode((vault.folder / HEADER).read_bytes())
    (vault.folder / HEADER).write_bytes(msgspec.json.encode(header | {"version": 9}))
    with pytest.raises(UnknownVersionError, match="of version 9; this program reads 1"):
        open_vault(vault.folder, SECRET)
    (vault.folder / HEADER).write_bytes(b"{")
    with pytest.raises(InputError, match="does not say how the backup is opened"):
        open_vault(vault.folder, SECRET)
    with pytest.raises(InputError, match="holds something else"):
        make_vault(target, SECRET)


def test_an_older_schema_is_brought_up_and_a_newer_one_refused(kept: Made, vault: Vault, tmp_path: Path) -> None:  # noqa: F811
    store = Store(kept.data)
    store.write_now(lambda c: migrate(c, "0007"))
    store._database.writing.dispose()
    name = backed_up(vault, kept.data, now_ms(kept))
    assert snapshot(vault, name).schema == "0007"
    restore(vault, name, tmp_path / "again", now_ms(kept))
    assert len(read_events(tmp_path / "again")) == 2
    store.write_now(migrate)
    store.write_now(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    newer = backed_up(vault, kept.data, now_ms(kept) + 1000)
    with pytest.raises(InputError, match="a schema that this program does not know"):
        restore(vault, newer, tmp_path / "newer", now_ms(kept))
    assert not (tmp_path / "newer").exists()


def read_events(data: Path) -> list[object]:
    store = Store(data)
    try:
        return [*store.read_now(lambda c: newest_events(c, 9))]
    finally:
        store.close()


@pytest.mark.parametrize(
    ("key", "words"),
    [("short", "has 5 bytes; expected 12 or more"), (None, "there is nobody to ask for the passphrase")],
)
def test_a_key_is_asked_for(key: str | None, words: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    option = []
    if key is not None:
        (tmp_path / "key").write_text(key)
        option = ["--key-file", str(tmp_path / "key")]
    line = command("backup", tmp_path / "b", "--data", tmp_path / "data", *option)
    answer = subprocess.run(line, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert answer.returncode == 2
    assert words in answer.stderr
