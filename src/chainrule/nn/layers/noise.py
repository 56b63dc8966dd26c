"""Random noise that regularizes: drawn anew in every step of training, left out in prediction."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import SELU_ALPHA, SELU_SCALE
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats, need_space
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Dropout(Layer):
    """y = x / (1 - rate) with probability 1 - rate, else 0; in prediction y = x.

    rate: the probability of 0, 0 ≤ rate < 1 (ConfigError otherwise).
    Srivastava et al. 2014, in the inverted form, so that E[y] = x in training, too.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        return _dropped(self, x, x.shape)


@dataclass(frozen=True)
class AlphaDropout(Layer):
    """y = a (x m + α′ (1 - m)) + b, m = 0 with probability rate, else 1; in prediction y = x.

    Klambauer et al. 2017, section 'New dropout technique': after selu, whose lower limit is α′ = -1.758…, it
    keeps mean 0 and variance 1, by a = (q + α′² q (1 - q))^-½ and b = -a (1 - q) α′ with q = 1 - rate.
    rate: the probability of α′, 0 ≤ rate < 1 (ConfigError otherwise). x: float; DTypeError otherwise.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_floats(x)
        if not self.training or self.rate == 0:
            return x
        return _to_lowest(self, x, x.shape)


@dataclass(frozen=True)
class SpatialAlphaDropout(Layer):
    """y = a (x m + α′ (1 - m)) + b, m = 0 with probability rate, else 1, for a whole channel of an example.

    AlphaDropout of channels, after selu, as SpatialDropout is Dropout of channels; in prediction y = x.
    rate: 0 ≤ rate < 1 (ConfigError otherwise). x: float (batch, *space, channels), with one to three axes of
    space. Raises ShapeError and DTypeError for other inputs.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2, 3)
        if not self.training or self.rate == 0:
            return x
        return _to_lowest(self, x, (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]))


@dataclass(frozen=True)
class GaussianDropout(Layer):
    """y = x · n, n ~ N(1, rate / (1 - rate)) for each element; in prediction y = x.

    Srivastava et al. 2014, section 10: noise with the mean and variance of dropout's.
    rate: 0 ≤ rate < 1 (ConfigError otherwise). x: float; DTypeError otherwise.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_floats(x)
        if not self.training or self.rate == 0:
            return x
        one = f.broadcast_to(x.trace.constant(1.0, x.dtype), x.shape)
        return x * GaussianNoise((self.rate / (1 - self.rate)) ** 0.5)(one)


@dataclass(frozen=True)
class SpatialDropout(Layer):
    """y = x m / (1 - rate), m = 0 with probability rate, else 1, for a whole channel (Tompson et al. 2015).

    In prediction y = x. Neighbouring positions are correlated, so dropping single ones would hide little.
    rate: the probability of 0, 0 ≤ rate < 1 (ConfigError otherwise).
    x: float (batch, *space, channels), with one to three axes of space -> the same shape; ShapeError and
    DTypeError otherwise.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2, 3)
        return _dropped(self, x, (x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1]))


@dataclass(frozen=True)
class StochasticDepth(Layer):
    """y = x m / (1 - rate), m = 0 with probability rate, else 1, for a whole example.

    In prediction y = x. As the last layer of a Residual it skips the block at random. Huang et al. 2016, who
    draw for a batch and multiply by 1 - rate in prediction, instead of dividing by it in training.
    rate: the probability of 0, 0 ≤ rate < 1 (ConfigError otherwise).
    x: (batch, ...) -> the same shape; ShapeError for a single number.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 1:
            raise ShapeError(f"{x.trace.label} got a single number; it needs (batch, …)")
        return _dropped(self, x, (x.shape[0], *(1,) * (x.ndim - 1)))


@dataclass(frozen=True)
class GaussianNoise(Layer):
    """y = x + ε, ε ~ N(0, deviation²) for every element; in prediction y = x.

    ε is made from two uniform numbers by the transform of Box and Muller (1958).
    deviation: the standard deviation, at least 0 (ConfigError otherwise). x: float; DTypeError otherwise.
    """

    deviation: float

    def __post_init__(self) -> None:
        check_number(self, "deviation", self.deviation, at_least=0)

    def __call__(self, x: Tensor) -> Tensor:
        need_floats(x)
        if not self.training or self.deviation == 0:
            return x
        # Halves of 2⁻³² of the draws: neither is 0, whose logarithm is infinite.
        first, second = (self.random_bits(x.shape).cast(x.dtype) * 2.0**-32 + 2.0**-33 for _ in range(2))
        radius = f.sqrt(-2.0 * f.log(first))
        return x + self.deviation * radius * f.cos(2.0 * math.pi * second)


def _dropped(layer: Dropout | SpatialDropout | StochasticDepth, x: Tensor, draws: Sequence[int]) -> Tensor:
    """x m / (1 - rate). draws: the shape of m, as of x, with length 1 along axes that are dropped as one."""
    if not layer.training or layer.rate == 0:
        return x
    keep = 1.0 - layer.rate
    threshold = min(round(keep * 2**32), 2**32 - 1)
    return f.where(layer.random_bits(draws) < threshold, x * (1.0 / keep), 0.0)


def _to_lowest(layer: AlphaDropout | SpatialAlphaDropout, x: Tensor, shape: Sequence[int]) -> Tensor:
    """x with selu's lowest value in place of what is dropped, by masks of this shape."""
    keep, low = 1.0 - layer.rate, -SELU_SCALE * SELU_ALPHA
    a = (keep + low * low * keep * layer.rate) ** -0.5
    threshold = min(round(keep * 2**32), 2**32 - 1)
    kept = f.broadcast_to(layer.random_bits(shape) < threshold, x.shape)
    return a * f.where(kept, x, low) - a * layer.rate * low
