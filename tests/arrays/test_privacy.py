"""What leaves a node as sound, measured on speech with shots in it: words are lost, the shots are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.blast import friedlander
from acoustic.classify import Model, label
from acoustic.errors import InputError
from acoustic.features import window
from acoustic.impulses import detect
from arrays.privacy import CORE_AFTER_S, CORE_BEFORE_S, NOISE_AFTER_S, NOISE_BEFORE_S, unintelligible
from recordings.models import default
from tests.arrays.speech import intelligibility, spoken

RATE_HZ = 48_000
VOICE = 0.05  # of full scale, mean: somebody who speaks near the microphone
Sound = NDArray[np.float32]
Clip = tuple[Sound, Sound, list[int], Sound]


def shots(seconds: float, onsets: list[int], level: float) -> Sound:
    """(n,) of muzzle blasts of 1 ms, each with its echoes: noise that dies away by 20 dB in 0.14 s."""
    draw = np.random.default_rng(3)
    out = 1e-3 * draw.standard_normal(round(seconds * RATE_HZ))
    for onset in onsets:
        t = np.arange(min(round(0.3 * RATE_HZ), len(out) - onset)) / RATE_HZ
        echoes = 0.08 * draw.standard_normal(len(t)) * np.exp(-t / 0.06)
        out[onset : onset + len(t)] += level * (friedlander(t, 1.0, 1e-3) + echoes)
    return out.astype(np.float32)


def clips(count: int, gap_s: float, level: float = 0.2, voice: float = VOICE) -> list[Clip]:
    """(what was said, the same with shots in it, their onsets, other words), from 1 s before the first to 1 s after."""
    said = voice * spoken(RATE_HZ)
    onsets = [RATE_HZ + round(k * gap_s * RATE_HZ) for k in range(count)]
    samples = onsets[-1] + RATE_HZ
    spare, bangs = len(said) - samples, shots(samples / RATE_HZ, onsets, level)
    starts = range(0, spare, RATE_HZ)
    others = [(start + len(said) // 2) % spare for start in starts]
    return [
        (said[a : a + samples], said[a : a + samples] + bangs, onsets, said[b : b + samples])
        for a, b in zip(starts, others, strict=True)
    ]


@pytest.mark.parametrize(("count", "gap_s", "most"), [(1, 0.0, 0.15), (3, 0.4, 0.2), (8, 0.1, 0.2), (20, 0.05, 0.25)])
def test_speech_is_understood_before_and_not_after(count: int, gap_s: float, most: float) -> None:
    before, after, unrelated = [], [], []
    for said, heard, onsets, other in clips(count, gap_s):
        left = unintelligible(heard, RATE_HZ, onsets)
        before.append(intelligibility(said, heard, RATE_HZ))
        after.append(intelligibility(said, left, RATE_HZ))
        unrelated.append(intelligibility(other, left, RATE_HZ))
    assert np.mean(before) >= 0.9
    assert np.mean(after) <= most
    assert np.mean(after) <= np.mean(unrelated) + 0.15  # what words that nobody said there score


def test_speech_under_and_right_beside_a_shot_is_no_better_than_other_words() -> None:
    near = slice(RATE_HZ * 2 // 3, RATE_HZ * 4 // 3)
    same, unrelated = [], []
    for said, heard, onsets, other in clips(1, 0.0):
        left = unintelligible(heard, RATE_HZ, onsets)[near]
        same.append(intelligibility(said[near], left, RATE_HZ))
        unrelated.append(intelligibility(other[near], left, RATE_HZ))
    assert np.mean(same) <= np.mean(unrelated) + 0.1


@pytest.mark.parametrize(("count", "gap_s"), [(1, 0.0), (3, 0.4), (4, 0.2), (8, 0.1)])
def test_onsets_stay_where_they_were(count: int, gap_s: float) -> None:
    for _, heard, onsets, _ in clips(count, gap_s, level=0.9, voice=0.01):
        left = unintelligible(heard, RATE_HZ, onsets)
        before = [i.onset_sample for i in detect(heard, RATE_HZ)]
        after = [i.onset_sample for i in detect(left, RATE_HZ)]
        for onset in onsets:
            was, is_now = (min(found, key=lambda at: abs(at - onset)) for found in (before, after))
            assert abs(was - onset) < 1e-3 * RATE_HZ
            assert abs(is_now - was) < 2e-5 * RATE_HZ


def test_what_the_classifier_calls_a_gunshot_it_still_calls_so() -> None:
    model, called = Model.from_bytes(default()), 0
    for _, heard, onsets, _ in clips(4, 0.2, level=0.9, voice=0.01):
        left = unintelligible(heard, RATE_HZ, onsets)
        windows = np.stack([window(sound, RATE_HZ, onset) for onset in onsets for sound in (heard, left)])
        labels = [label(row) for row in model.probabilities(windows)]
        for was, is_now in zip(labels[::2], labels[1::2], strict=True):
            assert is_now == "gunshot" or was != "gunshot"
            called += was == "gunshot"
    assert called >= 20


def test_beyond_the_noise_there_is_nothing_at_all() -> None:
    _, heard, onsets, _ = clips(1, 0.0)[0]
    left = unintelligible(heard, RATE_HZ, onsets)
    first = onsets[0] - round((CORE_BEFORE_S + NOISE_BEFORE_S) * RATE_HZ) - 1
    last = onsets[0] + round((CORE_AFTER_S + NOISE_AFTER_S) * RATE_HZ) + 2
    assert not left[:first].any()
    assert not left[last:].any()
    core = slice(onsets[0] - 100, onsets[0] + round(0.02 * RATE_HZ))
    np.testing.assert_array_equal(left[core], heard[core])


@settings(max_examples=15, deadline=None)
@given(at=st.lists(st.integers(0, 2 * RATE_HZ - 1), min_size=1, max_size=60))
def test_whatever_is_called_an_onset_little_of_the_sound_stays(at: list[int]) -> None:
    heard = np.random.default_rng(1).uniform(0.1, 0.2, 2 * RATE_HZ).astype(np.float32)
    left = unintelligible(heard, RATE_HZ, at)
    assert np.isfinite(left).all()
    alone = (CORE_BEFORE_S + CORE_AFTER_S) * 2 * 2  # the first and the last, and two that lie wide apart
    assert np.mean(left == heard) <= 0.09 + alone / 2.0
    np.testing.assert_array_equal(unintelligible(heard, RATE_HZ, at), left)


def test_sound_and_onsets_that_do_not_fit_are_refused() -> None:
    sound = np.zeros(RATE_HZ, np.float32)
    with pytest.raises(InputError, match=r"sound has 2 dimensions; expected one channel"):
        unintelligible(sound[None, :], RATE_HZ, [10])
    with pytest.raises(InputError, match=r"onsets is empty"):
        unintelligible(sound, RATE_HZ, [])
    with pytest.raises(InputError, match=r"onset is sample 48000; expected one of the sound's 48000"):
        unintelligible(sound, RATE_HZ, [RATE_HZ])
    sound[3] = np.nan
    with pytest.raises(InputError, match=r"no finite number"):
        unintelligible(sound, RATE_HZ, [10])
