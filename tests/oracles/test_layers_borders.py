"""Borders, shuffles and pooling to a size beside PyTorch's, in float64, where torch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.test_layers_gates import compare
from tests.oracles.test_layers_space import assert_agrees

from chainrule import nn

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(4)
LAYERS = {
    "zeros": (nn.Pad(((1, 2), (3, 0))), torch.nn.ZeroPad2d((3, 0, 1, 2)), (2, 4, 5, 3)),
    "reflect": (nn.Pad(((1, 2), (3, 0)), "reflect"), torch.nn.ReflectionPad2d((3, 0, 1, 2)), (2, 4, 5, 3)),
    "replicate": (nn.Pad(2, "replicate"), torch.nn.ReplicationPad2d(2), (2, 4, 1, 3)),
    "circular": (nn.Pad(((1, 2), (3, 0)), "circular"), torch.nn.CircularPad2d((3, 0, 1, 2)), (2, 4, 5, 3)),
    "reflect_1d": (nn.Pad(((2, 1),), "reflect"), torch.nn.ReflectionPad1d((2, 1)), (2, 4, 3)),
    "crop": (nn.Crop(((1, 0), (0, 2))), torch.nn.ZeroPad2d((0, -2, -1, 0)), (2, 4, 5, 3)),
    "pixel_shuffle": (nn.PixelShuffle(3), torch.nn.PixelShuffle(3), (2, 2, 3, 18)),
    "pixel_unshuffle": (nn.PixelUnshuffle(2), torch.nn.PixelUnshuffle(2), (2, 4, 6, 3)),
    "channel_shuffle": (nn.ChannelShuffle(3), torch.nn.ChannelShuffle(3), (2, 4, 2, 6)),
    "adaptive_avg": (nn.AdaptiveAvgPool2D((3, 2)), torch.nn.AdaptiveAvgPool2d((3, 2)), (2, 7, 5, 3)),
    "adaptive_avg_longer": (nn.AdaptiveAvgPool2D(4), torch.nn.AdaptiveAvgPool2d(4), (2, 3, 4, 2)),
    "adaptive_max": (nn.AdaptiveMaxPool2D((3, 2)), torch.nn.AdaptiveMaxPool2d((3, 2)), (2, 7, 5, 3)),
    "instance_norm": (nn.InstanceNorm(), torch.nn.InstanceNorm2d(3, affine=True), (2, 4, 5, 3)),
    "instance_norm_1d": (nn.InstanceNorm(1e-3), torch.nn.InstanceNorm1d(3, 1e-3, affine=True), (2, 4, 3)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    assert_agrees(*LAYERS[name])


def test_separable_convolution():
    tree = {
        "separable_conv2d_1.depthwise_weight": RANDOM.normal(size=(3, 2, 1, 6)),
        "separable_conv2d_1.weight": RANDOM.normal(size=(6, 4)),
        "separable_conv2d_1.bias": RANDOM.normal(size=4),
    }

    def both(x, depthwise, pointwise, bias):
        each = torch.nn.functional.conv2d(
            x.movedim(-1, 1), depthwise.permute(3, 2, 0, 1), stride=(2, 1), groups=3
        )
        mixed = torch.nn.functional.conv2d(each, pointwise.T[:, :, None, None], bias)
        return mixed.movedim(1, -1)

    layer = nn.SeparableConv2D(4, (3, 2), stride=(2, 1), multiplier=2)
    compare(layer, both, RANDOM.normal(size=(2, 5, 4, 3)), tree)


def test_repeated_vector():
    compare(nn.RepeatVector(3), lambda x: torch.stack([x] * 3, 1), RANDOM.normal(size=(2, 4)), {})
