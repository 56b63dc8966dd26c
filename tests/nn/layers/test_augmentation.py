"""Augmentation: what is drawn, what is kept, and that prediction leaves pictures as they are."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from tests.nn.layers.recording import compiled

from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import AlternatingFlip, ColorJitter, Cutout, Layer, RandomAffine, RandomCrop, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace

RANDOM = np.random.default_rng(5)
LAYERS = [
    RandomAffine(shift=2, degrees=30, scale=(0.7, 1.4), flip="both"),
    RandomAffine(shift=1, flip="horizontal"),
    ColorJitter(0.3, 0.3, 0.3),
    Cutout(3),
]


def key(seed: int = 3, call: int = 0) -> dict[str, np.ndarray]:
    return {RANDOM_KEY: np.array([seed, call], np.uint32)}


def drawn(layer: Layer, x: np.ndarray, seed: int = 3) -> np.ndarray:
    return compiled(layer, *x.shape, training=True, dtype=x.dtype.name).run(key(seed), {"x": x})["y"]


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


def test_shifts_are_all_whole_numbers_up_to_the_largest():
    x = np.zeros((2000, 9, 9, 1))
    x[:, 4, 4] = 1
    y = drawn(RandomAffine(shift=2, edge="zeros"), x)
    _, rows, columns, _ = np.nonzero(y)
    assert len(rows) == 2000  # the pixel stays one pixel
    for places in (rows, columns):
        found, counts = np.unique(places, return_counts=True)
        assert found.tolist() == [2, 3, 4, 5, 6]
        assert counts.min() > 400 - 5 * np.sqrt(400)


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [2]), ("vertical", [1]), ("both", [1, 2])])
def test_half_of_the_pictures_are_mirrored(flip, axes):
    x = RANDOM.normal(size=(1000, 4, 5, 2))
    y = drawn(RandomAffine(flip=flip), x)
    for axis in axes:
        others = [each for each in axes if each != axis]
        mirrored = np.flip(x, axis)
        same = (y == mirrored).all((1, 2, 3))
        for other in others:
            same |= (y == np.flip(mirrored, other)).all((1, 2, 3))
        assert abs(same.mean() - 0.5) < 5 * 0.5 / np.sqrt(1000)


def test_a_rotated_and_scaled_picture_is_what_scipy_makes_of_it():
    """The angle and the factor are read off the picture of a ramp, then SciPy moves another one alike."""
    down, right = np.meshgrid(np.arange(21.0) - 10, np.arange(21.0) - 10, indexing="ij")
    x = np.stack([down, right, RANDOM.normal(size=(21, 21))], -1)[None].repeat(6, 0)
    y = drawn(RandomAffine(degrees=15, scale=(1.1, 1.4)), x)
    for moved in y:
        # Where each pixel of the result was read: rows and columns, as linear functions of its place.
        design = np.stack([down.ravel(), right.ravel()], 1)
        rows = np.linalg.lstsq(design, moved[..., 0].ravel(), rcond=None)[0]
        columns = np.linalg.lstsq(design, moved[..., 1].ravel(), rcond=None)[0]
        matrix = np.array([rows, columns])
        factor = np.sqrt(np.linalg.det(matrix))
        assert 1 / 1.4 <= factor <= 1 / 1.1
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        assert -15 <= angle <= 15
        np.testing.assert_allclose(matrix / factor @ (matrix / factor).T, np.eye(2), atol=1e-9)
        offset: Any = 10 - matrix @ [10, 10]
        expected = affine_transform(x[0, ..., 2], matrix, offset, order=1, mode="mirror")
        np.testing.assert_allclose(moved[..., 2], expected, atol=1e-9)


def test_a_mask_moves_with_its_picture():
    mask = RANDOM.integers(0, 3, (50, 7, 6)).astype("int32")
    x = np.eye(3, dtype="float32")[mask]  # the picture shows the classes
    layer, trace = RandomAffine(shift=2, flip="both"), Trace()
    tensors = trace.input("x", x.shape), trace.input("mask", mask.shape, "int32")
    with building(trace, training=True):
        moved = layer(*tensors)
    assert isinstance(moved, tuple)
    program = trace.program(dict(zip(("x", "mask"), moved, strict=True)))
    y = compile_numpy(program).run(key(), {"x": x, "mask": mask})
    np.testing.assert_array_equal(y["x"].argmax(-1), y["mask"])
    assert not np.array_equal(y["mask"], mask)


def moved_with_boxes(
    layer: RandomAffine, x: np.ndarray, boxes: np.ndarray, *, training: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    trace = Trace()
    tensors = [trace.input(name, a.shape, a.dtype.name) for name, a in (("x", x), ("boxes", boxes))]
    with building(trace, training=training):
        moved = layer(tensors[0], boxes=tensors[1])
    assert isinstance(moved, tuple)
    program = trace.program(dict(zip(("x", "boxes"), moved, strict=True)))
    y = compile_numpy(program).run(key(), {"x": x, "boxes": boxes})
    return y["x"], y["boxes"]


def test_boxes_stay_around_what_they_are_around():
    """A bright rectangle of whole pixels, shifted and mirrored: the box is read off the picture."""
    x = np.zeros((60, 12, 17, 1), np.float32)
    x[:, 3:8, 5:9] = 1
    boxes = np.tile(np.array([[[5, 3, 9, 8, 2], [0, 0, 1, 1, -1]]], np.float32), (60, 1, 1))
    y, moved = moved_with_boxes(RandomAffine(shift=7, flip="both", edge="zeros"), x, boxes)
    seen = set()
    for picture, (box, nothing) in zip(y[..., 0], moved, strict=True):
        rows, columns = np.nonzero(picture)
        if len(rows) >= 0.25 * 20:
            expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, 2]
            np.testing.assert_allclose(box, expected, atol=1e-5)
            seen.add(tuple(expected))
        else:
            assert box[4] == -1
        assert nothing[4] == -1
    assert len(seen) > 30
    assert (moved[:, 0, 4] == -1).any()
    same = moved_with_boxes(RandomAffine(shift=7, flip="both"), x, boxes, training=False)
    np.testing.assert_array_equal(same[1], boxes)


def test_rotated_and_scaled_boxes_enclose_their_corners():
    """The map is read off the picture of a ramp, as above; NumPy solves it for the corners."""
    height, width = 21, 31
    down, right = np.meshgrid(np.arange(21.0) - 10, np.arange(31.0) - 15, indexing="ij")
    x = np.stack([down, right], -1)[None].repeat(40, 0)
    box = np.array([1.0, 2.0, 12.0, 7.0, 1.0])
    layer = RandomAffine(degrees=25, scale=(0.7, 2.6), flip="both", edge="reflect")
    y, moved = moved_with_boxes(layer, x, np.tile(box, (40, 1, 1)))
    middle = np.array([height / 2, width / 2])
    corners = np.array([[box[1], box[0]], [box[1], box[2]], [box[3], box[0]], [box[3], box[2]]])
    gone = 0
    for picture, after in zip(y, moved[:, 0], strict=True):
        inner = (slice(8, 13), slice(13, 18))  # which no edge has been reflected into
        design = np.stack([down[inner].ravel(), right[inner].ravel()], 1)
        matrix = np.linalg.lstsq(design, picture[inner].reshape(-1, 2), rcond=None)[0].T
        places = np.linalg.solve(matrix, (corners - middle).T).T + middle
        (top, left), (bottom, far) = places.min(0), places.max(0)
        cut = np.array([max(left, 0), max(top, 0), min(far, width), min(bottom, height)])
        share = max(cut[2] - cut[0], 0) * max(cut[3] - cut[1], 0) / ((far - left) * (bottom - top))
        assert after[4] == (1 if share >= 0.25 else -1)
        gone += share < 0.25
        if share >= 0.25:
            np.testing.assert_allclose(after[:4], cut, atol=1e-8)
    assert 0 < gone < 20


def test_boxes_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"boxes \(2, 3, 4\); they must be \(2, objects, 5\)"):
        moved_with_boxes(RandomAffine(shift=1), np.zeros((2, 6, 5, 1)), np.zeros((2, 3, 4)))


def test_bytes_are_only_shifted_and_mirrored():
    x = RANDOM.integers(0, 255, (4, 6, 6, 3)).astype("uint8")
    assert drawn(RandomAffine(shift=1, flip="both"), x).dtype == np.uint8
    with pytest.raises(DTypeError, match="got x of dtype uint8; give it float32"):
        drawn(RandomAffine(degrees=3), x)


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


def test_colours_change_by_the_three_factors():
    x = RANDOM.uniform(size=(200, 4, 4, 3))
    bright = drawn(ColorJitter(brightness=0.4), x) / x
    np.testing.assert_allclose(bright, np.broadcast_to(bright[:, :1, :1, :1], x.shape))
    assert 0.6 <= bright.min() < 0.65
    assert 1.35 < bright.max() <= 1.4
    contrast = drawn(ColorJitter(contrast=0.4), x)
    np.testing.assert_allclose(contrast.mean((1, 2, 3)), x.mean((1, 2, 3)))
    spread = contrast.std((1, 2, 3)) / x.std((1, 2, 3))
    assert 0.6 <= spread.min() < 0.65
    assert 1.35 < spread.max() <= 1.4
    coloured = drawn(ColorJitter(saturation=0.4), x)
    weights = [0.299, 0.587, 0.114]
    np.testing.assert_allclose(coloured @ weights, x @ weights)
    assert not np.allclose(coloured, x)


def test_cutout_sets_a_square_to_zero_that_the_borders_may_cut():
    y = drawn(Cutout(3), np.ones((2000, 7, 6, 2)))
    gone = (y == 0).all(-1)
    np.testing.assert_array_equal((y == 0).any(-1), gone)
    heights, widths = gone.any(2).sum(1), gone.any(1).sum(1)
    np.testing.assert_array_equal(gone.sum((1, 2)), heights * widths)  # it is a rectangle
    assert set(heights) == set(widths) == {2, 3}
    # Each place is a centre with the same probability: 1 of 7 centres in the first row, 1 in the last.
    assert abs((heights == 2).mean() - 2 / 7) < 5 * np.sqrt(2 / 7 / 2000)


@pytest.mark.parametrize("layer", [*LAYERS, RandomCrop(2)], ids=repr)
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
