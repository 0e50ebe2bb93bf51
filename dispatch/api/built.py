"""The built page's files: packed where the build packed them and the browser can unpack, and kept by it for good."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

ASSETS = "assets/"  # each is named by a digest of what is in it: what has this name never changes


class Built(StaticFiles):
    """A folder that the page's build made."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        if not path.startswith(ASSETS):
            return await super().get_response(path, scope)
        response = await self._packed(path, scope) or await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers.add_vary_header("Accept-Encoding")
        return response

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        if "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return None
        try:
            response = await super().get_response(f"{path}.gz", scope)
        except HTTPException:
            return None
        response.headers["Content-Encoding"] = "gzip"
        return response
