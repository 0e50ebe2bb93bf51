"""Who is told of what; and what a receiver would act on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from dispatch.alerts.rules import Local, Rule, matters
from dispatch.settings import Origin, read_settings
from dispatch.town.places import Frame
from dispatch.town.zones import Zone
from tests.dispatch.alerts.samples import HEARD, SENT_MS, heard

FRAME = Frame(origin=Origin(lat=44.84, lon=-0.58))
AROUND = Zone(name="north", corners=((-0.585, 44.835), (-0.575, 44.835), (-0.575, 44.845), (-0.585, 44.845)))
SITE = Local(frame=FRAME, zones=(AROUND,), clock=ZoneInfo("Europe/Paris"))
HOOK = 'kind = "webhook"\nurl = "https://city.example/hook"\nsecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"\n'


def local_ms(text: str, zone: str = "Europe/Paris") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1e3)


def test_a_rule_without_words_tells_of_probable_gunshots() -> None:
    assert Rule().wants(HEARD, SITE, SENT_MS)
    assert not Rule().wants(heard(probability=0.4), SITE, SENT_MS)
    assert not Rule().wants(heard(label="firework"), SITE, SENT_MS)
    assert not Rule().wants(heard(verdict="false"), SITE, SENT_MS)
    assert Rule(classes=("unknown",)).wants(heard(label="unknown", probability=0.0), SITE, SENT_MS)


def test_a_zone_takes_in_what_may_lie_inside() -> None:
    rule = Rule(zones=("north",))
    east_m = FRAME.metres(44.84, -0.575, 0.0)[0]
    assert rule.wants(heard(x=0.0, y=0.0), SITE, SENT_MS)
    assert rule.wants(heard(x=east_m + 10.0, y=0.0, semi_major_m=12.0), SITE, SENT_MS)
    assert not rule.wants(heard(x=east_m + 15.0, y=0.0, semi_major_m=12.0), SITE, SENT_MS)


def test_zones_in_degrees_at_a_site_nowhere_rather_tell_than_miss() -> None:
    nowhere = Local(frame=Frame(), zones=(AROUND,), clock=SITE.clock)
    assert Rule(zones=("north",)).wants(heard(x=1e5), nowhere, SENT_MS)


def test_hours_are_local_and_may_pass_midnight() -> None:
    night = Rule(hours="22:00-06:00")
    day = Rule(hours="06:00-22:00")
    for text, dark in [
        ("2026-07-01T21:59", 0),
        ("2026-07-01T22:00", 1),
        ("2026-01-01T05:59", 1),
        ("2026-01-01T06:00", 0),
    ]:
        assert night.open_at(local_ms(text), SITE.clock) == bool(dark)
        assert day.open_at(local_ms(text), SITE.clock) != bool(dark)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'name = "a b"\n[alerts.to]\n{HOOK}', "name is 'a b'"),
        ('name = "a"\n[alerts.to]\nkind = "fax"', "fax"),
        ('name = "a"\n[alerts.to]\nkind = "webhook"\nurl = "city.example"\nsecret = ""', "url is 'city.example'"),
        ('name = "a"\n[alerts.to]\nkind = "webhook"\nurl = "https://x"\nsecret = "abc"', "secret is not as expected"),
        ('name = "a"\n[alerts.to]\nkind = "cap"\nurl = "https://x"\nsender = "a b"', "sender is 'a b'"),
        (f'name = "a"\nunacknowledged_s = -1.0\n[alerts.to]\n{HOOK}', "unacknowledged_s is -1"),
        (f'name = "a"\n[alerts.to]\n{HOOK}[alerts.when]\nprobability = 2.0', "probability is 2"),
        (f'name = "a"\n[alerts.to]\n{HOOK}[alerts.when]\nhours = "22-6"', "hours is '22-6'; expected HH:MM-HH:MM"),
        (f'name = "a"\n[alerts.to]\n{HOOK}[alerts.when]\nzones = ["south"]', "when.zones of 'a' has 'south'"),
        (f'name = "a"\n[alerts.to]\n{HOOK}[alerts.when]\nclasses = ["voice"]', "voice"),
        (f'name = "a"\n[alerts.to]\n{HOOK}[[alerts]]\nname = "a"\n[alerts.to]\n{HOOK}', "alerts has 'a' twice"),
    ],
)
def test_each_wrong_field_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "centre.toml").write_text(f"[[alerts]]\n{text}")
    with pytest.raises(InputError, match=words):
        read_settings(tmp_path / "centre.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"label": "firework"},
        {"count": 4},
        {"ambiguous": True},
        {"verdict": "confirmed"},
        {"x": HEARD.x + 10.1},
        {"semi_major_m": 40.0},
        {"probability": 0.98},
        {"probability": 0.91},
    ],
)
def test_what_a_receiver_would_act_on_is_told(change: dict[str, Any]) -> None:
    assert matters(HEARD, heard(**change))


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.84, 0.89), st.floats(-5, 9))
def test_a_few_metres_and_percent_are_not(east: float, north: float, probability: float, larger: float) -> None:
    moved = heard(x=HEARD.x + east, y=HEARD.y + north, probability=probability, semi_major_m=12.0 + larger, nodes=9)
    assert not matters(HEARD, moved)
