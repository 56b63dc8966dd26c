"""Fully connected layers."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import Initializer, check_initializers, he_normal, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_whole
from chainrule.program import Tensor


@dataclass(frozen=True)
class Dense(Layer):
    """y = activation(x W + b) along the last axis.

    units: width of the output, at least 1.
    activation: a name in nn.ACTIVATIONS; None is linear.
    weight, bias: initializers of W (features, units) and b (units,).
    x: float (..., features) -> (..., units).
    Raises ConfigError for a bad setting, ShapeError if x has no feature axis.
    """

    units: int
    activation: str | None = None
    weight: Initializer = he_normal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_activation("Dense", self.activation)
        check_initializers(self, "weight", "bias")

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, …, features)")
        need_floats(x)
        weight = self.param("weight", (x.shape[-1], self.units), self.weight, x.dtype)
        bias = self.param("bias", (self.units,), self.bias, x.dtype)
        return activate(self.activation, x @ weight + bias)
