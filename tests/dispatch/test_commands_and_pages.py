"""Everything that has a command has a page, and the reverse; where not, the documents say why."""

from __future__ import annotations

import re

from dispatch.cli import COMMANDS as OF_THE_CENTRE
from tests.dispatch.running import REPOSITORY
from tocsin import COMMANDS

ROW = re.compile(r"^\| (?:`(tocsin [a-z ]+)` )?\| ((?:`#/[a-z]*`(?:, )?)*) ?\| ?(.*?) ?\|$", re.MULTILINE)


def table() -> list[tuple[str, list[str], str]]:
    """Command, pages and why there is no more, row by row."""
    text = (REPOSITORY / "docs" / "run" / "administration.md").read_text(encoding="utf-8")
    rows = text.partition("## Every command and its page")[2]
    return [(row[1] or "", re.findall(r"#/([a-z]*)", row[2]), row[3]) for row in ROW.finditer(rows)]


def pages() -> set[str]:
    """The console's pages, by their address; the board has none."""
    text = (REPOSITORY / "dispatch/console/src/lib/route.svelte.ts").read_text(encoding="utf-8")
    return {"", *re.findall(r"^  ([a-z]+):", text.partition("PAGES = {")[2].partition("}")[0], re.MULTILINE)}


def test_every_command_and_every_page_is_in_the_table() -> None:
    commands = {f"tocsin {name}" for name in COMMANDS} | {f"tocsin centre {name}" for name in OF_THE_CENTRE}
    told = [command for command, _, _ in table() if command]
    assert sorted(told) == sorted(commands), "tell of it in docs/run/administration.md"
    assert {page for _, some, _ in table() for page in some} == pages(), "tell of it in docs/run/administration.md"


def test_what_lacks_a_page_or_a_command_says_why() -> None:
    assert [row for row in table() if not row[2] and not (row[0] and row[1])] == []
