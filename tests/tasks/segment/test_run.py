"""Masks: learned from pairs, evaluated against hand counts, stored, predicted and told apart."""

import numpy as np
import pytest
from PIL import Image

from chainrule.data.images import read_mask
from chainrule.errors import ConfigError, DataError
from chainrule.tasks import TASKS
from chainrule.tasks.segment.evaluate import confusion, mean_iou
from chainrule.tasks.segment.objects import objects_of
from chainrule.tasks.segment.palette import png_of
from chainrule.tasks.segment.settings import SegmentSettings

SEGMENT = TASKS["segment"]
QUICK = SegmentSettings(epochs=12, batch_size=4, colour=0.0, scale=1.0, network="small")


def squares(folder, count=30, size=(20, 24)):
    """Bright squares on dark noise, with their masks; the last three masks have a band of void."""
    random = np.random.default_rng(0)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        pixels, mask = random.integers(0, 60, size), np.zeros(size, np.uint8)
        top, left = random.integers(1, 12, 2)
        mask[top : top + 7, left : left + 7] = 1
        pixels += 150 * mask
        if number >= count - 3:
            mask[:2] = 255
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{number:02}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{number:02}.png")
    return str(folder)


def opened(source, settings=QUICK):
    return SEGMENT.open(source, None, settings, lambda sentence: None)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return squares(tmp_path_factory.mktemp("squares") / "made")


@pytest.fixture(scope="module")
def run(source):
    return SEGMENT.train(opened(source), QUICK, progress=False)


def test_it_learns_and_says_by_how_much(run):
    figures = run.evaluation
    assert figures["metrics"]["mean_iou"] > 0.8
    assert figures["metrics"]["mean_iou"] > figures["baseline"]["mean_iou"] + 0.3
    assert set(figures["iou"]) == {"0", "1"}
    counts = np.array(figures["confusion"])
    inside, true, said = np.diag(counts), counts.sum(1), counts.sum(0)
    assert figures["metrics"]["mean_iou"] == pytest.approx((inside / (true + said - inside)).mean())
    assert figures["metrics"]["pixel_accuracy"] == pytest.approx(inside.sum() / counts.sum())


def test_a_stored_run_says_the_same_and_draws_masks(run, source, tmp_path):
    stored = SEGMENT.load(run.save(tmp_path / "run"))
    said = [SEGMENT.predict(each, f"{source}/images", lambda sentence: None) for each in (run, stored)]
    assert said[0].frame.equals(said[1].frame)
    assert said[1].draw is not None
    assert said[1].draw(tmp_path / "drawn") == 30
    mask = read_mask(tmp_path / "drawn" / "04.png")
    truth = read_mask(f"{source}/masks/04.png")
    assert mask.shape == truth.shape
    assert (mask == truth).mean() > 0.9
    share = said[1].frame.set_index(said[1].frame["image"].str[-6:])["share_1"]["04.png"]
    assert share == pytest.approx((mask == 1).mean())


def test_images_of_other_sizes_are_predicted_at_their_own(run, tmp_path):
    Image.fromarray(np.zeros((33, 17), np.uint8)).save(tmp_path / "odd.png")
    answer = SEGMENT.predict(run, str(tmp_path / "odd.png"), lambda sentence: None)
    assert answer.draw is not None
    answer.draw(tmp_path / "drawn")
    assert read_mask(tmp_path / "drawn" / "odd.png").shape == (33, 17)


def test_void_counts_nowhere():
    true = np.array([[0, 0, 1], [1, 255, 255]])
    said = np.array([[0, 1, 1], [1, 0, 1]])
    assert confusion(true, said, 2).tolist() == [[1, 1], [0, 2]]
    # class 0: 1 of 2; class 1: 2 of 3
    assert mean_iou(true, said) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_a_class_that_the_targets_do_not_show_is_not_in_the_mean():
    assert mean_iou(np.array([0, 0, 0]), np.array([0, 0, 2])) == pytest.approx(2 / 3)


def test_touching_discs_are_told_apart():
    pytest.importorskip("skimage")
    rows, columns = np.mgrid[:40, :60]
    mask = ((rows - 20) ** 2 + (columns - 20) ** 2 <= 100) | ((rows - 20) ** 2 + (columns - 38) ** 2 <= 100)
    objects = objects_of(mask.astype(np.uint8))
    assert objects.max() == 2
    assert objects[20, 20] != objects[20, 38]
    assert ((objects > 0) == mask).all()
    assert objects_of(np.zeros((5, 5), np.uint8)).max() == 0


def test_a_drawn_mask_has_the_numbers_of_training(tmp_path):
    places = np.array([[0, 1], [2, 1]], np.uint8)
    (tmp_path / "mask.png").write_bytes(png_of(places, (0, 7, 200)))
    assert read_mask(tmp_path / "mask.png").tolist() == [[0, 7], [200, 7]]


def test_another_target_and_a_folder_without_masks_are_refused(source, tmp_path):
    with pytest.raises(ConfigError, match="masks are predicted, not 'kind'"):
        SEGMENT.open(source, "kind", QUICK, lambda sentence: None)
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match="holds no folders of images and masks"):
        opened(str(tmp_path))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("void", 256), ("size", 4), ("scale", 0.5), ("network", "huge"), ("dice", -1.0), ("views", "all")],
)
def test_settings_out_of_range_are_refused(setting, value):
    with pytest.raises(ConfigError, match=setting):
        SegmentSettings(**{setting: value})


def test_minutes_are_settled_once(source):
    settings = SEGMENT.settle(
        opened(source), SegmentSettings(minutes=0.2, batch_size=4), lambda sentence: None
    )
    assert isinstance(settings.epochs, int)
    assert SEGMENT.settle(opened(source), settings, lambda sentence: None) == settings
