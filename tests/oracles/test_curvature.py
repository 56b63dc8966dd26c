"""Hessian-vector products, eigenvalues and traces beside PyTorch's, in float64, where torch is installed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.backprop import Hessian, hessian_program
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.program import NamedArrays, Program, Trace

torch: Any = pytest.importorskip("torch")
functional = torch.nn.functional

RANDOM = np.random.default_rng(4)
ROWS = 8
IMAGES = RANDOM.normal(size=(ROWS, 6, 6, 2))
VECTORS = RANDOM.normal(size=(ROWS, 5))
CLASSES = RANDOM.integers(0, 3, ROWS).astype(np.int32)


def dense(x, w):
    hidden = torch.tanh(x @ w["dense_1.weight"] + w["dense_1.bias"])
    hidden = functional.gelu(hidden @ w["dense_2.weight"] + w["dense_2.bias"])
    return hidden @ w["dense_3.weight"] + w["dense_3.bias"]


def convolutional(x, w):
    kernel = w["conv2d_1.weight"].permute(3, 2, 0, 1)
    y = functional.conv2d(x.permute(0, 3, 1, 2), kernel, w["conv2d_1.bias"])
    y = functional.max_pool2d(torch.tanh(y), 2).mean((2, 3))
    return y @ w["dense_1.weight"] + w["dense_1.bias"]


def normalized(x, w):
    y = functional.layer_norm(x @ w["dense_1.weight"] + w["dense_1.bias"], (7,), w["layer_norm_1.scale"],
                              w["layer_norm_1.shift"], eps=nn.LayerNorm().epsilon)  # fmt: skip
    return y @ w["dense_2.weight"] + w["dense_2.bias"]


MODELS: dict[str, tuple[nn.Layer, Callable, np.ndarray]] = {
    "dense": (nn.Sequential([nn.Dense(6, "tanh"), nn.Dense(5, "gelu"), nn.Dense(3)]), dense, VECTORS),
    "convolutional": (
        nn.Sequential(
            [
                nn.Conv2D(4, 3, activation="tanh", padding="valid"),
                nn.MaxPool2D(2),
                nn.GlobalAvgPool2D(),
                nn.Dense(3),
            ]
        ),
        convolutional,
        IMAGES,
    ),
    "normalized": (nn.Sequential([nn.Dense(7), nn.LayerNorm(), nn.Dense(3)]), normalized, VECTORS),
}


def recorded(model: nn.Layer, x: np.ndarray) -> tuple[Program, dict[str, np.ndarray]]:
    trace = Trace()
    inputs, labels = trace.input("x", x.shape, "float64"), trace.input("y", (ROWS,), "int32")
    with building(trace, training=False, dtype="float64"):
        loss = nn.SoftmaxCrossEntropy()(model(inputs), labels)
    program = hessian_program(loss)
    random = np.random.default_rng(6)
    return program, {v.name: random.normal(size=v.shape) / 2 for v in program.parameters}


@pytest.mark.parametrize("name", MODELS)
def test_products_are_those_of_hvp(name: str):
    model, forward, x = MODELS[name]
    program, tree = recorded(model, x)
    random = np.random.default_rng(7)
    v = {parameter: random.normal(size=a.shape) for parameter, a in tree.items()}
    along = {f"direction {parameter}": a for parameter, a in v.items()}
    outputs = compile_numpy(program).run(dict(tree), {"x": x, "y": CLASSES} | along)

    def loss(*weights):
        given = dict(zip(tree, weights, strict=True))
        return functional.cross_entropy(forward(torch.tensor(x), given), torch.tensor(CLASSES).long())

    weights, directions = ([torch.tensor(a) for a in each.values()] for each in (tree, v))
    value, products = torch.autograd.functional.hvp(loss, tuple(weights), tuple(directions))
    np.testing.assert_allclose(outputs["loss"], value.numpy(), rtol=1e-12)
    for parameter, product in zip(tree, products, strict=True):
        size = np.abs(product.numpy()).max()
        np.testing.assert_allclose(
            outputs[f"product {parameter}"], product.numpy(), rtol=0, atol=1e-10 * size
        )


@pytest.mark.parametrize("name", MODELS)
def test_eigenvalues_and_trace_are_those_of_the_whole_matrix(name: str):
    """Lanczos's method and random signs, over batches, beside PyTorch's matrix of all examples."""
    model, forward, x = MODELS[name]
    program, tree = recorded(model, x)
    compiled = compile_numpy(program)
    halves = [
        np.tile(half, 2) for half in np.split(np.arange(ROWS), 2)
    ]  # each twice: the program takes 8 rows

    def evaluate(directions: NamedArrays) -> Iterator[tuple[NamedArrays, float]]:
        for half in halves:
            yield compiled.run(dict(tree), {"x": x[half], "y": CLASSES[half], **directions}), 4.0

    hessian = Hessian(tree, evaluate)
    assert hessian.size > 50  # so that Lanczos's method is what is tested

    def loss(flat):
        parts = torch.split(flat, [a.size for a in tree.values()])
        given = {n: part.reshape(a.shape) for part, (n, a) in zip(parts, tree.items(), strict=True)}
        return functional.cross_entropy(forward(torch.tensor(x), given), torch.tensor(CLASSES).long())

    point = torch.tensor(np.concatenate([a.ravel() for a in tree.values()]))
    matrix = torch.autograd.functional.hessian(loss, point).numpy()
    expected = np.linalg.eigvalsh(matrix)
    tolerance = 1e-3 * np.abs(expected).max()
    np.testing.assert_allclose(hessian.ends(), (expected[0], expected[-1]), rtol=0, atol=tolerance)
    by_size = expected[np.argsort(-np.abs(expected))]
    np.testing.assert_allclose(hessian.eigenvalues(3), by_size[:3], rtol=0, atol=tolerance)
    estimate = hessian.trace(60)
    assert abs(estimate.value - np.trace(matrix)) < 4 * estimate.error
