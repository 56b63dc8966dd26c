"""Recurrent layers against NumPy, one example and one element at a time."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from tests.nn.layers.running import RANDOM, parameters, recorded, run

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import GRU, LSTM, Bidirectional, Layer, Sequential, SimpleRNN, building
from chainrule.program import Trace

Weights = Mapping[str, np.ndarray]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def simple(x: np.ndarray, state: tuple, w: Weights) -> tuple:
    return (np.tanh(x @ w["weight"] + state[0] @ w["recurrent_weight"] + w["bias"]), 0.0)


def lstm(x: np.ndarray, state: tuple, w: Weights) -> tuple:
    i, f, g, o = np.split(x @ w["weight"] + state[0] @ w["recurrent_weight"] + w["bias"], 4)
    c = sigmoid(f) * state[1] + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x: np.ndarray, state: tuple, w: Weights) -> tuple:
    r, z, n = np.split(x @ w["weight"] + w["bias"], 3)
    by_r, by_z, by_n = np.split(state[0] @ w["recurrent_weight"] + w["recurrent_bias"], 3)
    r, z = sigmoid(r + by_r), sigmoid(z + by_z)
    return (1 - z) * np.tanh(n + r * by_n) + z * state[0], 0.0


KINDS: dict[str, tuple[type, Callable]] = {
    "simplernn": (SimpleRNN, simple),
    "lstm": (LSTM, lstm),
    "gru": (GRU, gru),
}
X = RANDOM.normal(size=(4, 5, 3))
MASK = np.arange(5) < np.array([5, 3, 1, 0])[:, None]
UNITS = 2


def states(step: Callable, x: np.ndarray, w: Weights, mask: np.ndarray, reverse: bool) -> np.ndarray:
    """(batch, time, units)."""
    y = np.zeros((*x.shape[:2], UNITS))
    for example in range(len(x)):
        state = (np.zeros(UNITS), np.zeros(UNITS))
        for t in range(x.shape[1])[:: -1 if reverse else 1]:
            state = step(x[example, t], state, w) if mask[example, t] else state
            y[example, t] = state[0]
    return y


def weights(tree: Mapping[str, np.ndarray], path: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(f"{path}."): a for name, a in tree.items() if name.startswith(f"{path}.")}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_states_of_every_element_and_of_the_last(name, reverse, masked):
    kind, step = KINDS[name]
    mask = {"mask": MASK} if masked else {}
    every = kind(UNITS, return_sequences=True, reverse=reverse)
    tree = parameters(every, x=X)
    expected = states(step, X, weights(tree, f"{name}_1"), MASK if masked else MASK | True, reverse)
    np.testing.assert_allclose(run(every, tree, x=X, **mask), expected, rtol=1e-10, atol=1e-12)
    last = run(kind(UNITS, reverse=reverse), tree, x=X, **mask)
    np.testing.assert_allclose(last, expected[:, 0 if reverse else -1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_what_padding_holds_does_not_matter(name):
    layer = KINDS[name][0](UNITS)
    tree = parameters(layer, x=X)
    changed = np.where(MASK[..., None], X, 50.0)
    np.testing.assert_array_equal(run(layer, tree, x=X, mask=MASK), run(layer, tree, x=changed, mask=MASK))
    shorter = run(layer, tree, x=X[1:2, :3])
    np.testing.assert_allclose(run(layer, tree, x=X, mask=MASK)[1:2], shorter, rtol=1e-12)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", [(0, 5, 3), (2, 1, 3)], ids=str)
def test_no_examples_and_one_element(name, shape):
    kind, step = KINDS[name]
    x = RANDOM.normal(size=shape)
    layer = kind(UNITS, return_sequences=True)
    tree = parameters(layer, x=x)
    expected = states(step, x, weights(tree, f"{name}_1"), np.ones(shape[:2], bool), False)
    np.testing.assert_allclose(run(layer, tree, x=x), expected, rtol=1e-10)
    assert run(kind(UNITS), tree, x=x).shape == (shape[0], UNITS)


@pytest.mark.parametrize("every", [False, True])
def test_bidirectional_puts_both_ways_side_by_side(every):
    layer = Bidirectional(LSTM(UNITS, return_sequences=every))
    tree = parameters(layer, x=X)
    ahead = states(lstm, X, weights(tree, "forward"), MASK, False)
    back = states(lstm, X, weights(tree, "backward"), MASK, True)
    expected = np.concatenate([ahead, back] if every else [ahead[:, -1], back[:, 0]], -1)
    np.testing.assert_allclose(run(layer, tree, x=X, mask=MASK), expected, rtol=1e-10, atol=1e-12)


def test_bidirectional_makes_the_way_back_from_the_way_ahead():
    assert Bidirectional(GRU(3)).backward == GRU(3, reverse=True)
    assert Bidirectional(GRU(3), GRU(3, reverse=True)) == Bidirectional(GRU(3))
    with pytest.raises(ConfigError, match=r"^Bidirectional: forward and backward must differ in reverse"):
        Bidirectional(GRU(3), GRU(3))


def test_the_forget_gate_starts_open():
    trace = Trace()
    with building(trace, training=True) as built:
        LSTM(2)(trace.input("x", (1, 1, 3)))
    bias = built.initializers["lstm_1.bias"]((8,), RANDOM, "float32")
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def stacked() -> Layer:
    return Sequential([LSTM(4, return_sequences=True), Bidirectional(GRU(3))])


def test_refusals_name_the_layer():
    with pytest.raises(
        ShapeError, match=r"^LSTM 'lstm_1' got x of shape \(4, 3\); it needs \(batch, time, fea"
    ):
        recorded(stacked(), x=X[:, 0])
    with pytest.raises(
        ShapeError, match=r"^GRU 'bidirectional_1\.forward' got x of shape \(4, 2\); it needs"
    ):
        recorded(Sequential([LSTM(2), Bidirectional(GRU(3))]), x=X)
    with pytest.raises(DTypeError, match=r"^SimpleRNN 'simplernn_1' got x of dtype int64"):
        recorded(SimpleRNN(2), x=X.astype(np.int64))
    with pytest.raises(
        ShapeError, match=r"got x of shape \(4, 0, 3\); it needs at least one element in time"
    ):
        recorded(GRU(2), x=X[:, :0])
    with pytest.raises(
        ShapeError, match=r"mask of shape \(5, 4\); the mask must be \(batch, time\), \(4, 5\)"
    ):
        recorded(LSTM(2), x=X, mask=MASK.T)
    with pytest.raises(DTypeError, match=r"^LSTM 'lstm_1' got a mask of dtype float64"):
        recorded(LSTM(2), x=X, mask=1.0 * MASK)
