"""`tocsin restore`: a centre's data from a backup."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from acoustic.errors import InputError
from dispatch.commands.backup import key_argument, secret
from dispatch.keeping.backup import newest
from dispatch.keeping.restore import restore
from dispatch.keeping.vault import SNAPSHOTS, open_vault


def main(argv: list[str]) -> int:
    """Restore a centre."""
    parser = argparse.ArgumentParser(
        prog="tocsin restore",
        description="Restore a centre from a backup into a folder that is not there yet. What was erased since, by the "
        "clocks or on demand, does not come back; who was logged in logs in anew.",
    )
    parser.add_argument("folder", type=Path, metavar="BACKUP", help="the folder of the backups")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the data folder to be made")
    parser.add_argument(
        "--database", metavar="URL", help="an empty PostgreSQL database, which the store is put into instead"
    )
    parser.add_argument("--backup", metavar="NAME", help="which one, such as 20261126T030000Z (default: the newest)")
    key_argument(parser)
    asked = parser.parse_args(argv)
    vault = open_vault(asked.folder, secret(asked.key_file))
    name = asked.backup or newest(vault)
    if name not in vault.names(SNAPSHOTS):
        raise InputError(f"there is no backup {name[:80]!r}; expected one of {', '.join(vault.names(SNAPSHOTS))}")
    told, erased = restore(vault, name, asked.data, time.time_ns() // 1_000_000, asked.database)
    print(f"restored backup {name}, made by {told.program}, into {asked.data}")
    if erased:
        print(f"names and words of {erased} lines were erased since, and did not come back")
    return 0
