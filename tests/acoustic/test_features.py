"""Features: a form in which rate and level of a microphone are gone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.errors import InputError
from acoustic.features import (
    BEFORE_S,
    FEATURES,
    NAMES,
    RATE_HZ,
    SAMPLES,
    features,
    normalised,
    pictures,
    window,
)


def windows(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Decaying noise from the onset on, over weak noise."""
    draw = np.random.default_rng(seed)
    late_s = np.maximum(np.arange(SAMPLES) / RATE_HZ - BEFORE_S, 0.0)
    envelope = np.where(late_s > 0, np.exp(-late_s / draw.uniform(0.01, 0.1, (count, 1))), 0.01)
    return np.asarray(0.3 * envelope * draw.standard_normal((count, SAMPLES)))


def pulse(rate_hz: float, onset_s: float = 0.3) -> NDArray[np.float64]:
    """A pulse of 1 to 3 kHz and an echo of it, in a second of silence: within the band of every rate."""
    late = np.arange(round(rate_hz)) / rate_hz - onset_s
    direct, echo = (np.exp(-(((late - d) / 4e-4) ** 2)) * np.cos(4e3 * np.pi * (late - d)) for d in (0.0, 0.02))
    return np.asarray(direct + 0.4 * echo)


@settings(max_examples=30, deadline=None)
@given(st.floats(-80.0, 80.0), st.integers(0, 100))
def test_level_is_not_a_feature(gain_db: float, seed: int) -> None:
    sound = windows(2, seed)
    np.testing.assert_allclose(features(sound * 10 ** (gain_db / 20)), features(sound), atol=1e-3)


def test_a_batch_is_its_rows() -> None:
    sound = windows(7)
    together = features(sound)
    assert together.shape == (7, FEATURES)
    assert together.dtype == np.float32
    assert len(NAMES) == len(set(NAMES)) == FEATURES
    np.testing.assert_allclose(together, np.concatenate([features(row[None]) for row in sound]), atol=1e-4)
    assert features(np.zeros((0, SAMPLES))).shape == (0, FEATURES)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-12, 1e30])
def test_silence_and_a_constant_have_finite_features(value: float) -> None:
    assert np.isfinite(features(np.full((2, SAMPLES), value))).all()


def test_a_click_of_one_sample_and_full_scale_noise_have_finite_features() -> None:
    click = np.zeros((1, SAMPLES))
    click[0, round(BEFORE_S * RATE_HZ)] = 1.0
    for sound in (click, -click, np.sign(windows(1)), windows(1).astype(np.float32)):
        assert np.isfinite(features(sound)).all()


@pytest.mark.parametrize("shape", [(SAMPLES,), (2, SAMPLES - 1), (2, SAMPLES + 1), (1, 2, SAMPLES), (3, 0)])
def test_windows_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=rf"expected \(n, {SAMPLES}\)"):
        features(np.zeros(shape))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e200])
@pytest.mark.parametrize("look", [features, pictures])
def test_a_sample_that_is_no_number_is_named(look: Callable[[NDArray[Any]], NDArray[Any]], value: float) -> None:
    sound = windows(3)
    sound[1, 7] = value
    with pytest.raises(InputError, match=r"windows hold .* in row 1, sample 7; expected finite numbers"):
        look(sound)


def test_every_type_and_layout_looks_the_same_and_is_left_alone() -> None:
    plain: NDArray[Any] = np.round(windows(4) * 1000.0)
    frozen = plain.copy()
    frozen.flags.writeable = False
    strided = np.repeat(plain, 2, axis=1)[:, ::2]
    kinds: list[NDArray[Any]] = [plain.astype(np.int16), plain.astype(np.float32)]
    for sound in (*kinds, np.asfortranarray(plain), strided, frozen):
        before = sound.tobytes()
        np.testing.assert_allclose(pictures(sound), pictures(plain), atol=1e-4)
        np.testing.assert_allclose(features(sound), features(plain), atol=1e-3)
        assert sound.tobytes() == before


@pytest.mark.parametrize("rate_hz", [8_000.0, 11_025.0, 12_000.0, 44_100.0, 48_000.0, 192_000.0])
def test_every_sampling_rate_gives_the_same_window(rate_hz: float) -> None:
    ours = normalised(window(pulse(rate_hz), rate_hz, 0.3 * rate_hz)[None])[0]
    plain = normalised(window(pulse(12_000.0), 12_000.0, 0.3 * 12_000)[None])[0]
    assert ours.shape == (SAMPLES,)
    assert float(np.corrcoef(ours, plain)[0, 1]) > 0.9
    assert abs(int(np.abs(ours).argmax()) - round(BEFORE_S * RATE_HZ)) <= 2


def test_what_lies_outside_the_sound_is_silence() -> None:
    sound = np.ones(1_000)
    early = window(sound, RATE_HZ, 0.0)
    assert not early[: round(BEFORE_S * RATE_HZ)].any()
    assert early[round(BEFORE_S * RATE_HZ) :][:1000].all()
    assert not window(sound, RATE_HZ, -1e6).any()
    assert not window(sound, RATE_HZ, 1e6).any()
    assert not window(np.zeros(0), RATE_HZ, 0.0).any()
    with pytest.raises(InputError, match="sound has 2 dimensions; expected 1"):
        window(np.zeros((2, 10)), RATE_HZ, 0.0)


def test_the_band_outside_130_to_5200_hz_is_gone() -> None:
    time_s = np.arange(SAMPLES) / RATE_HZ
    inside = np.sin(2 * np.pi * 1_000.0 * time_s)
    outside = 5.0 * np.sin(2 * np.pi * 50.0 * time_s) + 5.0 * np.sin(2 * np.pi * 5_600.0 * time_s)
    np.testing.assert_allclose(normalised((inside + outside)[None]), normalised(inside[None]), atol=1e-6)


def named(sound: NDArray[np.float64], name: str) -> float:
    return float(features(sound[None])[0, NAMES.index(name)])


def test_the_features_say_what_their_names_promise() -> None:
    time_s = np.arange(SAMPLES) / RATE_HZ - BEFORE_S
    late_s = np.maximum(time_s, 0.0)

    def ring(hz: float, decay_s: float) -> NDArray[np.float64]:
        return np.where(time_s >= 0, np.sin(2 * np.pi * hz * late_s) * np.exp(-late_s / decay_s), 0.0)

    assert named(ring(400.0, 0.01), "centroid_early") < named(ring(3_000.0, 0.01), "centroid_early") - 4
    # an amplitude falling as exp(−t/τ) is 20 dB down after τ ln 10
    assert named(ring(1_500.0, 0.03), "decay20_ms") == pytest.approx(30.0 * np.log(10.0), abs=4.0)
    assert named(ring(1_500.0, 0.005), "early_late_db") > named(ring(1_500.0, 0.1), "early_late_db") + 10
    up = np.exp(-(((time_s - 1e-3) / 3e-4) ** 2))
    assert (named(up, "sign"), named(-up, "sign")) == (1.0, -1.0)
