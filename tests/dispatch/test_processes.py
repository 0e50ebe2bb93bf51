"""The demo's processes: what fails says why, and nothing outlives its city."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from acoustic.errors import ResourceError
from dispatch.demo.processes import City
from tests.dispatch.running import wait_for


def test_a_centre_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        City(tmp_path, "", taken.getsockname()[1]) as city,
        pytest.raises(ResourceError, match=r"the centre did not start: .* cannot be used"),
    ):
        city.start_centre()


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with City(tmp_path, "") as city:
        city.start("wrong", "centre", "absent.toml")
        with pytest.raises(ResourceError, match=r"wrong failed: .*absent\.toml cannot be read"):
            city.wait(["wrong"])


def test_the_centre_comes_back_at_its_addresses_and_the_listener_with_it(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    with City(tmp_path, 'name = "Here"') as city:
        city.start_centre()
        addresses = city.ingest, city.page
        listener = city.listen(heard.append)
        city.kill("centre")
        city.start_centre()
        assert (city.ingest, city.page) == addresses
        assert city.state()["name"] == "Here"
        assert len(city.tokens(2)) == 2
        listener.end()
        city.check()


def test_a_process_that_dies_is_noticed(tmp_path: Path) -> None:
    with City(tmp_path, "") as city:
        city.start("wrong", "centre", "absent.toml")

        def noticed() -> bool:
            try:
                city.check()
            except ResourceError as error:
                return "absent.toml" in str(error)
            return False

        wait_for(noticed)


def test_nothing_outlives_the_city(tmp_path: Path) -> None:
    with City(tmp_path, "") as city:
        city.start_centre()
        process = _holder(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def _holder(folder: Path) -> int:
    """The process that works in a folder."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if f"{folder}/centre\0" in path.read_bytes().decode(errors="replace"):
            return int(path.parent.name)
    raise AssertionError("no process works here")
