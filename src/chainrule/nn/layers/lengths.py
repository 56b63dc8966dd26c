"""Layers that divide by a length, without parameters: of the features, and of neighbouring channels."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats, need_space
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class UnitNorm(Layer):
    """y = x / max(‖x‖, epsilon) along the last axis: the direction of x.

    epsilon: above 0. x: float (batch, …, features) -> the same shape.
    Raises ConfigError for a bad setting; while recording, ShapeError if x has no feature axis, and DTypeError
    unless x is float.
    """

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "epsilon", self.epsilon, above=0)

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, …, features)")
        need_floats(x)
        square = (x * x).sum(-1, keepdims=True)
        return x / f.sqrt(f.maximum(square, self.epsilon * self.epsilon))


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """y_c = x_c / (k + α/n Σ x²)^β, the sum over the n channels around c: c - n div 2 … c + (n - 1) div 2.

    Krizhevsky, Sutskever and Hinton 2012, section 3.3, with α divided by n, as in Caffe and PyTorch.
    size: n, at least 1. alpha, beta: at least 0. k: above 0.
    x: float (batch, *space, channels), with one to three axes of space -> the same shape.
    Raises ConfigError for a bad setting, ShapeError for another rank, DTypeError unless x is float.
    """

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self, "size", self.size)
        check_number(self, "alpha", self.alpha, at_least=0)
        check_number(self, "beta", self.beta, at_least=0)
        check_number(self, "k", self.k, above=0)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2, 3)
        channels, before = x.shape[-1], self.size // 2
        nothing = (0,) * (x.ndim - 1)
        squares = f.pad(x * x, (*nothing, before), (*nothing, self.size - 1 - before))
        total = squares[..., :channels]
        for start in range(1, self.size):
            total = total + squares[..., start : start + channels]
        return x * (self.k + self.alpha / self.size * total) ** -self.beta
