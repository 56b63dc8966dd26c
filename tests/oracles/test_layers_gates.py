"""Trained activations and gates beside PyTorch's, in float64, where torch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.test_layers_space import assert_agrees, ours

from chainrule import nn

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(15)


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (2, 4, 5, 3), (0, 3)], ids=str)
def test_prelu(shape):
    assert_agrees(nn.PReLU(), torch.nn.PReLU(3), shape)


@pytest.mark.parametrize("shape", [(5, 6), (2, 4, 6), (0, 2)], ids=str)
def test_glu(shape):
    assert_agrees(nn.GLU(), torch.nn.GLU(1), shape)


def compare(layer, equation, x, tree):
    """Value and derivatives of the layer and of the equation in torch's functions."""
    theirs = [torch.tensor(each, requires_grad=True) for each in (x, *tree.values())]
    y = equation(*theirs)
    weights = RANDOM.normal(size=tuple(y.shape))
    (y * torch.tensor(weights)).sum().backward()
    found = ours(layer, x, tree, weights, True)
    np.testing.assert_allclose(found["y"], y.detach().numpy(), rtol=1e-9, atol=1e-10)
    for name, tensor in zip(("x", *tree), theirs, strict=True):
        np.testing.assert_allclose(found[name], tensor.grad.numpy(), rtol=1e-9, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3)], ids=str)
def test_swiglu(shape):
    tree = {
        "swiglu_1.weight": RANDOM.normal(size=(3, 8)),
        "swiglu_1.output_weight": RANDOM.normal(size=(4, 3)),
    }

    def block(x, weight, output):
        return (torch.nn.functional.silu(x @ weight[:, :4]) * (x @ weight[:, 4:])) @ output

    compare(nn.SwiGLU(4), block, RANDOM.normal(size=shape), tree)


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3)], ids=str)
def test_maxout(shape):
    tree = {"maxout_1.weight": RANDOM.normal(size=(3, 12)), "maxout_1.bias": RANDOM.normal(size=12)}

    def largest(x, weight, bias):
        """Piece k of every unit has the columns k, k + 3, …"""
        return torch.stack([x @ weight[:, k::3] + bias[k::3] for k in range(3)]).amax(0)

    compare(nn.Maxout(4, 3), largest, RANDOM.normal(size=shape), tree)
