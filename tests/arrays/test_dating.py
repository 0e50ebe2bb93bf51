"""Dating against a simulated card, computer and receiver: what is true is known to the nanosecond."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pytest

from arrays.computer import Standing
from arrays.dating import JITTER_S, Dating

RATE_HZ = 48_000
FAST = 1.00008  # the card's crystal is 80 ppm fast
START_NS = 1_545_180_566 * 10**9 + 250_000_000


@dataclass
class Scene:
    """A stream of one-second blocks; what the computer's clock is ahead, and whether pulses come, may change."""

    ahead_s: float = 0.0
    pulses: bool = True
    standing: Standing = Standing(source="chrony", sigma_s=0.01)  # noqa: RUF009 — frozen
    now: int = 0
    draw: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def __post_init__(self) -> None:
        self.dating = Dating(RATE_HZ, lambda: self.standing, 5)

    def true_ns(self, sample: float) -> int:
        return START_NS + round(sample / (RATE_HZ * FAST) * 1e9)

    def run(self, seconds: int) -> list[float]:
        """Let so much sound come; σ after each second."""
        sigmas = []
        for _ in range(seconds):
            said_ns = self.true_ns(self.now) + round((self.ahead_s + self.draw.normal(0.0, JITTER_S)) * 1e9)
            self.dating.read(self.now, said_ns)
            if self.pulses:
                second_ns = -(-self.true_ns(self.now) // 10**9) * 10**9
                self.dating.pulse((second_ns - START_NS) * 1e-9 * RATE_HZ * FAST + self.draw.normal(0.0, 0.01))
            self.now += RATE_HZ
            sigmas.append(self.dating.timebase(self.now).sigma_s)
        return sigmas

    def error_s(self) -> float:
        return (self.dating.timebase(self.now).utc_ns(self.now) - self.true_ns(self.now)) * 1e-9


@pytest.mark.parametrize("ahead_s", [-0.4, 0.0, 0.4])
def test_pulses_are_right_to_microseconds_whatever_the_computer_s_clock_says(ahead_s: float) -> None:
    scene = Scene(ahead_s)
    sigmas = scene.run(60)
    assert sigmas[-1] < 6e-6
    assert abs(scene.error_s()) < 3 * sigmas[-1]


def test_while_pulses_fail_sigma_grows_and_holds_the_truth_until_the_computer_s_clock_is_better() -> None:
    scene = Scene(ahead_s=0.004)
    scene.run(300)
    scene.pulses = False
    assert scene.run(9)[-1] < 1e-5
    assert scene.dating.problem(scene.now) == ""
    for held_s, most_s in ((600, 1e-3), (3600, 0.01)):
        sigmas = scene.run(held_s)
        assert sigmas == sorted(sigmas)
        assert sigmas[-1] < most_s
        assert abs(scene.error_s()) < 3 * sigmas[-1]
    assert scene.dating.problem(scene.now) == "there is no pulse per second on channel 5"
    sigmas = scene.run(12 * 3600)
    assert sigmas[-1] == pytest.approx(scene.standing.sigma_s, rel=0.01)
    assert scene.error_s() == pytest.approx(0.004, abs=0.001)
    scene.pulses = True
    assert scene.run(60)[-1] < 6e-6
    assert abs(scene.error_s()) < 2e-5


@pytest.mark.parametrize("step_s", [-1.0, 1.0, 3600.0], ids=["leap second", "deleted second", "an hour"])
def test_a_step_of_the_computer_s_clock_is_never_silent_and_believed_after_a_minute(step_s: float) -> None:
    """At a leap second the computer's clock says one second twice, that is: steps back by one."""
    scene = Scene()
    scene.run(120)
    scene.ahead_s = step_s
    before_s = scene.error_s()
    sigmas = scene.run(59)
    assert min(sigmas) > 0.98 * abs(step_s)  # as measured, jitter and all
    assert scene.error_s() == pytest.approx(before_s, abs=0.005)
    sigmas = scene.run(60)
    assert sigmas[-1] < 6e-6
    assert scene.error_s() == pytest.approx(step_s, abs=2e-5)


def test_a_pulse_that_nobody_can_number_is_not_used_and_that_is_said() -> None:
    scene = Scene(standing=Standing(source="the settings", sigma_s=1.0))
    assert scene.run(30)[-1] == pytest.approx(1.0, rel=0.01)
    assert "is not right to 0.1 s, so pulses cannot tell which second begins" in scene.dating.problem(scene.now)


def test_without_a_pulse_channel_the_computer_s_clock_is_all_there_is() -> None:
    dating = Dating(RATE_HZ, lambda: Standing(source="chrony", sigma_s=0.002, problem="why"))
    dating.read(0, START_NS)
    assert dating.timebase(0).utc_ns(RATE_HZ) == START_NS + 10**9
    assert dating.timebase(0).sigma_s == pytest.approx(math.hypot(JITTER_S, 0.002))
    assert dating.problem(0) == "why"


def test_what_the_computer_s_clock_is_known_to_be_ahead_is_taken_off() -> None:
    """A computer that an hour's power cut left 3.25 s ahead, and a gpsd that says so."""
    ahead = Standing(source="gpsd", sigma_s=5e-4, ahead_s=3.25)
    scene = Scene(ahead_s=3.25, standing=ahead, pulses=False)
    sigmas = scene.run(120)
    assert abs(scene.error_s()) < 3 * sigmas[-1] < 5e-3
    scene.pulses = True
    assert scene.run(30)[-1] < 1e-5
    assert abs(scene.error_s()) < 2e-5


def test_lost_samples_are_doubted_by_both_clocks() -> None:
    scene = Scene()
    scene.run(60)
    scene.dating.doubt(0.02)
    assert scene.dating.timebase(scene.now).sigma_s > 0.019
    scene.now += 500  # the counter jumps by more than was lost
    assert scene.run(60)[-1] < 1e-3
