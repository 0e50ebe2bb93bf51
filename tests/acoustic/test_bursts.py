"""Rhythm: what repeats is paired at its interval, what does not is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.bursts import Repeats
from acoustic.errors import InputError

RATE_HZ = 12_000.0


def shot(at_s: float, time_s: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """A smooth pulse and three echoes at random delays; the same seed gives the same paths."""
    rng = np.random.default_rng(seed)
    delays, gains = np.r_[0.0, rng.uniform(0.005, 0.06, 3)], np.r_[1.0, rng.uniform(-0.7, 0.7, 3)]
    late = time_s[:, None] - at_s - delays
    return np.asarray((gains * late / 4e-4 * np.exp(0.5 - 0.5 * (late / 4e-4) ** 2)).sum(1))


def heard(
    onsets_s: list[float], sound: NDArray[np.float64], rate_hz: float = RATE_HZ
) -> list[list[tuple[int, float, float]]]:
    repeats = Repeats(rate_hz)
    out = []
    for number, onset_s in enumerate(onsets_s):
        start = repeats.start_of(onset_s * rate_hz)
        found = repeats.add(number, onset_s * rate_hz, sound[start : start + repeats.samples])
        out.append([(r.earlier, r.interval_s, r.coherence) for r in found])
    return out


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 1.5), st.floats(-0.003, 0.003), st.sampled_from([8_000.0, 12_000.0, 48_000.0]))
def test_two_rounds_from_one_place_give_their_interval_however_the_onsets_were_picked(
    interval_s: float, wrong_s: float, rate_hz: float
) -> None:
    time_s = np.arange(0, 2.2, 1 / rate_hz)
    sound = shot(0.2, time_s) + shot(0.2 + interval_s, time_s)
    _, [(earlier, found_s, coherence)] = heard([0.2, 0.2 + interval_s + wrong_s], sound, rate_hz)
    assert earlier == 0
    assert found_s == pytest.approx(interval_s, abs=1e-4)
    assert coherence > 0.9


def test_a_stranger_is_not_a_repeat() -> None:
    time_s = np.arange(0, 2.0, 1 / RATE_HZ)
    noise = np.random.default_rng(3).normal(size=time_s.size)
    _, found = heard([0.2, 1.0], shot(0.2, time_s) * 5 + noise * (time_s > 0.9))
    assert found == []


def test_old_impulses_are_forgotten() -> None:
    time_s = np.arange(0, 6.0, 1 / RATE_HZ)
    assert heard([0.2, 5.2], shot(0.2, time_s) + shot(5.2, time_s))[1] == []


def test_silence_repeats_nothing() -> None:
    assert heard([0.2, 0.9], np.zeros(24_000)) == [[], []]


def test_a_rate_that_cannot_hold_the_band_is_refused() -> None:
    with pytest.raises(InputError, match=r"rate_hz is 4000\.0; expected at least 5000"):
        Repeats(4000.0)


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match=r"window has shape \(10,\); expected"):
        Repeats(RATE_HZ).add(0, 100.0, np.zeros(10))
