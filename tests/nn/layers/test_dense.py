"""Dense against its equation in NumPy, and what it refuses."""

import math

import numpy as np
import pytest

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import ACTIVATIONS, Dense, Sequential, building, constant, zeros
from chainrule.program import Trace

RANDOM = np.random.default_rng(5)

ERF = np.vectorize(math.erf)
FUNCTIONS = {
    None: lambda z: z,
    "linear": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.exp(z) - 1),
    "selu": lambda z: 1.0507009873554804934 * np.where(z > 0, z, 1.6732632423543772848 * (np.exp(z) - 1)),
    "gelu": lambda z: z * (1 + ERF(z / math.sqrt(2))) / 2,
    "gelu_tanh": lambda z: z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "exponential": np.exp,
    "softsign": lambda z: z / (1 + abs(z)),
    "hard_sigmoid": lambda z: np.clip(z / 6 + 0.5, 0, 1),
    "hard_tanh": lambda z: np.clip(z, -1, 1),
    "hard_swish": lambda z: z * np.clip(z / 6 + 0.5, 0, 1),
    "relu6": lambda z: np.clip(z, 0, 6),
    "mish": lambda z: z * np.tanh(np.log(1 + np.exp(z))),
    "log_sigmoid": lambda z: -np.log(1 + np.exp(-z)),
    "soft_shrink": lambda z: np.where(z > 0.5, z - 0.5, np.where(z < -0.5, z + 0.5, 0)),
    "hard_shrink": lambda z: z * (abs(z) > 0.5),
    "tanh_shrink": lambda z: z - np.tanh(z),
    "log_softmax": lambda z: np.log(np.exp(z) / np.exp(z).sum(-1, keepdims=True)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True),
}


def dense(layer: Dense, x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    trace = Trace()
    with building(trace, training=False):
        y = layer(trace.input("x", x.shape, x.dtype.name))
    tree = {"dense_1.weight": weight, "dense_1.bias": bias}
    return compile_numpy(trace.program({"y": y})).run(tree, {"x": x})["y"]


def test_every_activation_is_tried():
    assert set(FUNCTIONS) == {None, *ACTIVATIONS}


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_is_the_equation(activation):
    x, weight, bias = RANDOM.normal(size=(6, 4)), RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)
    expected = FUNCTIONS[activation](x @ weight + bias)
    np.testing.assert_allclose(dense(Dense(3, activation), x, weight, bias), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_works_along_the_last_axis_and_keeps_the_dtype(dtype):
    x = RANDOM.normal(size=(6, 2, 5, 4)).astype(dtype)
    weight, bias = RANDOM.normal(size=(4, 3)).astype(dtype), RANDOM.normal(size=3).astype(dtype)
    y = dense(Dense(3), x, weight, bias)
    assert (y.shape, y.dtype) == ((6, 2, 5, 3), dtype)
    np.testing.assert_allclose(y[2, 1, 3], x[2, 1, 3] @ weight + bias, rtol=1e-5)


@pytest.mark.parametrize("units", [0, -3, 2.0, "4", True, None])
def test_refuses_units_that_are_no_count(units):
    with pytest.raises(ConfigError, match=rf"^Dense: units is {units!r}; it must be a whole number"):
        Dense(units)


def test_refuses_an_unknown_activation_and_suggests_the_nearest():
    with pytest.raises(ConfigError, match=r"^Dense: activation is 'rellu' \(did you mean 'relu'\?\)"):
        Dense(3, "rellu")


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_refuses_an_initializer_that_is_none(name):
    with pytest.raises(ConfigError, match=rf"^Dense: {name} is 'he_normal'; give an initializer"):
        Dense(3, **{name: "he_normal"})  # type: ignore[arg-type]
    assert Dense(3, weight=constant(2.0), bias=zeros).weight == constant(2.0)


def test_refuses_whole_numbers_and_names_the_layer():
    trace = Trace()
    with (
        building(trace, training=False),
        pytest.raises(DTypeError, match=r"^Dense 'dense_1' got x of dtype int32; give it float32 or float64"),
    ):
        Sequential([Dense(3)])(trace.input("x", (5, 4), "int32"))


def test_refuses_a_batch_of_single_numbers():
    trace = Trace()
    with (
        building(trace, training=False),
        pytest.raises(ShapeError, match=r"^Dense 'dense_1' got x of shape \(5,\); it needs \(batch, …"),
    ):
        Dense(3)(trace.input("x", (5,)))
