"""Sorting as users call it: values, derivatives and what is refused."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.backprop import check_direction
from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Trace
from chainrule.program import functions as f


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return compile_numpy(program).run({}, inputs)


SHAPE_ERRORS: dict[str, tuple[Callable[[Given], object], str]] = {
    "cumsum": (lambda x: f.cumsum(x(3), 1), "cumsum got axis 1 for an array with 1 axes"),
    "argmax": (lambda x: f.argmax(x(2, 0)), "argmax over an axis of length 0 has no answer; x has"),
    "top_k": (lambda x: f.top_k(x(2, 3), 4), "arg_top_k got k = 4 for axis 1 of shape (2, 3); it needs 0 to"),
    "take_along_axis": (
        lambda x: f.take_along_axis(x(2, 3), x(3, 3, dtype="int32")),
        "take_along_axis got x of shape (2, 3) and indices of shape (3, 3); they may differ on axis 1 alone",
    ),
    "take_along_axis_rank": (
        lambda x: f.take_along_axis(x(2, 3), x(3, dtype="int32")),
        "may differ on axis 1",
    ),
    "too_many": (
        lambda x: f.take_along_axis(x(2**20, 2**11), x(2**20, 1, dtype="int32")),
        "take_along_axis got x of 2147483648 elements; it counts at most 2147483647",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_what_is_needed(name: str):
    recorded, message = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as error:
        recorded(Given())
    assert message in str(error.value)


def test_truth_has_no_order():
    with pytest.raises(DTypeError, match="argsort got bool; it needs"):
        f.sort(Given()(3, dtype="bool"))


@pytest.mark.parametrize("shape", [(4,), (3, 5), (2, 4, 3), (2, 1), (0, 3), (2, 0)], ids=str)
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_numpys_on_every_axis(shape: tuple[int, ...], descending: bool):
    array = np.random.default_rng(0).normal(size=shape)
    for axis in range(len(shape)):
        trace = Trace()
        y = f.sort(trace.input("x", shape, "float64"), axis, descending=descending)
        expected = -np.sort(-array, axis) if descending else np.sort(array, axis)
        np.testing.assert_array_equal(run(trace.program({"y": y}), {"x": array})["y"], expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_derivatives_of_sort_and_top_k_are_the_slopes(axis: int):
    array = np.random.default_rng(1).permutation(np.linspace(-2, 2, 24)).reshape(2, 4, 3)
    for order in (1, 2):
        check_direction(lambda x: f.sin(f.sort(x, axis)), [array], run, order=order)
        check_direction(lambda x: f.sin(f.top_k(x, 2, axis)[0]), [array], run, order=order)


def test_top_k_gives_values_and_indices():
    trace = Trace()
    values, indices = f.top_k(trace.input("x", (2, 4)), 2)
    x = np.array([[1, 7, 7, 3], [4, -1, 0, 5]], np.float32)
    results = run(trace.program({"values": values, "indices": indices}), {"x": x})
    assert results["values"].tolist() == [[7, 7], [5, 4]]
    assert results["indices"].tolist() == [[1, 2], [3, 0]]
    assert results["indices"].dtype == np.int32


def test_indices_may_be_wide():
    trace = Trace()
    y = f.take_along_axis(trace.input("x", (2, 3)), trace.input("i", (2, 1), "int64"))
    x, i = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([[2], [0]])
    np.testing.assert_array_equal(run(trace.program({"y": y}), {"x": x, "i": i})["y"], [[2], [3]])


def test_distinct_values_come_in_order_of_first_occurrence():
    trace = Trace()
    values, slots = f.distinct(trace.input("x", (2, 3), "int32"), 4)
    program = trace.program({"values": values, "slots": slots})
    found = compile_numpy(program).run({}, {"x": np.array([[7, 2, 7], [9, 2, 2]], np.int32)})
    assert found["values"].tolist() == [7, 2, 9, 7]
    assert found["slots"].tolist() == [[0, 1, 0], [2, 1, 1]]
