"""Runs of the tasks on images: what is missing in their folders is said, and trials need validation."""

import shutil

import numpy as np
import pytest

from chainrule.data.images import open_images
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.faces.stored import FOLDER as FACES
from chainrule.tasks.faces.stored import FaceRun, impostors_of
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.run import TRAINER
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.space import SEARCH
from chainrule.tasks.image.stored import FOLDER
from chainrule.tasks.images_runs import ClassShape, class_shape


def subject():
    pixels = np.random.default_rng(0).integers(0, 255, (20, 8, 8, 1)).astype(np.uint8)
    return ImageSet(open_images((pixels, np.arange(20) % 2)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    run = TRAINER.train(subject(), ImageSettings(epochs=1), progress=False)
    return run.save(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("file", ["images.json", "config.toml", "evaluation.json"])
def test_a_file_that_is_missing_is_named(folder, tmp_path, file):
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / file).unlink()
    with pytest.raises(DataError, match=file):
        FOLDER.load(tmp_path / "run")


def test_the_run_of_another_task_is_refused(folder):
    with pytest.raises(
        DataError, match=r"is a folder of the kind 'image'.*give the folder of a run on faces"
    ):
        FACES.load(folder)


@pytest.mark.parametrize("plain", [{}, {"size": 8}, {"size": [8], "channels": 1, "classes": []}])
def test_a_shape_is_whole(plain):
    with pytest.raises((KeyError, TypeError, ValueError)):
        class_shape(plain)
    assert class_shape({"size": [8, 9], "channels": 1, "classes": [1]}) == ClassShape((8, 9), 1, ("1",))


def test_scores_of_impostors_are_there_or_missed():
    def with_arrays(arrays):
        return FaceRun(FACES, None, None, None, "", "", {}, {}, arrays)  # type: ignore[arg-type] (not read)

    scores = np.array([0.5, 0.1], np.float32)
    assert impostors_of(with_arrays({"scores": scores})) is scores
    for wrong in ({}, {"scores": scores[None]}):
        with pytest.raises(DataError, match="it holds no scores"):
            impostors_of(with_arrays(wrong))


def test_trials_are_compared_on_validation_images():
    with pytest.raises(ConfigError, match="there are no validation examples"):
        SEARCH.prepare(subject(), ImageSettings(validation=0.0))
    trials = SEARCH.prepare(subject(), ImageSettings())
    assert trials.found[-1].startswith("2 classes; ")
    assert SEARCH.most_epochs(ImageSettings()) == 100
    assert SEARCH.most_epochs(ImageSettings(epochs=3)) == 3
