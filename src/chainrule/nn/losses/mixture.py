"""Mixtures of normal distributions, for targets with several likely values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.nn.losses.loss import Loss, check_finite, rows_of
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class MixtureDensity(Loss):
    """l = -ln Σ π_k N(t; m_k, v_k I) over the components k: the network gives a distribution (Bishop 1994).

    outputs: (batch, components · (2 + targets)): the logits of the shares π, numbers s with variances
    v = eˢ + least_variance, and the means, component by component.
    components: at least 1. least_variance: above 0, in the square of the targets' unit; it bounds the loss,
    which otherwise falls without end where a component meets an example.
    targets: numbers (batch, targets), or (batch,) if there is one. `predict` gives the mean Σ π m, (batch,
    targets). In nats an example.
    """

    components: int = 5
    least_variance: float = 1e-6

    def __post_init__(self) -> None:
        check_whole(self, "components", self.components)
        check_number(self, "least_variance", self.least_variance, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        logits, s, means = self._parts(outputs)
        batch, _, width = means.shape
        if targets.shape != (batch, width) and (*targets.shape, 1) != (batch, width):
            raise ShapeError(
                f"MixtureDensity got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy=f"{self.components} components of these outputs are for targets (batch, {width})",
            )
        floor = math.log(self.least_variance)
        log_variance = floor + f.softplus(s - floor)
        error = means - targets.reshape(batch, 1, width).cast(outputs.dtype)
        distance = (error * error).sum(-1) * f.exp(-log_variance)
        logs = f.log_softmax(logits) - 0.5 * (distance + width * (log_variance + math.log(2 * math.pi)))
        return -f.logsumexp(logs)

    def predict(self, outputs: Tensor) -> Tensor:
        """The means of the mixtures: (batch, targets)."""
        logits, _, means = self._parts(outputs)
        return (f.softmax(logits).reshape(*logits.shape, 1) * means).sum(1)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the outputs are components of distributions of the targets."""
        width = math.prod(targets.shape[1:]) if targets.ndim in (1, 2) else 0
        units = self.components * (2 + width)
        if not width or tuple(outputs_shape[1:]) != (units,):
            raise DataError(
                f"MixtureDensity: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy=f"give the last layer components · (2 + targets) units, {units}",
            )
        check_finite(self, targets)

    def _parts(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits and s, (batch, components) each, and means, (batch, components, targets)."""
        count = self.components
        if outputs.ndim != 2 or outputs.shape[1] % count or outputs.shape[1] < 3 * count:
            raise ShapeError(
                f"MixtureDensity got outputs of shape {outputs.shape}",
                remedy=f"it needs (batch, {count} · (2 + targets))",
            )
        means = outputs[:, 2 * count :].reshape(outputs.shape[0], count, outputs.shape[1] // count - 2)
        return outputs[:, :count], outputs[:, count : 2 * count], means
