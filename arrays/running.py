"""What the command line starts: a node that listens to signals, an enrolment."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
from importlib import resources
from pathlib import Path
from types import FrameType

import structlog

from acoustic.classify import Model
from acoustic.errors import InputError, ResourceError, TocsinError
from arrays.enrolment import enrol, save_membership
from arrays.holding import hold
from arrays.identity import KEY, NEXT_KEY, open_identity
from arrays.logs import log_to_standard_error
from arrays.mandate import read_mandate
from arrays.node import Node
from arrays.release import Release
from arrays.renewal import rotate
from arrays.settings import Position, SessionSource, Settings
from arrays.sources import globe_position, own_microphones, session_node

SHIPPED = ("recordings.models", "default.npz")


def run(settings: Settings) -> int:
    """Run a node until its source ends or a signal comes."""
    log_to_stderr()
    _leave_no_dump()
    stop, told = threading.Event(), []

    def end(number: int, _frame: FrameType | None) -> None:
        told.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if (Path(settings.data) / NEXT_KEY).exists():
        rotate(Path(settings.data), settings.node)  # it was cut short: the centre may know the new key already
    release = Release(Path(settings.data), settings)
    release.started()
    try:
        released = release.settings()
        node = Node(released, read_model(released.model), stop, release)
    except TocsinError as error:
        if not release.on_trial:
            raise
        release.roll_back(str(error))
    else:
        node.run()
    if release.changed and not told:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 — the very command, anew
    return 0


def _leave_no_dump() -> None:
    """What the node heard would be in a dump of its memory, whether that goes to a file or is piped to a program."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # Linux alone has it
        Path("/proc/self/coredump_filter").write_text("0")


def join(settings: Settings, centre: str, token: str) -> str:
    """Enrol the node of these settings and keep the membership in its data folder, which no node may be using.

    Returns its mandate in words, empty where the centre gave none.
    """
    folder = Path(settings.data)
    key = open_identity(folder / KEY)
    position, microphones = _place(settings)
    with hold(folder, "node"):
        membership = enrol(centre, token, settings.node, position, microphones, key)
        save_membership(folder, membership)
    given = membership.welcome.mandate
    return "" if given is None else read_mandate(given).said()


def read_model(path: str) -> Model:
    """A classifier's file, the shipped one where the path is empty. Raises InputError, ResourceError."""
    try:
        data = Path(path).read_bytes() if path else resources.files(SHIPPED[0]).joinpath(SHIPPED[1]).read_bytes()
    except (OSError, ModuleNotFoundError) as error:
        raise ResourceError(f"model {path or 'shipped with Tocsin'} cannot be read: {error}") from error
    return Model.from_bytes(data)


def log_to_stderr() -> None:
    """Lines for people, with the time."""
    log_to_standard_error(
        [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    )


def _place(settings: Settings) -> tuple[Position, list[list[float]]]:
    """Where the node stands and its microphones: as its settings say, else as its session does."""
    if not isinstance(settings.source, SessionSource):
        if settings.position is None:
            raise InputError("position is absent from the settings; expected lat, lon, height_m or x, y, z")
        return settings.position, own_microphones(settings, settings.source).tolist()
    session, node = session_node(settings)
    return settings.position or globe_position(session, node), node.microphones.tolist()
