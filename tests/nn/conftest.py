"""Running recorded functions on arrays."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor, Trace


def _record(arrays: tuple[np.ndarray, ...]) -> tuple[Trace, list[Tensor], dict[str, np.ndarray]]:
    trace = Trace()
    tensors = [trace.input(f"x{i}", array.shape, array.dtype.name) for i, array in enumerate(arrays)]
    return trace, tensors, {f"x{i}": array for i, array in enumerate(arrays)}


@pytest.fixture
def run() -> Callable[[Program, Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """(program, inputs) -> outputs."""
    return lambda program, inputs: compile_numpy(program).run({}, inputs)


@pytest.fixture
def evaluate() -> Callable[..., np.ndarray]:
    """evaluate(function, *arrays): what the recorded function gives for the arrays."""

    def evaluate(function: Callable[..., Tensor], *arrays: np.ndarray) -> np.ndarray:
        trace, tensors, inputs = _record(arrays)
        return compile_numpy(trace.program({"y": function(*tensors)})).run({}, inputs)["y"]

    return evaluate


@pytest.fixture
def gradient() -> Callable[..., np.ndarray]:
    """gradient(function, *arrays): the derivative of the summed result for the first array."""

    def gradient(function: Callable[..., Tensor], *arrays: np.ndarray) -> np.ndarray:
        trace, tensors, inputs = _record(arrays)
        deltas = differentiate(function(*tensors).sum(), tensors[:1])
        return compile_numpy(trace.program({"dx": deltas[tensors[0].value]})).run({}, inputs)["dx"]

    return gradient
