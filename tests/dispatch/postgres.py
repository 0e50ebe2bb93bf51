"""A PostgreSQL cluster of the tests' own, in a temporary folder on a free port, and databases in it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from dispatch.store.databases import postgresql
from dispatch.store.engine import migrate

USER = "postgres"  # whom Debian's package adds: the server does not run as root
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
TEMPLATE = "empty"


class Cluster:
    """A server that may be killed and started again; databases are copies of one that was migrated once."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        if AS_USER:
            shutil.chown(folder, USER, USER)
        self._said("initdb", "-D", self._data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self._process = self._started()
        self._do(f"CREATE DATABASE {TEMPLATE}")
        database = postgresql(self.url(TEMPLATE))
        with database.writing.begin() as connection:
            migrate(connection)
        database.dispose()

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql://tocsin@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The URL of a fresh database with the present schema."""
        name = f"t{secrets.token_hex(6)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY WAL_LOG")
        return self.url(name)

    def kill(self) -> None:
        """As a power cut does: every process of the server, without warning."""
        pid = self._process.pid
        self._process.send_signal(signal.SIGSTOP)  # or it would have another child in the meantime
        os.waitid(os.P_PID, pid, os.WSTOPPED)
        own = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        self._process.kill()
        self._process.wait()
        for child in own:  # they would end by themselves, but answer once more before
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        while any(map(_lives, own)):  # with its memory in use the server would not start again
            time.sleep(0.01)

    def start(self) -> None:
        """Again, where it was."""
        self._process = self._started()

    def stop(self) -> None:
        """End it for good."""
        self._process.send_signal(signal.SIGQUIT)  # at once, whoever is connected
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _started(self) -> subprocess.Popen[bytes]:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options |= {"fsync": "off", "shared_buffers": "16MB"}  # a process may be killed here, not the machine
        line = [*AS_USER, _program("postgres"), "-D", str(self._data)]
        line += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as log:
            process = subprocess.Popen(line, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(600):
            ask = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            if subprocess.run(ask, check=False).returncode == 0:
                return process
            assert process.poll() is None, self._log.read_text()
            time.sleep(0.05)
        raise AssertionError(self._log.read_text())

    def _said(self, program: str, *arguments: str | Path) -> None:
        line = [*AS_USER, _program(program), *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, check=False, cwd="/")
        assert done.returncode == 0, done.stderr

    def _do(self, statement: str) -> None:
        database = postgresql(self.url("postgres"))
        with database.plain.connect() as connection:
            connection.execute(sa.text(statement))
        database.dispose()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster that ends with the block, and its folder with it."""
    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True) as folder:
        one = Cluster(Path(folder))
        try:
            yield one
        finally:
            one.stop()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _program(name: str) -> str:
    """Debian keeps the server's programs beside each version, not on the PATH."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(kept[-1]) if kept else None)
    assert found is not None, f"{name} is not installed; make test installs it"
    return found
