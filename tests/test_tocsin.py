"""The front door: help, unknown commands, and what it must not import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import tocsin

HEAVY = ("numpy", "scipy", "librosa", "torch", "matplotlib", "fastapi", "pydantic", "sqlalchemy", "sounddevice")


def test_help_answers_without_importing_anything_heavy() -> None:
    code = f"import sys, tocsin; tocsin.main(['--help']); sys.exit(','.join(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
    for command in tocsin.COMMANDS:
        assert f"\n  {command} " in done.stdout


def test_every_command_has_its_room_and_its_own_help() -> None:
    for command in tocsin.COMMANDS:
        done = subprocess.run([sys.executable, "-m", "tocsin", command, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"usage: tocsin {command}" in done.stdout


@pytest.mark.parametrize(("given", "taken"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_every_command_multiplies_in_one_thread_unless_told_otherwise(given: dict[str, str], taken: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    code = "import os, tocsin; tocsin.main(['model', 'sets', '/none']); print(os.environ['OPENBLAS_NUM_THREADS'])"
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, env={**environment, **given})
    assert done.stdout.split() == [taken], done.stderr


def test_an_unknown_command_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin.main(["listen"]) == 2
    assert capsys.readouterr().err.startswith("tocsin: no command 'listen'; expected one of demo, centre")


def test_no_command_shows_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin.main([]) == 2
    assert "usage: tocsin COMMAND" in capsys.readouterr().out


def test_a_reader_that_has_enough_is_no_error() -> None:
    shell = ["bash", "-o", "pipefail", "-c", '"$0" -m tocsin --help | true; echo "${PIPESTATUS[0]}"', sys.executable]
    for _ in range(3):
        done = subprocess.run(shell, capture_output=True, text=True)
        assert done.stderr == ""
        assert done.stdout.strip() in ("0", "141")
