"""NGSI-LD (ETSI GS CIM 009) for European city platforms: an Alert of the smart data models, created or replaced.

The models have no sub-category for gunfire, so there is none. What was taken back stays, with an end of its validity.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from dispatch.alerts.alert import Alert, iso, outline
from dispatch.alerts.target import WebTarget

CONTEXT = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Alert/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
)
UPSERT = "/ngsi-ld/v1/entityOperations/upsert"


class Ngsi(WebTarget, frozen=True, kw_only=True, tag="ngsi-ld"):
    """`url` of the broker, without /ngsi-ld; `tenant` where it has several."""

    tenant: str = ""

    async def send(self, alert: Alert) -> None:
        """Create or replace one entity."""
        headers = {"Content-Type": "application/ld+json", **({"NGSILD-Tenant": self.tenant} if self.tenant else {})}
        await self.post(UPSERT, encode(alert), headers)


def encode(alert: Alert) -> bytes:
    """An alert as a list of one entity, normalised."""
    heard = alert.heard
    entity: dict[str, Any] = {
        "@context": CONTEXT,
        "id": f"urn:ngsi-ld:Alert:tocsin:{quote(alert.subject)}",
        "type": "Alert",
        "name": _property(alert.headline),
        "description": _property(alert.text),
        "alertSource": _property(f"tocsin {alert.site}"),
        "category": _property("security"),
        "severity": _property(_severity(alert)),
        "dateIssued": _time(alert.sent_ms),
        "validFrom": _time(heard.time_ns / 1e6 if heard is not None else alert.sent_ms),
        "data": _property(_data(alert)),
    }
    if alert.kind == "end":
        entity["validTo"] = _time(alert.sent_ms)
    if heard is not None and (ring := outline(heard)):
        entity["location"] = {"type": "GeoProperty", "value": {"type": "Polygon", "coordinates": [ring]}}
    return msgspec.json.encode([entity])


def _data(alert: Alert) -> dict[str, Any]:
    """What a program needs. Without `id` and `type`, which JSON-LD takes for its own, and null, which deletes."""
    told = {"message": alert.id, "kind": alert.kind, "exercise": alert.exercise}
    if alert.heard is None:
        return told
    heard = {name: value for name, value in msgspec.to_builtins(alert.heard).items() if value is not None}
    return {**told, "heard": heard}


def _severity(alert: Alert) -> str:
    if alert.exercise or alert.kind == "end":
        return "informational"
    return "low" if alert.heard is None else "high"


def _property(value: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value}


def _time(time_ms: float) -> dict[str, Any]:
    return _property({"@type": "DateTime", "@value": iso(time_ms)})
