"""Activation, Dropout and Flatten."""

import numpy as np
import pytest

from chainrule.errors import ConfigError, ShapeError
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.nn import Activation, Dropout, Flatten, Layer, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace


def program(layer: Layer, *shape: int, training: bool, dtype: str = "float64") -> NumpyProgram:
    trace = Trace()
    with building(trace, training=training) as built:
        y = layer(trace.input("x", shape, dtype))
    return compile_numpy(trace.program({"y": y}, built.updates))


def key(seed: int, call: int = 0) -> dict[str, np.ndarray]:
    return {RANDOM_KEY: np.array([seed, call], np.uint32)}


def test_activation_is_the_function_of_its_name():
    x = np.array([[-2.0, 0.0, 3.0]])
    y = program(Activation("leaky_relu"), 1, 3, training=False).run({}, {"x": x})["y"]
    np.testing.assert_allclose(y, [[-0.02, 0.0, 3.0]])


def test_activation_refuses_an_unknown_name():
    with pytest.raises(ConfigError, match=r"^Activation: .* is 'tan' \(did you mean 'tanh'\?\)"):
        Activation("tan")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_share_and_scales_what_it_keeps(rate):
    x = np.random.default_rng(0).normal(size=(400, 250)) + 10
    y = program(Dropout(rate), *x.shape, training=True).run(key(3), {"x": x})["y"]
    kept = y != 0
    # 100,000 draws: five standard deviations of the share.
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / x.size)
    np.testing.assert_allclose(y[kept], x[kept] / (1 - rate), rtol=1e-12)


def test_dropout_is_off_in_prediction_and_at_rate_zero():
    x = np.random.default_rng(0).normal(size=(4, 5))
    for layer, training in ((Dropout(0.9), False), (Dropout(0.0), True)):
        compiled = program(layer, 4, 5, training=training)
        assert compiled.program.state == ()
        assert np.array_equal(compiled.run({}, {"x": x})["y"], x)


def test_dropout_differs_between_calls_and_repeats_for_the_same_seed():
    compiled, x = program(Dropout(0.5), 20, 20, training=True), {"x": np.ones((20, 20))}
    tree, again, other = key(1), key(1), key(2)
    first, second = compiled.run(tree, x)["y"], compiled.run(tree, x)["y"]
    assert not np.array_equal(first, second)
    assert np.array_equal(compiled.run(again, x)["y"], first)
    assert np.array_equal(compiled.run(key(1, call=1), x)["y"], second)
    assert not np.array_equal(compiled.run(other, x)["y"], first)


def test_dropout_turns_no_infinity_into_nan():
    """Dropping by multiplication would give ∞ · 0 = NaN."""
    y = program(Dropout(0.5), 10, 10, training=True).run(key(1), {"x": np.full((10, 10), np.inf)})["y"]
    assert set(np.unique(y)) == {0.0, np.inf}


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, float("nan"), "0.5", None, True])
def test_dropout_refuses_a_rate_out_of_range(rate):
    with pytest.raises(ConfigError, match=r"^Dropout: rate is .*; it must be"):
        Dropout(rate)


@pytest.mark.parametrize(
    ("shape", "flat"), [((6, 4, 2), (6, 8)), ((6, 8), (6, 8)), ((6,), (6, 1)), ((0, 3, 2), (0, 6))]
)
def test_flatten_makes_every_example_one_row(shape, flat):
    x = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
    y = program(Flatten(), *shape, training=False).run({}, {"x": x})["y"]
    assert y.shape == flat
    assert np.array_equal(y.reshape(-1), x.reshape(-1))


def test_flatten_refuses_a_single_number():
    with pytest.raises(ShapeError, match=r"^Flatten 'flatten_1' got a single number"):
        program(Flatten(), training=False)
