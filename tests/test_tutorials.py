"""The tutorials run, block by block, and print what they show."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((REPOSITORY / "docs" / "tutorials").glob("*.md"))
HEAVY = ("librosa", "torch", "sklearn", "matplotlib", "scipy.signal", "fastapi", "sqlalchemy", "sounddevice")


def run(page: Path) -> list[tuple[str, str]]:
    """What each block that shows an output prints, beside what is shown; pictures go to the current folder."""
    known: dict[str, object] = {}
    compared = []
    for code, _, shown in re.findall(r"```python\n(.*?)```(\n\n```text\n(.*?)```)?", page.read_text(), re.DOTALL):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, page.name, "exec"), known)  # noqa: S102  # our own documents
        compared.append((out.getvalue(), shown))
    return compared


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda p: p.stem)
def test_a_tutorial_prints_and_draws_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compared = run(page)
    assert len(compared) >= 4
    for printed, shown in compared:
        assert printed == shown
    (name,) = re.findall(r"!\[.*?\]\((.*?)\)", page.read_text())
    drawn, kept = (Path(folder, name).read_text() for folder in (tmp_path, page.parent))
    assert re.sub(r"[-\d.]+", "0", drawn) == re.sub(r"[-\d.]+", "0", kept)  # but for the last digits of a machine


def test_they_tell_one_story_in_order() -> None:
    assert [p.name[:2] for p in TUTORIALS] == ["1-", "2-", "3-"]
    for page, following in pairwise(TUTORIALS):
        assert f"({following.name})" in "".join(page.read_text().splitlines()[-2:])


def test_the_interface_is_light_to_import_and_says_what_it_offers() -> None:
    code = (
        "import sys, recordings\n"
        "before = set(sys.modules)\n"
        "from recordings import arrivals, open_session, replay, settings, sound\n"
        "import recordings.replaying\n"
        "from recordings import replay as again\n"
        "assert replay is again and callable(replay)\n"
        "assert 'numpy' not in before\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY)
    assert (done.stdout, done.stderr) == ("[]\n", "")
