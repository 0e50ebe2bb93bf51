"""From sound to arrivals: any cut of the stream gives the same, times and bearings are those of physics."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic.air import Air
from acoustic.classify import LABELS, Model
from acoustic.errors import InputError
from arrays.capture import Block, Gap
from arrays.node import wire_arrival
from arrays.pipeline import Heard, Pipeline
from arrays.timebase import Timebase
from recordings import models
from tests.arrays.sessions import RATE_HZ, bang, noise, with_bangs

START_NS = 1_780_347_600_000_000_000
TETRAHEDRON = 0.2 * np.array([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]])
AIR = Air(speed_of_sound_ms=340.0)
MODEL = Model.from_bytes(models.default())


def pipeline(microphones: NDArray[np.float64] | None = None, model: Model | None = None) -> Pipeline:
    return Pipeline(
        "roof-1",
        (10.0, 20.0, 5.0),
        np.zeros((1, 3)) if microphones is None else microphones,
        RATE_HZ,
        Timebase(0, START_NS, RATE_HZ, 1e-5),
        model,
        AIR,
    )


def run(made: Pipeline, sound: NDArray[np.float32], cuts: Sequence[int]) -> list[Heard]:
    heard, at = [], 0
    for size in [*cuts, sound.shape[1]]:
        part = sound[:, at : at + size]
        heard += made.push(Block(at, part))
        at += part.shape[1]
    return heard + made.flush()


def plane_wave(azimuth_deg: float, elevation_deg: float, at_s: float, seconds: float = 2.0) -> NDArray[np.float32]:
    """(4, n): a bang that reaches the array's place at `at_s`, shifted in frequency to the fraction of a sample."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    towards = np.array(
        [math.cos(elevation) * math.sin(azimuth), math.cos(elevation) * math.cos(azimuth), math.sin(elevation)]
    )
    n = round(seconds * RATE_HZ)
    wave = np.zeros(n)
    wave[: len(bang())] = bang()
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    shifts = at_s - TETRAHEDRON @ towards / AIR.speed_ms
    smooth = np.exp(-((hz / 9000.0) ** 4))  # no energy at the highest frequencies: nothing rings
    spectra = np.fft.rfft(wave) * smooth * np.exp(-2j * np.pi * hz * shifts[:, None])
    return noise(seconds, 4, seed=5) + np.fft.irfft(spectra, n).astype(np.float32)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=30))
def test_any_cut_of_the_stream_gives_the_same_arrivals_to_the_bit(cuts: list[int]) -> None:
    sound = with_bangs(noise(3.0, 4, seed=2), [40_000, 62_345, 100_000])
    whole = run(pipeline(TETRAHEDRON, MODEL), sound, [])
    assert len(whole) >= 3
    assert run(pipeline(TETRAHEDRON, MODEL), sound, cuts) == whole


@pytest.mark.parametrize(("azimuth_deg", "elevation_deg"), [(0.0, 5.0), (80.0, 0.0), (200.0, 30.0), (311.0, -10.0)])
def test_an_array_refers_time_to_its_place_and_points_to_the_sound(azimuth_deg: float, elevation_deg: float) -> None:
    heard = run(pipeline(TETRAHEDRON), plane_wave(azimuth_deg, elevation_deg, 1.25), [])
    (one,) = [h for h in heard if h.snr_db > 20.0]
    arrival = one.arrival
    assert arrival.azimuth_deg is not None
    assert arrival.azimuth_sigma_deg is not None
    assert one.elevation_deg is not None
    assert abs((arrival.azimuth_deg - azimuth_deg + 180.0) % 360.0 - 180.0) < 1.0
    assert abs(one.elevation_deg - elevation_deg) < 1.5
    assert (arrival.time_ns - START_NS) * 1e-9 == pytest.approx(1.25, abs=2e-4)  # detection works in steps of 1/6 ms
    assert 1e-5 < arrival.sigma_s < 3e-4
    assert (arrival.id, arrival.x, arrival.y, arrival.z) == ("roof-1:1", 10.0, 20.0, 5.0)


def test_without_a_bearing_sigma_holds_the_array_s_size() -> None:
    line = np.array([[0.34, 0.0, 0.0], [-0.34, 0.0, 0.0]])
    (one,) = run(pipeline(line), with_bangs(noise(2.0, 2), [48_000]), [])
    assert one.arrival.azimuth_deg is None
    assert one.arrival.sigma_s == pytest.approx(1e-3, rel=0.1)


def test_the_clock_s_doubt_is_in_every_sigma() -> None:
    made = pipeline()
    made.timebase = dataclasses.replace(made.timebase, sigma_s=0.02)
    (one,) = run(made, with_bangs(noise(2.0), [48_000]), [])
    assert one.arrival.sigma_s == pytest.approx(0.02, rel=0.01)


def test_a_louder_bang_is_timed_better() -> None:
    loud, faint = run(pipeline(), with_bangs(with_bangs(noise(4.0), [48_000]), [140_000], 0.02), [])
    assert loud.snr_db > faint.snr_db + 10.0
    assert loud.arrival.sigma_s < faint.arrival.sigma_s


def test_rounds_of_a_burst_name_the_round_before() -> None:
    first, second = run(pipeline(), with_bangs(noise(3.0), [48_000, 67_200]), [])
    assert first.arrival.repeats == ()
    (repeat,) = second.arrival.repeats
    assert repeat.arrival == "roof-1:1"
    assert repeat.interval_s == pytest.approx(0.4, abs=1e-4)
    assert repeat.coherence > 0.9
    assert wire_arrival(second).repeats[0].number == 1


def test_opinions_are_probabilities_of_the_four_classes() -> None:
    (one,) = run(pipeline(model=MODEL), with_bangs(noise(2.0), [48_000]), [])
    assert one.arrival.probabilities is not None
    assert tuple(one.arrival.probabilities) == LABELS
    assert sum(one.arrival.probabilities.values()) == pytest.approx(1.0)


def test_after_a_gap_time_goes_on_and_nothing_is_joined_across_it() -> None:
    made = pipeline()
    first, second = with_bangs(noise(1.0), [30_000]), with_bangs(noise(1.0, seed=9), [20_000])
    heard = made.push(Block(0, first)) + made.push(Gap(48_000, 96_000)) + made.push(Block(144_000, second))
    before, after = [h.arrival for h in heard + made.flush()]
    assert (after.time_ns - before.time_ns) * 1e-9 == pytest.approx((144_000 + 20_000 - 30_000) / RATE_HZ, abs=1e-4)
    assert after.repeats == ()


def test_a_hole_that_is_no_gap_is_refused() -> None:
    made = pipeline()
    made.push(Block(0, noise(0.1)))
    with pytest.raises(InputError, match="sound from sample 9600; expected sample 4800, or a gap before it"):
        made.push(Block(9_600, noise(0.1)))
