"""Losses of overlap: Dice and intersection over union of masks, and losses of boxes."""

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
    example_means,
    matched,
    rows_of,
)
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

_MASK = "a mask must be 0 or 1, or a probability between"


@dataclass(frozen=True)
class Dice(Loss):
    """l = 1 - (2 Σ p t + smooth) / (Σ p + Σ t + smooth), p = σ(z), from logits z.

    The soft Dice loss (Milletari, Navab and Ahmadi 2016, who have squares in the denominator). The sums go
    over all outputs of an example, one mask. smooth: at least 0; for 0, the correct prediction of an empty
    mask has loss 1.
    by_channel: True: the last axis holds several masks, and l is the mean of their losses.
    targets: masks from 0 to 1, of the outputs' shape. `predict` gives probabilities σ(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "sigmoid"
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)

    smooth: float = 1.0
    by_channel: bool = False

    def __post_init__(self) -> None:
        check_number(self, "smooth", self.smooth, at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        both, predicted, true = _mask_sums(self, outputs, targets, self.by_channel)
        return example_means(1.0 - _ratio(2.0 * both + self.smooth, predicted + true + self.smooth))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the mask."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _MASK)


@dataclass(frozen=True)
class SoftIoU(Loss):
    """l = 1 - (Σ p t + smooth) / (Σ p + Σ t - Σ p t + smooth), p = σ(z), from logits z (Rahman, Wang 2016).

    Intersection over union of masks, also called the Jaccard index. smooth, by_channel, targets and
    `predict`: as in Dice.
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "sigmoid"
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)

    smooth: float = 1.0
    by_channel: bool = False

    def __post_init__(self) -> None:
        check_number(self, "smooth", self.smooth, at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        both, predicted, true = _mask_sums(self, outputs, targets, self.by_channel)
        return example_means(1.0 - _ratio(both + self.smooth, predicted + true - both + self.smooth))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the mask."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _MASK)


@dataclass(frozen=True)
class Tversky(Loss):
    """l = 1 - (Σ p t + s) / (Σ p t + α Σ p (1 - t) + β Σ (1 - p) t + s), p = σ(z), from logits z.

    Salehi, Erdogmus and Gholipour 2017. α weighs what is wrongly in the mask, β what is missed; with both ½
    it is Dice with half of `smooth`, with both 1 SoftIoU.
    false_positives, false_negatives: α and β, at least 0; 0.3 and 0.7 are the paper's best (Keras: ½ and ½).
    smooth (s), by_channel, targets and `predict`: as in Dice.
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "sigmoid"
    metrics: ClassVar[tuple[str, ...]] = ("binary_accuracy",)

    false_positives: float = 0.3
    false_negatives: float = 0.7
    smooth: float = 1.0
    by_channel: bool = False

    def __post_init__(self) -> None:
        for name in ("false_positives", "false_negatives", "smooth"):
            check_number(self, name, getattr(self, name), at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        both, predicted, true = _mask_sums(self, outputs, targets, self.by_channel)
        wrong = self.false_positives * (predicted - both) + self.false_negatives * (true - both)
        return example_means(1.0 - _ratio(both + self.smooth, both + wrong + self.smooth))

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the mask."""
        return f.sigmoid(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is not from 0 to 1."""
        super().check(outputs_shape, targets)
        check_range(self, targets, 0, 1, _MASK)


@dataclass(frozen=True)
class CrossEntropyDice(Loss):
    """l = Σ over pixels -w[t] ln p[t] / n + dice · mean over classes of 1 - (2 Σ p u + s) / (Σ p + Σ u + s).

    p = softmax(z) from logits z; u is 1 at pixels of the class, else 0; n is the number of pixels without
    void; s is `smooth`. The sum of cross-entropy and the soft Dice loss of several classes (Milletari, Navab
    and Ahmadi 2016; Isensee et al. 2021), which is the mean over the classes that occur in the example.
    outputs: (batch, ..., classes). targets: class numbers (batch, ...), of an integer dtype.
    dice: weight of the Dice loss, at least 0. smooth: at least 0.
    class_weights: w, a number above 0 for each class, in the cross-entropy; None: all are 1.
    void: the class number of pixels that do not count, at least the number of classes; None for none. An
    example of nothing but void has loss 0.
    label_smoothing: of the cross-entropy, as in SoftmaxCrossEntropy.
    `predict` gives probabilities softmax(z).
    """

    takes: ClassVar[str] = LOGITS
    applies: ClassVar[str] = "softmax"
    metrics: ClassVar[tuple[str, ...]] = ()

    dice: float = 1.0
    smooth: float = 1.0
    class_weights: Sequence[float] | None = None
    void: int | None = None
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        for name in ("dice", "smooth"):
            check_number(self, name, getattr(self, name), at_least=0)
        check_number(self, "label_smoothing", self.label_smoothing, at_least=0, below=1)
        if self.void is not None:
            check_whole(self, "void", self.void, at_least=0)
        if self.class_weights is not None:
            if not isinstance(self.class_weights, list | tuple) or not self.class_weights:
                raise ConfigError(
                    f"CrossEntropyDice: class_weights is {self.class_weights!r}",
                    remedy="give a number for each class, or None",
                )
            for weight in self.class_weights:
                check_number(self, "class_weights", weight, above=0)
            object.__setattr__(self, "class_weights", tuple(map(float, self.class_weights)))

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        classes = self._classes(outputs.shape)
        if targets.shape != outputs.shape[:-1]:
            raise ShapeError(
                f"CrossEntropyDice got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="give a class number for each pixel: the outputs' shape without its last axis",
            )
        batch, pixels = outputs.shape[0], targets.size // max(outputs.shape[0], 1)
        z = outputs.reshape(batch, pixels, classes)
        true = targets.reshape(batch, pixels).cast("int32")
        one_hot = f.one_hot(true, classes, z.dtype)  # zeros where a pixel is void
        sizes = one_hot.sum(1)  # (batch, classes)
        loss = self._cross_entropy(z, true, one_hot) / f.maximum(sizes.sum(-1), 1.0)
        return loss + self.dice * _mean_dice(z, one_hot, sizes, self.smooth) if self.dice else loss

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities of the classes, along the last axis."""
        return f.softmax(outputs)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for targets of another shape, and for a number that is neither class nor void."""
        classes = self._classes(outputs_shape)
        check_finite(self, targets)
        if targets.shape[1:] != tuple(outputs_shape[1:-1]) or targets.dtype.kind not in "iu":
            raise DataError(
                f"CrossEntropyDice: targets are {targets.dtype} of shape {targets.shape}, outputs "
                f"{rows_of(outputs_shape)}",
                remedy="give a whole class number for each pixel",
            )
        wrong = (targets < 0) | (targets >= classes)
        if self.void is not None:
            wrong &= targets != self.void
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0])
            raise DataError(
                f"CrossEntropyDice: the target in row {place[0]} is {targets[place]}; there are {classes} "
                "classes",
                remedy=f"number them from 0 to {classes - 1}, or name the number of void pixels",
            )

    def _classes(self, outputs_shape: Sequence[int]) -> int:
        classes = outputs_shape[-1] if len(outputs_shape) > 1 else 0
        if len(outputs_shape) < 2 or (self.class_weights and len(self.class_weights) != classes):
            told = f" with {len(self.class_weights)} class weights" if self.class_weights else ""
            raise ShapeError(
                f"CrossEntropyDice{told} got outputs of shape {rows_of(outputs_shape)}",
                remedy="it needs (batch, ..., classes), and as many class weights as classes",
            )
        if self.void is not None and self.void < classes:
            raise ShapeError(
                f"CrossEntropyDice: void is {self.void}, and there are {classes} classes",
                remedy="give void a number that no class has",
            )
        return classes

    def _cross_entropy(self, z: Tensor, true: Tensor, one_hot: Tensor) -> Tensor:
        """The sum over pixels, (batch,)."""
        if self.class_weights is None and not self.label_smoothing:
            return f.softmax_cross_entropy(z, one_hot).sum(1)
        classes = z.shape[-1]
        weights = np.ones(classes) if self.class_weights is None else np.array(self.class_weights)
        likely = np.eye(classes) * (1 - self.label_smoothing) + self.label_smoothing / classes
        table = np.concatenate([weights[:, None] * likely, np.zeros((1, classes))])
        row = f.minimum(true, z.trace.constant(np.array(classes), "int32"))  # the last, of void
        return f.softmax_cross_entropy(z, f.gather(z.trace.constant(table, z.dtype), row)).sum(1)


@dataclass(frozen=True)
class BoxIoU(Loss):
    """l = mean 1 - intersection / union over the boxes of an example.

    Yu et al. 2016, without their logarithm. A box is (x1, y1, x2, y2) along the last axis; outputs with x1 >
    x2 or y1 > y2 are swapped. For two boxes of no area the ratio is 0. Boxes that do not overlap have loss 1
    and derivative 0; BoxGIoU has a derivative there.
    outputs: (batch, ..., 4). targets: boxes with x1 ≤ x2 and y1 ≤ y2, of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    metrics: ClassVar[tuple[str, ...]] = ()

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _need_boxes(self, outputs)
        intersection, union, _ = _areas(outputs, matched(self, outputs, targets))
        return example_means(1.0 - _ratio(intersection, union))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a target with x1 > x2 or y1 > y2."""
        super().check(outputs_shape, targets)
        _check_boxes(self, outputs_shape, targets)


@dataclass(frozen=True)
class BoxGIoU(Loss):
    """l = mean 1 - IoU + (|C| - union) / |C|, C the smallest box around both (Rezatofighi et al. 2019).

    Generalized intersection over union: from 0 for equal boxes to 2 for boxes far apart, with a derivative
    that is not 0 for boxes that do not overlap. Outputs and targets: as in BoxIoU.
    """

    takes: ClassVar[str] = VALUES
    metrics: ClassVar[tuple[str, ...]] = ()

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _need_boxes(self, outputs)
        return example_means(generalized_overlap(outputs, matched(self, outputs, targets)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a target with x1 > x2 or y1 > y2."""
        super().check(outputs_shape, targets)
        _check_boxes(self, outputs_shape, targets)


def generalized_overlap(outputs: Tensor, targets: Tensor) -> Tensor:
    """1 - IoU + (|C| - union) / |C| of each box, see `BoxGIoU`: (..., 4) twice -> (...)."""
    intersection, union, around = _areas(outputs, targets)
    return 1.0 - _ratio(intersection, union) + _ratio(around - union, around)


def _need_boxes(loss: Loss, outputs: Tensor) -> None:
    if outputs.ndim < 2 or outputs.shape[-1] != 4:
        raise ShapeError(
            f"{type(loss).__name__} got outputs of shape {outputs.shape}",
            remedy="it needs (batch, ..., 4): x1, y1, x2, y2",
        )


def _mean_dice(z: Tensor, one_hot: Tensor, sizes: Tensor, smooth: float) -> Tensor:
    """1 - the soft Dice coefficient, the mean over the classes that occur in an example: (batch,).

    z: logits (batch, pixels, classes). one_hot: of the same shape, zeros for void. sizes: (batch, classes),
    the number of pixels of each class.
    """
    # softmax(z) where a pixel counts, else 0: the delta of the cross-entropy, whose kernel is fast.
    p = f.softmax_cross_entropy_delta(z, one_hot) + one_hot
    both, predicted = (p * one_hot).sum(1), p.sum(1)  # (batch, classes)
    missed = 1.0 - _ratio(2.0 * both + smooth, predicted + sizes + smooth)
    shown = (sizes > 0.0).cast(z.dtype)
    return (missed * shown).sum(-1) / f.maximum(shown.sum(-1), 1.0)


def _mask_sums(
    loss: Loss, outputs: Tensor, targets: Tensor, by_channel: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Σ p t, Σ p and Σ t: (batch,), or (batch, channels)."""
    if outputs.ndim < 2:
        raise ShapeError(
            f"{type(loss).__name__} got outputs of shape {outputs.shape}", remedy="it needs (batch, ...)"
        )
    true = matched(loss, outputs, targets)
    probability = f.sigmoid(outputs)
    axes = range(1, outputs.ndim - by_channel)
    return (probability * true).sum(axes), probability.sum(axes), true.sum(axes)


def _areas(outputs: Tensor, true: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Areas of the intersection, of the union and of the smallest box around both: (batch, ...)."""
    low = f.minimum(outputs[..., :2], outputs[..., 2:])
    high = f.maximum(outputs[..., :2], outputs[..., 2:])
    true_low, true_high = true[..., :2], true[..., 2:]
    intersection = _area(f.relu(f.minimum(high, true_high) - f.maximum(low, true_low)))
    union = _area(high - low) + _area(true_high - true_low) - intersection
    return intersection, union, _area(f.maximum(high, true_high) - f.minimum(low, true_low))


def _area(sides: Tensor) -> Tensor:
    """(..., 2) -> (...)."""
    return sides[..., 0] * sides[..., 1]


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Part / whole, 0 where the whole is 0."""
    empty = f.equal(whole, 0.0)
    return f.where(empty, 0.0, part / f.where(empty, 1.0, whole))


def _check_boxes(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    name = type(loss).__name__
    if tuple(outputs_shape[1:])[-1:] != (4,):
        raise DataError(
            f"{name}: the network gives outputs of shape {rows_of(outputs_shape)}",
            remedy="give the last layer four units per box: x1, y1, x2, y2",
        )
    wrong = np.argwhere((targets[..., :2] > targets[..., 2:]).any(-1))
    if len(wrong):
        place = tuple(wrong[0])
        raise DataError(
            f"{name}: the box in row {place[0]} is {np.array2string(targets[place])}",
            remedy="boxes must be x1, y1, x2, y2 with x1 at most x2 and y1 at most y2",
        )
