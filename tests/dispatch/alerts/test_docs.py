"""docs/run/alerts.md shows what is sent: every example is what the encoder makes now, every setting is one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dispatch.alerts import cap, cot, geojson, mail, mqtt, ngsi, syslog, webhook
from dispatch.alerts.destinations import Destination
from dispatch.alerts.rules import Rule
from dispatch.settings import read_settings
from tests.conftest import REPOSITORY
from tests.dispatch.alerts.samples import SENT_MS, alert

PAGE = REPOSITORY / "docs" / "run" / "alerts.md"
SENDER = "tocsin@pessac.example"
PREFIX = "city/tocsin"


def pretty_json(body: bytes) -> str:
    text = json.dumps(json.loads(body), indent=1, ensure_ascii=False)
    rows = re.sub(r"\[\s+(-?[\d.]+),\s+(-?[\d.]+)\s+\]", r"[\1, \2]", text)
    return re.sub(r"((?:\n +\[-?[\d.]+, -?[\d.]+\],){2})(?:\n +\[-?[\d.]+, -?[\d.]+\],?)+", r"\1 …", rows)


def pretty_xml(body: bytes) -> str:
    root = ET.fromstring(body)
    ET.register_namespace("", root.tag[1:].partition("}")[0])
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r"(<polygon>\S+ \S+) [^<]*", r"\1 …", text)


EXAMPLES: dict[str, Callable[[], str]] = {
    "webhook": lambda: pretty_json(webhook.encode(alert())),
    "cap": lambda: pretty_xml(cap.encode(alert("update"), SENDER)),
    "cot": lambda: pretty_xml(cot.encode(alert(), "b-m-p-s-m", 600.0, SENT_MS / 1e3)),
    "ngsi": lambda: pretty_json(ngsi.encode(alert())),
    "mqtt": lambda: "\n".join(f"{topic}  {body[:60].decode()}…" for topic, body, _ in mqtt.messages(alert(), PREFIX)),
    "mail": lambda: mail.encode(alert(), SENDER, ("duty@pessac.example",)).as_string().replace("\r\n", "\n"),
    "syslog": lambda: syslog.encode(alert(), "centre").decode().replace("\ufeff", ""),
    "geojson": lambda: pretty_json(geojson.encode([alert()])),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_is_sent(name: str) -> None:
    (shown,) = re.findall(rf"```\w+ {name}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert shown.strip() == EXAMPLES[name]().strip()


def test_the_examples_of_destinations_are_settings_and_all_kinds_are_shown(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (tmp_path / "centre.toml").write_text("\n".join(blocks))
    settings = read_settings(tmp_path / "centre.toml")
    shown = settings.alerts
    assert settings.heartbeat is not None
    kinds = Destination.__annotations__["to"].split(" | ")
    assert {type(one.to).__name__ for one in shown} == set(kinds)


def test_every_key_of_a_rule_is_told() -> None:
    table = PAGE.read_text().partition("## When")[2].partition("\n\n")[2]
    for name in Rule.__struct_fields__:
        assert f"`{name}`" in table, name
