"""Layers of space and normalization beside PyTorch's, in float64, where torch is installed.

Ours are built from torch's parameters, brought into our order; compared are the output, its derivative by x
and by every parameter, and what batch normalization keeps.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Layer, building
from chainrule.program import Trace
from chainrule.program import functions as f

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(15)
TO_OURS = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "variance"}
NORMS = (nn.BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm, nn.RMSNorm)


def names_of(layer: Layer) -> dict[str, str]:
    """Torch's names -> ours: a normalization's weight and bias are scale and shift here."""
    return TO_OURS | ({"weight": "scale", "bias": "shift"} if isinstance(layer, NORMS) else {})


def in_our_order(array: Any, layer: Layer) -> np.ndarray:
    """Torch's (filters, channels / groups, *window) as (*window, channels / groups, filters).

    Its transposed convolution has (channels, filters, *window).
    """
    if array.ndim < 3:
        return array.detach().numpy()
    first, second = (0, 1) if type(layer).__name__.startswith("ConvTranspose") else (1, 0)
    return array.detach().movedim((first, second), (-2, -1)).numpy()


def ours(
    layer: Layer, x: np.ndarray, tree: dict[str, np.ndarray], weights: np.ndarray, training: bool
) -> Mapping[str, np.ndarray]:
    """'y', and the derivatives of Σ weights · y by 'x' and by every parameter; `tree` is moved on."""
    trace = Trace()
    given = trace.input("x", x.shape, "float64")
    with building(trace, training=training) as built:
        y = layer(given)
    tensors = {"x": given, **trace.parameters}
    deltas = differentiate(f.dot(y, trace.constant(weights, "float64")), tensors.values())
    outputs = {"y": y} | {name: deltas[tensor.value] for name, tensor in tensors.items()}
    return compile_numpy(trace.program(outputs, built.updates)).run(tree, {"x": x})


def assert_agrees(layer: Layer, module: Any, shape: tuple[int, ...], *, training: bool = True) -> None:
    """Value, derivatives and state agree; `module` is torch's, with any parameters."""
    module = module.double().train(training)
    features_last = isinstance(layer, nn.LayerNorm | nn.RMSNorm)
    x = RANDOM.normal(size=shape)
    with torch.no_grad():
        for array in module.parameters():
            array.copy_(torch.tensor(RANDOM.normal(size=tuple(array.shape))))
    trace = Trace()
    with building(trace, training=training):
        layer(trace.input("x", shape, "float64"))
    place = next(iter((*trace.parameters, *trace.states)), ".").rpartition(".")[0]
    names = {theirs: f"{place}.{own}" for theirs, own in names_of(layer).items()}
    stored = dict(module.named_parameters()) | dict(module.named_buffers())
    tree = {
        names[name]: np.array(in_our_order(array, layer)) for name, array in stored.items() if name in names
    }

    their_x = torch.tensor(x, requires_grad=True)
    y = module(their_x) if features_last else module(their_x.movedim(-1, 1)).movedim(1, -1)
    weights = RANDOM.normal(size=tuple(y.shape))
    (y * torch.tensor(weights)).sum().backward()
    found = ours(layer, x, tree, weights, training)
    expected = {"y": y.detach().numpy(), "x": their_x.grad.numpy()}
    expected |= {names[name]: in_our_order(a.grad, layer) for name, a in module.named_parameters()}
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        np.testing.assert_allclose(found[name], array, rtol=1e-9, atol=1e-10, err_msg=name)
    for name, array in module.named_buffers():
        if name in names:
            np.testing.assert_allclose(tree[names[name]], array.numpy(), rtol=1e-10, err_msg=name)


def pairs(padding: Any, axes: int) -> Any:
    """Torch's padding as ours."""
    if padding == "same":
        return padding
    sides = padding if isinstance(padding, tuple) else (padding,) * axes
    return tuple((side, side) for side in sides)


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (0, 3), (1, 1)])
def test_dense(shape):
    units = 4
    x, weight, bias = (RANDOM.normal(size=each) for each in (shape, (shape[-1], units), (units,)))
    theirs = [torch.tensor(each, requires_grad=True) for each in (x, weight, bias)]
    y = torch.nn.functional.linear(theirs[0], theirs[1].T, theirs[2])
    weights = RANDOM.normal(size=tuple(y.shape))
    (y * torch.tensor(weights)).sum().backward()
    found = ours(nn.Dense(units), x, {"dense_1.weight": weight, "dense_1.bias": bias}, weights, True)
    for name, tensor in zip(("x", "dense_1.weight", "dense_1.bias"), theirs, strict=True):
        np.testing.assert_allclose(found[name], tensor.grad.numpy(), rtol=1e-9, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(found["y"], y.detach().numpy(), rtol=1e-9, atol=1e-10)


IMAGES = [
    ((2, 7, 5, 6), {}),
    ((2, 7, 6, 6), {"stride": (2, 1), "padding": (1, 2)}),
    ((1, 9, 8, 6), {"stride": 5}),
    ((1, 9, 8, 6), {"dilation": (2, 3), "padding": (2, 3)}),
    ((2, 5, 6, 6), {"groups": 3, "stride": 2}),
    ((2, 5, 6, 6), {"padding": "same", "dilation": 2}),
    ((0, 5, 6, 6), {}),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("window", [1, 3, (2, 3)])
@pytest.mark.parametrize(("shape", "options"), IMAGES)
def test_conv2d(shape, options, window, bias):
    module = torch.nn.Conv2d(6, 9, window, bias=bias, **options)
    own = options | {"padding": pairs(options.get("padding", 0), 2)}
    assert_agrees(nn.Conv2D(9, window, use_bias=bias, **own), module, shape)


SIGNALS = [
    ((2, 9, 4), {}),
    ((3, 8, 4), {"stride": 4, "padding": 1}),
    ((2, 7, 4), {"groups": 2, "dilation": 2, "padding": "same"}),
    ((0, 7, 4), {}),
    ((2, 3, 4), {}),
]


@pytest.mark.parametrize(("shape", "options"), SIGNALS)
def test_conv1d(shape, options):
    own = options | {"padding": pairs(options.get("padding", 0), 1)}
    assert_agrees(nn.Conv1D(6, 3, **own), torch.nn.Conv1d(4, 6, 3, **options), shape)


@pytest.mark.parametrize("multiplier", [1, 3])
@pytest.mark.parametrize(
    ("shape", "options"), [((2, 7, 5, 4), {}), ((1, 6, 7, 4), {"stride": 4}), ((0, 6, 7, 4), {"padding": 1})]
)
def test_depthwise_conv2d(shape, options, multiplier):
    module = torch.nn.Conv2d(4, 4 * multiplier, (3, 2), groups=4, **options)
    own = options | {"padding": pairs(options.get("padding", 0), 2)}
    assert_agrees(nn.DepthwiseConv2D((3, 2), multiplier=multiplier, **own), module, shape)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 4, 3, 3), {}),
        ((2, 4, 3, 3), {"stride": 2, "padding": 1}),
        ((1, 3, 5, 3), {"stride": 4, "padding": (0, 1)}),
        ((1, 3, 3, 3), {"dilation": 2, "stride": 3}),
        ((0, 3, 3, 3), {"stride": 2}),
    ],
)
def test_conv_transpose2d(shape, options, bias):
    module = torch.nn.ConvTranspose2d(3, 5, (3, 2), bias=bias, **options)
    own = options | {"padding": pairs(options.get("padding", 0), 2)}
    assert_agrees(nn.ConvTranspose2D(5, (3, 2), use_bias=bias, **own), module, shape)


def test_what_torch_calls_output_padding_is_less_padding_after():
    module = torch.nn.ConvTranspose2d(3, 5, 3, stride=2, padding=1, output_padding=1)
    layer = nn.ConvTranspose2D(5, 3, stride=2, padding=((1, 0), (1, 0)))
    assert_agrees(layer, module, (2, 4, 3, 3))


POOLS = [
    ((2, 7, 5, 3), 2, None, 0),
    ((1, 7, 6, 2), (3, 2), (2, 1), (1, 0)),
    ((1, 9, 7, 2), 2, 4, 1),
    ((0, 4, 4, 2), 2, None, 0),
]


@pytest.mark.parametrize(("shape", "window", "stride", "padding"), POOLS)
def test_pooling_over_images(shape, window, stride, padding):
    own = pairs(padding, 2)
    assert_agrees(nn.MaxPool2D(window, stride, own), torch.nn.MaxPool2d(window, stride, padding), shape)
    average = torch.nn.AvgPool2d(window, stride, padding, count_include_pad=False)
    assert_agrees(nn.AvgPool2D(window, stride, own), average, shape)


@pytest.mark.parametrize(
    ("shape", "window", "stride", "padding"),
    [((2, 7, 3), 3, 2, 1), ((2, 9, 3), 2, 5, 0), ((0, 4, 2), 2, None, 0), ((2, 1, 3), 1, None, 0)],
)
def test_pooling_over_signals(shape, window, stride, padding):
    own = pairs(padding, 1)
    assert_agrees(nn.MaxPool1D(window, stride, own), torch.nn.MaxPool1d(window, stride, padding), shape)
    average = torch.nn.AvgPool1d(window, stride, padding, count_include_pad=False)
    assert_agrees(nn.AvgPool1D(window, stride, own), average, shape)


def flat(module: Any) -> Any:
    return torch.nn.Sequential(module, torch.nn.Flatten())


@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (2, 1, 1, 3)])
def test_global_pooling(shape):
    assert_agrees(nn.GlobalAvgPool2D(), flat(torch.nn.AdaptiveAvgPool2d(1)), shape)
    assert_agrees(nn.GlobalMaxPool2D(), flat(torch.nn.AdaptiveMaxPool2d(1)), shape)
    line = (shape[0], shape[1] * shape[2], shape[3])
    assert_agrees(nn.GlobalMaxPool1D(), flat(torch.nn.AdaptiveMaxPool1d(1)), line)


@pytest.mark.parametrize("factor", [1, 2, (3, 2)])
@pytest.mark.parametrize("shape", [(2, 5, 4, 3), (1, 1, 3, 2), (0, 2, 3, 2)])
def test_upsample_images(shape, factor):
    assert_agrees(nn.Upsample(factor), torch.nn.Upsample(scale_factor=factor), shape)
    if shape[0]:  # torch refuses to resize no images bilinearly
        linear = torch.nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)
        assert_agrees(nn.Upsample(factor, "linear"), linear, shape)


@pytest.mark.parametrize("method", ["nearest", "linear"])
def test_upsample_signals(method):
    options = {} if method == "nearest" else {"align_corners": False}
    module = torch.nn.Upsample(scale_factor=3, mode=method, **options)
    assert_agrees(nn.Upsample(3, method), module, (2, 5, 3))


BATCHES = [(5, 3), (4, 7, 3), (2, 5, 4, 3), (1, 2, 1, 3), (2, 3)]


# Neither trains on one value per channel.
@pytest.mark.parametrize(
    ("shape", "training"),
    [*((shape, training) for shape in BATCHES for training in (True, False)), ((1, 3), False)],
)
def test_batch_norm(shape, training):
    kind = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d}[len(shape)]
    module = kind(3, eps=1e-3, momentum=0.3)
    module.running_mean += torch.tensor(RANDOM.normal(size=3).astype(np.float32))
    module.running_var *= 1.7
    assert_agrees(nn.BatchNorm(momentum=0.7, epsilon=1e-3), module, shape, training=training)


def test_batch_norm_starts_and_is_set_as_torchs():
    layer, module = nn.BatchNorm(), torch.nn.BatchNorm2d(3)
    assert (1 - layer.momentum, layer.epsilon) == (pytest.approx(module.momentum), module.eps)
    assert_agrees(layer, module, (3, 4, 5, 3))


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 6), (0, 6), (3, 1)])
def test_layer_and_rms_norm(shape):
    features = shape[-1:]
    assert_agrees(nn.LayerNorm(1e-3), torch.nn.LayerNorm(features, eps=1e-3), shape)
    assert_agrees(nn.RMSNorm(1e-3), torch.nn.RMSNorm(features, eps=1e-3), shape)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", [(2, 5, 3, 6), (3, 7, 6), (0, 4, 4, 6)])
def test_group_norm(shape, groups):
    assert_agrees(nn.GroupNorm(groups, 1e-3), torch.nn.GroupNorm(groups, 6, eps=1e-3), shape)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.Reshape((4, 15)), lambda x: x.reshape(len(x), 4, 15)),
        (nn.Reshape((-1,)), lambda x: x.reshape(len(x), -1)),
        (nn.Permute((3, 1, 2)), lambda x: x.permute(0, 3, 1, 2)),
        (nn.Apply(f.softplus), torch.nn.functional.softplus),
    ],
)
def test_shapes_and_functions(layer: Layer, function: Any):
    x = RANDOM.normal(size=(2, 5, 4, 3))
    given = torch.tensor(x, requires_grad=True)
    expected = function(given)
    weights = RANDOM.normal(size=tuple(expected.shape))
    (expected * torch.tensor(weights)).sum().backward()
    found = ours(layer, x, {}, weights, training=True)
    np.testing.assert_allclose(found["y"], expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(found["x"], given.grad.numpy(), rtol=1e-12)
