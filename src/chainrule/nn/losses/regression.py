"""Losses of regression: distances, counts, quantiles, a normal distribution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.losses.loss import (
    LOGITS,
    VALUES,
    Loss,
    check_finite,
    check_range,
    example_errors,
    example_means,
    matched,
    rows_of,
)
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """l = mean (y - t)² over the outputs of an example. targets: numbers of the outputs' shape."""

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = (y − t)²"
    slope: ClassVar[str] = "2 (y − t)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = outputs - matched(self, outputs, targets)
        return example_means(error * error)

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(y - t) / √n, for the n outputs of an example."""
        error = example_errors(outputs - matched(self, outputs, targets))
        return error * (1.0 / math.sqrt(max(1, error.shape[1])))


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """l = ½ Σ (y - t)² over the outputs of an example: the textbook's error, whose delta is y - t.

    targets: numbers of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = ½ Σ (y − t)²"
    slope: ClassVar[str] = "(y − t)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = outputs - matched(self, outputs, targets)
        return 0.5 * (error * error).sum(range(1, error.ndim))

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(y - t) √½."""
        return example_errors(outputs - matched(self, outputs, targets)) * math.sqrt(0.5)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """l = mean |y - t| over the outputs of an example; derivative 0 where y = t.

    targets: numbers of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = |y − t|"
    slope: ClassVar[str] = "sign(y − t)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return example_means(abs(outputs - matched(self, outputs, targets)))


@dataclass(frozen=True)
class Huber(Loss):
    """l = mean of ½ e² where |e| ≤ threshold, else threshold (|e| - ½ threshold); e = y - t (Huber 1964).

    threshold: above 0, in the targets' unit. targets: numbers of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    equation: ClassVar[str] = "E = Huber(y − t)"
    slope: ClassVar[str] = "clip(y − t, ±threshold)"

    threshold: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "threshold", self.threshold, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        size = abs(outputs - matched(self, outputs, targets))
        # Both branches in one: c (|e| - ½ c) with c = min(|e|, threshold), so that none can overflow unseen.
        clipped = f.minimum(size, self.threshold)
        return example_means(clipped * (size - 0.5 * clipped))


@dataclass(frozen=True)
class Poisson(Loss):
    """l = mean eᶻ - t z over the outputs of an example, z the logarithm of the rate; its delta is eᶻ - t.

    The negative log-likelihood of counts t under a Poisson distribution, without the term ln t!, which does
    not depend on z. targets: counts, at least 0, of the outputs' shape. `predict` gives rates eᶻ.
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "exp"
    equation: ClassVar[str] = "E = exp(y) − t y"
    slope: ClassVar[str] = "exp(y) − t"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return example_means(f.exp(outputs) - matched(self, outputs, targets) * outputs)

    def predict(self, outputs: Tensor) -> Tensor:
        """Expected counts."""
        return f.exp(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is below 0."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, np.inf, "targets must be counts, at least 0")


@dataclass(frozen=True)
class Quantile(Loss):
    """l = mean max(q e, (q - 1) e) over quantiles q and targets, e = t - y (Koenker and Bassett 1978).

    The pinball loss: it is minimal if the output is the q-quantile of t given x; for q = ½ it is half the
    absolute error. quantiles: each above 0 and below 1.
    outputs: (batch, ..., quantiles). targets: numbers of shape (batch, ...) or (batch, ..., 1).
    """

    takes: ClassVar[str] = VALUES
    metrics: ClassVar[tuple[str, ...]] = ()
    equation: ClassVar[str] = "E = max(q (t − y), (q − 1) (t − y))"
    slope: ClassVar[str] = "1 − q where y > t, else −q"

    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)

    def __post_init__(self) -> None:
        given = self.quantiles
        object.__setattr__(self, "quantiles", tuple(given) if isinstance(given, tuple | list) else (given,))
        if not self.quantiles:
            raise ConfigError("Quantile: quantiles is ()", remedy="it must hold at least one number")
        for quantile in self.quantiles:
            check_number(self, "quantiles", quantile, above=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        count = len(self.quantiles)
        if outputs.ndim < 2 or outputs.shape[-1] != count:
            raise ShapeError(
                f"Quantile got outputs of shape {outputs.shape}", remedy=f"it needs (batch, ..., {count})"
            )
        if targets.shape not in (outputs.shape[:-1], (*outputs.shape[:-1], 1)):
            raise ShapeError(
                f"Quantile got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy=f"targets must have shape {outputs.shape[:-1]}",
            )
        error = targets.reshape(*outputs.shape[:-1], 1).cast(outputs.dtype) - outputs
        quantiles = np.array(self.quantiles, outputs.dtype)
        return example_means(f.maximum(error * quantiles, error * (quantiles - 1)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the last layer has one unit per quantile."""
        inner, count = tuple(outputs_shape[1:]), len(self.quantiles)
        if inner[-1:] != (count,):
            raise DataError(
                f"Quantile: the network gives outputs of shape {rows_of(outputs_shape)}",
                remedy=f"give the last layer one unit per quantile, {count}",
            )
        _check_inner(self, outputs_shape, targets, inner[:-1])


@dataclass(frozen=True)
class GaussianNegativeLogLikelihood(Loss):
    """l = mean ½ (ln 2π + ln v + (t - m)²/v): t is normal with mean m and variance v (Nix and Weigend 1994).

    outputs: (batch, ..., 2 targets): the first half of the last axis is m, the second half s, with variance
    v = eˢ + least_variance, which bounds the loss and its derivative as s falls.
    least_variance: above 0, in the square of the targets' unit. targets: numbers (batch, ..., targets), or
    (batch, ...) if there is one per example. `predict` gives m. In nats, with the constant ½ ln 2π, which
    PyTorch leaves out unless full=True.
    """

    least_variance: float = 1e-6

    def __post_init__(self) -> None:
        check_number(self, "least_variance", self.least_variance, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        mean, s = self._halves(outputs)
        floor = math.log(self.least_variance)
        # ln (eˢ + least), which overflows nowhere.
        log_variance = floor + f.softplus(s - floor)
        error = mean - matched(self, mean, targets)
        loss = log_variance + error * error * f.exp(-log_variance) + math.log(2 * math.pi)
        return 0.5 * example_means(loss)

    def predict(self, outputs: Tensor) -> Tensor:
        """The means: (batch, ..., targets)."""
        return self._halves(outputs)[0]

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless there are two outputs per target."""
        inner = tuple(outputs_shape[1:])
        if not inner or inner[-1] % 2:
            raise DataError(
                f"GaussianNegativeLogLikelihood: the network gives outputs of shape {rows_of(outputs_shape)}",
                remedy="give the last layer two units per target, its mean and the logarithm of its variance",
            )
        wanted = (*inner[:-1], inner[-1] // 2)
        _check_inner(self, outputs_shape, targets, inner[:-1] if wanted[-1] == 1 else wanted)

    def _halves(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        if outputs.ndim < 2 or outputs.shape[-1] % 2:
            raise ShapeError(
                f"GaussianNegativeLogLikelihood got outputs of shape {outputs.shape}",
                remedy="it needs (batch, ..., 2 targets): means, then logarithms of variances",
            )
        half = outputs.shape[-1] // 2
        return outputs[..., :half], outputs[..., half:]


def _check_inner(
    loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray, wanted: tuple[int, ...]
) -> None:
    """Raises DataError unless a row of targets has this shape, perhaps with a last axis of length 1."""
    if not targets.ndim or targets.shape[1:] not in (wanted, (*wanted, 1)):
        raise DataError(
            f"{type(loss).__name__}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
            remedy=f"make the targets {rows_of((0, *wanted))}",
        )
    check_finite(loss, targets)
