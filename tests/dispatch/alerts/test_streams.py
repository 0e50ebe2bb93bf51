"""Cursor-on-Target and syslog: what is sent, and that real servers get it, over TCP, TLS and UDP."""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from acoustic.errors import InputError
from dispatch.alerts import cot, syslog
from dispatch.alerts.cot import Cot
from dispatch.alerts.syslog import Syslog
from tests.dispatch.alerts.receivers import free_port
from tests.dispatch.alerts.samples import SENT_MS, alert, heard
from tests.dispatch.alerts.servers import datagrams, server_tls, sink, tak_server
from tests.dispatch.running import wait_for

NOW_S = SENT_MS / 1e3
# RFC 5424, section 6: <PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG (with a BOM).
RFC_5424 = re.compile(
    r"<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} - "
    "\ufeff(.+)"
)


def test_an_event_is_a_point_with_its_error_and_ellipse() -> None:
    root = ET.fromstring(cot.encode(alert(), "b-m-p-s-m", 600.0, NOW_S))
    assert (root.get("version"), root.get("uid"), root.get("how")) == ("2.0", "tocsin.0a1b2c3d4e5f6071", "m-f")
    assert (root.get("start"), root.get("stale")) == ("2026-11-26T15:06:52.600Z", "2026-11-26T15:16:55.173Z")
    point = root.find("point")
    assert point is not None
    assert {k: float(v) for k, v in point.attrib.items()} == {
        "lat": 44.8401,
        "lon": -0.5793,
        "hae": 9999999.0,
        "ce": 12.0,
        "le": 9999999.0,
    }
    assert root.find("detail/shape/ellipse") is not None
    assert "ellipse of 12 m by 7 m" in (root.findtext("detail/remarks") or "")


def test_what_is_taken_back_is_stale_under_the_same_uid() -> None:
    new, end = (ET.fromstring(cot.encode(alert(kind), "b-m-p-s-m", 600.0, NOW_S)) for kind in ("new", "end"))
    assert new.get("uid") == end.get("uid")
    assert end.get("stale") == end.get("time")


def test_an_exercise_and_an_unknown_place_are_marked() -> None:
    assert ET.fromstring(cot.encode(alert(exercise=True), "a-u-G", 60.0, NOW_S)).get("opex") == "e"
    for nowhere in (alert(about=None), alert(about=heard(lat=None, lon=None))):
        point = ET.fromstring(cot.encode(nowhere, "a-u-G", 60.0, NOW_S)).find("point")
        assert point is not None
        assert (point.get("lat"), point.get("lon"), point.get("ce")) == ("0.0", "0.0", "9999999.0")


VIEWER = (
    b'<event version="2.0" uid="viewer" type="a-f-G" how="m-g" time="2026-11-26T15:00:00Z"'
    b' start="2026-11-26T15:00:00Z" stale="2099-11-26T15:00:00Z"><point lat="44.8" lon="-0.6" hae="0" ce="1" le="1"/>'
    b'<detail><contact callsign="VIEWER"/></detail></event>'
)


def test_a_tak_server_shows_it_to_its_other_clients(tmp_path: Path) -> None:
    with tak_server(tmp_path) as address:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=20.0) as viewer:
            viewer.sendall(VIEWER)
            wait_for(lambda: "viewer" in (tmp_path / "taky.log").read_text())
            asyncio.run(Cot(address=address, transport="tcp").send(alert()))
            shown = b""
            while not shown.endswith(b"</event>"):
                shown += viewer.recv(4096)
    root = ET.fromstring(shown)
    assert (root.get("uid"), root.get("type")) == ("tocsin.0a1b2c3d4e5f6071", "b-m-p-s-m")
    assert root.find("detail/shape/ellipse") is not None
    point = root.find("point")
    assert point is not None
    assert (point.get("lat"), point.get("lon"), point.get("ce")) == ("44.840100", "-0.579300", "12.0")


def test_servers_get_it_over_tcp_and_tls(tmp_path: Path) -> None:
    with sink() as (address, got):
        asyncio.run(Cot(address=address, transport="tcp").send(alert()))
        wait_for(lambda: len(got) == 1)
        asyncio.run(Syslog(address=address, transport="tcp").send(alert()))
        wait_for(lambda: len(got) == 2)
    assert ET.fromstring(got[0]).get("uid") == "tocsin.0a1b2c3d4e5f6071"
    length, _, line = got[1].partition(b" ")
    assert int(length) == len(line)
    tls, ca = server_tls(tmp_path)
    with sink(tls) as (address, got):
        asyncio.run(Cot(address=address, ca=ca).send(alert()))
        wait_for(lambda: len(got) == 1)
        asyncio.run(Syslog(address=address, ca=ca).send(alert()))
        wait_for(lambda: len(got) == 2)
        assert got[0].startswith(b"<?xml")
        assert got[1].partition(b" ")[2].startswith(b"<129>1 ")
        with pytest.raises(OSError, match="certificate verify failed"):
            asyncio.run(Cot(address=address).send(alert()))


def test_a_server_that_is_away_is_an_error() -> None:
    with pytest.raises(OSError, match="Connect call failed"):
        asyncio.run(Syslog(address=f"127.0.0.1:{free_port()}", transport="tcp").send(alert()))


@pytest.mark.parametrize("one", [alert(), alert("end"), alert(about=None), alert(exercise=True), alert(site="é\n<x>")])
def test_a_line_is_as_rfc_5424_wants_it(one: object) -> None:
    line = syslog.encode(one, "centre é 1").decode()  # type: ignore[arg-type]
    found = RFC_5424.fullmatch(line)
    assert found is not None
    assert int(found[1]) // 8 == 16  # local0
    assert found[2].isprintable()


def test_grave_and_less_grave() -> None:
    priorities = [syslog.encode(one, "h").split(b">")[0] for one in (alert(), alert("end"), alert(about=None))]
    assert priorities == [b"<129", b"<133", b"<132"]


def test_a_datagram_is_one_line_and_short() -> None:
    with datagrams() as (address, listener):
        asyncio.run(Syslog(address=address, transport="udp").send(alert(about=heard(address="é" * 900))))
        line = listener.recv(65536)
    assert len(line) <= 1400
    assert RFC_5424.fullmatch(line.decode())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "x"}, "address is 'x'; expected HOST:PORT"),
        ({"address": "x:1", "type": "a b"}, "type is 'a b'"),
        ({"address": "x:1", "stale_s": 1.0}, "stale_s is 1"),
        ({"address": "x:1", "key": "k"}, "certificate and key go together"),
    ],
)
def test_a_wrong_field_is_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Cot(**given)  # type: ignore[arg-type]
