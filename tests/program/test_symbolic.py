"""What asks a Tensor for numbers is refused in one line that names the layer and what to use."""

import copy
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ChainruleError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Tensor, Trace

FUNCTIONS = r"chainrule\.program\.functions"


def assigned(x: Any) -> None:
    x[0] = 1.0


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (np.sin, rf"np\.sin needs numbers, and a Tensor has none .*; use {FUNCTIONS}\.sin$"),
    (lambda x: np.maximum(x, 0.0), rf"np\.maximum .*; use {FUNCTIONS}\.maximum$"),
    (lambda x: np.where(x > 0, x, 0.0), rf"np\.where .*; use {FUNCTIONS}\.where$"),
    (lambda x: np.concatenate([x, x]), rf"np\.concatenate .*; use {FUNCTIONS}\.concatenate$"),
    (np.abs, r"np\.absolute .*; use abs\(x\)$"),
    (np.square, r"np\.square .*; use x \* x$"),
    (np.sum, r"np\.sum .*; use x\.sum\(…\)$"),
    (np.fft.fft, rf"np\.fft .*; use operators, and what is in {FUNCTIONS}"),
    (np.asarray, r"an array needs numbers"),
    (lambda x: np.array([x, x]), r"an array needs numbers"),
    (float, r"float\(x\) needs numbers"),
    (int, r"int\(x\) needs numbers"),
    (math.exp, r"float\(x\) needs numbers"),
    (range, r"a whole number needs numbers"),
    (bool, rf"a branch of Python needs numbers.*; use {FUNCTIONS}\.where\(condition, x, y\)"),
    (len, r"len\(x\) needs numbers.*; x\.shape has"),
    (list, r"a loop of Python needs numbers.*scan"),
    (lambda x: 3 in x, r"a loop of Python needs numbers"),
    (assigned, r"x\[…\] = y needs numbers"),
    (lambda x: x == 0, rf"x == y needs numbers.*; use {FUNCTIONS}\.equal\(x, y\)"),
    (lambda x: x != np.zeros(3), r"x == y needs numbers"),
    (lambda x: np.zeros(3) == x, rf"np\.equal .*; use {FUNCTIONS}\.equal$"),
    (lambda x: x.numpy(), r"x\.numpy needs numbers.*; leave it out"),
    (lambda x: x.astype("float32"), r"a Tensor has no 'astype'; use x\.cast\(dtype\)"),
    (lambda x: x.exp(), rf"a Tensor has no 'exp'; use {FUNCTIONS}\.exp"),
]


@pytest.mark.parametrize(("misuse", "message"), REFUSED)
def test_what_needs_numbers_is_refused_and_names_the_layer(misuse, message):
    trace = Trace()
    x = trace.input("x", (3,), "float64")
    with trace.at(label="Gated 'gate'"), pytest.raises(ChainruleError, match=rf"^Gated 'gate': {message}"):
        misuse(x)


ARRAY = np.array([0.5, -2.0, 3.0])
BINARY = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul),
    *(operator.lt, operator.le, operator.gt, operator.ge),
)


@pytest.mark.parametrize("operate", BINARY, ids=lambda operate: operate.__name__)
@pytest.mark.parametrize("other", [ARRAY, np.float64(1.5), np.array(1.5)], ids=["array", "scalar", "0-d"])
def test_operators_between_arrays_and_tensors_are_recorded(operate, other):
    x = np.array([1.0, 2.0, 3.0])
    if operate is operator.matmul:  # of matrices alone
        x, other = np.diag(x), np.diag(ARRAY)
    trace = Trace()
    tensor = trace.input("x", x.shape, "float64")
    outputs = {"after": operate(tensor, other), "before": operate(other, tensor)}
    assert all(isinstance(output, Tensor) for output in outputs.values())
    results = compile_numpy(trace.program(outputs)).run({}, {"x": x})
    np.testing.assert_array_equal(results["after"], operate(x, other))
    np.testing.assert_array_equal(results["before"], operate(other, x))


def test_tensors_stay_keys_and_have_no_attributes_of_protocols():
    trace = Trace()
    x, y = trace.input("x", (3,)), trace.input("y", (3,))
    assert {x: 1, y: 2}[x] == 1
    assert x == x
    assert x != y
    assert x in [y, x]
    assert getattr(x, "numpy", None) is None
    assert copy.copy(x).value is x.value
