"""Augmentation of colors: the values of pixels change in training, drawn for each image; nothing moves.

In prediction the images are not changed. Where a layer needs to know the range of the values, it is from 0 to
255, of bytes made floats, unless `values` says another. Colors are red, green and blue, in this order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.drawing import between, chosen
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

BYTES = (0.0, 255.0)
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601's weights of red, green and blue


@dataclass(frozen=True)
class ColorJitter(Layer):
    """y ← x b, then y ← m + (y - m) c, then y ← g + (y - g) s, drawn for each image; in prediction y = x.

    m is the mean of the image and g the grey value of each pixel; b, c and s are drawn uniformly within
    1 ± brightness, 1 ± contrast and 1 ± saturation. Values are not clipped.
    brightness, contrast, saturation: from 0 to 1; saturation applies to images of three channels, RGB.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            check_number(self, name, getattr(self, name), at_least=0, at_most=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        if self.brightness:
            x = x * self._factor(x, self.brightness)
        if self.contrast:
            mean = x.mean((1, 2, 3), keepdims=True)
            x = mean + (x - mean) * self._factor(x, self.contrast)
        if self.saturation and x.shape[3] == 3:
            grey = _grey(x)
            x = grey + (x - grey) * self._factor(x, self.saturation)
        return x

    def _factor(self, x: Tensor, most: float) -> Tensor:
        return between(self, x.shape[0], x.dtype, 1 - most, 1 + most)[..., None]


@dataclass(frozen=True)
class RandomGrayscale(Layer):
    """y = g in all three channels, the grey value, with a probability; else, and in prediction, y = x.

    g = 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).
    rate: the probability that an image becomes grey, 0 ≤ rate ≤ 1.
    x: float (batch, height, width, 3) -> the same shape.
    Raises ConfigError for a bad rate; while recording ShapeError and DTypeError for other inputs.
    """

    rate: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, at_most=1)

    def __call__(self, x: Tensor) -> Tensor:
        _need_colors(x)
        if not self.training:
            return x
        return _at_random(self, self.rate, x, f.broadcast_to(_grey(x), x.shape))


@dataclass(frozen=True)
class RandomHue(Layer):
    """y = x with every hue moved by the same angle, drawn for each image; in prediction y = x.

    In the hexagon of hues (Smith 1978, HSV): the largest and the smallest value of a pixel stay as they are,
    so that grey stays grey, and with an angle of 120° red becomes green, green blue and blue red.
    most: the largest angle either way as a share of the whole circle, from 0 to 0.5, drawn uniformly.
    x: float (batch, height, width, 3), of any range -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    most: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "most", self.most, at_least=0, at_most=0.5)

    def __call__(self, x: Tensor) -> Tensor:
        _need_colors(x)
        if not self.training or self.most == 0:
            return x
        sixths = between(self, x.shape[0], x.dtype, -6 * self.most, 6 * self.most)
        red, green, blue = (x[..., channel] for channel in range(3))
        largest = f.maximum(red, f.maximum(green, blue))
        spread = largest - f.minimum(red, f.minimum(green, blue))
        span = f.where(spread > 0.0, spread, 1.0)  # grey has no hue: any angle will do
        hue = f.where(
            f.equal(largest, red),
            (green - blue) / span,
            f.where(f.equal(largest, green), 2.0 + (blue - red) / span, 4.0 + (red - green) / span),
        )  # from -1 to 5, in sixths of the circle
        colors = []
        for start in (5.0, 3.0, 1.0):
            away = hue + sixths + start
            away = away - 6.0 * f.floor(away * (1 / 6))
            short = f.minimum(f.maximum(f.minimum(away, 4.0 - away), 0.0), 1.0)  # of the largest value
            colors.append(largest - spread * short)
        return f.stack(colors, -1)


@dataclass(frozen=True)
class RandomInvert(Layer):
    """y = lowest + highest - x, the negative, with a probability; else, and in prediction, y = x.

    rate: the probability that an image is inverted, 0 ≤ rate ≤ 1. values: (lowest, highest) of images.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    rate: float = 0.5
    values: tuple[float, float] = BYTES

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, at_most=1)
        _check_values(self, self.values)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        return _at_random(self, self.rate, x, sum(self.values) - x) if self.training else x


@dataclass(frozen=True)
class Solarize(Layer):
    """y = lowest + highest - x where x ≥ the threshold, with a probability; else, and in prediction, y = x.

    threshold: as a share of the range, from 0 to 1; with 0 it is `RandomInvert`. rate: the probability that
    an image is changed, 0 ≤ rate ≤ 1. values: (lowest, highest) of images.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    threshold: float = 0.5
    rate: float = 0.5
    values: tuple[float, float] = BYTES

    def __post_init__(self) -> None:
        check_number(self, "threshold", self.threshold, at_least=0, at_most=1)
        check_number(self, "rate", self.rate, at_least=0, at_most=1)
        _check_values(self, self.values)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        low, high = self.values
        bright = x >= low + self.threshold * (high - low)
        return _at_random(self, self.rate, x, f.where(bright, low + high - x, x))


@dataclass(frozen=True)
class Posterize(Layer):
    """y = x with the lower of the 8 bits of its values 0, with a probability; else, and in prediction, y = x.

    The range is cut into 256 values, 0 to 255, and x rounded to the nearest; of these the `bits` highest bits
    stay: 1 to 8. Values beyond the range go on alike. The derivative is 0.
    rate: the probability that an image is changed, 0 ≤ rate ≤ 1. values: (lowest, highest) of images.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    bits: int = 4
    rate: float = 0.5
    values: tuple[float, float] = BYTES

    def __post_init__(self) -> None:
        check_whole(self, "bits", self.bits)
        check_number(self, "bits", self.bits, at_most=8)
        check_number(self, "rate", self.rate, at_least=0, at_most=1)
        _check_values(self, self.values)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        low, high = self.values
        unit, step = (high - low) / 255, 2.0 ** (8 - self.bits)
        byte = f.floor((x - low) * (1 / unit) + 0.5)
        rest = f.floor(byte * (1 / step)) * (step * unit) + low
        return _at_random(self, self.rate, x, rest)


@dataclass(frozen=True)
class AutoContrast(Layer):
    """y = lowest + (x - m) (highest - lowest) / (M - m), with a probability; else, and in prediction, y = x.

    m and M are the smallest and the largest value of each channel of the image, so that each fills the range;
    a channel of one value stays as it is.
    rate: the probability that an image is changed, 0 ≤ rate ≤ 1. values: (lowest, highest) of images.
    x: float (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    rate: float = 0.5
    values: tuple[float, float] = BYTES

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, at_most=1)
        _check_values(self, self.values)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        if not self.training:
            return x
        low, high = self.values
        least, most = x.min((1, 2), keepdims=True), x.max((1, 2), keepdims=True)
        spread = most - least
        filled = low + (x - least) * ((high - low) / f.where(spread > 0.0, spread, 1.0))
        return _at_random(self, self.rate, x, f.where(spread > 0.0, filled, x))


def _at_random(layer: Layer, rate: float, x: Tensor, changed: Tensor) -> Tensor:
    """The changed image with this probability, else x."""
    if rate in (0, 1):
        return changed if rate else x
    return f.where(chosen(layer, x.shape[0], rate)[..., None], changed, x)


def _grey(x: Tensor) -> Tensor:
    return (x * x.trace.constant(np.array(_GREY), x.dtype)).sum(-1, keepdims=True)


def _need_colors(x: Tensor) -> None:
    need_space(x, 2)
    if x.shape[3] != 3:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs three channels: red, green, blue"
        )


def _check_values(layer: Layer, values: Sequence[float]) -> None:
    if not isinstance(values, tuple | list) or len(values) != 2:
        raise ConfigError(
            f"{type(layer).__name__}: values is {values!r}", remedy="give (lowest, highest), such as (0, 255)"
        )
    check_number(layer, "values", values[0])
    check_number(layer, "values", values[1], above=values[0])
