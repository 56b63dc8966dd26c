"""Losses of directions: the cosines of embeddings with each other, and with directions of classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import DataError, DTypeError, ShapeError
from chainrule.nn.losses.classification import check_classes
from chainrule.nn.losses.loss import Loss, check_finite, check_same_shape, matched, rows_of
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f

_LEAST = 1e-12  # below any squared length or sine that counts


@dataclass(frozen=True)
class CosineSimilarity(Loss):
    """l = 1 - mean cos(y, t) along the last axis, of the outputs and the targets as directions.

    Keras's is less by 1. The cosine with a vector of zeros is 0.
    outputs: (batch, ..., features). targets: of the outputs' shape.
    """

    metrics: ClassVar[tuple[str, ...]] = ()
    equation: ClassVar[str] = "E = 1 − cos(y, t)"

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        t = matched(self, outputs, targets)
        if outputs.ndim < 2:
            raise ShapeError(
                f"{type(self).__name__} got outputs of shape {outputs.shape}",
                remedy="it needs (batch, ..., features)",
            )
        cosine = (_unit(outputs) * _unit(t)).sum(-1)
        return 1.0 - (cosine if cosine.ndim == 1 else cosine.mean(range(1, cosine.ndim)))

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError for targets of another shape."""
        check_same_shape(self, outputs_shape, targets)
        check_finite(self, targets)


@dataclass(frozen=True)
class AngularMargin(Loss):
    """l = -log softmax(scale · cos(θ_c + margin · [c = t]))_t, over the classes c (ArcFace).

    Deng et al. 2019, equation 3: θ_c is the angle between an embedding and the direction of class c; that of
    the true class t shall be smaller than the others by the margin. Where θ + margin exceeds π, the cosine
    goes on as cos θ - margin · sin margin, as in the authors' code, so that it falls throughout.
    margin: in radians, at least 0 and below π / 2. scale: above 0.
    outputs: the cosines, (batch, classes). targets: class numbers (batch,).
    """

    metrics: ClassVar[tuple[str, ...]] = ("accuracy",)

    margin: float = 0.5
    scale: float = 64.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, at_least=0, below=math.pi / 2)
        check_number(self, "scale", self.scale, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        numbers = _class_numbers(self, outputs, targets, "cosines (batch, classes)")
        own = f.one_hot(numbers, outputs.shape[1], outputs.dtype)
        sine = f.sqrt(f.maximum(1.0 - outputs * outputs, 1e-6))
        moved = outputs * math.cos(self.margin) - sine * math.sin(self.margin)
        beyond = outputs - self.margin * math.sin(self.margin)
        with_margin = f.where(outputs > -math.cos(self.margin), moved, beyond)
        return f.softmax_cross_entropy(self.scale * f.where(own > 0.0, with_margin, outputs), own)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the targets are numbers of the classes."""
        if len(outputs_shape) != 2 or targets.ndim != 1:
            raise DataError(
                f"AngularMargin: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
                remedy="make the outputs cosines (rows, classes) and the targets class numbers (rows,)",
            )
        check_classes(self, outputs_shape, targets)


@dataclass(frozen=True)
class NTXent(Loss):
    """l = mean over partners p of -log(exp(cos(a, p) / τ) / Σ exp(cos(a, b) / τ)), the sum over all b but a.

    Normalized temperature-scaled cross-entropy of embeddings: with two views of each example in a batch that
    of SimCLR (Chen et al. 2020, equation 1); with classes the supervised contrastive loss (Khosla et al.
    2020, equation 2). An embedding without a partner has loss 0.
    temperature: τ, above 0.
    outputs: (batch, features). targets: numbers (batch,), within int32, equal for partners: of the example
    that each is a view of, or of its class. Memory grows as batch².
    """

    metrics: ClassVar[tuple[str, ...]] = ()

    temperature: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "temperature", self.temperature, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        cosines, partner, other = _compared(self, outputs, targets)
        batch = outputs.shape[0]
        if batch < 2:
            return 0.0 * outputs.sum(1)
        z = cosines * (1 / self.temperature)
        logs = z - f.logsumexp(f.where(other, z, -1e30)).reshape(batch, 1)
        share = partner.cast(outputs.dtype)
        return -(share * logs).sum(1) / f.maximum(share.sum(1), 1.0)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the targets are whole numbers within int32."""
        _check_numbers(self, outputs_shape, targets)


@dataclass(frozen=True)
class Circle(Loss):
    """l = softplus(logΣexp γ α_n (cos n - m) + logΣexp -γ α_p (cos p - 1 + m)), over partners p and others n.

    Sun et al. 2020, equation 6, with α_p = max(0, 1 + m - cos p) and α_n = max(0, cos n + m), which the
    derivative takes as constants, as in the paper. An embedding without partner or without others has loss 0.
    margin: m, above 0 and below 1. scale: γ, above 0.
    outputs: (batch, features). targets: class numbers (batch,), within int32. Memory grows as batch².
    """

    metrics: ClassVar[tuple[str, ...]] = ()

    margin: float = 0.25
    scale: float = 256.0

    def __post_init__(self) -> None:
        check_number(self, "margin", self.margin, above=0, below=1)
        check_number(self, "scale", self.scale, above=0)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        cosines, partner, other = _compared(self, outputs, targets)
        batch = outputs.shape[0]
        if batch < 2:
            return 0.0 * outputs.sum(1)
        stranger = f.logical_and(other, f.logical_not(partner))
        constant = f.stop_gradient(cosines)
        towards = f.relu(1.0 + self.margin - constant) * (1.0 - self.margin - cosines)
        away = f.relu(constant + self.margin) * (cosines - self.margin)
        total = sum(
            (
                f.logsumexp(f.where(chosen, self.scale * z, -1e30))
                for chosen, z in ((partner, towards), (stranger, away))
            ),
            start=0.0,
        )
        assert isinstance(total, Tensor)
        counts = [chosen.cast(outputs.dtype).sum(1) > 0.0 for chosen in (partner, stranger)]
        has_both = f.logical_and(*counts)
        return f.where(has_both, f.softplus(f.where(has_both, total, 0.0)), 0.0)

    def check(self, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
        """Raises DataError unless the targets are class numbers within int32."""
        _check_numbers(self, outputs_shape, targets)


def _unit(x: Tensor) -> Tensor:
    """x / ‖x‖ along the last axis, 0 for 0; where it is shorter than √1e-12, it stays shorter than 1."""
    square = (x * x).sum(-1, keepdims=True)
    return x / f.sqrt(f.maximum(square, _LEAST))


def _compared(loss: Loss, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cosines of all with all; who are partners; who are two: (batch, batch) each."""
    numbers = _class_numbers(loss, outputs, targets, "(batch, features)").cast("int32")
    batch = outputs.shape[0]
    unit = _unit(outputs)
    places = outputs.trace.iota(batch)
    other = f.not_equal(places.reshape(batch, 1), places.reshape(1, batch))
    same = f.equal(numbers.reshape(batch, 1), numbers.reshape(1, batch))
    return unit @ unit.transpose(), f.logical_and(same, other), other


def _class_numbers(loss: Loss, outputs: Tensor, targets: Tensor, needed: str) -> Tensor:
    name = type(loss).__name__
    if outputs.ndim != 2 or targets.shape != outputs.shape[:1]:
        raise ShapeError(
            f"{name} got outputs of shape {outputs.shape} and targets of shape {targets.shape}",
            remedy=f"it needs {needed} and class numbers of shape (batch,)",
        )
    if targets.dtype in FLOATS:
        raise DTypeError(f"{name} got class numbers of {targets.dtype}", remedy="cast them to int32 or int64")
    return targets if targets.dtype in ("int32", "int64") else targets.cast("int32")


def _check_numbers(loss: Loss, outputs_shape: Sequence[int], targets: np.ndarray) -> None:
    name = type(loss).__name__
    if len(outputs_shape) != 2 or targets.ndim != 1:
        raise DataError(
            f"{name}: targets have shape {targets.shape}, outputs {rows_of(outputs_shape)}",
            remedy="make the outputs (rows, features) and the targets class numbers of shape (rows,)",
        )
    check_finite(loss, targets)
    if targets.dtype.kind == "f":
        raise DataError(f"{name}: class numbers are {targets.dtype}", remedy="cast them to int64")
    limits = np.iinfo(np.int32)
    if targets.size and not limits.min <= targets.min() <= targets.max() <= limits.max:
        raise DataError(
            f"{name}: class numbers reach from {targets.min()} to {targets.max()}",
            remedy="number the classes from 0",
        )
