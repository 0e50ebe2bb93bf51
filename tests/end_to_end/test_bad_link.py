"""A node behind a link of 2 kbit/s that is 5 s late each way, loses every fifth packet and is cut for half a minute."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import structlog

from arrays.report import WireArrival, read_report
from tests.arrays import nodes
from tests.dispatch.running import command, tokens
from tests.dispatch.test_ingest import bodies
from tests.end_to_end.links import FAR, joined, running, within

RATE_BIT_S, DELAY_S, LOSS = 2000.0, 5.0, 0.2
CUT_S = 25.0
IN_TIME_S = 10.0
FLOOR_S = DELAY_S + 8 * 500 / RATE_BIT_S  # of a report, its headers included, on an idle link that loses nothing

log = structlog.get_logger()


def arrivals(data: Path) -> list[WireArrival]:
    return [one for body in bodies(data, "roof-1") for one in read_report(body).arrivals]


def came_at(data: Path, count: int, within_s: float) -> float:
    """When the centre had this many arrivals."""
    end_s = time.time() + within_s
    while time.time() < end_s:
        if len(arrivals(data)) >= count:
            return time.time()
        time.sleep(0.2)
    raise AssertionError(f"{len(arrivals(data))} of {count} arrivals came within {within_s:g} s")


def wait_until(instant_s: float) -> None:
    time.sleep(max(0.0, instant_s - time.time()))


@pytest.mark.timeout(240)
@pytest.mark.alone
def test_an_alert_comes_as_soon_as_the_link_lets_it_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    broker = tmp_path / "mosquitto.conf"
    broker.write_text(f"listener 1883 {FAR}\nallow_anonymous true\nuser root\n")
    (tmp_path / "centre.toml").write_text(f'[[brokers]]\nurl = "mqtt://{FAR}:1883"\n')
    listening = "--data", data, "--page-port", "0", "--listen", f"{FAR}:8443"
    serve = command("centre", tmp_path / "centre.toml", *listening)
    with (
        joined(RATE_BIT_S, DELAY_S, LOSS) as bad,
        running(within(bad.far, "mosquitto", "-c", str(broker)), tmp_path / "broker.log"),
        running(within(bad.far, *serve), tmp_path / "centre.log") as centre,
    ):
        assert centre.stdout is not None
        assert centre.stdout.readline().startswith("nodes report to")
        (token,) = tokens(data, 1)
        shots_s = [0.0, 13.0, 14.0, 50.0]
        nodes.session_with_bangs(tmp_path / "scene", [s + 1.0 for s in shots_s], 400.0)
        start_s = nodes.soon() + 6.0
        settings = nodes.settings(tmp_path, start_s)
        settings.write_text(settings.read_text() + f'[link]\nurl = "mqtt://{FAR}:1883"\nbytes_per_hour = 60000\n')
        enrol = nodes.tocsin("node", "enrol", settings, "--centre", f"https://{FAR}:8443", "--token", token)
        subprocess.run(within(bad.near, *enrol), check=True, capture_output=True, env=nodes.ENVIRONMENT)
        with running(within(bad.near, *nodes.tocsin("node", settings)), tmp_path / "node.log"):
            shot_s = [start_s + 1.0 + s for s in shots_s]
            came_at(data, 1, shot_s[0] - time.time() + 10.0)
            bad.tell("worsen")
            wait_until(shot_s[1] - 5.0)
            bad.tell("cut")
            wait_until(shot_s[1] - 5.0 + CUT_S)
            joined_s = bad.tell("join")
            first_s = came_at(data, 2, 60.0) - joined_s - FLOOR_S
            both_s = came_at(data, 3, 60.0) - joined_s - FLOOR_S
            alone_s = came_at(data, 4, max(0.0, shot_s[3] - time.time()) + 60.0) - shot_s[3] - FLOOR_S
            numbers = [one.number for one in arrivals(data)]
    log.info("over the floor", after_the_cut_s=round(first_s, 1), both_s=round(both_s, 1), alone_s=round(alone_s, 1))
    assert sorted(numbers) == [1, 2, 3, 4]
    assert first_s <= IN_TIME_S
    assert alone_s <= IN_TIME_S
    assert "Traceback" not in (tmp_path / "node.log").read_text() + (tmp_path / "centre.log").read_text()
