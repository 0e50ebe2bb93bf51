"""`tocsin centre worker`: a process that locates for a centre, beside others like it."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from acoustic.errors import ResourceError
from arrays.logs import log_to_standard_error
from dispatch.settings import read_settings


def worker(argv: list[str]) -> int:
    """Run a worker until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre worker",
        description="Locate for a centre, beside as many others as wanted: each takes its share of the ground. They "
        "may come and go at any time, on any machine that reaches the database and NATS.",
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml", help="the centre's settings, with [workers]")
    parser.add_argument("--data", metavar="DIR", help="a data folder; on another machine one of its own, for addresses")
    asked = parser.parse_args(argv)
    settings = read_settings(asked.settings)
    settings = msgspec.structs.replace(settings, data=asked.data or settings.data)
    try:
        from dispatch.workers.office import Office
        from dispatch.workers.worker import work
    except ModuleNotFoundError as error:
        raise ResourceError("workers need NATS; install tocsin[nats]") from error
    log_to_standard_error()
    office = Office(settings)
    try:
        print("locating", flush=True)
        asyncio.run(_until_told(work(office)))
    finally:
        office.store.close()
    return 0


async def _until_told(working: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(working)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
