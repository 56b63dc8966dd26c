"""Activations with parameters, and gates: products of a value and what opens or closes for it."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import (
    Initializer,
    check_initializers,
    constant,
    he_normal,
    lecun_normal,
    zeros,
)
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class PReLU(Layer):
    """y = max(x, 0) + w · min(x, 0), with a trained slope w for each feature; half of 1 + w at 0.

    weight: initializer of w (features,), 0.25 as in the paper and PyTorch (Keras: 0, and a slope a position).
    x: float (batch, …, features) -> the same shape.
    Raises ConfigError for what is no initializer; while recording, ShapeError if x has no feature axis, and
    DTypeError unless x is float. He et al. 2015, equation 1, with a slope a channel.
    """

    weight: Initializer = constant(0.25)

    def __post_init__(self) -> None:
        check_initializers(self, "weight")

    def __call__(self, x: Tensor) -> Tensor:
        features = _features(x)
        weight = self.param("weight", (features,), self.weight, x.dtype)
        return f.maximum(x, 0.0) + weight * f.minimum(x, 0.0)


@dataclass(frozen=True)
class RandomLeakyReLU(Layer):
    """y = max(x, 0) + w · min(x, 0), w ~ U(low, high) for each element; in prediction w = (low + high) / 2.

    Xu et al. 2015, the randomized leaky rectifier. low, high: slopes, low at most high.
    x: float, any shape -> the same. Raises ConfigError for a bad setting; while recording, DTypeError unless
    x is float.
    """

    low: float = 1 / 8
    high: float = 1 / 3

    def __post_init__(self) -> None:
        check_number(self, "low", self.low)
        check_number(self, "high", self.high, at_least=self.low)

    def __call__(self, x: Tensor) -> Tensor:
        need_floats(x)
        slope: Tensor | float = (self.low + self.high) / 2
        if self.training and self.low < self.high:
            slope = self.random_bits(x.shape).cast(x.dtype) * ((self.high - self.low) * 2.0**-32) + self.low
        return f.maximum(x, 0.0) + slope * f.minimum(x, 0.0)


@dataclass(frozen=True)
class GLU(Layer):
    """y = a · function(b), with x = [a, b] along the last axis (Dauphin et al. 2017).

    function: a name in nn.ACTIVATIONS: 'sigmoid' is the paper's; 'relu', 'gelu' and 'silu' are ReGLU, GEGLU
    and SwiGLU (Shazeer 2020). Put a layer with twice the units before it.
    x: float (batch, …, 2 features) -> (batch, …, features).
    Raises ConfigError for an unknown name; while recording, ShapeError for an odd last axis or none, and
    DTypeError unless x is float.
    """

    function: str = "sigmoid"

    def __post_init__(self) -> None:
        check_activation("GLU", self.function)

    def __call__(self, x: Tensor) -> Tensor:
        half, odd = divmod(_features(x), 2)
        if odd:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; its last axis must be even",
                remedy="give the layer before it twice as many units",
            )
        return x[..., :half] * activate(self.function, x[..., half:])


@dataclass(frozen=True)
class SwiGLU(Layer):
    """y = (silu(x W) · x V) U along the last axis: a transformer's feed-forward block with a gate.

    Shazeer 2020, equation 6, without biases. W and V are the halves of 'weight' (features, 2 units), U is
    'output_weight' (units, features).
    units: width within, at least 1; two thirds of a plain block's give as many parameters.
    weight, output_weight: initializers. x: float (batch, …, features) -> the same shape.
    Raises ConfigError for a bad setting; while recording, ShapeError if x has no feature axis, and DTypeError
    unless x is float.
    """

    units: int
    weight: Initializer = lecun_normal()
    output_weight: Initializer = lecun_normal()

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_initializers(self, "weight", "output_weight")

    def __call__(self, x: Tensor) -> Tensor:
        features = _features(x)
        weight = self.param("weight", (features, 2 * self.units), self.weight, x.dtype)
        output = self.param("output_weight", (self.units, features), self.output_weight, x.dtype)
        both = x @ weight
        gate = both[..., : self.units]
        return (gate * f.sigmoid(gate) * both[..., self.units :]) @ output


@dataclass(frozen=True)
class Maxout(Layer):
    """y = max over k of x W[k] + b[k], the largest of `pieces` linear functions (Goodfellow et al. 2013).

    units: width of the output, at least 1. pieces: linear functions a unit, at least 1. Those of unit j are
    the columns j · pieces … (j + 1) · pieces - 1 of 'weight' (features, units · pieces); of equal ones each
    gets its share of the derivative.
    weight, bias: initializers. x: float (batch, …, features) -> (batch, …, units).
    Raises ConfigError for a bad setting; while recording, ShapeError if x has no feature axis, and DTypeError
    unless x is float.
    """

    units: int
    pieces: int = 2
    weight: Initializer = he_normal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_whole(self, "pieces", self.pieces)
        check_initializers(self, "weight", "bias")

    def __call__(self, x: Tensor) -> Tensor:
        width = self.units * self.pieces
        weight = self.param("weight", (_features(x), width), self.weight, x.dtype)
        bias = self.param("bias", (width,), self.bias, x.dtype)
        return (x @ weight + bias).reshape(*x.shape[:-1], self.units, self.pieces).max(-1)


def _features(x: Tensor) -> int:
    """Length of the last axis; raises ShapeError unless there is an axis after the batch."""
    if x.ndim < 2:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, …, features)")
    need_floats(x)
    return x.shape[-1]
