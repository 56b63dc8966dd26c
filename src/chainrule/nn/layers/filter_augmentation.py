"""Augmentation of sharpness: images blurred or sharpened in training, drawn for each image; nothing moves.

In prediction the images are not changed.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.drawing import between
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class RandomBlur(Layer):
    """y = Σ w x / Σ w over the pixels, w = exp(-d² / 2σ²) by their distance d; in prediction y = x.

    A Gaussian blur whose σ is drawn for each image. What lies beyond the border does not count.
    deviation: (smallest, largest) σ in pixels, above 0, drawn uniformly.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    As two products with matrices, (height, height) and (width, width), so that no window cuts it off.
    """

    deviation: tuple[float, float] = (0.1, 2.0)

    def __post_init__(self) -> None:
        if not isinstance(self.deviation, list | tuple) or len(self.deviation) != 2:
            raise ConfigError(
                f"RandomBlur: deviation is {self.deviation!r}", remedy="give (smallest, largest) in pixels"
            )
        low, high = self.deviation
        check_number(self, "deviation", low, above=0)
        check_number(self, "deviation", high, at_least=low)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        batch, height, width, channels = x.shape
        deviation = between(self, batch, x.dtype, *self.deviation)
        sharpness = -0.5 / (deviation * deviation)
        down, across = (_weights(sharpness, length) for length in (height, width))
        x = (down @ x.reshape(batch, height, width * channels)).reshape(*x.shape)
        return (across.reshape(batch, 1, width, width) @ x).reshape(*x.shape)


def _weights(sharpness: Tensor, length: int) -> Tensor:
    """The share of each pixel (last axis) in each blurred one: (batch, length, length)."""
    places = np.arange(length)
    squares = sharpness.trace.constant((places[:, None] - places)[None] ** 2.0, sharpness.dtype)
    weights = f.exp(squares * sharpness)
    return weights / weights.sum(-1, keepdims=True)


@dataclass(frozen=True)
class RandomSharpness(Layer):
    """y = s + (x - s) a: more or less of what a smooth image s lacks; in prediction y = x.

    s is the mean of each pixel and its eight neighbours in which the pixel counts 5 times; pixels on the
    border stay as they are. a < 1 smooths, a > 1 sharpens. Values are not clipped.
    most: a is drawn for each image, uniformly within 1 ± most; from 0 to 1.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    The filter is that of Pillow's ImageFilter.SMOOTH.
    """

    most: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "most", self.most, at_least=0, at_most=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        batch, height, width, _ = x.shape
        if not self.training or self.most == 0 or min(height, width) < 3:
            return x
        inner = x[:, 1:-1, 1:-1]
        smooth = f.average_pool(x, 3, stride=1) * (9 / 13) + inner * (4 / 13)
        detail = f.pad(inner - smooth, (0, 1, 1, 0), (0, 1, 1, 0))
        return x + detail * between(self, batch, x.dtype, -self.most, self.most)[..., None]
