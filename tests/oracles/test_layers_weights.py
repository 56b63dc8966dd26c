"""Normalized weights and bilinear forms beside PyTorch's, in float64, where torch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.test_layers_gates import compare
from tests.oracles.test_layers_space import ours
from tests.oracles.test_layers_time import assert_agrees

from chainrule import nn

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(42)


def test_weight_norm_of_a_dense_layer():
    tree = {
        "dense_1.weight": RANDOM.normal(size=(3, 2)),
        "dense_1.weight_length": RANDOM.normal(size=2),
        "dense_1.bias": RANDOM.normal(size=2),
    }

    def theirs(x, v, g, bias):
        return torch.nn.functional.linear(x, torch._weight_norm(v.T, g[:, None], 0), bias)

    compare(nn.WeightNorm(nn.Dense(2)), theirs, RANDOM.normal(size=(4, 3)), tree)


def test_weight_norm_of_a_convolution():
    tree = {
        "conv2d_1.weight": RANDOM.normal(size=(2, 3, 3, 4)),
        "conv2d_1.weight_length": RANDOM.normal(size=4),
        "conv2d_1.bias": RANDOM.normal(size=4),
    }

    def theirs(x, v, g, bias):
        weight = torch._weight_norm(v.permute(3, 2, 0, 1), g[:, None, None, None], 0)
        return torch.nn.functional.conv2d(x.movedim(-1, 1), weight, bias).movedim(1, -1)

    compare(nn.WeightNorm(nn.Conv2D(4, (2, 3))), theirs, RANDOM.normal(size=(2, 4, 5, 3)), tree)


def test_spectral_norm():
    """After many steps both have the singular vectors, and the derivative has them as constants."""
    module = torch.nn.utils.parametrizations.spectral_norm(
        torch.nn.Linear(3, 2).double(), n_power_iterations=50
    )
    x = RANDOM.normal(size=(4, 3))
    their_x = torch.tensor(x, requires_grad=True)
    y = module(their_x)
    weights = RANDOM.normal(size=(4, 2))
    (y * torch.tensor(weights)).sum().backward()
    raw = module.parametrizations.weight.original
    tree = {
        "dense_1.weight": raw.detach().numpy().T.copy(),
        "dense_1.bias": module.bias.detach().numpy(),
        "dense_1.weight_vector": np.ones(2),
    }
    found = ours(nn.SpectralNorm(nn.Dense(2), 50), x, tree, weights, True)
    expected = {"y": y.detach().numpy(), "x": their_x.grad.numpy(), "dense_1.weight": raw.grad.numpy().T}
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-11, err_msg=name)


def test_bilinear():
    module = torch.nn.Bilinear(3, 2, 4).double()

    class Flat(torch.nn.Module):
        """Holds the weight as (units, features of a · features of b)."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(4, 6))
            self.bias = torch.nn.Parameter(torch.zeros(4))

    held = Flat()
    assert_agrees(
        nn.Bilinear(4),
        lambda a, b: torch.nn.functional.bilinear(a, b, held.weight.reshape(4, 3, 2), held.bias),
        held,
        {"weight": "bilinear_1.weight", "bias": "bilinear_1.bias"},
        {"a": RANDOM.normal(size=(5, 3)), "b": RANDOM.normal(size=(5, 2))},
    )
    assert tuple(module.weight.shape) == (4, 3, 2)
