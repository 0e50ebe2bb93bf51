"""The centre has no route over which sound could come but those of a clip and of labelled clips, and none that makes a
node send any but an order for the clip of one event: tests/dispatch/test_clips.py and test_labels.py tell who may."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.dispatch.running import running_centre

WORDS = re.compile(r"listen|audio|sound|clip|record|microphone|monitor|(?<!re)play|wav|flac", re.IGNORECASE)

CLIPS = {"/api/events/{identity}/clips": {"get", "post"}, "/api/clips/{order}/heard": {"post"}}
BUNDLES = ("application/octet-stream", "application/zip")
LABELLED = {"/api/labels/sounds": {"post"}}


def test_no_route_of_the_api_gives_sound_but_that_of_a_clip(tmp_path: Path) -> None:
    with running_centre(tmp_path / "data") as centre:
        described = httpx.get(f"{centre.page}/api/openapi.json", timeout=20.0).json()
    assert len(described["paths"]) > 20
    found = {path: set(calls) for path, calls in described["paths"].items() if WORDS.search(path)}
    assert found == CLIPS | LABELLED
    for paths, right in ((CLIPS, "hear"), (LABELLED, "label")):
        assert all(call["x-right"] == right for path in paths for call in described["paths"][path].values())
    forms = {
        form
        for path, calls in described["paths"].items()
        if path not in ("/api/clips/{order}/heard", *LABELLED)
        for call in calls.values()
        for answer in call["responses"].values()
        for form in answer.get("content", {})
    }
    assert "application/json" in forms
    assert not [form for form in forms if form.startswith(("audio/", "video/")) or form in BUNDLES]
