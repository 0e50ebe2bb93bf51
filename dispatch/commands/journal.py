"""`tocsin centre journal`: read what happened, and check that nothing of it was changed."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from dispatch.audit import Check, next_lines
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.store.journal import LATEST_MS, lines_before
from dispatch.trust.authority import open_authority


def journal(argv: list[str]) -> int:
    """Run `tocsin centre journal …`; 0 where the chain holds or was not checked, 1 where it does not."""
    parser = argparse.ArgumentParser(
        prog="tocsin centre journal",
        description="Print the newest lines of the journal, or check its chain.",
        epilog="The exit code is 1 where a line is not what its digest says, or the chain does not hold.",
    )
    parser.add_argument("--check", action="store_true", help="check every line and the whole chain instead")
    parser.add_argument("--kind", help="only lines of a kind, such as person, machine, event, node, evidence")
    parser.add_argument("--text", help="only lines with this in what they say: a name, a node, an event's id")
    parser.add_argument("--lines", type=int, default=50, metavar="N", help="how many at most (default: 50)")
    parser.add_argument("--data", type=Path, default=Settings().data, metavar="DIR", help="the centre's data folder")
    asked = parser.parse_args(argv)
    store = Store(Path(asked.data))
    try:
        return _check(store, asked.data) if asked.check else _print(store, asked)
    finally:
        store.close()


def _print(store: Store, asked: argparse.Namespace) -> int:
    lines = store.read_now(lambda c: lines_before(c, LATEST_MS, max(asked.lines, 0), asked.kind, asked.text))
    for line in reversed(lines):
        at = datetime.fromtimestamp(line.recorded_ms / 1e3, UTC).strftime("%Y-%m-%d %H:%M:%S")
        print(f"{line.id}  {at}  {line.kind}  {line.subject}  {line.data}" if line.told else f"{line.id}  erased")
    return 0


def _check(store: Store, data: Path) -> int:
    done = Check(centre_key=open_authority(data).order_key.public_key())
    while lines := store.read_now(next_lines(done.last)):
        done.take(lines)
    for number in done.altered:
        print(f"line {number} is not what its digest says")
    for number in done.broken:
        print(f"line {number} does not follow from the line before it")
    for number in done.unrecorded:
        print(f"line {number} was erased, and no record that the centre signed says so")
    holds = "the chain holds" if done.good else "the chain does NOT hold"
    lost = f", {done.erased} of them erased in part or whole" if done.erased else ""
    print(f"{done.lines} lines{lost}; {holds}; it ends with {done.end}")
    return 0 if done.good else 1
