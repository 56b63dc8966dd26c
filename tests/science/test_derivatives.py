"""Derivatives by the points, against closed forms and numerical slopes."""

import numpy as np
import pytest

from chainrule import nn, science
from chainrule.errors import ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

X = np.random.default_rng(0).normal(size=(7, 3))


def values(record) -> np.ndarray:
    """What a function of the points X gives."""
    trace = Trace()
    program = trace.program({"y": record(trace.input("x", X.shape, "float64"))})
    return compile_numpy(program).run({}, {"x": X})["y"]


def wave(x: Tensor) -> Tensor:
    """sin(x₀) e^x₁ x₂²."""
    return f.sin(x[:, 0]) * f.exp(x[:, 1]) * x[:, 2] * x[:, 2]


def test_the_gradient_of_each_row_is_that_of_the_formula():
    a, b, c = X.T
    expected = np.stack([np.cos(a) * c**2, np.sin(a) * c**2, 2 * np.sin(a) * c], 1) * np.exp(b)[:, None]
    np.testing.assert_allclose(values(lambda x: science.gradient(wave(x), x)), expected, rtol=1e-13)
    column = values(lambda x: science.gradient(wave(x).reshape(7, 1), x))
    np.testing.assert_array_equal(column, values(lambda x: science.gradient(wave(x), x)))


def test_gradients_have_gradients():
    a, b, c = X.T
    found = values(lambda x: science.gradient(science.gradient(wave(x), x)[:, 0], x)[:, 2])
    np.testing.assert_allclose(found, 2 * np.cos(a) * np.exp(b) * c, rtol=1e-13)


def test_the_laplacian_is_the_sum_of_second_derivatives():
    a, b, c = X.T
    second = np.sin(a) * np.exp(b) * np.stack([-(c**2), c**2, np.full_like(c, 2)])
    np.testing.assert_allclose(values(lambda x: science.laplacian(wave(x), x)), second.sum(0), rtol=1e-12)
    found = values(lambda x: science.laplacian(wave(x), x, axes=(0, 2)))
    np.testing.assert_allclose(found, second[[0, 2]].sum(0), rtol=1e-12)


@pytest.mark.parametrize("shape", [(7, 2), (6,), ()])
def test_one_number_for_each_row_is_needed(shape: tuple[int, ...]):
    trace = Trace()
    x = trace.input("x", (7, 3))
    y = f.broadcast_to(x.sum(), shape)
    with pytest.raises(ShapeError, match="one number for each row"):
        science.gradient(y, x)


def test_it_is_public_and_no_part_of_nn():
    assert not hasattr(nn, "gradient")
