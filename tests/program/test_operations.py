"""Every error of shape or dtype says which operation, what it got and what it needs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.program import NOT_DIFFERENTIABLE, OPERATIONS, Value
from chainrule.program import functions as f
from chainrule.program.operations import broadcast_shapes


def anything(operand: Any) -> Any:
    """What the type checker would not let through."""
    return operand


Recorded = Callable[[Given], object]

SHAPE_ERRORS: dict[str, tuple[Recorded, str]] = {
    "add": (
        lambda x: x(4, 3) + x(5, 3),
        "add got shapes (4, 3) and (5, 3); axis -2 is 4 in one and 5 in another; make them equal, or one of "
        "them 1",
    ),
    "add_to_none": (
        lambda x: x(0) + x(3),
        "add got shapes (0,) and (3,); axis -1 is 0 in one and 3 in another",
    ),
    "add_of_unequal_rank": (
        lambda x: x(2, 3) * x(4, 1, 2),
        "multiply got shapes (2, 3) and (4, 1, 2); axis -1 is 3 in one and 2 in another",
    ),
    "where": (
        lambda x: f.where(x(2, dtype="bool"), x(3), x(3)),
        "where got shapes (2,) and (3,) and (3,); axis -1 is 2 in one and 3 in another",
    ),
    "where_of_numbers": (
        lambda x: f.where(x(2, dtype="bool"), 1.0, 2.0),
        "where got two plain numbers; make one",
    ),
    "matmul": (
        lambda x: x(2, 3) @ x(4, 5),
        "matmul got x1 of shape (2, 3) and x2 of shape (4, 5); the last axis of the first must be 4, the "
        "second-last axis of the second",
    ),
    "matmul_of_vector": (
        lambda x: x(3) @ x(3, 2),
        "matmul got shapes (3,) and (3, 2); each needs at least two axes",
    ),
    "matmul_batch": (
        lambda x: x(2, 3, 4) @ x(3, 4, 5),
        "matmul got x1 of shape (2, 3, 4) and x2 of shape (3, 4, 5); the axes before the last two do not "
        "broadcast; make them equal, or one of them 1",
    ),
    "reshape": (
        lambda x: x(2, 3).reshape(4, 2),
        "reshape got shape (2, 3) (6 elements), which can't become (4, 2) (8)",
    ),
    "reshape_unknown": (
        lambda x: x(2, 3).reshape(-1, 4),
        "reshape got shape (2, 3), which can't become (-1, 4)",
    ),
    "reshape_two_unknown": (
        lambda x: x(6).reshape(-1, -1),
        "reshape got shape (6,), which can't become (-1, -1)",
    ),
    "reshape_unknown_of_none": (
        lambda x: x(0, 3).reshape(0, -1),
        "reshape got shape (0, 3), which can't become",
    ),
    "reshape_negative": (
        lambda x: x(6).reshape(-2, -3),
        "reshape got shape (-2, -3); no axis may be shorter than 0",
    ),
    "transpose": (
        lambda x: x(2, 3).transpose(0, 0),
        "transpose got order (0, 0) for shape (2, 3); it must name every axis once",
    ),
    "broadcast_to": (
        lambda x: f.broadcast_to(x(3), (3, 2)),
        "broadcast_to got shape (3,), which does not broadcast to (3, 2)",
    ),
    "broadcast_to_fewer_axes": (
        lambda x: f.broadcast_to(x(1, 3), (3,)),
        "broadcast_to got shape (1, 3), which does not broadcast to (3,)",
    ),
    "broadcast_to_negative": (lambda x: f.broadcast_to(x(1), (-3,)), "broadcast_to got shape (-3,); no axis"),
    "slice": (
        lambda x: x.trace.record("slice", x(4), start=(0,), stop=(5,), step=(1,)),
        "slice got 0:5:1 for axis 0 of length 4",
    ),
    "pad": (
        lambda x: f.pad(x(2, 2), (0, -1), (0, 0)),
        "pad got low (0, -1), high (0, 0), interior (0, 0); none may be negative",
    ),
    "pad_too_few": (
        lambda x: f.pad(x(2, 2), (1,), (1,)),
        "pad got low (1,), high (1,), interior (0, 0) for shape (2, 2); each names every axis",
    ),
    "concatenate": (
        lambda x: f.concatenate([x(2, 3), x(3, 3)], axis=1),
        "concatenate along axis 1 got shapes (2, 3) and (3, 3); the other axes must agree",
    ),
    "concatenate_ranks": (
        lambda x: f.concatenate([x(2, 3), x(2)]),
        "concatenate along axis 1 got shapes (2, 3) and",
    ),
    "concatenate_axis": (
        lambda x: f.concatenate([x(2, 3), x(2, 3)], axis=2),
        "concatenate got axis 2 for an array with 2 axes",
    ),
    "concatenate_nothing": (lambda x: f.concatenate([]), "concatenate got no tensors; it needs at least one"),
    "stack_nothing": (lambda x: f.stack([]), "stack got no tensors; it needs at least one"),
    "stack_axis": (lambda x: f.stack([x(2)], axis=3), "stack got axis 3 for an array with 2 axes"),
    "sum_axis": (lambda x: x(2, 3).sum(-3), "sum got axis -3 for an array with 2 axes"),
    "sum_axis_twice": (lambda x: x(2, 3).sum((1, -1)), "sum got axes (1, 1), which name an axis twice"),
    "max_of_nothing": (
        lambda x: x(0, 3).max(0),
        "max over an axis of length 0 has no answer; x has shape (0, 3)",
    ),
    "min_of_nothing": (
        lambda x: x(2, 0).min(),
        "min over an axis of length 0 has no answer; x has shape (2, 0)",
    ),
    "gather_axis": (
        lambda x: f.gather(x(3), x(2, dtype="int32"), axis=1),
        "gather got axis 1 for an array with 1 axes",
    ),
    "scatter_add": (
        lambda x: f.scatter_add(x(4, 3), x(2, dtype="int32"), x(3, 3)),
        "scatter_add got updates of shape (3, 3); x and indices ask for (2, 3)",
    ),
    "put": (
        lambda x: f.put(x(4, 3), x(2, dtype="int32"), x(3, 3)),
        "put got updates of shape (3, 3); x and indices ask for (2, 3)",
    ),
    "put_into_a_number": (
        lambda x: f.put(x(), x(2, dtype="int32"), x(2)),
        "put got a single number as x; it needs rows",
    ),
    "scatter_add_axis": (
        lambda x: f.scatter_add(x(4), x(2, dtype="int32"), x(2), axis=-2),
        "scatter_add got axis -2 for an array with 1 axes",
    ),
    "one_hot_depth": (
        lambda x: f.one_hot(x(2, dtype="int32"), -1),
        "one_hot got depth -1; it must be at least 0",
    ),
    "iota": (lambda x: x.trace.iota(-1), "iota got shape (-1,); no axis may be shorter than 0"),
    "random_bits_key": (
        lambda x: f.random_bits(x(2), (3,), 0),
        "random_bits got a key of float32 (2,); a key is uint32 (2,)",
    ),
    "random_bits_stream": (
        lambda x: f.random_bits(x(2, dtype="uint32"), (3,), 2**32),
        "random_bits got stream 4294967296; it needs 0 to 4294967295",
    ),
    "random_bits_shape": (
        lambda x: f.random_bits(x(2, dtype="uint32"), (-3,), 0),
        "random_bits got shape (-3,)",
    ),
    "softmax_cross_entropy": (
        lambda x: f.softmax_cross_entropy(x(4, 3), x(4)),
        "softmax_cross_entropy got logits of shape (4, 3) and targets of shape (4,); both are (..., classes)",
    ),
    "softmax_cross_entropy_scalar": (lambda x: f.softmax_cross_entropy(x(), x()), "both are (..., classes)"),
    "softmax_cross_entropy_no_classes": (
        lambda x: f.softmax_cross_entropy(x(4, 0), x(4, 0)),
        "softmax_cross_entropy got logits of shape (4, 0); it needs at least one class",
    ),
    "dot": (
        lambda x: f.dot(x(2), x(3)),
        "dot got shapes (2,) and (3,); axis -1 is 2 in one and 3 in another",
    ),
    "arity": (lambda x: x.trace.record("tanh", x(2), x(2)), "tanh takes 1 inputs, got 2"),
    "index_too_large": (lambda x: x(2, 3)[2], "the index 2 does not fit axis 0 of shape (2, 3)"),
    "index_too_small": (lambda x: x(2, 3)[0, -4], "the index (0, -4) does not fit axis 1 of shape (2, 3)"),
    "index_too_many": (lambda x: x(2, 3)[0, 0, 0], "the index (0, 0, 0) has too many parts for shape (2, 3)"),
    "index_two_ellipses": (lambda x: x(2, 3)[..., ...], "has too many parts for shape (2, 3)"),
    "index_backward": (
        lambda x: x(4)[::-1],
        "the index slice(None, None, -1) steps by -1; steps must be at least 1",
    ),
    "index_step_zero": (
        lambda x: x(4)[::0],
        "the index slice(None, None, 0) steps by 0; steps must be at least 1",
    ),
    "index_by_bool": (lambda x: x(4)[True], "the index True does not fit axis 0 of shape (4,)"),
    "index_by_list": (lambda x: x(4)[[0, 1]], "the index [0, 1] does not fit axis 0 of shape (4,)"),
    "negative_input": (lambda x: x(2, -1), "'x1' has shape (2, -1); no axis may be shorter than 0"),
}

DTYPE_ERRORS: dict[str, tuple[Recorded, str]] = {
    "add": (
        lambda x: x(2) + x(2, dtype="float64"),
        "add got float32 and float64; cast one of them, so that both have the same dtype",
    ),
    "add_bools": (
        lambda x: x(2, dtype="bool") + x(2, dtype="bool"),
        "add got bool; it needs float32 or float64 or int32 or int64 or uint32",
    ),
    "add_array": (lambda x: x(2) + np.ones(2), "add got float32 and float64; cast one of them"),
    "divide": (
        lambda x: x(2, dtype="int32") / x(2, dtype="int32"),
        "divide got int32; it needs float32 or float64",
    ),
    "tanh": (lambda x: f.tanh(x(2, dtype="int32")), "tanh got int32; it needs float32 or float64"),
    "negative": (
        lambda x: -x(2, dtype="uint32"),
        "negative got uint32; it needs float32 or float64 or int32",
    ),
    "matmul": (
        lambda x: x(2, 2, dtype="int32") @ x(2, 2, dtype="int32"),
        "matmul got int32; it needs float32 or float64",
    ),
    "matmul_mixed": (
        lambda x: x(2, 2) @ x(2, 2, dtype="float64"),
        "matmul got float32 and float64; cast one of",
    ),
    "where_condition": (lambda x: f.where(x(2), x(2), x(2)), "where got float32; it needs bool"),
    "where_choices": (
        lambda x: f.where(x(2, dtype="bool"), x(2), x(2, dtype="int32")),
        "where got float32 and int32; cast one of them",
    ),
    "logical_and": (lambda x: f.logical_and(x(2), x(2)), "logical_and got float32; it needs bool"),
    "logical_not": (lambda x: f.logical_not(x(2)), "logical_not got float32; it needs bool"),
    "shift_right": (
        lambda x: x.trace.record("shift_right", x(2, dtype="int32"), x(2, dtype="int32")),
        "shift_right got int32; it needs uint32",
    ),
    "less": (lambda x: x(2) < x(2, dtype="int32"), "less got float32 and int32; cast one of them"),
    "sum": (
        lambda x: x(2, dtype="bool").sum(),
        "sum got bool; it needs float32 or float64 or int32 or int64",
    ),
    "concatenate": (
        lambda x: f.concatenate([x(2), x(2, dtype="int32")]),
        "concatenate got float32 and int32; cast one of them",
    ),
    "gather": (lambda x: f.gather(x(3), x(2)), "gather got float32; it needs int32 or int64"),
    "scatter_add": (
        lambda x: f.scatter_add(x(3), x(2), x(2)),
        "scatter_add got float32; it needs int32 or int64",
    ),
    "put_indices": (lambda x: f.put(x(3), x(2), x(2)), "put got float32; it needs int32 or int64"),
    "factorize": (lambda x: f.factorize(x(3)), "factorize got float32; it needs int32 or int64"),
    "scatter_add_mixed": (
        lambda x: f.scatter_add(x(3), x(2, dtype="int32"), x(2, dtype="float64")),
        "scatter_add got float32 and float64",
    ),
    "scatter_add_bools": (
        lambda x: f.scatter_add(x(3, dtype="bool"), x(2, dtype="int32"), x(2, dtype="bool")),
        "scatter_add got bool; it needs float32",
    ),
    "one_hot": (lambda x: f.one_hot(x(2), 3), "one_hot got float32; it needs int32 or int64"),
    "one_hot_dtype": (
        lambda x: f.one_hot(x(2, dtype="int32"), 3, "float16"),
        "one_hot got float16; it needs",
    ),
    "cast": (
        lambda x: x(2).cast("float16"),
        "cast got float16; it needs float32 or float64 or int32 or int64 or uint32 or uint8 or bool",
    ),
    "constant": (lambda x: x.trace.constant(np.ones(2), "float16"), "constant got float16; it needs float32"),
    "iota": (lambda x: x.trace.iota(3, "bool"), "iota got bool; it needs float32"),
    "softmax_cross_entropy": (
        lambda x: f.softmax_cross_entropy(x(4, 3, dtype="int32"), x(4, 3, dtype="int32")),
        "softmax_cross_entropy got int32; it needs float32 or float64",
    ),
    "softmax_cross_entropy_mixed": (
        lambda x: f.softmax_cross_entropy(x(4, 3), x(4, 3, dtype="float64")),
        "softmax_cross_entropy got float32 and float64",
    ),
    "mean": (
        lambda x: x(2, dtype="int32").mean(),
        "sum: int32 () was combined with the number 0.5; cast it to a float dtype first",
    ),
    "fraction": (
        lambda x: x(2, dtype="int32") + 0.5,
        "x1: int32 (2,) was combined with the number 0.5; cast it to a float dtype first",
    ),
    "numpy_fraction": (
        lambda x: x(2, dtype="int32") + np.float32(0.5),
        "x1: int32 (2,) was combined with the number 0.5; cast it",
    ),
    "array_fraction": (
        lambda x: x(2, dtype="int32") + np.array(0.5),
        "x1: int32 (2,) was combined with the number 0.5; cast it",
    ),
    "too_large": (
        lambda x: x(2, dtype="int32") + 2**40,
        "x1: int32 (2,) was combined with the number 1099511627776, which int32 can't hold",
    ),
    "numpy_too_large": (lambda x: x(2, dtype="int32") + np.int64(2**40), "which int32 can't hold"),
    "below_zero": (
        lambda x: x(2, dtype="uint32") + -1,
        "was combined with the number -1, which uint32 can't hold",
    ),
    "number_for_bool": (
        lambda x: f.equal(x(2, dtype="bool"), 2),
        "x1: bool (2,) was combined with the number 2; cast it first",
    ),
    "none": (
        lambda x: f.maximum(x(2), anything(None)),
        "x1: float32 (2,) was combined with None; give a number, an array or",
    ),
    "text": (
        lambda x: f.maximum(x(2), anything("3")),
        "x1: float32 (2,) was combined with '3'; give a number",
    ),
    "unknown_input": (
        lambda x: x(2, dtype="float16"),
        "'x1' has dtype float16; use one of float32, float64, int32, int64, uint32, uint8, bool",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_error(name: str):
    record, text = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as caught:
        record(Given())
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", DTYPE_ERRORS)
def test_dtype_error(name: str):
    record, text = DTYPE_ERRORS[name]
    with pytest.raises(DTypeError) as caught:
        record(Given())
    assert text in str(caught.value)


LABELLED: dict[str, Recorded] = {
    "operation": lambda x: x(2, 3) @ x(4, 5),
    "reduction": lambda x: x(2).sum(3),
    "reshape": lambda x: x(3).reshape(-1, 2),
    "index": lambda x: x(3)[5],
    "number": lambda x: x(3, dtype="int32") * 0.5,
    "large_number": lambda x: x(3, dtype="int32") * 2**40,
    "arity": lambda x: x.trace.record("tanh", x(2), x(2)),
    "two_programs": lambda x: x(2) + Given()(2),
    "gather": lambda x: f.gather(x(3), x(2, dtype="int32"), axis=4),
    "concatenate": lambda x: f.concatenate([x(3)], axis=1),
}


@pytest.mark.parametrize("name", LABELLED)
def test_layer_stands_in_front_of_the_error(name: str):
    given = Given()
    with pytest.raises(ChainruleError) as plain:
        LABELLED[name](Given())
    with (
        given.trace.at(layer="net"),
        given.trace.at(label="Dense 'head'"),
        pytest.raises(ChainruleError) as caught,
    ):
        LABELLED[name](given)
    assert str(caught.value) == f"Dense 'head': {plain.value}"
    assert type(caught.value) is type(plain.value)
    assert caught.value.remedy == plain.value.remedy
    assert given.trace.label == ""


def test_a_failed_operation_leaves_no_step():
    given = Given()
    a, b = given(2), given(3)
    with pytest.raises(ShapeError):
        _ = a + b
    assert given.trace.steps == []


def test_tensors_of_two_programs_do_not_mix():
    with pytest.raises(ChainruleError, match="add got tensors of two programs; record both in one trace"):
        _ = Given()(2) + Given()(2)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ([(2, 3), (3,)], (2, 3)),
        ([(2, 1), (1, 3)], (2, 3)),
        ([(), ()], ()),
        ([(0,), (1,)], (0,)),
        ([(1, 3), (0, 1)], (0, 3)),
        ([(5, 1, 3), (2, 1), (1,)], (5, 2, 3)),
    ],
    ids=str,
)
def test_broadcast_shapes_as_numpy_does(shapes: list[tuple[int, ...]], expected: tuple[int, ...]):
    assert np.broadcast_shapes(*shapes) == expected
    assert broadcast_shapes("add", [Value(shape, "float32", "x") for shape in shapes]) == expected


def test_table_is_consistent():
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        assert operation.meaning
        assert "\n" not in operation.meaning
        assert operation.differentiable == (name not in NOT_DIFFERENTIABLE)
        assert not (operation.elementwise and operation.composite)
