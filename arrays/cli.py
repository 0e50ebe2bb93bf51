"""`tocsin node`: run one node from its settings file, or enrol it."""

from __future__ import annotations

import argparse
from pathlib import Path


def main(argv: list[str]) -> int:
    """Answer `tocsin node SETTINGS.toml`, `tocsin node enrol …`, `tocsin node rotate …` and `tocsin node status …`."""
    if argv[:1] == ["status"]:
        from arrays.status import main as status

        return status(argv[1:])
    if argv[:1] == ["rotate"]:
        return _rotate(argv[1:])
    return _enrol(argv[1:]) if argv[:1] == ["enrol"] else _run(argv)


def _run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tocsin node",
        description="Run one node until its source ends or it is told to (Ctrl-C, SIGTERM).",
        epilog="`tocsin node enrol --help` tells how a node becomes known to a centre, `tocsin node rotate --help` how "
        "it gets another key, `tocsin node status --help` how to ask one that runs how it is.",
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml")
    asked = parser.parse_args(argv)
    from arrays.settings import read_settings

    settings = read_settings(asked.settings)
    from arrays.running import run

    return run(settings)


def _enrol(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tocsin node enrol", description="Make a node known to a centre, once.")
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml")
    parser.add_argument("--centre", required=True, metavar="URL", help="https://HOST:PORT of the centre's ingest")
    parser.add_argument("--token", required=True, help="a one-time token, from `tocsin centre token`")
    asked = parser.parse_args(_joined(argv))
    from arrays.running import join
    from arrays.settings import read_settings

    settings = read_settings(asked.settings)
    mandate = join(settings, asked.centre, asked.token)
    print(f"node {settings.node} is enrolled at {asked.centre}")
    print(f"its mandate: {mandate}" if mandate else "it has no mandate yet, and does not listen before it has one")
    return 0


def _rotate(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tocsin node rotate",
        description="Give a node that is not running a new key and certificate; its old key vouches for the new one.",
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.toml")
    asked = parser.parse_args(argv)
    from arrays.renewal import rotate
    from arrays.settings import read_settings

    settings = read_settings(asked.settings)
    rotate(Path(settings.data), settings.node)
    print(f"node {settings.node} has a new key")
    return 0


def _joined(argv: list[str]) -> list[str]:
    """`--token -x…` as `--token=-x…`: a token may begin with a dash, which argparse would take for an option."""
    at = argv.index("--token") if "--token" in argv[:-1] else -1
    return argv if at < 0 else [*argv[:at], f"--token={argv[at + 1]}", *argv[at + 2 :]]
