"""Standardization of raw inputs within the network, so that a stored run takes raw inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor


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
        for name in ("mean", "deviation"):
            numbers = getattr(self, name)
            if not isinstance(numbers, list | tuple) or not numbers:
                raise ConfigError(
                    f"Standardize: {name} is {numbers!r}", remedy="give a number for each channel"
                )
            for each in numbers:
                check_number(self, name, each, above=0 if name == "deviation" else None)
            object.__setattr__(self, name, tuple(numbers))
        if len(self.mean) != len(self.deviation):
            raise ConfigError(
                f"Standardize: {len(self.mean)} means and {len(self.deviation)} deviations",
                remedy="give one of each for each channel",
            )

    @classmethod
    def of(cls, x: Any) -> "Standardize":
        """The layer that gives each channel of these examples mean 0 and standard deviation 1.

        x: (..., channels), numbers. The deviation of a constant channel counts as 1.
        Raises DataError for arrays of another kind, without examples, or with numbers that are not finite.
        """
        x = np.asarray(x)
        if x.ndim < 2 or x.size == 0 or x.dtype.kind not in "biuf":
            raise DataError(
                f"Standardize.of got {x.dtype} of shape {x.shape}", remedy="give numbers (..., channels)"
            )
        if not np.isfinite(x).all():
            raise DataError("Standardize.of got numbers that are not finite", remedy="remove them first")
        axes = tuple(range(x.ndim - 1))
        mean, deviation = x.mean(axes, np.float64), x.std(axes, dtype=np.float64)
        return cls(tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1.0).tolist()))

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 1 or x.shape[-1] != len(self.mean):
            raise ShapeError(
                f"{x.trace.label} got x {x.shape}; its last axis must be the {len(self.mean)} channels"
            )
        if x.dtype not in FLOATS:
            x = x.cast("float32")
        scale = 1.0 / np.asarray(self.deviation)
        return x * x.trace.constant(scale, x.dtype) - x.trace.constant(self.mean * scale, x.dtype)
