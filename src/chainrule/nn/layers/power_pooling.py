"""Pooling by powers, between the sum and the maximum of windows, each channel by itself."""

import math
from dataclasses import dataclass

from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_number, checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis


@dataclass(frozen=True)
class PowerPool1D(Layer):
    """y[p] = (Σ |x|^power)^(1 / power) over window p of x: (batch, length, channels).

    Settings, result and errors are those of PowerPool2D, for one spatial axis.
    """

    power: float
    kernel_size: Lengths = 2
    stride: Lengths | None = None

    def __post_init__(self) -> None:
        _check(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        return _pooled(self, x, 1)


@dataclass(frozen=True)
class PowerPool2D(Layer):
    """y[p, q] = (Σ |x|^power)^(1 / power) over window (p, q) of x (Gulcehre et al. 2014, with a fixed power).

    power: at least 1: 1 is the sum, and a large one nearly the maximum. kernel_size, stride: as in MaxPool2D.
    Where a window is 0, so is its derivative. PyTorch's takes x instead of |x|.
    x: float (batch, height, width, channels) -> (batch, output height, output width, channels).
    Raises ConfigError for a bad setting; while recording, ShapeError if the window is larger than x, and
    DTypeError unless x is float.
    """

    power: float
    kernel_size: Lengths = 2
    stride: Lengths | None = None

    def __post_init__(self) -> None:
        _check(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        return _pooled(self, x, 2)


@dataclass(frozen=True)
class PowerPool3D(Layer):
    """y[o, p, q] = (Σ |x|^power)^(1 / power) over window (o, p, q) of x: (batch, *space, channels).

    Settings, result and errors are those of PowerPool2D, for three spatial axes.
    """

    power: float
    kernel_size: Lengths = 2
    stride: Lengths | None = None

    def __post_init__(self) -> None:
        _check(self, 3)

    def __call__(self, x: Tensor) -> Tensor:
        return _pooled(self, x, 3)


_Pool = PowerPool1D | PowerPool2D | PowerPool3D


def _check(layer: _Pool, axes: int) -> None:
    check_number(layer, "power", layer.power, at_least=1)
    object.__setattr__(layer, "kernel_size", checked_lengths(layer, "kernel_size", layer.kernel_size, axes))
    if layer.stride is not None:
        object.__setattr__(layer, "stride", checked_lengths(layer, "stride", layer.stride, axes))


def _pooled(layer: _Pool, x: Tensor, axes: int) -> Tensor:
    need_space(x, axes)
    powers = x * x if layer.power == 2 else abs(x) ** layer.power
    mean = f.average_pool(powers, layer.kernel_size, stride=layer.stride)
    total = mean * float(math.prod(each_axis(layer.kernel_size, axes)))
    zero = f.equal(total, 0.0)
    return f.where(zero, 0.0, f.where(zero, 1.0, total) ** (1 / layer.power))
