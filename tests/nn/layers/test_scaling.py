"""Scaling of raw inputs inside the network."""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from tests.nn.layers.recording import compiled

from chainrule.errors import DataError, ShapeError
from chainrule.nn import Impute, Rescale, Standardize

RANDOM = np.random.default_rng(6)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_measured_channels_come_out_with_mean_0_and_deviation_1(dtype):
    x = RANDOM.integers(0, 200, (50, 6, 6, 3)).astype(dtype) // [1, 2, 4]
    x = x.astype(dtype)
    y = compiled(Standardize.of(x), *x.shape, dtype=dtype).run({}, {"x": x})["y"]
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, atol=1e-5)


def test_a_channel_that_is_always_the_same_is_shifted_only():
    layer = Standardize.of(np.array([[7, 1], [7, 3]]))
    assert layer == Standardize((7.0, 2.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros((0, 2)), "give numbers"),
        (np.array([["a"]]), "give numbers"),
        (np.array([[np.inf], [0]]), "not finite; remove them first"),
    ],
)
def test_examples_that_have_no_mean_are_refused(x, words):
    with pytest.raises(DataError, match=words):
        Standardize.of(x)


def test_rescaling_undoes_standardizing():
    y = RANDOM.normal(5, 7, (50, 3)) * [1, 10, 100]
    there = compiled(Standardize.of(y), *y.shape).run({}, {"x": y})["y"]
    back = compiled(Rescale.to(y), *y.shape).run({}, {"x": there})["y"]
    np.testing.assert_allclose(back, y, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_codes_for_missing_cells_become_the_mean_of_the_others_as_in_scikit_learn(dtype):
    x = RANDOM.normal(3, 2, (40, 3)).astype(dtype)
    x[RANDOM.random(x.shape) < 0.3] = -999.1
    layer = Impute.of(x, x.min())
    y = compiled(layer, *x.shape, dtype=dtype).run({}, {"x": x})["y"]
    expected = SimpleImputer(missing_values=x.min()).fit_transform(x)
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def test_a_column_of_codes_alone_becomes_0():
    assert Impute.of(np.array([[-9.0, 1.0], [-9.0, -9.0]]), -9) == Impute(-9.0, (0.0, 1.0))


def test_another_number_of_channels_is_refused():
    with pytest.raises(ShapeError, match="its last axis must be the 2 channels"):
        compiled(Standardize((0.0, 0.0), (1.0, 1.0)), 4, 3)
