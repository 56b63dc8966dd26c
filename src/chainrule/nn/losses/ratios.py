"""Losses of regression that are kind to outliers, or count errors in proportion."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.nn.losses.loss import VALUES, Loss, check_range, example_means, matched
from chainrule.program import Tensor
from chainrule.program import functions as f

_LEAST = 1e-7  # Keras's epsilon


@dataclass(frozen=True)
class LogCosh(Loss):
    """l = mean ln cosh(y - t) over the outputs of an example: ½ e² near 0, |e| - ln 2 far away.

    targets: numbers of the outputs' shape. Computed as e + softplus(-2 e) - ln 2, which overflows nowhere.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = ln cosh(y − t)"
    slope: ClassVar[str] = "tanh(y − t)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        size = abs(outputs - matched(self, outputs, targets))
        return example_means(size + f.softplus(-2.0 * size) - math.log(2))


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(Loss):
    """l = mean (ln(1 + y) - ln(1 + t))² over the outputs of an example.

    About the square of the relative error. Outputs below 0 count as 0, as in Keras, with a derivative of 0:
    end the network in softplus.
    targets: at least 0, of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = (ln(1 + y) − ln(1 + t))²"
    slope: ClassVar[str] = "2 (ln(1 + y) − ln(1 + t)) / (1 + y)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = f.log1p(f.relu(outputs)) - f.log1p(matched(self, outputs, targets))
        return example_means(error * error)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is below 0."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, np.inf, "targets must be at least 0; use MeanSquaredError for others")


@dataclass(frozen=True)
class MeanAbsolutePercentageError(Loss):
    """l = 100 · mean |y - t| / max(|t|, 1e-7) over the outputs of an example, in percent, as in Keras.

    It is minimal below the median of t given x. Derivative 0 where y = t.
    targets: numbers of the outputs' shape; near 0 they outweigh all others.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = 100 |y − t| / |t|"
    slope: ClassVar[str] = "100 sign(y − t) / |t|"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        true = matched(self, outputs, targets)
        return 100.0 * example_means(abs(outputs - true) / f.maximum(abs(true), _LEAST))
