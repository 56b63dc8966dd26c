"""The loss of object detection by a map: class scores and a box at every place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, ShapeError
from chainrule.nn.losses.loss import ANYTHING, Loss, check_finite, rows_of
from chainrule.nn.losses.overlap import generalized_overlap
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

_SIDES = (-1.0, -1.0, 1.0, 1.0)
_LARGEST = 6.0  # of the logarithm of a distance: a box of e⁶ units is larger than any picture


@dataclass(frozen=True)
class CenterMap(Loss):
    """l = (focal loss of the class scores + box_weight · Σ over objects of GIoU loss) / objects.

    Objects are centres on a map (CenterNet, Zhou et al. 2019, arXiv:1904.07850). Boxes are learned at all
    places near a centre (TTFNet, Liu et al. 2019, arXiv:1909.00700), as distances to the four sides.

    outputs: (batch, rows, columns, classes + 4): a logit z for each class, and the natural logarithms of the
    distances, in units of `unit` pixels, from the middle of the place to the left, top, right and bottom
    side.
    targets: (batch, objects, 5): left, top, right, bottom in pixels, and a class number; -1 for no object.
    stride: pixels from one place of the map to the next, at least 1; place (i, j) has its middle at
    (i + ½, j + ½) · stride. unit: in pixels, above 0; half the usual side of an object keeps the logarithms
    near 0. box_weight: at least 0.
    spread: above 0. Each object has a Gaussian t around the place that contains its centre, where t = 1, with
    σ = (spread · side / stride + 1) / 6 places along each axis. A place belongs to the object whose t is the
    largest there. With p = σ(z), the loss of the object's class is -(1 - p)² ln p at its centre and
    -(1 - t)⁴ p² ln(1 - p) elsewhere; that of the other classes is the latter with t = 0. The loss of the box
    at a place within 3σ is weighted by t / (2π σ σ'), so that large and small objects count alike.
    `predict` gives probabilities p, and boxes as left, top, right, bottom in pixels.
    """

    takes: ClassVar[str] = ANYTHING
    metrics: ClassVar[tuple[str, ...]] = ()

    stride: int = 4
    unit: float = 16.0
    spread: float = 0.54
    box_weight: float = 2.0

    def __post_init__(self) -> None:
        check_whole(self, "stride", self.stride)
        check_number(self, "unit", self.unit, above=0)
        check_number(self, "spread", self.spread, above=0)
        check_number(self, "box_weight", self.box_weight, at_least=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        classes = _classes(self, outputs)
        if targets.ndim != 3 or targets.shape[2] != 5 or targets.shape[0] != outputs.shape[0]:
            raise ShapeError(
                f"{type(self).__name__} got targets of shape {targets.shape} for outputs {outputs.shape}",
                remedy="give (batch, objects, 5): left, top, right, bottom, class number",
            )
        targets = targets.cast(outputs.dtype)
        nearness, nearest = self._assigned(targets, outputs.shape[1:3])
        objects = f.maximum((targets[..., 4] >= 0.0).cast(outputs.dtype).sum(1), 1.0)
        scores = self._focal(outputs[..., :classes], nearness, nearest[..., 4])
        boxes = self._boxes(outputs[..., classes:], nearness, nearest[..., :4])
        return (scores.sum((1, 2, 3)) + self.box_weight * boxes.sum((1, 2))) / objects

    def predict(self, outputs: Tensor) -> Tensor:
        """Probabilities and boxes in pixels, of the outputs' shape."""
        classes = _classes(self, outputs)
        boxes = self._corners(outputs[..., classes:])
        return f.concatenate([f.sigmoid(outputs[..., :classes]), boxes])

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for other shapes, boxes with left > right or top > bottom, and unknown classes."""
        name, shape = type(self).__name__, rows_of(outputs_shape)
        if len(outputs_shape) != 4 or outputs_shape[3] < 5:
            raise DataError(
                f"{name}: the network gives outputs of shape {shape}",
                remedy="it must give (rows, columns, classes + 4)",
            )
        if targets.ndim != 3 or targets.shape[2] != 5:
            raise DataError(
                f"{name}: targets have shape {targets.shape}",
                remedy="give (rows, objects, 5): left, top, right, bottom, class number",
            )
        check_finite(self, targets)
        classes, numbers = outputs_shape[3] - 4, targets[..., 4]
        wrong = np.argwhere((numbers != np.floor(numbers)) | (numbers < -1) | (numbers >= classes))
        if len(wrong):
            raise DataError(
                f"{name}: an object in row {wrong[0][0]} has class {numbers[tuple(wrong[0])]:g}, and the "
                f"network tells {classes} apart",
                remedy=f"number classes from 0 to {classes - 1}; -1 means no object",
            )
        turned = (targets[..., 0] > targets[..., 2]) | (targets[..., 1] > targets[..., 3])
        wrong = np.argwhere(turned & (numbers >= 0))
        if len(wrong):
            raise DataError(
                f"{name}: the box in row {wrong[0][0]} is {np.array2string(targets[tuple(wrong[0])][:4])}",
                remedy="boxes must be left, top, right, bottom, with left at most right, top at most bottom",
            )

    def _assigned(self, targets: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """The largest Gaussian at each place, (batch, rows, columns), and the target of its object."""
        batch, objects, _ = targets.shape
        present = (targets[..., 4:] >= 0.0).cast(targets.dtype)
        down = self._gaussians(targets, 1, size[0])
        right = self._gaussians(targets, 0, size[1]) * present
        gaussians = down[..., None] * right[:, :, None, :]  # (batch, objects, rows, columns)
        first = targets.trace.constant(np.arange(batch).reshape(-1, 1, 1) * objects, "int32")
        place = f.argmax(gaussians, 1) + first
        return gaussians.max(1), f.gather(targets.reshape(batch * objects, 5), place)

    def _gaussians(self, targets: Tensor, axis: int, length: int) -> Tensor:
        """The Gaussian of each object along an axis: (batch, objects, length)."""
        low, high = targets[..., axis : axis + 1], targets[..., axis + 2 : axis + 3]
        middle = f.floor((low + high) * (0.5 / self.stride))
        middle = f.minimum(f.maximum(middle, 0.0), float(length - 1))
        places = targets.trace.constant(np.arange(length).reshape(1, 1, -1), targets.dtype)
        away = (places - middle) / self._deviation(high - low)
        return f.exp(-0.5 * (away * away))

    def _deviation(self, side: Tensor) -> Tensor:
        """σ in places, for a side in pixels."""
        return side * (self.spread / (6 * self.stride)) + 1 / 6

    def _focal(self, logits: Tensor, nearness: Tensor, number: Tensor) -> Tensor:
        classes = logits.shape[-1]
        numbers = logits.trace.constant(np.arange(classes), logits.dtype)
        true = f.where(f.equal(number[..., None], numbers), nearness[..., None], 0.0)
        probability, other = f.sigmoid(logits), f.sigmoid(-logits)
        missed = other * other * f.softplus(-logits)
        false = (1.0 - true) ** 4 * (probability * probability * f.softplus(logits))
        return f.where(true >= 1.0, missed, false)

    def _boxes(self, distances: Tensor, nearness: Tensor, nearest: Tensor) -> Tensor:
        sides = nearest[..., 2:] - nearest[..., :2]
        deviation = self._deviation(sides)
        total = 2 * math.pi * (deviation[..., 0] * deviation[..., 1])
        weight = f.where(nearness > math.exp(-4.5), nearness, 0.0) / total
        return weight * generalized_overlap(self._corners(distances), nearest)

    def _corners(self, distances: Tensor) -> Tensor:
        """Left, top, right, bottom in pixels."""
        _, height, width, _ = distances.shape
        middles = np.stack(np.meshgrid(np.arange(width), np.arange(height)) * 2, -1) + 0.5
        middle = distances.trace.constant(middles[None] * self.stride, distances.dtype)
        sides = distances.trace.constant(np.array(_SIDES) * self.unit, distances.dtype)
        return middle + sides * f.exp(f.minimum(distances, _LARGEST))


def _classes(loss: Loss, outputs: Tensor) -> int:
    if outputs.ndim != 4 or outputs.shape[3] < 5:
        raise ShapeError(
            f"{type(loss).__name__} got outputs of shape {outputs.shape}",
            remedy="it needs (batch, rows, columns, classes + 4)",
        )
    return outputs.shape[3] - 4
