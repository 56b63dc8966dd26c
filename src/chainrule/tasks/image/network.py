"""The networks for images: whitened patches, blocks of two convolutions, global max pooling.

The layout is that of airbench94 (Keller Jordan 2024, arXiv:2404.00498), with more blocks for larger images.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.nn import (
    Activation,
    BatchNorm,
    Conv2D,
    Dense,
    GlobalMaxPool2D,
    Layer,
    MaxPool2D,
    PatchWhitening,
    Sequential,
    Standardize,
    VarianceScaling,
    dirac,
)

NETWORKS: Mapping[str, tuple[int, ...]] = {
    "small": (32, 64, 128),
    "medium": (64, 128, 256),
    "large": (64, 256, 256),
}
"""Filters of the blocks. Multiply-adds for an image of 32 × 32 × 3: 20, 65 and 118 million."""
CALM = 9.0
"""The initial logits are divided by so much, so that the network is not confident early."""
HEAD_LAYERS = 1
"""The number of last layers that depend on the classes."""
_MOST_BLOCKS = 5


def image_network(
    pixels: np.ndarray, classes: int, widths: Sequence[int], before: Sequence[Layer], after: Sequence[Layer]
) -> Sequential:
    """A network from raw images (batch, height, width, channels) to logits (batch, classes).

    pixels: training images, whose mean, deviation and patches are measured. widths: filters of the last
    blocks.
    before, after: augmentation of raw images, and of standardized ones.
    """
    standardize = Standardize.of(pixels)
    mean, deviation = (np.array(each, np.float32) for each in (standardize.mean, standardize.deviation))
    standard = (pixels - mean) / deviation
    blocks = [layer for width in block_widths(widths, pixels.shape[1:3]) for layer in _block(width)]
    return Sequential(
        [
            *before,
            standardize,
            *after,
            PatchWhitening.of(standard, 2, epsilon=0.01 if pixels.shape[3] == 1 else 5e-4),
            Activation("gelu"),
            *blocks,
            GlobalMaxPool2D(),
            head(classes),
        ]
    )


def head(classes: int) -> Dense:
    """The last layer, which gives the logits of the classes."""
    return Dense(classes, weight=VarianceScaling(1 / CALM**2, "fan_in", "uniform"))


def block_widths(widths: Sequence[int], size: Sequence[int]) -> list[int]:
    """Filters of the blocks for images of this (height, width); each block halves them, to about 3 × 3."""
    count = min(max(round(math.log2(min(size))) - 2, 1), _MOST_BLOCKS)
    more = [max(widths[0] // 2, 8)] * max(count - len(widths), 0)
    return [*more, *widths][:count]


def _block(filters: int) -> list[Layer]:
    def convolution() -> Conv2D:
        return Conv2D(filters, 3, padding="same", use_bias=False, weight=dirac())

    def normalized() -> list[Layer]:
        return [BatchNorm(momentum=0.6), Activation("gelu")]

    return [convolution(), MaxPool2D(2), *normalized(), convolution(), *normalized()]
