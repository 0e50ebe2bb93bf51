"""Two network namespaces joined by nothing but a link of `tests.arrays.bad_link`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.arrays import bad_link, nodes
from tests.dispatch.running import REPOSITORY

NEAR, FAR = "10.77.31.1", "10.77.31.2"


@dataclass
class Link:
    """The link's program, and the namespaces that it joins."""

    near: str
    far: str
    process: subprocess.Popen[str]

    def tell(self, word: str) -> float:
        """Say it; returns when."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return time.time()

    def count(self) -> int:
        """How many bytes it has carried."""
        self.tell("count")
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def joined(rate_bit_s: float = 1e7, delay_s: float = 0.0, loss: float = 0.0) -> Iterator[Link]:
    """Two namespaces joined by nothing but the bad link; skips where they cannot be made."""
    if reason := bad_link.why_not():
        pytest.skip(reason)
    names = [f"tocsin-{end}-{os.getpid()}" for end in ("near", "far")]
    made = []
    process = None
    try:
        for name in names:
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"network namespaces are not permitted here: {done.stderr.strip()}")
            made.append(name)
        given = [str(value) for value in (rate_bit_s, delay_s, loss, 4)]
        line = [sys.executable, "-m", "tests.arrays.bad_link", *names, *given]
        pipe = subprocess.PIPE
        process = subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True, cwd=REPOSITORY)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for name, address in zip(names, (NEAR, FAR), strict=True):
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", f"{address}/30", "dev", "link0")
            ip("-n", name, "link", "set", "link0", "up")
        yield Link(names[0], names[1], process)
    finally:
        if process is not None:
            process.kill()
            process.communicate()
        for name in made:
            ip("netns", "del", name)


def within(namespace: str, *line: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, *line]


@contextmanager
def running(line: list[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as errors:
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, text=True, env=nodes.ENVIRONMENT)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
