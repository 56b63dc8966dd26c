"""Images from folders and arrays to a run: splits, transfer, budget, views, what the report shows."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.data.images import open_images
from chainrule.errors import ConfigError, DataError
from chainrule.nn import Frozen
from chainrule.tasks import minutes
from chainrule.tasks.image import IMAGE
from chainrule.tasks.image.answers import views_of
from chainrule.tasks.image.opening import ImageSet, takes
from chainrule.tasks.image.prepare import prepare_images
from chainrule.tasks.image.run import TRAINER
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.views import _views, probabilities
from chainrule.tasks.images_shown import PICTURES

QUICK = ImageSettings(epochs=3, batch_size=16, shift=0, degrees=0, scale=1.0)


def pictures(count: int = 60, classes: int = 2, channels: int = 1, seed: int = 0) -> ImageSet:
    """Bright and dark noise."""
    random = np.random.default_rng(seed)
    y = np.arange(count) % classes
    levels = (60 * y).reshape(-1, 1, 1, 1)
    x = (random.integers(0, 80, (count, 9, 8, channels)) + levels).astype(np.uint8)
    return ImageSet(open_images((x, y)))


@pytest.fixture(scope="module")
def run():
    return TRAINER.train(pictures(), QUICK, progress=False)


def test_it_learns_and_says_by_how_much(run):
    assert run.evaluation["metrics"]["accuracy"] > run.evaluation["baseline"]["accuracy"] + 0.3
    assert run.evaluation["rows"] == {"train": 42, "validation": 6, "test": 12}
    assert set(run.evaluation["recall"]) == {"0", "1"}
    assert len(run.evaluation["mistakes"]) == round(12 * (1 - run.evaluation["metrics"]["accuracy"]))


def test_a_stored_run_says_the_same_to_the_bit(run, tmp_path):
    stored = IMAGE.load(run.save(tmp_path / "run"))
    images, rows = pictures(seed=1).images, np.arange(60)
    before, after = (probabilities(r.run, r.shape, images, rows, views_of(r)) for r in (run, stored))
    assert np.array_equal(before, after)
    alone = probabilities(run.run, run.shape, images, rows[7:8], views_of(run))
    assert np.array_equal(alone[0], before[7])
    for name, array in stored.pictures.items():
        assert np.array_equal(array, run.pictures[name])
    (tmp_path / "run" / PICTURES).unlink()
    assert IMAGE.load(tmp_path / "run").pictures == {}
    (tmp_path / "run" / "images.json").write_text("{}")
    with pytest.raises(DataError, match=r"images\.json is damaged"):
        IMAGE.load(tmp_path / "run")


def test_given_parts_are_used_as_they_are():
    images = pictures().images
    parts = np.array(["train"] * 40 + ["test"] * 20, "U10")
    prepared = prepare_images(ImageSet(replace(images, parts=parts)), ImageSettings(validation=0.25))
    assert prepared.rows["test"].tolist() == list(range(40, 60))
    assert len(prepared.rows["validation"]) == 10
    every = np.sort(np.concatenate([*prepared.rows.values()]))
    assert every.tolist() == list(range(60))
    assert np.bincount(prepared.truth("train")).tolist() == [15, 15]  # as many of each class
    without = prepare_images(ImageSet(replace(images, parts=parts)), ImageSettings(validation=0.0))
    assert without.validation is None
    assert len(without.rows["train"]) == 40


def test_images_of_several_sizes_become_one():
    images = pictures().images
    mixed = replace(images, sizes=np.array([[90, 200], [70, 80]], np.int32).repeat(30, 0))
    assert prepare_images(ImageSet(mixed), ImageSettings()).shape.size == (64, 64)
    assert prepare_images(ImageSet(mixed), ImageSettings(size=20)).shape.size == (20, 20)
    assert prepare_images(pictures(), ImageSettings()).shape.size == (9, 8)


@pytest.mark.parametrize("freeze", [True, False])
def test_another_run_is_started_from(run, tmp_path, freeze):
    folder = run.save(tmp_path / "run")
    settings = replace(QUICK, from_run=str(folder), freeze=freeze, epochs=1)
    prepared = prepare_images(pictures(classes=3), settings)
    further = TRAINER.train(pictures(classes=3), settings, progress=False)
    assert further.shape.classes == ("0", "1", "2")
    same = {
        name: np.array_equal(array, run.run.parameters[name])
        for name, array in further.run.parameters.items()
        if not name.startswith("dense_")
    }
    assert all(same.values()) == freeze
    assert further.run.parameters["dense_1.weight"].shape[1] == 3
    layers = prepared.recipe(settings).model.layers  # type: ignore[attr-defined]
    assert any(isinstance(layer, Frozen) for layer in layers) == freeze
    again = IMAGE.load(further.save(tmp_path / "further"))
    assert again.config() == further.config()


def settled(monkeypatch, settings, said):
    """A step of the large network is said to take 3 s, of the medium one 1 s, of the small one 0.25 s."""
    seconds = iter((3.0, 1.0, 0.25))
    monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: next(seconds))
    return IMAGE.settle(pictures(), settings, said.append)


def test_minutes_become_epochs_and_a_network_once(monkeypatch):
    said: list[str] = []
    settings = ImageSettings(minutes=1.0, batch_size=42)
    chosen = settled(monkeypatch, settings, said)
    # 55.2 s: of the large network 17 epochs of a step and 1/21 fit, after twice 12 images at a third.
    assert (chosen.network, chosen.epochs) == ("large", 17)
    assert said == ["1 minutes: the large network for 17 epochs (a step of 42 images took 3 s)"]
    assert settled(monkeypatch, replace(settings, minutes=0.5), said).network == "medium"
    assert settled(monkeypatch, replace(settings, minutes=0.01), said).epochs == 1
    assert settled(monkeypatch, chosen, said) is chosen
    assert len(said) == 3
    # A given network is timed alone, and its epochs have a limit.
    assert settled(monkeypatch, replace(settings, network="medium", minutes=60.0), said).epochs == 100
    assert said[-1] == "60 minutes: 100 epochs (a step of 42 images took 3 s)"


def test_views_are_those_of_the_paper():
    x = np.arange(2 * 3 * 3).reshape(2, 3, 3, 1).astype(np.uint8)
    shares = {"one": [1], "mirrored": [0.5, 0.5], "all": [0.25, 0.25, *[0.125] * 4]}
    for name, expected in shares.items():
        views = _views(x, name)
        assert [share for share, _ in views] == expected
        assert np.array_equal(views[0][1], x)
    assert np.array_equal(_views(x, "mirrored")[1][1], x[:, :, ::-1])
    assert np.array_equal(_views(x, "shifted")[1][1][:, 1:, 1:], x[:, :-1, :-1])


def test_what_is_shown_is_small_and_whole(run):
    shown = run.pictures
    assert shown["shown"].shape == (2, 9, 8, 1)
    assert shown["saliency"].shape == shown["attention"].shape == (2, 9, 8, 1)
    assert shown["saliency"].max((1, 2, 3)).tolist() == [255, 255]
    assert shown["augmented"].shape == (36, 9, 8, 1)
    assert shown["points"].shape == (12, 2)
    assert shown["filters"].shape == (4, 2, 2, 1)


def test_without_changes_training_shows_images_as_they_are(run):
    seen = run.pictures["augmented"].reshape(6, 6, 9, 8, 1)
    assert np.abs(seen.astype(int) - seen[:, :1].astype(int)).max() <= 1  # of rounding


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"freeze": True}, "freeze is for a network from another run"),
        ({"from_run": "x", "network": "large"}, "network and size are those of the run"),
        ({"test": 0.6, "validation": 0.5}, "leave nothing to train on"),
        ({"flip": "sideways"}, "flip is 'sideways'"),
        ({"minutes": 0.0}, "minutes is 0.0"),
        ({"size": 3}, "size is 3"),
        ({"seed": 2**32}, "seed is"),
    ],
)
def test_bad_settings_are_refused(wrong, told):
    with pytest.raises(ConfigError, match=told):
        ImageSettings(**wrong)


def test_a_folder_and_a_named_set_are_images_and_a_table_is_not(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    assert takes(str(tmp_path))
    assert takes("mnist")
    assert not takes(str(tmp_path / "t.csv"))
    assert not takes("digits")
