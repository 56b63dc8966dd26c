"""Bilinear forms, element by element."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled
from tests.nn.layers.running import parameters, run

from chainrule import nn
from chainrule.errors import DTypeError, ShapeError

RANDOM = np.random.default_rng(10)


@pytest.mark.parametrize("front", [(5,), (2, 3), (0,)])
def test_is_the_double_sum(front):
    a, b = RANDOM.normal(size=(*front, 3)), RANDOM.normal(size=(*front, 2))
    layer = nn.Bilinear(4)
    tree = parameters(layer, a=a, b=b)
    weight = tree["bilinear_1.weight"].reshape(3, 2, 4)
    expected = np.einsum("...i,ijk,...j->...k", a, weight, b) + tree["bilinear_1.bias"]
    np.testing.assert_allclose(run(layer, tree, a=a, b=b), expected, rtol=1e-12, atol=1e-14)


def test_of_one_input_is_its_quadratic_form():
    a = RANDOM.normal(size=(4, 3))
    layer = nn.Bilinear(2, "tanh")
    tree = parameters(layer, a=a)
    np.testing.assert_allclose(run(layer, tree, a=a), run(layer, tree, a=a, b=a), rtol=1e-14)


def test_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"^Bilinear 'bilinear_1' got shapes \(3,\) and \(3,\)"):
        compiled(nn.Bilinear(2), 3)
    with pytest.raises(DTypeError, match=r"^Bilinear 'bilinear_1' got x of dtype int32"):
        compiled(nn.Bilinear(2), 3, 2, dtype="int32")
    with pytest.raises(ShapeError, match=r"got shapes \(2, 3\) and \(4, 3\)"):
        parameters(nn.Bilinear(2), a=np.ones((2, 3)), b=np.ones((4, 3)))
