"""Pooling by powers beside other pooling."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ShapeError
from chainrule.nn import AvgPool1D, MaxPool2D, PowerPool1D, PowerPool2D, PowerPool3D

RANDOM = np.random.default_rng(13)


def test_power_1_is_the_sum_and_a_large_one_nearly_the_largest():
    x = abs(RANDOM.normal(size=(2, 6, 3)))
    np.testing.assert_allclose(output(PowerPool1D(1, 3), x), 3 * output(AvgPool1D(3), x), rtol=1e-12)
    image = RANDOM.normal(size=(2, 4, 6, 3))
    np.testing.assert_allclose(output(PowerPool2D(200), image), output(MaxPool2D(), abs(image)), rtol=0.01)


def test_is_the_length_of_a_window():
    x = RANDOM.normal(size=(2, 2, 4, 2, 1))
    y = output(PowerPool3D(2), x)
    for q in range(2):
        expected = np.sqrt((x[:, :, 2 * q : 2 * q + 2] ** 2).sum((1, 2, 3, 4)))
        np.testing.assert_allclose(y[:, 0, q, 0, 0], expected, rtol=1e-12)


def test_a_window_of_zeros_is_0_with_derivative_0(gradient):
    from chainrule.nn import building

    def pooled(x):
        with building(x.trace, training=False):
            return PowerPool1D(2)(x).sum()

    assert np.array_equal(gradient(pooled, np.zeros((1, 4, 1))), np.zeros((1, 4, 1)))


def test_refuses_a_window_that_is_too_large():
    with pytest.raises(ShapeError, match=r"^PowerPool1D 'power_pool1d_1': average_pool got a window over 5"):
        compiled(PowerPool1D(2, 5), 2, 4, 1)
