"""Hessian-vector products beside finite differences of gradients; eigenvalues of known matrices."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from chainrule import nn
from chainrule.backprop import Hessian, differentiate, hessian_product, hessian_program
from chainrule.errors import ChainruleError, ConfigError
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import RANDOM_KEY, Building, building
from chainrule.program import NamedArrays, Program, Trace
from chainrule.program import functions as f

RANDOM = np.random.default_rng(18)
ROWS = 6


@dataclass(frozen=True)
class Case:
    """A network with a loss, on inputs of a shape and targets."""

    layers: tuple[nn.Layer, ...]
    loss: nn.Loss
    x: tuple[int, ...]
    targets: np.ndarray
    tokens: int = 0

    def inputs(self, dtype: str = "float64") -> dict[str, np.ndarray]:
        random = np.random.default_rng(5)
        whole = random.integers(0, self.tokens or 1, self.x).astype(np.int32)
        x = whole if self.tokens else random.normal(size=self.x).astype(dtype)
        y = self.targets.astype(dtype) if self.targets.dtype == np.float64 else self.targets
        return {"x": x, "y": y}

    def program(self, dtype: str = "float64") -> tuple[Program, dict[str, np.ndarray]]:
        """Its Hessian program, and weights drawn at random, so that none is at a special place."""
        trace = Trace()
        inputs = {name: trace.input(name, a.shape, a.dtype.name) for name, a in self.inputs(dtype).items()}
        with building(trace, training=False, dtype=dtype) as built:
            loss = self.loss(nn.Sequential(self.layers)(inputs["x"]), inputs["y"])
        program = hessian_program(loss)
        held = (*program.parameters, *program.state)
        return program, {v.name: drawn(built, v.name, v.shape).astype(dtype) for v in held}


def drawn(built: Building, name: str, shape: tuple[int, ...]) -> np.ndarray:
    assert name != RANDOM_KEY  # nothing is random where a model predicts
    noise = np.random.default_rng(len(name)).normal(size=shape)
    if name.endswith("variance"):
        return np.exp(0.3 * noise)
    return built.initializers[name](shape, np.random.default_rng(3), "float64") + 0.2 * noise


CLASSES = RANDOM.integers(0, 3, ROWS).astype(np.int32)
NUMBERS = RANDOM.normal(size=(ROWS, 2))
CROSS, SQUARED = nn.SoftmaxCrossEntropy(), nn.MeanSquaredError()

CASES = {
    "linear": Case((nn.Dense(2),), SQUARED, (ROWS, 3), NUMBERS),
    "tanh": Case((nn.Dense(5, "tanh"), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "deep": Case((*[nn.Dense(4, "gelu")] * 4, nn.Dense(2)), nn.Huber(0.5), (ROWS, 3), NUMBERS),
    "relu": Case((nn.Dense(7, "relu"), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "smoothed": Case((nn.Dense(5, "silu"), nn.Dense(3)), nn.SoftmaxCrossEntropy(0.1), (ROWS, 4), CLASSES),
    "focal": Case((nn.Dense(5, "sigmoid"), nn.Dense(3)), nn.SoftmaxFocal(2.0), (ROWS, 4), CLASSES),
    "poisson": Case((nn.Dense(5, "softplus"), nn.Dense(2)), nn.Poisson(), (ROWS, 4), np.abs(NUMBERS)),
    "batch_norm": Case(
        (nn.Dense(5), nn.BatchNorm(), nn.Activation("tanh"), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES
    ),
    "layer_norm": Case((nn.Dense(5), nn.LayerNorm(), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "residual": Case((nn.Residual([nn.Dense(4, "tanh")]), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "remat": Case((nn.Remat(nn.Dense(4, "tanh")), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "frozen": Case((nn.Frozen(nn.Dense(4, "tanh")), nn.Dense(3)), CROSS, (ROWS, 4), CLASSES),
    "convolution": Case(
        (nn.Conv2D(4, 3, activation="tanh"), nn.MaxPool2D(2), nn.Conv2D(3, 3), nn.GlobalAvgPool2D()),
        CROSS,
        (ROWS, 8, 8, 2),
        CLASSES,
    ),
    "transformer": Case(
        (nn.Embedding(7, 8), nn.TransformerBlock(2), nn.GlobalAvgPool1D(), nn.Dense(3)),
        CROSS,
        (ROWS, 5),
        CLASSES,
        tokens=7,
    ),
    "lstm": Case((nn.LSTM(4), nn.Dense(3)), CROSS, (ROWS, 5, 2), CLASSES),
    "gru": Case((nn.GRU(4), nn.Dense(3)), CROSS, (ROWS, 5, 2), CLASSES),
    "rnn": Case((nn.SimpleRNN(4), nn.Dense(3)), CROSS, (ROWS, 5, 2), CLASSES),
}  # fmt: skip


def direction(program: Program) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {f"direction {v.name}": random.normal(size=v.shape) for v in program.parameters}


def finite_difference(
    program: Program, tree: NamedArrays, inputs: NamedArrays, along: NamedArrays
) -> np.ndarray:
    """The change of the gradient along the direction, by central differences extrapolated twice; flat."""
    compiled = compile_numpy(program)

    def gradient(distance: float) -> np.ndarray:
        moved = {v.name: tree[v.name] + distance * along[f"direction {v.name}"] for v in program.parameters}
        outputs = compiled.run({**tree, **moved}, inputs)
        return np.concatenate([outputs[f"gradient {v.name}"].ravel() for v in program.parameters])

    steps = [1e-3, 5e-4, 2.5e-4]
    rough = [(gradient(h) - gradient(-h)) / (2 * h) for h in steps]
    better = [(4 * b - a) / 3 for a, b in pairwise(rough)]
    return (16 * better[1] - better[0]) / 15


def product_of(outputs: NamedArrays, program: Program) -> np.ndarray:
    return np.concatenate([outputs[f"product {v.name}"].ravel() for v in program.parameters])


@pytest.mark.parametrize("name", CASES)
def test_products_are_the_slope_of_the_gradient(name: str):
    program, tree = CASES[name].program()
    inputs = CASES[name].inputs() | direction(program)
    expected = finite_difference(program, tree, inputs, inputs)
    assert np.linalg.norm(expected) > 1e-3
    found = product_of(compile_numpy(program).run(dict(tree), inputs), program)
    assert np.linalg.norm(found - expected) <= 1e-10 * np.linalg.norm(expected)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("name", CASES)
def test_the_native_executor_runs_them_whole(name: str):
    """In float32, which it runs itself: a warning that NumPy takes its place would be an error here."""
    program, tree = CASES[name].program()
    inputs = CASES[name].inputs() | direction(program)
    expected = product_of(compile_numpy(program).run(dict(tree), inputs), program)
    program, tree = CASES[name].program("float32")
    along = {n: a.astype(np.float32) for n, a in direction(program).items()}
    found = product_of(
        compile_native(program).run(dict(tree), CASES[name].inputs("float32") | along), program
    )
    assert np.linalg.norm(found - expected) <= 2e-5 * np.linalg.norm(expected)


@pytest.mark.parametrize("name", CASES)
def test_the_hessian_is_symmetric(name: str):
    """u · H v = v · H u: what a wrong rule of a derivative's derivative breaks."""
    program, tree = CASES[name].program()
    compiled, given, random = compile_numpy(program), CASES[name].inputs(), np.random.default_rng(9)
    u, v = ({n: random.normal(size=a.shape) for n, a in direction(program).items()} for _ in range(2))

    def bilinear(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> float:
        outputs = compiled.run(dict(tree), given | right)
        return sum(float((left[n] * outputs[n.replace("direction", "product")]).sum()) for n in left)

    assert bilinear(u, v) == pytest.approx(bilinear(v, u), rel=1e-9, abs=1e-12)


def test_the_gradient_and_the_loss_stand_beside_the_product():
    program, tree = CASES["tanh"].program()
    outputs = compile_numpy(program).run(dict(tree), CASES["tanh"].inputs() | direction(program))
    assert set(outputs) == {
        "loss",
        *(f"{what} {v.name}" for what in ("gradient", "product") for v in program.parameters),
    }
    trace = Trace()
    x, y = trace.input("x", (ROWS, 4), "float64"), trace.input("y", (ROWS,), "int32")
    with building(trace, training=False, dtype="float64"):
        loss = CASES["tanh"].loss(nn.Sequential(CASES["tanh"].layers)(x), y)
    weight = trace.parameters["dense_1.weight"]
    plain = trace.program({"loss": loss, "g": differentiate(loss, [weight])[weight.value]})
    expected = compile_numpy(plain).run(dict(tree), CASES["tanh"].inputs())
    np.testing.assert_array_equal(outputs["loss"], expected["loss"])
    np.testing.assert_array_equal(outputs["gradient dense_1.weight"], expected["g"])


def test_a_product_worked_by_hand():
    """x² y + sin y: H = [[2y, 2x], [2x, -sin y]]."""
    trace = Trace()
    x, y = trace.parameter("x", (), "float64"), trace.parameter("y", (), "float64")
    v, w = trace.input("v", (), "float64"), trace.input("w", (), "float64")
    product = hessian_product(x * x * y + f.sin(y), {x: v, y: w})
    found = compile_numpy(trace.program({"x": product[x], "y": product[y]})).run(
        {"x": np.array(3.0), "y": np.array(2.0)}, {"v": np.array(1.0), "w": np.array(-1.0)}
    )
    assert found["x"] == pytest.approx(2 * 2.0 - 2 * 3.0)
    assert found["y"] == pytest.approx(2 * 3.0 + np.sin(2.0))


def test_a_direction_made_of_the_parameters_is_held():
    """Of x² along v = x the product is 2 x, not the 4 x of d(g · x)/dx."""
    trace = Trace()
    x = trace.parameter("x", (), "float64")
    product = hessian_product(x * x, {x: x})[x]
    assert compile_numpy(trace.program({"x": product})).run({"x": np.array(5.0)}, {})["x"] == 10.0


def test_a_loss_without_parameters_is_refused():
    trace = Trace()
    with pytest.raises(ChainruleError, match=r"no parameters to differentiate it by; give a model"):
        hessian_program(trace.input("x", (3,), "float64").sum())


def hessian_of(matrix: np.ndarray, *, parts: int = 1) -> Hessian:
    """Of ½ w · A w at w = (1, …, 1), in two arrays, over batches that have unequal shares of A."""
    size = len(matrix)
    shares = np.arange(1, parts + 1)

    def evaluate(directions: NamedArrays) -> Iterator[tuple[NamedArrays, float]]:
        v = np.concatenate([directions["direction a"].ravel(), directions["direction b"].ravel()])
        for share in shares:
            part = matrix * share * parts / shares.sum()
            gradient, product = part @ np.ones(size), part @ v
            outputs = {"loss": np.array(0.5 * gradient.sum())}
            for what, whole in (("gradient", gradient), ("product", product)):
                outputs |= {f"{what} a": whole[:4].reshape(2, 2), f"{what} b": whole[4:]}
            yield outputs, 7.0

    return Hessian({"a": np.ones((2, 2)), "b": np.ones(size - 4)}, evaluate)


def symmetric(eigenvalues: np.ndarray) -> np.ndarray:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(len(eigenvalues),) * 2))
    return turn * eigenvalues @ turn.T


SPECTRA = {
    "few parameters": np.array([-3.0, -1.0, 0.0, 0.5, 2.0, 7.0]),
    "a minimum": np.concatenate([np.linspace(0.001, 1, 80), [5.0, 12.0]]),
    "a saddle": np.concatenate([np.linspace(-0.5, 1, 80), [-9.0, 4.0]]),
    "a flat plane": np.concatenate([np.zeros(90), [1e-3]]),
    "opposite ends": np.concatenate([np.zeros(90), [-2.0, 2.0]]),
    "far below 1": 1e-9 * np.concatenate([np.linspace(-1, 1, 60), [-4.0]]),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_eigenvalues_of_a_known_matrix(name: str):
    eigenvalues = SPECTRA[name]
    hessian = hessian_of(symmetric(eigenvalues), parts=3)
    largest = np.abs(eigenvalues).max()
    assert hessian.size == len(eigenvalues)
    np.testing.assert_allclose(hessian.ends(), (eigenvalues.min(), eigenvalues.max()), atol=1e-3 * largest)
    (top,) = hessian.eigenvalues()
    assert abs(top) == pytest.approx(largest, rel=1e-3)


def test_the_eigenvalues_of_largest_magnitude_come_first():
    eigenvalues = SPECTRA["a saddle"]
    found = hessian_of(symmetric(eigenvalues)).eigenvalues(3)
    np.testing.assert_allclose(found, [-9.0, 4.0, 1.0], rtol=1e-2)


def test_no_curvature_at_all():
    for size in (6, 90):
        assert hessian_of(np.zeros((size, size))).ends() == (0.0, 0.0)


@pytest.mark.parametrize("parts", [1, 4])
def test_batches_are_one_batch(parts: int):
    matrix = symmetric(SPECTRA["a minimum"])
    hessian = hessian_of(matrix, parts=parts)
    v = np.random.default_rng(0).normal(size=len(matrix))
    np.testing.assert_allclose(hessian.product(v), matrix @ v, rtol=1e-12)
    loss, gradient = hessian.gradient()
    np.testing.assert_allclose(gradient, matrix.sum(1), rtol=1e-10)
    assert loss == pytest.approx(0.5 * matrix.sum())


def test_the_trace_and_its_error():
    matrix = symmetric(SPECTRA["a minimum"])
    estimate = hessian_of(matrix).trace(200)
    assert abs(estimate.value - np.trace(matrix)) < 4 * estimate.error
    assert 0 < estimate.error < 0.1 * np.trace(matrix)
    exact = hessian_of(np.diag(SPECTRA["a minimum"])).trace(5)  # every z² is 1
    assert exact.value == pytest.approx(SPECTRA["a minimum"].sum())
    assert exact.error == pytest.approx(0, abs=1e-9)


def test_the_same_seed_gives_the_same_numbers():
    hessian = hessian_of(symmetric(SPECTRA["a saddle"]))
    assert hessian.ends(seed=3) == hessian.ends(seed=3)
    assert hessian.trace(seed=3) == hessian.trace(seed=3) != hessian.trace(seed=4)


def test_what_is_refused():
    hessian = hessian_of(np.eye(6))
    for count in (0, 7):
        with pytest.raises(ConfigError, match=rf"count is {count}; H has 6 eigenvalues"):
            hessian.eigenvalues(count)
    with pytest.raises(ConfigError, match="samples is 1"):
        hessian.trace(1)
    for size in (6, 90):
        with pytest.raises(ChainruleError, match="not finite at these weights"):
            hessian_of(np.full((size, size), np.nan)).ends()
