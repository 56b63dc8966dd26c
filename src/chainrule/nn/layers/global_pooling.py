"""Pooling over all positions, each channel by itself; that of padded sequences is in `sequences`."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.program import Tensor


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


@dataclass(frozen=True)
class GlobalAvgPool3D(Layer):
    """y = mean of x over all positions, for each channel: (batch, depth, height, width, channels).

    Result and errors are those of GlobalAvgPool2D.
    """

    def __call__(self, x: Tensor) -> Tensor:
        return x.mean(_axes_of_space(x, 3))


@dataclass(frozen=True)
class GlobalMaxPool3D(Layer):
    """y = max of x over all positions, for each channel: (batch, depth, height, width, channels).

    Result and errors are those of GlobalAvgPool2D; equal elements share the derivative.
    """

    def __call__(self, x: Tensor) -> Tensor:
        return x.max(_axes_of_space(x, 3))


def _axes_of_space(x: Tensor, axes: int) -> range:
    need_space(x, axes)
    if 0 in x.shape[1:-1]:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; no spatial axis may be empty")
    return range(1, x.ndim - 1)
