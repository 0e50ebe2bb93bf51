"""Files that somebody names: text of any editor is read, and what cannot be is one sentence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from acoustic.errors import InputError
from arrays.reading import content_of, json_of, text_of


class Shelf(msgspec.Struct):
    """What a file of these tests holds."""

    books: list[int]


def test_text_is_the_same_with_the_mark_that_some_editors_put_before_it(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_bytes("Évry\r\n".encode())
    (tmp_path / "marked.txt").write_bytes(b"\xef\xbb\xbf" + "Évry\r\n".encode())
    assert text_of(tmp_path / "plain.txt") == text_of(tmp_path / "marked.txt") == "Évry\r\n"


def test_what_is_absent_a_folder_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^model {tmp_path}/absent cannot be read: No such file or directory$"):
        content_of(tmp_path / "absent", "model")
    with pytest.raises(InputError, match=rf"^{tmp_path} cannot be read: Is a directory$"):
        text_of(tmp_path)
    (tmp_path / "noise").write_bytes(b"caf\xe9 noir")
    with pytest.raises(InputError, match=r"noise is not UTF-8 text: invalid continuation byte at byte 3$"):
        text_of(tmp_path / "noise")


def test_what_never_ends_or_is_as_long_as_a_disk_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as file:
        file.truncate(20 << 30)  # sparse
    for path in (tmp_path / "long", Path("/dev/zero")):
        with pytest.raises(InputError, match=rf"^{path} has more than 268435456 bytes, which no such file needs$"):
            text_of(path)


def test_json_that_is_something_else_is_told_by_its_field(tmp_path: Path) -> None:
    path = tmp_path / "shelf.json"
    path.write_text('{"books": [1, 2]}')
    assert json_of(path, Shelf) == Shelf(books=[1, 2])
    path.write_text('{"books": [1, "two"]}')
    with pytest.raises(InputError, match=r"shelf\.json: books\[1\]: Expected int, got str; expected a shelf$"):
        json_of(path, Shelf, "a shelf")
    path.write_bytes(b'"\xff"')
    with pytest.raises(InputError, match=r"shelf\.json: "):
        json_of(path, str)
