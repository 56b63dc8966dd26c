"""Perspective and elastic distortion beside NumPy and SciPy, read off pictures of their own coordinates."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from tests.nn.layers.recording import drawn, drawn_beside

from chainrule.nn import Layer, RandomElastic, RandomPerspective

RANDOM = np.random.default_rng(6)
HEIGHT, WIDTH = 24, 30
ROWS, COLUMNS = np.meshgrid(np.arange(float(HEIGHT)), np.arange(float(WIDTH)), indexing="ij")
CORNERS = np.array([[0, 0], [0, WIDTH], [HEIGHT, WIDTH], [HEIGHT, 0]]) - 0.5  # in rows and columns of pixels
LAYERS = [RandomPerspective(0.4), RandomPerspective(0.6, "nearest"), RandomElastic(1.5, 4.0)]


def pictures(count: int) -> np.ndarray:
    """Pictures of the row and the column of each pixel, and of noise."""
    x = np.stack([ROWS, COLUMNS, RANDOM.normal(size=ROWS.shape)], -1)
    return x[None].repeat(count, 0)


def solved(sources: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The projective matrix from points (count, 2) to points, by least squares of its linear equations."""
    equations, sides = [], []
    for (v, u), (row, column) in zip(sources, targets, strict=True):
        equations += [[v, u, 1, 0, 0, 0, -row * v, -row * u], [0, 0, 0, v, u, 1, -column * v, -column * u]]
        sides += [row, column]
    return np.append(np.linalg.lstsq(np.array(equations), np.array(sides), rcond=None)[0], 1).reshape(3, 3)


def mapped(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    moved = np.concatenate([points, np.ones((len(points), 1))], 1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def test_perspective_moves_the_corners_inwards_and_is_a_projective_map():
    x = pictures(60)
    inner = slice(9, 15), slice(11, 19)
    sources = np.stack([ROWS[inner].ravel(), COLUMNS[inner].ravel()], 1)
    moves = []
    for moved in drawn(RandomPerspective(0.4), x):
        targets = moved[inner][..., :2].reshape(-1, 2)
        reading = solved(sources, targets)
        np.testing.assert_allclose(mapped(reading, sources), targets, atol=1e-8)
        shown = mapped(np.linalg.inv(reading), CORNERS)
        moves.append(np.abs(shown - CORNERS) / [HEIGHT / 2, WIDTH / 2])
        assert (((shown - CORNERS) * np.sign(CORNERS)) <= 1e-6).all()
        every = mapped(reading, np.stack([ROWS.ravel(), COLUMNS.ravel()], 1)).T
        expected = map_coordinates(x[0, ..., 2], every, order=1, mode="mirror").reshape(HEIGHT, WIDTH)
        np.testing.assert_allclose(moved[..., 2], expected, atol=1e-6)
    moves = np.array(moves)
    assert moves.max() <= 0.4 + 1e-6
    np.testing.assert_allclose(moves.max(0), 0.4, atol=0.04)
    np.testing.assert_allclose(moves.min(0), 0.0, atol=0.04)
    assert np.abs(np.corrcoef(moves.reshape(60, 8).T) - np.eye(8)).max() < 0.5


def test_what_perspective_shows_is_inside_of_the_corners_alone():
    """At the largest setting, too: nothing comes back from beyond the horizon."""
    count = 300
    y = drawn(RandomPerspective(0.6, "zeros"), np.ones((count, 40, 40, 1)))[..., 0]
    ramp = np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0), indexing="ij"), -1)[None].repeat(count, 0)
    inner = slice(17, 23), slice(17, 23)
    sources = ramp[0][inner].reshape(-1, 2)
    for picture, moved in zip(y, drawn(RandomPerspective(0.6, "zeros"), ramp), strict=True):
        reading = solved(sources, moved[inner].reshape(-1, 2))
        down, right = mapped(np.linalg.inv(reading), np.array([[0, 0], [0, 40], [40, 40], [40, 0]]) - 0.5).T
        area = abs(down @ np.roll(right, -1) - right @ np.roll(down, -1)) / 2
        assert np.count_nonzero(picture) == pytest.approx(area, rel=0.15)


def test_elastic_displacements_have_the_deviation_and_the_smoothness():
    """Everywhere: at the border a place is read beyond it as often as within, at the same distance."""
    count, deviation, smoothness = 3000, 0.8, 3.0
    ramp = np.stack(np.meshgrid(np.arange(15.0), np.arange(13.0), indexing="ij"), -1)
    layer = RandomElastic(deviation, smoothness)
    moved = drawn(layer, np.broadcast_to(ramp, (count, *ramp.shape)).copy()) - ramp
    for place in ((0, 0), (7, 6), (3, 0), (14, 12)):
        squares = (moved[:, *place] ** 2).mean(0)
        np.testing.assert_allclose(squares, deviation**2, rtol=0.15)
    for distance in (1, 3, 6):
        product = (moved[:, 6, 3] * moved[:, 6, 3 + distance]).mean(0) / deviation**2
        np.testing.assert_allclose(product, np.exp(-((distance / smoothness) ** 2) / 4), atol=0.1)
    assert abs((moved[:, 7, 6, 0] * moved[:, 7, 6, 1]).mean()) < 0.1 * deviation**2


def test_an_elastic_picture_is_what_scipy_makes_of_the_displacements():
    x = pictures(4)
    for moved in drawn(RandomElastic(1.5, 5.0, "nearest"), x):
        inside = (slice(7, -7), slice(7, -7))
        places = moved[inside][..., :2].transpose(2, 0, 1)
        assert places.min() > 0
        expected = map_coordinates(x[0, ..., 2], places, order=1)
        np.testing.assert_allclose(moved[inside][..., 2], expected, atol=1e-9)
        assert not np.allclose(places[0], ROWS[inside])


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_masks_move_to_the_nearest_pixel(layer: Layer):
    x = pictures(20)
    mask = RANDOM.integers(0, 5, x.shape[:3]).astype("int32")
    y, moved = drawn_beside(layer, x, "mask", mask)
    places = y[..., :2]
    inside = ((places > 0.01) & (places < [HEIGHT - 1.01, WIDTH - 1.01])).all(-1)
    clear = inside & (np.abs(places % 1 - 0.5) > 1e-6).all(-1)
    batch = np.arange(20)[:, None, None].repeat(HEIGHT, 1).repeat(WIDTH, 2)
    down, right = np.floor(places[clear] + 0.5).astype(int).T
    np.testing.assert_array_equal(moved[clear], mask[batch[clear], down, right])
    assert clear.mean() > 0.3


@pytest.mark.parametrize("layer", [RandomPerspective(0.6, "nearest"), RandomElastic(1.5, 4.0, "nearest")])
def test_masks_are_void_beyond_the_border(layer: Layer):
    """Where the nearest pixel is on the border, it is not known whether the place is within."""
    x = pictures(20)
    mask = RANDOM.integers(0, 5, x.shape[:3]).astype("int32")
    y, moved = drawn_beside(layer, x, "mask", mask)
    _, void = drawn_beside(layer, x, "mask", mask, void=9)
    within = ((y[..., :2] > 0) & (y[..., :2] < [HEIGHT - 1, WIDTH - 1])).all(-1)
    np.testing.assert_array_equal(void[within], moved[within])
    np.testing.assert_array_equal(void[void != 9], moved[void != 9])
    assert 0.01 < (void == 9).mean() < (~within).mean()


def test_perspective_boxes_enclose_their_moved_corners():
    x, box = pictures(60), np.array([3.0, 4.0, 12.0, 10.0, 1.0])
    y, moved = drawn_beside(RandomPerspective(0.5), x, "boxes", np.tile(box, (60, 1, 1)))
    inner = slice(9, 15), slice(11, 19)
    sources = np.stack([ROWS[inner].ravel(), COLUMNS[inner].ravel()], 1)
    corners = np.array([[4, 3], [4, 12], [10, 3], [10, 12]]) - 0.5
    for picture, after in zip(y, moved[:, 0], strict=True):
        reading = solved(sources, picture[inner][..., :2].reshape(-1, 2))
        places = mapped(np.linalg.inv(reading), corners) + 0.5
        expected = [*places.min(0)[::-1], *places.max(0)[::-1], 1]
        np.testing.assert_allclose(after, expected, atol=1e-5)


def test_elastic_boxes_enclose_the_pixels_that_come_from_them():
    x, box = pictures(60), np.array([6.0, 7.0, 20.0, 17.0, 2.0])
    y, moved = drawn_beside(RandomElastic(1.5, 8.0), x, "boxes", np.tile(box, (60, 1, 1)))
    away = []
    for picture, after in zip(y, moved[:, 0], strict=True):
        down, right = picture[..., 0] + 0.5, picture[..., 1] + 0.5
        rows, columns = np.nonzero((right > 6) & (right < 20) & (down > 7) & (down < 17))
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(after[:4], found, atol=1.5)
        away.append(np.abs(found - box[:4]).max())
        assert after[4] == 2
    assert max(away) > 3


def test_elastic_places_are_found_where_they_are_read():
    """A box of no area is a place; what the moved picture of coordinates holds there is where it was."""
    point = np.array([15.0, 12.0, 15.0, 12.0, 0.0])
    y, moved = drawn_beside(RandomElastic(2.0, 5.0), pictures(200), "boxes", np.tile(point, (200, 1, 1)))
    errors = []
    for picture, (column, row, *_) in zip(y, moved[:, 0], strict=True):
        found = [map_coordinates(picture[..., i], [[row - 0.5], [column - 0.5]], order=1) for i in (0, 1)]
        errors.append(np.hypot(found[0] + 0.5 - 12, found[1] + 0.5 - 15)[0])
    assert np.median(errors) < 0.01
    assert np.quantile(errors, 0.95) < 0.2


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_boxes_stay_in_prediction(layer: Layer):
    x, boxes = pictures(2), RANDOM.uniform(0, 20, (2, 3, 5))
    same, unmoved = drawn_beside(layer, x, "boxes", boxes, training=False)
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(unmoved, boxes)
