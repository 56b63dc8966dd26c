"""Normalization over features."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.initializers import Initializer, check_initializers, ones, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = (x - mean) / √(variance + epsilon) · scale + shift over the last axis, each row by itself.

    Ba, Kiros and Hinton 2016. The variance is the mean square. In training and in prediction the same.
    epsilon: at least 0. scale, shift: initializers, both (features,).
    x: float (batch, ..., features) -> the same shape.
    Raises ConfigError for a bad setting, ShapeError for another rank, DTypeError unless x is float.
    """

    epsilon: float = 1e-5
    scale: Initializer = ones
    shift: Initializer = zeros

    def __post_init__(self) -> None:
        check_number(self, "epsilon", self.epsilon, at_least=0)
        check_initializers(self, "scale", "shift")

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, …, channels)")
        need_floats(x)
        scale = self.param("scale", x.shape[-1:], self.scale, x.dtype)
        shift = self.param("shift", x.shape[-1:], self.shift, x.dtype)
        return f.layer_norm(x, scale, shift, epsilon=self.epsilon)
