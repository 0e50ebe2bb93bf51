"""The centre's settings file: every mistake is one sentence that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from acoustic.errors import InputError
from dispatch.settings import Origin, Settings, address, read_settings
from tests.dispatch.running import REPOSITORY


def test_every_key_is_optional(tmp_path: Path) -> None:
    path = tmp_path / "centre.toml"
    path.write_text("")
    assert read_settings(path) == Settings()


def test_a_full_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "centre.toml"
    path.write_text(
        'name = "Bordeaux"\nlisten = "0.0.0.0:9443"\npage_port = 9080\nnames = ["centre.example"]\n'
        "[origin]\nlat = 44.84\nlon = -0.58\nheight_m = 20.0\n[air]\ntemperature_c = 8\n[limits]\nburst = 9\n"
    )
    settings = read_settings(path)
    assert settings.name == "Bordeaux"
    assert settings.origin == Origin(lat=44.84, lon=-0.58, height_m=20.0)
    assert settings.air.air().temperature_c == 8.0
    assert settings.limits.burst == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pgae_port = 1", "pgae_port"),
        ("page_port = 70000", "page_port is 70000"),
        ('page_port = "80"', r"\$.page_port"),
        ('listen = "8443"', "listen is '8443'; expected HOST:PORT"),
        ("[origin]\nlat = 91.0\nlon = 0.0", "origin.lat is 91"),
        ("[origin]\nlat = nan\nlon = 0.0", "origin.lat is nan"),
        ("[origin]\nlat = 1.0", "lon"),
        ("[air]\nspeed_of_sound_ms = -3.0", "speed_of_sound_ms is -3.0"),
        ("[limits]\nburst = 0", "limits.burst is 0"),
        ("name = ", "not TOML"),
        ('database = "mysql://u:secret@host/n"', r"database is not of the form postgresql://[A-Z:@/]+$"),
        ('database = "postgresql://host"', "database is not of the form"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "centre.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_settings(path)


def test_a_missing_file_and_a_binary_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.toml cannot be read"):
        read_settings(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_settings(tmp_path / "binary.toml")


def test_addresses() -> None:
    assert address("127.0.0.1:0") == ("127.0.0.1", 0)
    assert address("[::1]:8443") == ("::1", 8443)
    for wrong in ("", ":8443", "host", "host:", "host:65536", "host:-1", "host:٣"):
        with pytest.raises(InputError, match="HOST:PORT"):
            address(wrong)


def names(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Every key that a settings file may have below this one."""
    for one in msgspec.structs.fields(kind):
        yield one.encode_name
        for inside in structs(one.type):
            yield from names(inside)


def structs(kind: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in get_args(kind):
        yield from structs(part)


def test_every_setting_is_documented() -> None:
    pages = [REPOSITORY / "docs" / "run.md", *sorted((REPOSITORY / "docs").glob("*/*.md"))]
    told = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named = r"`{0}`|\b{0} = |\[(\w+\.)?{0}\]"  # in prose, in an example, as its table
    missing = {name for name in names(Settings) if not re.search(named.format(name), told)}
    assert missing == set(), "tell of them in docs/run.md or docs/run/"
