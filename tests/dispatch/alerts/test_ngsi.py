"""NGSI-LD: an entity of the Alert model, as ETSI GS CIM 009 normalises it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from dispatch.alerts.ngsi import Ngsi, encode
from tests.dispatch.alerts.receivers import receiver
from tests.dispatch.alerts.samples import alert

SEVERITIES = {"informational", "low", "medium", "high", "critical"}  # the model's


def entity(*given: Any, **changes: Any) -> dict[str, Any]:
    (one,) = json.loads(encode(alert(*given, **changes)))
    for name, value in one.items():
        if name not in ("@context", "id", "type"):
            assert value["type"] in ("Property", "GeoProperty"), name
            assert "value" in value
    assert one["id"].startswith("urn:ngsi-ld:Alert:")
    assert one["severity"]["value"] in SEVERITIES
    assert one["@context"][-1] == "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld"
    return dict(one)


def test_an_alert_is_an_entity_with_its_ellipse() -> None:
    one = entity()
    assert (one["type"], one["category"]["value"], one["severity"]["value"]) == ("Alert", "security", "high")
    assert one["location"]["value"]["type"] == "Polygon"
    assert one["dateIssued"]["value"] == {"@type": "DateTime", "@value": "2026-11-26T15:06:55.173Z"}
    assert "validTo" not in one
    assert "subCategory" not in one


def test_what_is_taken_back_is_the_same_entity_and_no_longer_valid() -> None:
    new, end = entity(), entity("end")
    assert new["id"] == end["id"]
    assert end["validTo"]["value"]["@value"] == "2026-11-26T15:06:55.173Z"
    assert end["severity"]["value"] == "informational"


def test_a_silent_node_has_no_place() -> None:
    assert "location" not in entity(about=None)


def test_a_broker_gets_it_with_tenant_and_token() -> None:
    with receiver() as broker:
        url = broker.url.removesuffix("/hook")
        asyncio.run(Ngsi(url=f"{url}/", tenant="pessac", token="t").send(alert()))
    (request,) = broker.requests
    assert request.line == "POST /ngsi-ld/v1/entityOperations/upsert HTTP/1.1"
    assert request.headers["ngsild-tenant"] == "pessac"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/ld+json"
