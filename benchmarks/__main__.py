"""Run the benchmarks, each in its own process, and write benchmarks/results.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"


def names() -> list[str]:
    """Every question this folder answers, one file each."""
    return sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_") and p.stem != "timing")


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks (all if none is named); return 1 where one failed."""
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"no benchmark {unknown[0]!r}; expected one of {', '.join(names())}", file=sys.stderr)
        return 2
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = 0
    for name in wanted or names():
        code = f"import json; from benchmarks.{name} import run; print(json.dumps(run()))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=HERE.parent)
        if done.returncode:
            print(f"{name}: failed\n{done.stderr}", file=sys.stderr)
            failed = 1
            continue
        *told, answer = done.stdout.splitlines()
        print(*told, sep="\n", end="\n" if told else "")
        entry = json.loads(answer)
        if "skipped" in entry:
            print(f"{name}: skipped, {entry['skipped']}")
            continue
        results[name] = entry
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
        print(f"{name}: {entry}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
