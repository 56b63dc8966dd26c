"""Attention, the transformer's block and positions against NumPy, written head by head."""

import math
from typing import Any

import numpy as np
import pytest
from tests.nn.layers.running import RANDOM, parameters, recorded, run

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import MultiHeadAttention, PositionalEncoding, Sequential, TransformerBlock, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace


def softmax(scores):
    shifted = np.exp(scores - scores.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def attention(x, memory, heads, tree, path="multi_head_attention_1", allowed: Any = True, turn=lambda x: x):
    """Example by example and head by head; allowed: (batch, time, keys)."""
    weight, bias = tree[f"{path}.weight"], tree[f"{path}.bias"]
    (batch, time, width), keys = x.shape, memory.shape[1]
    part = width // heads
    allowed = np.broadcast_to(allowed, (batch, time, keys))
    y = np.zeros(x.shape)
    for example in range(batch):
        for head in range(heads):
            columns = [slice(i * width + head * part, i * width + (head + 1) * part) for i in range(3)]
            of = (x[example], memory[example], memory[example])
            q, k, v = (each @ weight[:, c] + bias[c] for each, c in zip(of, columns, strict=True))
            scores = np.where(allowed[example], turn(q) @ turn(k).T / math.sqrt(part), -1e300)
            y[example, :, columns[0]] = softmax(scores) @ v
    return y @ tree[f"{path}.output_weight"] + tree[f"{path}.output_bias"]


def turned(x):
    """Every pair as a complex number, times e^(i p r)."""
    pairs = x[:, 0::2] + 1j * x[:, 1::2]
    rates = 10_000.0 ** (-2 * np.arange(pairs.shape[1]) / x.shape[1])
    pairs = pairs * np.exp(1j * np.arange(len(x))[:, None] * rates)
    return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)


X, MEMORY = RANDOM.normal(size=(3, 5, 6)), RANDOM.normal(size=(3, 4, 6))
PADDED = np.arange(5) < np.array([5, 2, 3])[:, None]
CAUSAL = np.tri(5, dtype=bool)


@pytest.mark.parametrize("heads", [1, 2, 3, 6])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_over_itself(heads, causal):
    layer = MultiHeadAttention(heads, causal=causal)
    tree = parameters(layer, x=X)
    expected = attention(X, X, heads, tree, allowed=CAUSAL if causal else True)
    np.testing.assert_allclose(run(layer, tree, x=X), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("time", [0, 1])
def test_no_examples_and_one_element(time):
    layer, x = MultiHeadAttention(2), X[:, :1] if time else X[:0]
    tree = parameters(layer, x=x)
    expected = attention(x, x, 2, tree)
    np.testing.assert_allclose(run(layer, tree, x=x), expected, rtol=1e-10)
    for shape in (x.shape[:2], (len(x), x.shape[1], x.shape[1])):
        seen = run(layer, tree, x=x, mask=np.ones(shape, bool))
        np.testing.assert_allclose(seen, expected, rtol=1e-10)


def test_attention_over_a_memory_of_another_length():
    layer = MultiHeadAttention(2)
    tree = parameters(layer, x=X)
    mask = RANDOM.random(size=(3, 5, 4)) < 0.7
    mask[..., 1] = True
    expected = attention(X, MEMORY, 2, tree, allowed=mask)
    np.testing.assert_allclose(run(layer, tree, x=X, memory=MEMORY, mask=mask), expected, rtol=1e-10)


@pytest.mark.parametrize("causal", [False, True])
def test_padded_keys_are_not_seen(causal):
    layer = MultiHeadAttention(3, causal=causal)
    tree = parameters(layer, x=X)
    allowed = PADDED[:, None, :] & (CAUSAL if causal else True)
    y = run(layer, tree, x=X, mask=PADDED)
    np.testing.assert_allclose(y, attention(X, X, 3, tree, allowed=allowed), rtol=1e-10, atol=1e-12)
    changed = np.where(PADDED[..., None], X, 100.0)
    np.testing.assert_array_equal(run(layer, tree, x=changed, mask=PADDED)[PADDED], y[PADDED])


def test_a_query_that_sees_no_key_gets_the_bias():
    layer = MultiHeadAttention(2)
    tree = parameters(layer, x=X)
    y = run(layer, tree, x=X, mask=np.zeros((3, 5), bool))
    np.testing.assert_allclose(y, np.broadcast_to(tree["multi_head_attention_1.output_bias"], y.shape))


def test_rotary_positions_turn_queries_and_keys():
    layer = MultiHeadAttention(1, causal=True, rotary=True)
    tree = parameters(layer, x=X)
    expected = attention(X, X, 1, tree, allowed=CAUSAL, turn=turned)
    np.testing.assert_allclose(run(layer, tree, x=X), expected, rtol=1e-10, atol=1e-12)


def test_dropout_of_the_weights_in_training_alone():
    layer, trace = MultiHeadAttention(2, dropout=0.5), Trace()
    with building(trace, training=True) as built:
        y = layer(trace.input("x", (40, 30, 2)))
    tree = {
        "multi_head_attention_1.weight": np.zeros((2, 6), np.float32),
        "multi_head_attention_1.bias": np.ones(6, np.float32),
        "multi_head_attention_1.output_weight": np.eye(2, dtype=np.float32),
        "multi_head_attention_1.output_bias": np.zeros(2, np.float32),
        RANDOM_KEY: np.array([1, 2], np.uint32),
    }
    program = trace.program({"y": y}, built.updates)
    y = compile_numpy(program).run(tree, {"x": np.zeros((40, 30, 2), np.float32)})["y"]
    # All weights are 1/30 and all values 1: kept are 2/30 each, of about 15.
    np.testing.assert_allclose(y * 15, np.round(y * 15), atol=1e-4)
    assert abs(y.mean() - 1) < 0.02
    assert y.std() == pytest.approx(1 / math.sqrt(30), rel=0.1)
    del tree[RANDOM_KEY]
    assert run(layer, tree, x=np.zeros((2, 3, 2), np.float32)) == pytest.approx(1.0)


def norm(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_transformer_block_is_its_equation(causal):
    block = TransformerBlock(2, causal=causal, expansion=3, activation="tanh")
    tree = parameters(block, x=X)
    path = "transformer_block_1"
    scale = {i: (tree[f"{path}.layer_norm_{i}.scale"], tree[f"{path}.layer_norm_{i}.shift"]) for i in (1, 2)}
    allowed = PADDED[:, None, :] & (CAUSAL if causal else True)
    x = norm(X) * scale[1][0] + scale[1][1]
    h = X + attention(x, x, 2, tree, f"{path}.multi_head_attention_1", allowed)
    inner = np.tanh(
        (norm(h) * scale[2][0] + scale[2][1]) @ tree[f"{path}.dense_1.weight"] + tree[f"{path}.dense_1.bias"]
    )
    expected = h + inner @ tree[f"{path}.dense_2.weight"] + tree[f"{path}.dense_2.bias"]
    np.testing.assert_allclose(run(block, tree, x=X, mask=PADDED), expected, rtol=1e-9)


def test_what_comes_later_does_not_reach_a_causal_model():
    model = Sequential(
        [PositionalEncoding(), TransformerBlock(3, True), TransformerBlock(2, True, rotary=True)]
    )
    x = RANDOM.normal(size=(3, 5, 12))
    tree = parameters(model, x=x)
    later = x.copy()
    later[:, 3:] += 1
    y, z = run(model, tree, x=x), run(model, tree, x=later)
    np.testing.assert_array_equal(y[:, :3], z[:, :3])
    assert (np.abs(y[:, 3:] - z[:, 3:]).max(-1) > 1e-3).all()


@pytest.mark.parametrize("width", [4, 5, 1])
def test_sinusoidal_positions(width):
    x = RANDOM.normal(size=(2, 7, width))
    waves = np.zeros((7, width))
    for place in range(7):
        for i in range(width):
            angle = place / 10_000 ** ((i - i % 2) / width)
            waves[place, i] = math.cos(angle) if i % 2 else math.sin(angle)
    np.testing.assert_allclose(run(PositionalEncoding(), {}, x=x), x + waves, rtol=1e-12)


def test_learned_positions_are_rows_of_the_weight():
    layer = PositionalEncoding("learned", longest=7)
    weight = RANDOM.normal(size=(7, 6))
    y = run(layer, {"positional_encoding_1.weight": weight}, x=X)
    np.testing.assert_allclose(y, X + weight[:5], rtol=1e-14)


def test_rotary_positions_turn_pairs_of_features():
    y = run(PositionalEncoding("rotary"), {}, x=X)
    np.testing.assert_allclose(y, [turned(each) for each in X], rtol=1e-12, atol=1e-14)


def test_products_of_rotary_vectors_depend_on_their_distance_alone():
    q, k = (np.broadcast_to(RANDOM.normal(size=6), (1, 9, 6)).copy() for _ in range(2))
    layer = PositionalEncoding("rotary")
    scores = run(layer, {}, x=q)[0] @ run(layer, {}, x=k)[0].T
    for distance in range(-8, 9):
        line = np.diagonal(scores, distance)
        np.testing.assert_allclose(line, line[0], rtol=1e-10)
    assert np.ptp(scores[0]) > 0.1


def test_refusals_name_the_layer():
    def refusal(kind, layer, **inputs):
        with pytest.raises(kind) as caught:
            recorded(layer, **inputs)
        return str(caught.value)

    heads = refusal(ShapeError, Sequential([TransformerBlock(4)]), x=X)
    assert heads == (
        "MultiHeadAttention 'transformer_block_1.multi_head_attention_1' got x of shape (3, 5, 6); "
        "its 4 heads must divide the width 6"
    )
    layer = MultiHeadAttention(2)
    assert "got x of shape (3, 5); it needs (batch, time, feat" in refusal(ShapeError, layer, x=X[..., 0])
    assert "got x of dtype int64" in refusal(DTypeError, layer, x=X.astype(np.int64))
    assert "got a mask of dtype float64; it needs bool" in refusal(DTypeError, layer, x=X, mask=1.0 * PADDED)
    assert refusal(ShapeError, layer, x=X, mask=PADDED.T).endswith(
        "a mask of shape (5, 3); the mask must be (3, 5) or (3, 5, 5)"
    )
    assert refusal(ShapeError, layer, x=X, memory=MEMORY[:, :, :4]).endswith(
        "a memory of shape (3, 4, 4); the memory must be (batch, keys, width), (3, …, 6)"
    )
    odd = refusal(ShapeError, MultiHeadAttention(2, rotary=True), x=X)
    assert odd.endswith("rotary positions need an even width, and it is 3")
    assert "got x of shape (3,); it needs (…, time, features)" in refusal(
        ShapeError, PositionalEncoding(), x=X[:, 0, 0]
    )
    long = refusal(ShapeError, PositionalEncoding("learned", longest=4), x=X)
    assert long.startswith(
        "PositionalEncoding 'positional_encoding_1' got x of shape (3, 5, 6); it has 4 pos"
    )


def test_positions_refuse_a_length_that_means_nothing():
    with pytest.raises(ConfigError, match=r"^PositionalEncoding: longest is None; it must be a whole number"):
        PositionalEncoding("learned")
    with pytest.raises(
        ConfigError, match=r"^PositionalEncoding: longest is 5, which 'sinusoidal' does not use"
    ):
        PositionalEncoding(longest=5)
