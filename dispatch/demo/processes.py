"""The demo's processes: a centre and its nodes, as they are started anywhere, in one folder."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa

from acoustic.errors import ResourceError
from dispatch.cli import issue_tokens
from dispatch.people.register import add, admit_machine, make_link
from dispatch.people.roles import Right, Role
from dispatch.store import Store
from dispatch.store.people import person_named
from dispatch.store.progress import waiting

STOP_S = 8.0
SEES = frozenset({Right.SEE_EVENTS, Right.SEE_PLACES})
BY = "the demo"


class City:
    """Processes in one folder; leaving the `with` block ends every one of them."""

    def __init__(self, folder: Path, settings: str, page_port: int = 0) -> None:
        self.folder = folder
        self.data = folder / "centre"
        (folder / "centre.toml").write_text(settings, encoding="utf-8")
        self._listen = "127.0.0.1:0"
        self._page_port = page_port
        self._running: dict[str, subprocess.Popen[str]] = {}
        self.ingest = self.page = self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(list(self._running))

    def start_centre(self) -> None:
        """Start the centre, again at the addresses that it had before; returns once it answers."""
        given = (self.folder / "centre.toml", "--data", self.data, "--listen", self._listen)
        process = self._start("centre", "centre", *given, "--page-port", str(self._page_port))
        addresses = [process.stdout.readline().rpartition(" ")[2].strip() for _ in range(2)] if process.stdout else []
        if not all(address.startswith("http") for address in addresses):
            raise ResourceError(f"the centre did not start: {self.last_words('centre')}")
        self.ingest, self.page = addresses
        self._listen = self.ingest.removeprefix("https://")
        self._page_port = int(self.page.rpartition(":")[2])
        self._token = self._write(lambda c, now_ms: admit_machine(c, "demo", SEES, 1, BY, now_ms))

    def wait(self, names: Iterable[str]) -> None:
        """Let these come to their end; raises ResourceError with the last words of one that fails."""
        for name in names:
            process = self._running.pop(name)
            if process.wait() != 0:
                raise ResourceError(f"{name} failed: {self.last_words(name)}")

    def start(self, name: str, *arguments: str | Path) -> None:
        """Start `tocsin …` in the background."""
        self._start(name, *arguments)

    def tokens(self, count: int) -> list[str]:
        """One-time tokens, as an administrator makes them."""
        return issue_tokens(self.data, count)

    def link(self) -> str:
        """The page's address, by which a person comes in once, who may do everything."""

        def work(connection: sa.Connection, now_ms: int) -> str:
            person = person_named(connection, "demo") or add(connection, "demo", Role.ADMINISTRATOR, BY, now_ms)
            return make_link(connection, person, BY, now_ms, "enter")

        return f"{self.page}/#/{self._write(work)}"

    def listen(self, heard: Callable[[dict[str, Any]], None]) -> Listener:
        """Hand each event that the page's stream tells to `heard`, in a thread."""
        return Listener(self.page, self._token, heard)

    def state(self) -> dict[str, Any]:
        """What the page shows now."""
        request = urllib.request.Request(  # noqa: S310 — our own page
            f"{self.page}/api/state", headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 — our own page
                return dict(json.load(answer))
        except (urllib.error.URLError, ValueError) as error:
            raise ResourceError(f"the centre's page does not answer ({error}): {self.last_words('centre')}") from error

    def backlog(self) -> int:
        """How many arrivals wait to be located, on a busy machine."""
        store = Store(self.data)
        try:
            return store.read_now(waiting)
        finally:
            store.close()

    def check(self) -> None:
        """Raise ResourceError where a process that should run has ended in failure."""
        for name, process in self._running.items():
            if process.poll() not in (None, 0):
                raise ResourceError(f"{name} ended with code {process.returncode}: {self.last_words(name)}")

    def pid(self, name: str) -> int:
        """The process of one that runs."""
        return self._running[name].pid

    def alive(self, name: str) -> bool:
        """Whether one that was started still runs."""
        return self._running[name].poll() is None

    def kill(self, name: str) -> None:
        """End one at once, as a power cut does."""
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def stop(self, names: list[str]) -> None:
        """End these cleanly, all at the same time; one that does not end in time is killed."""
        chosen = [self._running.pop(name) for name in names if name in self._running]
        for process in chosen:
            process.terminate()
        end = time.monotonic() + STOP_S
        for process in chosen:
            try:
                process.communicate(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

    def last_words(self, name: str) -> str:
        """The last line of a process's log."""
        lines = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _write(self, work: Callable[[sa.Connection, int], str]) -> str:
        store = Store(self.data)
        try:
            return store.write_now(lambda connection: work(connection, time.time_ns() // 1_000_000))
        finally:
            store.close()

    def _start(self, name: str, *arguments: str | Path) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(  # noqa: S603 — this program itself
                [sys.executable, "-m", "tocsin", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if name == "centre" else log,
                stderr=log,
                text=True,
                process_group=0,  # Ctrl-C is ours to hear; we end the others in order
            )
        self._running[name] = process
        return process


class Listener:
    """Reads the page's stream in a thread and hands each event on; comes again where the centre was away."""

    def __init__(self, page: str, token: str, heard: Callable[[dict[str, Any]], None]) -> None:
        self._page = page
        self._token = token
        self._heard = heard
        self._last_id = "0"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="page-listener", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Hear no more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            request = urllib.request.Request(  # noqa: S310 — our own page
                f"{self._page}/api/stream",
                headers={"Last-Event-ID": self._last_id, "Authorization": f"Bearer {self._token}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 — our own page
                    self._read(line.decode().rstrip("\n") for line in answer)
            except (OSError, HTTPException):
                self._ended.wait(0.2)  # the centre is away; the stream is taken up where it broke off

    def _read(self, lines: Iterator[str]) -> None:
        fields: dict[str, str] = {}
        for line in lines:
            if self._ended.is_set():
                return
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
                continue
            if fields.get("event") == "event":
                self._heard(json.loads(fields["data"]))
            self._last_id = fields.get("id", self._last_id)
            fields = {}
