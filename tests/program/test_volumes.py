"""Three spatial axes, made of two, against sums and windows written out in NumPy."""

from typing import Any

import numpy as np
import pytest

from chainrule.backprop import check_direction
from chainrule.errors import ShapeError
from chainrule.executors import Compile
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

RANDOM = np.random.default_rng(31)
CORE = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
SETTINGS = [
    {},
    {"stride": (2, 1, 3), "padding": ((1, 0), (0, 2), (1, 1))},
    {"dilation": (2, 1, 2), "stride": 2, "padding": "same"},
    {"groups": 2, "padding": ((2, 1), (0, 0), (0, 0))},
]


def run(function, *arrays, compile_program: Compile = compile_numpy):
    trace = Trace()
    given = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arrays)]
    program = trace.program({"y": function(*given)})
    return compile_program(program).run({}, {f"x{i}": a for i, a in enumerate(arrays)})["y"]


def windows(space, window, stride: Any = 1, dilation: Any = 1, padding: Any = "valid", groups=1):
    stride, dilation = ((n,) * 3 if isinstance(n, int) else n for n in (stride, dilation))
    extent = [(taps - 1) * gap + 1 for taps, gap in zip(window, dilation, strict=True)]
    if padding == "same":
        lacking = [
            max((-(-n // s) - 1) * s + e - n, 0) for n, s, e in zip(space, stride, extent, strict=True)
        ]
        padding = [(n // 2, n - n // 2) for n in lacking]
    padding = ((0, 0),) * 3 if padding == "valid" else padding
    padded = [n + sum(pair) for n, pair in zip(space, padding, strict=True)]
    places = [(n - e) // s + 1 for n, e, s in zip(padded, extent, stride, strict=True)]
    return stride, dilation, padding, places


def convolved(x, weight, **settings):
    """Place by place and tap by tap."""
    stride, dilation, padding, places = windows(x.shape[1:4], weight.shape[:3], **settings)
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    groups, filters = settings.get("groups", 1), weight.shape[-1]
    inputs, each = weight.shape[3], filters // settings.get("groups", 1)
    y = np.zeros((len(x), *places, filters))
    for place in np.ndindex(*places):
        for tap in np.ndindex(*weight.shape[:3]):
            at = tuple(p * s + t * d for p, s, t, d in zip(place, stride, tap, dilation, strict=True))
            voxel = x[(slice(None), *at)]
            for g in range(groups):
                own = slice(g * each, (g + 1) * each)
                part = voxel[:, g * inputs : (g + 1) * inputs] @ weight[(*tap, slice(None), own)]
                y[(slice(None), *place, own)] += part
    return y


@pytest.mark.parametrize("settings", SETTINGS)
def test_convolution_is_the_sum_over_taps(settings):
    x = RANDOM.normal(size=(2, 5, 4, 6, 4))
    weight = RANDOM.normal(size=(2, 3, 1, 4 // settings.get("groups", 1), 6))
    y = run(lambda x, w: f.convolution(x, w, **settings), x, weight)
    np.testing.assert_allclose(y, convolved(x, weight, **settings), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("settings", SETTINGS)
def test_transposed_convolution_is_its_adjoint(settings):
    """<conv(x), d> = <x, adjoint(d)>, which determines the adjoint."""
    x = RANDOM.normal(size=(2, 6, 4, 6, 4))
    weight = RANDOM.normal(size=(2, 3, 1, 4 // settings.get("groups", 1), 6))
    _, _, padding, _ = windows(x.shape[1:4], weight.shape[:3], **settings)
    plain = settings | {"padding": padding}
    y = convolved(x, weight, **plain)
    d = RANDOM.normal(size=y.shape)
    stride, dilation, _, places = windows(x.shape[1:4], weight.shape[:3], **plain)
    size = [
        (p - 1) * s + (t - 1) * g + 1 - sum(pair)
        for p, s, t, g, pair in zip(places, stride, weight.shape[:3], dilation, padding, strict=True)
    ]
    extra = tuple(n - m for n, m in zip(x.shape[1:4], size, strict=True))
    back = run(lambda d, w: f.transposed_convolution(d, w, extra=extra, **plain), d, weight)
    assert back.shape == x.shape
    assert (y * d).sum() == pytest.approx((x * back).sum(), rel=1e-11)


@pytest.mark.parametrize(("function", "reduce"), [(f.max_pool, np.nanmax), (f.average_pool, np.nanmean)])
@pytest.mark.parametrize("settings", [{}, {"stride": (1, 2, 1), "padding": ((1, 0), (0, 1), (1, 1))}])
def test_pooling_is_the_loop_over_windows(function, reduce, settings):
    x, window = RANDOM.normal(size=(2, 5, 4, 6, 3)), (2, 3, 2)
    stride, _, padding, places = windows(x.shape[1:4], window, **({"stride": window} | settings))
    padded = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=np.nan)
    expected = np.empty((2, *places, 3))
    for place in np.ndindex(*places):
        at = [slice(p * s, p * s + w) for p, s, w in zip(place, stride, window, strict=True)]
        expected[(slice(None), *place)] = reduce(padded[(slice(None), *at)], (1, 2, 3))
    y = run(lambda x: function(x, window, **settings), x)
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_resize_repeats_or_goes_between():
    x = RANDOM.normal(size=(2, 2, 3, 4, 1))
    nearest = run(lambda x: f.resize(x, (4, 3, 8), "nearest"), x)
    assert np.array_equal(nearest, x.repeat(2, 1).repeat(2, 3))
    line = np.arange(3.0)
    plane = line[:, None, None] * 9 + line[:, None] * 3 + line
    y = run(lambda x: f.resize(x, (6, 6, 6), "linear"), plane[None, ..., None])
    at = np.clip((np.arange(6) + 0.5) / 2 - 0.5, 0, 2)
    np.testing.assert_allclose(y[0, ..., 0], at[:, None, None] * 9 + at[:, None] * 3 + at, atol=1e-13)


FUNCTIONS = {
    "convolution": lambda x, w: f.convolution(x, w, stride=(2, 1, 1), padding="same", groups=2),
    "transposed": lambda x, w: f.transposed_convolution(
        x, w.reshape(2, 3, 1, 3, 4), stride=(2, 1, 2), padding=((1, 0), (0, 1), (0, 0)), extra=(1, 0, 1)
    ),
    "max": lambda x, w: f.max_pool(x, (2, 3, 2), stride=1) * w.sum(),
    "average": lambda x, w: f.average_pool(x * w.sum(), 2, padding="same"),
    "resize": lambda x, w: f.resize(x * w.sum(), (2, 5, 3)),
}
# Far enough from each other that the largest stays the largest.
X = RANDOM.permutation(288).reshape(2, 4, 3, 3, 4) / 60.0
WEIGHT = RANDOM.normal(size=(2, 3, 1, 2, 6))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivative_is_the_numerical_slope(name):
    check_direction(
        FUNCTIONS[name],
        [X, WEIGHT],
        lambda program, inputs: compile_numpy(program).run({}, inputs),
        relative=1e-7,
    )


@CORE
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_core_agrees(name):
    """A warning that NumPy takes its place would be an error here."""
    single = X.astype(np.float32), WEIGHT.astype(np.float32)
    found = run(FUNCTIONS[name], *single, compile_program=compile_native)
    np.testing.assert_allclose(found, run(FUNCTIONS[name], X, WEIGHT), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("x", "weight", "settings", "message"),
    [
        (
            (1, 2, 3, 4, 5, 1),
            (1, 1, 1, 1, 1),
            {},
            r"^convolution got .*depth, height",
        ),
        ((1, 2, 3, 4, 1), (3, 1, 1, 1, 1), {}, r"^convolution got a window over 3 on spatial axis 0"),
        (
            (1, 2, 3, 4, 1),
            (1, 1, 1, 2, 1),
            {},
            r"^convolution got a weight .*second-last axis must be 1",
        ),
        ((1, 2, 3, 4, 3), (1, 1, 1, 3, 2), {"groups": 2}, r"^convolution got 2 groups for 3 channels"),
    ],
)
def test_refuses_what_does_not_fit(x, weight, settings, message):
    trace = Trace()
    with pytest.raises(ShapeError, match=message):
        f.convolution(trace.input("x", x), trace.input("w", weight), **settings)


def test_refuses_to_transpose_nothing():
    trace = Trace()
    with pytest.raises(ShapeError, match=r"^transposed_convolution got .*no spatial axis may be empty"):
        f.transposed_convolution(trace.input("x", (1, 0, 2, 2, 1)), trace.input("w", (2, 1, 1, 1, 1)))
