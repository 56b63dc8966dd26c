"""Composites of deep networks: softmax, logsumexp, layer and batch normalization."""

from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import (
    Attributes,
    Inferred,
    Operation,
    need,
    same_dtype,
)
from chainrule.program.value import FLOATS, Value


def _softmax(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,) = inputs
    need("softmax", x, FLOATS)
    if x.shape[attributes["axis"]] == 0:
        raise ShapeError(f"softmax got x of shape {x.shape}; axis {attributes['axis']} needs an element")
    return x.shape, x.dtype


def _logsumexp(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    (x,), axis = inputs, attributes["axis"]
    need("logsumexp", x, FLOATS)
    if x.shape[axis] == 0:
        raise ShapeError(f"logsumexp got x of shape {x.shape}; axis {axis} needs an element")
    kept = (1,) if attributes["keepdims"] else ()
    return (*x.shape[:axis], *kept, *x.shape[axis + 1 :]), x.dtype


def _need_scale_and_shift(name: str, inputs: Sequence[Value], needed: tuple[int, ...], epsilon: float) -> str:
    x, scale, shift = inputs
    need(name, x, FLOATS)
    if scale.shape != needed or shift.shape != needed:
        raise ShapeError(
            f"{name} got x of shape {x.shape}, scale {scale.shape} and shift {shift.shape}; scale and shift "
            f"must be {needed}"
        )
    if epsilon < 0:
        raise ShapeError(f"{name} got epsilon {epsilon}; it must be at least 0")
    return same_dtype(name, inputs)


def _layer_norm(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x = inputs[0]
    if not x.shape:
        raise ShapeError("layer_norm got x of shape (); it needs (..., features)")
    return x.shape, _need_scale_and_shift("layer_norm", inputs, x.shape[-1:], attributes["epsilon"])


def _layer_norm_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    """From x, the scale and the delta of y."""
    x, scale, d_y = inputs
    shape, dtype = _layer_norm((x, scale, scale), attributes)
    same_dtype("layer_norm_adjoint", inputs)
    if d_y.shape != shape:
        raise ShapeError(f"layer_norm_adjoint got the delta of an output {shape} as {d_y.shape}")
    return shape, dtype


def _layer_norm_scale_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    """The same for the scale."""
    shape, dtype = _layer_norm_adjoint(inputs, attributes)
    return shape[-1:], dtype


def _batch_norm(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    x, axes = inputs[0], attributes["axes"]
    needed = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    return x.shape, _need_scale_and_shift("batch_norm", inputs, needed, attributes["epsilon"])


COMPOSITES = (
    Operation("softmax", 1, _softmax, "y = eˣ / Σ eˣ along an axis", composite=True, bounds=(0.0, 1.0)),
    Operation("logsumexp", 1, _logsumexp, "y = ln Σ eˣ along an axis", composite=True),
    Operation(
        "layer_norm",
        3,
        _layer_norm,
        "y = (x1 - mean) / σ · x2 + x3 over the last axis",
        composite=True,
    ),
    Operation(
        "layer_norm_adjoint",
        3,
        _layer_norm_adjoint,
        "y = (g - mean g - x̂ mean(g x̂)) / σ with g = x2 · x3 and x̂ = (x1 - mean) / σ",
        composite=True,
    ),
    Operation(
        "layer_norm_scale_adjoint",
        3,
        _layer_norm_scale_adjoint,
        "y = Σ x3 (x1 - mean) / σ over the rows",
        composite=True,
    ),
    Operation(
        "batch_norm",
        3,
        _batch_norm,
        "y = (x1 - mean) / σ · x2 + x3 over all axes but the channels'",
        composite=True,
    ),
)
