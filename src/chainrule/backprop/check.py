"""Comparing derivatives with numerical slopes."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from chainrule.backprop.reverse import differentiate
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

Run = Callable[[Program, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]

_STEP = 2e-3


def check_direction(
    function: Callable[..., Tensor],
    arguments: Sequence[np.ndarray],
    run: Run,
    *,
    order: int = 1,
    relative: float = 1e-7,
    seed: int = 0,
) -> float:
    """Compare the recorded derivative with the numerical slope along a random direction, in float64.

    function: Tensors -> one float64 Tensor of any shape; the check multiplies it by fixed random weights and
    sums it to a scalar. arguments: float64 arrays are varied, others are constant. run: (program, inputs by
    name) -> outputs, of any executor. order: 1 checks the derivative, 2 the second derivative, along another
    direction.
    The slope is a central difference with two rounds of Richardson extrapolation (error of order step⁶).

    Returns the relative error: |derivative - slope| over the sum of the absolute terms of the derivative.
    Raises AssertionError if it exceeds `relative`.
    """
    random = np.random.default_rng(seed)
    trace = Trace()
    tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arguments)]
    varied = [t for t in tensors if t.dtype == "float64"]
    scalar = _projected(function(*tensors), random)
    for _ in range(order - 1):
        deltas = differentiate(scalar, varied)
        along = [
            f.dot(deltas[t.value], trace.constant(random.normal(size=t.shape), "float64")) for t in varied
        ]
        scalar = sum(along[1:], along[0])
    gradients = differentiate(scalar, varied)
    outputs = {"y": scalar} | {t.value.name: gradients[t.value] for t in varied}
    program = trace.program(outputs)
    inputs = {t.value.name: a for t, a in zip(tensors, arguments, strict=True)}
    direction = {t.value.name: random.normal(size=t.shape) for t in varied}

    def along_line(distance: float) -> float:
        moved = {name: a + distance * direction.get(name, 0) for name, a in inputs.items()}
        held = {name: moved[name] if name in direction else a for name, a in inputs.items()}
        return float(run(program, held)["y"])

    results = run(program, inputs)
    terms = [results[name] * u for name, u in direction.items()]
    derivative = float(sum(term.sum() for term in terms))
    size = float(sum(np.abs(term).sum() for term in terms))
    slope = _slope(along_line)
    error = abs(derivative - slope) / max(size, abs(slope), 1e-12)
    if not error <= relative:
        raise AssertionError(f"derivative {derivative:.12g}, slope {slope:.12g}: relative error {error:.2g}")
    return error


def _projected(y: Tensor, random: np.random.Generator) -> Tensor:
    return f.dot(y, y.trace.constant(random.normal(size=y.shape), "float64"))


def _slope(function: Callable[[float], float]) -> float:
    """f'(0) by central differences at three steps, extrapolated twice."""
    rough = [(function(h) - function(-h)) / (2 * h) for h in (_STEP, _STEP / 2, _STEP / 4)]
    better = [(4 * b - a) / 3 for a, b in pairwise(rough)]
    return (16 * better[1] - better[0]) / 15
