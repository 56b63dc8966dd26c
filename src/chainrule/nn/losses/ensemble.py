"""The loss of an ensemble in one network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.losses.embedding import Triplet
from chainrule.nn.losses.loss import Loss, rows_of
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class MeanOfMembers(Loss):
    """l = mean_m loss(y_m, t): each member m of an ensemble has its own loss (Gorishniy et al. 2024, TabM).

    loss: of one member. outputs: (batch, members, ...). targets: those of `loss`, the same for all members.
    `predict` gives the mean of the members' predictions by `loss`, such as probabilities, not logits.
    Raises ConfigError for Triplet, which compares examples with each other.
    """

    loss: Loss

    def __post_init__(self) -> None:
        if not isinstance(self.loss, Loss) or isinstance(self.loss, Triplet | MeanOfMembers):
            raise ConfigError(
                f"MeanOfMembers: loss is {self.loss!r}",
                remedy="give a loss of single examples, such as SoftmaxCrossEntropy()",
            )

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        batch, members = self._batch_and_members(outputs)
        return (
            self.loss.each(self._rows(outputs), self._for_all(outputs, targets))
            .reshape(batch, members)
            .mean(1)
        )

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor | None:
        """Those of all members, divided by √members."""
        batch, members = self._batch_and_members(outputs)
        residuals = self.loss.residuals(self._rows(outputs), self._for_all(outputs, targets))
        if residuals is None:
            return None
        return residuals.reshape(batch, -1) * (1.0 / math.sqrt(members))

    def of_one(self) -> Loss:
        """The loss of each member."""
        return self.loss

    def predict(self, outputs: Tensor) -> Tensor:
        """(batch, ...): the mean over the members."""
        batch, members = self._batch_and_members(outputs)
        predicted = self.loss.predict(self._rows(outputs))
        return predicted.reshape(batch, members, *predicted.shape[1:]).mean(1)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for outputs without members, and as the `check` of `loss` does for one member."""
        if len(outputs_shape) < 2:
            raise DataError(
                f"MeanOfMembers: the network gives outputs of shape {rows_of(outputs_shape)}",
                remedy="give it the axis of members: Members first, EnsembleDense last",
            )
        self.loss.check((outputs_shape[0], *outputs_shape[2:]), targets)

    def _batch_and_members(self, outputs: Tensor) -> tuple[int, int]:
        if outputs.ndim < 2:
            raise ShapeError(
                f"MeanOfMembers got outputs of shape {outputs.shape}", remedy="it needs (batch, members, ...)"
            )
        return outputs.shape[0], outputs.shape[1]

    def _for_all(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The targets of an example, repeated for each member."""
        batch, members = self._batch_and_members(outputs)
        shape = (batch, members, *targets.shape[1:])
        repeated = f.broadcast_to(targets.reshape(batch, 1, *targets.shape[1:]), shape)
        return repeated.reshape(batch * members, *targets.shape[1:])

    def _rows(self, outputs: Tensor) -> Tensor:
        return outputs.reshape(outputs.shape[0] * outputs.shape[1], *outputs.shape[2:])
