"""A node's last word on itself, in its data folder: for `tocsin node status`, with no socket that lets anyone in."""

from __future__ import annotations

import argparse
import fcntl
import time
from pathlib import Path

import msgspec

from acoustic.errors import InputError, ResourceError
from arrays.report import Health
from arrays.settings import read_settings

FILE = "status.json"
LATE_INTERVALS = 2.5  # as the centre has it
WORDS = {"ok": "healthy", "out_of_mandate": "out of mandate"}


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a node said of itself, and when (UTC ns); `unlocked`: why the sound in its memory may go to swap."""

    node: str
    program: str
    said_ns: int
    health: Health
    unlocked: str = ""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who asks sees: whether a node is at work, how long ago it last spoke, s, what it said."""

    running: bool
    said_s_ago: float | None
    status: Status | None

    @property
    def well(self) -> bool:
        """Whether it is at work, speaks, and says that nothing is wrong."""
        if self.status is None or self.said_s_ago is None or not self.running:
            return False
        return self.status.health.state == "ok" and self.said_s_ago <= LATE_INTERVALS * self.status.health.interval_s


def write_status(folder: Path, status: Status) -> str:
    """Keep it, whole or not at all; what went wrong, or nothing."""
    temporary = folder / f"{FILE}.part"
    try:
        temporary.write_bytes(msgspec.json.encode(status))
        temporary.replace(folder / FILE)
    except OSError as error:
        return f"{folder / FILE} cannot be written: {error.strerror}"
    return ""


def look(folder: Path, now_ns: int) -> Seen:
    """What there is to see in a node's data folder. Raises InputError for a damaged file, ResourceError."""
    path = folder / FILE
    try:
        status = msgspec.json.decode(path.read_bytes(), type=Status)
    except FileNotFoundError:
        return Seen(running=_held(folder), said_s_ago=None, status=None)
    except msgspec.DecodeError as error:
        raise InputError(f"{path} is damaged: {error}; the node writes it anew") from error
    except OSError as error:
        raise ResourceError(f"{path} cannot be read: {error.strerror}") from error
    return Seen(running=_held(folder), said_s_ago=round((now_ns - status.said_ns) * 1e-9, 1), status=status)


def main(argv: list[str]) -> int:
    """Print how the node is; 0 where all is well, 1 otherwise."""
    parser = argparse.ArgumentParser(
        prog="tocsin node status",
        description="Say how a node on this machine is, as it last said itself.",
        epilog="The exit code is 0 where it is at work and nothing is wrong, 1 otherwise.",
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml")
    parser.add_argument("--format", choices=["json", "text"], default="text", help="default: text")
    asked = parser.parse_args(argv)
    seen = look(Path(read_settings(asked.settings).data), time.time_ns())
    print(msgspec.json.encode(seen).decode() if asked.format == "json" else "\n".join(_lines(seen)))
    return 0 if seen.well else 1


def _lines(seen: Seen) -> list[str]:
    work = "at work" if seen.running else "not running"
    if seen.status is None:
        return [f"the node is {work}; it has said nothing of itself yet"]
    health = seen.status.health
    state = WORDS.get(health.state, health.state)
    figures = [f"{health.outbox} reports wait", f"{health.gaps} gaps", f"up {health.uptime_s / 3600:.1f} h"]
    if health.clock_sigma_s is not None:
        figures.insert(0, f"clock to {1e3 * health.clock_sigma_s:.2f} ms")
    if health.temperature_c is not None:
        figures.append(f"board at {health.temperature_c:.0f} °C")
    if health.noise_db is not None:
        figures.insert(0, f"noise {health.noise_db:.0f} dB re full scale")
    return [
        f"node {seen.status.node} is {work}; {seen.said_s_ago:.0f} s ago it said: {state}",
        *(f"  {reason}" for reason in health.reasons),
        f"  {', '.join(figures)}",
        *_memory(seen.status),
    ]


def _memory(status: Status) -> list[str]:
    """Whether what it heard stays in memory."""
    if status.health.locked:
        return ["  the sound in its memory is locked there: it goes to no swap and into no dump"]
    return [f"  the sound in its memory may go to swap: {status.unlocked}"] if status.unlocked else []


def _held(folder: Path) -> bool:
    """Whether a node works on the folder: it holds the lock."""
    try:
        with (folder / "node.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
