"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real recordings beside the project; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("TOCSIN_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "pittsburgh").is_dir():
        pytest.skip(f"no real recordings beside the project ({folder.name}/pittsburgh is absent)")
    return folder


@pytest.fixture(scope="session")
def impulses(shared: Path) -> Path:
    """The folder of labelled real sounds; a test that needs it skips where it is absent."""
    folder = shared / "impulses"
    if not folder.is_dir():
        pytest.skip(f"no labelled sounds beside the project ({shared.name}/impulses is absent)")
    return folder
