"""Activation and Flatten."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn import Activation, Flatten


def test_activation_is_the_function_of_its_name():
    x = np.array([[-2.0, 0.0, 3.0]])
    y = compiled(Activation("leaky_relu"), 1, 3).run({}, {"x": x})["y"]
    np.testing.assert_allclose(y, [[-0.02, 0.0, 3.0]])


def test_activation_refuses_an_unknown_name():
    with pytest.raises(ConfigError, match=r"^Activation: .* is 'tan' \(did you mean 'tanh'\?\)"):
        Activation("tan")


@pytest.mark.parametrize(
    ("shape", "flat"), [((6, 4, 2), (6, 8)), ((6, 8), (6, 8)), ((6,), (6, 1)), ((0, 3, 2), (0, 6))]
)
def test_flatten_makes_every_example_one_row(shape, flat):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    y = compiled(Flatten(), *shape).run({}, {"x": x})["y"]
    assert y.shape == flat
    assert np.array_equal(y.reshape(-1), x.reshape(-1))


def test_flatten_refuses_a_single_number():
    with pytest.raises(ShapeError, match=r"^Flatten 'flatten_1' got a single number"):
        compiled(Flatten())
