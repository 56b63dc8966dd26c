"""Pooling over windows, each channel by itself."""

from dataclasses import dataclass

from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import checked_lengths, checked_padding
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, Padding


@dataclass(frozen=True)
class MaxPool1D(Layer):
    """y[p] = max of window p of x: (batch, length, channels) -> (batch, output length, channels).

    Settings and errors are those of MaxPool2D, for one spatial axis.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1)
        return f.max_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class MaxPool2D(Layer):
    """y[p, q] = max of window (p, q) of x; of equal elements the first, row by row, gets the derivative.

    kernel_size: lengths of the window, at least 1, a number or one for each axis. stride: elements from one
    window to the next, likewise; None for kernel_size. padding: 'valid' for none, so that a rest shorter than
    a window is left out; 'same' so that the output has ceil(length / stride) positions; or (before, after)
    for each axis, smaller than the window. Padding never is the maximum.
    x: float (batch, height, width, channels) -> (batch, output height, output width, channels).
    Raises ConfigError for a bad setting; while recording, ShapeError if the window is larger than the padded
    x or may contain nothing but padding, and DTypeError unless x is float.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        return f.max_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class MaxPool3D(Layer):
    """y[o, p, q] = max of window (o, p, q) of x: (batch, depth, height, width, channels).

    Settings and errors are those of MaxPool2D, for three spatial axes.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 3)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 3)
        return f.max_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class AvgPool1D(Layer):
    """y[p] = mean of window p of x: (batch, length, channels) -> (batch, output length, channels).

    Settings and errors are those of AvgPool2D, for one spatial axis.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1)
        return f.average_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class AvgPool2D(Layer):
    """y[p, q] = mean of window (p, q) of x, without padding (count_include_pad=False in PyTorch).

    Settings, shapes and errors are those of MaxPool2D.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 2)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        return f.average_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class AvgPool3D(Layer):
    """y[o, p, q] = mean of window (o, p, q) of x: (batch, depth, height, width, channels).

    Settings and errors are those of AvgPool2D, for three spatial axes.
    """

    kernel_size: Lengths = 2
    stride: Lengths | None = None
    padding: Padding = "valid"

    def __post_init__(self) -> None:
        _check_windows(self, 3)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 3)
        return f.average_pool(x, self.kernel_size, stride=self.stride, padding=self.padding)


_Pool = MaxPool1D | MaxPool2D | MaxPool3D | AvgPool1D | AvgPool2D | AvgPool3D


def _check_windows(layer: _Pool, axes: int) -> None:
    size = checked_lengths(layer, "kernel_size", layer.kernel_size, axes)
    object.__setattr__(layer, "kernel_size", size)
    if layer.stride is not None:
        object.__setattr__(layer, "stride", checked_lengths(layer, "stride", layer.stride, axes))
    object.__setattr__(layer, "padding", checked_padding(layer, layer.padding, axes))
