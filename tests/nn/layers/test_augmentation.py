"""Augmentation: what is drawn, what is kept, and that prediction leaves pictures as they are."""

from dataclasses import replace

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, drawn

from chainrule.errors import ShapeError
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    AlternatingFlip,
    AutoContrast,
    ColorJitter,
    Cutout,
    Posterize,
    RandomAffine,
    RandomBlur,
    RandomCrop,
    RandomElastic,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPerspective,
    RandomSharpness,
    Solarize,
    building,
)
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace

RANDOM = np.random.default_rng(5)
LAYERS = [
    RandomAffine(shift=2, degrees=30, scale=(0.7, 1.4), flip="both"),
    RandomAffine(shift=1, flip="horizontal"),
    RandomAffine(shear=20),
    RandomPerspective(),
    RandomElastic(),
    ColorJitter(0.3, 0.3, 0.3),
    RandomHue(),
    RandomBlur(),
    RandomSharpness(),
    Cutout(3),
]
OR_NOT = [
    RandomGrayscale(0.3),
    RandomInvert(0.3),
    Solarize(0.0, 0.3),
    Posterize(2, 0.3),
    AutoContrast(0.3),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_prediction_leaves_pictures_as_they_are(layer):
    x = RANDOM.normal(size=(3, 6, 5, 3))
    np.testing.assert_array_equal(compiled(layer, *x.shape, training=False).run({}, {"x": x})["y"], x)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_draws_differ_from_picture_to_picture_and_return_with_the_seed(layer):
    x = np.broadcast_to(RANDOM.normal(size=(1, 9, 8, 3)), (20, 9, 8, 3)).copy()
    y = drawn(layer, x)
    assert len({picture.tobytes() for picture in y}) > 3
    np.testing.assert_array_equal(drawn(layer, x), y)
    assert not np.array_equal(drawn(layer, x, seed=4), y)


@pytest.mark.skipif(not available(), reason="the native executor was not built")
@pytest.mark.parametrize("layer", [*LAYERS, *OR_NOT, RandomCrop(4)], ids=repr)
def test_the_core_draws_the_same_pictures(layer):
    """In float32, which it runs itself: a warning that NumPy takes its place would be an error here."""
    x, trace = RANDOM.uniform(0, 255, (8, 9, 11, 3)).astype("float32"), Trace()
    with building(trace, training=True):
        y = layer(trace.input("x", x.shape, "float32"))
    key = {RANDOM_KEY: np.array([3, 0], np.uint32)}
    found = compile_native(trace.program({"y": y})).run(key, {"x": x})["y"]
    np.testing.assert_allclose(found, drawn(layer, x), rtol=1e-4, atol=0.01)


@pytest.mark.parametrize("layer", OR_NOT, ids=repr)
def test_a_share_of_the_pictures_is_changed_and_none_in_prediction(layer):
    x = np.broadcast_to(RANDOM.uniform(20, 200, size=(1, 4, 5, 3)), (1000, 4, 5, 3)).copy()
    changed = (drawn(layer, x) != x).any((1, 2, 3))
    assert abs(changed.mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 1000)
    assert not np.array_equal((drawn(layer, x, seed=4) != x).any((1, 2, 3)), changed)
    np.testing.assert_array_equal(compiled(layer, *x.shape).run({}, {"x": x})["y"], x)
    never, always = (replace(layer, rate=rate) for rate in (0.0, 1.0))
    np.testing.assert_array_equal(compiled(never, *x.shape, training=True).run({}, {"x": x})["y"], x)
    assert (compiled(always, *x.shape, training=True).run({}, {"x": x})["y"] != x).any((1, 2, 3)).all()


def test_crops_are_parts_of_the_picture_anywhere():
    x = np.arange(6 * 5, dtype="float64").reshape(1, 6, 5, 1).repeat(500, 0)
    y = drawn(RandomCrop((4, 3)), x)
    corners = y[:, 0, 0, 0].astype(int)
    rows, columns = np.divmod(corners, 5)
    assert set(rows) == set(columns) == {0, 1, 2}
    for picture, row, column in zip(y, rows, columns, strict=True):
        np.testing.assert_array_equal(picture, x[0, row : row + 4, column : column + 3])
    middle = compiled(RandomCrop((4, 3)), *x.shape, training=False).run({}, {"x": x})["y"]
    np.testing.assert_array_equal(middle, x[:, 1:5, 1:4])


def test_a_part_larger_than_the_picture_is_refused():
    with pytest.raises(ShapeError, match=r"it cuts \(7, 7\) out of them; make the images larger"):
        compiled(RandomCrop(7), 2, 6, 9, 1)


def test_cutout_sets_a_square_to_zero_that_the_borders_may_cut():
    y = drawn(Cutout(3), np.ones((2000, 7, 6, 2)))
    gone = (y == 0).all(-1)
    np.testing.assert_array_equal((y == 0).any(-1), gone)
    heights, widths = gone.any(2).sum(1), gone.any(1).sum(1)
    np.testing.assert_array_equal(gone.sum((1, 2)), heights * widths)  # it is a rectangle
    assert set(heights) == set(widths) == {2, 3}
    # Each place is a centre with the same probability: 1 of 7 centres in the first row, 1 in the last.
    assert abs((heights == 2).mean() - 2 / 7) < 5 * np.sqrt(2 / 7 / 2000)


@pytest.mark.parametrize("layer", [*LAYERS, *OR_NOT, RandomCrop(2)], ids=repr)
def test_what_is_no_picture_is_refused(layer):
    with pytest.raises(ShapeError, match=r"give it an axis of its own: x\[..., None\]"):
        compiled(layer, 3, 6, 6)


def test_alternating_flips_show_every_picture_both_ways_in_two_epochs():
    x = np.random.default_rng(3).integers(0, 256, (6, 3, 4, 2)).astype("float32")
    trace = Trace()
    with building(trace, training=True) as built:
        y = AlternatingFlip(2)(trace.input("x", x.shape, "float32"))
    program = trace.program({"y": y}, built.updates)
    seen = []
    for step in range(4):  # two epochs of two steps
        seen.append(
            compile_numpy(program).run({"alternating_flip_1.step": np.array(step, np.float32)}, {"x": x})["y"]
        )
    even = x[..., 0].sum((1, 2)) % 2 == 0
    assert 0 < even.sum() < len(x)
    first, second = np.where(even[:, None, None, None], [x, x[:, :, ::-1]], [x[:, :, ::-1], x])
    for y, expected in zip(seen, (first, first, second, second), strict=True):
        np.testing.assert_array_equal(y, expected)
