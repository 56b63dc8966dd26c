"""The bounds of the numbers of a program, whatever its inputs are: interval arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.program.operations import OPERATIONS
from chainrule.program.program import Program
from chainrule.program.value import Step, Value

_MOVING = (
    *("reshape", "transpose", "broadcast_to", "slice", "gather", "stop_gradient", "cast", "recompute"),
    *("max", "min", "max_pool", "average_pool"),
)


@dataclass(frozen=True)
class Range:
    """Bounds of a value, and the step that computed its numbers, not one that only moves or selects them.

    low, high: infinite where nothing is known. step: None for inputs, parameters and state.
    """

    low: float = -math.inf
    high: float = math.inf
    step: Step | None = None


def range_of(program: Program, value: Value) -> Range:
    """The bounds of a value of this program, for any inputs, parameters and state.

    They may be wider than necessary: x / (1 + |x|) has none, since interval arithmetic does not know that the
    two x are the same.
    """
    ranges: dict[Value, Range] = {}
    for step in program.steps:
        inputs = [ranges.get(each, Range()) for each in step.inputs]
        ranges[step.output] = _range(step, inputs)
        if step.output is value:
            break
    return ranges.get(value, Range())


def _range(step: Step, inputs: Sequence[Range]) -> Range:
    operation = step.operation
    if operation in _MOVING:
        return inputs[0]
    low, high = _bounds(step, inputs)
    return Range(low, high, step)


def _bounds(step: Step, inputs: Sequence[Range]) -> tuple[float, float]:
    operation = step.operation
    if operation == "softmax" and step.output.shape[int(str(step.attributes["axis"]))] == 1:
        return 1.0, 1.0
    match operation:
        case "constant":
            array = np.asarray(step.attributes["value"])
            return (float(array.min()), float(array.max())) if array.size else (-math.inf, math.inf)
        case "relu":
            return max(inputs[0].low, 0.0), max(inputs[0].high, 0.0)
        case "maximum":
            return max(inputs[0].low, inputs[1].low), max(inputs[0].high, inputs[1].high)
        case "minimum":
            return min(inputs[0].low, inputs[1].low), min(inputs[0].high, inputs[1].high)
        case "absolute":
            ends = abs(inputs[0].low), abs(inputs[0].high)
            return (0.0 if inputs[0].low < 0 < inputs[0].high else min(ends)), max(ends)
        case "negative":
            return -inputs[0].high, -inputs[0].low
        case "add":
            return inputs[0].low + inputs[1].low, inputs[0].high + inputs[1].high
        case "subtract":
            return inputs[0].low - inputs[1].high, inputs[0].high - inputs[1].low
        case "multiply":
            return _product(step, inputs)
        case "sum":
            count = step.inputs[0].size / max(step.output.size, 1)
            return inputs[0].low * count, inputs[0].high * count
        case "where":
            return min(inputs[1].low, inputs[2].low), max(inputs[1].high, inputs[2].high)
        case "concatenate":
            return min(each.low for each in inputs), max(each.high for each in inputs)
        case _:
            return OPERATIONS[operation].bounds


def _product(step: Step, inputs: Sequence[Range]) -> tuple[float, float]:
    x, y = inputs
    ends = [0.0 if 0.0 in (a, b) else a * b for a in (x.low, x.high) for b in (y.low, y.high)]
    square = step.inputs[0] is step.inputs[1]
    return (max(min(ends), 0.0) if square else min(ends)), max(ends)
