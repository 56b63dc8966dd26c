"""Initial values of parameters.

Kernels have shape (..., inputs, outputs); the leading axes are the receptive field of a convolution. Normal
distributions are not truncated, unless the name says so.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn.part import Part
from chainrule.nn.settings import check_choice, check_number, owner_name
from chainrule.program import FLOATS

MODES = ("fan_in", "fan_out", "fan_average")
DISTRIBUTIONS = ("normal", "truncated_normal", "uniform")
_TRUNCATED_AT = 2.0
_TRUNCATED_DEVIATION = 0.87962566103423978  # of a standard normal distribution without what lies beyond ±2


@dataclass(frozen=True)
class Initializer(Part, ABC):
    """Draws the initial value of a parameter."""

    @abstractmethod
    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        """A new array of this shape and dtype (float32 or float64).

        Equal states of the generator give equal bits. Raises DTypeError for another dtype.
        """


def check_initializers(owner: object, *names: str) -> None:
    """Accept an owner whose fields of these names hold initializers; raises ConfigError."""
    for name in names:
        value = getattr(owner, name)
        if not isinstance(value, Initializer):
            raise ConfigError(
                f"{owner_name(owner)}: {name} is {value!r}",
                remedy="give an initializer, such as he_normal() or zeros",
            )


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out): how many inputs one output sums over, and how many outputs one input reaches.

    For shape (..., inputs, outputs), whose leading axes have r positions in all, they are r · inputs and
    r · outputs. For a vector both are its length, for a scalar 1.
    """
    if len(shape) < 2:
        length = shape[0] if shape else 1
        return length, length
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


@dataclass(frozen=True)
class Filled(Initializer):
    """w = value, the same number everywhere."""

    value: float

    def __post_init__(self) -> None:
        check_number("constant", "value", self.value)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        return np.full(shape, self.value, _float(dtype))


@dataclass(frozen=True)
class FilledParts(Initializer):
    """w = values[i] in part i of the last axis, cut into equal parts; such as the biases of gates.

    values: one for each part, at least one. Raises ShapeError if their number does not divide the last axis.
    """

    values: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        if not self.values:
            raise ConfigError("filled_parts: it has no values", remedy="give a number for each part")
        for value in self.values:
            check_number("filled_parts", "a value", value)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        parts = len(self.values)
        if not shape or shape[-1] % parts:
            raise ShapeError(
                f"filled_parts got shape {tuple(shape)}",
                remedy=f"its last axis must divide into {parts} parts",
            )
        row = np.repeat(np.array(self.values, _float(dtype)), shape[-1] // parts)
        return np.array(np.broadcast_to(row, shape))


@dataclass(frozen=True)
class Uniform(Initializer):
    """w ~ U(low, high), with low below high."""

    low: float = -0.05
    high: float = 0.05

    def __post_init__(self) -> None:
        check_number("uniform", "low", self.low)
        check_number("uniform", "high", self.high)
        if self.low >= self.high:
            raise ConfigError(
                f"uniform: low is {self.low!r} and high is {self.high!r}", remedy="low must be below high"
            )

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        return _uniform(shape, self.low, self.high, random, dtype)


@dataclass(frozen=True)
class Normal(Initializer):
    """w ~ N(mean, deviation²), with a deviation of at least 0."""

    mean: float = 0.0
    deviation: float = 0.05

    def __post_init__(self) -> None:
        check_number("normal", "mean", self.mean)
        check_number("normal", "deviation", self.deviation, at_least=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        return _normal(shape, self.mean, self.deviation, random, dtype)


@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """w ~ N(mean, s²), truncated to mean ± 2 s, with s = deviation / 0.8796.

    After truncation the standard deviation is `deviation`, as in the variance scaling of Keras and JAX.
    (Keras's TruncatedNormal and PyTorch's trunc_normal_ take s instead.) deviation: at least 0.
    """

    mean: float = 0.0
    deviation: float = 0.05

    def __post_init__(self) -> None:
        check_number("truncated_normal", "mean", self.mean)
        check_number("truncated_normal", "deviation", self.deviation, at_least=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        return _truncated_normal(shape, self.mean, self.deviation, random, dtype)


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """E[w] = 0 and Var[w] = scale / n, where n is the fan that `mode` names.

    scale: above 0. mode: 'fan_in', 'fan_out' or their mean, 'fan_average' (see `fans`). distribution:
    'normal'; 'truncated_normal', whose variance is that after truncation, as in TruncatedNormal (what Keras
    and JAX draw for glorot_normal, he_normal and lecun_normal); or 'uniform', within ±√(3 scale / n).
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "normal"

    def __post_init__(self) -> None:
        check_number(self, "scale", self.scale, above=0)
        check_choice(self, "mode", self.mode, MODES)
        check_choice(self, "distribution", self.distribution, DISTRIBUTIONS)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        fan_in, fan_out = fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_average": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(fan, 1)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return _uniform(shape, -limit, limit, random, dtype)
        draw = _truncated_normal if self.distribution == "truncated_normal" else _normal
        return draw(shape, 0.0, math.sqrt(variance), random, dtype)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """W = gain · Q, Q random with QᵀQ = I (Saxe, McClelland and Ganguli 2014).

    A kernel (..., inputs, outputs) is one matrix with a column per output. Its columns are orthonormal if it
    has at least as many rows, else its rows are. Q is that of the QR decomposition of a matrix of normal
    numbers, multiplied by the signs of R's diagonal, which makes it uniform over all orthogonal matrices
    (Mezzadri 2007). gain: above 0. Raises ShapeError for fewer than two axes.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("orthogonal", "gain", self.gain, above=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        if len(shape) < 2:
            raise ShapeError(f"orthogonal got shape {tuple(shape)}", remedy="it needs at least two axes")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = _normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, random, dtype)
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -self.gain, self.gain).astype(dtype)
        return np.ascontiguousarray(q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class DeltaOrthogonal(Initializer):
    """W[middle] = gain · Q, QᵀQ = I, and W = 0 elsewhere, for convolutions.

    Xiao et al. 2018, algorithm 2: every position maps its own channels only and, for gain 1, preserves the
    length of their vector, so that signals pass through thousands of layers. The middle of an axis is index
    (length - 1) div 2. gain: above 0.
    Raises ShapeError for a shape other than (..., inputs, outputs) with at least one axis of the receptive
    field, and for more inputs than outputs.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("delta_orthogonal", "gain", self.gain, above=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        if len(shape) < 3 or shape[-2] > shape[-1]:
            raise ShapeError(
                f"delta_orthogonal got shape {tuple(shape)}",
                remedy="it needs a kernel (..., inputs, outputs) of a convolution with inputs <= outputs",
            )
        kernel = np.zeros(shape, _float(dtype))
        middle = tuple((length - 1) // 2 for length in shape[:-2])
        kernel[middle] = Orthogonal(self.gain)(shape[-2:], random, dtype)
        return kernel


@dataclass(frozen=True)
class Dirac(Initializer):
    """W[middle, i, i] = 1 and W = 0 elsewhere for outputs i < inputs; W ~ U(-b, b) for further outputs.

    For convolutions: at first the layer passes on its input, together with random features of it (Zagoruyko
    and Komodakis 2017; further outputs as in Jordan 2024, arXiv:2404.00498, section 3.3). b = 1 / √fan_in.
    Raises ShapeError for a shape other than (..., inputs, outputs) with at least one axis of the receptive
    field.
    """

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        if len(shape) < 3:
            raise ShapeError(
                f"dirac got shape {tuple(shape)}", remedy="it needs a kernel (..., inputs, outputs)"
            )
        bound = 1 / math.sqrt(fans(shape)[0])
        kernel = random.uniform(-bound, bound, shape).astype(_float(dtype))
        same = min(shape[-2:])
        kernel[..., :same] = 0
        middle = tuple((length - 1) // 2 for length in shape[:-2])
        kernel[(*middle, np.arange(same), np.arange(same))] = 1
        return kernel


@dataclass(frozen=True)
class LayerSequentialUnitVariance(Initializer):
    """W ← gain · W / deviation(x W) when training starts, from an orthogonal W (LSUV).

    Mishkin and Matas 2016: layer by layer from the first, each weight is divided by the standard deviation of
    its product with the layer's input, before bias and activation, over the first batch of training. The
    product is linear in the weight, so one division replaces the paper's iteration. Called outside of
    training, it gives the orthogonal matrix. gain: the standard deviation of the product, above 0; √2 suits
    relu. Raises ShapeError for fewer than two axes.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("lsuv", "gain", self.gain, above=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        return Orthogonal(1.0)(shape, random, dtype)


zeros = Filled(0.0)
"""w = 0."""
ones = Filled(1.0)
"""w = 1."""


def constant(value: float) -> Initializer:
    """w = value, the same number everywhere."""
    return Filled(value)


def filled_parts(*values: float) -> Initializer:
    """w = values[i] in part i of the last axis, cut into as many equal parts as there are values."""
    return FilledParts(values)


def uniform(low: float = -0.05, high: float = 0.05) -> Initializer:
    """w ~ U(low, high)."""
    return Uniform(low, high)


def normal(mean: float = 0.0, deviation: float = 0.05) -> Initializer:
    """w ~ N(mean, deviation²)."""
    return Normal(mean, deviation)


def truncated_normal(mean: float = 0.0, deviation: float = 0.05) -> Initializer:
    """w ~ N(mean, s²), truncated to mean ± 2 s, with s such that w has this standard deviation."""
    return TruncatedNormal(mean, deviation)


def glorot_uniform() -> Initializer:
    """w ~ U(-a, a), a² / 3 = 2 / (fan_in + fan_out) (Glorot and Bengio 2010); for tanh and sigmoid."""
    return VarianceScaling(1.0, "fan_average", "uniform")


def glorot_normal() -> Initializer:
    """w ~ N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio 2010); for tanh and sigmoid."""
    return VarianceScaling(1.0, "fan_average", "normal")


def he_uniform() -> Initializer:
    """w ~ U(-a, a), a² / 3 = 2 / fan_in (He et al. 2015); for relu and similar activations."""
    return VarianceScaling(2.0, "fan_in", "uniform")


def he_normal() -> Initializer:
    """w ~ N(0, 2 / fan_in) (He et al. 2015); for relu and similar activations."""
    return VarianceScaling(2.0, "fan_in", "normal")


def lecun_uniform() -> Initializer:
    """w ~ U(-a, a), a² / 3 = 1 / fan_in (LeCun et al. 1998); for selu and linear layers."""
    return VarianceScaling(1.0, "fan_in", "uniform")


def lecun_normal() -> Initializer:
    """w ~ N(0, 1 / fan_in) (LeCun et al. 1998); for selu and linear layers."""
    return VarianceScaling(1.0, "fan_in", "normal")


def orthogonal(gain: float = 1.0) -> Initializer:
    """W = gain · Q, Q random with QᵀQ = I (Saxe, McClelland and Ganguli 2014)."""
    return Orthogonal(gain)


def delta_orthogonal(gain: float = 1.0) -> Initializer:
    """W[middle] = gain · Q, QᵀQ = I, and W = 0 elsewhere, for convolutions (Xiao et al. 2018)."""
    return DeltaOrthogonal(gain)


def dirac() -> Initializer:
    """W[middle, i, i] = 1, so that the first outputs repeat the inputs; the others ~ U(±1 / √fan_in)."""
    return Dirac()


def lsuv(gain: float = 1.0) -> Initializer:
    """W ← gain · W / deviation(x W) on the first batch, from an orthogonal W (Mishkin and Matas 2016)."""
    return LayerSequentialUnitVariance(gain)


def _float(dtype: str) -> np.dtype:
    if dtype not in FLOATS:
        raise DTypeError(f"an initializer got dtype {dtype}", remedy=f"it draws {' or '.join(FLOATS)}")
    return np.dtype(dtype)


def _normal(
    shape: tuple[int, ...], mean: float, deviation: float, random: np.random.Generator, dtype: str
) -> np.ndarray:
    # Drawn in the dtype itself: float32 takes half the time of float64 and a cast.
    array = np.asarray(random.standard_normal(shape, dtype=_float(dtype).type))
    array *= deviation
    if mean:
        array += mean
    return array


def _truncated_normal(
    shape: tuple[int, ...], mean: float, deviation: float, random: np.random.Generator, dtype: str
) -> np.ndarray:
    """By the inverse of the distribution function, so that every number takes one draw."""
    from scipy.special import ndtr, ndtri

    drawn, low = np.asarray(random.random(shape, dtype=_float(dtype).type), np.float64), ndtr(-_TRUNCATED_AT)
    standard = np.clip(ndtri(low + drawn * (1 - 2 * low)), -_TRUNCATED_AT, _TRUNCATED_AT)
    return np.asarray(mean + deviation / _TRUNCATED_DEVIATION * standard).astype(dtype)


def _uniform(
    shape: tuple[int, ...], low: float, high: float, random: np.random.Generator, dtype: str
) -> np.ndarray:
    array = np.asarray(random.random(shape, dtype=_float(dtype).type))
    array *= high - low
    array += low
    return array
