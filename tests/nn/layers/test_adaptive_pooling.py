"""Pooling to a size against loops over windows in NumPy."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ShapeError
from chainrule.nn import (
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveAvgPool3D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AdaptiveMaxPool3D,
    AvgPool2D,
    MaxPool2D,
)

RANDOM = np.random.default_rng(7)


def pooled(x, size, reduce):
    """Window p of an axis of n is ⌊p n / P⌋ … ⌈(p + 1) n / P⌉ - 1."""
    y = np.empty((len(x), *size, x.shape[-1]))
    for place in np.ndindex(*size):
        window = [slice(None)]
        for p, n, outputs in zip(place, x.shape[1:-1], size, strict=True):
            window.append(slice(int(np.floor(p * n / outputs)), int(np.ceil((p + 1) * n / outputs))))
        y[(slice(None), *place)] = reduce(x[tuple(window)], tuple(range(1, x.ndim - 1)))
    return y


MEAN = {1: AdaptiveAvgPool1D, 2: AdaptiveAvgPool2D, 3: AdaptiveAvgPool3D}
LARGEST = {1: AdaptiveMaxPool1D, 2: AdaptiveMaxPool2D, 3: AdaptiveMaxPool3D}


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((2, 7, 3), (4,)),
        ((2, 7, 5, 3), (3, 2)),
        ((1, 2, 3, 2), (5, 3)),
        ((0, 4, 4, 1), (3, 3)),
        ((2, 5, 4, 3, 2), (2, 3, 4)),
    ],
)
def test_pooling_is_the_loop_over_windows(shape, size):
    x = RANDOM.normal(size=shape)
    np.testing.assert_allclose(output(MEAN[len(size)](size), x), pooled(x, size, np.mean), rtol=1e-12)
    assert np.array_equal(output(LARGEST[len(size)](size), x), pooled(x, size, np.max))


def test_where_the_size_divides_it_is_pooling_of_equal_windows():
    x = RANDOM.normal(size=(2, 6, 4, 3))
    np.testing.assert_allclose(
        output(AdaptiveAvgPool2D((3, 2)), x), output(AvgPool2D(2), x), rtol=1e-12, atol=1e-15
    )
    assert np.array_equal(output(AdaptiveMaxPool2D((3, 2)), x), output(MaxPool2D(2), x))


@pytest.mark.parametrize("kind", [AdaptiveAvgPool2D, AdaptiveMaxPool2D])
def test_refuses_shapes_and_names_the_layer(kind):
    with pytest.raises(ShapeError, match=rf"^{kind.__name__} .* got x of shape \(2, 3, 4\); it needs"):
        compiled(kind(2), 2, 3, 4)
    with pytest.raises(ShapeError, match=rf"^{kind.__name__} .* got .*; no spatial axis may be empty"):
        compiled(kind(2), 2, 0, 4, 1)
