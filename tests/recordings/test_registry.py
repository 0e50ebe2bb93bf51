"""Models that were trained are kept, measured beside the one in use, and only then put in its place."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from acoustic.classify import Model
from acoustic.errors import InputError
from arrays.running import read_model
from recordings import models, registry
from recordings.method import Settings
from recordings.scoring.card import score
from recordings.simulation import RATE_HZ, impulse
from recordings.training import to_bytes
from tocsin import main

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set: one group to train on, three shots and three slams to evaluate."""
    folder = tmp_path_factory.mktemp("registry") / "set"
    rows = [("train/a.wav", "gunshot", "range", "CC0", "range 1")]
    for part, kind, count in (("train", "gunshot", 1), ("evaluate", "gunshot", 3), ("evaluate", "slam", 3)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for n in range(count):
            sound = impulse(kind, 70 + n)
            path = "train/a.wav" if part == "train" else f"evaluate/{kind}{n}.wav"
            soundfile.write(folder / path, 0.5 * sound / np.abs(sound).max(), round(RATE_HZ))
            if part == "evaluate":
                rows.append((path, "gunshot" if kind == "gunshot" else "door", "yard", "CC0", f"{kind} {n}"))
    with (folder / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "class", "source", "licence", "group"), *rows])
    return folder


def trained(path: Path, temperature: float) -> Path:
    """A model file: the shipped one, less or more sure of itself."""
    path.write_bytes(to_bytes(replace(Model.from_bytes(models.default()), temperature=temperature)))
    return path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Told:
    """Runs `tocsin model VERB …` on a registry of its own: exit code, what it printed, what it complained of."""

    def run(verb: str, *arguments: str | Path) -> tuple[int, str, str]:
        code = main(["model", verb, *map(str, arguments), "--models", str(tmp_path / "models")])
        return code, *capsys.readouterr()

    return run


def test_a_model_is_put_in_use_only_after_it_was_measured_beside_the_one_it_replaces(
    told: Told, data: Path, tmp_path: Path
) -> None:
    one, two = trained(tmp_path / "one.npz", 2.5), trained(tmp_path / "two.npz", 0.7)
    digests = {path: read_model(str(path)).digest for path in (one, two)}
    for path, name in ((one, "calm"), (two, "sure")):
        code, out, _ = told("register", path, "--data", data, "--name", name, "--by", "R. M.")
        assert (code, out) == (0, f"{digests[path][:12]}  {name}: trained on 1 groups of 1 sources\n")
    live = tmp_path / "live.npz"
    code, _, complaint = told("activate", digests[one], live, "--by", "R. M.")
    shipped = Model.from_bytes(models.default()).digest
    assert code == 2
    assert (
        f"was not measured beside the one in use, {shipped[:12]}; expected `tocsin model evaluate` first" in complaint
    )
    assert not live.exists()

    for digest in digests.values():
        code, out, _ = told("evaluate", digest[:8], "--set", data / "manifest.csv")
        assert code == 0
        assert f"6 clips, 3 of them shots; in use is {shipped[:12]}" in out
        assert "recall at 1% false: +0.0 points (+0.0 to +0.0)" in out, "a temperature changes no order"
    assert told("activate", digests[one], live, "--by", "R. M.")[0] == 0
    assert read_model(str(live)).digest == digests[one], "a node reads it"
    assert live.stat().st_mode & 0o444 == 0o444

    code, _, complaint = told("activate", digests[two], live, "--by", "R. M.")
    assert code == 2, "it was measured beside the shipped one, which is in use here no more"
    assert f"beside the one in use, {digests[one][:12]}" in complaint
    assert told("evaluate", digests[two], "--set", data / "manifest.csv", "--against", live)[0] == 0
    assert told("activate", digests[two], live, "--by", "R. M.")[0] == 0
    assert (
        told("activate", digests[two], live, "--by", "R. M.")[2]
        == f"tocsin model: model {digests[two][:12]} is in {live} already\n"
    )
    rows = told("list")[1].splitlines()
    assert [row.split()[:2] for row in rows[1:]] == [[digests[one][:12], "calm"], [digests[two][:12], "sure"]]
    entry = registry.find(tmp_path / "models", digests[two])
    assert [(a.instead_of, a.by) for a in entry.activations] == [(digests[one], "R. M.")]
    assert [(s.name, s.licence, s.clips) for s in entry.sources] == [("range", "CC0", 1)]


def test_the_figures_are_those_of_the_scorecard(told: Told, data: Path, tmp_path: Path) -> None:
    """Of a model beside itself nothing is gained, and each figure is what `tocsin score` gives for it."""
    path = trained(tmp_path / "one.npz", 2.5)
    told("register", path, "--data", data, "--name", "calm", "--by", "R. M.")
    told("evaluate", "", "--set", data / "manifest.csv", "--against", path)
    (entry,) = registry.entries(tmp_path / "models")
    (made,) = entry.evaluations
    card = score([data / "manifest.csv"], read_model(str(path)), Settings(), "evaluate/").classes
    assert made.figures == made.theirs
    assert (made.figures.auc, made.figures.calibration_error) == (card["auc"], card["calibration_error"])
    assert made.figures.recall_at_1pct == card["shots_by_source"]["yard"]["recall_at_1pct"]
    assert made.against == entry.digest
    assert all(v == [0.0, 0.0, 0.0] for v in made.gained.values())


def test_a_model_is_not_measured_on_what_it_was_trained_on(told: Told, data: Path, tmp_path: Path) -> None:
    told("register", trained(tmp_path / "one.npz", 2.5), "--data", data, "--name", "calm", "--by", "R. M.")
    code, _, complaint = told("evaluate", "", "--set", data / "manifest.csv", "--part", "")
    assert code == 2
    assert "has clips of 1 groups that" in complaint
    assert "'range 1' among them" in complaint


def test_bad_input_is_one_sentence(told: Told, data: Path, tmp_path: Path) -> None:
    (tmp_path / "no.npz").write_text("no model")
    code, _, complaint = told("register", tmp_path / "no.npz", "--data", data, "--name", "x", "--by", "R. M.")
    assert code == 2
    assert str(tmp_path / "no.npz") in complaint
    assert "is no folder; expected one that `tocsin model register` made" in told("list")[2]
    one = trained(tmp_path / "one.npz", 2.5)
    assert told("register", one, "--data", data, "--name", "x", "--by", "R. M.")[0] == 0
    assert "is registered already, as 'x'" in told("register", one, "--data", data, "--name", "y", "--by", "R. M.")[2]
    assert (
        "0 models have digests that begin with 'ffffff'" in told("activate", "ffffff", tmp_path / "f", "--by", "R")[2]
    )
    (entry,) = (tmp_path / "models").glob("*.json")
    entry.write_text("{}")
    with pytest.raises(InputError, match="is not what `tocsin model register` writes"):
        registry.entries(tmp_path / "models")
