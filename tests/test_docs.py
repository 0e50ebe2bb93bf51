"""The documents say what is true: every dependency has its reason, every command shown exists, examples run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tocsin
from arrays.pcm import WIDTHS
from arrays.sdp import parse_sdp
from arrays.settings import RtpSource, SoundSource, StdinSource, read_settings
from tests.conftest import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def dependencies() -> list[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(d for extra in project["optional-dependencies"].values() for d in extra)]
    page = json.loads((REPOSITORY / "dispatch" / "console" / "package.json").read_text())
    names = [re.split(r"[\[>=<]", line)[0] for line in lines if not line.startswith("tocsin")]
    return sorted({*names, *page.get("dependencies", {}), *page["devDependencies"]})


@pytest.mark.parametrize("name", dependencies())
def test_every_dependency_has_its_reason(name: str) -> None:
    rows = [
        line for line in (REPOSITORY / "docs" / "dependencies.md").read_text().splitlines() if line.startswith("| ")
    ]
    assert any(name in re.split(r",\s*", row.split("|")[1].strip()) for row in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_shown_exists(page: Path) -> None:
    text = page.read_text()
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        for command in re.findall(r"(?:^|\| )tocsin (\w+)", block, flags=re.MULTILINE):
            assert command in tocsin.COMMANDS


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_examples_of_sources_are_settings(tmp_path: Path) -> None:
    text = (REPOSITORY / "docs" / "run.md").read_text()
    found = []
    for block in re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL):
        if "\n[source]" in f"\n{block}":
            (tmp_path / "node.toml").write_text(block if "node =" in block else f'node = "roof-1"\n{block}')
            found.append(type(read_settings(tmp_path / "node.toml").source))
    assert found == [SoundSource, StdinSource, RtpSource]


def test_the_example_of_a_microphone_on_the_network_is_read() -> None:
    text = (REPOSITORY / "docs" / "run.md").read_text()
    (description,) = re.findall(r"```\n(v=0\n.*?)```", text, flags=re.DOTALL)
    stream = parse_sdp(description)
    (packet_bytes,) = re.findall(r"rtp://192\.168\.7\.2:5004\?pkt_size=(\d+)", text)
    frame_bytes = WIDTHS[stream.form] * stream.channels
    assert (stream.port, stream.senders) == (5004, frozenset({"192.168.7.31"}))
    assert 12 + frame_bytes * stream.rate_hz * stream.packet_s == int(packet_bytes)


def test_the_example_of_locating_arrivals_runs() -> None:
    text = (REPOSITORY / "docs" / "try.md").read_text()
    (request,) = re.findall(r"echo '(\{.*?\})' \| tr", text, flags=re.DOTALL)
    line = request.replace("\n", "") + "\n"
    command = [sys.executable, "-m", "tocsin", "locate", "--associated"]
    done = subprocess.run(command, input=line, capture_output=True, text=True, cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr
    (shot,) = json.loads(done.stdout)["shots"]
    assert shot["ellipse"]["level"] == 0.9
