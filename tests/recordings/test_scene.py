"""The synthetic city: the same for the same seed, written so that others can read it, and physically plausible."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from acoustic import blast
from acoustic.air import Air
from acoustic.errors import InputError
from acoustic.propagation import effective_speed_ms
from arrays.session import read_session
from recordings.city import Bang, Ear, Noise, heard, shadow
from recordings.commands.scene import main
from recordings.scene import FULL_SCALE_PA, RATE_HZ, START, Scene, scene, write_scene

STILL = Air(temperature_c=20.0, wind_east_ms=0.0, wind_north_ms=0.0)


@pytest.fixture(scope="module")
def short() -> Scene:
    return scene(seed=3, seconds=6.0, shots=2, strings=1, slams=1)


def test_a_scene_of_a_demo_holds_what_was_asked_in_time() -> None:
    for seed in range(12):
        made = scene(seed)
        kinds = [b.kind for b in made.bangs]
        incidents = {b.incident: b.kind for b in made.bangs}
        assert kinds.count("gunshot") == 8
        assert sorted(incidents.values()).count("firecracker") == 2
        assert kinds.count("slam") == 2
        assert kinds[0] == "gunshot"
        times = [b.time_s for b in made.bangs]
        assert times == sorted(times)
        assert times[0] == pytest.approx(4.0)
        assert times[-1] < 38.0
        burst = [b for b in made.bangs if b.kind == "gunshot" and len(made.together(b)) == 3]
        assert len(burst) == 3
        assert {b.position for b in burst} == {burst[0].position}
        assert all(0.25 <= gap <= 0.4 for gap in np.diff([b.time_s for b in burst]))
        assert any(b.weapon is not None and b.weapon.bullet.speed_ms > 400.0 for b in made.bangs)


def test_the_arrays_stand_apart_on_roofs() -> None:
    made = scene(1)
    places = np.array([n.position for n in made.nodes])
    assert len({n.id for n in made.nodes}) == len(made.nodes) == 12
    assert np.all((places[:, 2] >= 8.0) & (places[:, 2] <= 25.0))
    apart = np.linalg.norm(places[:, None, :2] - places[None, :, :2], axis=2)[~np.eye(12, dtype=bool)]
    assert apart.min() > 50.0
    for node in made.nodes:
        sides = np.linalg.norm(node.microphones[:, None] - node.microphones[None], axis=2)[~np.eye(4, dtype=bool)]
        assert sides == pytest.approx(np.full(12, 0.35), abs=1e-3)


def test_the_same_seed_sounds_the_same_and_another_does_not(short: Scene) -> None:
    again = scene(seed=3, seconds=6.0, shots=2, strings=1, slams=1)
    other = scene(seed=4, seconds=6.0, shots=2, strings=1, slams=1)
    one = short.render(5)
    assert np.array_equal(one, again.render("roof-6"))
    assert not np.array_equal(one, other.render(5))
    assert one.shape == (4, 6 * RATE_HZ)
    assert one.dtype == np.float32
    assert np.abs(one).max() <= 1.0


def test_however_it_is_cut_it_is_the_same_sound(short: Scene) -> None:
    whole = short.render(0)
    for samples in (1000, 48_000, 100_001):
        assert np.array_equal(np.concatenate(list(short.blocks(0, samples)), axis=1), whole)


def test_what_is_written_is_a_session_and_its_truth(short: Scene, tmp_path: Path) -> None:
    few = replace(short, nodes=short.nodes[:2])
    write_scene(few, tmp_path / "made")
    session = read_session(tmp_path / "made")
    assert session.air == short.air
    assert [n.id for n in session.nodes] == ["roof-1", "roof-2"]
    for node, made in zip(session.nodes, few.nodes, strict=True):
        assert node.position == made.position
        assert node.start_ns == round(made.start.timestamp() * 1000) * 1_000_000
        assert node.microphones == pytest.approx(made.microphones)
        written, rate_hz = soundfile.read(node.file, dtype="float32")
        assert rate_hz == RATE_HZ
        assert np.abs(written.T - few.render(made.id)).max() <= 1.0 / 32768.0
    truth = json.loads((tmp_path / "made" / "truth.json").read_text())
    shots = [b for b in short.bangs if b.kind == "gunshot"]
    assert [(s["x"], s["y"], s["z"]) for s in truth["shots"]] == [b.position for b in shots]
    assert [s["time"] - short.start.timestamp() for s in truth["shots"]] == pytest.approx([b.time_s for b in shots])
    assert all({"weapon", "rounds", "round", "kind"} <= set(s) for s in truth["shots"])
    assert sorted(d["kind"] for d in truth["distractors"]) == ["firecracker", "slam"]


def test_the_command_writes_a_scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main([str(tmp_path / "s"), "--seed", "2", "--seconds", "2", "--shots", "1", "--strings", "0", "--slams", "0"])
        == 0
    )
    assert "12 nodes, 2 s, 1 shots" in capsys.readouterr().out
    assert len(list((tmp_path / "s").glob("*.wav"))) == 12


def array_at(*place: float) -> Ear:
    return Ear(
        0,
        np.array(place) + np.array([[0.2, 0.0, 0.0], [-0.1, 0.17, 0.0], [-0.1, -0.17, 0.0], [0.0, 0.0, 0.28]]),
        RATE_HZ,
    )


def shot(weapon: blast.Weapon, fire: tuple[float, float, float] = (1.0, 0.0, 0.0)) -> Bang:
    return Bang(
        kind="gunshot",
        incident=0,
        time_s=1.0,
        position=(0.0, 0.0, 1.5),
        peak_pa=weapon.peak_pa,
        positive_s=weapon.positive_s,
        weapon=weapon,
        fire=fire,
        flight_m=300.0,
    )


def onset_s(bang: Bang, ear: Ear, air: Air, share: float = 0.1) -> float:
    wave = heard(bang, ear, air, seed=1)
    level = np.abs(wave.pressure[0])
    return float(wave.first + np.argmax(level > share * level.max())) / ear.rate_hz


@pytest.mark.parametrize(
    "air", [STILL, Air(temperature_c=20.0, wind_east_ms=6.0, wind_north_ms=0.0)], ids=["still", "wind"]
)
@pytest.mark.parametrize("east_m", [-200.0, 60.0, 200.0])
def test_sound_arrives_when_distance_and_wind_say(air: Air, east_m: float) -> None:
    ear = array_at(east_m, 0.0, 15.0)
    way = ear.microphones[0] - np.array([0.0, 0.0, 1.5])
    expected = 1.0 + float(np.linalg.norm(way) / effective_speed_ms(air, way))
    late = onset_s(shot(blast.PISTOL), ear, air) - expected
    assert -1e-3 < late < 5e-3  # turbulence either way, an obstacle later


def test_a_rifle_is_heard_twice_ahead_and_once_behind() -> None:
    """Beside the path the crack comes first, by what the bullet is faster than sound."""
    ahead = array_at(200.0, 40.0, 10.0)
    muzzle_s = 1.0 + float(np.linalg.norm(ahead.microphones[0] - np.array([0.0, 0.0, 1.5]))) / 343.2
    lead = muzzle_s - onset_s(shot(blast.RIFLE_762), ahead, STILL)
    mach = 715.0 / 343.2
    miss = float(np.hypot(40.0, 8.5))
    geometric = muzzle_s - 1.0 - 200.0 / 715.0 - miss * np.sqrt(mach**2 - 1.0) / 715.0
    assert lead == pytest.approx(geometric, abs=5e-3)
    behind = array_at(-200.0, 40.0, 10.0)
    muzzle_s = 1.0 + float(np.linalg.norm(behind.microphones[0] - np.array([0.0, 0.0, 1.5]))) / 343.2
    assert onset_s(shot(blast.RIFLE_762), behind, STILL) == pytest.approx(muzzle_s, abs=5e-3)


def test_rounds_of_a_burst_sound_alike() -> None:
    ear = array_at(120.0, 90.0, 12.0)
    one = heard(shot(blast.PISTOL), ear, STILL, seed=1)
    other = heard(replace(shot(blast.PISTOL), time_s=2.0), ear, STILL, seed=1)
    assert other.first - one.first == RATE_HZ
    assert other.pressure == pytest.approx(one.pressure, abs=1e-5)


def test_levels_are_those_of_a_street() -> None:
    noise = Noise(array_at(0.0, 0.0, 15.0), Air(wind_east_ms=3.0, wind_north_ms=0.0), seed=1).block(0, 10 * RATE_HZ)
    level_db = 20.0 * np.log10(noise.std(axis=1) / blast.REFERENCE_PA)
    assert np.all((level_db > 50.0) & (level_db < 75.0))
    near, far = (
        np.abs(heard(shot(blast.PISTOL), array_at(d, 0.0, 15.0), STILL, seed=1).pressure).max() for d in (50.0, 450.0)
    )
    assert near > 5.0 * far
    assert 0.02 * FULL_SCALE_PA < near < 2.0 * FULL_SCALE_PA


def test_noise_does_not_jump_between_its_frames() -> None:
    noise = Noise(array_at(0.0, 0.0, 15.0), STILL, seed=1).block(0, 20 * Noise.HOP)
    steps = np.abs(np.diff(noise, axis=1))
    seams = steps[:, Noise.HOP - 1 :: Noise.HOP]
    assert seams.max() < 1.5 * np.quantile(steps, 0.999)
    power = np.square(noise).reshape(4, 40, -1).mean(axis=2)
    assert power.max() < 12.0 * power.min()


def test_an_obstacle_takes_the_high_notes() -> None:
    kept = shadow(np.array([100.0, 1000.0, 10_000.0]), 0.5, 340.0)
    assert np.all(np.diff(kept) < 0.0)
    assert 20.0 * np.log10(kept[-1]) == pytest.approx(-24.0)
    assert np.all(shadow(np.array([100.0, 10_000.0]), 0.0, 340.0) == 1.0)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seconds": 0.5}, "seconds is 0.5; expected a number from 2"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"shots": -2}, "shots is -2"),
        ({"start": START.replace(tzinfo=None)}, "expected a time with its zone"),
    ],
)
def test_a_scene_that_cannot_be_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        scene(**wrong)  # type: ignore[arg-type]


def test_an_unknown_node_is_named(short: Scene) -> None:
    with pytest.raises(InputError, match="node is 'roof-99'; expected one of roof-1"):
        short.render("roof-99")
