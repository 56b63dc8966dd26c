"""Losses: how far the outputs are from the targets, one number an example, averaged with sample weights."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Loss(ABC):
    """Σ w·l / Σ w over the examples, l the loss of one example and w its sample weight (or 1).

    outputs: (batch, ...), what the network gives. targets: see the loss.
    """

    def __call__(self, outputs: Tensor, targets: Tensor, weight: Tensor | None = None) -> Tensor:
        """The loss, a scalar of the outputs' dtype; 0 where the weights sum to 0.

        weight: (batch,), none negative. Raises ShapeError where shapes do not fit: nothing is broadcast
        silently.
        """
        each = self.each(outputs, targets)
        if weight is None:
            return each.mean()
        if weight.shape != each.shape:
            raise ShapeError(
                f"{type(self).__name__} got weights of shape {weight.shape} for {each.shape[0]} examples",
                remedy="give one number an example",
            )
        weight = weight.cast(each.dtype)
        total = weight.sum()
        return (weight * each).sum() / f.where(f.equal(total, 0.0), 1.0, total)

    @abstractmethod
    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of every example: (batch,)."""

    def predict(self, outputs: Tensor) -> Tensor:
        """What can be compared with the targets, of the outputs' shape."""
        return outputs

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Look at all targets before training.

        outputs_shape: (batch, ...), of which the batch length does not matter. targets: one row an example.
        Raises DataError that names the first wrong row, counted from 0, and the remedy.
        """
        _check_same_shape(self, outputs_shape, targets)
        _check_finite(self, targets)


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """l = mean (y - t)² over the outputs of an example. targets: numbers of the outputs' shape."""

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = outputs - _matched(self, outputs, targets)
        return _example_means(error * error)


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    """l = ½ Σ (y - t)² over the outputs of an example: the textbook's error, whose delta is y - t.

    targets: numbers of the outputs' shape.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        error = outputs - _matched(self, outputs, targets)
        return 0.5 * (error * error).sum(range(1, error.ndim))


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """l = mean |y - t| over the outputs of an example; derivative 0 where y = t.

    targets: numbers of the outputs' shape.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _example_means(abs(outputs - _matched(self, outputs, targets)))


@dataclass(frozen=True)
class Huber(Loss):
    """l = mean of ½ e² where |e| ≤ threshold, else threshold (|e| - ½ threshold); e = y - t (Huber 1964).

    threshold: above 0, in the targets' unit. targets: numbers of the outputs' shape.
    """

    threshold: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "threshold", self.threshold, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        size = abs(outputs - _matched(self, outputs, targets))
        # Both branches in one: c (|e| - ½ c) with c = min(|e|, threshold), so that none can overflow unseen.
        clipped = f.minimum(size, self.threshold)
        return _example_means(clipped * (size - 0.5 * clipped))


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """l = mean -t ln σ(z) - (1 - t) ln(1 - σ(z)), from logits z, as softplus(z) - z t; its delta is σ(z) - t.

    targets: from 0 to 1 (labels, or probabilities), of the outputs' shape.
    label_smoothing: s, at least 0 and below 1; targets become t (1 - s) + s/2 (Szegedy et al. 2016).
    `predict` gives probabilities σ(z).
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = _smoothed(_matched(self, outputs, targets), self.label_smoothing, 2)
        return _example_means(f.softplus(outputs) - outputs * targets)

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of label 1."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        wrong = np.argwhere((targets < 0) | (targets > 1))
        if len(wrong):
            raise DataError(
                f"{type(self).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
                remedy="targets must be 0 or 1, or a probability between; for more classes use "
                "SoftmaxCrossEntropy",
            )


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """l = mean -Σ t ln softmax(z) over the classes, from logits z; its delta is softmax(z) - t.

    outputs: (batch, ..., classes). targets: class numbers from 0 to classes - 1, whole numbers of shape
    (batch, ...), or a probability for each class, of the outputs' shape (one-hot or soft).
    label_smoothing: s, at least 0 and below 1; targets become t (1 - s) + s/classes (Szegedy et al. 2016).
    `predict` gives probabilities softmax(z).
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        name = type(self).__name__
        if outputs.ndim < 2:
            raise ShapeError(
                f"{name} got outputs of shape {outputs.shape}", remedy="it needs (batch, ..., classes)"
            )
        classes = outputs.shape[-1]
        if targets.shape == outputs.shape[:-1]:
            if targets.dtype in FLOATS:
                raise DTypeError(
                    f"{name} got class numbers of {targets.dtype}", remedy="cast them to int32 or int64"
                )
            numbers = targets if targets.dtype in ("int32", "int64") else targets.cast("int32")
            likely = f.one_hot(numbers, classes, outputs.dtype)
        elif targets.shape == outputs.shape:
            likely = targets.cast(outputs.dtype)
        else:
            raise ShapeError(
                f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy=f"targets must be class numbers of shape {outputs.shape[:-1]} or probabilities of "
                f"shape {outputs.shape}",
            )
        likely = _smoothed(likely, self.label_smoothing, classes)
        return _example_means(f.softmax_cross_entropy(outputs, likely))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or probabilities that do not sum to 1."""
        name, inner = type(self).__name__, tuple(outputs_shape[1:])
        if not inner or inner[-1] < 2:
            raise DataError(
                f"{name}: the network gives outputs of shape {tuple(outputs_shape)}",
                remedy="give the last layer one unit a class, at least 2, or use BinaryCrossEntropy",
            )
        _check_finite(self, targets)
        if targets.shape[1:] == inner[:-1]:
            _check_class_numbers(name, targets, inner[-1])
        elif targets.shape[1:] == inner:
            _check_probabilities(name, targets)
        else:
            raise DataError(
                f"{name}: targets have shape {targets.shape}, outputs {_rows(outputs_shape)}",
                remedy=f"targets must be class numbers of shape {_rows(outputs_shape[:-1])} or probabilities "
                f"of shape {_rows(outputs_shape)}",
            )


def _matched(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
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


def _example_means(losses: Tensor) -> Tensor:
    """(batch, ...) -> (batch,)."""
    return losses if losses.ndim == 1 else losses.mean(range(1, losses.ndim))


def _smoothed(targets: Tensor, smoothing: float, classes: int) -> Tensor:
    return targets * (1 - smoothing) + smoothing / classes if smoothing else targets


def _rows(shape: Sequence[int]) -> str:
    """A shape whose batch length does not matter, as text: (rows, 3)."""
    return f"({', '.join(['rows', *map(str, shape[1:])])}{',' if len(shape) == 1 else ''})"


def _check_same_shape(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    inner = tuple(outputs_shape[1:])
    if targets.ndim and (targets.shape[1:] == inner or (*targets.shape[1:], 1) == inner):
        return
    raise DataError(
        f"{type(loss).__name__}: targets have shape {targets.shape}, outputs {_rows(outputs_shape)}",
        remedy=f"make the targets {_rows(outputs_shape)}, or give the last layer one unit a target",
    )


def _check_finite(loss: Loss, targets: np.ndarray) -> None:
    if targets.dtype.kind not in "fiub":
        raise DataError(f"{type(loss).__name__}: targets are {targets.dtype}", remedy="make them numbers")
    wrong = np.argwhere(~np.isfinite(targets))
    if len(wrong):
        raise DataError(
            f"{type(loss).__name__}: the target in row {wrong[0][0]} is {targets[tuple(wrong[0])]}",
            remedy="fill it in or leave the row out",
        )


def _check_class_numbers(name: str, targets: np.ndarray, classes: int) -> None:
    if targets.dtype.kind == "f":
        raise DataError(f"{name}: class numbers are {targets.dtype}", remedy="cast them to int64")
    wrong = np.argwhere((targets < 0) | (targets >= classes))
    if len(wrong):
        raise DataError(
            f"{name}: the target in row {wrong[0][0]} is class {targets[tuple(wrong[0])]}, and the network "
            f"has {classes} outputs",
            remedy=f"number the classes from 0 to {classes - 1}, or give the last layer one unit a class",
        )


def _check_probabilities(name: str, targets: np.ndarray) -> None:
    sums = targets.sum(-1)
    wrong = np.argwhere((targets < 0).any(-1) | (np.abs(sums - 1) > 1e-3))
    if len(wrong):
        place = tuple(wrong[0])
        raise DataError(
            f"{name}: the targets in row {place[0]} are {np.array2string(targets[place], threshold=8)}",
            remedy="probabilities must be at least 0 and sum to 1",
        )
