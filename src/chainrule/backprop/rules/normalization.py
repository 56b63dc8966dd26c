"""Derivatives of softmax, logsumexp, layer and batch normalization."""

import math
from collections.abc import Mapping

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.program.composites.normalization import beside, normalization_adjoint, standardize


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
    """As for batch_norm; the reverse pass sums the derivative by the shift over the rows."""
    x, scale, _ = step.inputs
    names = ("layer_norm_adjoint", "layer_norm_scale_adjoint")
    return *(x.trace.record(name, x, scale, d_y, **step.attributes) for name in names), d_y


def layer_norm_adjoint(step: RecordedStep, d: Tensor) -> Adjoints:
    """The adjoint is linear in g = scale · d_y and symmetric; of x it has x̂ and 1/σ.

    With r = 1/σ and m the mean over a row, Σ d adjoint(g) = n r (m(d g) - m(d) m(g) - m(d x̂) m(g x̂)); dr/dx
    is -r² x̂ / n.
    """
    x, scale, d_y = step.inputs
    axes = (x.ndim - 1,)
    standardized, inverse = standardize(x, axes, step.attributes["epsilon"])
    g = scale * d_y

    def mean(of: Tensor) -> Tensor:
        return of.mean(axes, keepdims=True)

    d_g = normalization_adjoint(d, standardized, inverse, axes)
    of_d, of_g = mean(d * standardized), mean(g * standardized)
    by_standardized = -(d * of_g + g * of_d) * inverse
    left = mean(d * g) - mean(d) * mean(g) - of_d * of_g
    by_inverse = standardized * left * -(inverse * inverse)
    d_x = normalization_adjoint(by_standardized, standardized, inverse, axes) + by_inverse
    return d_x, d_g * d_y, d_g * scale


def layer_norm_scale_adjoint(step: RecordedStep, d: Tensor) -> Adjoints:
    """Through x̂ of Σ d_y x̂; the scale plays no part in it."""
    x, scale, d_y = step.inputs
    axes = (x.ndim - 1,)
    standardized, inverse = standardize(x, axes, step.attributes["epsilon"])
    return normalization_adjoint(d_y * d, standardized, inverse, axes), f.zeros_like(scale), standardized * d


def batch_norm(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Through x, its mean and its variance at once (Ioffe and Szegedy 2015, section 3).

    As a channel has one scale, the means over d_y · scale that d_x needs are those of the other two
    derivatives: d_x = (d_y - Σ d_y / n - x̂ Σ (d_y x̂) / n) · scale / σ.
    """
    (x, scale, _), axes = step.inputs, step.attributes["axes"]
    standardized, inverse = standardize(x, axes, step.attributes["epsilon"])
    d_scale, d_shift = (d_y * standardized).sum(axes), d_y.sum(axes)
    share = 1.0 / max(math.prod(x.shape[axis] for axis in axes), 1)
    mean, along = (beside(each * share, x, axes) for each in (d_shift, d_scale))
    d_x = (d_y - mean - standardized * along) * (inverse * beside(scale, x, axes))
    return d_x, d_scale, d_shift


NORMALIZATION: Mapping[str, Rule] = {
    "softmax": softmax,
    "logsumexp": logsumexp,
    "layer_norm": layer_norm,
    "layer_norm_adjoint": layer_norm_adjoint,
    "layer_norm_scale_adjoint": layer_norm_scale_adjoint,
    "batch_norm": batch_norm,
}
