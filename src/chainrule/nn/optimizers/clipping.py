"""Transforms that keep updates from being too large."""

from dataclasses import dataclass

from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform, dtype_of
from chainrule.nn.regularizers import matching
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ClipByValue(Transform):
    """g ← max(-limit, min(g, limit)), each number by itself. limit: above 0."""

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
        norm = global_norm(updates)
        if norm is None:
            return dict(updates), {}
        factor = self.limit / f.maximum(norm, self.limit)
        return {name: g * factor.cast(g.dtype) for name, g in updates.items()}, {}


@dataclass(frozen=True)
class AdaptiveClip(Transform):
    """G ← G · limit max(‖W‖, ε) / ‖G‖ where ‖G‖ is larger than limit max(‖W‖, ε), unit by unit.

    Adaptive gradient clipping (Brock et al. 2021, equation 3): ‖W‖ and ‖G‖ are the lengths of the weights and
    of the gradient that belong to one unit. A kernel (..., inputs, outputs) has a unit an output; a vector or
    a number is one unit. The paper leaves the last layer out. limit: λ, above 0. epsilon: ε, above 0, for
    weights that start at 0. on: which parameters, a shell pattern on names.
    """

    limit: float = 0.01
    epsilon: float = 1e-3
    on: str = "*"

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)
        check_number(self, "epsilon", self.epsilon, above=0)
        check_text(self, "on", self.on)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Shrink the gradients of units that would change too much."""
        clipped = dict(updates)
        for name, g in matching(self.on, updates).items():
            longest = self.limit * f.maximum(unit_norm(parameters[name]), self.epsilon)
            clipped[name] = g * (longest / f.maximum(unit_norm(g), longest))
        return clipped, {}


def unit_norm(x: Tensor) -> Tensor:
    """√Σ x² over the inputs of each unit, which keep their axes: all but the last; of a vector, all.

    Divided by the largest while it is squared, as in `global_norm`.
    """
    axes = range(max(x.ndim - 1, 1)) if x.ndim else ()
    if not x.size:
        return (x * x).sum(axes, keepdims=True)
    scale = _or_1(abs(x).max(axes, keepdims=True))
    scaled = x / scale
    return scale * f.sqrt((scaled * scaled).sum(axes, keepdims=True))


def global_norm(updates: Tensors) -> Tensor | None:
    """√Σ x² over all numbers of all tensors, in the dtype of the first; None where there are none."""
    filled = [g.cast(dtype_of(updates)) for g in updates.values() if g.size]
    return _norm(filled) if filled else None


def _norm(tensors: list[Tensor]) -> Tensor:
    """√Σ x² over all, of x divided by the largest: squares of exploding gradients would overflow float32."""
    largest, *others = [abs(x).max() for x in tensors]
    for other in others:
        largest = f.maximum(largest, other)
    scale = _or_1(largest)
    first, *rest = [f.dot(x, x) for x in [x / scale for x in tensors]]
    for term in rest:
        first = first + term
    return scale * f.sqrt(first)


def _or_1(largest: Tensor) -> Tensor:
    """What to divide by: 1 where all is 0."""
    return f.where(f.equal(largest, 0.0), 1.0, largest)
