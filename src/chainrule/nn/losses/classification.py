"""Losses for classes: cross-entropies, their focal forms, divergence, hinges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.losses.loss import (
    LOGITS,
    PROBABILITIES,
    Loss,
    check_finite,
    check_labels,
    check_range,
    example_means,
    matched,
    rows_of,
    smoothed,
)
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f

_PROBABILITY = "targets must be 0 or 1, or a probability between; for more classes use SoftmaxCrossEntropy"
_LEAST = 1e-7  # Keras's epsilon
_LABELS = "targets must be labels 0 or 1; for more classes use SoftmaxCrossEntropy"


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """l = mean -t ln σ(z) - (1 - t) ln(1 - σ(z)), from logits z; its delta is σ(z) - t.

    Computed as softplus(z) - z t.
    targets: from 0 to 1 (labels, or probabilities), of the outputs' shape.
    label_smoothing: s, at least 0 and below 1; targets become t (1 - s) + s/2 (Szegedy et al. 2016).
    `predict` gives probabilities σ(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "sigmoid"
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    equation: ClassVar[str] = "E = −t ln σ(y) − (1 − t) ln(1 − σ(y))"
    slope: ClassVar[str] = "σ(y) − t"

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = smoothed(matched(self, outputs, targets), self.label_smoothing, 2)
        return example_means(f.softplus(outputs) - outputs * targets)

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of label 1."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _PROBABILITY)


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """l = mean -Σ t ln softmax(z) over the classes, from logits z; its delta is softmax(z) - t.

    outputs: (batch, ..., classes). targets: class numbers from 0 to classes - 1, whole numbers of shape
    (batch, ...), or a probability for each class, of the outputs' shape (one-hot or soft).
    label_smoothing: s, at least 0 and below 1; targets become t (1 - s) + s/classes (Szegedy et al. 2016).
    `predict` gives probabilities softmax(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = −ln softmax(y)[t]"
    slope: ClassVar[str] = "softmax(y) − onehot(t)"

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        likely = smoothed(class_targets(self, outputs, targets), self.label_smoothing, outputs.shape[-1])
        return example_means(f.softmax_cross_entropy(outputs, likely))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or probabilities that do not sum to 1."""
        check_classes(self, outputs_shape, targets)


@dataclass(frozen=True)
class BinaryCrossEntropyOfProbabilities(Loss):
    """l = mean -t ln p - (1 - t) ln(1 - p), from probabilities p, such as those of a sigmoid layer.

    p is first clipped to 1e-7 … 1 - 1e-7, as in Keras's BinaryCrossentropy without from_logits; the
    derivative beyond is 0. If possible, leave out the sigmoid and use BinaryCrossEntropy: it keeps more
    digits, and its derivative is never 0. outputs: probabilities. targets: from 0 to 1, of the outputs'
    shape.
    """

    takes: ClassVar[str] = PROBABILITIES
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    equation: ClassVar[str] = "E = −t ln y − (1 − t) ln(1 − y)"
    slope: ClassVar[str] = "(y − t) / (y (1 − y))"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        p, t = _clipped(outputs), matched(self, outputs, targets)
        return example_means(-(t * f.log(p) + (1.0 - t) * f.log(1.0 - p)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _PROBABILITY)


@dataclass(frozen=True)
class CategoricalCrossEntropyOfProbabilities(Loss):
    """l = mean -Σ t ln p over the classes, from probabilities p = y / Σ y, such as those of a softmax layer.

    The outputs y are divided by their sum and then clipped to 1e-7 … 1 - 1e-7, as in Keras's
    CategoricalCrossentropy without from_logits; the derivative beyond is 0. If possible, leave out the
    softmax and use SoftmaxCrossEntropy: it keeps more digits, and its derivative is never 0.
    outputs: (batch, ..., classes), at least 0. targets: as in SoftmaxCrossEntropy.
    """

    takes: ClassVar[str] = PROBABILITIES
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = −ln y[t]"
    slope: ClassVar[str] = "−onehot(t) / y"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        likely = class_targets(self, outputs, targets)
        total = outputs.sum(-1, keepdims=True)
        p = _clipped(outputs / f.where(f.equal(total, 0.0), 1.0, total))
        return example_means(-(likely * f.log(p)).sum(-1))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or probabilities that do not sum to 1."""
        check_classes(self, outputs_shape, targets)


@dataclass(frozen=True)
class BinaryFocal(Loss):
    """l = mean -a t (1 - p)^γ ln p - b (1 - t) p^γ ln(1 - p), p = σ(z), from logits z (Lin et al. 2017).

    Examples that are predicted well count less; γ = 0 is binary cross-entropy. gamma: γ, at least 0.
    alpha: the weight a of label 1, above 0 and below 1, with b = 1 - a; None: a = b = 1.
    label_smoothing: as in BinaryCrossEntropy. targets: from 0 to 1, of the outputs' shape; for targets
    between 0 and 1 l is the mean over both labels (other libraries take the power of a mixed p).
    `predict` gives probabilities σ(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "sigmoid"
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)

    gamma: float = 2.0
    alpha: float | None = None
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "gamma", self.gamma, at_least=0)
        if self.alpha is not None:
            check_number(self, "alpha", self.alpha, above=0, below=1)
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        targets = smoothed(matched(self, outputs, targets), self.label_smoothing, 2)
        # -ln p = softplus(-z) and -ln(1 - p) = softplus(z): exact at both ends, and so are their powers.
        wrong_if_1, wrong_if_0 = f.softplus(-outputs), f.softplus(outputs)
        if_1 = f.exp(-self.gamma * wrong_if_0) * wrong_if_1
        if_0 = f.exp(-self.gamma * wrong_if_1) * wrong_if_0
        if self.alpha is not None:
            if_1, if_0 = self.alpha * if_1, (1 - self.alpha) * if_0
        return example_means(targets * if_1 + (1.0 - targets) * if_0)

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of label 1."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _PROBABILITY)


@dataclass(frozen=True)
class SoftmaxFocal(Loss):
    """l = mean -Σ t (1 - p)^γ ln p over the classes, p = softmax(z), from logits z (Lin et al. 2017).

    gamma: γ, at least 0; 0 is softmax cross-entropy. label_smoothing, outputs and targets: as in
    SoftmaxCrossEntropy. `predict` gives probabilities softmax(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    gamma: float = 2.0
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "gamma", self.gamma, at_least=0)
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        likely = smoothed(class_targets(self, outputs, targets), self.label_smoothing, outputs.shape[-1])
        log_p = f.log_softmax(outputs)
        # The power of an exact 0 has no finite derivative when γ < 1.
        wrong = f.maximum(-f.expm1(log_p), 1e-30)
        return example_means(-(likely * wrong**self.gamma * log_p).sum(-1))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a class number that has no output, or probabilities that do not sum to 1."""
        check_classes(self, outputs_shape, targets)


@dataclass(frozen=True)
class KLDivergence(Loss):
    """l = mean Σ t ln(t / softmax(z)) over the classes, 0 ln 0 = 0, from logits z.

    KL(t ‖ softmax(z)) in nats (Kullback and Leibler 1951): the cross-entropy minus the entropy of the
    targets, so that its delta is softmax(z) - t, too.
    outputs: (batch, ..., classes). targets: probabilities of the outputs' shape.
    `predict` gives probabilities softmax(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    equation: ClassVar[str] = "E = Σ t ln(t / softmax(y))"
    slope: ClassVar[str] = "softmax(y) − t"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim < 2 or targets.shape != outputs.shape:
            raise ShapeError(
                f"KLDivergence got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="both must be (batch, ..., classes)",
            )
        targets = targets.cast(outputs.dtype)
        negative_entropy = (targets * f.log(f.where(targets > 0.0, targets, 1.0))).sum(-1)
        return example_means(negative_entropy + f.softmax_cross_entropy(outputs, targets))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for probabilities that do not sum to 1."""
        if targets.shape[1:] != tuple(outputs_shape[1:]) or targets.ndim < 2:
            raise DataError(
                f"KLDivergence: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy=f"targets must be probabilities of shape {rows_of(outputs_shape)}",
            )
        check_finite(self, targets)
        _check_probabilities("KLDivergence", targets)


@dataclass(frozen=True)
class Hinge(Loss):
    """l = mean max(0, 1 - s y) over the outputs of an example, s = -1 for label 0 and 1 for label 1.

    The loss of support vector machines (Cortes and Vapnik 1995). Several outputs are independent binary
    labels. The derivative at s y = 1 is 0. targets: labels 0 or 1, of the outputs' shape.
    `predict` gives the label: 1 where y > 0, else 0.
    """

    takes: ClassVar[str] = LOGITS
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    equation: ClassVar[str] = "E = max(0, 1 − s y), s = 2 t − 1"
    slope: ClassVar[str] = "−s where s y < 1, else 0"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return example_means(f.relu(_short_of_margin(self, outputs, targets)))

    def predict(self, outputs: Tensor) -> Tensor:
        """Labels 0 and 1, of the outputs' dtype."""
        return (outputs > 0.0).cast(outputs.dtype)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is neither 0 nor 1."""
        super().check(outputs_shape, targets)
        check_labels(self, targets, _LABELS)


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """l = mean max(0, 1 - s y)² over the outputs of an example; s, targets and `predict` as in Hinge.

    Unlike Hinge, it has a continuous derivative at s y = 1 (Lee and Mangasarian 2001).
    """

    takes: ClassVar[str] = LOGITS
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)
    equation: ClassVar[str] = "E = max(0, 1 − s y)², s = 2 t − 1"
    slope: ClassVar[str] = "−2 s max(0, 1 − s y)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        short = f.relu(_short_of_margin(self, outputs, targets))
        return example_means(short * short)

    def predict(self, outputs: Tensor) -> Tensor:
        """Labels 0 and 1, of the outputs' dtype."""
        return (outputs > 0.0).cast(outputs.dtype)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is neither 0 nor 1."""
        super().check(outputs_shape, targets)
        check_labels(self, targets, _LABELS)


def _clipped(probabilities: Tensor) -> Tensor:
    return f.minimum(f.maximum(probabilities, _LEAST), 1.0 - _LEAST)


def _short_of_margin(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """1 - s y, with s = 2 t - 1."""
    return 1.0 - (2.0 * matched(loss, outputs, targets) - 1.0) * outputs


def class_targets(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets as probabilities of the classes, in the outputs' shape; class numbers become one-hot."""
    name = type(loss).__name__
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
        return f.one_hot(numbers, classes, outputs.dtype)
    if targets.shape == outputs.shape:
        return targets.cast(outputs.dtype)
    raise ShapeError(
        f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
        remedy=f"targets must be class numbers of shape {outputs.shape[:-1]} or probabilities of "
        f"shape {outputs.shape}",
    )


def check_classes(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    """Raises DataError for targets that are neither class numbers nor probabilities of the classes."""
    name, inner = type(loss).__name__, tuple(outputs_shape[1:])
    if not inner or inner[-1] < 2:
        raise DataError(
            f"{name}: the network gives outputs of shape {tuple(outputs_shape)}",
            remedy="give the last layer one unit per class, at least 2, or use BinaryCrossEntropy",
        )
    check_finite(loss, targets)
    if targets.shape[1:] == inner[:-1]:
        _check_class_numbers(name, targets, inner[-1])
    elif targets.shape[1:] == inner:
        _check_probabilities(name, targets)
    else:
        raise DataError(
            f"{name}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
            remedy=f"targets must be class numbers of shape {rows_of(outputs_shape[:-1])} or probabilities "
            f"of shape {rows_of(outputs_shape)}",
        )


def _check_class_numbers(name: str, targets: np.ndarray, classes: int) -> None:
    if targets.dtype.kind == "f":
        raise DataError(f"{name}: class numbers are {targets.dtype}", remedy="cast them to int64")
    wrong = np.argwhere((targets < 0) | (targets >= classes))
    if len(wrong):
        raise DataError(
            f"{name}: the target in row {wrong[0][0]} is class {targets[tuple(wrong[0])]}, and the network "
            f"has {classes} outputs",
            remedy=f"number the classes from 0 to {classes - 1}, or give the last layer one unit per class",
        )


def _check_probabilities(name: str, targets: np.ndarray) -> None:
    sums = targets.sum(-1)
    wrong = np.argwhere((targets < 0).any(-1) | (np.abs(sums - 1) > 1e-3))
    if len(wrong):
        place = tuple(wrong[0])
        raise DataError(
            f"{name}: the targets in row {place[0]} are {np.array2string(targets[place], threshold=8)}",
            remedy="several labels of one example are for BinaryCrossEntropy, a yes or no each"
            if np.isin(targets, (0, 1)).all()
            else "probabilities must be at least 0 and sum to 1",
        )
