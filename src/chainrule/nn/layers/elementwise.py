"""Elementwise functions, and flattening."""

import math
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.layer import Layer
from chainrule.program import Tensor


@dataclass(frozen=True)
class Activation(Layer):
    """y = function(x), elementwise (softmax: along the last axis).

    function: a name in nn.ACTIVATIONS; an unknown one is a ConfigError.
    """

    function: str

    def __post_init__(self) -> None:
        check_activation("Activation", self.function)

    def __call__(self, x: Tensor) -> Tensor:
        return activate(self.function, x)


@dataclass(frozen=True)
class Flatten(Layer):
    """y[n] = all numbers of x[n] in one row: (batch, …) -> (batch, features)."""

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 1:
            raise ShapeError(f"{x.trace.label} got a single number; it needs (batch, …)")
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))
