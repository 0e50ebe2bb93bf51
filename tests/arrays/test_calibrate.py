"""`tocsin calibrate` as a person runs it: claps around a node whose microphones are not where they are said to be."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.arrays import nodes
from tests.arrays.nodes import ENVIRONMENT, tocsin
from tests.arrays.sessions import RATE_HZ, node, noise, write

STATED = [[0.175, 0.0, 0.0], [-0.175, 0.0, 0.0], [0.0, 0.3, 0.0], [0.0, 0.1, 0.3]]
OFF_M = np.array([[0.0, 0.0, 0.0], [0.0, 0.025, 0.0], [0.0, -0.012, 0.0], [0.0, -0.013, 0.0]])  # its centre is right
GAINS = np.array([1.0, 1.0, 0.5, -1.0])  # the third hears 6 dB less, the fourth is wired the wrong way round
SPEED_MS, CLAPS = 340.3, 10
PLACES = [(3.0 * np.sin(a), 3.0 * np.cos(a), h) for a, h in zip(np.arange(CLAPS) * 0.628, [0.0, 1.0] * 5, strict=True)]


def clap(seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n,) of a burst of band-limited noise, 3 ms, as two hands make it."""
    draw = np.random.default_rng(seed)
    hz = np.fft.rfftfreq(RATE_HZ // 10, 1.0 / RATE_HZ)
    spectrum = np.fft.rfft(draw.standard_normal(RATE_HZ // 10) * np.exp(-np.arange(RATE_HZ // 10) / (0.0015 * RATE_HZ)))
    return np.fft.irfft(np.where((hz > 300.0) & (hz < 12_000.0), spectrum, 0.0))


def recorded(folder: Path) -> Path:
    """A session of roof-1 in which someone claps at each place in turn, a second apart; its settings."""
    microphones = np.array(STATED) + OFF_M
    sound = noise(CLAPS + 2.0, 4).astype(np.float64)
    size = RATE_HZ // 2
    hz = np.fft.rfftfreq(size, 1.0 / RATE_HZ)
    for number, place in enumerate(PLACES):
        metres = np.linalg.norm(microphones - place, axis=1)
        wave = np.fft.rfft(clap(number), size) * 0.3
        for channel, away in enumerate(metres):
            heard = np.fft.irfft(wave * np.exp(-2j * np.pi * hz * away / SPEED_MS), size) * GAINS[channel] / away
            first = (number + 1) * RATE_HZ
            sound[channel, first : first + size] += heard
    (folder / "scene").mkdir(parents=True)
    soundfile.write(folder / "scene" / "roof-1.wav", sound.T, RATE_HZ, subtype="PCM_24")
    write(folder / "scene", [node(microphones=STATED)], air={"speed_of_sound_ms": 340.0})
    return nodes.settings(folder)


def calibrate(*arguments: str | Path) -> tuple[int, str, str]:
    done = subprocess.run(
        tocsin("calibrate", *arguments), capture_output=True, text=True, env=ENVIRONMENT, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("calibrate"))


@pytest.fixture(scope="module")
def places(settings: Path) -> Path:
    path = settings.with_name("claps.csv")
    rows = "\n".join(",".join(f"{v:.3f}" for v in place) for place in PLACES)
    path.write_text(f"east_m,north_m,up_m\n{rows}\n")
    return path


def test_what_is_wrong_with_each_microphone_is_told(settings: Path, places: Path) -> None:
    code, out, log = calibrate(settings, "--places", places, "--format", "json")
    assert code == 1, log
    found = json.loads(out)
    assert (found["claps"], found["used"]) == (CLAPS, CLAPS)
    assert found["misfit_us"] < 10.0
    assert found["speed_ms"] == pytest.approx(SPEED_MS, abs=2.0 * found["speed_sigma_ms"])
    for one, true in zip(found["microphones"], np.array(STATED) + OFF_M, strict=True):
        assert one["offset_m"] == pytest.approx(true.tolist(), abs=0.003)
    first, second, third, fourth = (one["wrong"] for one in found["microphones"])
    assert all("is said to be" not in sentence for sentence in first)
    assert any("is said to be" in sentence for sentence in second)
    assert any("dB less than the others" in sentence for sentence in third)
    assert "it is wired the wrong way round" in fourth
    assert found["microphones"][2]["gain_db"] - found["microphones"][1]["gain_db"] == pytest.approx(-6.0, abs=0.7)


def test_the_line_for_the_settings_calibrates_to_as_stated(settings: Path, places: Path, tmp_path: Path) -> None:
    line = calibrate(settings, "--places", places)[1].splitlines()[-1]
    corrected = json.loads(line.removeprefix("microphones = "))
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "roof-1.wav").symlink_to(settings.parent / "scene" / "roof-1.wav")
    write(tmp_path / "scene", [node(microphones=corrected)], air={"speed_of_sound_ms": 340.0})
    again = json.loads(calibrate(nodes.settings(tmp_path), "--places", places, "--format", "json")[1])
    assert max(one["off_m"] for one in again["microphones"]) < 0.002


def test_without_places_the_same_claps_say_less_and_say_so(settings: Path, places: Path) -> None:
    known = json.loads(calibrate(settings, "--places", places, "--format", "json")[1])
    blind = json.loads(calibrate(settings, "--claps", str(CLAPS), "--format", "json")[1])
    for one, other in zip(known["microphones"], blind["microphones"], strict=True):
        assert other["off_sigma_m"] > one["off_sigma_m"]


def test_too_few_claps_and_unreadable_places_are_one_sentence(settings: Path, places: Path, tmp_path: Path) -> None:
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("".join(places.read_text().splitlines(keepends=True)[:3]))
    assert calibrate(settings, "--places", fewer)[::2] == (
        2,
        f"tocsin calibrate: places {fewer} has 2 rows; expected at least 3, of finite metres\n",
    )
    fewer.write_text("east_m,north_m\n1,2\n")
    code, _, log = calibrate(settings, "--places", fewer)
    assert code == 2
    assert "expected columns east_m, north_m, up_m" in log
    nodes.session_with_bangs(tmp_path / "scene", [1.0], 2.0)
    code, _, log = calibrate(nodes.settings(tmp_path))
    assert code == 2
    assert "1 claps were heard; expected at least 3" in log
