"""A gallery beside a run: enrolled, replaced, recognized, refused."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.cli import main
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.faces import FACES
from chainrule.tasks.faces.gallery import GALLERY, enroll, identify, read_gallery, threshold_for
from chainrule.tasks.faces.opening import open_faces
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.verification import impostor_scores
from chainrule.training.folder import read_safetensors, safetensors_bytes

SETTINGS = FaceSettings(members=1, features=16, epochs=20, batch_size=16, shift=0, degrees=0, scale=1.0)


def people(folder, names, each=4, seed=0):
    """A folder for each: a pattern of their own, by the name, under noise."""
    random = np.random.default_rng(seed)
    for name in names:
        blocks = np.random.default_rng(list(name.encode())).integers(0, 150, (6, 4))
        pattern = blocks.repeat(3, 0).repeat(4, 1)
        (folder / name).mkdir(parents=True)
        for number in range(each):
            pixels = pattern + random.integers(0, 40, pattern.shape)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
    return str(folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    source = people(folder / "trained", [f"p{number}" for number in range(24)])
    return FACES.train(open_faces(source, None, lambda sentence: None), SETTINGS, progress=False)


@pytest.fixture
def run(trained, tmp_path):
    return trained.save(tmp_path / "run")


def test_who_is_enrolled_is_named_and_others_are_unknown(run, tmp_path):
    told: list[str] = []
    enrolled = enroll(run, people(tmp_path / "a", ["ann", "bob"]), {}, told.append).frame
    assert enrolled.to_numpy().tolist() == [["ann", 4, "added"], ["bob", 4, "added"]]
    assert told == [f"people enrolled in {run / GALLERY}: 2"]
    new = people(tmp_path / "b", ["ann", "bob", "zoe"], each=2, seed=9)
    told.clear()
    found = identify(run, new, {"false_accepts": 0.05}, told.append).frame
    assert found["person"].tolist() == ["ann", "ann", "bob", "bob", "unknown", "unknown"]
    assert set(found["nearest"]) <= {"ann", "bob"}
    assert "by 120 pairs of an image and another person" in told[0]


def test_enrolling_again_replaces_a_person_and_says_so(run, tmp_path):
    told: list[str] = []
    enroll(run, people(tmp_path / "a", ["ann", "bob"]), {}, told.append)
    before = read_gallery(run, FACES.load(run))
    again = enroll(run, people(tmp_path / "b", ["bob", "cem"], each=1, seed=3), {}, told.append).frame
    assert again.to_numpy().tolist() == [["bob", 1, "replaced"], ["cem", 1, "added"]]
    assert "replaced: 'bob'" in told
    after = read_gallery(run, FACES.load(run))
    assert after.people == ("ann",) * 4 + ("bob", "cem")
    assert np.array_equal(after.embeddings[:4], before.embeddings[:4])


def test_a_damaged_gallery_and_an_empty_one_are_named(run, tmp_path):
    with pytest.raises(DataError, match="nobody is enrolled"):
        identify(run, str(tmp_path), {"false_accepts": 0.05}, print)
    (run / GALLERY).write_bytes(b"damaged")
    with pytest.raises(DataError, match="not a whole safetensors file"):
        read_gallery(run, FACES.load(run))
    (run / GALLERY).unlink()
    source = people(tmp_path / "c", ["unknown", "ann"])
    with pytest.raises(DataError, match="nobody can be enrolled as 'unknown'"):
        enroll(run, source, {}, print)


def test_a_gallery_of_another_network_or_of_a_later_format_is_refused(run, trained, tmp_path):
    enroll(run, people(tmp_path / "a", ["ann", "bob"]), {}, print)
    arrays = {name: array * 1.01 for name, array in trained.run.parameters.items()}
    other = replace(trained, run=replace(trained.run, parameters=arrays))
    with pytest.raises(DataError, match="were enrolled with another network; remove it and enroll again"):
        read_gallery(run, other)
    stored, metadata = read_safetensors(run / GALLERY)
    (run / GALLERY).write_bytes(safetensors_bytes(stored, metadata | {"format": "2"}))
    with pytest.raises(DataError, match="has format 2, and this chainrule reads format 1"):
        read_gallery(run, trained)
    (run / GALLERY).write_bytes(safetensors_bytes(stored, metadata | {"people": "[1, 2, 3]"}))
    with pytest.raises(DataError, match="is damaged"):
        read_gallery(run, trained)


def test_a_gallery_is_written_whole_or_not_at_all(run, tmp_path, monkeypatch):
    enroll(run, people(tmp_path / "a", ["ann", "bob"]), {}, print)
    before = (run / GALLERY).read_bytes()

    def cut_off(*given):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", cut_off)
    monkeypatch.setattr(Path, "replace", cut_off)
    with pytest.raises(OSError, match="no space left"):
        enroll(run, people(tmp_path / "b", ["cem"]), {}, print)
    assert (run / GALLERY).read_bytes() == before


def test_the_threshold_lets_through_what_was_asked_for():
    impostors = np.linspace(0.99, 0.0, 100)
    for rate, allowed in ((0.01, 1), (0.05, 5), (0.29, 29), (0.999, 99)):
        assert (impostors > threshold_for(impostors, rate)).sum() == allowed
    with pytest.raises(ConfigError, match=r"can't be told from 100 impostor pairs"):
        threshold_for(impostors, 0.001)
    for wrong in (0, 1, -0.1, "x", True):
        with pytest.raises(ConfigError, match="give a number above 0 and below 1"):
            threshold_for(impostors, wrong)


def test_impostors_are_images_beside_the_means_of_others():
    x = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    found = impostor_scores(x, np.array([0, 0, 1]))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(found, [half * 1.4, 0.8, 0.6], rtol=1e-6)


def test_the_command_line_enrolls_and_identifies(run, tmp_path, capsys):
    source = people(tmp_path / "a", ["ann", "bob"])
    assert main(["faces", "enroll", str(run), source]) == 0
    assert "ann,4,added" in capsys.readouterr().out
    asked = ["faces", "identify", str(run), str(tmp_path / "a" / "ann")]
    assert main([*asked, "--false-accepts", "0.05"]) == 0
    assert capsys.readouterr().out.count(",ann,ann,") == 4
    assert main([*asked, "--false-accepts", "0.001"]) == 2
    assert "give at least 0.0084 (--false-accepts SHARE)" in capsys.readouterr().err
    assert main([*asked, "--json"]) == 0
