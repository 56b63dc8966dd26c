"""Points are spread as they are asked for."""

import numpy as np
import pytest

from chainrule import science
from chainrule.errors import ConfigError

BOX = science.Box((0, -1), (1, 3))


def test_points_inside_are_even_and_the_same_for_a_seed():
    points = BOX.inside(256, seed=3)
    assert points.shape == (256, 2)
    assert points.dtype == np.float64
    counts, *_ = np.histogram2d(*points.T, bins=(4, 4), range=((0, 1), (-1, 3)))
    assert (counts == 16).all()  # a net of base 2
    np.testing.assert_array_equal(points, BOX.inside(256, seed=3))
    assert not np.isin(points, BOX.inside(256, seed=4)).any()
    assert len(BOX.inside(100)) == 100


def test_points_on_faces():
    points = BOX.faces(40)
    assert (points[0::4, 0] == 0).all()
    assert (points[1::4, 0] == 1).all()
    assert (points[2::4, 1] == -1).all()
    assert (points[3::4, 1] == 3).all()
    assert set(BOX.faces(10, axes=(1,))[:, 1]) == {-1.0, 3.0}
    assert (BOX.face(9, 0, high=False)[:, 0] == 0).all()
    assert (BOX.face(9, 1, high=True)[:, 1] == 3).all()


def test_a_grid_has_its_ends():
    grid = BOX.grid(2, 3)
    assert grid.tolist() == [[0, -1], [0, 1], [0, 3], [1, -1], [1, 1], [1, 3]]


def test_short_sets_are_repeated():
    found = science.matched({"a": np.arange(4.0)[:, None], "b": np.array([[7.0], [8.0], [9.0]])})
    assert found["b"].ravel().tolist() == [7, 8, 9, 7]


@pytest.mark.parametrize(("low", "high"), [((0,), (0,)), ((0, 1), (2,)), ((), ()), ((0,), (float("nan"),))])
def test_boxes_that_there_are_not(low, high):
    with pytest.raises(ConfigError, match="each of low below that of high"):
        science.Box(low, high)


def test_wrong_counts_are_told():
    with pytest.raises(ConfigError, match="grid got 1 counts; give 2"):
        BOX.grid(3)
    with pytest.raises(ConfigError, match="count"):
        BOX.inside(0)
