"""Two parameters in a valley: optimizers walk it as recorded programs, and as formulas in plain NumPy."""

from collections.abc import Callable, Iterator

import numpy as np

from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.nn.optimizers import Transform
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

STEPS = 50
NAMES = ("layer.weight", "layer.bias")
Point = dict[str, np.ndarray]


def start(dtype: str = "float64") -> Point:
    weight = np.array([[0.9, -1.1, 0.3], [-0.2, 0.7, 1.4]])
    return {"layer.weight": weight.astype(dtype), "layer.bias": np.array([-0.6, 1.3], dtype)}


def recorded_loss(weight: Tensor, bias: Tensor) -> Tensor:
    """Rosenbrock's valley, one for each weight: Σ (1 - b)² + 2 Σ (w - b²)² + 0.1 Σ w⁴."""
    away = weight - (bias * bias).reshape(2, 1)
    square = weight * weight
    return f.dot(1.0 - bias, 1.0 - bias) + 2.0 * f.dot(away, away) + 0.1 * f.dot(square, square)


def gradient(point: Point) -> Point:
    """The same in closed form."""
    weight, bias = point["layer.weight"], point["layer.bias"]
    away = weight - bias[:, None] ** 2
    return {
        "layer.weight": 4 * away + 0.4 * weight**3,
        "layer.bias": -2 * (1 - bias) - 8 * bias * away.sum(axis=1),
    }


def recorded_gradients(loss: Tensor, at: dict[str, Tensor]) -> dict[str, Tensor]:
    deltas = differentiate(loss, at.values())
    return {name: deltas[tensor.value] for name, tensor in at.items()}


class Trained:
    """A program of loss, deltas and updates, and the tree that it changes."""

    def __init__(self, optimizer: Transform, point: Point) -> None:
        self.optimizer = optimizer
        self.first = {name: array.copy() for name, array in point.items()}
        self.tree = {name: array.copy() for name, array in point.items()}
        self.state = optimizer.init(self.first)
        self.tree |= {f"optimizer.{name}": array for name, array in self.state.items()}
        self.compiled = self._compiled()

    def _compiled(self) -> NumpyProgram:
        trace = Trace()
        parameters = {n: trace.parameter(n, a.shape, a.dtype.name) for n, a in self.first.items()}
        state = {n: trace.state(f"optimizer.{n}", a.shape, a.dtype.name) for n, a in self.state.items()}
        loss = recorded_loss(*parameters.values())
        gradients = recorded_gradients(loss, parameters)
        point = self.optimizer.gradient_point(gradients, parameters)
        if point is not None:
            gradients = recorded_gradients(recorded_loss(*point.values()), point)
        with trace.at(part="update"):
            updates, fresh = self.optimizer.update_at(loss, gradients, state, parameters)
            assert set(updates) == set(parameters)
            assert set(fresh) == set(state)
            moved = {parameters[name]: parameters[name] + updates[name] for name in parameters}
        kept = {state[name]: fresh[name] for name in state}
        return compile_numpy(trace.program({"loss": loss}, moved | kept))

    def steps(self, count: int) -> Iterator[Point]:
        for _ in range(count):
            self.loss = float(self.compiled.run(self.tree, {})["loss"])
            yield {name: self.tree[name].copy() for name in self.first}

    def evaluated(self) -> Point:
        return self.optimizer.evaluated(self.state, {name: self.tree[name] for name in self.first})


def references(point: Point, count: int, step: Callable[[Point], Point]) -> Iterator[Point]:
    for _ in range(count):
        point = step(point)
        yield point


def each(point: Point, function: Callable[[str], np.ndarray]) -> Point:
    return {name: function(name) for name in point}


def assert_same_path(trained: Trained, expected: Iterator[Point], relative: float = 1e-12) -> None:
    for number, (ours, theirs) in enumerate(zip(trained.steps(STEPS), expected, strict=True), start=1):
        for name in NAMES:
            scale = np.abs(theirs[name]).max()
            error = np.abs(ours[name] - theirs[name]).max() / scale
            assert error <= relative, f"step {number}, {name}: relative error {error:.2g}"
