"""Health: which facts make which state, for which named reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from arrays.board import free_bytes, temperature_c
from arrays.health import Facts, judge
from arrays.levels import Levels
from arrays.report import STATES

RATE_HZ = 48_000
CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"mandate": "the mandate ended on x"}, "out_of_mandate", "mandate", "the mandate ended on x"),
    ({"failure": "file a.wav ends"}, "failed", "source", "file a.wav ends"),
    ({"disk": "the outbox cannot be written: full"}, "failed", "disk", "the outbox cannot be written: full"),
    ({"capture": "sound input 3 gives no sound"}, "deaf", "source", "sound input 3 gives no sound"),
    ({"quiet_s": 9.0}, "deaf", "source", "no sound from the source for 9 s"),
    ({"quiet_s": 61.0, "waits": True}, "deaf", "source", "no sound from the source for 61 s"),
    ({"microphones": [("level.dead", "all", True)]}, "deaf", "level.dead", "all"),
    ({"microphones": [("level.wind", "wind", False)]}, "degraded", "level.wind", "wind"),
    ({"link": "centre a:1 cannot be reached"}, "degraded", "uplink", "centre a:1 cannot be reached"),
    ({"certificate": "it ended"}, "degraded", "certificate", "it ended"),
    ({"clock": "chrony is not synchronised"}, "degraded", "clock", "chrony is not synchronised"),
    ({"clock_sigma_s": 0.02}, "degraded", "clock", "the clock is known to 20 ms only"),
    ({"refused": 2}, "degraded", "drops", "2 reports were set aside; the log says why"),
    ({"set_aside": "x"}, "degraded", "drops", "the outbox was damaged; it is set aside as x"),
    ({"dropped": 5}, "degraded", "drops", "5 reports were dropped: the outbox is full"),
    ({"gap_s": 3.0}, "degraded", "drops", "sound was lost 3 s ago"),
    ({"temperature_c": 83.2}, "degraded", "temperature", "the board is at 83 °C"),
    ({"free_bytes": 5e6}, "degraded", "disk", "only 5 MB are free on the disk"),
]


def facts(**known: Any) -> Facts:
    return Facts(uptime_s=5.0, interval_s=3.0, **known)


@pytest.mark.parametrize(("known", "state", "cause", "reason"), CASES)
def test_each_fact_has_its_state_name_and_sentence(known: dict[str, Any], state: str, cause: str, reason: str) -> None:
    health = judge(facts(**known))
    assert (health.state, list(health.causes), list(health.reasons)) == (state, [cause], [reason])
    assert state in STATES


def test_a_node_of_which_nothing_is_wrong_is_healthy() -> None:
    fine = {"outbox": 12, "gap_s": 61.0, "gaps": 1, "quiet_s": 0.1, "clock_sigma_s": 1e-5, "temperature_c": 60.0}
    health = judge(facts(**fine, free_bytes=1e9))
    assert (health.state, list(health.reasons)) == ("ok", [])


def test_a_source_that_gave_nothing_yet_is_starting_whatever_else_is_late_but_not_for_ever() -> None:
    assert judge(facts(waits=True, quiet_s=20.0)).state == "starting"
    assert judge(facts(waits=True, quiet_s=20.0, link="no centre")).state == "starting"
    assert judge(facts(waits=True, quiet_s=20.0, capture="it is unplugged")).state == "deaf"


def test_the_worst_decides_and_every_reason_is_told_worst_first() -> None:
    health = judge(facts(link="link", gap_s=1.0, capture="unplugged", disk="disk"))
    assert health.state == "failed"
    assert list(health.causes) == ["disk", "source", "uplink", "drops"]
    assert judge(facts(mandate="none", disk="disk")).state == "out_of_mandate"


def street(channels: int, db: float = -60.0, seed: int = 1) -> NDArray[np.float64]:
    """Four seconds of the same noise on all microphones, and a little of each one's own."""
    chance = np.random.default_rng(seed)
    same, own = chance.normal(size=4 * RATE_HZ), chance.normal(size=(channels, 4 * RATE_HZ))
    return np.asarray(10.0 ** (db / 20.0) * (same + 0.1 * own))


def wind(channels: int, db: float) -> NDArray[np.float64]:
    """Eddies: noise below some 15 Hz, of its own at each microphone."""
    chance = np.random.default_rng(5)
    spectrum = np.fft.rfft(chance.normal(size=(channels, 4 * RATE_HZ)))
    hz = np.fft.rfftfreq(4 * RATE_HZ, 1.0 / RATE_HZ)
    slow = np.fft.irfft(spectrum / (1.0 + (hz / 15.0) ** 4), 4 * RATE_HZ)
    return np.asarray(10.0 ** (db / 20.0) * slow / slow.std())


def faults(sound: NDArray[np.float64], block: int = 960) -> list[tuple[str, bool]]:
    levels = Levels(RATE_HZ, len(sound))
    for start in range(0, sound.shape[1], block):
        levels.take(np.clip(sound[:, start : start + block], -1.0, 1.0).astype(np.float32))
    return [(name, everywhere) for name, _, everywhere in levels.faults()]


def test_a_street_and_shots_in_it_are_no_fault_of_the_microphones() -> None:
    sound = street(4)
    assert faults(sound) == []
    for at_s in (1.5, 2.0, 2.1, 2.2, 2.3, 3.9):  # clipped, as fire near by is
        sound[:, round(at_s * RATE_HZ) :][:, :240] = 1.0
    assert faults(sound) == []
    assert faults(sound[:, : 2 * RATE_HZ]) == []  # too little to judge by


@pytest.mark.parametrize("block", [480, 960, 96_000, 1_777])
def test_dead_clipped_and_blocked_microphones_are_told_apart(block: int) -> None:
    for wrong, cause in ((0.0, "level.dead"), (0.1, "level.blocked"), (5000.0, "level.clipped")):
        sound = street(4)
        sound[2] *= wrong
        assert faults(sound, block) == [(cause, False)]
        assert faults(sound[2:3], block) == ([] if cause == "level.blocked" else [(cause, True)])
    offset = street(2)
    offset[1] = 0.25  # a converter's offset is no sound
    assert faults(offset, block) == [("level.dead", False)]


def test_wind_is_slow_strong_and_differs_between_microphones_and_thunder_does_not() -> None:
    assert faults(street(4) + wind(4, -35.0)) == [("level.wind", False)]
    assert faults(street(1) + wind(1, -35.0)) == [("level.wind", False)]
    assert faults(street(4, -90.0) + wind(4, -70.0)) == []  # a breath: it drowns nothing
    assert faults(street(4) + np.repeat(wind(1, -35.0), 4, axis=0)) == []  # the same everywhere: a sound


def test_the_noise_is_the_median_level_re_full_scale() -> None:
    levels = Levels(RATE_HZ, 2)
    assert levels.noise_db is None
    chance = np.random.default_rng(3)
    levels.take((1e-3 * chance.normal(size=(2, RATE_HZ))).astype(np.float32))
    assert levels.noise_db == pytest.approx(-60.0, abs=0.2)


def test_the_board_tells_its_hottest_part_and_the_room_on_its_disk(tmp_path: Path) -> None:
    assert temperature_c(tmp_path) is None
    for name, text in (("0", "45300\n"), ("1", "61250\n"), ("2", "-273000\n"), ("3", "")):
        (tmp_path / f"thermal_zone{name}").mkdir()
        (tmp_path / f"thermal_zone{name}" / "temp").write_text(text)
    assert temperature_c(tmp_path) == 61.2
    assert (free_bytes(tmp_path) or 0.0) > 0.0
    assert free_bytes(tmp_path / "absent") is None
