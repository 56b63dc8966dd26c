"""Derivatives of softmax, logsumexp, layer and batch normalization."""

from collections.abc import Sequence

from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.normalization import beside, standardize

Adjoints = tuple[Tensor | None, ...]


def softmax(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_x = y (d - Σ d y), from the saved output."""
    y = step.output
    return (y * (d_y - (d_y * y).sum(step.attributes["axis"], keepdims=True)),)


def logsumexp(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d ln Σ eˣ/dx = e^(x - y), the softmax; 0 where all are -inf."""
    (x,), axis = step.inputs, step.attributes["axis"]
    kept = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    y = step.output.reshape(*kept)
    y = f.where(f.equal(y, -float("inf")), 0.0, y)
    return (d_y.reshape(*kept) * f.exp(x - y),)


def layer_norm(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """As for batch_norm; the reverse pass sums the derivatives by scale and shift over the rows."""
    x, scale, _ = step.inputs
    axes = (x.ndim - 1,)
    standardized, inverse = standardize(x, axes, step.attributes["epsilon"])
    return _by_x(d_y * scale, standardized, inverse, axes), d_y * standardized, d_y


def batch_norm(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Through x, its mean and its variance at once (Ioffe and Szegedy 2015, section 3)."""
    (x, scale, _), axes = step.inputs, step.attributes["axes"]
    standardized, inverse = standardize(x, axes, step.attributes["epsilon"])
    d_x = _by_x(d_y * beside(scale, x, axes), standardized, inverse, axes)
    return d_x, (d_y * standardized).sum(axes), d_y.sum(axes)


def _by_x(d: Tensor, standardized: Tensor, inverse: Tensor, axes: Sequence[int]) -> Tensor:
    """(d - mean d - x̂ mean(d x̂)) / σ, with d the derivative by x̂ = (x - mean) / σ."""
    along = standardized * (d * standardized).mean(axes, keepdims=True)
    return (d - d.mean(axes, keepdims=True) - along) * inverse
