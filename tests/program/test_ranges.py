"""Bounds of values: never narrower than what the numbers do, and as narrow as is known of the operations."""

import math

import numpy as np
import pytest
from tests.contracts.cases import CASES

from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import ACTIVATIONS
from chainrule.program import OPERATIONS, Trace
from chainrule.program import functions as f
from chainrule.program.ranges import Range, range_of

INF = math.inf
X = np.concatenate([np.linspace(-5, 5, 41), [-300.0, 300.0, 0.0, -0.1, 0.1, 1e-9, 2.5]]).reshape(12, 4)

EXACT = {
    "sigmoid": (f.sigmoid, 0, 1),
    "tanh": (f.tanh, -1, 1),
    "softmax": (f.softmax, 0, 1),
    "relu": (f.relu, 0, INF),
    "exp": (f.exp, 0, INF),
    "softplus": (f.softplus, 0, INF),
    "absolute": (lambda x: abs(f.tanh(x) - 0.5), 0, 1.5),
    "away from 0": (lambda x: abs(f.tanh(x) - 3.0), 2, 4),
    "clipped": (lambda x: f.minimum(f.maximum(x, -1.5), 6.0), -1.5, 6),
    "scaled": (lambda x: 4.0 - 2.0 * f.sigmoid(x), 2, 4),
    "turned": (lambda x: -f.relu(x), -INF, 0),
    "square": (lambda x: x * x, 0, INF),
    "product of signs": (lambda x: f.tanh(x) * f.sigmoid(-x), -1, 1),
    "mean": (lambda x: f.softmax(x).mean(1), 0, 1),
    "sum": (lambda x: f.sigmoid(x).sum(1), 0, 4),
    "largest": (lambda x: f.tanh(x).max(1), -1, 1),
    "moved": (lambda x: f.sigmoid(x).reshape(4, 12)[:2], 0, 1),
    "joined": (lambda x: f.concatenate([f.sigmoid(x), 3.0 * f.tanh(x)], 1), -3, 3),
    "chosen": (lambda x: f.where(x > 0.0, f.sigmoid(x), -2.0), -2, 1),
    "one unit": (lambda x: f.softmax(x[:, :1]), 1, 1),
    "raw": (lambda x: x + 1.0, -INF, INF),
    "soft capped": (lambda x: 30.0 * f.tanh(x / 30.0), -30, 30),
}


def measured(function) -> tuple[Range, np.ndarray]:
    trace = Trace()
    program = trace.program({"y": function(trace.input("x", X.shape, "float64"))})
    return range_of(program, program.outputs["y"]), compile_numpy(program).run({}, {"x": X})["y"]


@pytest.mark.parametrize("name", EXACT)
def test_bounds_are_those_worked_by_hand(name):
    function, low, high = EXACT[name]
    found, values = measured(function)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert values.min() >= found.low
    assert values.max() <= found.high


BOUNDED = [name for name, operation in OPERATIONS.items() if operation.bounds != (-INF, INF)]


@pytest.mark.parametrize("name", BOUNDED)
def test_no_operation_leaves_the_bounds_of_its_table_line(name):
    low, high = OPERATIONS[name].bounds
    for case in CASES[name]:
        trace = Trace()
        inputs = {f"x{i}": array for i, array in enumerate(case.arguments)}
        tensors = [trace.input(called, array.shape, array.dtype.name) for called, array in inputs.items()]
        program = trace.program({"y": case.record(trace, tensors)})
        y = compile_numpy(program).run({}, inputs)["y"]
        assert ((low <= y) & (y <= high)).all(), case


@pytest.mark.parametrize("name", [name for name in BOUNDED if OPERATIONS[name].elementwise])
def test_bounds_of_the_table_are_come_close_to(name):
    trace = Trace()
    program = trace.program({"y": trace.record(name, trace.input("x", X.shape, "float64"))})
    with np.errstate(invalid="ignore"):
        y = compile_numpy(program).run({}, {"x": X})["y"]
    low, high = OPERATIONS[name].bounds
    assert np.nanmin(y) == pytest.approx(low, abs=0.01)
    if math.isfinite(high):
        assert np.nanmax(y) == pytest.approx(high, abs=0.01)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_leaves_its_bounds(name):
    found, values = measured(ACTIVATIONS[name])
    assert values.min() >= found.low
    assert values.max() <= found.high


def test_the_step_is_the_one_that_made_the_numbers():
    trace = Trace()
    x = trace.input("x", (2, 3))
    with trace.at(layer="last"):
        y = f.sigmoid(x)
    program = trace.program({"y": y.reshape(3, 2)[1:], "x": x.reshape(6)})
    found = range_of(program, program.outputs["y"])
    assert found.step is not None
    assert (found.step.operation, found.step.layer) == ("sigmoid", "last")
    assert range_of(program, program.outputs["x"]) == Range()
