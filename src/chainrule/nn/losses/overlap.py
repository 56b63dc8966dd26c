"""Losses of overlap: of masks (Dice, intersection over union) and of boxes (IoU, GIoU)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.nn.losses.loss import LOGITS, VALUES, Loss, check_range, example_means, matched, rows_of
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f

_MASK = "a mask must be 0 or 1, or a probability between"


@dataclass(frozen=True)
class Dice(Loss):
    """l = 1 - (2 Σ p t + smooth) / (Σ p + Σ t + smooth), p = σ(z), from logits z.

    The soft Dice loss (Milletari, Navab and Ahmadi 2016) with plain sums below, where they have squares. The
    sums go over all outputs of an example: one mask. smooth: at least 0; without it an empty mask that is
    met exactly has loss 1.
    by_channel: the last axis numbers several masks; each has its own Dice, and l is their mean.
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
class BoxIoU(Loss):
    """l = mean 1 - intersection / union over the boxes of an example.

    Yu et al. 2016, without their logarithm. Boxes are corners (x1, y1, x2, y2) along the last axis; an output
    whose corners are the wrong way round is turned. Where both boxes are empty the ratio is 0. Boxes that do
    not meet have loss 1 and derivative 0: BoxGIoU pulls them together.
    outputs: (batch, ..., 4). targets: boxes with x1 ≤ x2 and y1 ≤ y2, of the outputs' shape.
    """

    takes: ClassVar[str] = VALUES
    metrics: ClassVar[tuple[str, ...]] = ()

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _need_boxes(self, outputs)
        intersection, union, _ = _areas(outputs, matched(self, outputs, targets))
        return example_means(1.0 - _ratio(intersection, union))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a box whose second corner stands before the first."""
        super().check(outputs_shape, targets)
        _check_boxes(self, outputs_shape, targets)


@dataclass(frozen=True)
class BoxGIoU(Loss):
    """l = mean 1 - IoU + (|C| - union) / |C|, C the smallest box around both (Rezatofighi et al. 2019).

    Generalized intersection over union, from 0 (equal) to 2 (far apart), with a slope where boxes do not
    meet. Outputs and targets: as in BoxIoU.
    """

    takes: ClassVar[str] = VALUES
    metrics: ClassVar[tuple[str, ...]] = ()

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        _need_boxes(self, outputs)
        return example_means(generalized_overlap(outputs, matched(self, outputs, targets)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for a box whose second corner stands before the first."""
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
