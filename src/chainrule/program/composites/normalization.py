"""The expansions of softmax, logsumexp, layer and batch normalization."""

from collections.abc import Sequence

from chainrule.program.functions import equal, exp, log, sqrt, stop_gradient, where
from chainrule.program.tracing import Tensor


def softmax(x: Tensor, axis: int) -> Tensor:
    """Computed of x minus its largest element, so that nothing overflows."""
    shifted = exp(x - stop_gradient(x.max(axis, keepdims=True)))
    return shifted / shifted.sum(axis, keepdims=True)


def logsumexp(x: Tensor, axis: int, keepdims: bool) -> Tensor:
    """Computed of x minus its largest element, or of x itself where all are -inf, with the sum 0."""
    largest = stop_gradient(x.max(axis, keepdims=True))
    largest = where(equal(largest, -float("inf")), 0.0, largest)
    total = log(exp(x - largest).sum(axis, keepdims=True)) + largest
    return total if keepdims else total.reshape(*x.shape[:axis], *x.shape[axis + 1 :])


def standardize(x: Tensor, axes: Sequence[int], epsilon: float) -> tuple[Tensor, Tensor]:
    """(x - mean) / σ over axes, and 1/σ with these axes of length 1; σ² is the mean square plus epsilon."""
    centred = x - x.mean(axes, keepdims=True)
    inverse = 1.0 / sqrt((centred * centred).mean(axes, keepdims=True) + epsilon)
    return centred * inverse, inverse


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
    """Each row by itself, then scaled and shifted."""
    return standardize(x, (x.ndim - 1,), epsilon)[0] * scale + shift


def normalization_adjoint(d: Tensor, standardized: Tensor, inverse: Tensor, axes: Sequence[int]) -> Tensor:
    """(d - mean d - x̂ mean(d x̂)) / σ, with d the derivative by x̂ = (x - mean) / σ."""
    along = standardized * (d * standardized).mean(axes, keepdims=True)
    return (d - d.mean(axes, keepdims=True) - along) * inverse


def layer_norm_adjoint(x: Tensor, scale: Tensor, d_y: Tensor, epsilon: float) -> Tensor:
    """Through each row, its mean and its variance at once."""
    axes = (x.ndim - 1,)
    standardized, inverse = standardize(x, axes, epsilon)
    return normalization_adjoint(d_y * scale, standardized, inverse, axes)


def layer_norm_scale_adjoint(x: Tensor, scale: Tensor, d_y: Tensor, epsilon: float) -> Tensor:
    """The scale itself plays no part; it is there so that an executor may make both adjoints at once."""
    standardized, _ = standardize(x, (x.ndim - 1,), epsilon)
    return (d_y * standardized).sum(tuple(range(x.ndim - 1)))


def batch_norm(x: Tensor, scale: Tensor, shift: Tensor, axes: Sequence[int], epsilon: float) -> Tensor:
    """Each channel by itself, then scaled and shifted."""
    standardized, _ = standardize(x, axes, epsilon)
    return standardized * beside(scale, x, axes) + beside(shift, x, axes)


def beside(channels: Tensor, x: Tensor, axes: Sequence[int]) -> Tensor:
    """What has the axes of x other than `axes`, with those as length 1."""
    return channels.reshape(*(1 if axis in axes else n for axis, n in enumerate(x.shape)))
