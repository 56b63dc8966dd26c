"""A loss in which some classes weigh more than others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.nn.losses.embedding import Triplet
from chainrule.nn.losses.ensemble import MeanOfMembers
from chainrule.nn.losses.loss import Loss
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ClassWeighted(Loss):
    """l = w[c] · loss(y, t), with a weight for each class c (King and Zeng 2001).

    Rare classes count as much as frequent ones with w[c] = n / (classes · n[c]) for n[c] of n examples, as in
    scikit-learn's class_weight='balanced'. The mean over a batch is not divided by the weights in it.

    loss: without weights. weights: one for each class, at least 2, each above 0.
    targets: class numbers (batch,); or a share of each class (batch, classes), such as one-hot rows, where w
    is the mean weight; of two classes also the share of class 1, (batch,) or (batch, 1).
    `predict` is that of `loss`.
    Raises ConfigError for Triplet, which compares examples with each other, for MeanOfMembers (weight the
    loss of its members), and for weights that are no positive numbers.
    """

    loss: Loss
    weights: Sequence[float]

    def __post_init__(self) -> None:
        if not isinstance(self.loss, Loss) or isinstance(self.loss, Triplet | MeanOfMembers | ClassWeighted):
            raise ConfigError(
                f"ClassWeighted: loss is {self.loss!r}",
                remedy="give a loss of single examples, such as SoftmaxCrossEntropy()",
            )
        if not isinstance(self.weights, list | tuple) or len(self.weights) < 2:
            raise ConfigError(
                f"ClassWeighted: weights is {self.weights!r}",
                remedy="give a number for each class, at least 2",
            )
        for weight in self.weights:
            check_number(self, "weights", weight, above=0)
        object.__setattr__(self, "weights", tuple(map(float, self.weights)))

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self._weight(targets, outputs.dtype) * self.loss.each(outputs, targets)

    def of_one(self) -> Loss:
        """The loss without weights."""
        return self.loss

    def predict(self, outputs: Tensor) -> Tensor:
        """The predictions of the loss without weights."""
        return self.loss.predict(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError as the `check` of `loss` does, and for targets that are not of these classes."""
        self.loss.check(outputs_shape, targets)
        width = math.prod(targets.shape[1:])
        if width not in (1, len(self.weights)):
            raise DataError(
                f"ClassWeighted: targets have shape {targets.shape}, for {len(self.weights)} weights",
                remedy="give a weight for each class",
            )
        if width == 1 and targets.max(initial=0) >= len(self.weights):
            row = int(np.argmax(targets.reshape(-1) >= len(self.weights)))
            raise DataError(
                f"ClassWeighted: the target in row {row} is {targets.reshape(-1)[row]}, and there are "
                f"{len(self.weights)} weights",
                remedy="give a weight for each class",
            )

    def _weight(self, targets: Tensor, dtype: str) -> Tensor:
        """Of every example: (batch,)."""
        batch, width, count = targets.shape[0], math.prod(targets.shape[1:]), len(self.weights)
        if width == count:
            shares = targets.reshape(batch, count).cast(dtype)
            return (shares * shares.trace.constant(np.array(self.weights), dtype)).sum(1)
        if width != 1:
            raise ShapeError(
                f"ClassWeighted got targets of shape {targets.shape} for {count} weights",
                remedy="give a weight for each class",
            )
        rows = targets.reshape(batch)
        if count == 2:
            first, second = self.weights
            return first + (second - first) * rows.cast(dtype)
        if rows.dtype in FLOATS or rows.dtype == "bool":
            rows = rows.cast("int32")
        return f.gather(rows.trace.constant(np.array(self.weights), dtype), rows)
