"""Layers that exchange channels for positions, and channels among each other."""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_whole, checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis


@dataclass(frozen=True)
class PixelShuffle(Layer):
    """y[h r + i, w r + j, c] = x[h, w, c r² + i r + j]: channels become positions (Shi et al. 2016, eq. 4).

    The order of channels is PyTorch's; TensorFlow's depth_to_space has c last. factor: r, at least 1.
    x: float (batch, height, width, channels · r²) -> (batch, height · r, width · r, channels).
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or if r² does not
    divide the channels, and DTypeError unless x is float.
    """

    factor: int

    def __post_init__(self) -> None:
        check_whole(self, "factor", self.factor)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        (batch, height, width, channels), r = x.shape, self.factor
        if channels % (r * r):
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; {r * r} must divide the channels")
        blocks = x.reshape(batch, height, width, channels // (r * r), r, r).transpose(0, 1, 4, 2, 5, 3)
        return blocks.reshape(batch, height * r, width * r, channels // (r * r))


@dataclass(frozen=True)
class PixelUnshuffle(Layer):
    """y[h, w, c r² + i r + j] = x[h r + i, w r + j, c]: positions become channels, undoing PixelShuffle.

    factor: r, at least 1. x: float (batch, height, width, channels) -> (batch, height / r, width / r,
    channels · r²).
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or if r does not divide
    height and width, and DTypeError unless x is float.
    """

    factor: int

    def __post_init__(self) -> None:
        check_whole(self, "factor", self.factor)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        (batch, height, width, channels), r = x.shape, self.factor
        if height % r or width % r:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; {r} must divide height and width")
        blocks = x.reshape(batch, height // r, r, width // r, r, channels).transpose(0, 1, 3, 5, 2, 4)
        return blocks.reshape(batch, height // r, width // r, channels * r * r)


@dataclass(frozen=True)
class Patches(Layer):
    """y[p, q, (k w + l) channels + c] = x[p s + k, q s + l, c]: every window (h, w) of an image, as channels.

    kernel_size: h and w, at least 1, a number or one for each axis. stride: s, from one window to the next,
    likewise; None for kernel_size, so that patches do not overlap (Dosovitskiy et al. 2021). A Dense layer
    after it is a convolution.
    x: float (batch, height, width, channels) -> (batch, rows, columns, h w channels). PyTorch's Unfold has
    the windows along one axis, and the channel first.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or if a window is
    larger than the image, and DTypeError unless x is float.
    """

    kernel_size: Lengths
    stride: Lengths | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel_size", checked_lengths(self, "kernel_size", self.kernel_size, 2))
        if self.stride is not None:
            object.__setattr__(self, "stride", checked_lengths(self, "stride", self.stride, 2))

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 2)
        size = each_axis(self.kernel_size, 2)
        steps = size if self.stride is None else each_axis(self.stride, 2)
        if any(taps > length for taps, length in zip(size, x.shape[1:3], strict=True)):
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; its windows {size} must fit in")
        for axis, place in ((1, 1), (2, 3)):  # in x, and after the windows of the axis before
            taps, step, length = size[axis - 1], steps[axis - 1], x.shape[place]
            starts = np.arange((length - taps) // step + 1) * step
            x = f.gather(x, x.trace.constant(starts[:, None] + np.arange(taps), "int32"), place)
        batch, rows, _, columns, _, channels = x.shape  # (batch, rows, h, columns, w, channels)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, rows, columns, size[0] * size[1] * channels)


@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """y[…, i g + j] = x[…, j n + i], with g groups of n channels: every group gets some of all others.

    Between grouped convolutions (Zhang et al. 2018, ShuffleNet). groups: g, at least 1.
    x: float (batch, length, channels) or (batch, height, width, channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or if the groups do not
    divide the channels, and DTypeError unless x is float.
    """

    groups: int

    def __post_init__(self) -> None:
        check_whole(self, "groups", self.groups)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2)
        if x.shape[-1] % self.groups:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; its {self.groups} groups must divide the channels"
            )
        grouped = x.reshape(*x.shape[:-1], self.groups, x.shape[-1] // self.groups)
        return grouped.transpose(*range(x.ndim - 1), x.ndim, x.ndim - 1).reshape(*x.shape)
