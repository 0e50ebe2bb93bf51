"""`tocsin backup`: a centre's data into an encrypted folder, while it runs."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from pathlib import Path

from acoustic.errors import InputError, ResourceError
from arrays.report import program
from dispatch.commands.performance import settings_arguments, settings_of
from dispatch.keeping.backup import back_up, newest
from dispatch.keeping.restore import check_backup
from dispatch.keeping.vault import SNAPSHOTS, is_vault, make_vault, open_vault

FEWEST_BYTES = 12  # of a passphrase or a key file


def main(argv: list[str]) -> int:
    """Back up a centre, or check its backups."""
    parser = argparse.ArgumentParser(
        prog="tocsin backup",
        description="Back up a centre, which may be running, into an encrypted folder: its store, its keys, addresses, "
        "and the settings file where it is named. Parts that are there already are not written again.",
        epilog="`tocsin restore` brings it back. Without the passphrase or the key file nobody can, so keep a copy of "
        "it elsewhere.",
    )
    parser.add_argument("folder", type=Path, metavar="BACKUP", help="the folder of the backups; made where absent")
    settings_arguments(parser)
    key_argument(parser)
    parser.add_argument(
        "--keep-days", type=float, default=30.0, metavar="DAYS", help="older backups end, but the newest (default: 30)"
    )
    parser.add_argument(
        "--check", action="store_true", help="read every backup in the folder instead, and say if it is whole"
    )
    asked = parser.parse_args(argv)
    if not 0.0 <= asked.keep_days <= 36500.0:
        raise InputError(f"--keep-days is {asked.keep_days}; expected a number from 0 to 36500")
    if asked.check:
        return _check(asked.folder, secret(asked.key_file))
    settings = settings_of(asked)
    there = is_vault(asked.folder)
    opener = secret(asked.key_file, new=not there)
    vault = open_vault(asked.folder, opener) if there else make_vault(asked.folder, opener)
    now_ms = time.time_ns() // 1_000_000
    made = back_up(vault, Path(settings.data), asked.settings, program(), now_ms, asked.keep_days)
    print(f"backup {made.name}: {made.held / 1e6:.1f} MB, of which {made.written / 1e6:.1f} MB were written")
    if made.ended:
        print(f"{made.ended} older than {asked.keep_days:g} days ended")
    return 0


def _check(folder: Path, opener: bytes) -> int:
    vault, bad = open_vault(folder, opener), 0
    newest(vault)
    for name in vault.names(SNAPSHOTS):
        try:
            told = check_backup(vault, name)
            print(f"backup {name}: whole, {len(told.files)} files, schema {told.schema}")
        except InputError as error:
            bad += 1
            print(f"backup {name}: {error}")
    return 1 if bad else 0


def key_argument(parser: argparse.ArgumentParser) -> None:
    """What opens a backup."""
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE", help="what opens the backup; without it a passphrase is asked for"
    )


def secret(key_file: Path | None, *, new: bool = False) -> bytes:
    """The passphrase, asked for (twice for a new backup), or the content of the key file. Raises InputError."""
    if key_file is None:
        if not sys.stdin.isatty():
            raise InputError("there is nobody to ask for the passphrase; expected --key-file FILE")
        text = getpass.getpass("passphrase of the backup: ")
        if new and getpass.getpass("once more: ") != text:
            raise InputError("the two passphrases differ")
        found, name = text.encode(), "the passphrase"
    else:
        try:
            found, name = key_file.read_bytes().strip(), f"key file {key_file}"
        except OSError as error:
            raise ResourceError(f"key file {key_file} cannot be read: {error.strerror}") from error
    if len(found) < FEWEST_BYTES:
        raise InputError(f"{name} has {len(found)} bytes; expected {FEWEST_BYTES} or more")
    return found
