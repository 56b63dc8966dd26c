"""Branches joined elementwise."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule import nn
from chainrule.errors import ConfigError, ShapeError

X = np.random.default_rng(8).normal(size=(5, 3))
SCALE = [nn.Sequential([]), nn.Activation("tanh"), nn.Activation("exponential")]


@pytest.mark.parametrize(
    ("kind", "join"),
    [
        (nn.Add, lambda *a: sum(a)),
        (nn.Multiply, lambda *a: np.prod(a, 0)),
        (nn.Average, lambda *a: np.mean(a, 0)),
        (nn.Maximum, lambda *a: np.max(a, 0)),
        (nn.Minimum, lambda *a: np.min(a, 0)),
    ],
)
def test_joins_elementwise(kind, join):
    np.testing.assert_allclose(output(kind(SCALE), X), join(X, np.tanh(X), np.exp(X)), rtol=1e-14)
    assert np.array_equal(output(kind(SCALE[:1]), X), X)


@pytest.mark.parametrize("kind", [nn.Add, nn.Multiply, nn.Average, nn.Maximum, nn.Minimum])
def test_refuses_no_layers_and_other_shapes(kind):
    with pytest.raises(ConfigError, match=rf"^{kind.__name__}: it has no layers"):
        kind([])
    with pytest.raises(ShapeError, match=r"its layers give shapes \(5, 3\), \(5, 2\); make them equal"):
        compiled(kind([nn.Sequential([]), nn.Dense(2)]), 5, 3)
