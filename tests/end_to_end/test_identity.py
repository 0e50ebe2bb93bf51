"""One node in its life at a real centre: its clock steps by an hour, its mandate ends by that clock, it is revoked."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arrays.sdp import parse_sdp
from dispatch.cli import issue_tokens
from dispatch.store import Store
from dispatch.store.reports import arrivals_after
from localisation.arrivals import Arrival
from tests.arrays.rtp_sender import SAMPLES, Sender, free_port
from tests.arrays.sessions import RATE_HZ, noise, with_bangs
from tests.dispatch.running import RunningCentre, command, running_centre, said, wait_for

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
HOUR_S = 3600.0


def steppable(clock: Path) -> dict[str, str]:
    """An environment in which the computer's clock is as far ahead as a file says; others are left alone."""
    only_utc = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    stepped = {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", **only_utc, **stepped}


@contextmanager
def street(description: str) -> Iterator[None]:
    """Noise with a bang every half second, sent as a microphone on the network does, while the block lasts."""
    sound = with_bangs(noise(0.5), [RATE_HZ // 4])
    loop = np.round(np.repeat(sound, 2, axis=0) * 2.0**15).astype(np.int16)
    whole, ended = np.tile(loop, 240), threading.Event()
    sender, start_s = Sender(parse_sdp(description), whole), time.monotonic()

    def send() -> None:
        for number in range(whole.shape[1] // SAMPLES):
            if ended.wait(max(0.0, start_s + number * SAMPLES / RATE_HZ - time.monotonic())):
                return
            sender.send_bytes(sender.packet(number))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        sender.close()


def heard(centre: RunningCentre) -> list[Arrival]:
    store = Store(centre.data)
    try:
        return store.read_now(lambda connection: arrivals_after(connection, 0))
    finally:
        store.close()


def seen(centre: RunningCentre) -> dict[str, Any]:
    """The node as the page has it."""
    return dict(centre.state()["nodes"][0])


@pytest.mark.timeout(180)
def test_a_clock_that_steps_by_an_hour_moves_no_shot_ends_the_mandate_and_a_revocation_ends_the_node(
    tmp_path: Path,
) -> None:
    clock, port = tmp_path / "clock", free_port()
    clock.write_text("+0\n")
    description = (
        f"v=0\no=- 1 1 IN IP4 127.0.0.1\ns=roof\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 97\n"
        "a=rtpmap:97 L16/48000/2\na=ptime:1\n"
    )
    (tmp_path / "roof.sdp").write_text(description)
    settings = tmp_path / "roof.toml"
    settings.write_text(
        'node = "roof"\ndata = "roof"\nposition = {x = 1.0, y = 2.0, z = 3.0}\nhealth_interval_s = 0.5\n'
        '[source]\nkind = "rtp"\nsdp = "roof.sdp"\n'
    )
    with running_centre(tmp_path / "centre") as centre, street(description):
        where = ("--centre", centre.ingest, "--token", *issue_tokens(centre.data, 1))
        assert "its mandate: to locate gunshots" in said("node", "enrol", settings, *where)
        log = (tmp_path / "roof.log").open("w")
        node = subprocess.Popen(command("node", settings), stderr=log, env=steppable(clock))
        try:
            wait_for(lambda: len(heard(centre)) > 2, 40.0)
            clock.write_text(f"+{HOUR_S:.0f}\n")
            wait_for(lambda: any(a.sigma_s > 0.9 * HOUR_S for a in heard(centre)), 30.0)
            now_ns = time.time_ns()
            assert all(-60.0 < (now_ns - a.time_ns) * 1e-9 < 120.0 for a in heard(centre))  # σ is wide, no shot moved
            soon = datetime.now(UTC) + timedelta(minutes=30.0)
            said("centre", "mandate", "--end", f"{soon:%Y-%m-%dT%H:%M:%SZ}", "--data", centre.data)
            wait_for(lambda: seen(centre)["state"] == "out_of_mandate", 30.0)
            assert seen(centre)["reasons"][0].startswith("the mandate ended on ")
            clock.write_text("+0\n")
            before = len(heard(centre))
            wait_for(lambda: len(heard(centre)) > before + 2, 30.0)
            assert seen(centre)["state"] in ("ok", "degraded")
            said("centre", "revoke", "roof", "--by", "Ann", "--because", "a test", "--data", centre.data)
            after = len(heard(centre))
            wait_for(lambda: seen(centre)["state"] == "revoked")
            wait_for(lambda: "the centre revoked this node on" in (tmp_path / "roof" / "status.json").read_text())
            assert node.poll() is None
            assert len(heard(centre)) == after
            time.sleep(2.0)
            refused = (tmp_path / "roof.log").read_text().count("was revoked; nothing is taken from it")
            assert 1 <= refused < 10  # it is told once, and is silent
        finally:
            node.terminate()
            node.wait(20)
            log.close()
    assert "Traceback" not in (tmp_path / "roof.log").read_text()
