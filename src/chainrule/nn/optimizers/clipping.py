"""Transforms that keep updates from being too large."""

from dataclasses import dataclass

from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform, dtype_of
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ClipByValue(Transform):
    """Each number is kept within ±limit. limit: above 0."""

    limit: float

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Clip every number by itself."""
        return {name: f.maximum(f.minimum(g, self.limit), -self.limit) for name, g in updates.items()}, {}


@dataclass(frozen=True)
class ClipByGlobalNorm(Transform):
    """All updates times limit / max(‖g‖, limit), ‖g‖ = √Σ g² over all parameters together.

    Pascanu, Mikolov and Bengio 2013: the direction stays, and the length is at most limit. limit: above 0.
    An update that is not finite makes all of them NaN, so that it is noticed.
    """

    limit: float

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Shrink all updates by one factor."""
        filled = [g.cast(dtype_of(updates)) for g in updates.values() if g.size]
        if not filled:
            return dict(updates), {}
        norm = _norm(filled)
        factor = self.limit / f.maximum(norm, self.limit)
        return {name: g * factor.cast(g.dtype) for name, g in updates.items()}, {}


def _norm(tensors: list[Tensor]) -> Tensor:
    """√Σ x² over all, of x divided by the largest: squares of exploding gradients would overflow float32."""
    largest, *others = [abs(x).max() for x in tensors]
    for other in others:
        largest = f.maximum(largest, other)
    scale = f.where(f.equal(largest, 0.0), 1.0, largest)
    first, *rest = [f.dot(x, x) for x in [x / scale for x in tensors]]
    for term in rest:
        first = first + term
    return scale * f.sqrt(first)
