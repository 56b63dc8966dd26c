"""One suite for all derivative rules: equal to numerical slopes, true to the stated conventions."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pytest
from tests.contracts.cases import CASES, Case

from chainrule.backprop import RULES, check_direction, differentiate
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

# Straight or flat on either side of a kink: the second derivative is 0 away from it and does not exist at it.
NOT_SMOOTH = {"absolute", "relu", "maximum", "minimum", "max", "min", "max_pool"}

SLOPED = [case for name in RULES for case in CASES.get(name, ()) if case.sloped]


@lru_cache(maxsize=4)
def compiled(program: Program) -> NumpyProgram:
    return compile_numpy(program)


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return compiled(program).run({}, inputs)


@pytest.mark.parametrize("case", SLOPED, ids=str)
def test_rule_matches_numerical_slope(case: Case):
    function, arguments = case.varied()
    for seed in range(2):
        check_direction(function, arguments, run, relative=1e-7, seed=seed)


@pytest.mark.parametrize("case", [case for case in SLOPED if case.operation not in NOT_SMOOTH], ids=str)
def test_derivative_of_the_derivative_matches_numerical_slope(case: Case):
    # A non-linear head, so that the operations that are linear have a second derivative to get wrong.
    function, arguments = case.varied()
    check_direction(function, arguments, run, order=2, relative=1e-7)
    check_direction(
        lambda *tensors: f.sin(function(*tensors)), arguments, run, order=2, relative=1e-7, seed=1
    )


@pytest.mark.parametrize("case", [case for case in SLOPED if case.operation in NOT_SMOOTH], ids=str)
def test_kinked_operation_is_straight_beside_its_kink(case: Case):
    function, arguments = case.varied()
    trace = Trace()
    tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arguments)]
    first = differentiate(function(*tensors).sum(), tensors)
    total = sum((first[t.value].sum() for t in tensors), trace.constant(0.0, "float64"))
    second = differentiate(total, tensors)
    results = run(
        trace.program({t.value.name: second[t.value] for t in tensors}),
        {t.value.name: a for t, a in zip(tensors, arguments, strict=True)},
    )
    for name, result in results.items():
        assert not result.any(), name


@pytest.mark.parametrize("case", SLOPED, ids=str)
def test_derivative_has_the_shape_and_dtype_of_its_value(case: Case):
    function, arguments = case.varied()
    trace = Trace()
    tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arguments)]
    floats = [t for t in tensors if t.dtype == "float64"]
    deltas = differentiate(function(*tensors).sum(), floats)
    for tensor in floats:
        assert (deltas[tensor.value].shape, deltas[tensor.value].dtype) == (tensor.shape, tensor.dtype)


def values_at(function, *numbers: np.ndarray, d_y: np.ndarray) -> list[list[float]]:
    """Derivatives of Σ d_y · function at these numbers, one list an argument."""
    trace = Trace()
    tensors = [trace.input(f"x{i}", np.shape(n), "float64") for i, n in enumerate(numbers)]
    deltas = differentiate(f.dot(function(*tensors), trace.constant(d_y, "float64")), tensors)
    program = trace.program({t.value.name: deltas[t.value] for t in tensors})
    inputs = {t.value.name: np.asarray(n, np.float64) for t, n in zip(tensors, numbers, strict=True)}
    results = run(program, inputs)
    return [results[t.value.name].tolist() for t in tensors]


def test_ties_in_maximum_and_minimum_are_halved():
    x1, x2, d_y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, -3.0]), np.array([10.0, 20.0, 30.0])
    assert values_at(f.maximum, x1, x2, d_y=d_y) == [[5.0, 0.0, 30.0], [5.0, 20.0, 0.0]]
    assert values_at(f.minimum, x1, x2, d_y=d_y) == [[5.0, 20.0, 0.0], [5.0, 0.0, 30.0]]


def test_maximum_of_a_value_and_itself_passes_all():
    assert values_at(lambda x: f.maximum(x, x), np.array([1.0, -2.0]), d_y=np.array([4.0, 6.0])) == [
        [4.0, 6.0]
    ]


def test_ties_in_max_and_min_are_shared_equally():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [5.0, -1.0, -1.0]])
    d_y = np.array([8.0, 9.0, 6.0])
    largest = [[0.0, 4.0, 4.0], [3.0, 3.0, 3.0], [6.0, 0.0, 0.0]]
    smallest = [[8.0, 0.0, 0.0], [3.0, 3.0, 3.0], [0.0, 3.0, 3.0]]
    assert values_at(lambda x: x.max(1), x, d_y=d_y) == [largest]
    assert values_at(lambda x: x.min(1), x, d_y=d_y) == [smallest]


def test_ties_in_max_over_all_axes():
    x = np.array([[7.0, 1.0], [7.0, 7.0]])
    assert values_at(lambda x: x.max(), x, d_y=np.array(9.0)) == [[[3.0, 0.0], [3.0, 3.0]]]


def test_relu_and_absolute_at_zero():
    x, d_y = np.array([-1.0, 0.0, -0.0, 2.0]), np.array([3.0, 3.0, 3.0, 3.0])
    assert values_at(f.relu, x, d_y=d_y) == [[0.0, 0.0, 0.0, 3.0]]
    assert values_at(abs, x, d_y=d_y) == [[-3.0, 0.0, 0.0, 3.0]]


def test_power_with_fixed_exponent_at_its_edges():
    # d x^p/dx = p x^(p-1): 0 for p = 0 at every base, 1 for p = 1 even at 0, by the sign for odd and even p.
    cases = [(0.0, 0.0, 0.0), (5.0, 0.0, 0.0), (-2.0, 0.0, 0.0), (0.0, 1.0, 1.0), (0.0, 2.0, 0.0)]
    cases += [(-2.0, 2.0, -4.0), (-2.0, 3.0, 12.0), (-2.0, -1.0, -0.25), (0.0, 0.5, np.inf)]
    x, exponent, expected = np.array(cases).T
    assert values_at(lambda x: x**exponent, x, d_y=np.ones(len(x))) == [expected.tolist()]


def test_power_by_its_exponent_counts_as_zero_where_the_base_has_no_logarithm():
    base = np.array([0.0, 0.0, -2.0, 3.0])
    d_exponent = values_at(lambda p: base**p, np.array([2.0, 0.0, 2.0, 2.0]), d_y=np.ones(4))
    np.testing.assert_allclose(d_exponent, [[0.0, 0.0, 0.0, 9 * np.log(3)]], rtol=1e-15)


def test_power_mixed_second_derivative_at_exponent_zero():
    # d²(x^p)/dx dp = x^(p-1) (1 + p ln x), which is 1/x at p = 0, in either order.
    trace = Trace()
    x, p = trace.input("x", (), "float64"), trace.input("p", (), "float64")
    first = differentiate(x**p, [x, p])
    outputs = {
        "x_then_p": differentiate(first[x.value], [p])[p.value],
        "p_then_x": differentiate(first[p.value], [x])[x.value],
    }
    results = run(trace.program(outputs), {"x": np.array(4.0), "p": np.array(0.0)})
    assert {name: float(value) for name, value in results.items()} == {"x_then_p": 0.25, "p_then_x": 0.25}


def test_division_by_hand():
    assert values_at(lambda x, y: x / y, np.array(6.0), np.array(3.0), d_y=np.array(1.0)) == [1 / 3, -2 / 3]


def test_repeated_gather_sums_what_comes_back():
    indices = np.array([2, 0, 2, 2], np.int32)
    d_y = np.array([1.0, 10.0, 100.0, 1000.0])
    d_x = values_at(lambda x: f.gather(x, x.trace.constant(indices, "int32")), np.zeros(4), d_y=d_y)
    assert d_x == [[10.0, 0.0, 1101.0, 0.0]]


def test_cast_between_float_widths_casts_the_derivative_back():
    trace = Trace()
    x = trace.input("x", (3,), "float32")
    deltas = differentiate((x.cast("float64") * np.array([1.0, 2.0, 3.0])).sum(), [x])
    assert deltas[x.value].dtype == "float32"
    assert run(trace.program({"d": deltas[x.value]}), {"x": np.zeros(3, np.float32)})["d"].tolist() == [
        1,
        2,
        3,
    ]


def test_softmax_cross_entropy_derivative_is_y_minus_t():
    x = np.array([[1.0, 2.0, 0.5]])
    t = np.array([[0.0, 1.0, 0.0]])
    y = np.exp(x) / np.exp(x).sum()

    def loss(logits: Tensor) -> Tensor:
        return f.softmax_cross_entropy(logits, logits.trace.constant(t, "float64"))

    np.testing.assert_allclose(values_at(loss, x, d_y=np.ones(1))[0], y - t, rtol=1e-14)
