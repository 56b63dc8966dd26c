"""Convolutions against the sum over taps written out, and what they refuse."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import (
    Conv1D,
    Conv2D,
    ConvTranspose2D,
    DepthwiseConv2D,
    Layer,
    Sequential,
    building,
    he_normal,
    ones,
)
from chainrule.program import Trace

RANDOM = np.random.default_rng(12)
IMAGES = "(batch, height, width, channels)"


def convolved(x, weight, bias, stride=(1, 1), dilation=(1, 1), padding=((0, 0), (0, 0)), groups=1):
    """Place by place, tap by tap, group by group."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    taps, inputs, filters = weight.shape[:2], weight.shape[2], weight.shape[3] // groups
    extent = [(taps[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    places = [(x.shape[i + 1] - extent[i]) // stride[i] + 1 for i in (0, 1)]
    y = np.zeros((len(x), *places, weight.shape[3])) + bias
    for p, q in np.ndindex(*places):
        for k, m in np.ndindex(*taps):
            pixel = x[:, p * stride[0] + k * dilation[0], q * stride[1] + m * dilation[1]]
            for group in range(groups):
                own = slice(group * filters, (group + 1) * filters)
                part = pixel[:, group * inputs : (group + 1) * inputs]
                y[:, p, q, own] += part @ weight[k, m, :, own]
    return y


def held(layer: Layer, *shape: int, bias: bool = True) -> dict[str, np.ndarray]:
    """Random numbers for the parameters."""
    parameters = compiled(layer, *shape).program.parameters
    assert [value.name.split(".")[1] for value in parameters] == ["weight", "bias"][: 1 + bias]
    return {value.name: RANDOM.normal(size=value.shape) for value in parameters}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        ({"stride": (2, 3), "padding": ((1, 0), (2, 1))}, {}),
        ({"stride": 4, "kernel_size": 2}, {"stride": (4, 4)}),
        ({"dilation": (1, 2), "groups": 2}, {}),
        ({"padding": "same", "kernel_size": (3, 2)}, {"padding": ((1, 1), (0, 1))}),
        ({"padding": "same", "stride": 2}, {"padding": ((1, 1), (0, 1)), "stride": (2, 2)}),
    ],
)
def test_conv2d_is_the_sum_over_taps(settings, expected):
    layer, x = Conv2D(6, **({"kernel_size": 3} | settings)), RANDOM.normal(size=(2, 7, 6, 4))
    tree = held(layer, *x.shape)
    plain = {key: value for key, value in settings.items() if key != "kernel_size"} | expected
    y = convolved(x, tree["conv2d_1.weight"], tree["conv2d_1.bias"], **plain)
    np.testing.assert_allclose(output(layer, x, tree), y, rtol=1e-11, atol=1e-12)


def test_conv1d_is_conv2d_on_images_of_one_row():
    layer, x = Conv1D(4, 3, 2, ((1, 2),), groups=2), RANDOM.normal(size=(2, 7, 6))
    tree = held(layer, *x.shape)
    expected = convolved(
        x[:, None],
        tree["conv1d_1.weight"][None],
        tree["conv1d_1.bias"],
        stride=(1, 2),
        padding=((0, 0), (1, 2)),
        groups=2,
    )
    np.testing.assert_allclose(output(layer, x, tree), expected[:, 0], rtol=1e-11, atol=1e-12)


def test_depthwise_convolves_every_channel_by_itself():
    layer, x = DepthwiseConv2D((2, 3), 2, multiplier=2), RANDOM.normal(size=(2, 5, 6, 3))
    tree = held(layer, *x.shape)
    weight, bias = tree["depthwise_conv2d_1.weight"], tree["depthwise_conv2d_1.bias"]
    y = output(layer, x, tree)
    for channel in range(3):
        own = slice(2 * channel, 2 * channel + 2)
        alone = convolved(x[..., [channel]], weight[..., own], bias[own], stride=(2, 2))
        np.testing.assert_allclose(y[..., own], alone, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, (5, 4)),
        ({"stride": 2}, (7, 5)),
        ({"stride": 2, "padding": "same"}, (6, 4)),
        ({"stride": 4, "padding": ((1, 0), (1, 1))}, (10, 5)),
        ({"dilation": 2}, (7, 6)),
    ],
)
def test_transposed_is_the_adjoint_of_conv2d(settings, size):
    """⟨convolution(u), x⟩ = ⟨u, transposed(x)⟩ for every u of the larger size."""
    layer, x = ConvTranspose2D(4, 3, **settings), RANDOM.normal(size=(2, 3, 2, 5))
    tree = held(layer, *x.shape)
    tree["conv_transpose2d_1.bias"] *= 0
    y = output(layer, x, tree)
    assert y.shape == (2, *size, 4)
    u = RANDOM.normal(size=y.shape)
    turned = {"conv2d_1.weight": tree["conv_transpose2d_1.weight"].swapaxes(2, 3)}
    there = output(Conv2D(5, 3, use_bias=False, **settings), u, turned)
    assert (there * x).sum() == pytest.approx((u * y).sum(), rel=1e-10)


def test_transposed_adds_its_bias_to_every_place():
    layer, x = ConvTranspose2D(2, 2, bias=ones), np.zeros((1, 2, 2, 3))
    tree = {"conv_transpose2d_1.weight": np.ones((2, 2, 3, 2)), "conv_transpose2d_1.bias": np.arange(2.0)}
    assert np.array_equal(output(layer, x, tree), np.broadcast_to([0.0, 1.0], (1, 3, 3, 2)))


@pytest.mark.parametrize(
    "layer", [Conv2D(4, 2, activation="tanh"), ConvTranspose2D(4, 2, activation="tanh")], ids=str
)
def test_the_activation_comes_last(layer):
    x = RANDOM.normal(size=(2, 3, 3, 2))
    tree = held(layer, *x.shape)
    linear = type(layer)(4, 2)
    np.testing.assert_allclose(output(layer, x, tree), np.tanh(output(linear, x, tree)), rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "shape", "fan"),
    [
        (Conv2D(8, (3, 2), groups=2), (1, 5, 5, 6), 3 * 2 * 3),
        (Conv1D(8, 5), (1, 9, 6), 5 * 6),
        (DepthwiseConv2D(3, multiplier=40), (1, 5, 5, 6), 9),
        (ConvTranspose2D(8, 3), (1, 5, 5, 60), 9 * 60),
    ],
    ids=str,
)
def test_kernels_start_by_the_number_of_inputs_that_a_place_adds_up(layer, shape, fan):
    trace = Trace()
    with building(trace, training=True) as built:
        layer(trace.input("x", shape))
    (name, weight), *_ = trace.parameters.items()
    assert built.initializers[name] == he_normal()
    drawn = built.initializers[name](weight.shape, np.random.default_rng(0), "float32")
    assert drawn.std() == pytest.approx(np.sqrt(2 / fan), rel=5 / np.sqrt(2 * drawn.size))


def test_lists_become_tuples():
    layer = Conv2D(2, [3, 2], [1, 2], [[0, 1], [1, 0]])  # type: ignore[arg-type]
    assert layer == Conv2D(2, (3, 2), (1, 2), ((0, 1), (1, 0)))
    assert hash(layer) == hash(Conv2D(2, (3, 2), (1, 2), ((0, 1), (1, 0))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2D(0, 3), "Conv2D: filters is 0; it must be a whole number, at least 1"),
        (
            lambda: Conv2D(2, -3),
            "Conv2D: kernel_size is -3; it must be a whole number, at least 1, or 2 of them, one for each",
        ),
        (lambda: Conv1D(2, 3, 0), "Conv1D: stride is 0; it must be a whole number, at least 1"),
        (
            lambda: Conv2D(2, 3, padding="some"),
            "Conv2D: padding is 'some'; it must be 'valid', 'same', or (before, after) for each axis, "
            "((1, 1), (1, 1))",
        ),
        (lambda: Conv2D(4, 3, groups=3), "Conv2D: groups is 3, and filters is 4; the groups must divide the"),
        (lambda: Conv2D(4, 3, weight="he"), "Conv2D: weight is 'he'; give an initializer"),  # type: ignore
    ],
)
def test_refuses_bad_settings(make: Callable[[], Layer], message: str):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            Conv2D(4, 3),
            (2, 8, 8),
            f"Conv2D 'conv2d_1' got x of shape (2, 8, 8); it needs {IMAGES}; if there is one channel, "
            "give it an axis of its own: x[..., None]",
        ),
        (
            Conv1D(4, 3),
            (2, 8, 8, 1),
            "Conv1D 'conv1d_1' got x of shape (2, 8, 8, 1); it needs (batch, length,",
        ),
        (
            Conv2D(4, (3, 6), padding=((0, 0), (1, 1))),
            (2, 8, 3, 1),
            "Conv2D 'conv2d_1': convolution got a window over 6 on spatial axis 1, which is 3 long, 5 with "
            "padding; the window must fit in; make the window or its dilation smaller, or the padding larger",
        ),
        (
            Conv2D(4, 1, groups=2),
            (2, 8, 8, 3),
            "Conv2D 'conv2d_1': convolution got 2 groups for 3 channels of the input and 4 of the output; "
            "the groups must divide both",
        ),
        (DepthwiseConv2D(9), (2, 8, 8, 3), "DepthwiseConv2D 'depthwise_conv2d_1': convolution got a window"),
        (
            ConvTranspose2D(2, 2, padding=((2, 2), (0, 0))),
            (2, 2, 2, 3),
            "ConvTranspose2D 'conv_transpose2d_1': transposed_convolution of x of shape (2, 2, 2, 3) would "
            "have size (-1, 3); it must be at least 1",
        ),
        (
            ConvTranspose2D(2, 2),
            (2, 8, 3),
            "ConvTranspose2D 'conv_transpose2d_1' got x of shape (2, 8, 3); it",
        ),
    ],
)
def test_refuses_bad_shapes_while_recording_and_names_the_layer(layer, shape, message):
    with pytest.raises(ShapeError) as caught:
        compiled(layer, *shape)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("layer", [Conv1D(2, 1), Conv2D(2, 1), DepthwiseConv2D(1), ConvTranspose2D(2, 1)])
def test_refuses_whole_numbers_and_names_the_layer(layer):
    shape = (2, 3, 1) if isinstance(layer, Conv1D) else (2, 3, 3, 1)
    with pytest.raises(DTypeError, match=rf"^{type(layer).__name__} '.*_1' got x of dtype int32; give it"):
        compiled(Sequential([layer]), *shape, dtype="int32")
