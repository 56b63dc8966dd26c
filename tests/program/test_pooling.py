"""Pooling as users call it: defaults, padding by name, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.backprop import differentiate
from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

SHAPE_ERRORS: dict[str, tuple[Callable[[Given], object], str]] = {
    "space": (lambda x: f.max_pool(x(4, 3), 2), "max_pool got x1 of shape (4, 3); it needs (batch, length, "),
    "window": (
        lambda x: f.average_pool(x(1, 4, 3, 2), 4),
        "average_pool got a window over 4 on axis 1 of space, which is 3 long, 3 with padding; the window",
    ),
    "padding_alone": (
        lambda x: f.max_pool(x(1, 4, 3), 2, padding=[(0, 2)]),
        "max_pool got window (2,) with padding ((0, 2),) over (4,); every window must hold an element, so "
        "the padding must be smaller than the window and no spatial axis empty",
    ),
    "empty_space": (lambda x: f.max_pool(x(1, 0, 3), 2, padding=[(1, 1)]), "no spatial axis empty"),
    "stride": (lambda x: f.max_pool(x(1, 4, 3), 2, stride=0), "stride (0,) and dilation (1,); each must be"),
    "axes": (lambda x: f.max_pool(x(1, 4, 3), (2, 2), padding=[(0, 0)]), "for 1 spatial axes; each names"),
    "adjoint": (
        lambda x: x.trace.record(
            "max_pool_adjoint", x(1, 4, 3), x(1, 3, 3), window=(2,), stride=(2,), padding=((0, 0),)
        ),
        "max_pool_adjoint got x2 of shape (1, 3, 3); the pooling gives (1, 2, 3)",
    ),
    "average_adjoint": (
        lambda x: x.trace.record(
            "average_pool_adjoint", x(1, 3, 3), window=(2,), stride=(2,), padding=((0, 0),), size=(4,)
        ),
        "average_pool_adjoint got x1 of shape (1, 3, 3); the pooling gives (1, 2, 3)",
    ),
    "too_many": (
        lambda x: x.trace.record(
            "max_pool_positions", x(2**20, 2**11, 1), window=(2,), stride=(2,), padding=((0, 0),)
        ),
        "of 2147483648 elements; it counts at most 2147483647",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_what_is_needed(name: str):
    recorded, message = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as error:
        recorded(Given())
    assert message in str(error.value)


def test_whole_numbers_are_refused():
    with pytest.raises(DTypeError, match="max_pool got int32; it needs float32 or float64"):
        f.max_pool(Given()(1, 4, 3, dtype="int32"), 2)


def test_stride_is_the_window_by_default():
    x = Given()(2, 7, 6, 3)
    assert f.max_pool(x, (3, 2)).shape == (2, 2, 3, 3)
    assert f.average_pool(x, 2, stride=1, padding="same").shape == (2, 7, 6, 3)


def test_padding_never_wins_and_does_not_count():
    trace = Trace()
    x = trace.input("x", (1, 3, 1), "float64")
    outputs = {
        "max": f.max_pool(x, 3, stride=2, padding="same"),
        "mean": f.average_pool(x, 3, stride=2, padding="same"),
    }
    results = compile_numpy(trace.program(outputs)).run({}, {"x": np.array([[[-4.0], [-2.0], [-6.0]]])})
    assert results["max"].ravel().tolist() == [-2.0, -2.0]
    assert results["mean"].ravel().tolist() == [-3.0, -4.0]


def test_first_of_a_tie_gets_the_derivative():
    trace = Trace()
    x = trace.input("x", (1, 4, 1), "float64")
    d_x = differentiate(f.max_pool(x, 2).sum(), [x])[x.value]
    results = compile_numpy(trace.program({"d": d_x})).run(
        {}, {"x": np.array([[[5.0], [5.0], [1.0], [2.0]]])}
    )
    assert results["d"].ravel().tolist() == [1.0, 0.0, 0.0, 1.0]
