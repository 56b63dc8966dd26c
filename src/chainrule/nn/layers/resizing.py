"""Upsampling of signals, images and volumes."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_choice, checked_lengths
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.functions.convolution import Lengths, each_axis
from chainrule.program.operations.resizing import METHODS


@dataclass(frozen=True)
class Upsample(Layer):
    """y[p] = x at (p + ½) / factor - ½ along every spatial axis, which becomes `factor` times as long.

    factor: at least 1, a number or one for each axis. method: 'nearest' repeats every element; 'linear'
    interpolates between the two nearest elements and is constant beyond the outermost: bilinear over two
    axes, trilinear over three, align_corners=False in PyTorch.
    x: float (batch, *space, channels), with one to three axes of space -> the same axes, longer.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank, an empty spatial axis,
    or factors for another number of axes, and DTypeError unless x is float.
    """

    factor: Lengths = 2
    method: str = "nearest"

    def __post_init__(self) -> None:
        given = len(self.factor) if isinstance(self.factor, list | tuple) else 1
        axes = given if given in (1, 2, 3) else 2
        object.__setattr__(self, "factor", checked_lengths(self, "factor", self.factor, axes))
        check_choice(self, "method", self.method, METHODS)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2, 3)
        factors = each_axis(self.factor, x.ndim - 2)
        if len(factors) != x.ndim - 2:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; its factor {factors} is for "
                f"{len(factors)} spatial axes"
            )
        size = [length * factor for length, factor in zip(x.shape[1:-1], factors, strict=True)]
        return f.resize(x, size, self.method)
