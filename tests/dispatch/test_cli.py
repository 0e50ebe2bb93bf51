"""The command: what it prints, how it ends, and what it says when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dispatch.cli import COMMANDS, main
from tests.dispatch.running import REPOSITORY, command, running_centre, token


def fails(*arguments: str | Path) -> str:
    """The one sentence with which a command that cannot work ends."""
    done = subprocess.run(command("centre", *arguments), capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_centre_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running_centre(tmp_path / "data") as centre:
        centre.process.send_signal(number)
        assert centre.process.wait(10) == 0
    assert "Traceback" not in (tmp_path / "data.log").read_text()


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = ("--data", tmp_path, "--listen", f"127.0.0.1:{port}", "--page-port", "0")
        assert f"port {port} on 127.0.0.1 cannot be used" in fails(*arguments)
        arguments = ("--data", tmp_path, "--listen", "127.0.0.1:0", "--page-port", str(port))
        assert f"port {port} on 127.0.0.1 cannot be used" in fails(*arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_has_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: tocsin centre {name}" in capsys.readouterr().out


def test_a_command_beside_a_running_centre_needs_neither_the_web_nor_what_locates() -> None:
    code = "import sys, dispatch.commands.people, dispatch.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert not {"fastapi", "uvicorn", "scipy", "jwt", "httpx"} & set(done.stdout.split())


def test_two_centres_do_not_share_a_folder(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data"):
        sentence = fails("--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--page-port", "0")
        assert "another centre is running" in sentence


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "cannot be made" in fails("--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--page-port", "0")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent.toml",), "absent.toml cannot be read"),
        (("--listen", "nowhere"), "expected HOST:PORT"),
        (("--page-port", "70000"), "is not a port"),
        (("token", "--count", "0"), "--count"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    assert words in fails(*arguments)


def test_tokens_are_made_beside_a_running_centre(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre:
        tokens = {token(centre.data) for _ in range(2)}
        assert len(tokens) == 2
        assert len({t.partition(".")[2] for t in tokens}) == 1
