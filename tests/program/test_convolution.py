"""Convolution as users call it: padding by name, sizes of the transposed one, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace, count
from chainrule.program import functions as f

SHAPE_ERRORS: dict[str, tuple[Callable[[Given], object], str]] = {
    "space": (
        lambda x: f.convolution(x(4, 3), x(2, 3, 1)),
        "convolution got x1 of shape (4, 3); it needs (batch, length, channels) or (batch, height, width, ",
    ),
    "axes_of_the_weight": (
        lambda x: f.convolution(x(1, 4, 4, 3), x(2, 3, 1)),
        "stride (1, 1) and dilation (1, 1); the weight needs 4 axes, the others 2",
    ),
    "window": (
        lambda x: f.convolution(x(1, 4, 5, 3), x(2, 6, 3, 1)),
        "convolution got a window over 6 on axis 1 of space, which is 5 long, 5 with padding; the window "
        "must fit in; make the window or its dilation smaller, or the padding larger",
    ),
    "dilated_window": (
        lambda x: f.convolution(x(1, 4, 3), x(3, 3, 1), dilation=3, padding=[(1, 0)]),
        "convolution got a window over 7 on axis 0 of space, which is 4 long, 5 with padding",
    ),
    "no_window": (lambda x: f.convolution(x(1, 4, 3), x(0, 3, 1)), "each must be at least 1"),
    "stride": (
        lambda x: f.convolution(x(1, 4, 3), x(2, 3, 1), stride=0),
        "convolution got window (2,), stride (0,) and dilation (1,); each must be at least 1",
    ),
    "padding": (
        lambda x: f.convolution(x(1, 4, 3), x(2, 3, 1), padding=[(0, -1)]),
        "convolution got padding ((0, -1),); none may be negative",
    ),
    "padding_of_two_axes": (
        lambda x: f.convolution(x(1, 4, 3), x(2, 3, 1), padding=[(0, 0), (0, 0)]),
        "convolution got padding ((0, 0), (0, 0)) for 1 spatial axes; it needs a pair for each",
    ),
    "padding_by_another_name": (
        lambda x: f.convolution(x(1, 4, 3), x(2, 3, 1), padding="full"),
        "convolution got padding 'full'; it must be 'valid', 'same' or (before, after) for every axis",
    ),
    "channels": (
        lambda x: f.convolution(x(1, 4, 6), x(2, 6, 4), groups=2),
        "convolution got a weight of shape (2, 6, 4) for 6 channels in 2 groups; its second-last "
        "axis must be 3",
    ),
    "groups": (
        lambda x: f.convolution(x(1, 4, 6), x(2, 3, 3), groups=2),
        "convolution got 2 groups for 6 channels of the input and 3 of the output; the groups must "
        "divide both",
    ),
    "extra": (
        lambda x: f.transposed_convolution(x(1, 4, 6), x(2, 3, 6), extra=1),
        "transposed_convolution got extra (1,) for stride (1,); it needs 0 to stride - 1",
    ),
    "extra_and_same": (
        lambda x: f.transposed_convolution(x(1, 4, 6), x(2, 3, 6), stride=2, extra=1, padding="same"),
        "transposed_convolution got extra (1,) with padding 'same', which determines the size",
    ),
    "padded_away": (
        lambda x: f.transposed_convolution(x(1, 1, 6), x(2, 3, 6), padding=[(1, 1)]),
        "transposed_convolution of x of shape (1, 1, 6) would have size (0,); it must be at least 1",
    ),
    "channels_of_transposed": (
        lambda x: f.transposed_convolution(x(1, 4, 5), x(2, 3, 6)),
        "convolution_input_adjoint got x1 of shape (1, 4, 5); what it is the adjoint of gives (1, 4, 6)",
    ),
    "weight_adjoint": (
        lambda x: x.trace.record(
            "convolution_weight_adjoint",
            x(1, 4, 3),
            x(1, 4, 2),
            stride=(1,),
            dilation=(1,),
            padding=((0, 0),),
            groups=1,
            window=(2,),
        ),
        "convolution_weight_adjoint got x2 of shape (1, 4, 2); what it is the adjoint of gives (1, 3, 2)",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_what_is_needed(name: str):
    recorded, message = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as error:
        recorded(Given())
    assert message in str(error.value)


def test_dtypes_must_agree_and_be_floats():
    x = Given()
    with pytest.raises(DTypeError, match="convolution got float32 and float64; cast one of them"):
        f.convolution(x(1, 4, 3), x(2, 3, 1, dtype="float64"))
    with pytest.raises(DTypeError, match="convolution got int32; it needs float32 or float64"):
        f.convolution(x(1, 4, 3, dtype="int32"), x(2, 3, 1, dtype="int32"))


def test_errors_name_the_layer():
    x = Given()
    with (
        pytest.raises(ChainruleError, match=r"Conv2D 'stem': convolution got x1"),
        x.trace.at(label="Conv2D 'stem'"),
    ):
        f.convolution(x(4, 3), x(2, 3, 1))


@pytest.mark.parametrize(
    ("length", "window", "stride", "dilation", "padding"),
    [
        (5, 3, 1, 1, (1, 1)),
        (5, 2, 1, 1, (0, 1)),
        (6, 3, 2, 1, (0, 1)),
        (7, 3, 2, 1, (1, 1)),
        (5, 3, 1, 2, (2, 2)),
        (9, 2, 5, 1, (0, 0)),
        (1, 3, 1, 1, (1, 1)),
        (4, 1, 3, 1, (0, 0)),
    ],
)
def test_same_padding_gives_a_place_for_every_stride(length, window, stride, dilation, padding):
    x = Given()
    y = f.convolution(x(1, length, 2), x(window, 2, 3), stride=stride, dilation=dilation, padding="same")
    assert y.shape == (1, -(-length // stride), 3)
    assert x.trace.steps[-1].attributes["padding"] == (padding,)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, 6),
        ({"stride": 2}, 9),
        ({"stride": 2, "extra": 1}, 10),
        ({"stride": 2, "padding": [(1, 0)]}, 8),
        ({"stride": 2, "padding": "same"}, 8),
        ({"stride": 5, "padding": "same"}, 20),
        ({"dilation": 3}, 10),
    ],
)
def test_transposed_convolution_has_the_size_that_convolution_brings_back(options, size):
    x = Given()
    small, weight = x(2, 4, 3), x(3, 5, 3)
    large = f.transposed_convolution(small, weight, **options)
    assert large.shape == (2, size, 5)
    forward = {name: option for name, option in options.items() if name != "extra"}
    assert f.convolution(large, weight, **forward).shape == small.shape


def test_transposed_convolution_is_the_adjoint_of_convolution():
    # <conv(x), y> = <x, transposed(y)> for every x and y.
    random = np.random.default_rng(0)
    trace = Trace()
    x, y, w = (
        trace.input(n, s, "float64")
        for n, s in (("x", (1, 7, 5, 2)), ("y", (1, 4, 3, 3)), ("w", (3, 2, 2, 3)))
    )
    settings = {"stride": 2, "padding": "same"}
    here = f.dot(f.convolution(x, w, **settings), y)
    there = f.dot(x, f.transposed_convolution(y, w, stride=2, padding=[(1, 1), (0, 1)], extra=0))
    program = trace.program({"here": here, "there": there})
    results = compile_numpy(program).run({}, {v.name: random.normal(size=v.shape) for v in program.inputs})
    np.testing.assert_allclose(results["here"], results["there"], rtol=1e-12)


def test_flops_are_those_of_the_matrix_product():
    x = Given()
    images, weight = x(2, 6, 5, 4), x(3, 3, 2, 6)
    y = f.convolution(images, weight, groups=2)
    assert count(x.trace.program({"y": y})).flops == 2 * (2 * 4 * 3) * (3 * 3 * 2) * 6
    f.transposed_convolution(y, weight, groups=2)
    back = x.trace.program({"d": f.transposed_convolution(x(2, 4, 3, 6), weight, groups=2)})
    assert count(back).flops == 2 * (2 * 4 * 3) * (3 * 3 * 2) * 6
