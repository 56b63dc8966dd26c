"""Layers of one and three spatial axes beside PyTorch's, in float64, where torch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.test_layers_gates import compare
from tests.oracles.test_layers_space import assert_agrees, pairs

from chainrule import nn

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(41)


def flat(module: Any) -> Any:
    return torch.nn.Sequential(module, torch.nn.Flatten())


@pytest.mark.parametrize("window", [1, (3, 2, 2)])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 5, 4, 3, 4), {}),
        ((2, 5, 4, 6, 4), {"stride": (2, 1, 3), "padding": (1, 0, 2)}),
        ((1, 6, 5, 4, 4), {"dilation": 2, "padding": 2, "groups": 2}),
        ((0, 4, 4, 4, 4), {}),
    ],
)
def test_conv3d(shape, options, window):
    own = options | {"padding": pairs(options.get("padding", 0), 3)}
    assert_agrees(nn.Conv3D(6, window, **own), torch.nn.Conv3d(4, 6, window, **options), shape)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((2, 3, 2, 4, 3), {}),
        ((2, 3, 4, 2, 3), {"stride": (2, 1, 3), "padding": (1, 0, 0)}),
        ((1, 2, 3, 3, 3), {"dilation": (2, 1, 2), "stride": 2}),
    ],
)
def test_conv_transpose3d(shape, options):
    module = torch.nn.ConvTranspose3d(3, 4, (3, 2, 1), **options)
    own = options | {"padding": pairs(options.get("padding", 0), 3)}
    assert_agrees(nn.ConvTranspose3D(4, (3, 2, 1), **own), module, shape)


@pytest.mark.parametrize("options", [{}, {"stride": 3, "padding": 1}, {"dilation": 2}])
def test_conv_transpose1d(options):
    own = options | {"padding": pairs(options.get("padding", 0), 1)}
    module = torch.nn.ConvTranspose1d(3, 4, 3, **options)
    assert_agrees(nn.ConvTranspose1D(4, 3, **own), module, (2, 5, 3))


def test_depthwise_and_separable_conv1d():
    module = torch.nn.Conv1d(3, 6, 3, groups=3, stride=2)
    assert_agrees(nn.DepthwiseConv1D(3, 2, multiplier=2), module, (2, 7, 3))
    tree = {
        "separable_conv1d_1.depthwise_weight": RANDOM.normal(size=(3, 1, 6)),
        "separable_conv1d_1.weight": RANDOM.normal(size=(6, 4)),
        "separable_conv1d_1.bias": RANDOM.normal(size=4),
    }

    def both(x, depthwise, pointwise, bias):
        each = torch.nn.functional.conv1d(x.movedim(-1, 1), depthwise.permute(2, 1, 0), groups=3)
        return torch.nn.functional.conv1d(each, pointwise.T[:, :, None], bias).movedim(1, -1)

    compare(nn.SeparableConv1D(4, 3, multiplier=2), both, RANDOM.normal(size=(2, 5, 3)), tree)


@pytest.mark.parametrize(
    ("window", "stride", "padding"), [(2, None, 0), ((3, 2, 1), (2, 1, 2), (1, 1, 0)), (3, 1, 1)]
)
def test_pooling(window, stride, padding):
    own, shape = pairs(padding, 3), (2, 6, 5, 4, 3)
    assert_agrees(nn.MaxPool3D(window, stride, own), torch.nn.MaxPool3d(window, stride, padding), shape)
    average = torch.nn.AvgPool3d(window, stride, padding, count_include_pad=False)
    assert_agrees(nn.AvgPool3D(window, stride, own), average, shape)


def test_pooling_over_everything():
    shape = (2, 3, 4, 2, 3)
    assert_agrees(nn.GlobalAvgPool3D(), flat(torch.nn.AdaptiveAvgPool3d(1)), shape)
    assert_agrees(nn.GlobalMaxPool3D(), flat(torch.nn.AdaptiveMaxPool3d(1)), shape)


def test_pooling_to_a_size():
    assert_agrees(nn.AdaptiveAvgPool1D(3), torch.nn.AdaptiveAvgPool1d(3), (2, 7, 3))
    assert_agrees(nn.AdaptiveMaxPool1D(3), torch.nn.AdaptiveMaxPool1d(3), (2, 7, 3))
    size, shape = (3, 2, 4), (2, 7, 5, 3, 2)
    assert_agrees(nn.AdaptiveAvgPool3D(size), torch.nn.AdaptiveAvgPool3d(size), shape)
    assert_agrees(nn.AdaptiveMaxPool3D(size), torch.nn.AdaptiveMaxPool3d(size), shape)


def test_upsampling_padding_and_normalization_of_volumes():
    shape = (2, 3, 4, 2, 3)
    assert_agrees(nn.Upsample((2, 1, 3)), torch.nn.Upsample(scale_factor=(2, 1, 3)), shape)
    linear = torch.nn.Upsample(scale_factor=2, mode="trilinear", align_corners=False)
    assert_agrees(nn.Upsample(2, "linear"), linear, shape)
    sides = ((1, 2), (0, 1), (1, 1))
    backwards = tuple(n for pair in reversed(sides) for n in pair)
    assert_agrees(nn.Pad(sides, "reflect"), torch.nn.ReflectionPad3d(backwards), shape)
    assert_agrees(nn.Pad(sides, "replicate"), torch.nn.ReplicationPad3d(backwards), shape)
    assert_agrees(nn.InstanceNorm(), torch.nn.InstanceNorm3d(3, affine=True), shape)
    assert_agrees(nn.BatchNorm(), torch.nn.BatchNorm3d(3), shape)


def test_pooling_by_powers():
    positive = torch.nn.Softplus()

    def beside(layer, module, shape):
        assert_agrees(
            nn.Sequential([nn.Activation("softplus"), layer]), torch.nn.Sequential(positive, module), shape
        )

    beside(nn.PowerPool1D(3, 2), torch.nn.LPPool1d(3, 2), (2, 7, 3))
    beside(nn.PowerPool2D(2.5, (2, 3), 1), torch.nn.LPPool2d(2.5, (2, 3), 1), (2, 5, 4, 3))
    beside(nn.PowerPool3D(2), torch.nn.LPPool3d(2, 2), (2, 4, 2, 5, 3))


def test_local_response_norm():
    assert_agrees(nn.LocalResponseNorm(4, 0.5), torch.nn.LocalResponseNorm(4, 0.5), (2, 5, 4, 6))


def test_unit_norm():
    compare(nn.UnitNorm(), lambda x: torch.nn.functional.normalize(x, dim=-1), RANDOM.normal(size=(4, 3)), {})


def test_patches():
    def theirs(x):
        windows = torch.nn.functional.unfold(x.movedim(-1, 1), (2, 3), stride=(1, 2))
        return windows.reshape(2, 3, 6, 4, 3).permute(0, 3, 4, 2, 1).reshape(2, 4, 3, 18)

    compare(nn.Patches((2, 3), (1, 2)), theirs, RANDOM.normal(size=(2, 5, 7, 3)), {})


def test_random_leaky_relu_in_prediction():
    assert_agrees(nn.RandomLeakyReLU(), torch.nn.RReLU(), (2, 5, 3), training=False)
