"""Losses of classes by margins: the true class shall have a logit larger than all others by 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError
from chainrule.nn.losses.classification import check_classes, class_targets
from chainrule.nn.losses.loss import LOGITS, Loss, example_means
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class CategoricalHinge(Loss):
    """l = mean max(0, 1 + largest y of another class - y_t), from raw outputs y (Crammer and Singer 2001).

    outputs: (batch, ..., classes). targets: class numbers from 0 to classes - 1 of shape (batch, ...), or
    one-hot. Of equal largest ones each gets its share of the derivative. Keras's counts the true class among
    the others, with the value 0.
    """

    takes: ClassVar[str] = LOGITS
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = max(0, 1 + max y[others] − y[t])"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        own = class_targets(self, outputs, targets)
        others = f.where(own > 0.0, -float("inf"), outputs).max(-1)
        return example_means(f.relu(1.0 + others - (own * outputs).sum(-1)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or rows that are not one-hot."""
        _check_one_class(self, outputs_shape, targets)


@dataclass(frozen=True)
class MultiMargin(Loss):
    """l = mean 1/classes Σ max(0, margin + y - y_t)^power over the other classes (Weston and Watkins 1999).

    PyTorch's MultiMarginLoss, without weights of classes, for which ClassWeighted is there.
    margin: above 0. power: 1 or 2. outputs, targets: those of CategoricalHinge.
    """

    takes: ClassVar[str] = LOGITS
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = Σ max(0, margin + y[others] − y[t]) / classes"

    margin: float = 1.0
    power: int = 1

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, above=0)
        check_number(self, "power", self.power, at_least=1, at_most=2)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        own = class_targets(self, outputs, targets)
        true = (own * outputs).sum(-1, keepdims=True)
        short = f.relu(self.margin + outputs - true) * (1.0 - own)
        return example_means((short * short if self.power == 2 else short).mean(-1))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or rows that are not one-hot."""
        _check_one_class(self, outputs_shape, targets)


def _check_one_class(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    check_classes(loss, outputs_shape, targets)
    several = targets.ndim == len(outputs_shape)  # not class numbers, but a number for each class
    wrong = np.argwhere((targets != 0) & (targets != 1))
    if several and len(wrong):
        raise DataError(
            f"{type(loss).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
            remedy="each example must have one class",
        )
