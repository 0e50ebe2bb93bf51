"""Real chrony daemons that never touch the machine's clock (`chronyd -x`), and `chronyc` led to them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # where Debian puts daemons


@contextmanager
def chronyc_of(folder: Path, *directives: str) -> Iterator[str]:
    """A daemon with these directives while the block lasts; yields a PATH whose `chronyc` asks it."""
    port = free_port()
    with chronyd(folder / "daemon", f"cmdport {port}", "port 0", *directives):
        program = folder / "chronyc"
        program.write_text(f'#!/bin/sh\nexec {shutil.which("chronyc")} -h 127.0.0.1 -p {port} "$@"\n')
        program.chmod(0o755)
        yield f"{folder}:{os.environ['PATH']}"


@contextmanager
def chronyd(folder: Path, *directives: str) -> Iterator[None]:
    """One daemon, without access to any clock or to the command socket of another."""
    daemon = shutil.which("chronyd", path=PATH)
    if daemon is None:
        pytest.skip("chrony is not installed (Debian: apt install chrony)")
    folder.mkdir()
    file = folder / "chrony.conf"
    file.write_text("\n".join([*directives, "bindcmdaddress /", f"pidfile {folder}/pid"]) + "\n")
    process = subprocess.Popen([daemon, "-x", "-U", "-d", "-f", file], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10.0)


def free_port() -> int:
    """A UDP port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
