"""What a stranger may send is read or refused in one sentence; `make fuzz` searches for ten minutes."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("atheris", reason="atheris has no build for this machine; expected x86-64 Linux")


def test_nothing_that_a_stranger_sends_breaks_a_reader() -> None:
    command = [sys.executable, "-m", "tests.arrays.fuzzing", "-runs=300000", "-seed=1"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "Done 300000 runs" in ended.stderr
