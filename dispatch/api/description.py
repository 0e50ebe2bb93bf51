"""The API's description of itself (OpenAPI 3.1): with each call, who may."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

COOKIE, BEARER = "session", "machine"


class Api(FastAPI):
    """A FastAPI application whose description says which right each call asks for."""

    def openapi(self) -> dict[str, Any]:
        """The description, made once."""
        if self.openapi_schema is None:
            described = super().openapi()
            described.setdefault("components", {})["securitySchemes"] = {
                COOKIE: {"type": "apiKey", "in": "cookie", "name": self.state.cookie},
                BEARER: {"type": "http", "scheme": "bearer"},
            }
            for call, rights in self.state.rights.items():
                method, path = call.split(" ", 1)
                operation = described["paths"].get(path, {}).get(method.lower())
                if operation is None:
                    continue  # the description itself
                operation["security"] = [{COOKIE: []}, {BEARER: []}] if rights else []
                if asked := [right for right in rights if right is not None]:
                    operation["x-right"] = asked[0]
        return self.openapi_schema or {}
