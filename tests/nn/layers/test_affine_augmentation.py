"""Affine augmentation beside SciPy's transform, with the map read off a picture of its own coordinates."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from tests.nn.layers.recording import drawn, drawn_beside

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn import RandomAffine

RANDOM = np.random.default_rng(5)


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
        angle = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
        assert -15 <= angle <= 15
        np.testing.assert_allclose(matrix / factor @ (matrix / factor).T, np.eye(2), atol=1e-9)
        offset: Any = 10 - matrix @ [10, 10]
        expected = affine_transform(x[0, ..., 2], matrix, offset, order=1, mode="mirror")
        np.testing.assert_allclose(moved[..., 2], expected, atol=1e-9)


def test_a_sheared_picture_leans_by_two_angles_and_is_what_scipy_makes_of_it():
    down, right = np.meshgrid(np.arange(21.0) - 10, np.arange(31.0) - 15, indexing="ij")
    x = np.stack([down, right, RANDOM.normal(size=(21, 31))], -1)[None].repeat(100, 0)
    inner = (slice(8, 13), slice(13, 18))
    design = np.stack([down[inner].ravel(), right[inner].ravel()], 1)
    angles = []
    for moved in drawn(RandomAffine(shear=20), x):
        matrix = np.linalg.lstsq(design, moved[inner][..., :2].reshape(-1, 2), rcond=None)[0].T
        across, along = np.array([[1, 0], [matrix[1, 0], 1]]), np.array([[1, matrix[0, 1]], [0, 1]])
        np.testing.assert_allclose(matrix, across @ along, atol=1e-9)  # rows lean, then columns
        angles.append([math.degrees(math.atan(each)) for each in (matrix[0, 1], matrix[1, 0])])
        middle = np.array([10, 15])
        offset: Any = middle - matrix @ middle
        expected = affine_transform(x[0, ..., 2], matrix, offset, order=1, mode="mirror")
        np.testing.assert_allclose(moved[..., 2], expected, atol=1e-9)
    assert np.abs(angles).max(0) == pytest.approx([20, 20], rel=0.1)
    assert np.abs(angles).max() <= 20
    assert abs(np.corrcoef(np.transpose(angles))[0, 1]) < 0.4


def test_a_mask_moves_with_its_picture():
    mask = RANDOM.integers(0, 3, (50, 7, 6)).astype("int32")
    x = np.eye(3, dtype="float32")[mask]  # the picture shows the classes
    y, moved = drawn_beside(RandomAffine(shift=2, flip="both"), x, "mask", mask)
    np.testing.assert_array_equal(y.argmax(-1), moved)
    assert not np.array_equal(moved, mask)


def test_boxes_stay_around_what_they_are_around():
    """A bright rectangle of whole pixels, shifted and mirrored: the box is read off the picture."""
    x = np.zeros((60, 12, 17, 1), np.float32)
    x[:, 3:8, 5:9] = 1
    boxes = np.tile(np.array([[[5, 3, 9, 8, 2], [0, 0, 1, 1, -1]]], np.float32), (60, 1, 1))
    y, moved = drawn_beside(RandomAffine(shift=7, flip="both", edge="zeros"), x, "boxes", boxes)
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
    same = drawn_beside(RandomAffine(shift=7, flip="both"), x, "boxes", boxes, training=False)
    np.testing.assert_array_equal(same[1], boxes)


@pytest.mark.parametrize("shear", [0, 20])
def test_rotated_and_scaled_boxes_enclose_their_corners(shear):
    """The map is read off the picture of a ramp, as above; NumPy solves it for the corners."""
    height, width = 21, 31
    down, right = np.meshgrid(np.arange(21.0) - 10, np.arange(31.0) - 15, indexing="ij")
    x = np.stack([down, right], -1)[None].repeat(40, 0)
    box = np.array([1.0, 2.0, 12.0, 7.0, 1.0])
    layer = RandomAffine(degrees=25, scale=(0.7, 2.6), flip="both", shear=shear)
    y, moved = drawn_beside(layer, x, "boxes", np.tile(box, (40, 1, 1)))
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
        drawn_beside(RandomAffine(shift=1), np.zeros((2, 6, 5, 1)), "boxes", np.zeros((2, 3, 4)))


def test_bytes_are_only_shifted_and_mirrored():
    x = RANDOM.integers(0, 255, (4, 6, 6, 3)).astype("uint8")
    assert drawn(RandomAffine(shift=1, flip="both"), x).dtype == np.uint8
    with pytest.raises(DTypeError, match="got x of dtype uint8; give it float32"):
        drawn(RandomAffine(degrees=3), x)
