"""The centre has no route over which sound could come, and none that makes a node send any."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.dispatch.running import running_centre

WORDS = re.compile(r"listen|audio|sound|clip|record|microphone|monitor|play|wav|flac", re.IGNORECASE)


def test_no_route_of_the_api_gives_sound(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre:
        described = httpx.get(f"{centre.page}/api/openapi.json", timeout=20.0).json()
    assert len(described["paths"]) > 20
    assert not [path for path in described["paths"] if WORDS.search(path)]
    forms = {
        form
        for path in described["paths"].values()
        for call in path.values()
        for answer in call["responses"].values()
        for form in answer.get("content", {})
    }
    assert "application/json" in forms
    assert not [form for form in forms if form.startswith(("audio/", "video/")) or form == "application/octet-stream"]
