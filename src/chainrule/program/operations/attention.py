"""Scaled dot-product attention and its adjoints."""

from collections.abc import Sequence

from chainrule.errors import ShapeError
from chainrule.program.operations.row import (
    Attributes,
    Inferred,
    Operation,
    broadcast_shapes,
    need,
    same_dtype,
)
from chainrule.program.value import FLOATS, Value


def _attention(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    if len(inputs) not in (3, 4):
        raise ShapeError(f"attention takes 3 or 4 inputs, got {len(inputs)}")
    queries, keys, values = inputs[:3]
    need("attention", queries, FLOATS)
    dtype = same_dtype("attention", inputs[:3])
    shapes = queries.shape, keys.shape, values.shape
    got = f"attention got queries, keys and values of shapes {shapes[0]}, {shapes[1]} and {shapes[2]}"
    if min(len(shape) for shape in shapes) < 2 or not shapes[0][:-2] == shapes[1][:-2] == shapes[2][:-2]:
        raise ShapeError(f"{got}; they need the same axes before the last two")
    if shapes[0][-1] != shapes[1][-1] or shapes[1][-2] != shapes[2][-2]:
        raise ShapeError(f"{got}; queries and keys need the same width, keys and values the same length")
    if shapes[1][-2] == 0:
        raise ShapeError(f"{got}; it needs at least one key")
    if len(inputs) == 4:
        mask, scores = inputs[3], (*shapes[0][:-1], shapes[1][-2])
        need("attention", mask, ("bool",))
        if broadcast_shapes("attention", (mask, Value(scores, "bool", "scores"))) != scores:
            raise ShapeError(f"{got} and a mask of shape {mask.shape}; it must broadcast to {scores}")
    return (*shapes[0][:-1], shapes[2][-1]), dtype


def _adjoint(number: int, inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    """Of queries, keys or values; after them comes the delta of y, then the mask."""
    if len(inputs) not in (4, 5):
        raise ShapeError(f"an adjoint of attention takes 4 or 5 inputs, got {len(inputs)}")
    d_y = inputs[3]
    shape, _ = _attention((*inputs[:3], *inputs[4:]), attributes)
    dtype = same_dtype("an adjoint of attention", inputs[:4])
    if d_y.shape != shape:
        raise ShapeError(f"an adjoint of attention got the delta of an output {shape} as {d_y.shape}")
    return inputs[number].shape, dtype


def _query_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return _adjoint(0, inputs, attributes)


def _key_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return _adjoint(1, inputs, attributes)


def _value_adjoint(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    return _adjoint(2, inputs, attributes)


ATTENTION = (
    Operation(
        "attention",
        None,
        _attention,
        "y = softmax(scale · x1 x2ᵀ) x3, over the keys that the mask x4 allows",
        composite=True,
    ),
    Operation(
        "attention_query_adjoint",
        None,
        _query_adjoint,
        "y = scale · d_scores x2, from the delta x4; the mask is x5",
        composite=True,
    ),
    Operation(
        "attention_key_adjoint",
        None,
        _key_adjoint,
        "y = scale · d_scoresᵀ x1, from the delta x4; the mask is x5",
        composite=True,
    ),
    Operation(
        "attention_value_adjoint",
        None,
        _value_adjoint,
        "y = softmax(scale · x1 x2ᵀ)ᵀ x4; the mask is x5",
        composite=True,
    ),
)
