"""Layers that exchange channels for positions, and channels among each other."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor


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
