"""A node whose resolver does not know the centre's name: it says so, keeps what it hears, and sends it once it does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.arrays.https_server import NAME, https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, session_with_bangs, settings, soon, tocsin, wait_for

# The node alone sees these: a table of names, and a resolver that nobody answers.
OWN_NAMES = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'


def why_not() -> str:
    """Why this machine cannot give a process names of its own; empty where it can."""
    if os.getuid() != 0 or shutil.which("unshare") is None:
        return "a mount namespace needs root and unshare"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "the system gives no mount namespace"


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_while_the_name_is_gone_reports_wait_and_go_once_it_is_back(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [1.0, 2.5], 20.0)
    names, resolver = tmp_path / "hosts", tmp_path / "resolv.conf"
    names.write_text("127.0.0.1 localhost\n")
    resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    with https_server(tmp_path) as server:
        centre = Centre(server)
        start_s = soon()
        path = settings(tmp_path, start=start_s, health_interval_s=0.5)
        enrolled(centre, path)
        membership = tmp_path / "data" / "centre.json"
        membership.write_text(membership.read_text().replace("https://127.0.0.1:", f"https://{NAME}:"))
        line = ["unshare", "--mount", "sh", "-c", OWN_NAMES, "sh", str(names), str(resolver), *tocsin("node", path)]
        with subprocess.Popen(line, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
            try:
                status = tmp_path / "data" / "status.json"
                wait_for(lambda: status.exists() and b"its name is not known" in status.read_bytes(), 60.0)
                assert "uplink" in json.loads(status.read_bytes())["health"]["causes"]
                time.sleep(max(0.0, start_s + 4.0 - time.time()))
                assert centre.reports() == []
                names.write_text(f"127.0.0.1 localhost {NAME}\n")
                wait_for(lambda: len(centre.arrivals()) == 2, 60.0)
            finally:
                process.terminate()
                process.communicate(timeout=30)
