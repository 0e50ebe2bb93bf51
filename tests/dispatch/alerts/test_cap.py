"""CAP 1.2 as its schema and data dictionary want it (OASIS CAP-v1.2, section 3.2), and Atom as RFC 4287 does."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dispatch.alerts.alert import Alert
from dispatch.alerts.cap import ATOM, NAMESPACE, encode, feed
from tests.dispatch.alerts.samples import alert, heard

# Name: (least, most) occurrences, in the order in which the schema wants them.
ALERT = {
    "identifier": (1, 1),
    "sender": (1, 1),
    "sent": (1, 1),
    "status": (1, 1),
    "msgType": (1, 1),
    "source": (0, 1),
    "scope": (1, 1),
    "restriction": (0, 1),
    "addresses": (0, 1),
    "code": (0, 99),
    "note": (0, 1),
    "references": (0, 1),
    "incidents": (0, 1),
    "info": (0, 99),
}
INFO = {
    "language": (0, 1),
    "category": (1, 99),
    "event": (1, 1),
    "responseType": (0, 99),
    "urgency": (1, 1),
    "severity": (1, 1),
    "certainty": (1, 1),
    "audience": (0, 1),
    "eventCode": (0, 99),
    "effective": (0, 1),
    "onset": (0, 1),
    "expires": (0, 1),
    "senderName": (0, 1),
    "headline": (0, 1),
    "description": (0, 1),
    "instruction": (0, 1),
    "web": (0, 1),
    "contact": (0, 1),
    "parameter": (0, 99),
    "resource": (0, 99),
    "area": (0, 99),
}
AREA = {"areaDesc": (1, 1), "polygon": (0, 99), "circle": (0, 99), "geocode": (0, 99)}
VALUES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {
        "Geo",
        "Met",
        "Safety",
        "Security",
        "Rescue",
        "Fire",
        "Health",
        "Env",
        "Transport",
        "Infra",
        "CBRNE",
        "Other",
    },
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}
TIME = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
SENDER = "tocsin@pessac.example"


def checked(root: ET.Element) -> dict[str, Any]:
    """A CAP document's texts by name, after it was held against the schema's rules."""
    assert root.tag == f"{{{NAMESPACE}}}alert"
    _in_order(root, ALERT)
    for info in root.iter(f"{{{NAMESPACE}}}info"):
        _in_order(info, INFO)
    for area in root.iter(f"{{{NAMESPACE}}}area"):
        _in_order(area, AREA)
    texts = {e.tag.rpartition("}")[2]: e.text or "" for e in root.iter() if not len(e)}
    for name, allowed in VALUES.items():
        assert texts[name] in allowed, name
    for name in {"sent", "onset", "expires"} & texts.keys():
        assert TIME.fullmatch(texts[name]), name
    assert ("restriction" in texts) == (texts["scope"] == "Restricted")
    assert not re.search(r"[\s,<&]", texts["identifier"] + texts["sender"])
    for polygon in root.iter(f"{{{NAMESPACE}}}polygon"):
        points = [tuple(map(float, p.split(","))) for p in str(polygon.text).split(" ")]
        assert len(points) >= 4
        assert points[0] == points[-1]
        assert all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in points)
    return texts


def _in_order(parent: ET.Element, allowed: dict[str, tuple[int, int]]) -> None:
    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in parent]
    assert names == sorted(names, key=list(allowed).index)
    for name, (least, most) in allowed.items():
        assert least <= names.count(name) <= most, name


def told(one: Alert, public: bool = False) -> dict[str, Any]:
    return checked(ET.fromstring(encode(one, SENDER, public)))


def test_a_new_event_is_an_alert_with_the_ellipse() -> None:
    texts = told(alert())
    assert (texts["msgType"], texts["status"], texts["category"]) == ("Alert", "Actual", "Security")
    assert (texts["certainty"], texts["urgency"]) == ("Possible", "Immediate")
    assert texts["onset"] == "2026-11-26T15:06:52-00:00"
    assert "references" not in texts
    first = texts["polygon"].split(" ")[0].split(",")
    assert float(first[0]) == pytest.approx(44.8401, abs=2e-4)  # latitude first
    assert float(first[1]) == pytest.approx(-0.5793, abs=2e-4)


def test_an_update_and_a_cancel_refer_to_what_was_sent() -> None:
    for kind, name in (("update", "Update"), ("end", "Cancel")):
        texts = told(alert(kind))
        assert texts["msgType"] == name
        assert texts["references"] == f"{SENDER},0a1b2c3d4e5f6071.city.1,2026-11-26T15:06:52-00:00"


def test_certainty_is_observed_only_where_a_person_confirmed_it() -> None:
    assert told(alert(about=heard(probability=0.95)))["certainty"] == "Likely"
    assert told(alert("update", heard(verdict="confirmed")))["certainty"] == "Observed"
    assert told(alert("end"))["certainty"] == "Unlikely"


def test_an_exercise_a_silent_node_and_a_site_nowhere_are_valid_too() -> None:
    assert told(alert(exercise=True))["status"] == "Exercise"
    assert told(alert(about=None))["category"] == "Infra"
    assert "polygon" not in told(alert(about=heard(lat=None, lon=None)))
    assert told(alert(), public=True)["scope"] == "Public"


def test_what_xml_cannot_carry_is_left_out() -> None:
    assert told(alert(site="A <b> & \x07c"))["senderName"] == "A <b> & c"


def test_a_feed_is_atom_with_a_document_an_entry() -> None:
    root = ET.fromstring(feed([alert("update"), alert()], "city", SENDER))
    for parent in (root, *root.findall(f"{{{ATOM}}}entry")):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{{{ATOM}}}{name}")) == 1
        assert re.fullmatch(r"\S+T\S+Z", str(parent.findtext(f"{{{ATOM}}}updated")))
    assert root.findtext(f"{{{ATOM}}}author/{{{ATOM}}}name") == SENDER
    entries = root.findall(f"{{{ATOM}}}entry")
    assert len({str(e.findtext(f"{{{ATOM}}}id")) for e in entries}) == 2
    contents = [e.find(f"{{{ATOM}}}content") for e in entries]
    assert [checked(c[0])["msgType"] for c in contents if c is not None] == ["Update", "Alert"]
    assert ET.fromstring(feed([], "city", SENDER)).findtext(f"{{{ATOM}}}title") == "city: city"
