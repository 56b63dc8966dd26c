"""Losses: the error of the outputs, one number per example, averaged with sample weights."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.nn.part import Part
from chainrule.nn.results import check_tensor
from chainrule.program import Tensor
from chainrule.program import functions as f

ANYTHING, LOGITS, PROBABILITIES, VALUES = "anything", "logits", "probabilities", "values"
OF_NUMBERS = ("r2", "mean_absolute_error", "root_mean_squared_error")
"""The metrics of predictions that are numbers in the unit of the targets."""


@dataclass(frozen=True)
class Loss(Part, ABC):
    """Σ w·l / Σ w over the examples, with the loss l of one example and its sample weight w (or 1).

    outputs: (batch, ...), those of the network. targets: see each loss.
    takes: the kind of outputs that the loss expects; training warns if the last activation gives another
    kind. LOGITS are real numbers, to which the loss applies the function named by `applies` ('' for none);
    PROBABILITIES are from 0 to 1; VALUES have the unit of the targets; ANYTHING is the default.
    metrics: the names of `nn.metrics.METRICS` that are usually reported with it.
    equation, slope: the error E of one example and ∂E/∂y as a textbook writes them, with outputs y and
    targets t.
    """

    takes: ClassVar[str] = ANYTHING
    applies: ClassVar[str] = ""
    metrics: ClassVar[tuple[str, ...]] = OF_NUMBERS
    equation: ClassVar[str] = "E = loss(y, t)"
    slope: ClassVar[str] = "∂E/∂y"

    def __call__(self, outputs: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss, a scalar of the outputs' dtype; 0 if the weights sum to 0.

        weight: (batch,), at least 0. Raises ShapeError for shapes that do not fit; none are broadcast.
        """
        each = self.each(outputs, targets)
        check_tensor(type(self).__name__, "its each", each)
        if each.ndim != 1:
            raise ShapeError(
                f"{type(self).__name__}: its each gave shape {each.shape}",
                remedy="it must give one number per example, (batch,)",
            )
        if weight is None:
            return each.mean()
        if weight.shape != each.shape:
            raise ShapeError(
                f"{type(self).__name__} got weights of shape {weight.shape} for {each.shape[0]} examples",
                remedy="give one number per example",
            )
        weight = weight.cast(each.dtype)
        total = weight.sum()
        return (weight * each).sum() / f.where(f.equal(total, 0.0), 1.0, total)

    @abstractmethod
    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of every example: (batch,)."""

    def residuals(self, outputs: Tensor, targets: Tensor) -> Tensor | None:
        """(batch, n) numbers whose squares sum to `each`; None for a loss that is no sum of squares.

        Methods of least squares, such as nn.LevenbergMarquardt, train by them.
        """
        return None

    def of_one(self) -> "Loss":
        """The loss of a single prediction: itself, or for an ensemble the loss of one member."""
        return self

    def predict(self, outputs: Tensor) -> Tensor:
        """The outputs as predictions that compare with the targets, such as probabilities; the same shape."""
        return outputs

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Check all targets before training; by default, accept all.

        outputs_shape: (batch, ...), with any batch length. targets: one row per example. A loss of several
        outputs or targets gets both in their structure.
        Raises DataError that names the first wrong row, counted from 0, and the remedy.
        """
        if not isinstance(targets, np.ndarray) or not all(isinstance(axis, int) for axis in outputs_shape):
            return
        check_same_shape(self, outputs_shape, targets)
        check_finite(self, targets)


def matched(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets in the outputs' shape and dtype; (..., 1) outputs take (...) targets."""
    if not outputs.shape:
        raise ShapeError(f"{type(loss).__name__} got outputs of shape ()", remedy="it needs (batch, ...)")
    if targets.shape != outputs.shape and (*targets.shape, 1) != outputs.shape:
        name = type(loss).__name__
        raise ShapeError(
            f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
            remedy="make both equal",
        )
    return targets.reshape(*outputs.shape).cast(outputs.dtype)


def example_means(losses: Tensor) -> Tensor:
    """(batch, ...) -> (batch,)."""
    return losses if losses.ndim == 1 else losses.mean(range(1, losses.ndim))


def example_errors(losses: Tensor) -> Tensor:
    """(batch, ...) -> (batch, n): the numbers of each example in one row."""
    return losses.reshape(losses.shape[0], -1)


def smoothed(targets: Tensor, smoothing: float, classes: int) -> Tensor:
    """t (1 - s) + s/classes: label smoothing (Szegedy et al. 2016)."""
    return targets * (1 - smoothing) + smoothing / classes if smoothing else targets


def rows_of(shape: Sequence[int]) -> str:
    """A shape as text, with 'rows' as its first length: '(rows, 3)'."""
    return f"({', '.join(['rows', *map(str, shape[1:])])}{',' if len(shape) == 1 else ''})"


def check_same_shape(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    """Raises DataError unless targets have the outputs' shape, or only lack a last axis of length 1."""
    inner = tuple(outputs_shape[1:])
    if targets.ndim and (targets.shape[1:] == inner or (*targets.shape[1:], 1) == inner):
        return
    remedy = f"make the targets {rows_of(outputs_shape)}, or give the last layer one unit per target"
    if inner and targets.shape[1:] == inner[:-1] and _are_class_numbers(targets, inner[-1]):
        remedy = (
            f"if they are class numbers, give one-hot targets (numpy.eye({inner[-1]})[targets]), or use "
            "SoftmaxCrossEntropy on raw outputs, which takes them as they are"
        )
    raise DataError(
        f"{type(loss).__name__}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
        remedy=remedy,
    )


def _are_class_numbers(targets: np.ndarray, classes: int) -> bool:
    """Whether targets could be class numbers from 0 to classes - 1."""
    whole = targets.dtype.kind in "iub" or (targets.dtype.kind == "f" and (targets == targets.round()).all())
    return bool(whole and targets.size and 0 <= targets.min() < targets.max() < classes)


def check_finite(loss: Loss, targets: np.ndarray) -> None:
    """Raises DataError for targets that are no numbers, infinite or missing."""
    if targets.dtype.kind not in "fiub":
        raise DataError(f"{type(loss).__name__}: targets are {targets.dtype}", remedy="make them numbers")
    wrong = np.argwhere(~np.isfinite(targets))
    if len(wrong):
        raise DataError(
            f"{type(loss).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
            remedy="fill it in or leave the row out",
        )


def check_range(loss: Loss, targets: np.ndarray, low: float, high: float, remedy: str) -> None:
    """Raises DataError for a target below low or above high."""
    wrong = np.argwhere((targets < low) | (targets > high))
    if len(wrong):
        raise DataError(
            f"{type(loss).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
            remedy=remedy,
        )


def check_labels(loss: Loss, targets: np.ndarray, remedy: str) -> None:
    """Raises DataError for a target that is neither 0 nor 1."""
    wrong = np.argwhere((targets != 0) & (targets != 1))
    if len(wrong):
        raise DataError(
            f"{type(loss).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
            remedy=remedy,
        )
