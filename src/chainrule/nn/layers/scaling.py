"""Scaling of inputs and outputs within the network, so that a stored run takes and gives raw numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Standardize(Layer):
    """y = (x - mean) / deviation, for each channel; uint8 and other integers become float32.

    mean, deviation: a number for each channel; deviations above 0. `Standardize.of(images)` measures them.
    x: (..., channels) -> the same shape, float.
    Raises ConfigError for a bad setting; while recording, ShapeError for another number of channels.
    """

    mean: Sequence[float]
    deviation: Sequence[float]

    def __post_init__(self) -> None:
        _check_scale(self)

    @classmethod
    def of(cls, x: Any) -> "Standardize":
        """The layer that gives each channel of these examples mean 0 and standard deviation 1.

        x: (..., channels), numbers. The deviation of a constant channel counts as 1.
        Raises DataError for arrays of another kind, without examples, or with numbers that are not finite.
        """
        return cls(*_moments("Standardize.of", x))

    def __call__(self, x: Tensor) -> Tensor:
        _need_channels(x, self.mean)
        if x.dtype not in FLOATS:
            x = x.cast("float32")
        scale = 1.0 / np.asarray(self.deviation)
        return x * x.trace.constant(scale, x.dtype) - x.trace.constant(self.mean * scale, x.dtype)


@dataclass(frozen=True)
class Rescale(Layer):
    """y = x · deviation + mean, each channel by its own: what `Standardize` undone is.

    As the last layer it lets a network give numbers about 1 where the targets are far from that.
    mean, deviation: a number for each channel, deviations above 0. `Rescale.to(targets)` measures them.
    x: float (..., channels) -> the same shape.
    Raises ConfigError for bad settings; while recording ShapeError for another number of channels and
    DTypeError unless x is float.
    """

    mean: Sequence[float]
    deviation: Sequence[float]

    def __post_init__(self) -> None:
        _check_scale(self)

    @classmethod
    def to(cls, y: Any) -> "Rescale":
        """What gives numbers of mean 0 and deviation 1 the means and deviations of these targets.

        y: (..., channels), numbers. A channel that is always the same is shifted only.
        Raises DataError for arrays without examples or with numbers that are not finite.
        """
        return cls(*_moments("Rescale.to", y))

    def __call__(self, x: Tensor) -> Tensor:
        _need_channels(x, self.mean)
        need_floats(x)
        deviation = x.trace.constant(np.asarray(self.deviation), x.dtype)
        return x * deviation + x.trace.constant(np.asarray(self.mean), x.dtype)


@dataclass(frozen=True)
class Impute(Layer):
    """y = x, but for cells that are missing: where x is the code, y is the value of its channel.

    For inputs in which a number such as -999 stands for what nobody measured (mean imputation: Little and
    Rubin 2020, chapter 4). To a network such a code is a number like any other, and a very large one.
    code: the number that stands for a missing cell, finite. values: a number for each channel;
    `Impute.of(examples, code)` takes the means of the other cells.
    x: float (..., channels) -> the same shape.
    Raises ConfigError for bad settings; while recording ShapeError for another number of channels and
    DTypeError unless x is float.
    """

    code: float
    values: Sequence[float]

    def __post_init__(self) -> None:
        check_number(self, "code", self.code)
        _check_channels(self, "values")

    @classmethod
    def of(cls, x: Any, code: float) -> "Impute":
        """The layer that puts the mean of the other cells of a channel in place of the code.

        x: (..., channels), numbers; a channel of nothing but codes gets 0.
        Raises DataError for arrays of another kind, without examples, or with numbers that are not finite.
        """
        columns = _numbers("Impute.of", x).astype(np.float64)
        columns = columns.reshape(-1, columns.shape[-1])
        known = columns != code
        means = np.where(known, columns, 0.0).sum(0) / np.maximum(known.sum(0), 1)
        return cls(float(code), tuple(means.tolist()))

    def __call__(self, x: Tensor) -> Tensor:
        _need_channels(x, self.values)
        need_floats(x)
        values = x.trace.constant(np.asarray(self.values), x.dtype)
        return f.where(f.equal(x, self.code), values, x)


def _check_scale(layer: Standardize | Rescale) -> None:
    owner = type(layer).__name__
    _check_channels(layer, "mean")
    _check_channels(layer, "deviation", above=0)
    if len(layer.mean) != len(layer.deviation):
        raise ConfigError(
            f"{owner}: {len(layer.mean)} means and {len(layer.deviation)} deviations",
            remedy="give one of each for each channel",
        )


def _check_channels(layer: Layer, name: str, above: float | None = None) -> None:
    """A number for each channel."""
    numbers = getattr(layer, name)
    if not isinstance(numbers, list | tuple) or not numbers:
        owner = type(layer).__name__
        raise ConfigError(f"{owner}: {name} is {numbers!r}", remedy="give a number for each channel")
    for each in numbers:
        check_number(layer, name, each, above=above)
    object.__setattr__(layer, name, tuple(numbers))


def _moments(owner: str, given: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel, along the last axis; 1 for a deviation of 0."""
    x = _numbers(owner, given)
    axes = tuple(range(x.ndim - 1))
    mean, deviation = x.mean(axes, np.float64), x.std(axes, dtype=np.float64)
    return tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1.0).tolist())


def _numbers(owner: str, given: Any) -> np.ndarray:
    """Examples, (..., channels), as an array."""
    x = np.asarray(given)
    if x.ndim < 2 or x.size == 0 or x.dtype.kind not in "biuf":
        raise DataError(f"{owner} got {x.dtype} of shape {x.shape}", remedy="give numbers (..., channels)")
    if not np.isfinite(x).all():
        raise DataError(f"{owner} got numbers that are not finite", remedy="remove them first")
    return x


def _need_channels(x: Tensor, mean: Sequence[float]) -> None:
    if x.ndim < 1 or x.shape[-1] != len(mean):
        raise ShapeError(f"{x.trace.label} got x {x.shape}; its last axis must be the {len(mean)} channels")
