"""Transforms that limit the size of updates."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from chainrule.nn.optimizers.transform import Recorded, Tensors, Transform, dtype_of
from chainrule.nn.regularizers import matching
from chainrule.nn.settings import check_number, check_text
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class ClipByValue(Transform):
    """g ← max(-limit, min(g, limit)), elementwise. limit: above 0."""

    limit: float

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)

    def acts_by_rows(self, name: str) -> bool:
        """True: on every number by itself."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Clip every element."""
        return {name: f.maximum(f.minimum(g, self.limit), -self.limit) for name, g in updates.items()}, {}


@dataclass(frozen=True)
class ClipByGlobalNorm(Transform):
    """g ← g · limit / max(‖g‖, limit), ‖g‖ = √Σ g² over all parameters together.

    Pascanu, Mikolov and Bengio 2013: the direction is kept, and the length is at most limit. limit: above 0.
    If any update is not finite, all become NaN, so that training notices.
    """

    limit: float

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)

    def acts_by_rows(self, name: str) -> bool:
        """True: rows without a gradient add nothing to the norm."""
        return True

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Multiply all updates by one factor."""
        norm = global_norm(updates)
        if norm is None:
            return dict(updates), {}
        factor = self.limit / f.maximum(norm, self.limit)
        return {name: g * factor.cast(g.dtype) for name, g in updates.items()}, {}


@dataclass(frozen=True)
class AdaptiveClip(Transform):
    """G ← G · limit max(‖W‖, ε) / ‖G‖ if ‖G‖ > limit max(‖W‖, ε), for each unit.

    Adaptive gradient clipping (Brock et al. 2021, equation 3): W and G are the weights and the gradient of
    one unit. A kernel (..., inputs, outputs) has a unit per output; a vector or a scalar is one unit. The
    paper leaves out the last layer. limit: the paper's λ, above 0. epsilon: ε, above 0, for weights that
    start at 0.
    on: which parameters, a shell pattern on names.
    """

    limit: float = 0.01
    epsilon: float = 1e-3
    on: str = "*"

    def __post_init__(self) -> None:
        check_number(self, "limit", self.limit, above=0)
        check_number(self, "epsilon", self.epsilon, above=0)
        check_text(self, "on", self.on)

    def acts_by_rows(self, name: str) -> bool:
        """Whether it leaves the parameter alone, since units are columns."""
        return not fnmatchcase(name, self.on)

    def update(self, updates: Tensors, state: Tensors, parameters: Tensors) -> Recorded:
        """Shorten the gradients of units that are longer than the limit."""
        clipped = dict(updates)
        for name, g in matching(self.on, updates).items():
            longest = self.limit * f.maximum(unit_norm(parameters[name]), self.epsilon)
            clipped[name] = g * (longest / f.maximum(unit_norm(g), longest))
        return clipped, {}


def unit_norm(x: Tensor) -> Tensor:
    """√Σ x² of each unit: over all axes but the last, which keep length 1; of a vector over its only axis.

    x is divided by its largest element before it is squared, as in `global_norm`.
    """
    axes = range(max(x.ndim - 1, 1)) if x.ndim else ()
    if not x.size:
        return (x * x).sum(axes, keepdims=True)
    scale = _or_1(abs(x).max(axes, keepdims=True))
    scaled = x / scale
    return scale * f.sqrt((scaled * scaled).sum(axes, keepdims=True))


def global_norm(updates: Tensors) -> Tensor | None:
    """√Σ x² over all elements of all tensors, in the dtype of the first; None for no tensors."""
    filled = [g.cast(dtype_of(updates)) for g in updates.values() if g.size]
    return _norm(filled) if filled else None


def _norm(tensors: list[Tensor]) -> Tensor:
    """√Σ x², with x divided by its largest element: squares of exploding gradients overflow float32."""
    largest, *others = [abs(x).max() for x in tensors]
    for other in others:
        largest = f.maximum(largest, other)
    scale = _or_1(largest)
    first, *rest = [f.dot(x, x) for x in [x / scale for x in tensors]]
    for term in rest:
        first = first + term
    return scale * f.sqrt(first)


def _or_1(largest: Tensor) -> Tensor:
    """`largest`, or 1 where it is 0, to divide by."""
    return f.where(f.equal(largest, 0.0), 1.0, largest)
