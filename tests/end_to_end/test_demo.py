"""`tocsin demo`, as a newcomer runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.dispatch.running import command

pytestmark = pytest.mark.alone


def left_over(folder: Path) -> list[str]:
    """Command lines of processes that still work in a folder."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended while we looked
    return [line for line in lines if str(folder) in line]


def test_the_demo_locates_every_shot_and_ends_by_itself(tmp_path: Path) -> None:
    line = command("demo", "--seconds", "25", "--headless", "--page-port", "0")
    done = subprocess.run(line, capture_output=True, text=True, timeout=240, env=_env(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(\d+) of \1 gunshots located within 15 m; 0 false$", done.stdout, re.MULTILINE)
    assert done.stderr == ""
    assert left_over(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_the_demo_and_all_its_processes(tmp_path: Path) -> None:
    line = command("demo", "--seconds", "20", "--headless", "--page-port", "0")
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_env(tmp_path),
        # as a terminal starts it: a shell that runs the tests in the background makes them ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert process.stdout is not None
        assert "the page is at http://127.0.0.1:" in process.stdout.readline()
        assert any("the scene begins" in line for line in process.stdout)
        assert len(left_over(tmp_path)) >= 13
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors == ""
    assert left_over(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def _env(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "OPENBLAS_NUM_THREADS": "1"}
