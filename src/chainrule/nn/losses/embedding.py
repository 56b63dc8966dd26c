"""Losses of embeddings: those of similar examples are pulled together, others pushed apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.losses.loss import Loss, check_finite, check_labels, rows_of
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f

_ALIKE = "targets must be 1 for a pair that is alike and 0 for one that is not"


@dataclass(frozen=True)
class CosineEmbedding(Loss):
    """l = 1 - cos(a, b) for a similar pair, else max(0, cos(a, b) - margin).

    PyTorch's CosineEmbeddingLoss, where the target of a dissimilar pair is -1. The cosine with a vector of
    zeros is 0. margin: at least -1 and below 1.
    outputs: (batch, 2, features), two embeddings per example. targets: (batch,), 1 if similar, else 0.
    """

    metrics: ClassVar[tuple[str, ...]] = ()

    margin: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, at_least=-1, below=1)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        a, b, alike = _pairs(self, outputs, targets)
        lengths = _length(a) * _length(b)
        zero = f.equal(lengths, 0.0)
        cosine = f.where(zero, 0.0, (a * b).sum(-1) / f.where(zero, 1.0, lengths))
        return alike * (1.0 - cosine) + (1.0 - alike) * f.relu(cosine - self.margin)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is neither 0 nor 1."""
        _check_pairs(self, outputs_shape, targets)


@dataclass(frozen=True)
class Contrastive(Loss):
    """l = ½ d² for a similar pair, else ½ max(0, margin - d)², d = ‖a - b‖.

    Hadsell, Chopra and LeCun 2006, equation 4, where the label of a similar pair is 0. margin: above 0.
    outputs: (batch, 2, features), two embeddings per example. targets: (batch,), 1 if similar, else 0.
    """

    metrics: ClassVar[tuple[str, ...]] = ()

    margin: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        a, b, alike = _pairs(self, outputs, targets)
        distance = _length(a - b)
        short = f.relu(self.margin - distance)
        return 0.5 * (alike * distance * distance + (1.0 - alike) * short * short)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError where a target is neither 0 nor 1."""
        _check_pairs(self, outputs_shape, targets)


@dataclass(frozen=True)
class Triplet(Loss):
    """l = max(0, margin + d(a, p) - d(a, n)), d the distance of embeddings (Schroff et al. 2015).

    Every example of a batch is an anchor a. p is the farthest example of its class in the batch, n the
    nearest one of another class ('batch hard', Hermans, Beyer and Leibe 2017). An anchor without p or n has
    loss 0, so a batch should hold several examples of several classes. margin: above 0.
    outputs: (batch, features). targets: class numbers (batch,), within int32. Memory grows as
    batch² · features.
    """

    metrics: ClassVar[tuple[str, ...]] = ()

    margin: float = 0.2

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim != 2 or targets.shape != outputs.shape[:1]:
            raise ShapeError(
                f"Triplet got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
                remedy="it needs (batch, features) and class numbers of shape (batch,)",
            )
        if targets.dtype in FLOATS:
            raise DTypeError(
                f"Triplet got class numbers of {targets.dtype}", remedy="cast them to int32 or int64"
            )
        batch = outputs.shape[0]
        if batch < 2:
            return 0.0 * outputs.sum(1)
        distance = _length(outputs[:, None, :] - outputs[None, :, :])  # (batch, batch)
        numbers = targets.cast("int32") if targets.dtype == "int64" else targets  # compared in every executor
        same = f.equal(numbers.reshape(batch, 1), numbers.reshape(1, batch))
        partners = same.cast(outputs.dtype).sum(1)
        has_both = f.logical_and(partners > 1.0, partners < float(batch))
        farthest = f.where(same, distance, 0.0).max(1)
        nearest = f.where(same, float("inf"), distance).min(1)
        short = self.margin + farthest - f.where(has_both, nearest, 0.0)
        return f.where(has_both, f.relu(short), 0.0)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the targets are class numbers within int32."""
        _check_class_numbers(self, outputs_shape, targets)
        limits = np.iinfo(np.int32)
        if targets.size and not limits.min <= targets.min() <= targets.max() <= limits.max:
            raise DataError(
                f"Triplet: class numbers reach from {targets.min()} to {targets.max()}",
                remedy="number the classes from 0",
            )


@dataclass(frozen=True)
class LargeMarginCosine(Loss):
    """l = -log softmax(scale · (cos θ_c - margin · [c = t]))_t, over the classes c.

    CosFace (Wang et al. 2018, arXiv:1801.09414, equation 4): cos θ_c is the cosine between an embedding and
    the direction of class c; that of the true class t should exceed the others by the margin.
    margin: at least 0 and below 2. scale: above 0.
    outputs: the cosines, (batch, classes). targets: class numbers (batch,).
    """

    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    margin: float = 0.35
    scale: float = 30.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, at_least=0, below=2)
        check_number(self, "scale", self.scale, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if outputs.ndim != 2 or targets.shape != outputs.shape[:1]:
            shapes = f"outputs of shape {outputs.shape} and targets of shape {targets.shape}"
            raise ShapeError(
                f"LargeMarginCosine got {shapes}",
                remedy="it needs cosines (batch, classes) and class numbers of shape (batch,)",
            )
        if targets.dtype in FLOATS:
            raise DTypeError(
                f"LargeMarginCosine got class numbers of {targets.dtype}",
                remedy="cast them to int32 or int64",
            )
        own = f.one_hot(targets, outputs.shape[1], outputs.dtype)
        return f.softmax_cross_entropy(self.scale * (outputs - self.margin * own), own)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the targets are numbers of the classes."""
        _check_class_numbers(self, outputs_shape, targets)
        wrong = np.flatnonzero((targets < 0) | (targets >= outputs_shape[1]))
        if len(wrong):
            raise DataError(
                f"LargeMarginCosine: the target in row {wrong[0]} is {targets[wrong[0]]}",
                remedy=f"number the classes from 0 to {outputs_shape[1] - 1}",
            )


def _check_class_numbers(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    name = type(loss).__name__
    if len(outputs_shape) != 2 or targets.ndim != 1:
        raise DataError(
            f"{name}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
            remedy="make the outputs (rows, features) and the targets class numbers of shape (rows,)",
        )
    check_finite(loss, targets)
    if targets.dtype.kind == "f":
        raise DataError(f"{name}: class numbers are {targets.dtype}", remedy="cast them to int64")


def _length(x: Tensor) -> Tensor:
    """√Σ x² along the last axis; its derivative at 0 is 0."""
    square = (x * x).sum(-1)
    zero = f.equal(square, 0.0)
    return f.where(zero, 0.0, f.sqrt(f.where(zero, 1.0, square)))


def _pairs(loss: Loss, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Both embeddings, (batch, features) each, and the targets, 1 for similar pairs, else 0, (batch,)."""
    if outputs.ndim != 3 or outputs.shape[1] != 2 or targets.shape != outputs.shape[:1]:
        name = type(loss).__name__
        raise ShapeError(
            f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
            remedy="it needs pairs of shape (batch, 2, features) and labels of shape (batch,)",
        )
    return outputs[:, 0], outputs[:, 1], targets.cast(outputs.dtype)


def _check_pairs(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    if len(outputs_shape) != 3 or outputs_shape[1] != 2 or targets.ndim != 1:
        raise DataError(
            f"{type(loss).__name__}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
            remedy="make the outputs pairs, (rows, 2, features), and the targets labels of shape (rows,)",
        )
    check_finite(loss, targets)
    check_labels(loss, targets, _ALIKE)
