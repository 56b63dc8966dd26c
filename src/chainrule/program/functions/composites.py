"""Composites of deep networks: softmax, logsumexp, layer and batch normalization."""

from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations import normalize_axis
from chainrule.program.tracing import Tensor


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """e^x / Σ e^x along an axis; the largest is subtracted first, so that nothing overflows."""
    with x.trace.naming_the_layer():
        axis = normalize_axis("softmax", axis, x.ndim)
    return x.trace.record("softmax", x, axis=axis)


def logsumexp(x: Tensor, axis: int = -1, *, keepdims: bool = False) -> Tensor:
    """ln Σ e^x along an axis, without overflow; -inf where all are -inf."""
    with x.trace.naming_the_layer():
        axis = normalize_axis("logsumexp", axis, x.ndim)
    return x.trace.record("logsumexp", x, axis=axis, keepdims=keepdims)


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, *, epsilon: float = 1e-5) -> Tensor:
    """(x - mean) / √(variance + epsilon) · scale + shift over the last axis (Ba, Kiros and Hinton 2016).

    x: (..., features). scale, shift: (features,). The variance divides by n, not by n - 1.
    Raises ShapeError if the shapes differ or epsilon is negative.
    """
    return x.trace.record("layer_norm", x, scale, shift, epsilon=epsilon)


def batch_norm(
    x: Tensor, scale: Tensor, shift: Tensor, *, axes: Sequence[int] | None = None, epsilon: float = 1e-5
) -> Tensor:
    """(x - mean) / √(variance + epsilon) · scale + shift by batch statistics (Ioffe and Szegedy 2015).

    x: (batch, ..., channels). axes: of which mean and variance are computed, all but the last if None. scale,
    shift: of the shape of the other axes, such as (channels,). The variance divides by n, not by n - 1;
    `moments` gives mean and variance, such as for running averages.
    Raises ShapeError if the shapes differ, an axis is missing or named twice, or epsilon is negative.
    """
    with x.trace.naming_the_layer():
        listed = range(x.ndim - 1) if axes is None else axes
        over = tuple(sorted(normalize_axis("batch_norm", axis, x.ndim) for axis in listed))
        if len(set(over)) != len(over):
            raise ShapeError(f"batch_norm got axes {over}, which name an axis twice")
    return x.trace.record("batch_norm", x, scale, shift, axes=over, epsilon=epsilon)


def moments(x: Tensor, axes: int | Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
    """Mean and variance (divided by n) over axes, all if None."""
    with x.trace.naming_the_layer():
        listed = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
        over = {normalize_axis("moments", axis, x.ndim) for axis in listed}
    left = [length for axis, length in enumerate(x.shape) if axis not in over]
    # With the steps of batch_norm's expansion, so that an executor that shares steps computes them once.
    mean = x.mean(axes, keepdims=True)
    centred = x - mean
    variance = (centred * centred).mean(axes, keepdims=True)
    return mean.reshape(*left), variance.reshape(*left)
