"""The front door: one command, `tocsin`. Each room brings its own subcommands, imported only when called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from acoustic.errors import TocsinError

VERSION = "0.1.0"

# command: (room that answers it, one line for the newcomer)
COMMANDS = {
    "demo": ("dispatch.demo.show", "a synthetic city block: a centre, 12 nodes, located shots beside the truth"),
    "centre": ("dispatch.cli", "run the centre: ingest, location, the dispatcher's page"),
    "backup": ("dispatch.commands.backup", "back up a centre, which may be running, into an encrypted folder"),
    "restore": ("dispatch.commands.restore", "bring a centre back from its backup, without what was erased since"),
    "dpia": ("dispatch.commands.dpia", "write the data-protection file of a centre, in French or English"),
    "addresses": ("dispatch.commands.addresses", "street addresses for the centre: never the fix, only near it"),
    "node": ("arrays.cli", "run one node from its settings file, or enrol it"),
    "doctor": ("arrays.doctor", "say whether a node can locate, and what hinders it"),
    "calibrate": ("arrays.calibrate", "find where a node's microphones really are, from claps around it"),
    "replay": ("recordings.commands.replay", "locate the shots in recorded sessions"),
    "locate": ("recordings.commands.locate", "arrivals in, located shots out (JSON lines)"),
    "score": ("recordings.commands.score", "how well labelled recordings are located, detected and classified"),
    "verify": ("recordings.commands.verify", "check a file of evidence, and locate anew from it alone"),
    "report": ("recordings.commands.report", "what a file of evidence says, for a court to read (HTML, PDF)"),
    "plan": ("recordings.commands.plan", "how well nodes cover a town, and where to put them"),
    "detect": ("recordings.commands.detect", "find the impulses in sound files"),
    "classify": ("recordings.commands.classify", "find the impulses and say what each one is"),
    "import": ("recordings.commands.gather", "recordings of other recorders as a session, their clocks told by sounds"),
    "convert": ("recordings.commands.convert", "recordings, labels and located shots from one form to another"),
    "scene": ("recordings.commands.scene", "write a synthetic city block as a session"),
    "model": ("recordings.commands.model", "label sounds, train the classifier, measure it, put it in use"),
}


def usage() -> str:
    """The text of `tocsin --help`."""
    lines = [f"  {name:<9} {line}" for name, (_, line) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: tocsin COMMAND …",
            "",
            "Acoustic gunshot detection.",
            "",
            *lines,
            "",
            "tocsin COMMAND --help tells more.",
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; return its exit code. A known error becomes one sentence on standard error, exit code 2."""
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads our output has enough of it, as `head` has; Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # as the shell says of what SIGPIPE ended
    return code


def _run(arguments: list[str]) -> int:
    # Before numpy comes: one result whatever the machine, and many times faster on small products.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"tocsin {VERSION}")
        return 0
    if arguments[0] not in COMMANDS:
        print(f"tocsin: no command {arguments[0]!r}; expected one of {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        run = import_module(COMMANDS[arguments[0]][0]).main
        return int(run(arguments[1:]))
    except TocsinError as error:
        print(f"tocsin {arguments[0]}: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(
            f"tocsin {arguments[0]}: needs the Python package {error.name!r}, which is not installed", file=sys.stderr
        )
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        print(f"tocsin {arguments[0]}: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
