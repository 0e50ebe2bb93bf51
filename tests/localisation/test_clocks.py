"""Clocks that nobody set are told by the sounds that all heard, to what is claimed, or that is said."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from acoustic.errors import InputError
from localisation.clocks import Clocks, clocks
from localisation.shared_sounds import Medium, Recorder, outrun

Floats = NDArray[np.float64]

AIR = Medium(speed_ms=340.0, speed_sigma_ms=2.0, wind_ms=(0.0, 0.0), wind_sigma_ms=3.0)
SIDE_M, LENGTH_S = 600.0, 60.0
PATH_S, PICK_S = 5e-3, 5e-4  # what delays a path; how well an onset is picked
MISSED = 0.1
SEEDS = (3, 5, 6, 8)


@dataclass(frozen=True)
class Night:
    """Recorders, and what must be added to each one's time."""

    recorders: list[Recorder]
    offsets_s: Floats
    drift: Floats
    places: Floats

    def errors_s(self, told: Clocks) -> Floats:
        """Told less true, at the instants that the answer speaks of; with no clock known, against their mean."""
        wrong = told.offsets_s - (self.offsets_s + self.drift * (told.middle_s - LENGTH_S / 2.0))
        known = any(math.isfinite(r.clock_sigma_s) for r in self.recorders)
        return np.asarray(wrong if known else wrong - np.nanmean(wrong))


def night(
    seed: int, recorders: int = 8, sounds: int = 8, known: int = 1, spread_s: float = 1000.0, one_place: bool = False
) -> Night:
    """Bursts of one to three rounds with echoes, some rounds missed, and strangers; wind and speed of sound drawn."""
    draw = np.random.default_rng(seed)
    places = np.column_stack(
        [draw.uniform(-SIDE_M / 2, SIDE_M / 2, (recorders, 2)), draw.uniform(1.0, 15.0, recorders)]
    )
    speed_ms, wind_ms = draw.normal(340.0, 1.5), draw.normal(0.0, 2.0, 2)
    fired = np.sort(draw.uniform(2.0, LENGTH_S - 3.0, sounds))
    sources = np.column_stack([draw.uniform(-SIDE_M / 2, SIDE_M / 2, (sounds, 2)), np.full(sounds, 1.5)])
    if one_place:
        sources[:] = sources[0]
    offsets, drift = draw.uniform(-spread_s, spread_s, recorders), draw.normal(0.0, 10e-6, recorders)
    offsets[:known], drift[:known] = 0.0, 0.0
    paths = np.abs(draw.normal(0.0, PATH_S, (1 if one_place else sounds, recorders)))
    made = []
    for n in range(recorders):
        heard = []
        for k in range(sounds):
            way = places[n] - sources[k]
            metres = float(np.linalg.norm(way))
            travel_s = metres / (speed_ms + float(way[:2] @ wind_ms) / metres) + paths[k % len(paths), n]
            pauses = np.random.default_rng([seed, k]).uniform(0.2, 0.5, 3).cumsum() - 0.2
            for pause_s in pauses[: 1 + (seed + k) % 3]:
                clear_db = 60.0 - 20.0 * math.log10(max(metres, 10.0) / 10.0) + draw.normal(0.0, 4.0)
                if draw.random() < MISSED or clear_db < 10.0:
                    continue
                at = fired[k] + pause_s + travel_s + draw.normal(0.0, PICK_S)
                heard.append((at, clear_db))
                heard += [
                    (at + 0.01 + draw.exponential(0.15), clear_db - draw.uniform(3.0, 18.0))
                    for _ in range(int(draw.integers(0, 4)))
                ]
        heard += [(draw.uniform(0.0, LENGTH_S), draw.uniform(8.0, 18.0)) for _ in range(int(draw.poisson(20)))]
        times, clear = np.array(sorted(heard)).T
        own = (times - offsets[n] + drift[n] * LENGTH_S / 2.0) / (1.0 + drift[n])
        sigma_s = 1e-3 if n < known else math.inf
        made.append(Recorder(place=places[n], times=own, clear_db=clear, clock_sigma_s=sigma_s))
    return Night(made, offsets, drift, sources)


def test_unknown_clocks_are_told_and_the_deviations_are_honest() -> None:
    """Over four nights: the 90 % intervals hold some nine of ten; clocks of one night err together, so they scatter."""
    wrong, sigma = [], []
    for seed in SEEDS:
        made = night(seed)
        told = clocks(made.recorders, AIR)
        wrong += made.errors_s(told)[1:].tolist()
        sigma += told.sigma_s[1:].tolist()
    ratio = np.abs(np.array(wrong) / np.array(sigma))
    assert not np.isnan(ratio).any()
    assert float(np.median(np.abs(wrong))) < 0.010
    assert ratio.max() < 4.0
    assert 0.80 <= (ratio < 1.645).mean() <= 1.0
    assert 0.5 <= (ratio < 1.0).mean() <= 0.95


@pytest.mark.parametrize("seed", [34, 51])  # of 51 only the clock that is known is not borne out
def test_a_clock_that_is_a_round_off_is_not_told(seed: int) -> None:
    """In these nights most of what one recorder heard fits by its second rounds, a third of a second off."""
    made = night(seed)
    try:
        told = clocks(made.recorders, AIR)
    except InputError:
        return
    assert np.isnan(told.sigma_s).any()
    assert np.nanmax(np.abs(made.errors_s(told))) < 0.05


def test_what_comes_before_the_direct_sound_can_speaks_against_it() -> None:
    draw = np.random.default_rng(2)
    direct = draw.normal(0.0, 0.005, 6)
    later, before, strange = direct + 0.3, direct - 0.35, draw.uniform(-1.0, -0.1, (6, 2))

    def counted(*columns: Floats, clear_db: list[float]) -> int:
        return outrun(np.column_stack(columns), np.array(clear_db), 0.02)

    assert counted(direct, later, clear_db=[30.0, 28.0]) == 0, "rounds and echoes come later"
    assert counted(direct, before, clear_db=[30.0, 34.0]) == 6
    assert counted(direct, before, clear_db=[30.0, 15.0]) == 0, "so faint a sound is a stranger"
    assert counted(direct, strange[:, 0], strange[:, 1], clear_db=[30.0, 30.0, 30.0]) <= 3


def test_where_no_clock_is_known_they_are_told_against_each_other() -> None:
    made = night(9, known=0)
    told = clocks(made.recorders, AIR)
    assert np.abs(made.errors_s(told)).max() < 0.05
    assert (np.abs(made.errors_s(told)) < 4.0 * told.sigma_s).all()


def test_clocks_shift_with_the_recorders_and_with_nothing_else() -> None:
    made = night(5)
    told = clocks(made.recorders, AIR)
    moved = [
        Recorder(
            place=r.place + np.array([1000.0, -500.0, 0.0]),
            times=r.times - (77.0 if n == 3 else 0.0),
            clear_db=r.clear_db,
            clock_sigma_s=r.clock_sigma_s,
        )
        for n, r in enumerate(made.recorders)
    ]
    again = clocks(moved, AIR)
    expected = told.offsets_s + 77.0 * (np.arange(8) == 3)
    assert np.allclose(again.offsets_s, expected, atol=2e-3)


def test_sounds_of_one_place_do_not_tell_clocks() -> None:
    with pytest.raises(InputError, match=r"expected .*(places|sounds)"):
        clocks(night(3, one_place=True).recorders, AIR)


def test_recorders_that_heard_nothing_in_common_are_refused() -> None:
    mixed = [night(seed).recorders[n] for n, seed in enumerate(range(100, 108))]
    with pytest.raises(InputError, match=r"recorders|sounds"):
        clocks(mixed, AIR)


def test_one_recorder_of_another_night_is_not_told_and_spoils_no_other() -> None:
    made = night(3)
    strange = night(58).recorders[7]
    others = [*made.recorders[:7], strange]
    told = clocks(others, AIR)
    assert math.isnan(told.sigma_s[7])
    wrong = made.errors_s(told)[1:7]
    assert (np.abs(wrong) < 4.0 * told.sigma_s[1:7]).all()


def test_three_recorders_are_too_few() -> None:
    with pytest.raises(InputError, match="3 of 3 recorders agree"):
        clocks(night(3, recorders=3).recorders, AIR)


def test_silence_tells_nothing() -> None:
    none = np.zeros(0)
    deaf = [
        Recorder(place=np.array([n, n * n, 0.0]), times=none, clear_db=none, clock_sigma_s=math.inf) for n in range(5)
    ]
    with pytest.raises(InputError, match="no sounds in common"):
        clocks(deaf, AIR)
