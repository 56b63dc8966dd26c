"""The network for boxes: residual blocks, whose coarse features are upsampled and added to a finer map.

Blocks as in He et al. 2016; features of two strides are summed as in Lin et al. 2017 (arXiv:1612.03144).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.nn import (
    Activation,
    BatchNorm,
    Conv2D,
    Layer,
    Residual,
    Sequential,
    Standardize,
    Upsample,
    filled_parts,
    normal,
)

NETWORKS: Mapping[str, tuple[int, ...]] = {"small": (16, 48, 96), "medium": (32, 96, 192)}
"""Filters at strides 4, 8 and 16. Multiply-adds of 240 × 320 at stride 8: 0.3 and 1.0 billion."""
STRIDES = (4, 8)
COARSEST = 16
"""The largest stride within the network, in pixels; the sides of images are multiples of it."""
_BLOCKS = (1, 2, 2)
_RARE = -4.0
"""The initial logits, since most places hold no object (Lin et al. 2017, arXiv:1708.02002, section 3.3)."""


def detector(
    pixels: np.ndarray, classes: int, widths: Sequence[int], stride: int, before: Sequence[Layer]
) -> Sequential:
    """A network from raw images (batch, height, width, channels) to the maps that `nn.CenterMap` takes.

    pixels: training images, whose mean and deviation are measured. classes: their number. widths: filters,
    see NETWORKS. stride: pixels from one place of the map to the next. before: augmentation of raw images.
    """
    width = widths[1] if stride == 8 else widths[1] // 2
    stages = [
        [*_block(filters, 2), *(layer for _ in range(count - 1) for layer in _block(filters))]
        for filters, count in zip(widths, _BLOCKS, strict=True)
    ]
    inner = [*stages[-1], *_projection(width)]
    for place, stage in ((8, stages[1]), (4, stages[0])):
        if place >= stride:
            joined = Residual([*inner, Upsample(2)], Sequential(_projection(width)))
            inner = [*stage, joined, Activation("relu"), *_convolution(width)]
        else:
            inner = [*stage, *inner]
    last = Conv2D(
        classes + 4, 1, weight=normal(0.0, 0.01), bias=filled_parts(*[_RARE] * classes, 0.0, 0.0, 0.0, 0.0)
    )
    return Sequential(
        [
            *before,
            Standardize.of(pixels),
            *_convolution(max(widths[0] // 2, 8), 2),
            *inner,
            *_convolution(width),
            last,
        ]
    )


def _convolution(filters: int, stride: int = 1) -> list[Layer]:
    return [
        Conv2D(filters, 3, stride, padding="same", use_bias=False),
        BatchNorm(),
        Activation("relu"),
    ]


def _projection(filters: int, stride: int = 1) -> list[Layer]:
    return [Conv2D(filters, 1, stride, padding="same", use_bias=False), BatchNorm()]


def _block(filters: int, stride: int = 1) -> list[Layer]:
    inner = [*_convolution(filters, stride), *_convolution(filters)[:-1]]
    shortcut = Sequential(_projection(filters, stride)) if stride > 1 else None
    return [Residual(inner, shortcut), Activation("relu")]
