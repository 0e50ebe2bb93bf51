"""The replays that people start from the page: one at a time, each in a process of its own beside the centre.

The newest few stay with what they found, in memory, for a day, which is as long as arrivals in no event are kept; made
again, each is the same.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from typing import Literal

import msgspec

from acoustic.errors import InputError
from dispatch.replays.anew import Wanted
from dispatch.replays.child import Job, Result, Word
from dispatch.settings import Settings
from dispatch.store.decisions import AbsentError
from recordings.decisions import ConflictError

KEPT = 5
KEPT_H = 24
LONGEST_DAYS = 31
MOST_BYTES = 2**26  # of a line that its process says
State = Literal["running", "done", "failed", "cancelled"]


class Run(msgspec.Struct, kw_only=True):
    """One replay: who wanted what, and how far it is."""

    id: str
    by: str
    wanted: Wanted
    started_ms: int
    ended_ms: int | None = None
    state: State = "running"
    share: float = 0.0
    problem: str = ""
    result: Result | None = None


class Replays:
    """Those of one centre."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int]) -> None:
        # What it takes, and no more: the other settings have the passwords of others.
        s = settings
        self._settings = Settings(name=s.name, data=s.data, origin=s.origin, air=s.air, zones=s.zones)
        self._now_ms = now_ms
        self._runs: dict[str, Run] = {}
        self._task: asyncio.Task[None] | None = None

    def all(self) -> list[Run]:
        """The newest first."""
        self._forget()
        return list(reversed(self._runs.values()))

    def find(self, identity: str) -> Run:
        """One of them. Raises AbsentError."""
        self._forget()
        if identity not in self._runs:
            raise AbsentError(
                f"there is no replay {identity[:80]!r}; a centre keeps its last {KEPT} for {KEPT_H} hours"
            )
        return self._runs[identity]

    def start(self, by: str, wanted: Wanted) -> Run:
        """Start one, in the running loop. Raises ConflictError where one runs."""
        for run in self._runs.values():
            if run.state == "running":
                raise ConflictError(f"a replay that {run.by} started is running; expected its end, or cancel it")
        run = Run(id=secrets.token_hex(8), by=by, wanted=wanted, started_ms=self._now_ms())
        self._runs[run.id] = run
        self._forget()
        self._task = asyncio.create_task(self._follow(run))
        return run

    def cancel(self, run: Run) -> None:
        """End it, where it runs."""
        if run.state == "running" and self._task is not None:
            self._end(run, "cancelled")
            self._task.cancel()

    def _forget(self) -> None:
        since_ms = self._now_ms() - KEPT_H * 3_600_000
        last = list(self._runs.values())[-KEPT:]
        self._runs = {run.id: run for run in last if run.ended_ms is None or run.ended_ms >= since_ms}

    async def _follow(self, run: Run) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dispatch.replays.child"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=MOST_BYTES,
                start_new_session=True,  # Ctrl-C is the centre's own affair
            )
        except OSError as error:
            self._end(run, "failed", f"its process could not be started: {error.strerror}")
            return
        try:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 — both are pipes
            process.stdin.write(msgspec.json.encode(Job(settings=self._settings, wanted=run.wanted)) + b"\n")
            async for line in process.stdout:
                self._take(run, msgspec.json.decode(line, type=Word))
        except BaseException:
            process.kill()
            raise
        finally:
            code = await process.wait()
            if run.state == "running":
                self._end(run, "failed", f"its process ended with code {code}; the centre's log says why")

    def _take(self, run: Run, word: Word) -> None:
        run.share = word.share or run.share
        if word.problem:
            self._end(run, "failed", word.problem)
        elif word.result is not None:
            run.result = word.result
            self._end(run, "done")

    def _end(self, run: Run, state: State, problem: str = "") -> None:
        run.state, run.problem, run.ended_ms = state, problem, self._now_ms()


def check_span(since_ns: int, until_ns: int) -> None:
    """Raise InputError for a span of time that the page may not ask for."""
    if not since_ns < until_ns:
        raise InputError("until_ms is not after since_ms; expected a span of time")
    if until_ns - since_ns > LONGEST_DAYS * 86400 * 10**9:
        raise InputError(f"the span of time is longer than {LONGEST_DAYS} days; `tocsin centre replay` takes any")
