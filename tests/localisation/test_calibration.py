"""Calibration from claps: what is found is where the microphones are, within the deviations that are told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.calibration import PLACED_M, TAPE_M, Calibration, calibrate, inverted

Floats = NDArray[np.float64]
STATED = np.array([[0.175, 0.0, 0.0], [-0.175, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.1, 0.3]])
SPEED, SIGMA_S = (340.0, 1.0), 4e-6
GAINS_DB = np.array([0.0, 3.0, 0.0, -3.0])


@dataclass(frozen=True)
class Clapped:
    """What was heard of claps around an array, and the truth, centred where the stated array is."""

    seconds: Floats
    levels_db: Floats
    places: Floats
    true: Floats

    def calibrated(self, known: bool, stated: Floats = STATED) -> Calibration:
        places = self.places if known else None
        return calibrate(self.seconds, np.full(len(self.seconds), SIGMA_S), self.levels_db, stated, SPEED, places)


def clapped(seed: int, claps: int = 12, placed_m: float = PLACED_M, far_m: float = 5.0) -> Clapped:
    """Claps all around at 2 m and more, 0.5 m below to 1.5 m above the array; places measured with a tape."""
    draw = np.random.default_rng(seed)
    true = STATED + draw.normal(0.0, placed_m, STATED.shape)
    azimuth, away = 2.0 * np.pi * np.arange(claps) / claps, draw.uniform(2.0, far_m, claps)
    sources = np.column_stack([away * np.sin(azimuth), away * np.cos(azimuth), draw.uniform(-0.5, 1.5, claps)])
    metres = np.linalg.norm(sources[:, None] - true, axis=2)
    seconds = metres / draw.normal(*SPEED) + draw.normal(0.0, SIGMA_S, metres.shape)
    levels = GAINS_DB - 20.0 * np.log10(metres) + draw.normal(0.0, 0.5, metres.shape)
    return Clapped(
        seconds - seconds.mean(axis=1, keepdims=True),
        levels,
        sources + draw.normal(0.0, TAPE_M, sources.shape),
        true - true.mean(axis=0) + STATED.mean(axis=0),
    )


def test_claps_at_measured_places_find_microphones_to_a_millimetre_or_two() -> None:
    errors = np.concatenate([(one.calibrated(True).microphones - one.true).ravel() for one in map(clapped, range(12))])
    assert np.sqrt(np.mean(errors**2)) < 0.002
    assert np.abs(errors).max() < 0.01


@pytest.mark.parametrize("known", [True, False])
def test_the_deviations_tell_the_truth(known: bool) -> None:
    normal = []
    for seed in range(24):
        one = clapped(seed, far_m=8.0)
        found = one.calibrated(known)
        normal.append(((found.microphones - one.true) / found.sigma_m).ravel())
    rms = float(np.sqrt(np.mean(np.concatenate(normal) ** 2)))
    assert 0.6 < rms < 1.3


def test_sensitivities_are_found_whatever_the_distance() -> None:
    found = clapped(1).calibrated(True)
    assert found.gains_db == pytest.approx(GAINS_DB, abs=0.6)
    assert (found.gain_sigma_db < 0.3).all()


def test_swapped_channels_are_named_where_claps_have_known_places() -> None:
    one = clapped(2, placed_m=0.005)
    swapped = replace(one, seconds=one.seconds[:, [2, 1, 0, 3]])
    found = swapped.calibrated(True)
    assert found.swapped == (0, 2)
    assert one.calibrated(True).swapped is None


def test_a_clap_that_is_an_echo_is_left_out() -> None:
    one = clapped(3)
    seconds = one.seconds.copy()
    seconds[4] = seconds[4, ::-1] * 1.5
    found = replace(one, seconds=seconds).calibrated(True)
    assert found.used.tolist() == [n != 4 for n in range(12)]
    assert np.abs(found.microphones - one.true).max() < 0.01


def test_more_claps_never_know_less() -> None:
    one = clapped(4, claps=24)
    part = Clapped(one.seconds[::4], one.levels_db[::4], one.places[::4], one.true)
    assert one.calibrated(True).sigma_m.mean() < part.calibrated(True).sigma_m.mean()


def test_a_microphone_wired_the_wrong_way_round_is_named() -> None:
    draw = np.random.default_rng(5)
    clap = draw.standard_normal((8, 1, 400)) * np.exp(-np.arange(400) / 60.0)
    shifts = draw.integers(0, 20, (8, 4))
    windows = np.stack([np.stack([np.roll(one[0], s) for s in row]) for one, row in zip(clap, shifts, strict=True)])
    assert inverted(windows, 25) == []
    windows[:, 2] *= -1.0
    assert inverted(windows, 25) == [2]


def test_what_cannot_be_calibrated_is_refused_in_one_sentence() -> None:
    one = clapped(6)
    with pytest.raises(InputError, match="2 claps were heard; expected at least 3"):
        calibrate(one.seconds[:2], np.full(2, SIGMA_S), one.levels_db[:2], STATED, SPEED)
    with pytest.raises(InputError, match="microphones has 2 entries; expected at least 3"):
        calibrate(one.seconds[:, :2], np.full(12, SIGMA_S), one.levels_db[:, :2], STATED[:2], SPEED)
    noise = np.random.default_rng(7).normal(0.0, 1e-3, one.seconds.shape)
    with pytest.raises(InputError, match="do not agree"):
        replace(one, seconds=noise - noise.mean(axis=1, keepdims=True)).calibrated(True)
