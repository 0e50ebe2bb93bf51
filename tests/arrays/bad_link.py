"""A bad link between two network namespaces: every IP packet passes through this program, which is as slow, late and
forgetful as it is told. What `tc netem` does, on systems whose kernel has no netem too.

    python -m tests.arrays.bad_link NEAR FAR RATE_BIT_S DELAY_S LOSS SEED

Reads lines on standard input: `worsen` (until then it is a good link), `cut`, `join`, `count`, `quit`; writes `ready`,
and for `count` how many bytes it has carried, both ways together, IP headers included.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
QUEUE_S = 20.0  # what a link keeps at most before it drops: of its own rate


@dataclass
class Direction:
    """One way: when its line is free again, what is under way, what it has carried."""

    out: int
    free_s: float = 0.0
    under_way: list[tuple[float, int, bytes]] = field(default_factory=list)
    bytes: int = 0


def tun_in(namespace: str, name: str) -> int:
    """A network interface inside a namespace, its packets to be read and written here."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _enter(libc, other)
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
        _enter(libc, own)
    finally:
        os.close(own)
        os.close(other)
    return tun


def _enter(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def main(near: str, far: str, rate_bit_s: float, delay_s: float, loss: float, seed: int) -> None:
    """Carry packets until told to quit."""
    draw = random.Random(seed)  # noqa: S311 — a simulated link
    tuns = tun_in(near, "link0"), tun_in(far, "link0")
    ways = {tuns[0]: Direction(tuns[1]), tuns[1]: Direction(tuns[0])}
    cut, bad, count = False, False, 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        next_s = min((way.under_way[0][0] for way in ways.values() if way.under_way), default=None)
        wait_s = None if next_s is None else max(0.0, next_s - time.monotonic())
        readable, _, _ = select.select([*tuns, sys.stdin], [], [], wait_s)
        now_s = time.monotonic()
        if sys.stdin in readable:
            said = sys.stdin.readline().strip()
            if said in ("quit", ""):
                break
            if said == "count":
                sys.stdout.write(f"{sum(way.bytes for way in ways.values())}\n")
                sys.stdout.flush()
            else:
                cut, bad = said == "cut", bad or said == "worsen"
        for tun in (tun for tun in tuns if tun in readable):
            packet, way = os.read(tun, 65_536), ways[tun]
            begins_s = max(now_s, way.free_s)
            if cut or begins_s - now_s > QUEUE_S:
                continue
            way.free_s = begins_s + (8.0 * len(packet) / rate_bit_s if bad else 0.0)
            way.bytes, count = way.bytes + len(packet), count + 1
            if not bad or draw.random() >= loss:
                heapq.heappush(way.under_way, (way.free_s + (delay_s if bad else 0.0), count, packet))
        for way in ways.values():
            while way.under_way and way.under_way[0][0] <= now_s:
                packet = heapq.heappop(way.under_way)[2]
                if not cut:
                    with contextlib.suppress(OSError):  # the other end is not up yet
                        os.write(way.out, packet)


def why_not() -> str:
    """Why namespaces cannot be made here; empty where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "this system has no /dev/net/tun"
    return ""


if __name__ == "__main__":
    rate, delay, loss = map(float, sys.argv[3:6])
    main(sys.argv[1], sys.argv[2], rate, delay, loss, int(sys.argv[6]))
