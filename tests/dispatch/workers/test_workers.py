"""Workers at a cell's border: a shot is told of once; one is killed in mid-shot, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from acoustic.errors import InputError
from arrays.broker import Broker
from dispatch.settings import Settings, Workers
from dispatch.workers.office import Office
from tests.dispatch import wire
from tests.dispatch.postgres import Cluster
from tests.dispatch.running import GRID, FakeNode, RunningCentre, command, running_centre, send, tokens, wait_for
from tests.dispatch.test_brokers import server
from tests.dispatch.test_locator import deliver, fire, near, settled
from tests.dispatch.test_metrics import samples

CORNER = (5000.0, 5000.0)  # of four cells
ON_THE_LINE = 5000.0, 4930.0
WEST = 4790.0, 5090.0  # for the two western cells alone to tell of


@contextmanager
def working(site: Path, data: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A worker's process, ended at exit if it still runs."""
    with (data.parent / f"{name}.log").open("a") as log:
        line = command("centre", "worker", site, "--data", data)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "locating\n", Path(log.name).read_text()
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


def taken(folder: Path, *names: str) -> int:
    """How many cells these workers have."""
    words = "".join((folder / f"{name}.log").read_text() for name in names)
    return words.count("a cell is taken") - words.count("a cell is let go")


def waiting(centre: RunningCentre) -> int:
    """How many arrivals wait, as the centre counts it for Prometheus."""
    return int(metrics(centre)["tocsin_arrivals_waiting"])


def metrics(centre: RunningCentre) -> dict[str, float]:
    return samples(centre.api.get("/metrics").text)


def test_each_shot_is_told_once_at_a_border_and_while_workers_die(postgres: Cluster, tmp_path: Path) -> None:
    site, data = tmp_path / "centre.toml", tmp_path / "data"
    with server("nats", tmp_path / "nats") as nats, ExitStack() as workers:
        told = f'[workers]\ncell_m = 5000.0\n[workers.broker]\nurl = "{nats.url}"\n'
        site.write_text(f'database = "{postgres.database()}"\n{told}')
        with running_centre(data, str(site)) as centre, centre.client() as client:
            nodes = [FakeNode(f"roof-{n}", x + 4775.0, y + 4850.0, z) for n, (x, y, z) in enumerate(GRID)]
            for node, secret in zip(nodes, tokens(data, len(nodes)), strict=True):
                node.enrol(client, secret)
                assert send(client, node.sealed(node.report(health=wire.health()))).status_code == 200
            start_ns = time.time_ns()
            deliver(client, fire(nodes, *ON_THE_LINE, start_ns))  # before there is any worker
            wait_for(lambda: waiting(centre) == len(nodes))
            assert metrics(centre)["tocsin_event_seconds_count"] == 0
            all_came_s = time.monotonic()
            first = workers.enter_context(working(site, data, "first"))
            waited_s = time.monotonic() - all_came_s
            wait_for(lambda: taken(tmp_path, "first") == 4)
            wait_for(lambda: near(centre.state()["events"], *ON_THE_LINE))
            wait_for(lambda: metrics(centre)["tocsin_event_seconds_count"] >= 1)
            assert metrics(centre)["tocsin_event_seconds_sum"] >= waited_s
            workers.enter_context(working(site, data, "second"))
            wait_for(lambda: taken(tmp_path, "first") == 2 and taken(tmp_path, "second") == 2)
            deliver(client, fire(nodes, *CORNER, start_ns + 20 * 10**9))
            wait_for(lambda: near(centre.state()["events"], *CORNER))
            assert "let go                 cell=cell_0_" not in (tmp_path / "first.log").read_text()
            bodies = fire(nodes, *WEST, start_ns + 40 * 10**9)
            deliver(client, bodies[:2])
            first.kill()
            deliver(client, bodies[2:])
            wait_for(lambda: near(centre.state()["events"], *WEST))
            state = settled(centre)
            wait_for(lambda: waiting(centre) == 0)
    standing = [event for event in state["events"] if event["label"] != "withdrawn"]
    assert [event["count"] for event in standing] == [1, 1, 1]
    for place in (ON_THE_LINE, CORNER, WEST):
        assert len(near(standing, *place)) == 1
    assert {event["label"] for event in standing} == {"gunshot"}
    assert taken(tmp_path, "second") == 4


def test_settings_that_do_not_go_together_are_named(tmp_path: Path) -> None:
    nats = Broker(url="nats://127.0.0.1")
    with pytest.raises(InputError, match="workers is given without database"):
        Settings(workers=Workers(broker=nats))
    with pytest.raises(InputError, match=r"workers\.broker\.url is 'mqtt://h'; expected nats://"):
        Workers(broker=Broker(url="mqtt://h"))
    with pytest.raises(InputError, match="the settings have no"):
        Office(Settings(data=str(tmp_path)))
