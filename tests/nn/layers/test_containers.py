"""Sequential, Residual, Padded and Concatenate."""

import numpy as np
import pytest

from chainrule.errors import ConfigError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    Activation,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Padded,
    Residual,
    Sequential,
    building,
)
from chainrule.program import Trace

RANDOM = np.random.default_rng(6)


def output(layer: Layer, x: np.ndarray, tree: dict[str, np.ndarray]) -> np.ndarray:
    trace = Trace()
    with building(trace, training=False):
        y = layer(trace.input("x", x.shape, x.dtype.name))
    return compile_numpy(trace.program({"y": y})).run(tree, {"x": x})["y"]


def test_sequential_applies_its_layers_in_order():
    x, weight, bias = RANDOM.normal(size=(5, 2, 2)), RANDOM.normal(size=(4, 3)), RANDOM.normal(size=3)
    y = output(
        Sequential([Flatten(), Dense(3), Activation("tanh")]),
        x,
        {"dense_1.weight": weight, "dense_1.bias": bias},
    )
    np.testing.assert_allclose(y, np.tanh(x.reshape(5, 4) @ weight + bias), rtol=1e-12)


def test_sequential_without_layers_is_the_identity():
    x = RANDOM.normal(size=(5, 2))
    assert np.array_equal(output(Sequential([]), x, {}), x)


def test_a_list_becomes_a_tuple_and_one_layer_a_sequence():
    assert Sequential([Dense(3)]) == Sequential((Dense(3),)) == Sequential(Dense(3))  # type: ignore[arg-type]
    assert hash(Sequential([Dense(3)])) == hash(Sequential((Dense(3),)))


def test_residual_adds_its_layers_to_the_input():
    x, weight, bias = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3)
    tree = {"dense_1.weight": weight, "dense_1.bias": bias}
    y = output(Residual([Dense(3), Activation("tanh")]), x, tree)
    np.testing.assert_allclose(y, x + np.tanh(x @ weight + bias), rtol=1e-12)


@pytest.mark.parametrize("units", [4, 1])
def test_residual_refuses_another_width_even_one_that_would_broadcast(units):
    trace = Trace()
    model = Sequential([Dense(3), Residual([Dense(7), Dense(units)])])
    with building(trace, training=False), pytest.raises(ShapeError) as caught:
        model(trace.input("x", (5, 2)))
    assert str(caught.value) == (
        f"Residual 'residual_1': its layers turn shape (5, 3) into (5, {units}), which can't be added to x; "
        "make the last inner layer as wide as the input, or give it a shortcut of that shape"
    )


def test_padded_layers_see_zeros_around_an_image():
    """So a convolution that pads by zeros itself gives the same as on the image alone."""
    x, weight = RANDOM.normal(size=(2, 5, 6, 1)), RANDOM.normal(size=(3, 3, 1, 2))
    tree = {"conv2d_1.weight": weight, "conv2d_1.bias": np.zeros(2)}
    convolution = Conv2D(2, 3, padding="same")
    y = output(Padded([convolution], 4), x, tree)
    np.testing.assert_allclose(y, output(convolution, x, tree), rtol=1e-12)


def test_residual_adds_its_layers_to_what_its_shortcut_gives():
    x, weights = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(2, 3, 4))
    tree = {"dense_1.weight": weights[0], "shortcut.weight": weights[1]}
    tree |= {"dense_1.bias": np.zeros(4), "shortcut.bias": np.ones(4)}
    y = output(Residual([Dense(4, "tanh")], Dense(4)), x, tree)
    np.testing.assert_allclose(y, x @ weights[1] + 1 + np.tanh(x @ weights[0]), rtol=1e-12)


def test_residual_refuses_a_shortcut_of_another_shape():
    trace = Trace()
    with (
        building(trace, training=False),
        pytest.raises(ShapeError, match="what its shortcut gives, \\(5, 3\\)"),
    ):
        Residual([Dense(4)], Dense(3))(trace.input("x", (5, 2)))
    with pytest.raises(ConfigError, match=r"^Residual: shortcut is 'x'; it must be a layer or None"):
        Residual([Dense(4)], "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(("axis", "shape"), [(-1, (5, 2, 6)), (1, (5, 4, 3)), (0, (10, 2, 3))])
def test_concatenate_joins_what_its_layers_make_of_x(axis, shape):
    x = RANDOM.normal(size=(5, 2, 3))
    y = output(Concatenate([Activation("tanh"), Sequential([])], axis), x, {})
    assert y.shape == shape
    assert np.array_equal(y, np.concatenate([np.tanh(x), x], axis))


def test_concatenate_refuses_outputs_that_differ_elsewhere():
    trace = Trace()
    with (
        building(trace, training=False),
        pytest.raises(ShapeError, match=r"^Concatenate: concatenate along axis 2"),
    ):
        Concatenate([Dense(4), Flatten()])(trace.input("x", (5, 2, 3)))


@pytest.mark.parametrize(("layers", "axis"), [([], 0), ([Dense(2)], 0.5), ([Dense(2)], True)])
def test_concatenate_refuses_no_layers_and_an_axis_that_is_no_number(layers, axis):
    with pytest.raises(ConfigError, match=r"^Concatenate: "):
        Concatenate(layers, axis)


@pytest.mark.parametrize("kind", [Sequential, Residual, Concatenate])
@pytest.mark.parametrize(("given", "item"), [([Dense(2), 3], 2), ("Dense", 1), ([Dropout], 1), (None, 1)])
def test_refuses_what_is_no_layer_and_says_which(kind, given, item):
    with pytest.raises(ConfigError, match=rf"^{kind.__name__}: item {item} is .*, not a layer; pass a list"):
        kind(given)
