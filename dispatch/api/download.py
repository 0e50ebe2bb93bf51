"""An answer that is a file to keep."""

from __future__ import annotations

from fastapi.responses import Response


def download(content: bytes, kind: str, name: str) -> Response:
    """The file, by a name of ours, and out of every cache."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=kind, headers=headers)
