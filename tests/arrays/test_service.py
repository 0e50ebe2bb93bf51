"""The node as a service: what the manager is told, and a unit that systemd understands."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, REPOSITORY, Centre, enrolled, session_with_bangs, tocsin

UNIT = REPOSITORY / "docs" / "install" / "tocsin-node.service"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which a service manager hears its services."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(20.0)
        yield heard


def test_a_node_says_that_it_is_ready_and_lives(tmp_path: Path, manager: socket.socket) -> None:
    session_with_bangs(tmp_path / "scene", [], 30.0)
    path = nodes.settings(tmp_path, time.time(), health_interval_s=0.5)
    with https_server(tmp_path) as server:
        enrolled(Centre(server), path)
        environment = {**ENVIRONMENT, "NOTIFY_SOCKET": manager.getsockname()}
        with subprocess.Popen(tocsin("node", path), env=environment, stderr=subprocess.DEVNULL) as process:
            words = [manager.recv(4096).decode().split("\n") for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            assert process.wait(10.0) == 0
    assert all(word[:2] == ["READY=1", "WATCHDOG=1"] for word in words)
    assert all(word[2].startswith("STATUS=") for word in words)


def test_a_manager_that_is_gone_does_not_end_a_node(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [0.5], 1.0)
    path = nodes.settings(tmp_path)
    with https_server(tmp_path) as server:
        enrolled(Centre(server), path)
        environment = {**ENVIRONMENT, "NOTIFY_SOCKET": str(tmp_path / "nobody")}
        done = subprocess.run(
            tocsin("node", path), env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0
    assert "the service manager does not hear" in done.stderr


@pytest.mark.parametrize("name", ["tocsin-node.service", "tocsin-centre.service"])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_units(tmp_path: Path, name: str) -> None:
    unit = tmp_path / name
    unit.write_text(UNIT.with_name(name).read_text().replace("/opt/tocsin/bin/tocsin", "/bin/true"))
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning"}
    line = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, check=False)
    about = [said for said in done.stderr.splitlines() if name in said]
    assert (done.returncode, about) == (0, [])


@pytest.mark.parametrize("name", ["tocsin-node.service", "tocsin-centre.service"])
def test_a_call_that_a_unit_forbids_is_refused_and_kills_nobody(name: str) -> None:
    """OpenBLAS calls mbind at its start; `make deb-check` runs both units under systemd's filter itself."""
    lines = UNIT.with_name(name).read_text().splitlines()
    assert any(line.startswith("SystemCallFilter=~") for line in lines)
    assert "SystemCallErrorNumber=EPERM" in lines
