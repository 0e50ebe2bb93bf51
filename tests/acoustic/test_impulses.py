"""Impulses: found where they are, once each, however the stream is cut; and nothing where there is nothing."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acoustic import blast as physics
from acoustic.errors import InputError
from acoustic.impulses import Detector, DetectorSettings, Impulse, detect

Samples = NDArray[np.float32]


def blast(seconds: float, onsets_s: list[float], rate_hz: float, peak: float = 0.2, noise: float = 1e-3) -> Samples:
    """Friedlander pulses of 1 ms positive phase in white noise, (n,)."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    sound = noise * np.random.default_rng(1).standard_normal(len(time_s))
    for onset_s in onsets_s:
        late = np.maximum(time_s - onset_s, 0.0) / 1e-3
        sound += np.where(time_s >= onset_s, peak * (1.0 - late) * np.exp(-late), 0.0)
    return sound.astype(np.float32)


def rifle(lead_s: float, bang: float) -> Samples:
    """A bullet's shock wave at 0.7 s and the muzzle blast `lead_s` behind it, each with the ground's copy, (n,)."""
    fine = (np.arange(16 * round(1.5 * 48_000)) + 0.5) / (16 * 48_000.0) - 0.7
    sound = np.zeros(len(fine))
    for copy_s, gain in ((0.0, 1.0), (2.5e-3, 0.5)):
        sound += gain * physics.n_wave(fine - copy_s, 0.5, 3e-4)
        sound += gain * physics.friedlander(fine - copy_s - lead_s, bang, 1e-3)
    heard: Samples = sound.reshape(-1, 16).mean(axis=1).astype(np.float32)
    return heard + 5e-4 * np.random.default_rng(1).standard_normal(len(heard)).astype(np.float32)


def street(rate_hz: float, channels: int, seconds: float, seed: int) -> Samples:
    """Noise, padding, and a few pulses that reach the channels one after the other: (channels, n)."""
    draw = np.random.default_rng(seed)
    rows = [blast(seconds, [x + 2e-4 * k for x in (0.0, 0.31, 0.4, 1.02)], rate_hz) for k in range(channels)]
    sound = np.stack(rows) + 1e-3 * draw.standard_normal((channels, len(rows[0]))).astype(np.float32)
    hole = round(draw.uniform(0.5, 0.9) * rate_hz)
    sound[:, hole : hole + round(0.05 * rate_hz)] = 0.0
    return sound.astype(np.float32)


def in_pieces(sound: Samples, rate_hz: float, cuts: list[int], how: DetectorSettings) -> list[Impulse]:
    detector = Detector(rate_hz, sound.shape[0], how)
    found = [i for part in np.split(sound, sorted(cuts), axis=1) for i in detector.push(part)]
    return found + detector.flush()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from([8_000.0, 12_000.0, 48_000.0]), st.integers(1, 3), st.booleans(), st.integers(0, 99), st.data())
def test_how_a_stream_is_cut_into_blocks_changes_nothing(
    rate_hz: float, channels: int, joint: bool, seed: int, data: st.DataObject
) -> None:
    sound, how = street(rate_hz, channels, 1.5, seed), DetectorSettings(joint=joint)
    cuts = data.draw(st.lists(st.integers(0, sound.shape[1]), max_size=12))
    cuts += data.draw(st.sampled_from([[], [0, 0], [sound.shape[1]] * 2, cuts[:1]]))  # empty blocks
    whole = detect(sound, rate_hz, how)
    assert len(whole) >= (2 if joint else 2 * channels)
    assert repr(in_pieces(sound, rate_hz, cuts, how)) == repr(whole)


@pytest.mark.parametrize("size", [1, 7, 441, 1152])
def test_short_regular_blocks_change_nothing_over_many_frames(size: int) -> None:
    sound = street(12_000.0, 2, 8.5 if size > 1 else 1.5, 3)
    cuts = list(range(size, sound.shape[1], size))
    assert repr(in_pieces(sound, 12_000.0, cuts, DetectorSettings())) == repr(detect(sound, 12_000.0))


def test_a_floor_that_rises_between_two_frames_is_the_same_however_they_are_analysed() -> None:
    """Two impulses astride a frame's end, each beside the other's floor: which is the clearer must not depend on it."""
    draw, rate_hz, frame = np.random.default_rng(11), 12_000.0, 1_152
    found = []
    for _ in range(40):
        end = 16 * frame
        sound = 1e-3 * draw.standard_normal(30 * frame)
        sound[end - 4 * frame :] *= 3.0 ** draw.uniform(-2.0, 2.0)
        for at in (end - draw.integers(6, 60), end + draw.integers(6, 60)):
            sound[at : at + 30] += draw.uniform(0.002, 0.05) * draw.standard_normal(30)
        cuts = list(range(frame, len(sound), frame))
        whole = detect(sound, rate_hz)
        assert repr(in_pieces(sound[None].astype(np.float32), rate_hz, cuts, DetectorSettings())) == repr(whole)
        found += whole
    assert len(found) > 30


@pytest.mark.parametrize("rate_hz", [8_000.0, 11_025.0, 12_000.0, 44_100.0, 48_000.0, 192_000.0])
@pytest.mark.parametrize("snr_db", [46.0, 26.0])
def test_a_blast_in_noise_is_found_within_a_millisecond(rate_hz: float, snr_db: float) -> None:
    for onset_s in (0.7, 0.80017, 0.91234):
        sound = blast(1.6, [onset_s], rate_hz, peak=0.1, noise=0.1 * 10 ** (-snr_db / 20))
        found = detect(sound, rate_hz)
        assert len(found) == 1
        assert found[0].onset_sample / rate_hz == pytest.approx(onset_s, abs=1e-3)
        assert found[0].level_db == pytest.approx(-20.0, abs=3.0 if snr_db < 30 else 1.5)
        assert not found[0].clipped


@pytest.mark.parametrize("rate_hz", [12_000.0, 48_000.0])
@pytest.mark.parametrize("apart_s", [0.05, 0.02])
def test_rounds_of_automatic_fire_are_told_apart(rate_hz: float, apart_s: float) -> None:
    true_s = [0.5 + apart_s * n for n in range(10)]
    found_s = [i.onset_sample / rate_hz for i in detect(blast(1.5, true_s, rate_hz), rate_hz)]
    assert found_s == pytest.approx(true_s, abs=1e-3)


@pytest.mark.parametrize("rate_hz", [12_000.0, 48_000.0])
def test_a_louder_impulse_15_ms_after_another_is_one_of_its_own(rate_hz: float) -> None:
    sound = blast(1.5, [0.5], rate_hz, peak=0.05) + blast(1.5, [0.515], rate_hz, peak=0.1, noise=0.0)
    found_s = [i.onset_sample / rate_hz for i in detect(sound, rate_hz)]
    assert found_s == pytest.approx([0.5, 0.515], abs=1e-3)


@pytest.mark.parametrize("rate_hz", [12_000.0, 48_000.0])
def test_padding_makes_no_impulse_at_its_edges(rate_hz: float) -> None:
    draw = np.random.default_rng(5)
    for level in (1e-4, 0.1):
        for _ in range(20):
            sound = (level * draw.standard_normal(round(2.0 * rate_hz))).astype(np.float32)
            a, b = np.sort(draw.integers(0, len(sound), 2))
            sound[a:b] = 0.0
            sound[: draw.integers(0, 3000)] = 0.0
            assert detect(sound, rate_hz) == []


def test_silence_a_constant_and_a_steady_tone_hold_no_impulse() -> None:
    time_s = np.arange(24_000) / 12_000.0
    for sound in (np.zeros(24_000), np.full(24_000, 0.4), 0.3 * np.sin(2 * math.pi * 50.0 * time_s)):
        assert detect(sound, 12_000.0) == []


def test_a_blast_next_to_padding_is_still_found_once() -> None:
    sound = blast(2.0, [0.5], 12_000.0)
    sound[: round(0.47 * 12_000)] = 0.0
    sound[round(0.8 * 12_000) :] = 0.0
    found = detect(sound, 12_000.0)
    assert [i.onset_sample / 12_000 for i in found] == pytest.approx([0.5], abs=1e-3)


@pytest.mark.parametrize("rate_hz", [12_000.0, 48_000.0])
def test_clipping_is_said(rate_hz: float) -> None:
    sound = blast(1.5, [0.6], rate_hz, peak=0.9)
    assert [i.clipped for i in detect(sound, rate_hz)] == [False]
    assert [i.clipped for i in detect(np.clip(sound, -0.25, 0.25), rate_hz)] == [True]


def test_a_weaker_impulse_soon_after_is_perhaps_an_echo_and_an_equal_one_is_not() -> None:
    sound = blast(2.5, [0.6, 1.8], 12_000.0) + blast(2.5, [0.8], 12_000.0, peak=0.05, noise=0.0)
    assert [i.echo for i in detect(sound, 12_000.0)] == [False, True, False]
    assert [i.echo for i in detect(blast(2.5, [0.6, 0.8], 12_000.0), 12_000.0)] == [False, False]


@settings(max_examples=25, deadline=None)
@given(st.floats(-45.0, 12.0), st.integers(0, 50))  # below, the noise sinks under the −120 dB where floors end
def test_the_level_of_a_recording_does_not_move_its_onsets(gain_db: float, seed: int) -> None:
    sound = street(12_000.0, 1, 1.5, seed)[0].astype(np.float64)
    plain, scaled = detect(sound, 12_000.0), detect(sound * 10 ** (gain_db / 20), 12_000.0)
    assert [i.onset_sample for i in scaled] == pytest.approx([i.onset_sample for i in plain], abs=0.02)
    assert [i.snr_db for i in scaled] == pytest.approx([i.snr_db for i in plain], abs=0.02)
    assert [i.level_db - gain_db for i in scaled] == pytest.approx([i.level_db for i in plain], abs=0.02)


def test_an_array_hears_an_event_once_in_the_channel_it_reaches_first() -> None:
    sound = np.stack([blast(1.5, [0.7 + late], 48_000.0) for late in (4e-4, 2e-4, 0.0, 3e-4)])
    (one,) = detect(sound, 48_000.0, DetectorSettings(joint=True))
    assert one.channel == 2
    assert one.onset_sample / 48_000 == pytest.approx(0.7, abs=2e-4)
    assert sorted(i.channel for i in detect(sound, 48_000.0)) == [0, 1, 2, 3]


@pytest.mark.parametrize("width_m", [0.5, 3.0, 6.0, 12.0])
def test_on_an_array_of_any_width_the_channel_reached_first_is_told_and_its_onset(width_m: float) -> None:
    for turn in range(8):
        bearing = turn * math.pi / 4 + 0.2
        late = width_m / 2 / 343.0 * np.array([math.cos(bearing + k * math.pi / 2) for k in range(4)])
        late -= late.min()
        draw = np.random.default_rng(turn)
        sound = np.stack([blast(1.5, [0.7 + s], 48_000.0, peak=0.1, noise=0.0) for s in late])
        first = detect(sound + 1e-3 * draw.standard_normal(sound.shape), 48_000.0, DetectorSettings(joint=True))[0]
        assert first.channel == late.argmin()
        assert first.onset_sample / 48_000 == pytest.approx(0.7, abs=2e-4)


def test_four_microphones_together_hear_fainter_blasts_than_each_alone() -> None:
    """The same faint blast in all, noise of its own in each: the mean of four energies wavers less than each."""
    alone, together = [], []
    for seed in range(40):
        draw = np.random.default_rng(seed)
        same = blast(1.2, [0.6], 48_000.0, peak=0.004, noise=0.0)
        sound = same + 1e-3 * draw.standard_normal((4, len(same)))
        alone += [i.onset_sample / 48_000 for i in detect(sound, 48_000.0)]
        together += [i.onset_sample / 48_000 for i in detect(sound, 48_000.0, DetectorSettings(joint=True))]
    found_alone, found_together = (sum(abs(s - 0.6) < 0.01 for s in times) for times in (alone, together))
    assert found_together / 40 > found_alone / 160 + 0.05
    assert len(together) - found_together <= len(alone) - found_alone


@pytest.mark.parametrize("lead_ms", [7.0, 8.0, 10.0, 12.0, 13.0, 14.0, 16.0, 18.0, 20.0, 21.0, 25.0])
@pytest.mark.parametrize("bang", [0.05, 0.125, 0.4, 1.0])
def test_a_muzzle_blast_is_told_close_behind_its_bullet_s_shock_wave(lead_ms: float, bang: float) -> None:
    found_s = [i.onset_sample / 48_000 - 0.7 for i in detect(rifle(lead_ms * 1e-3, bang), 48_000.0)]
    assert found_s == pytest.approx([0.0, lead_ms * 1e-3], abs=2e-4)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([9.0, 13.0, 18.0]), st.booleans(), st.lists(st.integers(0, 72_000), max_size=12))
def test_a_hidden_blast_is_the_same_however_the_stream_is_cut(lead_ms: float, joint: bool, cuts: list[int]) -> None:
    sound, how = np.stack([rifle(lead_ms * 1e-3, 0.3)] * 2), DetectorSettings(joint=joint)
    whole = detect(sound, 48_000.0, how)
    assert len(whole) == (2 if joint else 4)
    assert repr(in_pieces(sound, 48_000.0, cuts, how)) == repr(whole)


def test_a_click_that_is_no_shock_wave_hides_what_comes_soon_after() -> None:
    """A struck thing rings where an N is over at once; what follows it within 12 ms is taken for more of it."""
    time_s = np.arange(round(1.5 * 48_000)) / 48_000.0 - 0.7
    ring = np.where(time_s >= 0, 0.5 * np.exp(-time_s / 1e-3) * np.sin(2 * math.pi * 3_000.0 * time_s), 0.0)
    found = detect(blast(1.5, [0.71], 48_000.0, peak=0.2) + ring, 48_000.0)
    assert [i.onset_sample / 48_000 for i in found] == pytest.approx([0.7], abs=3e-4)


def test_after_a_gap_the_index_goes_on_and_the_past_is_forgotten() -> None:
    rate_hz = 12_000.0
    one, two = blast(1.0, [0.5], rate_hz), blast(1.3, [0.6], rate_hz)
    detector = Detector(rate_hz, 1)
    before = detector.push(one[None]) + detector.gap(5_000)
    after = detector.push(two[None]) + detector.flush()
    assert before == detect(one, rate_hz)
    alone = detect(two, rate_hz)
    assert [i.onset_sample - len(one) - 5_000 for i in after] == pytest.approx([i.onset_sample for i in alone])
    assert [i.snr_db for i in after] == [i.snr_db for i in alone]


def test_a_flush_with_nothing_pushed_is_harmless_and_a_gap_cannot_go_back() -> None:
    detector = Detector(48_000.0, 2)
    assert detector.flush() == []
    assert detector.gap(0) == []
    with pytest.raises(InputError, match="gap is -1 samples"):
        detector.gap(-1)


def test_an_impulse_is_told_once_its_lookahead_has_been_heard() -> None:
    for rate_hz in (8_000.0, 12_000.0, 44_100.0, 48_000.0):
        sound = blast(2.0, [0.613, 0.988], rate_hz)
        detector, size = Detector(rate_hz, 1), round(0.01 * rate_hz)
        for end in range(size, len(sound), size):
            for impulse in detector.push(sound[None, end - size : end]):
                assert end - impulse.onset_sample <= (0.6 + 0.01) * rate_hz
                assert end - impulse.onset_sample >= Detector.LOOKAHEAD_S * rate_hz


@pytest.mark.parametrize(
    ("sound", "sentence"),
    [
        (np.array([0.0, math.nan, 0.0]), r"holds nan in channel 0, sample 1"),
        (np.array([[0.0, 0.0], [0.0, -math.inf]]), r"holds -inf in channel 1, sample 1"),
        (np.array([1e30]), r"expected numbers below 1e\+06"),
        (np.zeros((2, 3, 4)), r"signal has shape \(2, 3, 4\)"),
        (np.zeros((0, 10)), r"signal has shape \(0, 10\)"),
        (np.float32(1.0), r"signal has shape \(\)"),
        (np.zeros(9, complex), r"type complex128"),
        (np.array(["a", "b"]), r"expected floating point or signed integers"),
    ],
)
def test_what_is_no_sound_is_one_clear_sentence(sound: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        detect(sound, 12_000.0)


@pytest.mark.parametrize("rate_hz", [0.0, -48_000.0, 7_999.0, 192_001.0, math.nan, math.inf])
def test_a_rate_outside_8_to_192_khz_is_refused(rate_hz: float) -> None:
    with pytest.raises(InputError, match="rate_hz is"):
        detect(np.zeros(100), rate_hz)


@pytest.mark.parametrize("steps", [-1, 0, 65])
def test_a_dead_time_that_no_frame_can_hold_is_refused(steps: int) -> None:
    with pytest.raises(InputError, match=f"dead_steps is {steps}; expected 1 to 64"):
        Detector(12_000.0, 1, DetectorSettings(dead_steps=steps))


def test_a_block_with_another_number_of_channels_is_refused_and_the_stream_goes_on() -> None:
    sound = street(12_000.0, 2, 1.5, 4)
    detector = Detector(12_000.0, 2)
    found = detector.push(sound[:, :9_000])
    for wrong in (sound[:1], sound[0], np.zeros((3, 5), np.float32), np.full((2, 3), math.nan)):
        with pytest.raises(InputError, match="block"):
            detector.push(wrong)
    assert found + detector.push(sound[:, 9_000:]) + detector.flush() == detect(sound, 12_000.0)
    with pytest.raises(InputError, match="channels is 0"):
        Detector(12_000.0, 0)


@pytest.mark.parametrize("size", [0, 1, 2, 12, 575, 576, 577])
def test_a_recording_may_be_as_short_as_nothing(size: int) -> None:
    assert detect(np.zeros(size, np.float32), 12_000.0) == []
    assert len(detect(0.1 * np.ones(size, np.float32), 12_000.0)) == 0


def test_every_sample_type_and_layout_gives_the_same_onsets_and_is_left_alone() -> None:
    plain = street(12_000.0, 2, 1.5, 6)
    whole = detect(plain, 12_000.0)
    strided = np.repeat(plain, 2, axis=1)[:, ::2]
    frozen = plain.copy()
    frozen.flags.writeable = False
    for sound in (plain.astype(np.float64), np.asfortranarray(plain), strided, frozen, plain.astype(">f4")):
        before = sound.tobytes()
        assert repr(detect(sound, 12_000.0)) == repr(whole)
        assert sound.tobytes() == before
    for kind in (np.int16, np.int32):
        counts = np.round(plain.astype(np.float64) * np.iinfo(kind).max).astype(kind)
        found = detect(counts, 12_000.0)
        assert [i.onset_sample for i in found] == pytest.approx([i.onset_sample for i in whole], abs=0.1)
        assert [i.level_db for i in found] == pytest.approx([i.level_db for i in whole], abs=0.1)


def test_24_bit_counts_and_ten_million_samples_at_once() -> None:
    plain = street(12_000.0, 1, 1.5, 6)
    counts = (np.round(plain.astype(np.float64) * (2**23 - 1)).astype(np.int32)) << 8  # as soundfile hands 24 bits over
    assert [i.onset_sample for i in detect(counts, 12_000.0)] == pytest.approx(
        [i.onset_sample for i in detect(plain, 12_000.0)], abs=0.1
    )
    long = 1e-3 * np.random.default_rng(3).standard_normal((1, 10_000_000)).astype(np.float32)
    long[0, 7_200_000:7_200_040] += 0.2
    detector = Detector(48_000.0, 1)
    (one,) = detector.push(long) + detector.flush()
    assert one.onset_sample == pytest.approx(7_200_000, abs=20)
    long[0, 9_999_999] = math.nan
    with pytest.raises(InputError, match="holds nan in channel 0, sample 9999999"):
        detect(long, 48_000.0)


def test_what_is_too_loud_is_told_from_what_is_only_much() -> None:
    """Samples up to ±32,768 in floating point are sound; 1e20, whose square no float32 holds, is not."""
    loud = (32_768.0 * blast(1.5, [0.6], 48_000.0)).astype(np.float32)
    assert [i.onset_sample / 48_000 for i in detect(loud, 48_000.0)] == pytest.approx([0.6], abs=1e-3)
    with pytest.raises(InputError, match=r"holds 1\.0+\d*e\+20 in channel 0, sample 2"):
        detect(np.array([0.0, 0.0, 1e20], np.float32), 48_000.0)


def test_where_the_energy_of_5_ms_stands_over_300_ms_the_seismologists_trigger_agrees() -> None:
    """obspy's recursive STA/LTA and ours, written for other sounds, find the same blasts in noise."""
    trigger = pytest.importorskip("obspy.signal.trigger")
    rate_hz, times_s = 12_000.0, [0.6, 1.3, 2.1, 2.6, 3.4]
    sound = blast(4.0, times_s, rate_hz, peak=0.05)
    ratio = trigger.recursive_sta_lta(sound.astype(np.float64), 60, 3_600)
    theirs = [on / rate_hz for on, _ in trigger.trigger_onset(ratio, 6.0, 2.0)]
    ours = [i.onset_sample / rate_hz for i in detect(sound, rate_hz)]
    assert ours == pytest.approx(theirs, abs=3e-3)
    assert ours == pytest.approx(times_s, abs=3e-4)


def test_the_pulses_that_real_sensors_reported_are_found(shared: Path) -> None:
    folder = shared / "pittsburgh" / "FP2" / "test_019"
    pulses = json.loads(next(folder.glob("*.allpulses.json")).read_text())
    strong = [p for p in pulses if p["signal_to_noise_dB"] > 15.0]
    near = []
    for told in sorted(folder.glob("*.audio.*.json")):
        about = json.loads(told.read_text())
        start = datetime.fromisoformat(about["timestamp"]).timestamp()
        sound, rate_hz = soundfile.read(told.with_suffix(".wav"), dtype="float32")
        onsets = np.array([start + i.onset_sample / rate_hz for i in detect(sound, rate_hz)])
        for pulse in (p for p in strong if p["serial_number"] == about["serial_number"]):
            late = onsets - datetime.fromisoformat(pulse["arrival_time_utc"]).timestamp()
            near.append(float(np.abs(late).min()))
    assert len(near) >= 4
    assert max(near) < 0.012
    assert float(np.median(near)) < 0.004
