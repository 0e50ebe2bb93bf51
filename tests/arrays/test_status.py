"""`tocsin node status`: what a node that works, one that ended and one that never began look like."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.arrays import nodes
from tests.arrays.https_server import https_server
from tests.arrays.nodes import ENVIRONMENT, Centre, enrolled, session_with_bangs, started, tocsin, wait_for


def status(path: Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, the answer for programs, the answer for people."""
    line = tocsin("node", "status", path)
    done = subprocess.run([*line, "--format", "json"], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    said = subprocess.run(line, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.stderr == said.stderr == ""
    return done.returncode, json.loads(done.stdout), said.stdout


def test_a_node_is_asked_before_during_and_after_its_work(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [], 60.0)
    path = nodes.settings(tmp_path, time.time() + 8.0, health_interval_s=1.0)
    with https_server(tmp_path) as server:
        enrolled(Centre(server), path)
        code, seen, said = status(path)
        assert (code, seen["running"], seen["status"]) == (1, False, None)
        assert said == "the node is not running; it has said nothing of itself yet\n"
        process = started(path)
        wait_for(lambda: (tmp_path / "data" / "status.json").exists() and status(path)[0] == 0)
        _, seen, said = status(path)
        assert seen["running"]
        assert seen["status"]["health"]["state"] == "ok"
        assert "node roof-1 is at work" in said
        assert "the sound in its memory" in said
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
        code, seen, said = status(path)
        assert (code, seen["running"]) == (1, False)
        assert "node roof-1 is not running" in said


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    session_with_bangs(tmp_path / "scene", [], 1.0)
    path = nodes.settings(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "status.json").write_text('{"node": 3')
    done = subprocess.run(tocsin("node", "status", path), capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 2
    assert "status.json is damaged" in done.stderr
