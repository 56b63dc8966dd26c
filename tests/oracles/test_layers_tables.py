"""Layers of tables and ensembles beside their equations in PyTorch, in float64: values and derivatives."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.agreement import assert_agrees

from chainrule import nn
from chainrule.nn import Layer, building
from chainrule.nn.layer import snake_case
from chainrule.program import Tensor

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(29)
EDGES = np.array([[-1.5, -0.4, 0.3, 1.8], [-2.0, 0.0, 0.5, 1.0]])


def called(layer: Layer, *names: str) -> Any:
    """The layer as a function of x and of its parameters of these names."""

    def call(x: Tensor, *parameters: Tensor) -> Tensor:
        path = snake_case(type(layer).__name__) + "_1."
        with building(
            x.trace, training=True, at=dict(zip([path + n for n in names], parameters, strict=True))
        ):
            return layer(x)

    return call


def drawn(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: RANDOM.normal(size=shape) for name, shape in shapes.items()}


def test_members() -> None:
    assert_agrees(
        torch, called(nn.Members(3), "scale"), lambda x, r: x[:, None] * r, drawn(x=(5, 4), r=(3, 4))
    )


def test_ensemble_dense() -> None:
    """Each member is torch's linear with W ⊙ r sᵀ."""

    def theirs(x: Any, w: Any, r: Any, s: Any, b: Any) -> Any:
        linear = torch.nn.functional.linear
        members = [linear(x[:, m], (w * torch.outer(r[m], s[m])).T, b[m]) for m in range(3)]
        return torch.tanh(torch.stack(members, 1))

    names = ("weight", "input_scale", "output_scale", "bias")
    arrays = drawn(x=(5, 3, 4), w=(4, 2), r=(3, 4), s=(3, 2), b=(3, 2))
    assert_agrees(torch, called(nn.EnsembleDense(2, "tanh"), *names), theirs, arrays)

    def own(x: Any, w: Any, b: Any) -> Any:
        return torch.einsum("nmf,fmu->nmu", x, w.reshape(4, 3, 2)) + b

    layer = nn.EnsembleDense(2, weights="own")
    assert_agrees(torch, called(layer, "weight", "bias"), own, drawn(x=(5, 3, 4), w=(4, 6), b=(3, 2)))


def limited(x: Any) -> Any:
    return x / torch.sqrt(1 + (x / 3) ** 2)


def test_piecewise_features() -> None:
    def theirs(x: Any, v: Any, a: Any, b: Any) -> Any:
        edges = torch.tensor(EDGES)
        shares = (x[:, :, None] - edges[:, :-1]) / (edges[:, 1:] - edges[:, :-1])
        broken = torch.einsum("ncp,cpd->ncd", shares.clamp(0, 1), v)
        return (limited(x)[:, :, None] * a + b + broken).flatten(1)

    layer = nn.TableFeatures((0, 0), "piecewise", (0, 1), EDGES.tolist(), width=2)
    names = ("piece_weight", "line_weight", "line_bias")
    assert_agrees(torch, called(layer, *names), theirs, drawn(x=(6, 2), v=(2, 3, 2), a=(2, 2), b=(2, 2)))


def test_periodic_features() -> None:
    def theirs(x: Any, f: Any, w: Any, b: Any) -> Any:
        angle = 2 * torch.pi * limited(x)[:, :, None] * f
        waves = torch.cat([angle.cos(), angle.sin()], -1)
        return torch.relu(torch.einsum("ncp,cpd->ncd", waves, w) + b).flatten(1)

    layer = nn.TableFeatures((0, 0), "periodic", (0, 1), width=2)
    names = ("frequency", "wave_weight", "wave_bias")
    assert_agrees(torch, called(layer, *names), theirs, drawn(x=(6, 2), f=(2, 4), w=(2, 8, 2), b=(2, 2)))


def test_codes_are_an_embedding() -> None:
    codes = RANDOM.integers(0, 9, (6, 1))

    def theirs(x: Any, w: Any) -> Any:
        return torch.nn.functional.embedding(torch.tensor(codes[:, 0]), w) + 0 * x

    layer = called(nn.TableFeatures((9,)), "codes_5_weight")
    assert_agrees(torch, lambda x, w: layer(x, w), theirs, {"x": codes + 0.0} | drawn(w=(9, 5)))


def test_mean_of_members() -> None:
    numbers = RANDOM.integers(0, 4, 5)

    def theirs(z: Any) -> Any:
        losses = [torch.nn.functional.cross_entropy(z[:, m], torch.tensor(numbers)) for m in range(3)]
        return torch.stack(losses).mean()

    loss = nn.MeanOfMembers(nn.SoftmaxCrossEntropy())
    assert_agrees(torch, lambda z: loss(z, z.trace.constant(numbers, "int32")), theirs, drawn(z=(5, 3, 4)))
