"""Training: the same model for the same seed, from the training rows and nothing else."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from acoustic.classify import KERNELS, LABELS, Model, convolved
from acoustic.errors import InputError
from acoustic.features import FEATURES, PICTURE_BANDS, PICTURE_FRAMES, SAMPLES, pictures
from recordings.augmentation import augmented
from recordings.networks import CHANNELS, dense_in_torch, exported, in_torch, plain, scaled, together
from recordings.simulation import KINDS, LABEL_OF, SECONDS, impulse
from recordings.simulation import RATE_HZ as SIMULATED_HZ
from recordings.training import Recipe, examples, to_bytes, train

TINY = Recipe(draws=240, simulated=14, dense=1, convolutional=1, seed=3)
CLIPS = (("gunshot", "gunshot"), ("firework", "firecracker"), ("door", "slam"))


def folder(where: Path) -> Path:
    """A training folder of nine clips, and an evaluation row whose file is no sound."""
    (where / "train").mkdir(parents=True)
    (where / "evaluate").mkdir()
    (where / "evaluate" / "secret.wav").write_text("whoever opens this file, fails")
    rows = [("evaluate/secret.wav", "gunshot", "held", "held")]
    for name, kind in CLIPS:
        for n in range(3):
            sound = impulse(kind, 50 + n)
            path = f"train/{name}{n}.wav"
            soundfile.write(where / path, 0.5 * sound / np.abs(sound).max(), round(SIMULATED_HZ))
            rows.append((path, name, f"source {n}", f"{name} {n}"))
    with (where / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "class", "source", "group"))
        writer.writerows(rows)
    return where


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("training") / "data")


def test_the_same_seed_gives_the_same_bytes_and_they_are_a_model(data: Path) -> None:
    one = train(data, TINY)
    assert hashlib.sha256(train(data, TINY)).hexdigest() == hashlib.sha256(one).hexdigest()
    model = Model.from_bytes(one)
    odds = model.probabilities(np.random.default_rng(1).standard_normal((3, SAMPLES)))
    assert odds.shape == (3, len(LABELS))
    assert model.temperature > 0


def test_only_rows_under_train_are_read(data: Path) -> None:
    pool = examples(data, Recipe(simulated=0))
    assert {e.source for e in pool} == {"source 0", "source 1", "source 2"}
    assert {LABELS[e.label] for e in pool if e.group.startswith("door")} <= {"other"}
    assert {LABELS[e.label] for e in pool if e.group.startswith("gunshot")} == {"gunshot"}


def test_groups_and_sources_may_be_left_out(data: Path) -> None:
    pool = examples(data, Recipe(simulated=0, leave_out=("source 1", "gunshot 0")))
    assert "source 1" not in {e.source for e in pool}
    assert "gunshot 0" not in {e.group for e in pool}
    assert pool


def test_a_folder_without_a_list_and_a_bad_clip_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.csv is missing; expected a list of labelled clips"):
        train(tmp_path, TINY)
    bad = folder(tmp_path / "data")
    (bad / "train" / "door1.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"door1\.wav: not a sound file"):
        examples(bad, Recipe(simulated=0))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", r"manifest\.csv has no column path"),
        ("path,class,source\ntrain/a.wav,door,x\n", r"manifest\.csv has no column group"),
        ("path,class,source,group\ntrain/a.wav,door\n", r"manifest\.csv, line 2"),
    ],
)
def test_a_list_that_lacks_something_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "manifest.csv").write_text(content)
    with pytest.raises(InputError, match=words):
        examples(tmp_path, Recipe(simulated=0))


def test_sounds_that_lack_a_class_are_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,class,source,group\n")
    with pytest.raises(InputError, match="the sounds hold none of class firework; expected some of each of gunshot"):
        train(tmp_path, Recipe(simulated=0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_simulated_sound_is_the_same_for_the_same_seed(kind: str) -> None:
    one = impulse(kind, 7)
    assert one.shape == (round(SECONDS * SIMULATED_HZ),)
    assert np.isfinite(one).all()
    assert np.array_equal(one, impulse(kind, 7))
    assert not np.array_equal(one, impulse(kind, 8))
    assert LABEL_OF[kind] in LABELS


def test_augmentation_is_seeded_leaves_its_sound_alone_and_never_breaks_it() -> None:
    sound = np.random.default_rng(1).standard_normal(12_000)
    before = sound.copy()
    for seed in range(60):
        one = augmented(sound, np.random.default_rng(seed))
        assert one.shape == (SAMPLES,)
        assert np.isfinite(one).all()
        assert np.array_equal(one, augmented(sound, np.random.default_rng(seed)))
    assert np.array_equal(sound, before)
    assert np.isfinite(augmented(np.zeros(12_000), np.random.default_rng(1))).all()


def test_what_torch_learned_is_what_numpy_computes() -> None:
    import torch

    torch.manual_seed(1)
    net = in_torch()
    net(torch.randn(32, PICTURE_BANDS, PICTURE_FRAMES))  # its norms see something
    net.eval()
    seen = pictures(np.random.default_rng(2).standard_normal((70, SAMPLES)))
    with torch.no_grad():
        theirs = net(torch.from_numpy(seen)).numpy()
    both = convolved(seen, together([exported(net), exported(in_torch().eval())]))
    np.testing.assert_allclose(both[0], theirs, atol=1e-4)
    assert not np.allclose(both[1], theirs, atol=1e-2)


def test_what_a_dense_network_in_torch_says_is_what_the_model_says() -> None:
    import torch

    torch.manual_seed(2)
    net, draw = dense_in_torch().eval(), np.random.default_rng(3)
    rows = draw.normal(-20.0, 10.0, (9, FEATURES)).astype(np.float32)
    mean = draw.normal(-20.0, 3.0, FEATURES).astype(np.float32)
    scale = draw.uniform(0.5, 20.0, FEATURES).astype(np.float32)
    model = Model(mean, scale, scaled(plain(net), mean, scale), (), 1.0, "")
    with torch.no_grad():
        theirs = net(torch.from_numpy((rows - mean) / scale)).softmax(1).numpy()
    ours = model.decided(model.scores(rows, np.zeros((9, PICTURE_BANDS, PICTURE_FRAMES), np.float32)))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_bytes_of_a_model_are_its_arrays() -> None:
    mean = np.random.default_rng(1).standard_normal(FEATURES).astype(np.float32)
    dense, by_sight = plain(dense_in_torch()), exported(in_torch())
    model = Model(mean, np.ones(FEATURES, np.float32), dense, together([by_sight, by_sight]), 1.5, "")
    data = to_bytes(model)
    assert data == to_bytes(model)
    read = Model.from_bytes(data)
    assert np.array_equal(read.mean, mean)
    assert np.array_equal(read.networks[0][0], model.networks[0][0])
    assert read.networks[0][0].shape == (2, KERNELS[0] * PICTURE_BANDS, CHANNELS[0])
    assert np.array_equal(read.dense[2][1], dense[2][1])
    assert read.temperature == 1.5
