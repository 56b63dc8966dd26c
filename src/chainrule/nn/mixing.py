"""Mixing the examples of a batch in training, within the program: mixup and cutmix."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn.part import Part
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f

RandomBits = Callable[[Sequence[int]], Tensor]
_TABLE = 4096  # intervals of the tabulated distribution


@dataclass(frozen=True)
class Mixing(Part, ABC):
    """Mixes every example of a batch with a partner from the same batch.

    The partner of example i is example (i + shift) mod batch, with a random shift other than 0, since batches
    are in random order. The loss is share · loss(outputs, own targets) + (1 - share) · loss(outputs,
    partners' targets), as in the papers' own programs; for cross-entropies that is the loss of the mixed
    targets. Share and shift are drawn once for each batch. Prediction and validation do not mix.
    """

    @abstractmethod
    def __call__(self, x: Tensor, random_bits: RandomBits) -> tuple[Tensor, Tensor, Tensor]:
        """(mixed x, index of each example's partner (batch,), share of its own targets, a scalar).

        x: float (batch, ...). random_bits: shape -> random bits, uint32, drawn anew at every call.
        """


@dataclass(frozen=True)
class MixUp(Mixing):
    """x ← share · x + (1 - share) · partner, share drawn from Beta(alpha, alpha) (Zhang et al. 2018).

    alpha: above 0; the paper takes 0.1 to 0.4 for images.
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        check_number(self, "alpha", self.alpha, above=0)

    def __call__(self, x: Tensor, random_bits: RandomBits) -> tuple[Tensor, Tensor, Tensor]:
        partners = _partners(x, random_bits(()))
        share = _beta(self.alpha, _uniform(random_bits(()), x.dtype))
        return share * x + (1.0 - share) * f.gather(x, partners), partners, share


@dataclass(frozen=True)
class CutMix(Mixing):
    """x ← partner within a box of area 1 - share, x outside of it (Yun et al. 2019).

    Algorithm 1: the sides of the box are √(1 - λ) times those of the image, with λ drawn from
    Beta(alpha, alpha), and its middle is drawn anywhere. It is clipped to the image, and share is the area
    outside of it. alpha: above 0; the paper takes 1.
    x: (batch, height, width, channels), else ShapeError.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "alpha", self.alpha, above=0)

    def __call__(self, x: Tensor, random_bits: RandomBits) -> tuple[Tensor, Tensor, Tensor]:
        if x.ndim != 4:
            raise ShapeError(
                f"CutMix got x of shape {x.shape}", remedy="it needs images (batch, height, width, channels)"
            )
        partners = _partners(x, random_bits(()))
        side = f.sqrt(1.0 - _beta(self.alpha, _uniform(random_bits(()), x.dtype)))
        rows, height = _stretch(x.shape[1], side, _uniform(random_bits(()), x.dtype))
        columns, width = _stretch(x.shape[2], side, _uniform(random_bits(()), x.dtype))
        box = f.logical_and(rows.reshape(-1, 1, 1), columns.reshape(-1, 1))  # (height, width, 1)
        share = 1.0 - height * width / (x.shape[1] * x.shape[2])
        return f.where(box, f.gather(x, partners), x), partners, share


def _uniform(bits: Tensor, dtype: str) -> Tensor:
    """Uniform in [0, 1), multiples of 2⁻²⁴."""
    return bits.trace.record("shift_right", bits, bits.trace.constant(8, bits.dtype)).cast(dtype) * 2.0**-24


def _partners(x: Tensor, bits: Tensor) -> Tensor:
    """(i + shift) mod batch, shift from 1 to batch - 1; in a batch of one, the example itself."""
    if x.dtype not in FLOATS:
        raise DTypeError(f"a mixing got x of {x.dtype}", remedy="it mixes numbers: float32 or float64")
    batch = x.shape[0]
    shift = 1.0 + f.floor(_uniform(bits, x.dtype) * max(batch - 1, 1))
    place = x.trace.iota(batch) + shift.cast("int32")
    return f.where(place < batch, place, place - batch)


def _beta(alpha: float, uniform: Tensor) -> Tensor:
    """A draw from Beta(alpha, alpha) by the inverse of its distribution function, tabulated."""
    from scipy.special import betaincinv

    table = betaincinv(alpha, alpha, np.linspace(0, 1, _TABLE + 1)).astype(uniform.dtype)
    place = f.floor(uniform * _TABLE)
    index = place.cast("int32")
    entries = uniform.trace.constant(table, uniform.dtype)
    low, high = f.gather(entries, index), f.gather(entries, index + 1)
    return low + (high - low) * (uniform * _TABLE - place)


def _stretch(length: int, side: Tensor, middle: Tensor) -> tuple[Tensor, Tensor]:
    """(whether each position of an axis lies within the box: (length,), the number that do)."""
    half = side * (0.5 * length)
    low = f.maximum(f.floor(middle * length - half + 0.5), 0.0)
    high = f.minimum(f.floor(middle * length + half + 0.5), length)
    place = side.trace.iota(length).cast(side.dtype)
    return f.logical_and(place >= low, place < high), high - low
