"""Silent nodes are told once and taken back once; the heartbeat stops where the centre does not come on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from acoustic.errors import ResourceError
from dispatch.alerts.watch import _sign_of_life
from dispatch.store import Store
from dispatch.store.notes import set_note
from dispatch.store.reports import add_reports
from tests.dispatch import wire
from tests.dispatch.alerts.receivers import receiver
from tests.dispatch.alerts.test_delivery import SITE, hook
from tests.dispatch.running import running_centre, send, wait_for
from tests.dispatch.test_locator import enrolled
from tests.dispatch.test_store import arrival, received


def test_a_node_that_falls_silent_is_told_without_its_place_and_taken_back(tmp_path: Path) -> None:
    with receiver() as good:
        rule = '[alerts.when]\nabout = "nodes"\nsilent_s = 20.0\n'
        (tmp_path / "centre.toml").write_text(SITE + hook("care", good.url) + rule)
        with running_centre(tmp_path / "data", str(tmp_path / "centre.toml")) as centre, centre.client() as client:
            silent, *rest = enrolled(centre, client)

            def all_but_one_report() -> bool:
                for node in rest:
                    send(client, node.sealed(node.report(health=wire.health())))
                return bool(good.requests)

            wait_for(all_but_one_report, 60.0, 1.0)
            first = json.loads(good.requests[0].body)
            assert first["type"] == "tocsin.node.new"
            assert first["data"]["headline"] == f"Node {silent.id} is silent"
            assert "heard" not in first["data"]
            send(client, silent.sealed(silent.report(health=wire.health())))
            wait_for(lambda: len(good.requests) > 1, 30.0)
    told = [json.loads(request.body) for request in good.requests]
    assert [(one["type"], one["subject"]) for one in told] == [
        ("tocsin.node.new", f"node-{silent.id}"),
        ("tocsin.node.end", f"node-{silent.id}"),
    ]


def test_the_heartbeat_comes_as_long_as_the_centre_lives(tmp_path: Path) -> None:
    with receiver() as outside:
        (tmp_path / "centre.toml").write_text(f'{SITE}[heartbeat]\nurl = "{outside.url}"\nevery_s = 1.0\n')
        with running_centre(tmp_path / "data", str(tmp_path / "centre.toml")) as centre:
            wait_for(lambda: len(outside.requests) >= 3)
            assert outside.requests[0].line == "GET /hook HTTP/1.1"
            centre.kill()
        time.sleep(0.5)
        count = len(outside.requests)
        time.sleep(2.5)
        assert len(outside.requests) == count


def test_a_locator_that_is_stuck_is_no_sign_of_life(tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = store.write_now(lambda c: _sign_of_life("", 1, c))
    assert store.write_now(lambda c: _sign_of_life(before, 2, c)) == before  # nothing to do is no fault
    store.write_now(lambda c: add_reports(c, [received(1, b"a", arrival(1))]))
    with pytest.raises(ResourceError, match="locator has not come on"):
        store.write_now(lambda c: _sign_of_life(before, 3, c))
    store.write_now(lambda c: set_note(c, "located", "1"))
    assert store.write_now(lambda c: _sign_of_life(before, 4, c)) == "located 1"
    store.close()
