"""From sound to arrivals: any cut of the stream gives the same, times and bearings are those of physics."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic import blast
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
    assert one.arrival.elevation_deg is not None
    assert abs((arrival.azimuth_deg - azimuth_deg + 180.0) % 360.0 - 180.0) < 1.0
    assert abs(one.arrival.elevation_deg - elevation_deg) < 1.5
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


RIFLE = blast.RIFLE_762
MUZZLE = np.array([0.0, 0.0, 1.5])
STANDS = np.array([60.0, 140.0, 12.0])  # of an array that hears the bullet pass on its left
WHITE_NOISE = 0.0005


def unit(azimuth_deg: float) -> NDArray[np.float64]:
    a = math.radians(azimuth_deg)
    return np.array([math.sin(a), math.cos(a), 0.0])


def rifle_shot(
    microphones: NDArray[np.float64], fire: NDArray[np.float64], at_s: float, seconds: float = 2.0
) -> tuple[NDArray[np.float32], float | None]:
    """(mics, n) of a rifle's muzzle blast and, where it reaches them, its shock wave; the lead at the array's place.

    The earliest of all sounds from the bullet's path, flown in millimetres; spherical spreading of the blast, Whitham's
    shock wave; ground copies of both.
    """
    n, speed_ms = round(seconds * RATE_HZ), AIR.speed_ms
    after = np.linspace(0.0, 400.0, 400_001)
    path = MUZZLE + after[:, None] * fire
    out = noise(seconds, len(microphones), seed=8).astype(np.float64) * WHITE_NOISE / 0.001
    lead_s = None
    hz = np.fft.rfftfreq(n, 1.0 / RATE_HZ)
    smooth = np.exp(-((hz / 16_000.0) ** 4))
    fine = np.arange(16 * 4096) / (16.0 * RATE_HZ)
    for channel, offset in enumerate([(0.0, 0.0, 0.0), *microphones.tolist()]):
        place = STANDS + offset
        flight = after / RIFLE.bullet.speed_ms + np.linalg.norm(place - path, axis=1) / speed_ms
        first, travel_s = int(flight.argmin()), float(np.linalg.norm(place - MUZZLE)) / speed_ms
        if channel == 0:
            lead_s = travel_s - float(flight[first]) if first else None
            continue
        waves = [(travel_s, blast.friedlander(fine, 0.4, 1e-3))]
        if first:
            miss_m = float(np.linalg.norm(np.cross(place - MUZZLE, fire)))
            long_s = float(blast.shock_duration_s(RIFLE.bullet, miss_m, speed_ms))
            waves.append((float(flight[first]), blast.n_wave(fine, 0.5, long_s)))
        for late_s, wave in waves:
            bins = np.fft.rfft(wave.reshape(-1, 16).mean(axis=1), n) * smooth
            for copy_s, gain in ((0.0, 1.0), (2.5e-3, 0.5)):
                out[channel - 1] += gain * np.fft.irfft(bins * np.exp(-2j * np.pi * hz * (at_s + late_s + copy_s)), n)
    return out.astype(np.float32), lead_s


def leads(heard: list[Heard]) -> list[float | None]:
    return [h.arrival.shock_lead_s for h in heard]


@pytest.mark.parametrize("microphones", [TETRAHEDRON, np.zeros((1, 3))], ids=["array", "one microphone"])
@pytest.mark.parametrize("off_deg", [-8.0, 5.0, 15.0])
def test_the_muzzle_blast_of_a_rifle_carries_its_shock_wave_s_lead(
    microphones: NDArray[np.float64], off_deg: float
) -> None:
    towards_deg = math.degrees(math.atan2(STANDS[0], STANDS[1]))
    sound, lead_s = rifle_shot(microphones, unit(towards_deg + off_deg), 0.5)
    assert lead_s is not None
    shock, shot = run(pipeline(microphones, MODEL), sound, [])
    assert shot.arrival.shock_lead_s == pytest.approx(lead_s, abs=5e-4)
    assert shot.arrival.probabilities is not None
    assert max(shot.arrival.probabilities, key=shot.arrival.probabilities.__getitem__) == "gunshot"
    assert wire_arrival(shot).shock_lead_s == shot.arrival.shock_lead_s
    assert shock.arrival.shock_lead_s is None
    assert shock.arrival.probabilities is not None
    assert max(shock.arrival.probabilities, key=shock.arrival.probabilities.__getitem__) == "shock_wave"
    assert sum(shock.arrival.probabilities.values()) == pytest.approx(1.0)


def test_an_array_beside_the_mach_cone_hears_no_lead() -> None:
    sound, lead_s = rifle_shot(TETRAHEDRON, unit(150.0), 0.5)
    assert lead_s is None
    assert leads(run(pipeline(TETRAHEDRON, MODEL), sound, [])) == [None]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=20))
def test_any_cut_of_the_stream_gives_the_same_leads_to_the_bit(cuts: list[int]) -> None:
    whole = run(pipeline(TETRAHEDRON, MODEL), RIFLE_SOUND, [])
    assert sum(lead is not None for lead in leads(whole)) == 1
    assert run(pipeline(TETRAHEDRON, MODEL), RIFLE_SOUND, cuts) == whole


RIFLE_SOUND = rifle_shot(TETRAHEDRON, unit(20.0), 0.7)[0]


def test_a_shock_wave_from_where_the_shot_came_from_is_not_its_own() -> None:
    """The same two sounds, but from one direction: no bullet's path can do that."""
    sound, _ = rifle_shot(np.zeros((1, 3)), unit(20.0), 0.5)
    hz = np.fft.rfftfreq(sound.shape[1], 1.0 / RATE_HZ)
    shifts = TETRAHEDRON @ unit(200.0) / AIR.speed_ms
    one_way = np.fft.irfft(np.fft.rfft(sound) * np.exp(2j * np.pi * hz * shifts[:, None]), sound.shape[1])
    assert leads(run(pipeline(TETRAHEDRON, MODEL), one_way.astype(np.float32), [])) == [None, None]


def test_two_shock_waves_that_wait_leave_the_lead_unknown_and_a_gap_forgets_them() -> None:
    sound, _ = rifle_shot(np.zeros((1, 3)), unit(20.0), 0.5)
    found = run(pipeline(model=MODEL), sound, [])
    at = [round((h.arrival.time_ns - START_NS) * 1e-9 * RATE_HZ) for h in found]
    twice = sound.copy()
    crack = slice(at[0] - 100, at[0] + 100)
    twice[:, at[0] - 100 - 4_000 : at[0] + 100 - 4_000] += sound[:, crack]
    assert leads(run(pipeline(model=MODEL), twice, [])) == [None, None, None]
    made, cut = pipeline(model=MODEL), (at[0] + at[1]) // 2
    parts = made.push(Block(0, sound[:, :cut])) + made.push(Gap(cut, 480)) + made.push(Block(cut + 480, sound[:, cut:]))
    assert leads(parts + made.flush()) == [None, None]


def test_a_burst_of_equal_bangs_has_no_leads() -> None:
    wide = run(pipeline(TETRAHEDRON, MODEL), with_bangs(noise(3.0, 4, seed=2), [40_000, 50_000, 60_000, 70_000]), [])
    assert leads(wide) == [None] * 4


def test_sounds_that_are_no_rifle_s_have_no_leads_and_a_rifle_s_has(impulses: Path) -> None:
    """Real clips: what knocks, cracks, barks and bangs claims none; an AR-15 heard from ahead has its 33.6 ms."""
    clips = impulses / "train"
    kinds = (
        "fire_crackle",
        "dog_bark",
        "door_slam",
        "firework",
        "hammering",
        "gun_mechanism",
        "metal_impact",
        "clock_tick",
    )
    files = [f for kind in kinds for f in sorted((clips / kind).glob("*.flac"))[:12]]
    assert len(files) > len(kinds)
    claimed = {f.name: [lead for lead in leads_of(f) if lead is not None] for f in files}
    assert not any(claimed.values())
    assert [x for x in leads_of(clips / "gunshot" / "ffl__AR-15_D_24P.flac") if x] == pytest.approx([0.0336], abs=3e-4)


def leads_of(file: Path) -> list[float | None]:
    sound, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    made = Pipeline(
        "a", (0.0, 0.0, 0.0), np.zeros((1, 3)), float(rate_hz), Timebase(0, START_NS, float(rate_hz), 1e-5), MODEL, AIR
    )
    return leads(made.push(Block(0, np.ascontiguousarray(sound[:, :1].T))) + made.flush())


def test_a_wide_array_points_to_a_near_sound_whose_front_is_curved() -> None:
    wide = 0.4 * np.array([[3.0, 0, 0], [0, 3, 0.5], [-3, 0, 0], [0, -3, -0.5], [1.5, 1.5, 2], [0.5, 0, 0]])
    place = 6.0 * unit(75.0) + (0.0, 0.0, -1.5)
    n = round(2.0 * RATE_HZ)
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    late = 1.0 + np.linalg.norm(place - wide, axis=1) / AIR.speed_ms
    bins = np.fft.rfft(bang(), n) * np.exp(-((hz / 9000.0) ** 4))
    sound = noise(2.0, 6, seed=5) + np.fft.irfft(bins * np.exp(-2j * np.pi * hz * late[:, None]), n).astype(np.float32)
    (one,) = [h for h in run(pipeline(wide), sound, []) if h.snr_db > 20.0]
    assert one.arrival.azimuth_deg == pytest.approx(75.0, abs=0.2)
    assert one.arrival.elevation_deg == pytest.approx(math.degrees(math.atan2(-1.5, 6.0)), abs=0.3)
    arrived_s = 1.0 + float(np.linalg.norm(place)) / AIR.speed_ms
    assert (one.arrival.time_ns - START_NS) * 1e-9 == pytest.approx(arrived_s, abs=2e-4)


def test_microphones_farther_apart_than_an_array_have_no_bearing() -> None:
    town = np.array([[40.0, 0.0, 0.0], [-40.0, 30.0, 0.0], [0.0, -40.0, 5.0]])
    (one,) = run(pipeline(town), with_bangs(noise(2.0, 3), [48_000]), [])
    assert one.arrival.azimuth_deg is None
    assert one.arrival.sigma_s > 0.1
