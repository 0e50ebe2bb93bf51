"""`tocsin centre`: run a centre, or make a token that enrols a node."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from importlib import import_module
from pathlib import Path

import msgspec

from arrays.logs import log_to_standard_error
from dispatch.settings import Settings, address, read_settings
from dispatch.store import Store
from dispatch.trust.authority import open_authority
from dispatch.trust.enrolment import issue

# subcommand: where it is, imported only when called
COMMANDS = {
    "token": "dispatch.cli:_token",
    "revoke": "dispatch.cli:_revoke",
    "evidence": "dispatch.cli:_evidence",
    "key": "dispatch.cli:_key",
    "mandate": "dispatch.commands.mandate:mandate",
    "replay": "dispatch.commands.replay:replay",
    "exercise": "dispatch.commands.exercise:exercise",
    "people": "dispatch.commands.people:people",
    "machines": "dispatch.commands.people:machines",
    "journal": "dispatch.commands.journal:journal",
    "erase": "dispatch.commands.erase:erase",
    "performance": "dispatch.commands.performance:performance",
    "missed": "dispatch.commands.performance:missed",
    "labels": "dispatch.commands.labels:labels",
    "log": "dispatch.commands.log:log",
    "public": "dispatch.commands.public:public",
    "alerts": "dispatch.commands.alerts:main",
    "rollout": "dispatch.commands.rollout:rollout",
    "worker": "dispatch.commands.worker:worker",
}


def main(argv: list[str]) -> int:
    """Run `tocsin centre …`; return its exit code."""
    if argv and argv[0] in COMMANDS:
        room, _, name = COMMANDS[argv[0]].partition(":")
        return int(getattr(import_module(room), name)(argv[1:]))
    arguments = _parser().parse_args(argv)
    settings = read_settings(Path(arguments.settings)) if arguments.settings else Settings()
    given = {key: getattr(arguments, key) for key in ("data", "listen", "page_host", "page_port")}
    settings = msgspec.structs.replace(settings, **{key: value for key, value in given.items() if value is not None})
    address(settings.listen)
    os.umask(0o077)  # the store holds positions and what was heard: the owner's affair
    log_to_standard_error()
    from dispatch.serve import serve  # here: the web stack is the running centre's alone

    asyncio.run(serve(settings, _say_ready))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tocsin centre",
        description="Run the centre: nodes report over HTTPS, people log in to the page. `tocsin centre mandate` says "
        "where, what for and until when nodes may listen.",
        epilog="`tocsin centre token` prints a one-time token that enrols one node within 24 hours; `tocsin centre "
        "evidence` writes all there is about one event to a file that anyone can check; `tocsin centre key` prints the "
        "key that such files are signed with; `tocsin centre performance` how well the network did; `tocsin centre "
        "missed` enters a shooting that raised no alert; `tocsin centre log` writes the log of a day; `tocsin centre "
        "journal` what happened, and whether it was changed since; `tocsin centre public` the page for residents; "
        "`tocsin centre erase` takes names and words out of the journal; `tocsin centre labels` writes labelled "
        "clips for a set; "
        "`tocsin centre people` and `tocsin centre machines` say who may log in and which programs may use the API; "
        "`tocsin centre revoke` trusts a node no more; `tocsin centre rollout` changes settings or the classifier of "
        "many; `tocsin centre alerts` tries a destination of alerts; "
        "`tocsin centre worker` locates for a centre, beside others; "
        "`tocsin centre replay` locates anew what was reported; `tocsin centre exercise` plays recordings into the "
        "running centre. Each has its own --help.",
    )
    parser.add_argument("settings", nargs="?", metavar="SETTINGS.toml", help="settings file; every key is optional")
    parser.add_argument("--data", metavar="DIR", help="folder of the store and the keys (default: tocsin-data)")
    parser.add_argument("--listen", metavar="HOST:PORT", help="where nodes report (default: 127.0.0.1:8443)")
    parser.add_argument("--page-host", metavar="HOST", help="where the page listens (default: 127.0.0.1)")
    parser.add_argument("--page-port", type=_port, metavar="PORT", help="port of the page (default: 8080)")
    return parser


def _token(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tocsin centre token", description="Print one-time tokens, each good for one node within 24 hours."
    )
    parser.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    parser.add_argument("--count", type=_count, default=1, metavar="N", help="how many (default: 1)")
    parser.add_argument("--node", metavar="NODE", help="for this node alone, which may be known: it is enrolled anew")
    arguments = parser.parse_args(argv)
    for token in issue_tokens(Path(arguments.data), arguments.count, arguments.node):
        print(token)
    return 0


def _revoke(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tocsin centre revoke",
        description="Trust a node no more, from now on: nothing is taken from it, and it is told to stop listening.",
        epilog="`tocsin centre token --node NODE` makes a token that enrols it anew.",
    )
    parser.add_argument("node", metavar="NODE", help="the node's name")
    parser.add_argument("--by", required=True, metavar="NAME", help="who revokes it, for the journal")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, for the journal")
    parser.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    arguments = parser.parse_args(argv)
    from dispatch.trust.revocation import revoke

    store, now_ms = Store(Path(arguments.data)), time.time_ns() // 1_000_000
    try:
        store.write_now(lambda c: revoke(c, arguments.node, arguments.because, arguments.by, now_ms))
    finally:
        store.close()
    print(f"node {arguments.node} is revoked")
    return 0


def _evidence(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="tocsin centre evidence",
        description="Write all there is about one event to one file, which anyone can check with `tocsin verify`.",
        epilog="Printed is the key of the file's sealed part, which says where on the globe it was. It is told once.",
    )
    parser.add_argument("number", type=_number, metavar="NUMBER", help="the event's number, as the page shows it")
    parser.add_argument("--for", dest="made_for", required=True, metavar="NAME", help="who is given the file and why")
    parser.add_argument("--clips", action="store_true", help="with the sound of the shots, where clips of them came")
    parser.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: event-NUMBER.tocsin.zip")
    arguments = parser.parse_args(argv)
    from dispatch.evidence import make_evidence

    out = arguments.out or Path(f"event-{arguments.number}.tocsin.zip")
    key = make_evidence(Path(arguments.data), arguments.number, arguments.made_for, out, arguments.clips)
    print(f"{out}\nkey of its sealed part: {key}")
    return 0


def _key(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tocsin centre key", description="Print the centre's public key.")
    parser.add_argument("--data", default=Settings().data, metavar="DIR", help="the centre's data folder")
    print(open_authority(Path(parser.parse_args(argv).data)).order_public_key)
    return 0


def issue_tokens(data: Path, count: int, node: str | None = None) -> list[str]:
    """One-time tokens of the centre whose data folder this is; it may be running."""
    store = Store(data)
    try:
        fingerprint = open_authority(data).fingerprint
        now_ms = time.time_ns() // 1_000_000
        return store.write_now(lambda connection: [issue(connection, fingerprint, now_ms, node) for _ in range(count)])
    finally:
        store.close()


def _say_ready(ingest: str, page: str, first: str | None) -> None:
    print(f"nodes report to {ingest}\nthe page is at {page}", flush=True)
    if first is not None:
        print(f"become its administrator, once and within 24 hours: {page}/#/{first}", flush=True)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count; expected a number from 1 to 1000")
    return int(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) < 2**62):
        raise argparse.ArgumentTypeError(f"{text!r} is not an event's number; expected 1 or more")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; expected a number from 0 to 65535")
    return int(text)
