"""A defence expert's walk through docs/analyse: from the wheel and what it asks for, no network, no centre."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.recordings.test_bundles import BUNDLES, FOLDER
from tests.recordings.test_replay import shooting

# Runs a command with the wheel's modules alone: other packages than those it asks for are not there, sockets neither.
RUNNER = """
import importlib.metadata, socket, sys
wheel, site, allowed = sys.argv[1], sys.argv[2], set(sys.argv[3].split(","))
sys.path[:0] = [wheel]
sys.path.append(site)
owners = importlib.metadata.packages_distributions()
top = {name: set(dists) for name, dists in owners.items() if name not in sys.stdlib_module_names}

class Absent:
    def find_spec(self, name, path=None, target=None):
        of = {d.lower().replace("_", "-") for d in top.get(name.partition(".")[0], ())}
        if of and not of & allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def closed(*_):
    raise OSError("there is no network")

sys.meta_path.insert(0, Absent())
socket.socket.connect = closed
import tocsin
assert tocsin.__file__.startswith(wheel), tocsin.__file__
sys.exit(tocsin.main(sys.argv[4:]))
"""


def needed(names: list[str]) -> set[str]:
    """Packages and all that they need without extras, by name."""
    found: set[str] = set()
    while names:
        name = re.split(r"[\s\[<>=!~;(]", names.pop())[0].lower().replace("_", "-")
        if name not in found:
            found.add(name)
            with suppress(PackageNotFoundError):  # of another platform
                names += [line for line in requires(name) or [] if "extra ==" not in line]
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel, as it is built here."""
    folder = tmp_path_factory.mktemp("wheel")
    line = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(line, cwd=REPOSITORY, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def walk(wheel: Path, folder: Path, *arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """One command of the expert, in an own folder."""
    asked = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    allowed = ",".join(sorted(needed(list(asked)) | {"tocsin"}))
    site = next(path for path in sys.path if path.endswith("site-packages"))
    line = [sys.executable, "-I", "-S", "-c", RUNNER, str(wheel), site, allowed, *map(str, arguments)]
    environment = {"PATH": os.defpath, "HOME": str(folder), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(line, input=text, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_a_centres_evidence_is_checked_opened_and_told(wheel: Path, tmp_path: Path) -> None:
    bundle = FOLDER / "version-1.zip"
    done = walk(wheel, tmp_path, "verify", bundle)
    assert done.returncode == 0, done.stderr
    assert "computed anew, " in done.stdout
    assert "✗" not in done.stdout
    opened = walk(wheel, tmp_path, "verify", bundle, "--open", text=BUNDLES[bundle.name].key + "\n")
    assert "the first node is 0.00 m east" in opened.stdout
    for language in ("en", "fr"):
        assert walk(wheel, tmp_path, "report", bundle, "--language", language).returncode == 0
        assert (tmp_path / f"event-1.report.{language}.html").stat().st_size > 10_000
    pdf = walk(wheel, tmp_path, "report", bundle, "--out", "r.pdf")
    assert (pdf.returncode, "a PDF needs WeasyPrint (pip install 'tocsin[report]')" in pdf.stderr) == (2, True)
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(bundle.read_bytes().replace(b"roof-1", b"roof-9", 1))
    assert walk(wheel, tmp_path, "verify", damaged).returncode == 2


def test_recordings_are_replayed_compared_scored_and_told(wheel: Path, tmp_path: Path) -> None:
    shooting(tmp_path / "session")
    shots = walk(wheel, tmp_path, "replay", "session", "--format", "jsonl", "--evidence", "bundles")
    assert shots.returncode == 0, shots.stderr
    assert "one shot" in shots.stdout
    (tmp_path / "shots.jsonl").write_text(shots.stdout)
    again = walk(wheel, tmp_path, "replay", "session", "--against", "shots.jsonl")
    assert "0 new; 0 gone; 0 moved; 0 other class; 1 same" in again.stdout
    (bundle,) = (tmp_path / "bundles").iterdir()
    told = walk(wheel, tmp_path, "report", bundle, "--recordings", "session", "--out", "r.html")
    assert told.returncode == 0, told.stderr
    assert "data:image/png" in (tmp_path / "r.html").read_text()
    assert walk(wheel, tmp_path, "convert", "shots.jsonl", "shots.geojson", "--origin", "44.84,-0.58").returncode == 0
    absent = walk(wheel, tmp_path, "convert", "shots.jsonl", "shots.parquet", "--origin", "44.84,-0.58")
    assert (absent.returncode, "needs the Python package 'pyarrow'" in absent.stderr) == (2, True)
