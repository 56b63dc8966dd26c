"""Pooling over windows and over all positions, each channel by itself."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
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

    kernel_size: lengths of the window; stride: elements from one window to the next, None for kernel_size;
    each at least 1, a number or one for each axis. padding: 'valid' for none, so that a rest shorter than a
    window is left out; 'same' so that the output has ceil(length / stride) positions; or (before, after) for
    each axis, smaller than the window. Padding never is the maximum.
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
class GlobalAvgPool2D(Layer):
    """y = mean of x over all positions, for each channel (Lin, Chen and Yan 2014).

    x: float (batch, height, width, channels) -> (batch, channels).
    Raises ShapeError for another shape or an empty spatial axis, DTypeError unless x is float.
    """

    def __call__(self, x: Tensor) -> Tensor:
        return x.mean(_axes_of_space(x, 2))


@dataclass(frozen=True)
class GlobalMaxPool1D(Layer):
    """y = max of x over all positions, for each channel; equal elements share the derivative.

    x: float (batch, length, channels) -> (batch, channels).
    Raises ShapeError for another shape or an empty spatial axis, DTypeError unless x is float.
    """

    def __call__(self, x: Tensor) -> Tensor:
        return x.max(_axes_of_space(x, 1))


@dataclass(frozen=True)
class GlobalMaxPool2D(Layer):
    """y = max of x over all positions, for each channel; equal elements share the derivative.

    Shapes and errors are those of GlobalAvgPool2D.
    """

    def __call__(self, x: Tensor) -> Tensor:
        return x.max(_axes_of_space(x, 2))


def _check_windows(layer: MaxPool1D | MaxPool2D | AvgPool1D | AvgPool2D, axes: int) -> None:
    size = checked_lengths(layer, "kernel_size", layer.kernel_size, axes)
    object.__setattr__(layer, "kernel_size", size)
    if layer.stride is not None:
        object.__setattr__(layer, "stride", checked_lengths(layer, "stride", layer.stride, axes))
    object.__setattr__(layer, "padding", checked_padding(layer, layer.padding, axes))


def _axes_of_space(x: Tensor, axes: int) -> range:
    need_space(x, axes)
    if 0 in x.shape[1:-1]:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; no spatial axis may be empty")
    return range(1, x.ndim - 1)
