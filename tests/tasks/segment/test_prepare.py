"""Pairs made ready and trained on: parts, budget, transfer, rare and absent classes, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data.images import read_mask
from chainrule.errors import DataError
from chainrule.tasks import minutes
from chainrule.tasks.segment import SEGMENT
from chainrule.tasks.segment.answers import predict
from chainrule.tasks.segment.evaluate import confusion, mean_iou
from chainrule.tasks.segment.objective import VOID
from chainrule.tasks.segment.opening import MaskSet, open_mask_set, takes
from chainrule.tasks.segment.prepare import prepare_masks
from chainrule.tasks.segment.recipe import class_weights
from chainrule.tasks.segment.run import TRAINER
from chainrule.tasks.segment.sections import sections_of
from chainrule.tasks.segment.settings import SegmentSettings

QUICK = SegmentSettings(
    network="small", epochs=20, batch_size=4, learning_rate=0.01, shift=0, scale=1.0, colour=0.0
)


def write_pairs(folder: Path, count: int = 20, seed: int = 0) -> Path:
    """Bright squares on noise, whose masks say 7, on 3; a corner is 9."""
    random = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels, mask = random.integers(0, 90, (22, 28)), np.full((22, 28), 3, np.uint8)
        top, left = random.integers(0, (12, 18))
        mask[top : top + 9, left : left + 9] = 7
        pixels[mask == 7] += 130
        mask[0, :3] = 9
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{number}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.txt").write_text("3 ground\n7 square\n9 void\n")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("masks") / "made")


@pytest.fixture(scope="module")
def subject(folder: Path) -> MaskSet:
    return open_mask_set(str(folder), None, QUICK)


@pytest.fixture(scope="module")
def run(subject: MaskSet):
    return TRAINER.train(subject, QUICK, progress=False)


def test_figures_are_those_of_scikit_learn():
    from sklearn.metrics import confusion_matrix, jaccard_score

    random = np.random.default_rng(0)
    true, said = random.integers(0, 4, (2, 6, 7)).astype(np.uint8), random.integers(0, 3, (2, 6, 7))
    true[true == 3] = VOID
    counted = true != VOID
    expected = confusion_matrix(true[counted], said[counted])
    assert np.array_equal(confusion(true, said, 3), expected)
    assert mean_iou(true, said) == pytest.approx(jaccard_score(true[counted], said[counted], average="macro"))


def test_masks_are_drawn_at_the_size_of_the_image_with_the_numbers_of_training(run, tmp_path):
    """The same scene twice as large, in a folder of its own."""
    write_pairs(tmp_path / "new", 1, seed=5)
    scene = np.asarray(Image.open(tmp_path / "new/images/0.png"))
    (tmp_path / "seen/large").mkdir(parents=True)
    Image.fromarray(scene).save(tmp_path / "seen/0.png")
    Image.fromarray(np.kron(scene, np.ones((2, 2), np.uint8))).save(tmp_path / "seen/large/0.png")
    answer = predict(run, str(tmp_path / "seen"), print)
    assert list(answer.frame.columns) == ["image", "share_ground", "share_square", "objects"]
    assert answer.frame["objects"].tolist() == [1, 1]
    np.testing.assert_allclose(answer.frame[["share_ground", "share_square"]].sum(axis=1), 1)
    assert answer.draw is not None
    assert answer.draw(tmp_path / "drawn") == 2
    drawn = read_mask(tmp_path / "drawn/0.png")
    true = read_mask(tmp_path / "new/masks/0.png")
    assert drawn.shape == (22, 28)
    assert set(np.unique(drawn)) == {3, 7}
    assert (drawn == true).mean() > 0.9
    assert read_mask(tmp_path / "drawn/large/0.png").shape == (44, 56)
    with Image.open(tmp_path / "drawn/0.png") as picture:
        assert picture.mode == "P"


def test_what_is_said_of_an_image_does_not_hang_on_those_beside_it(run, folder):
    together = predict(run, str(folder / "images"), print).frame
    alone = predict(run, str(folder / "images" / "3.png"), print).frame
    row = together[together["image"].str.endswith("/3.png")]
    assert np.array_equal(row.to_numpy()[0, 1:], alone.to_numpy()[0, 1:])


def test_given_parts_are_used_as_they_are(tmp_path):
    for seed, part in enumerate(("train", "val", "test")):
        write_pairs(tmp_path / part, 3, seed)
    assert takes(str(tmp_path))
    rows = prepare_masks(open_mask_set(str(tmp_path), None, QUICK), QUICK).rows
    assert {part: len(each) for part, each in rows.items()} == {"train": 3, "validation": 3, "test": 3}


def test_minutes_become_epochs_and_a_network_once(subject, monkeypatch):
    def settled(settings):
        seconds = iter((3.0, 1.0, 0.25))  # of a step of the large, the medium and the small network
        monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: next(seconds))
        return SEGMENT.settle(subject, settings, said.append)

    said: list[str] = []
    asked = SegmentSettings(minutes=1.0, batch_size=14)
    chosen = settled(asked)
    # 55.2 s: of the medium network 52 epochs of a step and 1/21 fit, after twice 4 images at a third.
    assert (chosen.network, chosen.epochs) == ("medium", 52)
    assert "the medium network for 52 epochs" in said[0]
    assert settled(replace(asked, minutes=10.0)).network == "large"
    assert settled(replace(asked, minutes=0.3)).network == "small"
    assert settled(chosen) is chosen
    assert len(said) == 3


def test_another_run_is_started_from(run, subject, tmp_path):
    stored = run.save(tmp_path / "run")
    settings = replace(QUICK, network="auto", from_run=str(stored), epochs=1, learning_rate=1e-9)
    further = TRAINER.train(subject, settings, progress=False)
    differ = {
        name
        for name, array in further.run.parameters.items()
        if "batch_norm" not in name and not np.allclose(array, run.run.parameters[name], atol=1e-4)
    }
    last = {name.rpartition(".")[0] for name, array in run.run.parameters.items() if array.shape[-1] == 2}
    assert {name.rpartition(".")[0] for name in differ} == last


def test_rare_classes_weigh_more_and_a_pixel_one_on_average():
    weights = class_weights(np.array([0.81, 0.09, 0.1, 0.0]), 0.5)
    assert weights is not None
    assert weights[1] / weights[0] == pytest.approx(3)
    assert weights[3] == weights[1]
    assert np.dot(weights, [0.81, 0.09, 0.1, 0.0]) == pytest.approx(1)
    assert class_weights(np.array([0.5, 0.5]), 0.0) is None


def test_a_class_that_nothing_held_out_shows_has_no_figure(tmp_path):
    for seed, part in enumerate(("train", "test")):
        write_pairs(tmp_path / part, 4, seed)
    mask = tmp_path / "train/masks/0.png"
    Image.fromarray(np.where(read_mask(mask) == 7, 5, 3).astype(np.uint8)).save(mask)
    settings = replace(QUICK, epochs=1, validation=0.0, void=9, learning_rate=1e-9)
    found = TRAINER.train(open_mask_set(str(tmp_path), None, settings), settings, progress=False)
    said = np.array(found.evaluation["confusion"])[:, 1].sum()
    assert (found.evaluation["iou"]["5"] is None) == (said == 0)
    shown = [figure for figure in found.evaluation["iou"].values() if figure is not None]
    assert np.isfinite(shown).all()
    assert np.isfinite(found.evaluation["metrics"]["mean_iou"])
    assert ("not held out" in "".join(sections_of(found.evaluation, found.pictures))) == (said == 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (replace(QUICK, test=0.9, validation=0.0), "a single image to train on"),
        (replace(QUICK, seed=8), "all pixels of the training masks are void"),
        (replace(QUICK, seed=0), "all pixels of the held-out masks are void"),
    ],
)
def test_what_can_not_be_trained_on_is_refused(tmp_path, settings, message):
    write_pairs(tmp_path / "made", 6)
    for mask in sorted((tmp_path / "made/masks").iterdir())[1:]:
        Image.fromarray(np.full((22, 28), 9, np.uint8)).save(mask)
    with pytest.raises(DataError, match=message):
        TRAINER.train(open_mask_set(str(tmp_path / "made"), None, settings), settings, progress=False)
