"""Additive attention with a memory and a mask, query by query."""

import numpy as np
import pytest
from tests.nn.layers.running import parameters, recorded, run

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn import AdditiveAttention

RANDOM = np.random.default_rng(14)


def test_padding_gets_no_attention():
    x, memory = RANDOM.normal(size=(2, 3, 4)), RANDOM.normal(size=(2, 5, 6))
    mask = np.array([[True, True, False, True, False], [False] * 5])
    layer = AdditiveAttention(7)
    tree = parameters(layer, x=x, memory=memory)
    found = run(layer, tree, x=x, memory=memory, mask=mask)
    w, u, b, v = (
        tree[f"additive_attention_1.{n}"] for n in ("weight", "memory_weight", "bias", "score_weight")
    )
    kept = memory[0, mask[0]]
    for query in range(3):
        scores = np.exp(np.tanh(x[0, query] @ w + kept @ u + b) @ v)[:, 0]
        np.testing.assert_allclose(found[0, query], scores @ kept / scores.sum(), rtol=1e-12)
    assert np.array_equal(found[1], np.zeros((3, 6)))


def test_what_padding_holds_does_not_matter():
    x, mask = RANDOM.normal(size=(1, 3, 2)), np.array([[True, True, False]])
    layer = AdditiveAttention(2)
    tree = parameters(layer, x=x)
    memory = x.copy()
    memory[0, 2] = 1e3
    first, second = (run(layer, tree, x=x, memory=m, mask=mask) for m in (x, memory))
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_refuses_what_does_not_fit():
    x = np.ones((2, 3, 4))
    with pytest.raises(ShapeError, match=r"and a memory of shape \(1, 3, 4\)"):
        recorded(AdditiveAttention(2), x=x, memory=x[:1])
    with pytest.raises(ShapeError, match=r"got a mask of shape \(2, 4\); it must be \(2, 3\)"):
        recorded(AdditiveAttention(2), x=x, memory=x, mask=np.ones((2, 4), bool))
    with pytest.raises(DTypeError, match=r"got a mask of dtype float64"):
        recorded(AdditiveAttention(2), x=x, memory=x, mask=np.ones((2, 3)))
