"""`tocsin doctor` as a person runs it: real settings, a real centre, a real chrony where there is one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.arrays import nodes
from tests.arrays.chronyd import chronyc_of, chronyd, free_port
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, session_with_bangs, tocsin, wait_for


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with https_server(tmp_path) as server:
        yield Centre(server)


def doctor(*arguments: str | Path, path: str = "") -> tuple[int, str]:
    """Exit code and what it said; `path`: where it looks for programs."""
    environment = {**ENVIRONMENT, "PATH": path or os.environ["PATH"]}
    done = subprocess.run(
        tocsin("doctor", *arguments), capture_output=True, text=True, env=environment, timeout=60, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def checks(*arguments: str | Path, path: str = "") -> dict[str, Any]:
    found = json.loads(doctor(*arguments, "--format", "json", path=path)[1])
    return {check["check"]: check for check in found["checks"]} | {"clock found": found["clock"]}


def microphone(folder: Path, **source: Any) -> Path:
    """Settings of a node with a microphone that no computer has."""
    path = folder / "roof-1.toml"
    lines = ['node = "roof-1"', 'data = "data"', "[source]", 'kind = "sound"', 'device = "No Such Microphone"']
    path.write_text("\n".join([*lines, *(f"{name} = {json.dumps(value)}" for name, value in source.items())]) + "\n")
    return path


def test_a_node_that_is_ready_can_locate(tmp_path: Path, centre: Centre) -> None:
    session_with_bangs(tmp_path / "scene", [], 1.0)
    path = nodes.settings(tmp_path)
    enrolled(centre, path)
    code, said = doctor(path)
    assert code == 0, said
    assert said.endswith("\nThis node can locate.\n")
    assert f"centre     ok  {centre.server.url} answers" in said
    assert [line.split()[:2] for line in said.splitlines()[:7]] == [
        [name, "ok"] for name in ("clock", "sound", "model", "disk", "enrolment", "mandate", "centre")
    ]


def test_what_hinders_a_node_is_named_and_the_exit_code_is_1(tmp_path: Path) -> None:
    code, said = doctor(microphone(tmp_path), path=str(tmp_path))
    assert code == 1
    assert said.endswith("\nThis node cannot locate yet; look at: clock, sound, enrolment, mandate, centre.\n")
    assert "clock      NO  right to 20 ms, which is 6.9 m of sound: gpsd " in said
    assert "; chrony is not installed; the computer's clock is taken" in said
    assert "the node is not enrolled" in said


def test_a_pulse_needs_a_computer_that_is_right_to_a_tenth_of_a_second(tmp_path: Path) -> None:
    none = str(tmp_path)  # no programs there: what the settings state holds
    good = checks(microphone(tmp_path, time_sigma_s=0.05, pps_channel=2), path=none)["clock"]
    assert good["well"]
    assert "; enough to number the pulses on channel 2, which date sound to microseconds" in good["says"]
    bad = checks(microphone(tmp_path, time_sigma_s=0.5, pps_channel=2), path=none)["clock"]
    assert not bad["well"]
    assert "; not enough to number the pulses on channel 2" in bad["says"]


def test_a_centre_that_is_down_or_another_is_named(tmp_path: Path, centre: Centre) -> None:
    path = microphone(tmp_path)
    path.write_text(path.read_text().replace("[source]", "[position]\nx = 1.0\ny = 2.0\nz = 3.0\n[source]"))
    enrolled(centre, path)
    assert checks(path)["centre"]["well"]
    membership = tmp_path / "data" / "centre.json"
    kept = membership.read_text()
    membership.write_text(kept.replace(centre.server.url, "https://127.0.0.1:1"))
    assert "centre 127.0.0.1:1 cannot be reached" in checks(path)["centre"]["says"]
    (tmp_path / "other").mkdir()
    with https_server(tmp_path / "other") as other:
        membership.write_text(kept.replace(centre.server.url, other.url))
        assert "its certificate is not the one this node trusts" in checks(path)["centre"]["says"]
    (tmp_path / "data" / "node.key").unlink()
    assert "node.key is absent" in checks(path)["enrolment"]["says"]


def test_an_outbox_that_the_disk_has_no_room_for_is_named(tmp_path: Path) -> None:
    path = microphone(tmp_path)
    assert checks(path)["disk"]["well"]
    path.write_text("outbox_mb = 1e6\n" + path.read_text())
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize
    assert checks(path)["disk"]["well"] == (free > 1.5e12)


def test_bad_settings_are_a_finding_and_the_computer_is_still_looked_at(tmp_path: Path) -> None:
    path = microphone(tmp_path, channels=[0])
    code, said = doctor(path)
    assert code == 1
    assert "settings   NO  settings file" in said
    assert "channels is [0]; expected different numbers from 1 up" in said
    assert "model      ok" in said


def test_a_computer_without_a_node_is_looked_at_too() -> None:
    found = checks()
    assert found["model"]["well"]
    assert not {"disk", "enrolment", "centre"} & set(found)


def test_a_clock_that_chrony_keeps_is_worth_its_bound_in_metres(tmp_path: Path) -> None:
    port = free_port()
    follow = f"server 127.0.0.1 port {port} iburst minpoll -2 maxpoll -2"
    with (
        chronyd(tmp_path / "server", f"port {port}", "cmdport 0", "local stratum 1", "allow 127.0.0.1"),
        chronyc_of(tmp_path, follow) as path,
    ):
        wait_for(lambda: checks(microphone(tmp_path), path=path)["clock"]["well"])
        found = checks(microphone(tmp_path), path=path)
    assert found["clock found"]["source"] == "chrony, which follows 127.0.0.1"
    assert 0.0 < found["clock found"]["sigma_s"] < 0.005
    assert found["clock found"]["error_m"] == pytest.approx(343.0 * found["clock found"]["sigma_s"])
