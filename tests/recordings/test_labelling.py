"""Labels by hand, and the sets that they are kept in."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from acoustic.errors import InputError
from recordings.formats.labels import Label, label_csv, raven, read_label_csv
from recordings.labelling import by_hand, sound_of
from recordings.sets import EVALUATE, About, add, part_of, problems, rows_of
from recordings.training import manifest
from tests.arrays.nodes import ENVIRONMENT, REPOSITORY
from tests.arrays.sessions import RATE_HZ, noise, with_bangs
from tocsin import main

BANGS_S = (1.5, 4.0, 8.0)
CARD = "pcm.!default { type null }\nctl.!default { type null }\n"  # ALSA: one that swallows all
NO_CARD = "pcm.!default { type hw\n card 99 }\n"
ABOUT = About(source="quarry", licence="CC0", by="R. M.")


def street(path: Path) -> Path:
    """Ten seconds of one microphone, with three bangs."""
    sound = with_bangs(noise(10.0, seed=5), [round(at * RATE_HZ) for at in BANGS_S], 0.5)
    soundfile.write(path, sound.T, RATE_HZ, subtype="PCM_16")
    return path


def answered(count: int, keys: str) -> tuple[list[str], list[str], list[str]]:
    """The labels after these keys, what was played, what was said."""
    asked = [Label(begin_s=float(n), end_s=float(n), file="a.wav") for n in range(count)]
    played: list[str] = []
    said: list[str] = []
    states = list(by_hand(asked, lambda one: played.append(f"{one.begin_s:g}"), said.append, iter(keys)))
    return [one.text for one in states[-1]] if states else [], played, said


def test_keys_label_go_back_and_play_again() -> None:
    given, played, said = answered(3, "gpfboxu")
    assert given == ["gunshot", "other", "unknown"]
    assert played == ["0", "1", "1", "2", "1", "2"]
    (refused,) = [line for line in said if "is no answer" in line]
    assert refused.startswith(
        "  'x' is no answer; expected g gunshot, s shock wave, f firework, o other, u unknown; p "
    )
    assert answered(3, "gq") == (
        ["gunshot"],
        ["0", "1"],
        ["1 of 3  a.wav  0.000 s", "  gunshot", "2 of 3  a.wav  1.000 s"],
    )
    assert answered(2, "")[0] == []


@given(st.text("gsfoupbqx", max_size=30))
def test_no_keys_lose_an_answer_or_make_one_up(keys: str) -> None:
    given, _, _ = answered(4, keys)
    stack: list[str] = []
    for key in keys:
        if key == "q" or len(stack) == 4:
            break
        if key == "b" and stack:
            stack.pop()
        elif key in "gsfou":
            stack.append(key)
    assert [word[0] for word in given] == stack


def test_what_is_played_is_around_the_impulse(tmp_path: Path) -> None:
    path = street(tmp_path / "street.wav")
    samples, rate_hz = sound_of(Label(begin_s=4.0, end_s=4.0, file=str(path), channel=0))
    assert len(samples) / rate_hz == pytest.approx(1.5)
    assert np.abs(samples).argmax() / rate_hz == pytest.approx(0.5, abs=0.02)
    assert np.abs(samples).max() == pytest.approx(0.5)
    with pytest.raises(InputError, match="has no second 11 in channel 0"):
        sound_of(Label(begin_s=11.0, end_s=11.0, file=str(path)))


def label(out: Path, sound: Path, keys: Sequence[str], alsa: str) -> subprocess.CompletedProcess[str]:
    """`tocsin model label` on a machine with these sound cards."""
    config = out.with_name("asound.conf")
    config.write_text(alsa)
    line = [sys.executable, "-m", "tocsin", "model", "label", str(sound), "--out", str(out), "--by", "R. M."]
    environment = {**os.environ, **ENVIRONMENT, "ALSA_CONFIG_PATH": str(config)}
    return subprocess.run(
        line, input="\n".join(keys), capture_output=True, text=True, env=environment, check=False, cwd=REPOSITORY
    )


def test_a_person_labels_in_two_sittings(tmp_path: Path) -> None:
    sound, out = street(tmp_path / "street.wav"), tmp_path / "labels.csv"
    first = label(out, sound, ["g", "q"], CARD)
    assert first.returncode == 0, first.stderr
    second = label(out, sound, ["f", "o"], CARD)
    assert f"1 of 2  {sound}  4.00" in second.stdout
    found = read_label_csv(out.read_text())
    assert [one.text for one in found] == ["gunshot", "firework", "other"]
    assert [one.begin_s for one in found] == pytest.approx(BANGS_S, abs=0.01)
    assert {one.extra["by"] for one in found} == {"R. M."}
    assert "nothing is left to label" in label(out, sound, [], CARD).stdout


def test_without_a_sound_card_it_says_what_to_do(tmp_path: Path) -> None:
    done = label(tmp_path / "labels.csv", street(tmp_path / "street.wav"), ["g"], NO_CARD)
    assert done.returncode == 2
    assert done.stderr.startswith("tocsin model: this machine has no sound card to play on; label in Raven or Audacity")


def test_labels_of_raven_become_clips_of_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound, data = street(tmp_path / "street.wav"), tmp_path / "set"
    kinds = ("gunshot", "", "door_slam")
    marks = [
        Label(begin_s=at, end_s=at + 0.2, file="street.wav", text=kind) for at, kind in zip(BANGS_S, kinds, strict=True)
    ]
    (tmp_path / "marks.txt").write_text(raven(marks))
    asked = ["add", str(sound), "--labels", str(tmp_path / "marks.txt"), "--data", str(data), "--source", "quarry"]
    assert main(["model", *asked, "--licence", "CC BY 4.0", "--by", "R. M.", "--part", "train"]) == 0
    gunshot, slam = capsys.readouterr().out.split()
    assert gunshot == "train/gunshot/quarry__street-0-1500.flac"
    clip, rate_hz = soundfile.read(data / gunshot)
    assert rate_hz == RATE_HZ
    assert np.abs(clip).argmax() / rate_hz == pytest.approx(1.0, abs=0.02)
    assert len(clip) / rate_hz == pytest.approx(3.2), "two seconds after it, which another label does not reach"
    assert [(r["class"], r["group"]) for r in manifest(data)] == [
        ("gunshot", "quarry street"),
        ("door_slam", "quarry street"),
    ]
    assert main(["model", "sets", str(data)]) == 0
    assert "train  quarry  CC BY 4.0    gunshot      1       1" in capsys.readouterr().out
    assert (data / slam).is_file()
    assert main(["model", *asked, "--licence", "CC BY 4.0", "--by", "R. M."]) == 2
    assert "is in the set already; expected labels that are new to it" in capsys.readouterr().err


def test_labels_that_tell_their_source_need_no_options_and_stay_within_the_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    street(tmp_path / "street.wav")
    told = {"source": "../quarry", "licence": "CC0", "by": "R. M.", "group": "quarry, 3 May"}
    marks = [Label(begin_s=at, end_s=at, file="street.wav", text="gunshot", extra=told) for at in BANGS_S]
    (tmp_path / "marks.csv").write_text(label_csv(marks))
    asked = ["model", "add", "--labels", str(tmp_path / "marks.csv"), "--data", str(tmp_path / "set")]
    assert main(asked) == 0  # the sound lies beside the labels
    rows = rows_of(tmp_path / "set")
    assert {(row["source"], row["licence"], row["by"], row["group"]) for row in rows} == {tuple(told.values())}
    assert all(row["path"].split("/")[2].startswith(".._quarry__street-") for row in rows)
    assert {path.name for path in tmp_path.iterdir()} == {"street.wav", "marks.csv", "set"}
    assert main(["model", "sets", str(tmp_path / "set")]) == 0
    (tmp_path / "marks.csv").write_text(label_csv([Label(begin_s=1.5, end_s=1.5, file="street.wav", text="gunshot")]))
    assert main([*asked, "--source", "q", "--by", "R. M."]) == 2
    assert "licence is empty; expected it told for all labels, or as a column of theirs" in capsys.readouterr().err


def test_a_clip_ends_before_what_another_label_marks(tmp_path: Path) -> None:
    path = str(street(tmp_path / "street.wav"))
    marks = [Label(begin_s=at, end_s=at, file=path, text=kind) for at, kind in ((4.0, "gunshot"), (4.5, "other"))]
    for row in map(Path, add(tmp_path / "set", marks, ABOUT)):
        clip, rate_hz = soundfile.read(tmp_path / "set" / row)
        assert len(clip) / rate_hz == pytest.approx(
            1.4 if "gunshot" in row.name or "gunshot" in str(row) else 2.4, abs=1e-3
        )


def test_a_quarter_of_the_groups_is_for_evaluation() -> None:
    """Of 4,000 names: within four standard deviations of a binomial."""
    drawn = sum(part_of(f"recording {n}") == EVALUATE for n in range(4000))
    assert abs(drawn - 1000) < 4 * (4000 * 0.25 * 0.75) ** 0.5


def test_a_group_is_never_in_both_parts(tmp_path: Path) -> None:
    path = str(street(tmp_path / "street.wav"))
    one, other = (Label(begin_s=at, end_s=at, file=path, text="gunshot") for at in BANGS_S[:2])
    add(tmp_path / "set", [one], About(source="quarry", licence="CC0", by="R. M.", part="evaluate"))
    assert add(tmp_path / "set", [other], ABOUT)[0].startswith("evaluate/")
    with pytest.raises(InputError, match=r"group 'quarry street' is in evaluate/ already; expected one part"):
        add(tmp_path / "set", [other], About(source="quarry", licence="CC0", by="R. M.", part="train"))


def test_what_is_wrong_with_a_set_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "set"
    (data / "train").mkdir(parents=True)
    (data / "train" / "a.wav").touch()
    rows = [
        ("train/a.wav", "gunshot", "s", "", "g"),
        ("evaluate/b.wav", "other", "s", "CC0", "g"),
        ("c.wav", "x", "s", "l", "h"),
    ]
    with (data / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "class", "source", "licence", "group"), *rows])
    assert set(problems(data, rows_of(data))) == {
        "train/a.wav has no licence",
        "evaluate/b.wav is not there",
        "c.wav is not there",
        "group 'g' is in evaluate and train",
        "c.wav is in neither train/ nor evaluate/",
    }
    assert main(["model", "sets", str(data)]) == 1
    assert "tocsin model: train/a.wav has no licence" in capsys.readouterr().err


def test_bad_labels_are_refused_and_leave_the_set_as_it_was(tmp_path: Path) -> None:
    path = str(street(tmp_path / "street.wav"))
    good = Label(begin_s=1.5, end_s=1.5, file=path, text="gunshot")
    cases = (
        ([Label(begin_s=1.0, end_s=1.0, file=path, text="Gun shot!")], ABOUT, "label 'Gun shot!' is no class"),
        ([Label(begin_s=1.0, end_s=1.0, file=path, text="unknown")], ABOUT, "no label names a class"),
        ([Label(begin_s=99.0, end_s=99.0, file=path, text="other")], ABOUT, "has no second 99"),
        ([good], About(source="q", licence=" ", by="R. M."), "licence is empty"),
    )
    for marks, about, said in cases:
        with pytest.raises(InputError, match=said):
            add(tmp_path / "set", marks, about)
    assert not (tmp_path / "set").exists()
