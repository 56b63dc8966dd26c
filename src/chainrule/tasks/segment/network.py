"""The network for masks: a U-Net (Ronneberger, Fischer and Brox 2015) with batch normalization.

The features of each level are concatenated with those of the level below. The latter are first reduced by a
convolution with kernel size 1 and then upsampled bilinearly, which is cheaper than the other way round.
"""

from collections.abc import Mapping, Sequence

from chainrule.nn import (
    Activation,
    BatchNorm,
    Concatenate,
    Conv2D,
    Layer,
    MaxPool2D,
    Padded,
    Sequential,
    Upsample,
)

NETWORKS: Mapping[str, tuple[int, ...]] = {
    "small": (8, 16, 32, 64, 128),
    "medium": (16, 32, 64, 128, 256),
    "large": (24, 48, 96, 192, 256),
}
"""Filters of the levels, each half as high and wide as the one before. Multiply-adds per pixel: 12, 45 and 98
thousand."""
_SMALLEST = 2  # pixels of the deepest level


def unet(classes: int, widths: Sequence[int], size: Sequence[int]) -> Padded:
    """A network from images of any (height, width) to the logits of the classes at every pixel.

    widths: filters of the levels. size: (height, width) of the training images; small ones get fewer levels.
    """
    levels = next(n for n in range(len(widths), 0, -1) if n == 1 or min(size) >= _SMALLEST << (n - 1))
    return Padded([*_level(tuple(widths[:levels])), head(classes)], 1 << (levels - 1))


def head(classes: int) -> Conv2D:
    """The last layer, which gives the logits of the classes."""
    return Conv2D(classes, 1)


def _level(widths: Sequence[int]) -> list[Layer]:
    first, *below = widths
    twice = [*_convolved(first), *_convolved(first)]
    if not below:
        return twice
    under = [MaxPool2D(2), *_level(below), *_convolved(first, 1), Upsample(2, "linear")]
    return [*twice, Concatenate([Sequential([]), Sequential(under)]), *_convolved(first), *_convolved(first)]


def _convolved(filters: int, window: int = 3) -> list[Layer]:
    return [Conv2D(filters, window, padding="same", use_bias=False), BatchNorm(), Activation("relu")]
