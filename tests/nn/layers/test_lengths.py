"""Division by lengths, against loops in NumPy."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ShapeError
from chainrule.nn import LocalResponseNorm, UnitNorm

RANDOM = np.random.default_rng(12)


def test_unit_norm_is_the_direction():
    x = RANDOM.normal(size=(4, 5, 3))
    x[0, 0] = 0
    y = output(UnitNorm(), x)
    lengths = np.linalg.norm(x, axis=-1, keepdims=True)
    np.testing.assert_allclose(y, x / np.where(lengths, lengths, 1), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("shape", [(2, 3, 6), (2, 3, 2, 6), (1, 2, 2, 2, 4)])
def test_local_response_norm_is_the_sum_over_neighbours(shape, size):
    x = RANDOM.normal(size=shape)
    expected = np.empty_like(x)
    for c in range(shape[-1]):
        near = x[..., max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        expected[..., c] = x[..., c] / (2.0 + 0.3 / size * (near**2).sum(-1)) ** 0.6
    np.testing.assert_allclose(output(LocalResponseNorm(size, 0.3, 0.6, 2.0), x), expected, rtol=1e-12)


def test_refuses_other_ranks():
    with pytest.raises(ShapeError, match=r"^UnitNorm 'unit_norm_1' got x of shape \(3,\)"):
        compiled(UnitNorm(), 3)
    with pytest.raises(ShapeError, match=r"^LocalResponseNorm .* got x of shape \(2, 3\)"):
        compiled(LocalResponseNorm(3), 2, 3)
