"""Parameters by name as one vector: products and sums."""

from collections.abc import Mapping

from chainrule.nn.optimizers.transform import Tensors, dtype_of
from chainrule.program import Tensor
from chainrule.program import functions as f


def dot(xs: Tensors, ys: Mapping[str, Tensor]) -> Tensor:
    """Σ x · y over all numbers of all tensors, in the dtype of the first."""
    first, *others = [f.dot(x, ys[name]).cast(dtype_of(xs)) for name, x in xs.items()]
    return sum(others, first)


def added(xs: Tensors, factor: Tensor, ys: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """X + factor · y."""
    return {name: x + factor.cast(x.dtype) * ys[name] for name, x in xs.items()}
