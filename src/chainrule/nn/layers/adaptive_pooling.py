"""Pooling to an output of a given size, whatever the size of the input."""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis


@dataclass(frozen=True)
class AdaptiveAvgPool1D(Layer):
    """y[p] = mean of x over the windows of AdaptiveAvgPool2D along one axis.

    x: float (batch, length, channels) -> (batch, size, channels). Settings and errors are those of
    AdaptiveAvgPool2D.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 1))

    def __call__(self, x: Tensor) -> Tensor:
        return _mean(x, self.size, 1)


@dataclass(frozen=True)
class AdaptiveAvgPool2D(Layer):
    """y[p, q] = mean of x over the rows ⌊p h / H⌋ … ⌈(p + 1) h / H⌉ - 1 and the columns alike (PyTorch's).

    So (H, W) windows cover an image of h rows, and overlap where H does not divide h.
    size: (H, W), at least 1, or a number for both.
    x: float (batch, height, width, channels) -> (batch, H, W, channels).
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or an empty spatial
    axis, and DTypeError unless x is float.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 2))

    def __call__(self, x: Tensor) -> Tensor:
        return _mean(x, self.size, 2)


@dataclass(frozen=True)
class AdaptiveAvgPool3D(Layer):
    """y[o, p, q] = mean of x over the windows of AdaptiveAvgPool2D along three axes.

    x: float (batch, depth, height, width, channels) -> (batch, *size, channels). Settings and errors are
    those of AdaptiveAvgPool2D.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 3))

    def __call__(self, x: Tensor) -> Tensor:
        return _mean(x, self.size, 3)


@dataclass(frozen=True)
class AdaptiveMaxPool1D(Layer):
    """y[p] = max of x over the windows of AdaptiveAvgPool2D along one axis.

    x: float (batch, length, channels) -> (batch, size, channels). Settings and errors are those of
    AdaptiveMaxPool2D.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 1))

    def __call__(self, x: Tensor) -> Tensor:
        return _max(x, self.size, 1)


@dataclass(frozen=True)
class AdaptiveMaxPool2D(Layer):
    """y[p, q] = max of x over the windows of AdaptiveAvgPool2D; equal elements share the derivative.

    Settings, shapes and errors are those of AdaptiveAvgPool2D.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 2))

    def __call__(self, x: Tensor) -> Tensor:
        return _max(x, self.size, 2)


@dataclass(frozen=True)
class AdaptiveMaxPool3D(Layer):
    """y[o, p, q] = max of x over the windows of AdaptiveAvgPool2D along three axes.

    x: float (batch, depth, height, width, channels) -> (batch, *size, channels). Settings and errors are
    those of AdaptiveMaxPool2D.
    """

    size: Lengths

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", checked_lengths(self, "size", self.size, 3))

    def __call__(self, x: Tensor) -> Tensor:
        return _max(x, self.size, 3)


def _mean(x: Tensor, size: Lengths, axes: int) -> Tensor:
    _need_positions(x, axes)
    for axis, outputs in enumerate(each_axis(size, axes), start=1):
        places, inside = _windows(x.shape[axis], outputs)
        share = inside / inside.sum(axis=1, keepdims=True)
        share = share.reshape(*share.shape, *(1,) * (x.ndim - 1 - axis)).astype(x.dtype)
        x = (f.gather(x, x.trace.constant(places, "int32"), axis) * share).sum(axis + 1)
    return x


def _max(x: Tensor, size: Lengths, axes: int) -> Tensor:
    _need_positions(x, axes)
    for axis, outputs in enumerate(each_axis(size, axes), start=1):
        places, _ = _windows(x.shape[axis], outputs)
        x = f.gather(x, x.trace.constant(places, "int32"), axis).max(axis + 1)
    return x


def _need_positions(x: Tensor, axes: int) -> None:
    need_space(x, axes)
    if 0 in x.shape[1:-1]:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; no spatial axis may be empty")


def _windows(length: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of each window and whether they are in it, (outputs, longest); short ones repeat their last."""
    number = np.arange(outputs)
    first, end = number * length // outputs, -(-(number + 1) * length // outputs)
    places = first[:, None] + np.arange((end - first).max())
    return np.minimum(places, end[:, None] - 1), places < end[:, None]
