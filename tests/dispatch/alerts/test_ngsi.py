"""NGSI-LD: an entity of the Alert model, as ETSI GS CIM 009 normalises it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pyld import jsonld

from dispatch.alerts.ngsi import Ngsi, encode
from tests.dispatch.alerts.receivers import receiver
from tests.dispatch.alerts.samples import alert, heard

ALERTS, CORE = (
    "https://raw.githubusercontent.com/smart-data-models/dataModel.Alert/master/context.jsonld",
    "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
)
ETSI, DEFAULT = "https://uri.etsi.org/ngsi-ld/", "https://uri.etsi.org/ngsi-ld/default-context/"
MODEL, COMMON = "https://smartdatamodels.org/dataModel.Alert/", "https://smartdatamodels.org/"
TERMS = {  # of an alert, as both contexts have them: annex B of ETSI GS CIM 009 v1.8.1, dataModel.Alert of 2026
    ALERTS: {
        "Alert": f"{MODEL}Alert",
        **{name: MODEL + name for name in ("alertSource", "category", "dateIssued", "severity", "validTo")},
        **{name: COMMON + name for name in ("address", "name", "validFrom")},
    },
    CORE: {
        "@version": 1.1,
        "@vocab": DEFAULT,
        "id": "@id",
        "type": "@type",
        "value": f"{ETSI}hasValue",
        **{name: ETSI + name for name in ("DateTime", "GeoProperty", "Property", "data", "location")},
        "description": "http://purl.org/dc/terms/description",
        "Polygon": "https://purl.org/geojson/vocab#Polygon",
        "coordinates": {"@id": "https://purl.org/geojson/vocab#coordinates", "@container": "@list"},
    },
}
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


def context(url: str, _options: object) -> dict[str, Any]:
    return {"contextUrl": None, "documentUrl": url, "document": {"@context": TERMS[url]}}


@pytest.mark.parametrize(
    "about", [heard(), heard(lat=None, lon=None, exercise=True), heard(address="12 rue Haute", verdict="false"), None]
)
def test_json_ld_makes_the_models_terms_of_it_and_gives_back_what_was_sent(about: Any) -> None:
    one = entity("end", about)
    options = {"documentLoader": context, "base": "https://broker.example/"}
    (expanded,) = jsonld.expand(one, options)
    assert expanded["@type"] == [f"{MODEL}Alert"]
    assert not [term for term in expanded if term.startswith(DEFAULT)], "each is of the model or of the core"
    assert "broker.example" not in json.dumps(expanded), "nothing in it is taken for a reference"
    again = jsonld.compact(expanded, one["@context"], options)
    for name in ("dateIssued", "validFrom", "validTo"):
        again[name]["value"]["@type"] = again[name]["value"].pop("type")  # the core's other word for it
    assert again == one


def test_a_broker_gets_it_with_tenant_and_token() -> None:
    with receiver() as broker:
        url = broker.url.removesuffix("/hook")
        asyncio.run(Ngsi(url=f"{url}/", tenant="pessac", token="t").send(alert()))
    (request,) = broker.requests
    assert request.line == "POST /ngsi-ld/v1/entityOperations/upsert HTTP/1.1"
    assert request.headers["ngsild-tenant"] == "pessac"
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["content-type"] == "application/ld+json"
