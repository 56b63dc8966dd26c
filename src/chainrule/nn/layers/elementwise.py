"""Layers without parameters."""

import math
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.layer import Layer
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


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
class Dropout(Layer):
    """y = x / (1 - rate) with probability 1 - rate, else 0; in prediction y = x.

    rate: share of elements set to 0, 0 ≤ rate < 1 (ConfigError otherwise).
    Source: Srivastava et al. 2014, in the inverted form, so that E[y] = x in training too.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        keep = 1.0 - self.rate
        threshold = min(round(keep * 2**32), 2**32 - 1)
        kept = self.random_bits(x.shape) < threshold
        return f.where(kept, x * (1.0 / keep), 0.0)


@dataclass(frozen=True)
class Flatten(Layer):
    """Every example as one row: (batch, …) -> (batch, features)."""

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 1:
            raise ShapeError(f"{x.trace.label} got a single number; it needs (batch, …)")
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))
