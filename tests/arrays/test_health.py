"""Health: what is judged from what."""

from __future__ import annotations

import pytest

from arrays.health import Facts, judge


@pytest.mark.parametrize(
    ("facts", "state", "reason"),
    [
        ({}, "ok", None),
        ({"outbox": 12, "gap_s": 61.0, "gaps": 1, "quiet_s": 0.1, "clock_sigma_s": 1e-5}, "ok", None),
        ({"capture": "sound input 3 gives no sound"}, "fault", "sound input 3 gives no sound"),
        ({"disk": "the outbox cannot be written: full"}, "fault", "the outbox cannot be written: full"),
        ({"quiet_s": 9.0}, "fault", "no sound from the source for 9 s"),
        ({"link": "centre a:1 cannot be reached"}, "degraded", "centre a:1 cannot be reached"),
        ({"clock": "chrony is not synchronised"}, "degraded", "chrony is not synchronised"),
        ({"refused": 2}, "degraded", "2 reports were set aside; the log says why"),
        ({"dropped": 5}, "degraded", "5 reports were dropped: the outbox is full"),
        ({"gap_s": 3.0}, "degraded", "sound was lost 3 s ago"),
        ({"clock_sigma_s": 0.02}, "degraded", "the clock is known to 20 ms only"),
    ],
)
def test_each_fact_has_its_state_and_sentence(facts: dict[str, float | str], state: str, reason: str | None) -> None:
    health = judge(Facts(uptime_s=5.0, interval_s=3.0, **facts))  # type: ignore[arg-type]
    assert health.state == state
    assert list(health.reasons) == ([reason] if reason else [])


def test_the_worst_decides_and_every_reason_is_told() -> None:
    health = judge(Facts(uptime_s=5.0, interval_s=3.0, disk="disk", link="link", gap_s=1.0))
    assert health.state == "fault"
    assert list(health.reasons) == ["disk", "link", "sound was lost 1 s ago"]
