"""The mean over time, with and without a mask."""

import numpy as np
import pytest
from tests.nn.layers.running import RANDOM, recorded, run

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn import Dense, GlobalAvgPool1D, Sequential

X = RANDOM.normal(size=(4, 3, 2))
MASK = np.array([[True, True, True], [True, True, False], [False, True, False], [False, False, False]])


def test_averages_all_elements():
    np.testing.assert_allclose(run(GlobalAvgPool1D(), {}, x=X), X.mean(1), rtol=1e-14)
    assert run(GlobalAvgPool1D(), {}, x=X[:0]).shape == (0, 2)
    np.testing.assert_array_equal(run(GlobalAvgPool1D(), {}, x=X[:, :1]), X[:, 0])


def test_averages_what_the_mask_shows_whatever_padding_holds():
    x = np.where(MASK[..., None], X, np.inf)
    expected = [each[shown].mean(0) if shown.any() else [0, 0] for each, shown in zip(X, MASK, strict=True)]
    np.testing.assert_allclose(run(GlobalAvgPool1D(), {}, x=x, mask=MASK), expected, rtol=1e-14)


def test_refuses_other_shapes_and_dtypes_by_its_name():
    with pytest.raises(
        ShapeError, match=r"^GlobalAvgPool1D 'global_avg_pool1d_1' got x of shape \(4, 3\); it needs"
    ):
        recorded(Sequential([GlobalAvgPool1D()]), x=X[..., 0])
    with pytest.raises(
        DTypeError, match=r"^GlobalAvgPool1D 'global_avg_pool1d_1' got x of dtype int64; give it fl"
    ):
        recorded(GlobalAvgPool1D(), x=X.astype(np.int64))
    with pytest.raises(DTypeError, match=r"got a mask of dtype int64; give it bool"):
        recorded(GlobalAvgPool1D(), x=X, mask=MASK.astype(np.int64))
    with pytest.raises(
        ShapeError, match=r"mask of shape \(3, 4\); the mask must be \(batch, time\), \(4, 3\)"
    ):
        recorded(GlobalAvgPool1D(), x=X, mask=MASK.T)


def test_a_mask_given_to_a_layer_behind_a_sequence():
    def call(x, mask):
        return Dense(1)(GlobalAvgPool1D()(x, mask))

    tree = {"dense_1.weight": np.ones((2, 1)), "dense_1.bias": np.zeros(1)}
    np.testing.assert_allclose(run(call, tree, x=X, mask=MASK)[1], X[1, :2].mean(0).sum(), rtol=1e-14)
