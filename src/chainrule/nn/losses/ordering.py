"""Losses of order: of ordered classes, of pairs to be ranked, of times until an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.losses.loss import (
    LOGITS,
    Loss,
    check_finite,
    check_labels,
    check_range,
    example_means,
    rows_of,
)
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Ordinal(Loss):
    """l = mean -ln p[t] for ordered classes, p[k] = σ(z[k - 1]) - σ(z[k]), with σ(z[k]) = P(class > k).

    The cumulative logits of McCullagh 1980 fall from class to class: z[0] = y[0] and
    z[k] = z[k - 1] - softplus(y[k]), so that every output is allowed. All depend on x here; in the paper only
    z[0] does, which are proportional odds.
    outputs: (batch, ..., classes - 1), at least 1. targets: class numbers in their order from 0, of shape
    (batch, ...). `predict` gives probabilities of the classes, (batch, ..., classes).
    """

    takes: ClassVar[str] = LOGITS
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = −ln(σ(z[t−1]) − σ(z[t]))"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        name = type(self).__name__
        if outputs.ndim < 2 or not outputs.shape[-1] or targets.shape != outputs.shape[:-1]:
            raise ShapeError(
                f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="it needs (batch, ..., classes - 1) and (batch, ...)",
            )
        if targets.dtype in FLOATS:
            raise DTypeError(
                f"{name} got class numbers of {targets.dtype}", remedy="cast them to int32 or int64"
            )
        numbers = targets if targets.dtype in ("int32", "int64") else targets.cast("int32")
        costs = self._costs(outputs)
        return example_means((f.one_hot(numbers, costs.shape[-1], costs.dtype) * costs).sum(-1))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes."""
        return f.exp(-self._costs(outputs))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for what is no number of a class."""
        inner = tuple(outputs_shape[1:])
        if not inner or not inner[-1] or targets.shape[1:] != inner[:-1]:
            raise DataError(
                f"Ordinal: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy="give class numbers, and one unit less in the last layer than there are classes",
            )
        check_finite(self, targets)
        if targets.dtype.kind == "f":
            raise DataError(f"Ordinal: class numbers are {targets.dtype}", remedy="cast them to int64")
        remedy = f"number the classes from 0 to {inner[-1]}, or give the last layer other units"
        check_range(self, targets, 0, inner[-1], remedy)

    @staticmethod
    def _costs(outputs: Tensor) -> Tensor:
        """-ln p of every class: σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b - a)), and the last factor is σ(y[k])."""
        first, steps = outputs[..., :1], outputs[..., 1:]
        below = f.concatenate([f.zeros_like(first), f.cumsum(f.softplus(steps))])
        z = first - below
        nothing = f.zeros_like(first)
        above = f.concatenate([nothing, f.softplus(-z)])
        under = f.concatenate([f.softplus(z), nothing])
        return above + under + f.concatenate([nothing, f.softplus(-steps), nothing])


@dataclass(frozen=True)
class MarginRanking(Loss):
    """l = max(0, margin - s (a - b)), with s = 1 if a shall be the larger, else -1 (Herbrich et al. 2000).

    PyTorch's MarginRankingLoss, whose targets are 1 and -1. margin: at least 0.
    outputs: (batch, 2), the scores a and b of two things. targets: (batch,), 1 if a is the better, else 0.
    """

    metrics: ClassVar[tuple[str, ...]] = ()
    equation: ClassVar[str] = "E = max(0, margin ∓ (a − b))"

    margin: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim != 2 or outputs.shape[1] != 2 or targets.shape != outputs.shape[:1]:
            raise ShapeError(
                f"MarginRanking got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="it needs (batch, 2) and (batch,)",
            )
        sign = 2.0 * targets.cast(outputs.dtype) - 1.0
        return f.relu(self.margin - sign * (outputs[:, 0] - outputs[:, 1]))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is neither 0 nor 1."""
        if tuple(outputs_shape[1:]) != (2,) or targets.ndim != 1:
            raise DataError(
                f"MarginRanking: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy="give two outputs and one target per example",
            )
        check_finite(self, targets)
        check_labels(
            self, targets, "targets must be 1 where the first is the better and 0 where the second is"
        )


@dataclass(frozen=True)
class CoxPartialLikelihood(Loss):
    """l = e · (ln Σ exp z[j] over those still at risk, T[j] ≥ T - z): survival times (Cox 1972).

    z is the logarithm of an example's hazard, relative to a baseline that cancels. e is 1 if the event was
    seen at time T, and 0 if the example was lost sight of then. Equal times count as in Breslow 1974. Those
    at risk are the examples of the batch: it should be large, or all (Kvamme, Borgan and Scheel 2019). Sample
    weights weigh l, not the sum. The mean is over all examples, those without event included.
    outputs: (batch, 1) or (batch,). targets: (batch, 2), time and e.
    """

    metrics: ClassVar[tuple[str, ...]] = ()
    equation: ClassVar[str] = "E = e (ln Σ exp(y[j]) − y)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        batch = outputs.shape[0] if outputs.ndim else 0
        if outputs.shape not in ((batch,), (batch, 1)) or targets.shape != (batch, 2):
            raise ShapeError(
                f"CoxPartialLikelihood got outputs of shape {outputs.shape} and targets of {targets.shape}",
                remedy="it needs (batch, 1) and (batch, 2): time, and 1 if the event was seen, else 0",
            )
        z = outputs.reshape(batch)
        if not batch:
            return z
        times, seen = targets[:, 0], targets[:, 1].cast(outputs.dtype)
        at_risk = times.reshape(1, batch) >= times.reshape(batch, 1)  # (example, others)
        those = f.where(at_risk, f.broadcast_to(z.reshape(1, batch), (batch, batch)), -1e30)
        return seen * (f.logsumexp(those) - z)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where the second number of a target is neither 0 nor 1."""
        if tuple(outputs_shape[1:]) not in ((), (1,)) or targets.shape[1:] != (2,):
            raise DataError(
                f"CoxPartialLikelihood: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy="give one output, and two targets: time, and 1 if the event was seen, else 0",
            )
        check_finite(self, targets)
        check_labels(self, targets[:, 1], "1 says that the event was seen, 0 that it was not")
